// SPDX-License-Identifier: GPL-2.0-only
/*
 * knn INPUT OUTPUT ROWS COLUMNS K exact|ivf THREADS: time the neighbour search by itself.
 * INPUT: float32, row by row, nothing before it; OUTPUT: uint32, ROWS x K.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "knn.h"
#include "pool.h"
#include "profile.h"

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *read_rows(const char *path, size_t count)
{
	float *x = malloc(count * sizeof(*x));
	FILE *from = fopen(path, "rb");

	if (!x || !from || fread(x, sizeof(*x), count, from) != count) {
		fprintf(stderr, "knn: %s: expected %zu numbers\n", path, count);
		exit(1);
	}
	fclose(from);
	return x;
}

int main(int argc, char **argv)
{
	struct eng_env env = { .kernels = eng_kernels_find("auto", NULL) };
	struct eng_neighbours nb;
	struct eng_knn_stats stats;
	size_t n, d, k;
	double begin;
	FILE *to;
	float *x;
	int err;

	if (argc != 8) {
		fprintf(stderr, "usage: knn INPUT OUTPUT ROWS COLUMNS K exact|ivf THREADS\n");
		return 2;
	}
	n = strtoul(argv[3], NULL, 10);
	d = strtoul(argv[4], NULL, 10);
	k = strtoul(argv[5], NULL, 10);
	x = read_rows(argv[1], n * d);
	err = eng_pool_create((unsigned int)strtoul(argv[7], NULL, 10), &env.pool);
	begin = seconds();
	if (!err)
		err = eng_knn_by(&env, strcmp(argv[6], "ivf") ? ENG_KNN_EXACT : ENG_KNN_IVF, x, n,
				 d, d, k, &nb, &stats);
	if (err) {
		fprintf(stderr, "knn: %s\n", strerror(-err));
		return 1;
	}
	printf("seconds %.6f\nrecall10 %.4f\nprobed %u\ncells %u\n", seconds() - begin,
	       (double)stats.recall10, stats.probed, stats.cells);
	to = fopen(argv[2], "wb");
	if (!to || fwrite(nb.index, sizeof(*nb.index), n * k, to) != n * k || fclose(to)) {
		fprintf(stderr, "knn: %s: cannot be written\n", argv[2]);
		return 1;
	}
	eng_neighbours_free(&nb);
	eng_pool_destroy(env.pool);
	free(x);
	return 0;
}
