// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pca_internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hot/gemm.h"
#include "pool.h"

#define LEAST_VARIANCE 1e-6	/* of the first, where features are scaled by theirs */
#define OVERSAMPLE 10
#define ITERATIONS 3

/* Floats in a block, and in a slab, that fit into the caches of second and third level. */
#define BLOCK_FLOATS (128u << 10)
#define BLOCK_ROWS 128
#define SLAB_FLOATS (4u << 20)
#define SLAB_ROWS 1024

/* Largest covariance matrix that is made, in columns: 512 MiB. */
#define COVARIANCE_COLUMNS 8192

/* Stripes in which the means are summed, and of which a step of a pass has a few. */
#define STRIPES 64
#define STEP 16

float *pca_scratch(const struct pca *p, unsigned int worker)
{
	return p->scratch + worker * p->scratch_size;
}

float *pca_load_centred(const struct pca *p, size_t first, size_t count, unsigned int worker)
{
	float *x = pca_scratch(p, worker);

	eng_rows_load(p->rows, first, count, x, p->c);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < p->c; j++)
			x[i * p->c + j] -= p->mean[j];
	return x;
}

int pca_step(struct pca *p, size_t rows)
{
	p->done += rows;
	eng_count(p->env, ENG_COUNT_NEAR_READ,
		  (uint64_t)rows * p->c * eng_dtype_size(p->rows->dtype));
	eng_progress(p->env, ENG_PHASE_REDUCE, p->done, p->total);
	return eng_cancelled(p->env) ? -ECANCELED : 0;
}

struct means {
	struct pca *p;
	size_t stripe;		/* the first of the step under way */
	double *sums;		/* STRIPES x c */
};

static size_t stripe_start(const struct pca *p, size_t stripe)
{
	return p->n / STRIPES * stripe + p->n % STRIPES * stripe / STRIPES;
}

static void means_chunk(void *arg, size_t chunk, unsigned int worker)
{
	struct means *t = arg;
	struct pca *p = t->p;
	size_t stripe = t->stripe + chunk;
	size_t end = stripe_start(p, stripe + 1);
	double *sum = t->sums + stripe * p->c;
	float *x = pca_scratch(p, worker);

	for (size_t row = stripe_start(p, stripe); row < end; row += p->block) {
		size_t count = end - row < p->block ? end - row : p->block;

		eng_rows_load(p->rows, row, count, x, p->c);
		for (size_t i = 0; i < count; i++)
			for (size_t j = 0; j < p->c; j++)
				sum[j] += (double)x[i * p->c + j];
	}
}

static int find_means(struct pca *p)
{
	struct means t = { .p = p, .sums = calloc(STRIPES, p->c * sizeof(*t.sums)) };
	int err = t.sums ? 0 : -ENOMEM;

	for (t.stripe = 0; t.stripe < STRIPES && !err; t.stripe += STEP) {
		eng_parallel(p->env, STEP, means_chunk, &t);
		err = pca_step(p, stripe_start(p, t.stripe + STEP) - stripe_start(p, t.stripe));
	}
	for (size_t j = 0; j < p->c && !err; j++) {
		double sum = 0.0;

		for (size_t s = 0; s < STRIPES; s++)
			sum += t.sums[s * p->c + j];
		p->mean[j] = (float)(sum / (double)p->n);
	}
	free(t.sums);
	return err;
}

struct projection {
	struct pca *p;
	const float *axes;	/* packed for the right operand */
	size_t first;		/* row where the step under way begins */
	float *out;
	size_t ld;
};

static void project_chunk(void *arg, size_t chunk, unsigned int worker)
{
	struct projection *t = arg;
	struct pca *p = t->p;
	size_t first = t->first + chunk * p->block;
	size_t count = p->n - first < p->block ? p->n - first : p->block;
	size_t wide = (p->f + p->ops->nr - 1) / p->ops->nr * p->ops->nr;
	float *x = pca_load_centred(p, first, count, worker);
	float *packed = x + (p->block + ENG_GEMM_MR_MAX) * p->c;
	float *product = packed + (p->block + ENG_GEMM_MR_MAX) * p->c;

	eng_gemm_pack(x, count, p->c, p->c, p->ops->mr, packed);
	eng_gemm_tile(p->env, packed, count, t->axes, p->f, p->c, product, wide, false);
	for (size_t i = 0; i < count; i++) {
		float *to = t->out + (first + i) * t->ld;

		memcpy(to, product + i * wide, p->f * sizeof(*to));
		memset(to + p->f, 0, (t->ld - p->f) * sizeof(*to));
	}
}

static int run_projection(struct projection *t)
{
	struct pca *p = t->p;
	int err;

	for (t->first = 0; t->first < p->n; t->first += STEP * p->block) {
		size_t count = p->n - t->first;

		if (count > STEP * p->block)
			count = STEP * p->block;
		eng_parallel(p->env, (count + p->block - 1) / p->block, project_chunk, t);
		err = pca_step(p, count);
		if (err)
			return err;
	}
	eng_count(p->env, ENG_COUNT_MAC, (uint64_t)p->n * p->c * p->f);
	eng_count(p->env, ENG_COUNT_SCRATCH, (uint64_t)p->n * p->c * 2 * sizeof(float));
	eng_count(p->env, ENG_COUNT_NEAR_WRITE, (uint64_t)p->n * p->f * sizeof(float));
	return 0;
}

/* The sign that makes the component of largest magnitude positive; the first where several are. */
static double sign_of(const double *axis, size_t c)
{
	size_t best = 0;

	for (size_t j = 1; j < c; j++)
		if (fabs(axis[j]) > fabs(axis[best]))
			best = j;
	return axis[best] < 0.0 ? -1.0 : 1.0;
}

/* What feature @i is multiplied by. */
static double scale_of(const struct pca *p, size_t i)
{
	double first = p->values[0], variance = fmax(p->values[i], first * LEAST_VARIANCE);

	if (p->params->scaling == ENG_PCA_PLAIN || !(first > 0.0))
		return 1.0;
	if (p->params->scaling == ENG_PCA_QUARTER_WHITE)
		return sqrt(sqrt(sqrt(first / variance)));
	return sqrt(sqrt(first / variance));
}

static int project(struct pca *p, float *out, size_t ld)
{
	float *rows = calloc(p->f, p->c * sizeof(*rows));
	float *packed = calloc(eng_gemm_packed_size(p->f, p->c, p->ops->nr), sizeof(*packed));
	struct projection t = { .p = p, .axes = packed, .out = out, .ld = ld };
	int err = rows && packed ? 0 : -ENOMEM;

	for (size_t i = 0; i < p->f && !err; i++) {
		const double *axis = p->basis + i * p->c;
		double factor = sign_of(axis, p->c) * scale_of(p, i);

		for (size_t j = 0; j < p->c; j++)
			rows[i * p->c + j] = (float)(factor * axis[j]);
	}
	if (!err) {
		eng_gemm_pack(rows, p->f, p->c, p->c, p->ops->nr, packed);
		err = run_projection(&t);
	}
	free(packed);
	free(rows);
	return err;
}

/* Sizes from shapes.  The covariance matrix is chosen where it costs fewer products. */
static void plan(struct pca *p)
{
	size_t oversample = p->params->oversample ? p->params->oversample : OVERSAMPLE;
	size_t iterations = p->params->iterations ? p->params->iterations : ITERATIONS;
	size_t products;

	p->f = p->params->features;
	p->l = p->f + oversample < p->c ? p->f + oversample : p->c;
	p->block = BLOCK_FLOATS / p->c / 16 * 16;
	p->block = p->block < 16 ? 16 : p->block > BLOCK_ROWS ? BLOCK_ROWS : p->block;
	p->slab = SLAB_FLOATS / p->c / p->block * p->block;
	p->slab = p->slab < p->block ? p->block : p->slab > SLAB_ROWS ? SLAB_ROWS : p->slab;
	products = (2 * iterations + 3) * p->l;
	p->covariance = p->c <= COVARIANCE_COLUMNS && p->c / 2 <= products;
	p->total = (uint64_t)p->n * (p->covariance ? 3 : iterations + 3);
	p->scratch_size = (pca_scratch_size(p) + 15) / 16 * 16;
}

static int check(const struct eng_env *env, const struct eng_rows *rows,
		 const struct eng_pca_params *params, size_t ld)
{
	size_t most = rows->nrows ? rows->nrows - 1 : 0;

	if (rows->ncols < most)
		most = rows->ncols;
	if (params->features < 1 || params->features > most)
		return eng_fault(env, -EINVAL, 0, 0, (double)params->features, (double)most);
	if (ld < params->features)
		return eng_fault(env, -EINVAL, 0, 0, (double)params->features, (double)ld);
	return 0;
}

static void put_variances(const struct pca *p, float *variances)
{
	for (size_t j = 0; variances && j < p->f; j++)
		variances[j] = (float)(fmax(p->values[j], 0.0) / (double)(p->n - 1));
}

int eng_pca(const struct eng_env *env, const struct eng_rows *rows,
	    const struct eng_pca_params *params, float *out, size_t ld, float *variances)
{
	struct pca p = { .env = env, .ops = eng_gemm_ops(env), .rows = rows, .params = params,
			 .n = rows->nrows, .c = rows->ncols };
	unsigned int workers = eng_pool_threads(env->pool);
	int err = check(env, rows, params, ld);

	if (err)
		return err;
	eng_phase_enter(env, ENG_PHASE_REDUCE);
	plan(&p);
	p.mean = calloc(p.c, sizeof(*p.mean));
	p.scratch = calloc(workers, p.scratch_size * sizeof(*p.scratch));
	p.basis = calloc(p.l, p.c * sizeof(*p.basis));
	p.values = calloc(p.l, sizeof(*p.values));
	if (!p.mean || !p.scratch || !p.basis || !p.values)
		err = -ENOMEM;
	if (!err)
		err = find_means(&p);
	if (!err)
		err = pca_basis(&p);
	if (!err)
		err = project(&p, out, ld);
	if (!err)
		put_variances(&p, variances);
	free(p.values);
	free(p.basis);
	free(p.scratch);
	free(p.mean);
	return err;
}

size_t eng_pca_memory(size_t nrows, size_t ncols, uint32_t features, unsigned int threads)
{
	struct eng_pca_params params = { .features = features };
	struct pca p = { .params = &params, .n = nrows, .c = ncols ? ncols : 1 };
	size_t means = (STRIPES + 1) * p.c * sizeof(double);

	plan(&p);
	return pca_basis_memory(&p) + means + (threads ? threads : 1) * p.scratch_size *
	       sizeof(float) + (p.l * (p.l + 2) + p.c) * sizeof(double);
}
