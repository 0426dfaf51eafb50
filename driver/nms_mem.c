// SPDX-License-Identifier: GPL-2.0-only
/*
 * User memory that the device reaches: pinned for the process that submits,
 * charged to its RLIMIT_MEMLOCK, mapped, and described by scatter lists.
 */
#include <linux/bvec.h>
#include <linux/capability.h>
#include <linux/dmapool.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "nms_compat.h"
#include "nms_drv.h"

/* A part of a transfer: so many bytes at most, and a scatter list of one page. */
#define NMS_PIECE_BYTES		SZ_4M
#define NMS_PIECE_ENTRIES	(SZ_4K / sizeof(struct nms_hw_sge))
#define NMS_SMALL_ENTRIES	(256 / sizeof(struct nms_hw_sge))

/* ---- charge and pin ------------------------------------------------------------ */

static int nms_mem_charge(struct nms_context *ctx, struct nms_mem *mem)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	struct mm_struct *mm = current->mm;

	if (atomic64_add_return(mem->npages, &mm->pinned_vm) > limit && !capable(CAP_IPC_LOCK)) {
		atomic64_sub(mem->npages, &mm->pinned_vm);
		return -ENOMEM;
	}
	mmgrab(mm);
	mem->charged = mm;
	atomic64_add(mem->npages, &ctx->pinned_pages);
	atomic64_add(mem->npages, &ctx->nms->pinned_pages);
	return 0;
}

static void nms_mem_uncharge(struct nms_context *ctx, struct nms_mem *mem)
{
	if (!mem->charged)
		return;
	atomic64_sub(mem->npages, &mem->charged->pinned_vm);
	mmdrop(mem->charged);
	mem->charged = NULL;
	atomic64_sub(mem->npages, &ctx->pinned_pages);
	atomic64_sub(mem->npages, &ctx->nms->pinned_pages);
}

static int nms_mem_pin_pages(struct nms_mem *mem, unsigned long start)
{
	/* The device may take its time with them: not where memory must stay movable. */
	unsigned int gup = FOLL_LONGTERM | (mem->dir == DMA_FROM_DEVICE ? FOLL_WRITE : 0);
	unsigned long done = 0;

	mem->pages = kvmalloc_array(mem->npages, sizeof(*mem->pages), GFP_KERNEL_ACCOUNT);
	if (!mem->pages)
		return -ENOMEM;
	while (done < mem->npages) {
		int n = pin_user_pages_fast(start + done * PAGE_SIZE, mem->npages - done, gup,
					    mem->pages + done);

		if (n <= 0) {
			unpin_user_pages(mem->pages, done);
			kvfree(mem->pages);
			mem->pages = NULL;
			return n ? n : -EFAULT;
		}
		done += n;
		cond_resched();
	}
	return 0;
}

/*
 * Two commands may name the same memory, which is their submitter's affair; the
 * mapping itself, which may not overlap another, leaves the caches alone.
 *
 * With CONFIG_DMA_API_DEBUG, and only with it, a kernel before 7.1 warns once of more
 * than seven that the device writes to, as it does of O_DIRECT reads from any block device.
 */
static int nms_mem_map(struct nms_device *nms, struct nms_mem *mem)
{
	struct device *dev = &nms->pdev->dev;
	int err = dma_map_sgtable(dev, &mem->sgt, mem->dir, NMS_DMA_ATTRS);

	if (err)
		return err;
	dma_sync_sgtable_for_device(dev, &mem->sgt, mem->dir);
	mem->mapped = true;
	return 0;
}

/*
 * Memory of the calling process, at any alignment.  On an error, too, what was
 * done is undone by nms_mem_unmap() and nms_mem_unpin().
 */
int nms_mem_pin(struct nms_context *ctx, struct nms_mem *mem, u64 address, u64 length,
		bool device_writes)
{
	unsigned long start = address & PAGE_MASK;
	unsigned int offset = offset_in_page(address);
	int err;

	/* Where the address space ends a late kernel would say -EOVERFLOW. */
	if (address + length > ULONG_MAX || !access_ok(u64_to_user_ptr(address), length))
		return -EFAULT;
	mem->dir = device_writes ? DMA_FROM_DEVICE : DMA_TO_DEVICE;
	mem->npages = DIV_ROUND_UP(offset + length, PAGE_SIZE);
	err = nms_mem_charge(ctx, mem);
	if (err)
		return err;
	err = nms_mem_pin_pages(mem, start);
	if (err)
		return err;
	err = sg_alloc_table_from_pages_segment(&mem->sgt, mem->pages, mem->npages, offset,
						length, SZ_1G, GFP_KERNEL);
	if (err)
		return err;
	return nms_mem_map(ctx->nms, mem);
}

/* ---- fixed buffers ------------------------------------------------------------- */

struct nms_walk {
	const struct bio_vec *bv;
	unsigned int nr;
	size_t skip, left;	/* bytes: within *bv, and of all */
};

struct nms_run {
	struct page *page;
	size_t offset, length;
};

/*
 * The next stretch of memory without a gap: older rings have a segment for each
 * page, and each would be mapped by itself.
 */
static bool nms_next_run(struct nms_walk *walk, struct nms_run *run)
{
	phys_addr_t end = 0;

	run->length = 0;
	while (walk->left && walk->nr) {
		const struct bio_vec *bv = walk->bv;
		size_t take = min_t(size_t, bv->bv_len - walk->skip, walk->left);
		phys_addr_t begin = page_to_phys(bv->bv_page) + bv->bv_offset + walk->skip;

		if (run->length && (begin != end || run->length + take > SZ_1G))
			break;
		if (!run->length) {
			run->page = bv->bv_page;
			run->offset = bv->bv_offset + walk->skip;
		}
		run->length += take;
		end = begin + take;
		walk->left -= take;
		walk->skip = 0;
		walk->bv++;
		walk->nr--;
	}
	return run->length;
}

static int nms_mem_from_bvec(struct nms_mem *mem, const struct iov_iter *iter)
{
	const struct nms_walk whole = {
		.bv = iter->bvec, .nr = iter->nr_segs, .skip = iter->iov_offset,
		.left = iov_iter_count(iter),
	};
	struct nms_walk walk = whole;
	struct scatterlist *sg;
	struct nms_run run;
	unsigned int n = 0, i;
	int err;

	while (nms_next_run(&walk, &run))
		n++;
	if (!n || walk.left)
		return -EFAULT;
	err = sg_alloc_table(&mem->sgt, n, GFP_KERNEL);
	if (err)
		return err;
	walk = whole;
	for_each_sgtable_sg(&mem->sgt, sg, i) {
		nms_next_run(&walk, &run);
		sg_set_page(sg, run.page, run.length, run.offset);
	}
	return 0;
}

/* Memory that the ring has pinned and charged; it stays so until the command is done. */
int nms_mem_fixed(struct nms_context *ctx, struct nms_mem *mem, u64 address, u64 length,
		  bool device_writes, struct io_uring_cmd *ioucmd, unsigned int issue_flags)
{
	struct iov_iter iter;
	int err;

	if (!(ioucmd->flags & IORING_URING_CMD_FIXED))
		return -EINVAL;
	mem->dir = device_writes ? DMA_FROM_DEVICE : DMA_TO_DEVICE;
	err = nms_uring_import_fixed(address, length, device_writes ? READ : WRITE, &iter, ioucmd,
				     issue_flags);
	if (err)
		return err;
	if (!iov_iter_is_bvec(&iter))
		return -EOPNOTSUPP;
	err = nms_mem_from_bvec(mem, &iter);
	if (err)
		return err;
	return nms_mem_map(ctx->nms, mem);
}

/* ---- give back ----------------------------------------------------------------- */

/* The device could not be stopped: nobody else may ever have these pages. */
static void nms_mem_lose(struct nms_device *nms, struct nms_mem *mem)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_sg(&mem->sgt, sg, i) {
		unsigned long pfn = page_to_pfn(sg_page(sg)) + (sg->offset >> PAGE_SHIFT);
		unsigned long n = DIV_ROUND_UP(offset_in_page(sg->offset) + sg->length, PAGE_SIZE);

		atomic64_add(n, &nms->lost_pages);
		/* The ring would unpin its own. */
		while (!mem->pages && n--)
			get_page(pfn_to_page(pfn++));
	}
	mem->mapped = false;
	sg_free_table(&mem->sgt);
	kvfree(mem->pages);
	mem->pages = NULL;
}

/* Any context.  From here on the device does not reach the memory. */
void nms_mem_unmap(struct nms_device *nms, struct nms_mem *mem)
{
	if (!mem->mapped)
		return;
	if (mem->lost) {
		nms_mem_lose(nms, mem);
		return;
	}
	dma_sync_sgtable_for_cpu(&nms->pdev->dev, &mem->sgt, mem->dir);
	dma_unmap_sgtable(&nms->pdev->dev, &mem->sgt, mem->dir, NMS_DMA_ATTRS);
	mem->mapped = false;
}

/* May sleep. */
void nms_mem_unpin(struct nms_context *ctx, struct nms_mem *mem)
{
	if (mem->sgt.sgl)
		sg_free_table(&mem->sgt);
	if (mem->pages) {
		unpin_user_pages_dirty_lock(mem->pages, mem->npages, mem->dir == DMA_FROM_DEVICE);
		kvfree(mem->pages);
		mem->pages = NULL;
	}
	nms_mem_uncharge(ctx, mem);
}

/* ---- scatter lists ------------------------------------------------------------- */

/* A place in a mapped table. */
struct nms_sg_iter {
	struct scatterlist *sg;
	unsigned int left;	/* entries, the present one included */
	unsigned int at;	/* bytes into the present one */
};

/*
 * The next part: at most so many @bytes, and @most entries.  Neighbours are
 * joined.  @sgl NULL: only count.  Returns the number of entries.
 */
static unsigned int nms_sg_next_piece(struct nms_sg_iter *it, struct nms_hw_sge *sgl,
				      unsigned int most, u64 bytes, u64 *length)
{
	u64 room = bytes, end = 0;
	unsigned int n = 0;
	u32 size = 0;

	while (it->left && room) {
		u64 addr = sg_dma_address(it->sg) + it->at;
		u32 take = min_t(u64, sg_dma_len(it->sg) - it->at, room);

		if (n && addr == end) {
			size += take;
		} else {
			if (n == most)
				break;
			n++;
			size = take;
			if (sgl)
				sgl[n - 1] = (struct nms_hw_sge){ .addr = cpu_to_le64(addr) };
		}
		if (sgl)
			sgl[n - 1].length = cpu_to_le32(size);
		end = addr + take;
		room -= take;
		it->at += take;
		if (it->at == sg_dma_len(it->sg)) {
			it->sg = sg_next(it->sg);
			it->left--;
			it->at = 0;
		}
	}
	*length = bytes - room;
	return n;
}

static unsigned int nms_most_entries(const struct nms_device *nms)
{
	return min_t(u32, le32_to_cpu(nms->identify->max_sgl_entries), NMS_PIECE_ENTRIES);
}

static unsigned int nms_count_pieces(struct nms_device *nms, struct nms_mem *mem)
{
	struct nms_sg_iter it = { mem->sgt.sgl, mem->sgt.nents, 0 };
	unsigned int n = 0;
	u64 length;

	while (it.left) {
		nms_sg_next_piece(&it, NULL, nms_most_entries(nms), NMS_PIECE_BYTES, &length);
		n++;
	}
	return n;
}

static struct dma_pool *nms_sgl_pool(struct nms_device *nms, unsigned int entries)
{
	return entries <= NMS_SMALL_ENTRIES ? nms->sgl_small : nms->sgl_large;
}

static void nms_piece_set_sgl(struct nms_piece *piece, dma_addr_t dma, unsigned int entries)
{
	piece->req.cmd.sgl = cpu_to_le64(dma);
	piece->req.cmd.sgl_entries = cpu_to_le32(entries);
}

static int nms_fill_piece(struct nms_device *nms, struct nms_sg_iter *it, struct nms_piece *piece)
{
	struct nms_sg_iter probe = *it;
	unsigned int entries;
	dma_addr_t dma;

	entries = nms_sg_next_piece(&probe, NULL, nms_most_entries(nms), NMS_PIECE_BYTES,
				    &piece->length);
	piece->sgl = dma_pool_alloc(nms_sgl_pool(nms, entries), GFP_KERNEL, &dma);
	if (!piece->sgl)
		return -ENOMEM;
	nms_sg_next_piece(it, piece->sgl, nms_most_entries(nms), NMS_PIECE_BYTES,
			  &piece->length);
	piece->req.cmd.data.length = cpu_to_le64(piece->length);
	nms_piece_set_sgl(piece, dma, entries);
	return 0;
}

/*
 * A command that cannot be split, whose memory is mapped: one list, of as many pages
 * as it takes.
 */
int nms_mem_whole(struct nms_device *nms, struct nms_job_cmd *cmd)
{
	struct nms_sg_iter it = { cmd->mem.sgt.sgl, cmd->mem.sgt.nents, 0 }, probe = it;
	unsigned int most = le32_to_cpu(nms->identify->max_sgl_entries);
	struct nms_piece *piece = &cmd->one;
	unsigned int entries;
	dma_addr_t dma;

	entries = nms_sg_next_piece(&probe, NULL, most, U64_MAX, &piece->length);
	if (probe.left)
		return -EMSGSIZE;
	if (entries <= NMS_PIECE_ENTRIES)
		piece->sgl = dma_pool_alloc(nms_sgl_pool(nms, entries), GFP_KERNEL, &dma);
	else
		piece->sgl = dma_alloc_coherent(&nms->pdev->dev,
						array_size(entries, sizeof(*piece->sgl)),
						&dma, GFP_KERNEL | __GFP_NOWARN);
	if (!piece->sgl)
		return -ENOMEM;
	nms_sg_next_piece(&it, piece->sgl, most, U64_MAX, &piece->length);
	nms_piece_set_sgl(piece, dma, entries);
	return 0;
}

/* Split a WRITE or READ, whose memory is mapped and whose first part has the command. */
int nms_mem_pieces(struct nms_device *nms, struct nms_job_cmd *cmd)
{
	struct nms_sg_iter it = { cmd->mem.sgt.sgl, cmd->mem.sgt.nents, 0 };
	u64 offset = le64_to_cpu(cmd->one.req.cmd.data.near.offset);
	unsigned int n = nms_count_pieces(nms, &cmd->mem);
	int err;

	if (n > 1) {
		cmd->pieces = kvcalloc(n, sizeof(*cmd->pieces), GFP_KERNEL_ACCOUNT);
		if (!cmd->pieces) {
			cmd->pieces = &cmd->one;
			return -ENOMEM;
		}
		cmd->npieces = n;
	}
	for (unsigned int i = 0; i < n; i++) {
		struct nms_piece *piece = &cmd->pieces[i];

		piece->req.cmd = cmd->one.req.cmd;
		piece->req.cmd.data.near.offset = cpu_to_le64(offset);
		err = nms_fill_piece(nms, &it, piece);
		if (err)
			return err;
		offset += piece->length;
	}
	return 0;
}

static void nms_mem_free_sgl(struct nms_device *nms, struct nms_piece *piece)
{
	unsigned int entries = le32_to_cpu(piece->req.cmd.sgl_entries);
	dma_addr_t dma = le64_to_cpu(piece->req.cmd.sgl);

	if (entries <= NMS_PIECE_ENTRIES)
		dma_pool_free(nms_sgl_pool(nms, entries), piece->sgl, dma);
	else
		dma_free_coherent(&nms->pdev->dev, array_size(entries, sizeof(*piece->sgl)),
				  piece->sgl, dma);
}

/* Any context; with lists of many pages, one that may sleep. */
void nms_mem_free_sgls(struct nms_device *nms, struct nms_job_cmd *cmd)
{
	for (unsigned int i = 0; i < cmd->npieces; i++) {
		struct nms_piece *piece = &cmd->pieces[i];

		if (piece->sgl && !cmd->mem.lost)
			nms_mem_free_sgl(nms, piece);
		piece->sgl = NULL;
	}
}

void nms_mem_free_pieces(struct nms_job_cmd *cmd)
{
	if (cmd->pieces != &cmd->one)
		kvfree(cmd->pieces);
}
