// SPDX-License-Identifier: GPL-2.0-only
/* What the device says, as an errno: Documentation/uapi.rst has the same table. */
#include "nms_drv.h"

int nms_status_errno(u16 status)
{
	switch (status) {
	case NMS_HW_OK:
		return 0;
	case NMS_HW_NO_RANGE:
	case NMS_HW_STALE_RANGE:
		return -ESTALE;
	case NMS_HW_NO_RIGHT:
		return -EACCES;
	case NMS_HW_OUT_OF_RANGE:
		return -ERANGE;
	case NMS_HW_NO_SPACE:
		return -ENOSPC;
	case NMS_HW_DMA_ERROR:
		return -EREMOTEIO;
	case NMS_HW_INVALID_FIELD:
	case NMS_HW_BAD_COUNT:
	case NMS_HW_BAD_FEATURES:
	case NMS_HW_BAD_PERPLEXITY:
	case NMS_HW_BAD_QUOTA:
		/* Operands that overlap, or do not fit the data. */
		return -EINVAL;
	case NMS_HW_NOT_FINITE:
		return -EDOM;
	case NMS_HW_BAD_INDEX:
		return -ENXIO;
	case NMS_HW_DIVERGED:
		return -EOVERFLOW;
	case NMS_HW_NO_MEMORY:
		return -ENOBUFS;
	case NMS_HW_CANCELLED:
	case NMS_HW_ABORTED:
		return -ECANCELED;
	case NMS_HW_DEADLINE:
		return -ETIME;
	case NMS_HW_NOT_FOUND:
		return -ENOENT;
	case NMS_HW_RANGE_BUSY:
	case NMS_HW_QUEUE_BUSY:
		return -EBUSY;
	case NMS_HW_BAD_LOG_PAGE:
	case NMS_HW_BAD_FEATURE:
	case NMS_HW_INVALID_OPCODE:
		return -EOPNOTSUPP;
	case NMS_HW_INTERNAL:
		return -EIO;
	default:
		/* The driver checks before it asks: such an answer is a fault of either. */
		return -EPROTO;
	}
}
