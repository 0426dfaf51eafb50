// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "dma.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard.h"

#define MAX_AREAS 256

struct area {
	uint64_t address, size;
	unsigned char *base;	/* NULL: cannot be reached */
	void *map;
	size_t map_size;
	bool writable;
};

struct dma {
	pthread_rwlock_t lock;		/* areas; held for reading by accesses */
	struct area area[MAX_AREAS];
	size_t count;
	atomic_bool master, stopped, down;
};

/* Of the thread that executes the command which is to fail, and of no other. */
static _Thread_local bool failing;

int dma_create(struct dma **out)
{
	struct dma *dma = calloc(1, sizeof(*dma));
	pthread_rwlockattr_t attr;

	if (!dma)
		return -ENOMEM;
	/* Copies come without end; an unmapping must not wait for a gap. */
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&dma->lock, &attr);
	pthread_rwlockattr_destroy(&attr);
	*out = dma;
	return 0;
}

void dma_destroy(struct dma *dma)
{
	if (!dma)
		return;
	dma_unmap_all(dma);
	pthread_rwlock_destroy(&dma->lock);
	free(dma);
}

static bool overlaps(const struct dma *dma, uint64_t address, uint64_t size)
{
	for (size_t i = 0; i < dma->count; i++) {
		const struct area *a = &dma->area[i];

		if (address < a->address + a->size && a->address < address + size)
			return true;
	}
	return false;
}

/* mmap(2) wants its offset on a page; the area begins somewhere inside. */
static int area_map(struct area *a, int fd, uint64_t offset)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t skip = offset % page;
	int prot = PROT_READ | (a->writable ? PROT_WRITE : 0);
	struct stat st;

	if (a->size > SIZE_MAX - skip || offset - skip > INT64_MAX)
		return -EINVAL;
	if (fstat(fd, &st))
		return -errno;
	if (S_ISREG(st.st_mode) &&
	    (offset > (uint64_t)st.st_size || a->size > (uint64_t)st.st_size - offset))
		return -EINVAL;
	a->map_size = a->size + skip;
	a->map = mmap(NULL, a->map_size, prot, MAP_SHARED, fd, (off_t)(offset - skip));
	if (a->map == MAP_FAILED)
		return -errno;
	a->base = (unsigned char *)a->map + skip;
	return 0;
}

int dma_map(struct dma *dma, uint64_t address, uint64_t size, int fd, uint64_t offset,
	    bool writable)
{
	struct area a = { .address = address, .size = size, .writable = writable };
	int err = 0;

	if (!size || address > UINT64_MAX - size)
		return -EINVAL;
	pthread_rwlock_wrlock(&dma->lock);
	if (overlaps(dma, address, size))
		err = -EEXIST;
	else if (dma->count == MAX_AREAS)
		err = -ENOSPC;
	else if (fd >= 0)
		err = area_map(&a, fd, offset);
	if (!err)
		dma->area[dma->count++] = a;
	pthread_rwlock_unlock(&dma->lock);
	return err;
}

static void area_remove(struct dma *dma, size_t i)
{
	if (dma->area[i].base)
		munmap(dma->area[i].map, dma->area[i].map_size);
	dma->area[i] = dma->area[--dma->count];
}

int dma_unmap(struct dma *dma, uint64_t address, uint64_t size)
{
	int err = -ENOENT;

	pthread_rwlock_wrlock(&dma->lock);
	for (size_t i = 0; i < dma->count; i++) {
		if (dma->area[i].address == address && dma->area[i].size == size) {
			area_remove(dma, i);
			err = 0;
			break;
		}
	}
	pthread_rwlock_unlock(&dma->lock);
	return err;
}

void dma_unmap_all(struct dma *dma)
{
	pthread_rwlock_wrlock(&dma->lock);
	while (dma->count)
		area_remove(dma, dma->count - 1);
	pthread_rwlock_unlock(&dma->lock);
}

void dma_set_master(struct dma *dma, bool on)
{
	/* The lock: when this returns with @on false, no access is under way. */
	pthread_rwlock_wrlock(&dma->lock);
	atomic_store(&dma->master, on);
	pthread_rwlock_unlock(&dma->lock);
}

void dma_set_stopped(struct dma *dma, bool stopped)
{
	pthread_rwlock_wrlock(&dma->lock);
	atomic_store(&dma->stopped, stopped);
	pthread_rwlock_unlock(&dma->lock);
}

void dma_set_link(struct dma *dma, bool up)
{
	pthread_rwlock_wrlock(&dma->lock);
	atomic_store(&dma->down, !up);
	pthread_rwlock_unlock(&dma->lock);
}

void dma_fail_thread(bool fail)
{
	failing = fail;
}

static bool reachable(const struct dma *dma)
{
	return atomic_load(&dma->master) && !atomic_load(&dma->stopped) &&
	       !atomic_load(&dma->down) && !failing;
}

/* The area that holds @address, or NULL. */
static const struct area *find(const struct dma *dma, uint64_t address)
{
	for (size_t i = 0; i < dma->count; i++) {
		const struct area *a = &dma->area[i];

		if (address >= a->address && address - a->address < a->size)
			return a;
	}
	return NULL;
}

/* Copy what of @size lies in the area; how much that was, 0: it could not be reached. */
static size_t copy_piece(const struct area *a, uint64_t address, void *to, const void *from,
			 size_t size)
{
	uint64_t skip = address - a->address;
	int err;

	if (size > a->size - skip)
		size = (size_t)(a->size - skip);
	err = from ? guard_copy(a->base + skip, from, size) : guard_copy(to, a->base + skip, size);
	return err ? 0 : size;
}

/* Copy piece by piece: what is adjacent for the guest may be several areas here. */
static int access_memory(struct dma *dma, uint64_t address, void *to, const void *from, size_t size)
{
	int err = 0;

	pthread_rwlock_rdlock(&dma->lock);
	if (!reachable(dma))
		err = -EFAULT;
	while (!err && size) {
		const struct area *a = find(dma, address);
		size_t part;

		if (!a || !a->base || (from && !a->writable)) {
			err = -EFAULT;
			break;
		}
		part = copy_piece(a, address, to, from, size);
		err = part ? 0 : -EFAULT;
		to = to ? (char *)to + part : NULL;
		from = from ? (const char *)from + part : NULL;
		address += part;
		size -= part;
	}
	pthread_rwlock_unlock(&dma->lock);
	return err;
}

int dma_read(void *dma, uint64_t address, void *dst, size_t size)
{
	return access_memory(dma, address, dst, NULL, size);
}

int dma_write(void *dma, uint64_t address, const void *src, size_t size)
{
	return access_memory(dma, address, NULL, src, size);
}
