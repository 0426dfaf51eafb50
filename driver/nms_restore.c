// SPDX-License-Identifier: GPL-2.0-only
/*
 * After a reset, and when contents are lost: what the device has, against what
 * it should have.
 *
 * The device lists its ranges.  One that no buffer has is destroyed: it was made
 * by a command whose answer was lost, or could not be destroyed when its buffer
 * went.  One that is not there any more is made anew, and its contents are lost.
 * All of the list is looked at first: after a loss of power numbers begin again,
 * and the new range of one buffer must not be taken for the old one of another.
 */
#include "nms_drv.h"

#define NMS_LOG_ENTRIES (PAGE_SIZE / sizeof(struct nms_hw_log_range))

/* A list that is longer is not believed, nor one with more that the device does not have. */
#define NMS_RANGES_MOST		BIT(20)
#define NMS_REFUSED_MOST	64

struct nms_restore {
	struct xarray known;		/* buffers, by the number of their range */
	u32 next;			/* the least number that may follow in the list */
	unsigned int listed, refused;
};

static void nms_buffer_set_lost(struct nms_buffer *buffer)
{
	WRITE_ONCE(buffer->lost, true);
	buffer->generation++;
	dev_warn(&buffer->nms->dev, "range %u has lost its contents\n", buffer->range);
}

/* The device had to be reset, or is about to be: an error of the whole, not of a range. */
static bool nms_is_fatal(int err)
{
	return err == -ENETRESET || err == -ETIMEDOUT || err == -ENODEV;
}

/* ---- looking ------------------------------------------------------------------- */

static int nms_range_destroy_unknown(struct nms_device *nms, struct nms_restore *restore,
				     u32 range, u32 generation)
{
	struct nms_hw_cmd cmd = { .opcode = NMS_HW_ADMIN_RANGE_DESTROY };
	int err;

	cmd.range.range = cpu_to_le32(range);
	cmd.range.generation = cpu_to_le32(generation);
	err = nms_admin(nms, &cmd, NULL);
	if (!err)
		dev_info(&nms->dev, "range %u was nobody's\n", range);
	else if (!nms_is_fatal(err))
		dev_warn_ratelimited(&nms->dev, "range %u is nobody's, and was not freed: %d\n",
				     range, err);
	if (nms_is_fatal(err))
		return err;
	restore->refused += !!err;
	return restore->refused > NMS_REFUSED_MOST ? -EPROTO : 0;
}

static void nms_buffer_seen(struct nms_buffer *buffer, u32 generation)
{
	mutex_lock(&buffer->lock);
	buffer->seen = true;
	if (buffer->range_generation != generation) {
		WRITE_ONCE(buffer->range_generation, generation);
		nms_buffer_set_lost(buffer);
	}
	mutex_unlock(&buffer->lock);
}

static int nms_restore_entry(struct nms_device *nms, struct nms_restore *restore,
			     const struct nms_hw_log_range *entry)
{
	u32 most = min_t(u32, le32_to_cpu(nms->identify->max_ranges), NMS_RANGES_MOST);
	u32 range = le32_to_cpu(entry->range);
	u32 generation = le32_to_cpu(entry->generation);
	struct nms_buffer *buffer;

	if (range < restore->next || ++restore->listed > most)
		return -EPROTO;
	/* 0 after the last number that there is. */
	restore->next = range + 1;
	buffer = xa_load(&restore->known, range);
	if (!buffer)
		return nms_range_destroy_unknown(nms, restore, range, generation);
	nms_buffer_seen(buffer, generation);
	return 0;
}

/* One page of the list; @more: there may be another. */
static int nms_restore_page(struct nms_device *nms, struct nms_restore *restore,
			    struct nms_hw_log_range *page, bool *more)
{
	int err;

	*more = false;
	err = nms_admin_log(nms, NMS_HW_LOG_RANGES, restore->next, page, PAGE_SIZE);
	for (unsigned int i = 0; !err && i < NMS_LOG_ENTRIES; i++) {
		if (!page[i].range || !restore->next)
			return 0;
		err = nms_restore_entry(nms, restore, &page[i]);
	}
	*more = restore->next;
	return err;
}

static int nms_restore_list(struct nms_device *nms, struct nms_restore *restore)
{
	struct nms_hw_log_range *page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	int err = page ? 0 : -ENOMEM;
	bool more = true;

	restore->next = 1;
	while (!err && more)
		err = nms_restore_page(nms, restore, page, &more);
	if (err == -EPROTO)
		dev_err(&nms->dev, "the device lists ranges that cannot be\n");
	kfree(page);
	return err;
}

/* Compare; what is missing from the device has no range any more. */
static int nms_restore_look(struct nms_device *nms)
{
	struct nms_restore restore = {};
	struct nms_buffer *buffer;
	int err = 0;

	/* Not DEFINE_XARRAY(): on the stack, that lock is none that lockdep can tell. */
	xa_init(&restore.known);
	list_for_each_entry(buffer, &nms->buffers, link) {
		buffer->seen = false;
		if (buffer->range && !buffer->dead)
			err = xa_err(xa_store(&restore.known, buffer->range, buffer, GFP_KERNEL));
		if (err)
			goto out;
	}
	err = nms_restore_list(nms, &restore);
	if (err)
		goto out;
	list_for_each_entry(buffer, &nms->buffers, link) {
		mutex_lock(&buffer->lock);
		if (buffer->range && !buffer->dead && !buffer->seen) {
			nms_buffer_set_lost(buffer);
			buffer->missing = true;
			buffer->range = 0;
		}
		mutex_unlock(&buffer->lock);
	}
out:
	xa_destroy(&restore.known);
	return err;
}

/* ---- making good --------------------------------------------------------------- */

/* Under the buffer's lock. */
static int nms_buffer_make_good(struct nms_buffer *buffer)
{
	bool missing = buffer->missing;
	int err = 0;

	if (missing)
		err = nms_range_create(buffer);
	if (missing && !err && nms_range_is_taken(buffer)) {
		buffer->range = 0;
		err = -EPROTO;
	}
	if (nms_is_fatal(err))
		return err;
	/* One range that cannot be had again does not keep the device from coming back. */
	if (err) {
		dev_warn(&buffer->nms->dev, "a buffer of %llu bytes is lost: %d\n", buffer->size,
			 err);
		WRITE_ONCE(buffer->dead, true);
		return 0;
	}
	buffer->missing = false;
	err = nms_buffer_tell_all(buffer, missing);
	if (err && !nms_is_fatal(err))
		dev_warn(&buffer->nms->dev, "range %u: its rights are not known: %d\n",
			 buffer->range, err);
	/* Whoever has a right must not be refused for what the device was not told. */
	return nms_is_fatal(err) ? err : 0;
}

/* After a reset: what is there still? */
int nms_buffer_restore(struct nms_device *nms)
{
	struct nms_buffer *buffer;
	int err;

	mutex_lock(&nms->table_lock);
	mutex_lock(&nms->range_lock);
	err = nms_restore_look(nms);
	list_for_each_entry(buffer, &nms->buffers, link) {
		if (err)
			break;
		mutex_lock(&buffer->lock);
		if (!buffer->dead && (buffer->range || buffer->missing))
			err = nms_buffer_make_good(buffer);
		mutex_unlock(&buffer->lock);
	}
	mutex_unlock(&nms->range_lock);
	mutex_unlock(&nms->table_lock);
	return err;
}

/* The device says that the contents of a range are gone: ask for its new generation. */
static void nms_buffer_check(struct nms_buffer *buffer)
{
	u64 value;
	int err;

	err = nms_range_grant(buffer, 0, NMS_HW_RIGHT_READ | NMS_HW_RIGHT_WRITE, &value);
	if (nms_is_fatal(err))
		return;		/* the recovery sees to it */
	if (err) {
		dev_warn(&buffer->nms->dev, "range %u is lost: %d\n", buffer->range, err);
		WRITE_ONCE(buffer->dead, true);
	} else if (upper_32_bits(value) != buffer->range_generation) {
		WRITE_ONCE(buffer->range_generation, upper_32_bits(value));
		nms_buffer_set_lost(buffer);
	}
}

void nms_buffer_lost(struct nms_device *nms, u32 range)
{
	struct nms_buffer *buffer;

	mutex_lock(&nms->table_lock);
	list_for_each_entry(buffer, &nms->buffers, link) {
		mutex_lock(&buffer->lock);
		if (buffer->range == range && range && !buffer->dead)
			nms_buffer_check(buffer);
		mutex_unlock(&buffer->lock);
	}
	mutex_unlock(&nms->table_lock);
}
