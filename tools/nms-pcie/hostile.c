// SPDX-License-Identifier: GPL-2.0-only
#include "hostile.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_RULES	64
#define MAX_ARGS	4u

enum kind {
	LIE_NONE,
	LIE_REGISTER,		/* offset, value */
	LIE_COMPLETION,		/* field, value */
	LIE_ADMIN,		/* the same, of the admin queue */
	LIE_PAGE,		/* selector, offset, bytes, value */
	LIE_RANGES,		/* id of the first: 0: as asked */
	LIE_RESULT,		/* offset, bytes, value */
	LIE_EVENT,		/* detail, value */
	LIE_SILENCE,
	LIE_POST,		/* queue, cid, status */
	LIE_INTERRUPT,		/* vector */
};

static const struct {
	const char *name;
	unsigned int args;
} kinds[] = {
	[LIE_NONE] = { "", 0 },
	[LIE_REGISTER] = { "register", 2 },
	[LIE_COMPLETION] = { "completion", 2 },
	[LIE_ADMIN] = { "admin", 2 },
	[LIE_PAGE] = { "page", 4 },
	[LIE_RANGES] = { "ranges", 1 },
	[LIE_RESULT] = { "result", 3 },
	[LIE_EVENT] = { "event", 2 },
	[LIE_SILENCE] = { "silence", 0 },
	[LIE_POST] = { "post", 3 },
	[LIE_INTERRUPT] = { "interrupt", 1 },
};

enum field { CID, SQ_ID, SQ_HEAD, STATUS, PHASE, VALUE, DETAIL, NFIELDS };

static const char *const fields[NFIELDS] = {
	[CID] = "cid", [SQ_ID] = "sq_id", [SQ_HEAD] = "sq_head", [STATUS] = "status",
	[PHASE] = "phase", [VALUE] = "value", [DETAIL] = "detail",
};

struct rule {
	enum kind kind;
	uint64_t arg[MAX_ARGS];
	uint64_t times;		/* left; UINT64_MAX: for good */
};

struct hostile {
	pthread_mutex_t lock;
	struct rule rule[MAX_RULES];
	double p;		/* of a storm: each thing is a lie with this probability */
	uint64_t state, count;
};

int hostile_create(uint64_t seed, struct hostile **out)
{
	struct hostile *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	pthread_mutex_init(&h->lock, NULL);
	h->state = seed;
	*out = h;
	return 0;
}

void hostile_destroy(struct hostile *h)
{
	if (!h)
		return;
	pthread_mutex_destroy(&h->lock);
	free(h);
}

/* ---- requests --------------------------------------------------------------------- */

static bool parse_number(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return *text >= '0' && *text <= '9' && !*end && !errno;
}

static bool parse_field(const char *text, uint64_t *value)
{
	for (*value = 0; *value < NFIELDS; (*value)++)
		if (!strcmp(text, fields[*value]))
			return true;
	return false;
}

static bool takes_field(enum kind kind)
{
	return kind == LIE_COMPLETION || kind == LIE_ADMIN;
}

/* Bytes of a number within a page or a block. */
static bool is_sound(const struct rule *r)
{
	uint64_t bytes = r->kind == LIE_PAGE ? r->arg[2] : r->kind == LIE_RESULT ? r->arg[1] : 8;

	return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

static int parse_storm(struct hostile *h, char **word, unsigned int n)
{
	uint64_t seed = 0;
	char *end;
	double p;

	if (n < 2 || n > 3 || (n == 3 && !parse_number(word[2], &seed)))
		return -EINVAL;
	p = strtod(word[1], &end);
	if (*end || !(p >= 0 && p <= 1))
		return -EINVAL;
	pthread_mutex_lock(&h->lock);
	h->p = p;
	if (n == 3)
		h->state = seed;
	pthread_mutex_unlock(&h->lock);
	return 0;
}

/* KIND ARGUMENT... [TIMES]; TIMES 0: for good. */
static int parse_rule(char **word, unsigned int n, struct rule *r)
{
	*r = (struct rule){ .times = 1 };
	for (int kind = 1; kind <= LIE_INTERRUPT; kind++)
		if (!strcmp(word[0], kinds[kind].name))
			r->kind = (enum kind)kind;
	if (!r->kind || n < kinds[r->kind].args + 1 || n > kinds[r->kind].args + 2)
		return -EINVAL;
	for (unsigned int i = 0; i < kinds[r->kind].args; i++) {
		bool field = takes_field(r->kind) && !i;

		if (field ? !parse_field(word[1], &r->arg[0]) :
			    !parse_number(word[1 + i], &r->arg[i]))
			return -EINVAL;
	}
	if (n == kinds[r->kind].args + 2 && !parse_number(word[n - 1], &r->times))
		return -EINVAL;
	if (!r->times)
		r->times = UINT64_MAX;
	return is_sound(r) ? 0 : -EINVAL;
}

static int add_rule(struct hostile *h, const struct rule *r)
{
	int err = -ENOSPC;

	pthread_mutex_lock(&h->lock);
	for (unsigned int i = 0; err && i < MAX_RULES; i++) {
		if (!h->rule[i].kind) {
			h->rule[i] = *r;
			err = 0;
		}
	}
	pthread_mutex_unlock(&h->lock);
	return err;
}

int hostile_lie(struct hostile *h, const char *request, struct hostile_extra *extra)
{
	char text[128], *word[MAX_ARGS + 3], *rest;
	unsigned int n = 0;
	struct rule r;
	int err;

	snprintf(text, sizeof(text), "%s", request);
	for (char *w = strtok_r(text, " ", &rest); w; w = strtok_r(NULL, " ", &rest)) {
		if (n == MAX_ARGS + 2)
			return -EINVAL;
		word[n++] = w;
	}
	if (!n)
		return -EINVAL;
	if (!strcmp(word[0], "storm"))
		return parse_storm(h, word, n);
	err = parse_rule(word, n, &r);
	if (err)
		return err;
	if (r.kind != LIE_POST && r.kind != LIE_INTERRUPT)
		return add_rule(h, &r);
	if (r.times == UINT64_MAX)
		return -EINVAL;
	*extra = (struct hostile_extra){
		.kind = r.kind == LIE_POST ? EXTRA_POST : EXTRA_INTERRUPT,
		.where = (unsigned int)r.arg[0], .cid = (uint16_t)r.arg[1],
		.status = (uint16_t)r.arg[2], .times = r.times,
	};
	return 1;
}

void hostile_end(struct hostile *h)
{
	pthread_mutex_lock(&h->lock);
	memset(h->rule, 0, sizeof(h->rule));
	h->p = 0;
	pthread_mutex_unlock(&h->lock);
}

uint64_t hostile_count(struct hostile *h)
{
	uint64_t count;

	pthread_mutex_lock(&h->lock);
	count = h->count;
	pthread_mutex_unlock(&h->lock);
	return count;
}

/* ---- under the lock ---------------------------------------------------------------- */

/* xorshift64*, Marsaglia 2003 and Vigna 2016. */
static uint64_t draw(struct hostile *h)
{
	uint64_t x = h->state ? h->state : 0x9e3779b97f4a7c15u;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	h->state = x;
	return x * 0x2545f4914f6cdd1du;
}

static bool storms(struct hostile *h)
{
	bool yes = h->p > 0 && (double)(draw(h) >> 11) * 0x1p-53 < h->p;

	h->count += yes;
	return yes;
}

/* A number such as a device at fault would give: nothing, all ones, a bit, or anything. */
static uint64_t invent(struct hostile *h, uint64_t truth)
{
	switch (draw(h) % 6) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
		return truth ^ (UINT64_C(1) << draw(h) % 64);
	case 3:
		return truth - 1;
	case 4:
		return draw(h) % 512;
	default:
		return draw(h);
	}
}

/* The next rule of that kind from *@at on, which counts as told; NULL: none. */
static struct rule *find(struct hostile *h, enum kind kind, unsigned int *at)
{
	for (; *at < MAX_RULES; (*at)++)
		if (h->rule[*at].kind == kind)
			return &h->rule[(*at)++];
	return NULL;
}

static void tell(struct hostile *h, struct rule *r)
{
	h->count++;
	if (r->times != UINT64_MAX && !--r->times)
		r->kind = LIE_NONE;
}

/* ---- lies ---------------------------------------------------------------------------- */

uint64_t hostile_register(struct hostile *h, uint64_t offset, uint32_t size, uint64_t truth)
{
	uint64_t value = truth;
	unsigned int at = 0;
	struct rule *r;

	pthread_mutex_lock(&h->lock);
	if (storms(h))
		value = invent(h, truth);
	while ((r = find(h, LIE_REGISTER, &at))) {
		if (r->arg[0] != offset)
			continue;
		value = r->arg[1];
		tell(h, r);
		break;
	}
	pthread_mutex_unlock(&h->lock);
	return size == 4 ? (uint32_t)value : value;
}

static void set_field(struct nms_hw_cqe *cqe, enum field field, uint64_t value)
{
	switch (field) {
	case CID:
		cqe->cid = (uint16_t)value;
		break;
	case SQ_ID:
		cqe->sq_id = (uint16_t)value;
		break;
	case SQ_HEAD:
		cqe->sq_head = (uint16_t)value;
		break;
	case STATUS:
		cqe->status = (uint16_t)((cqe->status & 1u) | (value << 1));
		break;
	case PHASE:
		cqe->status ^= 1;
		break;
	case VALUE:
		cqe->value = value;
		break;
	default:
		cqe->detail = (uint32_t)value;
		break;
	}
}

void hostile_completion(struct hostile *h, bool admin, struct nms_hw_cqe *cqe)
{
	enum kind kind = admin ? LIE_ADMIN : LIE_COMPLETION;
	unsigned int at = 0;
	struct rule *r;

	pthread_mutex_lock(&h->lock);
	if (storms(h)) {
		enum field field = (enum field)(draw(h) % NFIELDS);

		set_field(cqe, field, invent(h, field == CID ? cqe->cid : cqe->value));
	}
	while ((r = find(h, kind, &at))) {
		set_field(cqe, (enum field)r->arg[0], r->arg[1]);
		tell(h, r);
	}
	pthread_mutex_unlock(&h->lock);
}

static void put(void *to, size_t size, uint64_t offset, uint64_t bytes, uint64_t value)
{
	if (offset <= size && bytes <= size - offset)
		memcpy((char *)to + offset, &value, (size_t)bytes);
}

/* Ranges that nobody has made, as many as fit. */
static void invent_ranges(uint32_t first, void *page, size_t size)
{
	struct nms_hw_log_range entry = { .generation = 1, .size = 4096 };

	for (size_t i = 0; i < size / sizeof(entry); i++) {
		if (!first)
			first = 1;
		entry.range = first++;
		memcpy((char *)page + i * sizeof(entry), &entry, sizeof(entry));
	}
}

size_t hostile_page(struct hostile *h, uint32_t selector, uint32_t from, void *page, size_t size,
		    size_t room)
{
	unsigned int at = 0;
	struct rule *r;

	pthread_mutex_lock(&h->lock);
	if (storms(h) && size >= 8) {
		uint64_t offset = draw(h) % (size / 8) * 8, value;

		memcpy(&value, (char *)page + offset, 8);
		put(page, size, offset, 8, invent(h, value));
	}
	while (selector == NMS_HW_LOG_RANGES && (r = find(h, LIE_RANGES, &at))) {
		invent_ranges(r->arg[0] ? (uint32_t)r->arg[0] : from, page, room);
		size = room;
		tell(h, r);
	}
	at = 0;
	while ((r = find(h, LIE_PAGE, &at))) {
		if (r->arg[0] != selector)
			continue;
		put(page, size, r->arg[1], r->arg[2], r->arg[3]);
		tell(h, r);
	}
	pthread_mutex_unlock(&h->lock);
	return size;
}

bool hostile_result(struct hostile *h, size_t size, size_t *offset, size_t *bytes,
		    uint64_t *value)
{
	unsigned int at = 0;
	struct rule *r;
	bool lies;

	pthread_mutex_lock(&h->lock);
	lies = size >= 8 && storms(h);
	if (lies) {
		*offset = (size_t)(draw(h) % (size / 8) * 8);
		*bytes = 8;
		*value = invent(h, 0);
	}
	r = find(h, LIE_RESULT, &at);
	if (r && r->arg[0] <= size && r->arg[1] <= size - r->arg[0]) {
		*offset = (size_t)r->arg[0];
		*bytes = (size_t)r->arg[1];
		*value = r->arg[2];
		tell(h, r);
		lies = true;
	}
	pthread_mutex_unlock(&h->lock);
	return lies;
}

bool hostile_event(struct hostile *h, struct nms_hw_cqe *cqe)
{
	unsigned int at = 0;
	struct rule *r;
	bool lies;

	pthread_mutex_lock(&h->lock);
	lies = storms(h);
	if (lies) {
		cqe->detail = (uint32_t)(draw(h) % 4);
		cqe->value = draw(h) % 64;
	}
	r = find(h, LIE_EVENT, &at);
	if (r) {
		cqe->detail = (uint32_t)r->arg[0];
		cqe->value = r->arg[1];
		tell(h, r);
		lies = true;
	}
	pthread_mutex_unlock(&h->lock);
	return lies;
}

bool hostile_silent(struct hostile *h)
{
	unsigned int at = 0;
	struct rule *r;
	bool silent;

	pthread_mutex_lock(&h->lock);
	silent = storms(h);
	r = find(h, LIE_SILENCE, &at);
	if (r) {
		tell(h, r);
		silent = true;
	}
	pthread_mutex_unlock(&h->lock);
	return silent;
}

bool hostile_uncalled(struct hostile *h, unsigned int queues, unsigned int vectors,
		      struct hostile_extra *extra)
{
	bool comes;

	pthread_mutex_lock(&h->lock);
	comes = storms(h);
	if (comes) {
		bool post = draw(h) & 1;

		*extra = (struct hostile_extra){
			.kind = post ? EXTRA_POST : EXTRA_INTERRUPT,
			.where = (unsigned int)(draw(h) % (post ? queues + 1 : vectors)),
			.cid = (uint16_t)draw(h), .status = (uint16_t)(draw(h) % 128),
			.times = 1 + draw(h) % 4,
		};
	}
	pthread_mutex_unlock(&h->lock);
	return comes;
}
