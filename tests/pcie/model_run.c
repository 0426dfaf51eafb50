// SPDX-License-Identifier: GPL-2.0-only
/*
 * model_run OPCODE PROFILE PARAM: one command on the model in this process, to
 * compare a device with.  Near memory is one range, the first, filled from
 * standard input; PARAM is a file with the parameter block.  Writes what is in near
 * memory then, and the result block.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

#define MOST (64u << 20)

static size_t read_all(FILE *file, unsigned char *data)
{
	size_t size = file ? fread(data, 1, MOST, file) : 0;

	if (file)
		fclose(file);
	return size;
}

static int run(struct nms_model *model, unsigned int opcode, const void *param, size_t param_size,
	       struct nms_hw_result *result)
{
	struct nms_hw_cmd cmd = { .opcode = (__u8)opcode, .context = 1 };
	struct nms_hw_cqe cqe;

	cmd.compute.param = (uintptr_t)param;
	cmd.compute.param_size = (__u32)param_size;
	cmd.result = (uintptr_t)result;
	cmd.result_size = sizeof(*result);
	nms_model_execute(model, &cmd, NULL, &cqe);
	return cqe.status >> 1;
}

int main(int argc, char **argv)
{
	struct nms_model_config config = { .near_size = 2 * MOST, .threads = 2 };
	unsigned char *near = calloc(MOST, 1), *param = calloc(MOST, 1);
	struct nms_hw_result result = { 0 };
	struct nms_hw_near place;
	struct nms_model *model;
	size_t size, param_size;
	char why[256];
	int status;

	if (argc != 4 || !near || !param)
		return 2;
	config.profile = argv[2];
	size = read_all(stdin, near);
	param_size = read_all(fopen(argv[3], "rb"), param);
	if (nms_model_create(&config, &model, why, sizeof(why)) ||
	    nms_model_range_create(model, 1, size, near, NMS_MODEL_READ | NMS_MODEL_WRITE, &place))
		return 2;
	status = run(model, (unsigned int)strtoul(argv[1], NULL, 0), param, param_size, &result);
	fprintf(stderr, "%d\n", status);
	nms_model_destroy(model);
	fwrite(near, 1, size, stdout);
	fwrite(&result, sizeof(result), 1, stdout);
	free(near);
	free(param);
	return 0;
}
