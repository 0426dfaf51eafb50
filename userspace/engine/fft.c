// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Vertical transforms first, 32 adjacent columns as sixteen complex ones;
 * horizontal transforms of blocks of sixteen vertical frequencies; and back.
 */
#include "fft.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hot/fft.h"
#include "pool.h"
#include "profile.h"
#include "trig.h"

#define GROUP ENG_FFT_GROUP
#define LANES (GROUP / 2)

/* Twice this many groups per thread; keeps every size below 2^40 floats. */
#define LARGEST ((size_t)1 << 16)

static bool is_smooth(size_t n)
{
	static const size_t primes[] = { 2, 3, 5 };

	for (int i = 0; i < 3; i++)
		while (n % primes[i] == 0)
			n /= primes[i];
	return n == 1;
}

size_t eng_fft_size(size_t n)
{
	n = n < 2 ? 2 : n + n % 2;
	while (!is_smooth(n))
		n += 2;
	return n;
}

/* The radix of the outer pass, which skips zeros, first; then 5, 3, 4, 2. */
static unsigned int factorise(size_t n, unsigned int *radix)
{
	static const unsigned int inner[] = { 5, 3, 4, 2 };
	unsigned int count = 1;

	radix[0] = n % 4 ? 2 : 4;
	n /= radix[0];
	for (int i = 0; i < 4; i++)
		for (; n % inner[i] == 0; n /= inner[i])
			radix[count++] = inner[i];
	return count;
}

static size_t twiddle_floats(size_t n, const unsigned int *radix, unsigned int count)
{
	size_t total = 0;

	for (unsigned int i = 0; i < count; i++) {
		n /= radix[i];
		total += 2 * (radix[i] - 1) * n;
	}
	return total;
}

/* Fill in the passes for @radix in this order; returns where the twiddles end. */
static float *make_steps(struct eng_fft_steps *steps, size_t n, const unsigned int *radix,
			 unsigned int count, float *twiddle)
{
	size_t done = 1;

	steps->count = count;
	for (unsigned int i = 0; i < count; i++) {
		size_t left = n / done, m = left / radix[i];

		steps->step[i] = (struct eng_fft_step){
			.radix = radix[i], .m = m, .s = done, .twiddle = twiddle,
		};
		for (size_t p = 0; p < m; p++) {
			for (size_t j = 1; j < radix[i]; j++) {
				double re, im;

				eng_unit_root(j * p, left, &re, &im);
				*twiddle++ = (float)re;
				*twiddle++ = (float)-im;
			}
		}
		done *= radix[i];
	}
	return twiddle;
}

int eng_fft_create(size_t n, struct eng_fft **out)
{
	unsigned int radix[ENG_FFT_MAX_STEPS], back[ENG_FFT_MAX_STEPS], count;
	struct eng_fft *plan;
	size_t floats;

	if (n < 2 || n % 2 || n > LARGEST || !is_smooth(n))
		return -EINVAL;
	count = factorise(n, radix);
	for (unsigned int i = 0; i < count; i++)
		back[i] = radix[count - 1 - i];
	floats = twiddle_floats(n, radix, count) + twiddle_floats(n, back, count);
	plan = calloc(1, sizeof(*plan));
	if (!plan)
		return -ENOMEM;
	plan->twiddles = malloc(floats * sizeof(float));
	if (!plan->twiddles) {
		free(plan);
		return -ENOMEM;
	}
	plan->n = n;
	plan->half = n / 2;
	plan->blocks = n / 2 / LANES + 1;
	make_steps(&plan->inverse, n, back, count,
		   make_steps(&plan->forward, n, radix, count, plan->twiddles));
	*out = plan;
	return 0;
}

void eng_fft_destroy(struct eng_fft *plan)
{
	if (!plan)
		return;
	free(plan->twiddles);
	free(plan);
}

size_t eng_fft_spectrum_size(const struct eng_fft *plan)
{
	return plan->blocks * plan->n * GROUP;
}

size_t eng_fft_kernel_size(const struct eng_fft *plan)
{
	return plan->blocks * plan->n * LANES;
}

/* Columns are transformed 32 at a time: room for whole groups of them. */
static size_t padded(size_t columns)
{
	return (columns + GROUP - 1) / GROUP * GROUP;
}

static size_t work_size(const struct eng_fft *plan)
{
	return 2 * plan->n * GROUP;
}

size_t eng_fft_scratch_size(const struct eng_fft *plan, unsigned int threads)
{
	return plan->blocks * padded(plan->n) * GROUP + threads * work_size(plan);
}

/* Arguments of the loops. */
struct job {
	const struct eng_fft *plan;
	const struct eng_fft_ops *ops;
	const float *in, *kernel;
	float *out, *spectrum;
	size_t ld, columns;	/* of in or out */
	bool full;
	float *t, *work;
	size_t width;
};

static struct job job_of(const struct eng_env *env, const struct eng_fft *plan, size_t columns,
			 float *scratch)
{
	const struct eng_kernels *kernels = env->kernels;

	if (!kernels)
		kernels = eng_kernels_find("portable", NULL);
	return (struct job){
		.plan = plan,
		.ops = kernels->fft,
		.columns = columns,
		.width = padded(columns),
		.t = scratch,
		.work = scratch + plan->blocks * padded(plan->n) * GROUP,
	};
}

static size_t chunk_columns(const struct job *job, size_t chunk)
{
	size_t left = job->columns - chunk * GROUP;

	return left < GROUP ? left : GROUP;
}

static void columns_forward(void *arg, size_t chunk, unsigned int worker)
{
	const struct job *job = arg;

	job->ops->columns_forward(job->plan, job->in + chunk * GROUP, job->ld,
				  chunk_columns(job, chunk), job->full,
				  job->t + chunk * GROUP * GROUP, job->width,
				  job->work + worker * work_size(job->plan));
}

static void rows_forward(void *arg, size_t block, unsigned int worker)
{
	const struct job *job = arg;

	job->ops->rows_forward(job->plan, job->t + block * job->width * GROUP, job->full,
			       job->spectrum + block * job->plan->n * GROUP,
			       job->work + worker * work_size(job->plan));
}

static void rows_inverse(void *arg, size_t block, unsigned int worker)
{
	const struct job *job = arg;
	size_t at = block * job->plan->n * GROUP;
	double n = (double)job->plan->n;

	job->ops->rows_inverse(job->plan, job->in + at, job->kernel + at, (float)(1.0 / (n * n)),
			       job->t + block * job->width * GROUP,
			       job->work + worker * work_size(job->plan));
}

static void rows_filter(void *arg, size_t block, unsigned int worker)
{
	const struct job *job = arg;

	job->ops->rows_filter(job->plan, job->kernel + block * job->plan->n * LANES,
			      job->t + block * job->width * GROUP,
			      job->work + worker * work_size(job->plan));
}

static void columns_inverse(void *arg, size_t chunk, unsigned int worker)
{
	const struct job *job = arg;

	job->ops->columns_inverse(job->plan, job->t + chunk * GROUP * GROUP, job->width,
				  job->out + chunk * GROUP, job->ld, chunk_columns(job, chunk),
				  job->work + worker * work_size(job->plan));
}

void eng_fft_forward(const struct eng_env *env, const struct eng_fft *plan, const float *in,
		     size_t ld, bool full, float *spectrum, float *scratch)
{
	struct job job = job_of(env, plan, full ? plan->n : plan->half, scratch);

	job.in = in;
	job.ld = ld;
	job.full = full;
	job.spectrum = spectrum;
	eng_parallel(env, job.width / GROUP, columns_forward, &job);
	eng_parallel(env, plan->blocks, rows_forward, &job);
}

void eng_fft_convolve(const struct eng_env *env, const struct eng_fft *plan,
		      const float *spectrum, const float *kernel, float *out, size_t ld,
		      float *scratch)
{
	struct job job = job_of(env, plan, plan->half, scratch);

	job.in = spectrum;
	job.kernel = kernel;
	job.out = out;
	job.ld = ld;
	eng_parallel(env, plan->blocks, rows_inverse, &job);
	eng_parallel(env, job.width / GROUP, columns_inverse, &job);
}

void eng_fft_real_kernel(const struct eng_fft *plan, const float *spectrum, const float *factor,
			 float *kernel)
{
	float scale = (float)(1.0 / ((double)plan->n * (double)plan->n));

	for (size_t block = 0; block < plan->blocks; block++) {
		for (size_t x = 0; x < plan->n; x++) {
			const float *in = spectrum + (block * plan->n + x) * GROUP;
			float *out = kernel + (block * plan->n + x) * LANES;

			for (size_t j = 0; j < LANES; j++) {
				size_t y = block * LANES + j;

				out[j] = y > plan->half ? 0.0f :
					 in[j] * scale * factor[x] * factor[y];
			}
		}
	}
}

void eng_fft_filter(const struct eng_env *env, const struct eng_fft *plan, const float *in,
		    size_t ld, const float *kernel, float *out, size_t ldout, float *scratch)
{
	struct job job = job_of(env, plan, plan->half, scratch);

	job.in = in;
	job.ld = ld;
	job.kernel = kernel;
	eng_parallel(env, job.width / GROUP, columns_forward, &job);
	eng_parallel(env, plan->blocks, rows_filter, &job);
	job.out = out;
	job.ld = ldout;
	eng_parallel(env, job.width / GROUP, columns_inverse, &job);
}
