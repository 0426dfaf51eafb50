// SPDX-License-Identifier: GPL-2.0-only
#include "report.h"

#include <string.h>

#include "hygiene.h"
#include "printable.h"

const char *grouped(uint64_t value, char *text)
{
	char digits[24];
	size_t n, at = 0;

	n = (size_t)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);
	for (size_t i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			text[at++] = ',';
		text[at++] = digits[i];
	}
	text[at] = '\0';
	return text;
}

/* 47040000 as "47.0 MB". */
static const char *scaled(double value, const char *const *units, size_t nunits, char *text)
{
	size_t i = 0;

	while (value >= 999.5 && i + 1 < nunits) {
		value /= 1000;
		i++;
	}
	if (value >= 99.95 || !i)
		snprintf(text, 32, "%.0f %s", value, units[i]);
	else
		snprintf(text, 32, value >= 9.995 ? "%.1f %s" : "%.2f %s", value, units[i]);
	return text;
}

static const char *bytes(double value, char *text)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };

	return scaled(value, units, 5, text);
}

static const char *joules(double picojoules, char *text)
{
	static const char *const units[] = { "pJ", "nJ", "uJ", "mJ", "J", "kJ" };

	return scaled(picojoules, units, 6, text);
}

static void print_input(FILE *to, const struct input *input)
{
	const struct dataset *d = input->dataset;
	char rows[32], size[32];

	fprintf(to, "dataset    ");
	printable_put(to, input->path, 0, PRINTABLE_ALL);
	fprintf(to, ": %s, %s rows of %zu", d->format, grouped(d->rows, rows), d->cols);
	if (d->ndim > 1)
		for (size_t i = 0; i < d->ndim; i++)
			fprintf(to, "%s%zu", i ? " x " : " (", d->shape[i]);
	fprintf(to, "%s, %s", d->ndim > 1 ? ")" : "",
		bytes((double)d->rows * (double)input_row_bytes(input), size));
	if (input->labels)
		fprintf(to, ", %zu classes", input->nclasses);
	fputc('\n', to);
}

/* A device does not say what runs within it. */
static void print_machine(FILE *to, const struct nms_device_info *d, const struct nms_result *total)
{
	fprintf(to, "ran on     %s: %s", total->backend, d->name);
	if (d->node[0])
		fprintf(to, " (%s, by %s)", d->node, d->submission);
	fprintf(to, ", arithmetic %s (numerics %u)", total->profile, total->numerics);
	if (d->isa[0])
		fprintf(to, ", %s, %u thread%s", d->isa, d->threads, d->threads == 1 ? "" : "s");
	fprintf(to, "\nbecause    %s\n", d->reason);
}

static void print_what(FILE *to, const struct report *r)
{
	const struct nms_sample_result *result = r->result;
	char count[32];

	fprintf(to, "%-10s ", result->method);
	if (result->index)
		fprintf(to, "%s exemplars, rule %s, ", grouped(result->count, count), result->rule);
	if (result->search[0])
		fprintf(to, "search %s, ", result->search);
	fprintf(to, "seed %llu%s\n", (unsigned long long)r->options->seed,
		result->index && result->nested ? "; any prefix is the smaller selection" : "");
	print_machine(to, r->device, &result->total);
}

static void print_plane(FILE *to, const struct nms_sample_result *result)
{
	const struct nms_result *t = &result->total;
	uint64_t flagged = t->row_flags[NMS_ROW_ABOVE_K] + t->row_flags[NMS_ROW_TIES] +
			   t->row_flags[NMS_ROW_IDENTICAL] + t->row_flags[NMS_ROW_BUDGET];

	if (t->features)
		fprintf(to, "features   %u, %.1f %% of the variance\n", t->features,
			100. * (double)t->variance_kept);
	if (t->neighbours == NMS_NEIGHBOURS_IVF)
		fprintf(to, "neighbours approximate (ivf), recall %.3f of the 10 nearest, %.3f of all, "
			"by a sample\n", (double)t->recall10, (double)t->recall);
	if (t->perplexity > 0 || result->embedding) {
		fprintf(to, "plane      perplexity %.4g", (double)t->perplexity);
		if (t->entropy > 0)
			fprintf(to, ", entropy %.3f", (double)t->entropy);
		if (t->iterations)
			fprintf(to, ", KL %.3f after %u iterations", (double)t->kl, t->iterations);
		fputc('\n', to);
	}
	if (flagged)
		fprintf(to, "flagged    %llu rows missed their perplexity: %llu above their neighbours, "
			"%llu ties, %llu identical, %llu out of evaluations\n",
			(unsigned long long)flagged, (unsigned long long)t->row_flags[NMS_ROW_ABOVE_K],
			(unsigned long long)t->row_flags[NMS_ROW_TIES],
			(unsigned long long)t->row_flags[NMS_ROW_IDENTICAL],
			(unsigned long long)t->row_flags[NMS_ROW_BUDGET]);
	for (size_t i = 0; i < result->ntrace; i++)
		fprintf(to, "%-10s perplexity %6.2f  entropy %.4f  fidelity %.4f  objective %.4f%s\n",
			i ? "" : "tried", (double)result->trace[i].perplexity,
			(double)result->trace[i].entropy, (double)result->trace[i].fidelity,
			(double)result->trace[i].objective, result->trace[i].chosen ? "  chosen" : "");
}

/* How far a row is from the exemplar that stands for it. */
static void print_coverage(FILE *to, const struct nms_result *t)
{
	if (!(t->coverage_random > 0))
		return;
	fprintf(to, "coverage   %.4f of the RMS radius to the nearest exemplar, %.4f at random "
		"(%+.1f %%)\n", (double)t->coverage, (double)t->coverage_random,
		100 * ((double)t->coverage / (double)t->coverage_random - 1));
}

static void print_classes(FILE *to, const struct report *r)
{
	const struct class_counts *c = r->classes;
	size_t most = c->nclasses <= 20 ? c->nclasses : 20;
	int column = 0;
	char number[16];

	fprintf(to, "classes    ");
	for (size_t i = 0; i < most; i++) {
		if (column > 70) {
			fprintf(to, ",\n           ");
			column = 0;
		}
		column += fprintf(to, "%s", column ? ", " : "");
		column += printable_put(to, class_name(r->input->class_names, c->label[i], number),
					0, PRINTABLE_ALL);
		column += fprintf(to, ": %llu of %llu", (unsigned long long)c->chosen[i],
				  (unsigned long long)c->rows[i]);
	}
	if (most < c->nclasses)
		fprintf(to, ", and %zu more", c->nclasses - most);
	fputc('\n', to);
}

static void print_time(FILE *to, const struct report *r)
{
	fprintf(to, "seconds    load %.2f", r->load);
	if (r->session->uploaded)
		fprintf(to, ", to near memory %.2f", r->session->seconds);
	if (r->data_digest[0])
		fprintf(to, ", digest %.2f", r->digest);
	for (int p = 0; p < NMS_NPHASES; p++)
		if (r->result->total.nanoseconds[p] >= 1000000)
			fprintf(to, ", %s %.2f", nms_phase_name(p),
				1e-9 * (double)r->result->total.nanoseconds[p]);
	if (r->hygiene)
		fprintf(to, ", audit %.2f", r->hygiene->seconds);
	if (r->plot > 0)
		fprintf(to, ", plot %.2f", r->plot);
	if (r->page > 0)
		fprintf(to, ", report %.2f", r->page);
	fprintf(to, ", write %.2f; total %.2f\n", r->write, r->total);
}

static void print_energies(FILE *to, const char *what, const double *energy)
{
	char text[32];

	fprintf(to, "  %-24s", what);
	for (int d = 0; d < NMS_NDOMAINS; d++)
		fprintf(to, "%10s", joules(energy[d], text));
	fprintf(to, "%10s\n", joules(energy_sum(energy), text));
}

static void print_cost(FILE *to, const struct report *r)
{
	const struct nms_result *t = &r->result->total;
	double job[NMS_NDOMAINS];
	char a[32], b[32], c[32], d[32];

	fprintf(to, "bytes      near memory: %s read, %s written; link: %s in, %s out\n",
		bytes((double)t->near_read, a), bytes((double)t->near_write, b),
		bytes((double)t->link_in, c), bytes((double)t->link_out, d));
	if (r->session->uploaded)
		fprintf(to, "uploaded   %s for this run alone; nmsctl load keeps rows near\n",
			bytes((double)r->session->uploaded, a));
	fprintf(to, "energy, modelled (%s) ", r->device->energy);
	for (int i = (int)strlen(r->device->energy); i < 6; i++)
		fputc(' ', to);
	for (int i = 0; i < NMS_NDOMAINS; i++)
		fprintf(to, "%10s", domain_names[i]);
	fprintf(to, "%10s\n", "total");
	if (!r->paths) {
		for (int i = 0; i < NMS_NDOMAINS; i++)
			job[i] = (double)t->energy[i];
		print_energies(to, "job", job);
		return;
	}
	print_energies(to, "beside the memory", r->paths->near);
	print_energies(to, "at the host", r->paths->host);
	fprintf(to, "over the link: %s beside the memory, with the chosen rows; %s at the host, "
		"every row once\n", bytes((double)r->paths->near_bytes, a),
		bytes((double)r->paths->host_bytes, b));
}

void report_print(FILE *to, const struct report *report)
{
	print_input(to, report->input);
	print_what(to, report);
	print_plane(to, report->result);
	print_coverage(to, &report->result->total);
	/* which the table of an audit has, too */
	if (report->classes && report->result->index && !(report->hygiene && report->hygiene->audited))
		print_classes(to, report);
	if (report->hygiene)
		hygiene_print(to, report->hygiene, report->input);
	print_time(to, report);
	print_cost(to, report);
	if (!report->options->output)
		return;
	fprintf(to, "written    ");
	printable_put(to, report->options->output, 0, PRINTABLE_ALL);
	fputc('\n', to);
}
