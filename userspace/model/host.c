// SPDX-License-Identifier: LGPL-2.1-or-later
#include "host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Addresses that are pointers of this process. */
static void *pointer(uint64_t addr, size_t size)
{
	if (!addr || addr > UINTPTR_MAX || size > UINTPTR_MAX - addr)
		return NULL;
	return (void *)(uintptr_t)addr;
}

int host_read(const struct nms_model_host *host, uint64_t addr, void *dst, size_t size)
{
	const void *src;

	if (host->read)
		return host->read(host->data, addr, dst, size) ? -EFAULT : 0;
	src = pointer(addr, size);
	if (!src)
		return -EFAULT;
	memcpy(dst, src, size);
	return 0;
}

int host_write(const struct nms_model_host *host, uint64_t addr, const void *src, size_t size)
{
	void *dst;

	if (host->write)
		return host->write(host->data, addr, src, size) ? -EFAULT : 0;
	dst = pointer(addr, size);
	if (!dst)
		return -EFAULT;
	memcpy(dst, src, size);
	return 0;
}

static int scatter_check(struct scatter *list)
{
	for (uint32_t i = 0; i < list->count; i++) {
		const struct nms_hw_sge *e = &list->entry[i];

		if (e->reserved)
			return -EBADMSG;
		if (e->addr + e->length < e->addr)
			return -EOVERFLOW;
		list->total += e->length;	/* 2^20 entries of 2^32 bytes at most */
	}
	return 0;
}

int scatter_load(const struct nms_model_host *host, uint64_t addr, uint32_t count,
		 struct scatter *list)
{
	size_t size = (size_t)count * sizeof(*list->entry);
	int err;

	*list = (struct scatter){ .count = count };
	list->entry = malloc(size);
	if (!list->entry)
		return -ENOMEM;
	err = host_read(host, addr, list->entry, size);
	if (!err)
		err = scatter_check(list);
	if (err)
		scatter_free(list);
	return err;
}

void scatter_free(struct scatter *list)
{
	free(list->entry);
	list->entry = NULL;
}

/* The next piece in one entry, at most @size bytes, and where it is. */
static size_t next_piece(struct scatter *list, size_t size, uint64_t *addr)
{
	const struct nms_hw_sge *e;
	size_t piece;

	while (list->offset == list->entry[list->at].length) {
		list->at++;
		list->offset = 0;
	}
	e = &list->entry[list->at];
	piece = e->length - list->offset;
	if (piece > size)
		piece = size;
	*addr = e->addr + list->offset;
	list->offset += (uint32_t)piece;
	return piece;
}

int scatter_read(const struct nms_model_host *host, struct scatter *list, void *dst, size_t size)
{
	uint8_t *to = dst;
	uint64_t addr;
	size_t piece;

	for (; size; size -= piece, to += piece) {
		piece = next_piece(list, size, &addr);
		if (host_read(host, addr, to, piece))
			return -EFAULT;
	}
	return 0;
}

int scatter_write(const struct nms_model_host *host, struct scatter *list,
		  const void *src, size_t size)
{
	const uint8_t *from = src;
	uint64_t addr;
	size_t piece;

	for (; size; size -= piece, from += piece) {
		piece = next_piece(list, size, &addr);
		if (host_write(host, addr, from, piece))
			return -EFAULT;
	}
	return 0;
}
