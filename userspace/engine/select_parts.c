// SPDX-License-Identifier: LGPL-2.1-or-later
#include "select_parts.h"

#include <errno.h>
#include <stdlib.h>

struct parts {
	struct eng_share *share;
	size_t count;
	struct eng_share *part;
	uint32_t *row, *keep, *chosen;	/* of all parts, one after the other */
	float *mass, *weight;
	bool *agreed;
	uint32_t *turn;			/* the part that each choice beyond the kept goes to */
};

static void parts_free(struct parts *p)
{
	free(p->part);
	free(p->row);
	free(p->keep);
	free(p->chosen);
	free(p->mass);
	free(p->agreed);
	free(p->weight);
	free(p->turn);
}

static int parts_alloc(struct parts *p)
{
	const struct eng_share *share = p->share;

	p->part = calloc(p->count, sizeof(*p->part));
	p->row = calloc(share->n, sizeof(*p->row));
	p->keep = calloc(share->nkeep + 1, sizeof(*p->keep));
	p->chosen = calloc(share->budget, sizeof(*p->chosen));
	p->mass = calloc(share->n, sizeof(*p->mass));
	p->agreed = share->agreed ? calloc(share->n, sizeof(*p->agreed)) : NULL;
	p->weight = calloc(share->budget, sizeof(*p->weight));
	p->turn = calloc(share->budget, sizeof(*p->turn));
	return p->part && p->row && p->keep && p->chosen && p->mass &&
	       (p->agreed || !share->agreed) && p->weight && p->turn ? 0 : -ENOMEM;
}

/* Rows, what is known of each, and must-keep positions of each part. */
static void deal_rows(struct parts *p)
{
	const struct eng_share *share = p->share;
	size_t row = 0, keep = 0;

	for (size_t g = 0; g < p->count; g++) {
		struct eng_share *part = &p->part[g];

		*part = *share;
		part->work = (struct eng_work){ 0 };
		part->row = p->row + row;
		part->mass = p->mass + row;
		part->agreed = p->agreed ? p->agreed + row : NULL;
		part->before = share->before + row;
		part->n = 0;
		for (size_t i = g; i < share->n; i += p->count, row++) {
			p->row[row] = share->row[i];
			p->mass[row] = share->mass[i];
			if (p->agreed)
				p->agreed[row] = share->agreed[i];
			part->n++;
		}
		part->keep = p->keep + keep;
		part->nkeep = 0;
		for (size_t k = 0; k < share->nkeep; k++)
			if (share->keep[k] % p->count == g)
				part->keep[part->nkeep++] = (uint32_t)(share->keep[k] / p->count);
		keep += part->nkeep;
		part->budget = part->nkeep;
	}
}

/* Who has each turn; that settles the budgets. */
static void deal_turns(struct parts *p)
{
	const struct eng_share *share = p->share;
	size_t g = 0, chosen = 0;

	for (size_t t = 0; t < share->budget - share->nkeep; t++) {
		while (p->part[g].budget == p->part[g].n)
			g = (g + 1) % p->count;
		p->part[g].budget++;
		p->turn[t] = (uint32_t)g;
		g = (g + 1) % p->count;
	}
	for (g = 0; g < p->count; g++) {
		p->part[g].chosen = p->chosen + chosen;
		p->part[g].weight = p->weight + chosen;
		chosen += p->part[g].budget;
	}
}

static void collect(struct parts *p)
{
	struct eng_share *share = p->share;

	for (size_t k = 0; k < share->nkeep; k++)
		share->chosen[k] = share->keep[k];
	for (size_t g = 0; g < p->count; g++) {
		p->part[g].chosen += p->part[g].nkeep;
		for (int what = 0; what < ENG_NCOUNTS; what++)
			share->work.count[what] += p->part[g].work.count[what];
	}
	for (size_t t = 0; t < share->budget - share->nkeep; t++)
		share->chosen[share->nkeep + t] =
			(uint32_t)(p->turn[t] + p->count * *p->part[p->turn[t]].chosen++);
}

int eng_share_parts(struct eng_share *share, size_t most, eng_rule_fn rule)
{
	struct parts p = { .share = share, .count = (share->n + most - 1) / most };
	int err;

	if (p.count <= 1)
		return rule(share);
	err = parts_alloc(&p);
	if (!err) {
		deal_rows(&p);
		deal_turns(&p);
	}
	for (size_t g = 0; g < p.count && !err; g++)
		if (p.part[g].budget > p.part[g].nkeep)
			err = rule(&p.part[g]);
	if (!err)
		collect(&p);
	parts_free(&p);
	return err;
}
