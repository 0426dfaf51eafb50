// SPDX-License-Identifier: GPL-2.0-only
/*
 * hot: the engine's hot loops beside the machine's peaks.
 *
 * A loop and the rates that it needs are measured in turn, round by round; what is
 * told is the median of the rounds' fractions, so that what else runs on the
 * machine disturbs both alike.
 */
#include "hot.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

#define MOST_ROUNDS 99
#define SECONDS 5e-3	/* of a loop in a round */

struct options {
	const char *isa, *profile, *json, *only;
	unsigned int threads;	/* 0: one, then two */
	size_t rounds;
	bool quick;
};

/* A loop's run() and its state, for hot_time(). */
struct runner {
	void (*run)(struct hot_state *s);
	struct hot_state state;
};

static void run_one(void *arg)
{
	struct runner *r = arg;

	r->run(&r->state);
}

/* Seconds that each rate's share of the work takes, and the longest of them. */
static double bound_of(const struct hot_work *w, const double *peak, enum hot_rate *limit)
{
	double compute = w->amount[HOT_FLOPS] / peak[HOT_FLOPS], longest;

	*limit = HOT_FLOPS;
	if (w->amount[HOT_EXPS] > 0.0) {
		double exps = w->amount[HOT_EXPS] / peak[HOT_EXPS];

		*limit = exps > compute ? HOT_EXPS : HOT_FLOPS;
		compute += exps;
	}
	longest = compute;
	for (enum hot_rate i = HOT_DIVS; i < HOT_NRATES; i++) {
		double t = w->amount[i] > 0.0 ? w->amount[i] / peak[i] : 0.0;

		if (t > longest) {
			longest = t;
			*limit = i;
		}
	}
	return longest;
}

static double bytes_of(const struct hot_work *w)
{
	double bytes = 0.0;

	for (enum hot_rate i = HOT_READ; i < HOT_NRATES; i++)
		bytes += w->amount[i] * (i < HOT_GATHER ? 1.0 : 8.0);
	return bytes;
}

struct round {
	double seconds[MOST_ROUNDS], wall[MOST_ROUNDS], bound[MOST_ROUNDS], fraction[MOST_ROUNDS];
};

/* After a call to warm up. */
static size_t call_reps(unsigned int threads, void *arg)
{
	double once = hot_time_call(threads, run_one, arg, 1).processor;

	return once < SECONDS ? (size_t)(SECONDS / once) + 1 : 1;
}

static void measure(const struct hot_loop *loop, struct runner *r, unsigned int threads,
		    struct hot_peaks *peaks, size_t rounds, struct hot_result *out)
{
	const struct hot_work *w = &r[0].state.work;
	/* A call shares its work among the threads; the rates are those of one. */
	double share = loop->call ? 1.0 / threads : 1.0, whole = loop->call ? 1.0 : threads;
	void *arg[2] = { &r[0], &r[1] };
	size_t reps = loop->call ? call_reps(threads, arg[0]) :
				   hot_calibrate(run_one, arg[0], SECONDS);
	double peak[HOT_NRATES];
	struct hot_seconds took;
	struct round round;

	for (size_t i = 0; i < rounds; i++) {
		for (enum hot_rate k = HOT_FLOPS; k < HOT_NRATES; k++)
			peak[k] = w->amount[k] > 0.0 || k == HOT_FLOPS ?
				  hot_peak(peaks, k) : 1.0;
		took = loop->call ? hot_time_call(threads, run_one, arg[0], reps) :
				    hot_time(threads, run_one, arg, reps);
		round.seconds[i] = took.processor / (double)reps;
		round.wall[i] = took.wall / (double)reps;
		round.bound[i] = share * bound_of(w, peak, &out->limit);
		round.fraction[i] = round.bound[i] / round.seconds[i];
	}
	out->name = loop->name;
	memcpy(out->size, r[0].state.size, sizeof(out->size));
	out->threads = threads;
	out->wall = hot_median(round.wall, rounds);
	out->seconds = hot_median(round.seconds, rounds);
	out->bound = hot_median(round.bound, rounds);
	out->fraction = hot_median(round.fraction, rounds);
	out->gflops = whole * w->amount[HOT_FLOPS] / out->seconds / 1e9;
	out->gbytes = whole * bytes_of(w) / out->seconds / 1e9;
}

static void run_with(const struct options *o, const struct hot_loop *loop,
		     const struct eng_kernels *kernels, unsigned int threads,
		     struct hot_peaks *peaks, struct hot_result *out)
{
	struct runner *r = calloc(2, sizeof(*r));
	struct eng_env env = { .kernels = kernels };
	size_t rounds = loop->call && o->rounds > 5 ? 5 : o->rounds;

	if (!r || (loop->call && eng_pool_create(threads, &env.pool)))
		exit(1);
	for (unsigned int t = 0; t < (loop->call ? 1 : threads); t++) {
		r[t].run = loop->run;
		r[t].state.set = (struct hot_setting){ env, threads, t, o->quick };
		loop->make(&r[t].state);
	}
	measure(loop, r, threads, peaks, rounds, out);
	hot_print(out);
	for (unsigned int t = 0; t < 2; t++)
		hot_free(&r[t].state);
	eng_pool_destroy(env.pool);
	free(r);
}

static void find_peaks(struct hot_peaks *p, double *peak)
{
	double x[5];

	for (enum hot_rate k = HOT_FLOPS; k < HOT_NRATES; k++) {
		for (size_t i = 0; i < 5; i++)
			x[i] = hot_peak(p, k);
		peak[k] = hot_median(x, 5);
	}
}

static void run_all(const struct options *o, struct hot_report *report, struct hot_peaks **peaks,
		    struct hot_result *result)
{
	const struct hot_loop *const lists[] = { hot_products, hot_plane, hot_rows };

	hot_print_head();
	for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++)
		for (const struct hot_loop *loop = lists[l]; loop->name; loop++)
			for (unsigned int t = 1; t <= 2; t++)
				if ((!o->threads || o->threads == t) &&
				    (!o->only || strstr(loop->name, o->only)))
					run_with(o, loop, report->kernels, t, peaks[t - 1],
						 &result[report->results++]);
}

static int usage(void)
{
	fprintf(stderr, "usage: hot [--isa generic|avx2|avx512] [--profile fma|portable] [--threads 1|2]\n"
		"           [--loop PART_OF_NAME] [--rounds 1...%d] [--quick] [--json FILE]\n",
		MOST_ROUNDS);
	return 2;
}

static bool parse(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {
		{ "isa", required_argument, NULL, 'i' }, { "profile", required_argument, NULL, 'p' },
		{ "threads", required_argument, NULL, 't' }, { "loop", required_argument, NULL, 'l' },
		{ "rounds", required_argument, NULL, 'r' }, { "json", required_argument, NULL, 'j' },
		{ "quick", no_argument, NULL, 'q' }, { 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 'i':
			o->isa = optarg;
			break;
		case 'p':
			o->profile = optarg;
			break;
		case 't':
			o->threads = (unsigned int)atoi(optarg);
			break;
		case 'l':
			o->only = optarg;
			break;
		case 'r':
			o->rounds = (size_t)atoi(optarg);
			break;
		case 'j':
			o->json = optarg;
			break;
		case 'q':
			o->quick = true;
			break;
		default:
			return false;
		}
	}
	return optind == argc && o->threads <= 2 && o->rounds >= 1 && o->rounds <= MOST_ROUNDS;
}

int main(int argc, char **argv)
{
	struct options o = { .profile = "auto", .rounds = 9 };
	struct hot_result result[128];
	struct hot_report report = { .result = result };
	struct hot_peaks *peaks[2];
	int err = 0;

	if (!parse(argc, argv, &o))
		return usage();
	report.kernels = eng_kernels_find(o.profile, o.isa);
	if (!report.kernels) {
		fprintf(stderr, "hot: no such profile and instruction set here\n");
		return 1;
	}
	for (unsigned int t = 0; t < 2; t++) {
		peaks[t] = hot_peaks_create(report.kernels, t + 1);
		find_peaks(peaks[t], report.peak[t]);
	}
	hot_print_peaks(&report);
	run_all(&o, &report, peaks, result);
	if (o.json)
		err = hot_write_json(&report, o.json);
	if (err)
		fprintf(stderr, "hot: %s: %s\n", o.json, strerror(-err));
	hot_peaks_destroy(peaks[0]);
	hot_peaks_destroy(peaks[1]);
	return err ? 1 : 0;
}
