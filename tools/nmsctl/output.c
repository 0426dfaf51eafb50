// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

struct output {
	FILE *stream;
	char *path;		/* as the user has it, for messages */
	char *target;		/* what is replaced, symbolic links resolved; NULL: the standard output */
	struct slot *slot;
};

/*
 * Files to unlink if a signal ends the program.  State of the process, as signals are: a handler
 * has nothing else to find them by.  A name is complete before its slot is in use, and does not
 * change while it is; with signals blocked, no handler on this thread comes between file and slot.
 */
#define MAX_OUTPUTS 16

static struct slot {
	atomic_bool taken, in_use;
	char name[PATH_MAX];
} slots[MAX_OUTPUTS];

void output_unlink_all(void)
{
	int saved = errno;

	for (size_t i = 0; i < MAX_OUTPUTS; i++)
		if (atomic_load(&slots[i].in_use))
			unlink(slots[i].name);
	errno = saved;
}

static struct slot *take_slot(void)
{
	for (size_t i = 0; i < MAX_OUTPUTS; i++)
		if (!atomic_exchange(&slots[i].taken, true))
			return &slots[i];
	return NULL;
}

static void give_slot(struct slot *slot)
{
	atomic_store(&slot->in_use, false);
	atomic_store(&slot->taken, false);
}

static void block_signals(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, before);
}

static void restore_signals(const sigset_t *before)
{
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

/* Where the file is in truth; what is there is a regular file or nothing. */
static int resolve(struct output *output, mode_t *mode, struct message *why)
{
	struct stat status;
	size_t length = strlen(output->path);

	*mode = 0;
	if (!length || output->path[length - 1] == '/')
		return message_set(why, -EINVAL, "%s: not the name of a file", output->path);
	if (stat(output->path, &status) < 0) {
		if (errno != ENOENT)
			return message_set(why, -errno, "%s: %s", output->path, strerror(errno));
		if (!lstat(output->path, &status))
			return message_set(why, -EINVAL, "%s: a symbolic link to nothing", output->path);
		output->target = strdup(output->path);
	} else if (!S_ISREG(status.st_mode)) {
		return message_set(why, -EINVAL, "%s: not a regular file, and is not replaced",
				   output->path);
	} else {
		*mode = status.st_mode & 0777;
		output->target = realpath(output->path, NULL);
	}
	return output->target ? 0 : message_set(why, -errno, "%s: %s", output->path, strerror(errno));
}

/* A name aside, in the folder of the target. */
static int name_aside(const struct output *output)
{
	const char *slash = strrchr(output->target, '/');
	int folder = slash ? (int)(slash - output->target) + 1 : 0;
	uint64_t random;
	int n;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	n = snprintf(output->slot->name, sizeof(output->slot->name), "%.*s.nmsctl-%016llx.tmp",
		     folder, output->target, (unsigned long long)random);
	return n < 0 || (size_t)n >= sizeof(output->slot->name) ? -ENAMETOOLONG : 0;
}

static int create_aside(struct output *output, int *fd)
{
	sigset_t before;
	int error;

	for (int attempt = 0; attempt < 16; attempt++) {
		error = name_aside(output);
		if (error)
			return error;
		block_signals(&before);
		*fd = open(output->slot->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
		error = *fd < 0 ? -errno : 0;
		if (!error)
			atomic_store(&output->slot->in_use, true);
		restore_signals(&before);
		if (error != -EEXIST)
			return error;
	}
	return error;
}

static int open_aside(struct output *output, struct message *why)
{
	mode_t mode;
	int fd = -1, error;

	error = resolve(output, &mode, why);
	if (error)
		return error;
	output->slot = take_slot();
	if (!output->slot)
		return message_set(why, -EMFILE, "%s: more than %d outputs", output->path, MAX_OUTPUTS);
	error = create_aside(output, &fd);
	/* what is replaced hands its mode on */
	if (!error && mode && fchmod(fd, mode) < 0)
		error = -errno;
	if (!error) {
		output->stream = fdopen(fd, "wb");
		if (!output->stream)
			error = -errno;
	}
	if (error && fd >= 0)
		close(fd);
	if (error)
		message_set(why, error, "%s: %s", output->path, strerror(-error));
	return error;
}

int output_open(const char *path, struct output **output, struct message *why)
{
	struct output *o = calloc(1, sizeof(*o));
	int error = 0;

	*output = NULL;
	if (o)
		o->path = strdup(path);
	if (!o || !o->path) {
		free(o);
		return message_set(why, -ENOMEM, "%s: out of memory", path);
	}
	if (strcmp(path, "-")) {
		error = open_aside(o, why);
	} else {
		o->stream = tmpfile();
		if (!o->stream)
			error = message_set(why, -errno, "standard output: temporary file: %s",
					    strerror(errno));
	}
	if (error) {
		output_abort(o);
		return error;
	}
	*output = o;
	return 0;
}

FILE *output_stream(struct output *output)
{
	return output->stream;
}

/* The file is there and whole by now: what a folder that cannot be synced costs is not it. */
static void sync_folder(const char *target)
{
	const char *slash = strrchr(target, '/');
	char *folder = slash ? strndup(target, (size_t)(slash - target) + 1) : strdup(".");
	int fd;

	if (!folder)
		return;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

/* A write that failed some time ago has left no errno: another one says it again. */
static int why_failed(struct output *o)
{
	clearerr(o->stream);
	errno = 0;
	if (write(fileno(o->stream), "", 1) < 0 && errno)
		return -errno;
	return -EIO;
}

/* All is written, and on the disk. */
static int settle_file(struct output *o)
{
	int error = 0;

	if (!o->stream)
		return 0;
	errno = 0;
	if (ferror(o->stream))
		error = why_failed(o);
	else if (fflush(o->stream) || fsync(fileno(o->stream)) < 0)
		error = errno ? -errno : -EIO;
	errno = 0;
	if (fclose(o->stream) && !error)
		error = errno ? -errno : -EIO;
	o->stream = NULL;
	return error;
}

static int commit_file(struct output *o)
{
	sigset_t before;
	int error = settle_file(o);

	if (error)
		return error;
	block_signals(&before);
	if (rename(o->slot->name, o->target) < 0)
		error = -errno;
	else
		atomic_store(&o->slot->in_use, false);
	restore_signals(&before);
	if (!error)
		sync_folder(o->target);
	return error;
}

static int commit_stdout(struct output *o)
{
	char block[65536];
	size_t n;

	if (ferror(o->stream) || fflush(o->stream) || fseek(o->stream, 0, SEEK_SET))
		return errno ? -errno : -EIO;
	while ((n = fread(block, 1, sizeof(block), o->stream)) > 0)
		if (fwrite(block, 1, n, stdout) != n)
			return errno ? -errno : -EIO;
	if (ferror(o->stream) || fflush(stdout))
		return errno ? -errno : -EIO;
	return 0;
}

int output_settle(struct output *output, struct message *why)
{
	int error = output->target ? settle_file(output) : 0;
	struct stat status;

	/* what would fail when others have their names already */
	if (!error && output->target && !lstat(output->target, &status) && S_ISDIR(status.st_mode))
		error = -EISDIR;
	return error ? message_set(why, error, "%s: %s", output->path, strerror(-error)) : 0;
}

bool output_is_stdout(const struct output *output)
{
	return !output->target;
}

int output_commit(struct output *output, struct message *why)
{
	int error;

	errno = 0;
	error = output->target ? commit_file(output) : commit_stdout(output);
	if (error)
		message_set(why, error, "%s: %s", output->target ? output->path : "standard output",
			    strerror(-error));
	output_abort(output);
	return error;
}

void output_abort(struct output *output)
{
	if (!output)
		return;
	if (output->stream)
		fclose(output->stream);
	if (output->slot) {
		if (atomic_load(&output->slot->in_use))
			unlink(output->slot->name);
		give_slot(output->slot);
	}
	free(output->target);
	free(output->path);
	free(output);
}
