// SPDX-License-Identifier: GPL-2.0-only
/* Ten exemplars of a thousand rows: cc example.c $(pkg-config --cflags --libs libnmsdev) */
#include <nmsdev.h>
#include <stdio.h>
#include <stdlib.h>

static int die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, nms_last_error()->text);
	return EXIT_FAILURE;
}

int main(void)
{
	static float rows[1000][8];
	struct nms_device *device;
	struct nms_context *context;
	struct nms_matrix data = { .rows = 1000, .cols = 8, .dtype = NMS_F32 };
	struct nms_sample_params params;
	struct nms_sample_result result;
	struct nms_command load = { .op = NMS_OP_WRITE };
	struct nms_sample *sample;
	struct nms_job *job;

	for (int i = 0; i < 1000 * 8; i++)
		rows[i / 8][i % 8] = (float)((i * 7919) % 1009) / 1009;

	if (nms_device_open("auto", NULL, &device) || nms_context_create(device, &context))
		return die("open");
	if (nms_buffer_create(context, sizeof(rows), &data.buffer))
		return die("near memory");
	load.copy = (struct nms_copy){ .buffer = data.buffer, .host = rows, .bytes = sizeof(rows) };
	if (nms_job_submit(context, &load, 1, &job) || nms_job_wait(job, NULL))
		return die("load");
	nms_job_destroy(job);

	NMS_INIT(&params);
	params.count = 10;
	if (nms_sample_submit(context, &data, &params, &sample) ||
	    nms_job_wait(nms_sample_job(sample), NULL))
		return die("sample");

	NMS_INIT(&result);
	if (nms_sample_result(sample, &result))
		return die("result");
	for (size_t i = 0; i < result.count; i++)
		printf("row %u stands for %.1f rows\n", result.index[i], (double)result.weight[i]);

	nms_sample_destroy(sample);
	nms_context_destroy(context);
	nms_device_close(device);
	return EXIT_SUCCESS;
}
