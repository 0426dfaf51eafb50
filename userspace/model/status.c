// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model.h"

const char *nms_model_status_text(enum nms_hw_status status)
{
	switch (status) {
	case NMS_HW_OK:			return "success";
	case NMS_HW_INVALID_OPCODE:	return "no such command";
	case NMS_HW_INVALID_FIELD:	return "field out of its range";
	case NMS_HW_INVALID_VERSION:	return "unknown version of the parameter block";
	case NMS_HW_INVALID_SIZE:	return "block of the wrong size";
	case NMS_HW_RESERVED_NOT_ZERO:	return "reserved field is not zero";
	case NMS_HW_NO_RANGE:		return "no such range";
	case NMS_HW_STALE_RANGE:	return "stale range";
	case NMS_HW_NO_RIGHT:		return "no right on the range";
	case NMS_HW_OUT_OF_RANGE:	return "beyond the end of the range";
	case NMS_HW_NO_SPACE:		return "near memory is full";
	case NMS_HW_DMA_ERROR:		return "host memory could not be reached";
	case NMS_HW_NOT_FINITE:		return "value is NaN, infinite or too large";
	case NMS_HW_BAD_COUNT:		return "more exemplars than rows, or none";
	case NMS_HW_BAD_FEATURES:	return "more features than the data can have";
	case NMS_HW_BAD_PERPLEXITY:	return "perplexity out of its range";
	case NMS_HW_BAD_INDEX:		return "index is not a row, or names it twice";
	case NMS_HW_BAD_QUOTA:		return "quotas do not fit the classes";
	case NMS_HW_BAD_PROFILE:	return "no such arithmetic profile";
	case NMS_HW_DIVERGED:		return "the embedding diverged";
	case NMS_HW_NO_MEMORY:		return "out of working memory";
	case NMS_HW_CANCELLED:		return "cancelled";
	case NMS_HW_DEADLINE:		return "deadline has passed";
	case NMS_HW_ABORTED:		return "aborted";
	case NMS_HW_BAD_QUEUE:		return "no such queue, or of that size";
	case NMS_HW_BAD_VECTOR:		return "no such interrupt vector";
	case NMS_HW_QUEUE_BUSY:		return "completion queue is in use";
	case NMS_HW_BAD_LOG_PAGE:	return "no such log page";
	case NMS_HW_BAD_FEATURE:	return "no such feature";
	case NMS_HW_NOT_FOUND:		return "no such command in flight";
	case NMS_HW_TOO_MANY_EVENTS:	return "too many event requests";
	case NMS_HW_RANGE_BUSY:		return "range is in use";
	case NMS_HW_INTERNAL:		return "internal error of the device";
	}
	return "unknown status";
}
