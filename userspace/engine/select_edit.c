// SPDX-License-Identifier: LGPL-2.1-or-later
#include "select_edit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "knn.h"

struct edit {
	const struct eng_env *env;
	const struct eng_select_input *in;
	bool *agreed;
	uint32_t *group;	/* of each row of the groups */
	size_t parts;
	float *x;		/* rows of a part */
};

static size_t parts_of(size_t n)
{
	return (n + ENG_EDIT_ROWS - 1) / ENG_EDIT_ROWS;
}

/* Every parts-th row, from @part on; how many. */
static size_t gather(struct edit *e, size_t part)
{
	const struct eng_groups *groups = e->in->groups;
	size_t m = 0;

	for (size_t i = part; i < groups->n; i += e->parts, m++)
		memcpy(e->x + m * e->in->d, e->in->x + (size_t)groups->row[i] * e->in->ld,
		       e->in->d * sizeof(float));
	eng_count(e->env, ENG_COUNT_NEAR_READ, m * e->in->d * sizeof(float));
	return m;
}

static int edit_part(struct edit *e, size_t part)
{
	const size_t m = gather(e, part);
	const size_t k = m > ENG_EDIT_NEIGHBOURS ? ENG_EDIT_NEIGHBOURS : m - 1;
	struct eng_neighbours nb;
	int err;

	if (m < 2) {
		for (size_t i = part; i < e->in->groups->n; i += e->parts)
			e->agreed[i] = true;
		return 0;
	}
	err = eng_knn(e->env, e->x, m, e->in->d, e->in->d, k, &nb);
	if (err)
		return err;
	for (size_t i = 0; i < m; i++) {
		size_t same = 0;

		for (size_t j = 0; j < k; j++)
			same += e->group[part + i * e->parts] ==
				e->group[part + nb.index[i * k + j] * e->parts];
		e->agreed[part + i * e->parts] = same * ENG_EDIT_NEIGHBOURS >= ENG_EDIT_AGREE * k;
	}
	eng_neighbours_free(&nb);
	return 0;
}

int eng_edit(const struct eng_env *env, const struct eng_select_input *in, bool *agreed)
{
	const struct eng_groups *groups = in->groups;
	/* A part says nothing of how far the choice has come. */
	struct eng_monitor quiet = env->monitor ? *env->monitor : (struct eng_monitor){ 0 };
	struct eng_env own = *env;
	struct edit e = { .env = &own, .in = in, .agreed = agreed, .parts = parts_of(groups->n) };
	const size_t most = (groups->n + e.parts - 1) / e.parts;
	int err = 0;

	quiet.progress = NULL;
	own.monitor = &quiet;
	e.group = calloc(groups->n, sizeof(*e.group));
	e.x = malloc(most * in->d * sizeof(*e.x));
	if (!e.group || !e.x)
		err = -ENOMEM;
	for (uint32_t g = 0; !err && g < groups->count; g++)
		for (size_t i = groups->start[g]; i < groups->start[g + 1]; i++)
			e.group[i] = g;
	for (size_t part = 0; !err && part < e.parts; part++)
		err = edit_part(&e, part);
	free(e.group);
	free(e.x);
	return err;
}

size_t eng_edit_memory(size_t n, size_t d, unsigned int threads)
{
	const size_t part = n < ENG_EDIT_ROWS ? n : ENG_EDIT_ROWS;

	return n * (sizeof(uint32_t) + sizeof(bool)) +
	       part * (d * sizeof(float) + ENG_EDIT_NEIGHBOURS * 8) +
	       eng_knn_memory(part, d, ENG_EDIT_NEIGHBOURS, threads);
}
