// SPDX-License-Identifier: GPL-2.0-only
/*
 * soak: driver and device under clients and trouble, for NMS_SOAK_SECONDS (20) from
 * NMS_SOAK_SEED (1).  Every job is accounted for: it completes with the right answer,
 * fails with a reason that the trouble explains, or dies with its client.  None may be
 * lost, none wrong.  Needs root, in a guest whose device can be told to fail.
 */
#include <dirent.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "soak.h"

#include "nms_control.h"

struct soak {
	struct soak_shared *shared;
	struct soak_answer answer[SOAK_ANSWERS];
	struct soak_trouble *trouble;
	uint64_t seed, random;
	pid_t pid[SOAK_CLIENTS];
	uint64_t lives[SOAK_CLIENTS];
	uint64_t abandoned, broken, stuck;
};

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

/* ---- clients ----------------------------------------------------------------------- */

static void start_client(struct soak *soak, unsigned int i)
{
	uint64_t seed = soak->seed * 1000003 + i * 10007 + soak->lives[i]++;

	fflush(NULL);
	atomic_store(&soak->shared->account[i].heartbeat, nms_now());
	soak->pid[i] = fork();
	if (!soak->pid[i])
		soak_client(soak->shared, soak->answer, i, seed);
}

/* Jobs that were begun and have no end: in flight, or taken along by whoever was killed. */
static uint64_t open_jobs(const struct soak_account *a)
{
	uint64_t n = 0;

	for (int i = 0; i < SOAK_KINDS; i++)
		n += a->begun[i] - a->completed[i];
	for (int i = 0; i < SOAK_ENDS; i++)
		n -= a->ended[i];
	return n - a->refused - a->lost - a->wrong - a->unexplained;
}

/* A client has died; how, the account knows. */
static void bury(struct soak *soak, unsigned int i, int status)
{
	soak->pid[i] = 0;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return;
	printf("# client %u: status %#x\n", i, status);
	soak->broken++;
}

static void kill_client(struct soak *soak, unsigned int i)
{
	int status;

	if (soak->pid[i] <= 0)
		return;
	kill(soak->pid[i], SIGKILL);
	if (waitpid(soak->pid[i], &status, 0) == soak->pid[i])
		bury(soak, i, status);
}

static bool is_stuck(const struct soak *soak, unsigned int i)
{
	/* In this order: a beat that comes between the two is not in the future. */
	uint64_t beat = atomic_load(&soak->shared->account[i].heartbeat);

	return nms_now() - beat > 2 * SOAK_PATIENCE_S * 1000000000ull;
}

static void tell_file(unsigned int i, const char *path)
{
	char line[256];
	FILE *f = fopen(path, "r");

	while (f && fgets(line, sizeof(line), f))
		printf("# client %u: %s: %.200s\n", i, path, line);
	if (f)
		fclose(f);
}

/* Where in the kernel a client stands that does not go on, with each of its threads and workers. */
static void tell_stack(const struct soak *soak, unsigned int i)
{
	static const char *const parts[] = { "stat", "syscall", "stack" };
	char path[64];
	struct dirent *task;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)soak->pid[i]);
	tasks = opendir(path);
	while (tasks && (task = readdir(tasks))) {
		for (int part = 0; task->d_name[0] != '.' && part < 3; part++) {
			snprintf(path, sizeof(path), "/proc/%d/task/%.16s/%s", (int)soak->pid[i],
				 task->d_name, parts[part]);
			tell_file(i, path);
		}
	}
	if (tasks)
		closedir(tasks);
}

/* Start anew whoever has died. */
static void tend(struct soak *soak)
{
	int status;

	for (unsigned int i = 0; i < SOAK_CLIENTS; i++) {
		if (soak->pid[i] > 0 && waitpid(soak->pid[i], &status, WNOHANG) == soak->pid[i])
			bury(soak, i, status);
		if (soak->pid[i] > 0 && is_stuck(soak, i)) {
			printf("# client %u does not go on\n", i);
			tell_stack(soak, i);
			soak->stuck++;
			kill_client(soak, i);
		}
		if (soak->pid[i] <= 0)
			start_client(soak, i);
	}
}

/* Let each end what it has begun. */
static void stop_clients(struct soak *soak)
{
	int status;

	atomic_store(&soak->shared->stop, true);
	for (unsigned int i = 0; i < SOAK_CLIENTS; i++) {
		while (soak->pid[i] > 0) {
			if (waitpid(soak->pid[i], &status, WNOHANG) == soak->pid[i]) {
				bury(soak, i, status);
			} else if (is_stuck(soak, i)) {
				printf("# client %u does not end\n", i);
				tell_stack(soak, i);
				soak->stuck++;
				kill_client(soak, i);
			} else {
				usleep(20000);
			}
		}
	}
}

/* ---- work -------------------------------------------------------------------------- */

static void work(struct soak *soak, uint64_t seconds)
{
	uint64_t until = nms_now() + seconds * 1000000000ull, told = nms_now();

	for (unsigned int n = 1; nms_now() < until; n++) {
		int victim = soak_trouble_next(soak->trouble);

		if (victim >= 0)
			kill_client(soak, (unsigned int)victim);
		usleep(10000 * (5 + soak_below(&soak->random, 40)));
		/* Now and then there is peace, so that selections come to their end. */
		if (!(n % 8)) {
			if (!soak_trouble_heal(soak->trouble))
				break;
			usleep(1000000);
		}
		tend(soak);
		if (nms_now() - told > 60000000000ull) {
			told = nms_now();
			printf("# %llu s are left\n", (unsigned long long)(until - told) / 1000000000);
			fflush(stdout);
		}
	}
}

/* ---- the account ------------------------------------------------------------------- */

static struct soak_account sum(struct soak *soak)
{
	struct soak_account all = { 0 };

	for (unsigned int i = 0; i < SOAK_CLIENTS; i++) {
		const struct soak_account *a = &soak->shared->account[i];

		for (int k = 0; k < SOAK_KINDS; k++) {
			all.begun[k] += a->begun[k];
			all.completed[k] += a->completed[k];
		}
		for (int e = 0; e < SOAK_ENDS; e++)
			all.ended[e] += a->ended[e];
		all.refused += a->refused;
		all.lost += a->lost;
		all.wrong += a->wrong;
		all.unexplained += a->unexplained;
		all.contexts += a->contexts;
		all.uring += a->uring;
		soak->abandoned += open_jobs(a);
	}
	return all;
}

static void tell(const struct soak *soak, const struct soak_account *a)
{
	uint64_t begun = 0, completed = 0, ended = 0;

	for (int i = 0; i < SOAK_KINDS; i++) {
		printf("# %s: %llu begun, %llu completed\n", soak_kind_name[i],
		       (unsigned long long)a->begun[i], (unsigned long long)a->completed[i]);
		begun += a->begun[i];
		completed += a->completed[i];
	}
	for (int i = 0; i < SOAK_ENDS; i++) {
		printf("# ended by %s: %llu\n", soak_end_name[i], (unsigned long long)a->ended[i]);
		ended += a->ended[i];
	}
	soak_trouble_report(soak->trouble);
	printf("# %llu jobs in %llu contexts, %llu of them by io_uring: %llu completed, %llu failed with a reason, %llu refused, %llu died with their client\n",
	       (unsigned long long)begun, (unsigned long long)a->contexts,
	       (unsigned long long)a->uring, (unsigned long long)completed,
	       (unsigned long long)ended, (unsigned long long)a->refused,
	       (unsigned long long)soak->abandoned);
	printf("# lost %llu, wrong %llu, unexplained %llu, clients broken %llu, stuck %llu\n",
	       (unsigned long long)a->lost, (unsigned long long)a->wrong,
	       (unsigned long long)a->unexplained, (unsigned long long)soak->broken,
	       (unsigned long long)soak->stuck);
}

static void unlink_all(int fd)
{
	struct nms_dataset_unlink u = { 0 };

	for (unsigned int i = 0; i < SOAK_CLIENTS; i++) {
		for (unsigned int slot = 0; slot < 64; slot++) {
			soak_dataset_name(u.name, sizeof(u.name), i, slot);
			nms_call(fd, NMS_IOCTL_DATASET_UNLINK, &u);
		}
	}
}

/* Afterwards the device is as good as new: nothing held, nothing pinned. */
static bool is_clean(void)
{
	struct nms_query_counters c = { 0 };
	struct nms_query_device d = { 0 };
	int fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return false;
	unlink_all(fd);
	for (int i = 0; i < 100; i++) {
		if (nms_query(fd, NMS_QUERY_DEVICE, 0, &d, sizeof(d)) ||
		    nms_query(fd, NMS_QUERY_DEVICE_COUNTERS, 0, &c, sizeof(c)))
			break;
		if (d.near_free == d.near_size && !c.pinned_pages)
			break;
		usleep(100000);
	}
	printf("# afterwards: %llu bytes of near memory held, %llu pages pinned, %llu lost\n",
	       (unsigned long long)(d.near_size - d.near_free),
	       (unsigned long long)c.pinned_pages, (unsigned long long)c.lost_pages);
	close(fd);
	return d.near_size && d.near_free == d.near_size && !c.pinned_pages && !c.lost_pages;
}

static bool result(unsigned int *number, const char *name, bool fine)
{
	printf("%s %u soak.%s\n", fine ? "ok" : "not ok", ++*number, name);
	return fine;
}

/* Each kind must have had its successes, or the soak has shown nothing of it. */
static bool all_kinds(const struct soak_account *a)
{
	for (int i = 0; i < SOAK_KINDS; i++)
		if (!a->completed[i])
			return false;
	return true;
}

static int conclude(struct soak *soak)
{
	struct soak_account a = sum(soak);
	unsigned int n = 0;
	bool fine = true;

	tell(soak, &a);
	fine &= result(&n, "none_lost", !a.lost && !soak->stuck && !soak->broken);
	fine &= result(&n, "none_wrong", !a.wrong);
	fine &= result(&n, "all_explained", !a.unexplained);
	fine &= result(&n, "all_kinds", all_kinds(&a));
	fine &= result(&n, "clean", is_clean());
	return fine ? KSFT_PASS : KSFT_FAIL;
}

int main(void)
{
	static struct soak soak;
	uint64_t seconds = setting("NMS_SOAK_SECONDS", 20);

	setlinebuf(stdout);
	printf("TAP version 13\n1..5\n");
	soak.seed = setting("NMS_SOAK_SEED", 1);
	soak.random = soak.seed;
	soak.shared = mmap(NULL, sizeof(*soak.shared), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	soak.trouble = soak_trouble_begin(soak.seed);
	if (soak.shared == MAP_FAILED || !soak.trouble) {
		printf("# needs root and a device that can be told to fail\n");
		return KSFT_SKIP;
	}
	if (!soak_know(soak.answer)) {
		printf("not ok 1 soak.known\n");
		return KSFT_FAIL;
	}
	printf("# seed %llu, %llu s, %u clients\n", (unsigned long long)soak.seed,
	       (unsigned long long)seconds, SOAK_CLIENTS);
	for (unsigned int i = 0; i < SOAK_CLIENTS; i++)
		start_client(&soak, i);
	work(&soak, seconds);
	if (!soak_trouble_heal(soak.trouble)) {
		printf("not ok 1 soak.heal\n");
		return KSFT_FAIL;
	}
	stop_clients(&soak);
	put(PARAMETERS "timeout_ms", "30000");
	put(PARAMETERS "admin_timeout_ms", "30000");
	return conclude(&soak);
}
