// SPDX-License-Identifier: GPL-2.0-only
/*
 * One client of a soak: jobs of every kind, several at once, by ioctl and by
 * io_uring, some of them cancelled.  Each is begun, ends, and is accounted for; what
 * it has brought is compared with what it must bring.
 */
#include <liburing.h>
#include <sys/prctl.h>

#include "soak.h"

#define SLOTS 8			/* jobs at once */
#define JOBS_OF_CONTEXT 60
#define MOST (300u << 10)	/* bytes of a transfer */
#define NHANDLES 5
#define DATASET_ROWS 400u
#define DATASET_COLS 48u

struct slot {
	unsigned int number;
	enum soak_kind kind;
	bool busy, uring, cancelled;
	uint64_t job;			/* by ioctl */
	uint32_t handle[NHANDLES];	/* 0: none */
	struct nms_cmd cmd[64];
	struct nms_submit submit;
	struct nms_job_result result;
	unsigned int answer;
	uint32_t size;
	uint32_t list[NMS_COUNT];
	struct soak_answer seen;
	struct nms_pipeline p;
	struct nms_hw_gather gather;
	unsigned char memory[2][MOST];
};

struct client {
	struct soak_shared *shared;
	struct soak_account *account;
	const struct soak_answer *answer;
	unsigned int number;
	uint64_t random;
	int fd;
	bool gone;			/* the device of this context */
	bool have_ring;
	struct io_uring ring;
	uint64_t jobs;			/* ended, of this context */
	struct slot slot[SLOTS];
};

const char *const soak_kind_name[SOAK_KINDS] = {
	"storms of NOP", "transfers", "new buffers", "selections", "datasets",
};

const char *const soak_end_name[SOAK_ENDS] = {
	"cancelled", "ENETRESET", "ETIMEDOUT", "ENODEV", "ESTALE", "EIO", "EREMOTEIO",
};

void soak_dataset_name(char *name, size_t size, unsigned int client, unsigned int slot)
{
	snprintf(name, size, "soak-%u-%u", client, slot);
}

/* ---- what is to be expected ------------------------------------------------------ */

/* Of a call other than the end of a job, with a device that fails. */
static bool call_may_fail(int err)
{
	return err == -ENODEV || err == -ENXIO || err == -ENETRESET || err == -ETIMEDOUT ||
	       err == -ESTALE || err == -EIO || err == -EREMOTEIO;
}

static int end_of(const struct slot *s, int err)
{
	switch (err) {
	case -ECANCELED:
		return s->cancelled ? SOAK_CANCELLED : -1;
	case -ENETRESET:
		return SOAK_RESET;
	case -ETIMEDOUT:
		return SOAK_TIMED_OUT;
	case -ENODEV:
		return SOAK_DEVICE_GONE;
	case -ESTALE:
		return SOAK_STALE;
	case -EIO:
		return SOAK_FAILED_FOR_GOOD;
	case -EREMOTEIO:
		return SOAK_UNREACHABLE;
	default:
		return -1;
	}
}

/* True: it has failed.  What nobody would expect is told at once. */
static bool failed(struct client *c, const char *what, int err)
{
	if (!err)
		return false;
	if (err == -ENODEV)
		c->gone = true;
	if (!call_may_fail(err)) {
		printf("# client %u: %s: %s\n", c->number, what, strerror(-err));
		c->account->unexplained++;
	}
	return true;
}

static void beat(struct client *c)
{
	atomic_store(&c->account->heartbeat, nms_now());
}

/* ---- buffers ---------------------------------------------------------------------- */

static void drop_handles(struct client *c, struct slot *s)
{
	for (unsigned int i = 0; i < NHANDLES; i++) {
		if (s->handle[i])
			nms_destroy(c->fd, s->handle[i]);
		s->handle[i] = 0;
	}
}

static bool need(struct client *c, struct slot *s, unsigned int i, uint64_t size)
{
	return !s->handle[i] && failed(c, "create", nms_create(c->fd, size, &s->handle[i]));
}

/* ---- jobs: begin, end ------------------------------------------------------------- */

static int begin_uring(struct client *c, struct slot *s)
{
	struct nms_uring_cmd payload = { .address = (uintptr_t)&s->submit,
					 .size = sizeof(s->submit) };
	struct io_uring_sqe *sqe = io_uring_get_sqe(&c->ring);

	if (!sqe)
		return -EBUSY;
	s->submit.result = (uintptr_t)&s->result;
	s->submit.result_size = sizeof(s->result);
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = c->fd;
	sqe->user_data = s->number;
	sqe->off = NMS_URING_SUBMIT;
	memcpy((void *)&sqe->addr3, &payload, sizeof(payload));
	/* Its refusal, if it comes to that, comes as its completion. */
	return io_uring_submit(&c->ring) == 1 ? 0 : -EIO;
}

static void begin(struct client *c, struct slot *s, unsigned int count)
{
	int err;

	s->cancelled = false;
	s->submit = (struct nms_submit){ .commands = (uintptr_t)s->cmd, .count = count,
					 .command_size = sizeof(s->cmd[0]) };
	s->uring = c->have_ring && soak_below(&c->random, 2);
	memset(&s->result, 0, sizeof(s->result));
	c->account->uring += s->uring;
	c->account->begun[s->kind]++;
	err = s->uring ? begin_uring(c, s) : nms_call(c->fd, NMS_IOCTL_SUBMIT, &s->submit);
	s->job = s->submit.job;
	s->busy = !err;
	if (!err)
		return;
	c->account->refused++;
	failed(c, "submit", err);
	drop_handles(c, s);
}

static void cancel(struct client *c, struct slot *s)
{
	uint64_t job = s->uring ? *(volatile __u64 *)&s->submit.job : s->job;

	if (job && !nms_cancel(c->fd, job))
		s->cancelled = true;
}

static bool is_zero(const unsigned char *memory, size_t size)
{
	return !size || (!memory[0] && !memcmp(memory, memory + 1, size - 1));
}

static bool dataset_is_right(const struct client *c, const struct slot *s)
{
	static unsigned char rows[DATASET_ROWS][DATASET_COLS];

	nms_pattern(rows, sizeof(rows), 1000 * c->number + s->number + 1);
	for (unsigned int i = 0; i < NMS_COUNT; i++)
		if (memcmp(s->memory[0] + i * DATASET_COLS, rows[s->list[i]], DATASET_COLS))
			return false;
	return true;
}

static bool selection_is_right(const struct slot *s, const struct soak_answer *answer)
{
	if (memcmp(&s->seen, answer, sizeof(*answer)))
		return false;
	for (unsigned int i = 0; i < NMS_COUNT; i++)
		if (memcmp(s->p.chosen[i], s->p.data[answer->index[i]], sizeof(s->p.chosen[i])))
			return false;
	return true;
}

static bool is_right(const struct client *c, const struct slot *s)
{
	switch (s->kind) {
	case SOAK_NOPS:
		return s->result.commands == s->submit.count;
	case SOAK_DATA:
		return !memcmp(s->memory[0], s->memory[1], s->size);
	case SOAK_FRESH:
		return is_zero(s->memory[0], s->size);
	case SOAK_SELECT:
		return selection_is_right(s, &c->answer[s->answer]);
	default:
		return dataset_is_right(c, s);
	}
}

static void unlink_dataset(struct client *c, const struct slot *s)
{
	struct nms_dataset_unlink u = { 0 };
	int err;

	soak_dataset_name(u.name, sizeof(u.name), c->number, s->number);
	err = nms_call(c->fd, NMS_IOCTL_DATASET_UNLINK, &u);
	if (err != -ENOENT)
		failed(c, "unlink", err);
}

/* It has ended, with @err; into exactly one number of the account. */
static void end(struct client *c, struct slot *s, int err)
{
	struct soak_account *a = c->account;
	int known = end_of(s, err);

	s->busy = false;
	c->jobs++;
	if (!err && is_right(c, s)) {
		a->completed[s->kind]++;
	} else if (!err) {
		a->wrong++;
		printf("# client %u: %s: not what it must be (answer %u, %u bytes)\n", c->number,
		       soak_kind_name[s->kind], s->answer, s->size);
	} else if (known >= 0) {
		a->ended[known]++;
	} else {
		a->unexplained++;
		printf("# client %u: %s ended with %s, status %#x\n", c->number,
		       soak_kind_name[s->kind], strerror(-err), s->result.status);
	}
	if (err == -ENODEV)
		c->gone = true;
	if (err == -ESTALE && s->kind == SOAK_DATASET)
		unlink_dataset(c, s);
	if (err || s->kind == SOAK_FRESH || !soak_below(&c->random, 8))
		drop_handles(c, s);
}

/* A job by io_uring that was refused never was one; the kernel says so in the job's number. */
static void end_uring(struct client *c, struct slot *s, int err)
{
	if (s->submit.job) {
		end(c, s, err);
		return;
	}
	s->busy = false;
	c->account->refused++;
	failed(c, "submit by io_uring", err);
	if (err == -ESTALE && s->kind == SOAK_DATASET)
		unlink_dataset(c, s);
	drop_handles(c, s);
}

/* Whoever is not heard of any more is lost, and the client gives up: its memory may be in use. */
static void __attribute__((noreturn)) lose(struct client *c, struct slot *s, int err)
{
	c->account->lost++;
	printf("# client %u: %s is lost: %s\n", c->number, soak_kind_name[s->kind],
	       strerror(-err));
	fflush(stdout);
	_exit(1);
}

static void reap_uring(struct client *c, struct slot *s)
{
	struct __kernel_timespec limit = { .tv_sec = SOAK_PATIENCE_S };
	struct io_uring_cqe *cqe;
	int err;

	do {
		err = io_uring_wait_cqe_timeout(&c->ring, &cqe, &limit);
	} while (err == -EINTR);
	if (err)
		lose(c, s, err);
	s = &c->slot[cqe->user_data];
	err = cqe->res;
	io_uring_cqe_seen(&c->ring, cqe);
	end_uring(c, s, err);
}

static void reap(struct client *c, struct slot *s)
{
	int err;

	if (!soak_below(&c->random, 10))
		cancel(c, s);
	if (s->uring) {
		reap_uring(c, s);
	} else {
		err = nms_wait(c->fd, s->job, nms_now() + SOAK_PATIENCE_S * 1000000000ull,
			       &s->result);
		if (err)
			lose(c, s, err);
		end(c, s, s->result.error);
	}
	beat(c);
}

/* ---- jobs: each kind --------------------------------------------------------------- */

static unsigned int prepare_nops(struct client *c, struct slot *s)
{
	unsigned int count = 1 + soak_below(&c->random, 64);

	for (unsigned int i = 0; i < count; i++)
		s->cmd[i] = (struct nms_cmd){ .op = NMS_CMD_NOP };
	return count;
}

static unsigned int prepare_data(struct client *c, struct slot *s)
{
	uint64_t offset = soak_below(&c->random, 5000);

	s->size = 1 + soak_below(&c->random, MOST);
	if (need(c, s, 0, MOST + 5000))
		return 0;
	nms_pattern(s->memory[0], s->size, soak_random(&c->random));
	memset(s->memory[1], 0xee, s->size);
	s->cmd[0] = nms_copy(NMS_CMD_WRITE, s->handle[0], offset, s->memory[0], s->size);
	s->cmd[1] = nms_copy(NMS_CMD_READ, s->handle[0], offset, s->memory[1], s->size);
	return 2;
}

/* What it leaves behind is not zero, for the next one to find if it could be found. */
static unsigned int prepare_fresh(struct client *c, struct slot *s)
{
	drop_handles(c, s);
	s->size = 1 + soak_below(&c->random, MOST);
	if (need(c, s, 0, s->size))
		return 0;
	memset(s->memory[0], 0xee, s->size);
	memset(s->memory[1], 0x5a, s->size);
	s->cmd[0] = nms_copy(NMS_CMD_READ, s->handle[0], 0, s->memory[0], s->size);
	s->cmd[1] = nms_copy(NMS_CMD_WRITE, s->handle[0], 0, s->memory[1], s->size);
	return 2;
}

static unsigned int prepare_select(struct client *c, struct slot *s)
{
	struct nms_pipeline *p = &s->p;

	if (need(c, s, 0, sizeof(p->data)) || need(c, s, 1, NMS_ROWS * NMS_FEATURES * 4) ||
	    need(c, s, 2, NMS_ROWS * 2 * 4) || need(c, s, 3, NMS_ROWS * 4) ||
	    need(c, s, 4, NMS_ROWS * 4))
		return 0;
	p->input = s->handle[0];
	p->features = s->handle[1];
	p->plane = s->handle[2];
	p->index = s->handle[3];
	p->weight = s->handle[4];
	nms_pipeline_data(p);
	nms_pipeline_params(p);
	s->answer = soak_below(&c->random, SOAK_ANSWERS);
	soak_vary(p, s->answer);
	memset(&s->seen, 0xee, sizeof(s->seen));
	memset(p->chosen, 0xee, sizeof(p->chosen));
	s->cmd[0] = nms_copy(NMS_CMD_WRITE, p->input, 0, p->data, sizeof(p->data));
	s->cmd[1] = nms_compute_cmd(NMS_CMD_REDUCE, &p->reduce, sizeof(p->reduce), &p->result[0]);
	s->cmd[2] = nms_compute_cmd(NMS_CMD_EMBED, &p->embed, sizeof(p->embed), &p->result[1]);
	s->cmd[3] = nms_compute_cmd(NMS_CMD_SELECT, &p->select, sizeof(p->select), NULL);
	s->cmd[4] = nms_compute_cmd(NMS_CMD_GATHER, &p->gather, sizeof(p->gather), NULL);
	s->cmd[4].address = (uintptr_t)p->chosen;
	s->cmd[4].length = sizeof(p->chosen);
	s->cmd[5] = nms_copy(NMS_CMD_READ, p->index, 0, s->seen.index, sizeof(s->seen.index));
	s->cmd[6] = nms_copy(NMS_CMD_READ, p->weight, 0, s->seen.weight, sizeof(s->seen.weight));
	return 7;
}

/* A job as any, but not one of those that are accounted for. */
static int write_now(struct client *c, struct slot *s, uint32_t size)
{
	struct nms_cmd cmd = nms_copy(NMS_CMD_WRITE, s->handle[0], 0, s->memory[0], size);
	uint64_t job;
	int err = nms_submit(c->fd, &cmd, 1, &job);

	if (err)
		return err;
	err = nms_wait(c->fd, job, nms_now() + SOAK_PATIENCE_S * 1000000000ull, &s->result);
	if (err)
		lose(c, s, err);
	c->jobs++;
	return s->result.error;
}

/* Rows into a buffer, and only then its name: who finds the name finds the rows. */
static bool load_dataset(struct client *c, struct slot *s)
{
	struct nms_dataset_create d = { .mode = 0600, .rows = DATASET_ROWS, .cols = DATASET_COLS };
	const uint32_t size = DATASET_ROWS * DATASET_COLS;
	int err;

	if (need(c, s, 0, size))
		return false;
	nms_pattern(s->memory[0], size, 1000 * c->number + s->number + 1);
	err = write_now(c, s, size);
	d.handle = s->handle[0];
	soak_dataset_name(d.name, sizeof(d.name), c->number, s->number);
	if (!err)
		err = nms_call(c->fd, NMS_IOCTL_DATASET_CREATE, &d);
	return !failed(c, "load", err);
}

static bool open_dataset(struct client *c, struct slot *s)
{
	struct nms_dataset_open o = { .access = NMS_ACCESS_READ };
	int err;

	soak_dataset_name(o.name, sizeof(o.name), c->number, s->number);
	err = nms_call(c->fd, NMS_IOCTL_DATASET_OPEN, &o);
	if (err == -ENOENT) {
		if (!load_dataset(c, s))
			return false;
		drop_handles(c, s);
		err = nms_call(c->fd, NMS_IOCTL_DATASET_OPEN, &o);
	}
	if (err == -ESTALE)
		unlink_dataset(c, s);
	if (failed(c, "open", err))
		return false;
	s->handle[0] = o.handle;
	return true;
}

static unsigned int prepare_dataset(struct client *c, struct slot *s)
{
	drop_handles(c, s);
	if (!soak_below(&c->random, 8))
		unlink_dataset(c, s);
	if (c->gone || !open_dataset(c, s) || need(c, s, 1, sizeof(s->list)))
		return 0;
	for (unsigned int i = 0; i < NMS_COUNT; i++)
		s->list[i] = soak_below(&c->random, DATASET_ROWS);
	s->gather = (struct nms_hw_gather){
		.header = NMS_HEADER(NMS_HW_GATHER, struct nms_hw_gather),
		.input = { .near.range = s->handle[0], .rows = DATASET_ROWS,
			   .cols = DATASET_COLS, .stride = DATASET_COLS, .dtype = NMS_HW_U8 },
		.index = nms_words(s->handle[1], NMS_COUNT),
	};
	memset(s->memory[0], 0xee, NMS_COUNT * DATASET_COLS);
	s->cmd[0] = nms_copy(NMS_CMD_WRITE, s->handle[1], 0, s->list, sizeof(s->list));
	s->cmd[1] = nms_compute_cmd(NMS_CMD_GATHER, &s->gather, sizeof(s->gather), NULL);
	s->cmd[1].address = (uintptr_t)s->memory[0];
	s->cmd[1].length = NMS_COUNT * DATASET_COLS;
	return 2;
}

static void begin_any(struct client *c, struct slot *s)
{
	static unsigned int (*const prepare[SOAK_KINDS])(struct client *c, struct slot *s) = {
		prepare_nops, prepare_data, prepare_fresh, prepare_select, prepare_dataset,
	};
	enum soak_kind kind = soak_below(&c->random, SOAK_KINDS);
	unsigned int count;

	if (kind != s->kind)
		drop_handles(c, s);
	s->kind = kind;
	count = prepare[kind](c, s);
	if (!count) {
		drop_handles(c, s);
		return;
	}
	begin(c, s, count);
	if (s->busy && !soak_below(&c->random, 8))
		cancel(c, s);
}

/* ---- contexts ---------------------------------------------------------------------- */

/* The driver has counted as many jobs of this context as have ended here. */
static void compare_counters(struct client *c)
{
	struct nms_query_counters n;

	if (c->gone || nms_query(c->fd, NMS_QUERY_CONTEXT, 0, &n, sizeof(n)))
		return;
	if (n.jobs == c->jobs && !n.pinned_pages)
		return;
	printf("# client %u: the driver has ended %llu jobs, and told of %llu; %llu pages pinned\n",
	       c->number, (unsigned long long)n.jobs, (unsigned long long)c->jobs,
	       (unsigned long long)n.pinned_pages);
	c->account->unexplained++;
}

static void live(struct client *c)
{
	c->account->contexts++;
	c->gone = false;
	c->jobs = 0;
	c->have_ring = !io_uring_queue_init(2 * SLOTS, &c->ring, 0);
	for (unsigned int n = 0; n < JOBS_OF_CONTEXT && !c->gone; n++) {
		struct slot *s = &c->slot[soak_below(&c->random, SLOTS)];

		if (s->busy)
			reap(c, s);
		if (!s->busy && !atomic_load(&c->shared->stop))
			begin_any(c, s);
		beat(c);
	}
	for (unsigned int i = 0; i < SLOTS; i++)
		while (c->slot[i].busy)
			reap(c, &c->slot[i]);
	compare_counters(c);
	if (c->have_ring)
		io_uring_queue_exit(&c->ring);
	for (unsigned int i = 0; i < SLOTS; i++)
		memset(c->slot[i].handle, 0, sizeof(c->slot[i].handle));
	/* Until it has been brought back there is nothing to be had of it. */
	if (c->gone)
		usleep(50000);
}

void soak_client(struct soak_shared *shared, const struct soak_answer *answer, unsigned int number,
		 uint64_t seed)
{
	struct client *c = calloc(1, sizeof(*c));

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!c)
		_exit(1);
	c->shared = shared;
	c->account = &shared->account[number];
	c->answer = answer;
	c->number = number;
	c->random = seed;
	for (unsigned int i = 0; i < SLOTS; i++)
		c->slot[i].number = i;
	beat(c);
	while (!atomic_load(&shared->stop)) {
		c->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
		if (c->fd < 0) {
			/* It has been removed, or its node is about to come. */
			if (errno != ENODEV && errno != ENXIO && errno != ENOENT)
				failed(c, "open", -errno);
			usleep(20000);
			beat(c);
			continue;
		}
		live(c);
		close(c->fd);
	}
	fflush(stdout);
	_exit(0);
}
