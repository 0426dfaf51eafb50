/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sizes and offsets of all structures of nms.h, the same for 32- and 64-bit
 * programs: whoever includes this does not compile unless they are.
 */
#ifndef NMS_LAYOUT_H
#define NMS_LAYOUT_H

#include <stddef.h>

#include "nms.h"

#define SIZE_OF(type, size) _Static_assert(sizeof(struct type) == (size), #type)
#define AT(type, field, offset) \
	_Static_assert(offsetof(struct type, field) == (offset), #type "." #field)

SIZE_OF(nms_query, 24);
AT(nms_query, index, 4);
AT(nms_query, size, 8);
AT(nms_query, reserved, 12);
AT(nms_query, data, 16);

SIZE_OF(nms_query_device, 216);
AT(nms_query_device, hw_version, 4);
AT(nms_query_device, numerics, 8);
AT(nms_query_device, profiles, 12);
AT(nms_query_device, near_size, 16);
AT(nms_query_device, near_free, 24);
AT(nms_query_device, near_page, 32);
AT(nms_query_device, near_quota, 40);
AT(nms_query_device, max_commands, 48);
AT(nms_query_device, max_jobs, 52);
AT(nms_query_device, max_handles, 56);
AT(nms_query_device, queues, 60);
AT(nms_query_device, vectors, 64);
AT(nms_query_device, iommu, 68);
AT(nms_query_device, max_transfer, 72);
AT(nms_query_device, generation, 80);
AT(nms_query_device, uring_limit_ms, 84);
AT(nms_query_device, model, 88);
AT(nms_query_device, firmware, 128);
AT(nms_query_device, energy, 144);
AT(nms_query_device, clock_khz, 208);
AT(nms_query_device, reserved, 212);

SIZE_OF(nms_query_counters, 176);
AT(nms_query_counters, link_in, 40);
AT(nms_query_counters, link_out, 48);
AT(nms_query_counters, near_read, 56);
AT(nms_query_counters, near_write, 64);
AT(nms_query_counters, busy_cycles, 72);
AT(nms_query_counters, jobs, 80);
AT(nms_query_counters, commands, 88);
AT(nms_query_counters, errors, 96);
AT(nms_query_counters, near_used, 104);
AT(nms_query_counters, pinned_pages, 112);
AT(nms_query_counters, lost_pages, 120);
AT(nms_query_counters, resets, 128);
AT(nms_query_counters, doorbells, 136);
AT(nms_query_counters, interrupts, 144);
AT(nms_query_counters, active_jobs, 152);
AT(nms_query_counters, compute_running, 160);
AT(nms_query_counters, compute_waiting, 168);

SIZE_OF(nms_query_queue, 40);
AT(nms_query_queue, state, 4);
AT(nms_query_queue, entries, 8);
AT(nms_query_queue, vector, 12);
AT(nms_query_queue, in_flight, 16);
AT(nms_query_queue, waiting, 20);
AT(nms_query_queue, doorbells, 24);
AT(nms_query_queue, completions, 32);

SIZE_OF(nms_query_profile, 32);
AT(nms_query_profile, flags, 4);
AT(nms_query_profile, name, 8);

SIZE_OF(nms_query_dataset, 112);
AT(nms_query_dataset, size, 64);
AT(nms_query_dataset, uid, 72);
AT(nms_query_dataset, gid, 76);
AT(nms_query_dataset, mode, 80);
AT(nms_query_dataset, generation, 84);
AT(nms_query_dataset, rows, 88);
AT(nms_query_dataset, stride, 96);
AT(nms_query_dataset, cols, 104);
AT(nms_query_dataset, dtype, 108);

SIZE_OF(nms_buffer_create, 16);
AT(nms_buffer_create, flags, 8);
AT(nms_buffer_create, handle, 12);

SIZE_OF(nms_buffer_destroy, 8);
AT(nms_buffer_destroy, reserved, 4);

SIZE_OF(nms_buffer_export, 16);
AT(nms_buffer_export, access, 4);
AT(nms_buffer_export, fd, 8);
AT(nms_buffer_export, flags, 12);

SIZE_OF(nms_buffer_import, 24);
AT(nms_buffer_import, handle, 4);
AT(nms_buffer_import, access, 8);
AT(nms_buffer_import, reserved, 12);
AT(nms_buffer_import, size, 16);

SIZE_OF(nms_dataset_create, 96);
AT(nms_dataset_create, handle, 64);
AT(nms_dataset_create, mode, 68);
AT(nms_dataset_create, rows, 72);
AT(nms_dataset_create, stride, 80);
AT(nms_dataset_create, cols, 88);
AT(nms_dataset_create, dtype, 92);

SIZE_OF(nms_dataset_open, 184);
AT(nms_dataset_open, access, 64);
AT(nms_dataset_open, handle, 68);
AT(nms_dataset_open, info, 72);

SIZE_OF(nms_dataset_unlink, 64);

SIZE_OF(nms_cmd, 64);
AT(nms_cmd, flags, 4);
AT(nms_cmd, handle, 8);
AT(nms_cmd, deadline_ms, 12);
AT(nms_cmd, offset, 16);
AT(nms_cmd, length, 24);
AT(nms_cmd, address, 32);
AT(nms_cmd, param, 40);
AT(nms_cmd, result, 48);
AT(nms_cmd, param_size, 56);
AT(nms_cmd, result_size, 60);

SIZE_OF(nms_job_result, 24);
AT(nms_job_result, status, 4);
AT(nms_job_result, commands, 8);
AT(nms_job_result, detail, 12);
AT(nms_job_result, bytes, 16);

SIZE_OF(nms_submit, 48);
AT(nms_submit, count, 8);
AT(nms_submit, command_size, 12);
AT(nms_submit, result, 16);
AT(nms_submit, result_size, 24);
AT(nms_submit, flags, 28);
AT(nms_submit, job, 32);
AT(nms_submit, bad_command, 40);
AT(nms_submit, bad_field, 44);

SIZE_OF(nms_wait, 40);
AT(nms_wait, deadline_ns, 8);
AT(nms_wait, result, 16);

SIZE_OF(nms_job_progress, 40);
AT(nms_job_progress, command, 8);
AT(nms_job_progress, commands, 12);
AT(nms_job_progress, phase, 16);
AT(nms_job_progress, state, 20);
AT(nms_job_progress, done, 24);
AT(nms_job_progress, total, 32);

SIZE_OF(nms_cancel, 16);
AT(nms_cancel, reserved, 8);

SIZE_OF(nms_uring_cmd, 16);
AT(nms_uring_cmd, size, 8);
AT(nms_uring_cmd, flags, 12);

#undef SIZE_OF
#undef AT

#endif /* NMS_LAYOUT_H */
