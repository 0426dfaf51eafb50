// SPDX-License-Identifier: GPL-2.0-only
/* The PCI function: probe, remove, power, resets and errors of the bus. */
#include <linux/dmapool.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "nms_regs.h"

unsigned int nms_timeout_ms = 30000;
module_param_named(timeout_ms, nms_timeout_ms, uint, 0644);
MODULE_PARM_DESC(timeout_ms, "how long a command may go unanswered beyond its deadline (30000)");

unsigned int nms_admin_timeout_ms = 30000;
module_param_named(admin_timeout_ms, nms_admin_timeout_ms, uint, 0644);
MODULE_PARM_DESC(admin_timeout_ms, "how long an admin command may go unanswered (30000)");

unsigned int nms_coalesce;
module_param_named(coalesce, nms_coalesce, uint, 0444);
MODULE_PARM_DESC(coalesce,
		 "completions per interrupt, plus 256 times the wait in 100 us (0: the device's)");

static unsigned int nms_max_queues = 64;
module_param_named(queues, nms_max_queues, uint, 0444);
MODULE_PARM_DESC(queues, "most pairs of rings (64; one for each processor)");

static unsigned int nms_max_vectors = 65;
module_param_named(vectors, nms_max_vectors, uint, 0444);
MODULE_PARM_DESC(vectors, "most interrupt vectors (65)");

/* ---- interrupts ---------------------------------------------------------------- */

static irqreturn_t nms_irq(int irq, void *data)
{
	struct nms_vector *vector = data;
	struct nms_device *nms = vector->nms;
	unsigned int n = 0;
	u32 status;

	atomic64_inc(&vector->interrupts);
	for (unsigned int i = 0; i < nms->nqueues; i++)
		if (nms->queues[i].vector == vector->index)
			n += nms_queue_poll(&nms->queues[i]);
	if (vector->index)
		return n ? IRQ_HANDLED : IRQ_NONE;
	n += nms_queue_poll(&nms->admin);
	if (n)
		return IRQ_HANDLED;
	/* A device that stops has no other way to say so. */
	if (READ_ONCE(nms->state) != NMS_LIVE)
		return IRQ_NONE;
	status = nms_read32(nms, NMS_HW_REG_STATUS);
	if (!nms_is_gone(status) && (status & NMS_HW_STATUS_FATAL)) {
		nms_recover(nms, "the device has stopped with a fatal error");
		return IRQ_HANDLED;
	}
	return IRQ_NONE;
}

static void nms_free_irqs(struct nms_device *nms)
{
	for (unsigned int i = 0; i < nms->nvectors; i++) {
		irq_update_affinity_hint(nms->vectors[i].irq, NULL);
		free_irq(nms->vectors[i].irq, &nms->vectors[i]);
	}
	nms->nvectors = 0;
	pci_free_irq_vectors(nms->pdev);
}

/* One vector for admin and one for each queue, or as many as there are. */
static int nms_request_irqs(struct nms_device *nms)
{
	unsigned int want = clamp(nms_max_vectors, 1u, nms->nqueues + 1);
	struct pci_dev *pdev = nms->pdev;
	int have, err;

	have = pci_alloc_irq_vectors(pdev, 1, want, PCI_IRQ_MSIX);
	if (have < 0)
		return dev_err_probe(&pdev->dev, have, "no interrupt vector\n");
	nms->vectors = devm_kcalloc(&pdev->dev, have, sizeof(*nms->vectors), GFP_KERNEL);
	if (!nms->vectors) {
		pci_free_irq_vectors(pdev);
		return -ENOMEM;
	}
	for (int i = 0; i < have; i++) {
		struct nms_vector *vector = &nms->vectors[i];

		vector->nms = nms;
		vector->index = i;
		vector->irq = pci_irq_vector(pdev, i);
		snprintf(vector->name, sizeof(vector->name), i ? "nms%d-q%d" : "nms%d-admin",
			 nms->id, i);
		err = request_irq(vector->irq, nms_irq, 0, vector->name, vector);
		if (err) {
			nms_free_irqs(nms);
			return err;
		}
		nms->nvectors++;
		if (i)
			irq_set_affinity_and_hint(vector->irq,
						  cpumask_of((i - 1) % nr_cpu_ids));
	}
	for (unsigned int i = 0; i < nms->nqueues; i++)
		nms->queues[i].vector = have > 1 ? 1 + i % (have - 1) : 0;
	return 0;
}

/* ---- probe --------------------------------------------------------------------- */

static int nms_check_regs(struct nms_device *nms)
{
	struct device *dev = &nms->pdev->dev;

	nms->version = nms_read32(nms, NMS_HW_REG_VERSION);
	if (nms_is_gone(nms->version))
		return dev_err_probe(dev, -ENODEV, "the device does not answer\n");
	if (nms->version >> 16 != NMS_HW_VERSION_1_0 >> 16)
		return dev_err_probe(dev, -ENODEV, "unknown version %#x\n", nms->version);
	nms->cap = nms_read64(nms, NMS_HW_REG_CAP);
	nms->stride = NMS_HW_CAP_STRIDE(nms->cap);
	nms->start_ms = max_t(unsigned int, NMS_HW_CAP_TIMEOUT_MS(nms->cap), 500);
	nms->nqueues = min3((unsigned int)NMS_HW_CAP_QUEUES(nms->cap), num_possible_cpus(),
			    max(nms_max_queues, 1u));
	if (!nms->nqueues || NMS_HW_CAP_ENTRIES(nms->cap) < NMS_LEAST_ENTRIES ||
	    NMS_HW_CQ_DOORBELL(nms->nqueues, nms->stride) + 4 > NMS_HW_BAR_REGS_SIZE)
		return dev_err_probe(dev, -EPROTO, "implausible capabilities %#llx\n", nms->cap);
	return 0;
}

static int nms_map(struct nms_device *nms)
{
	struct pci_dev *pdev = nms->pdev;
	int err;

	err = pcim_enable_device(pdev);
	if (err)
		return err;
	if (pci_resource_len(pdev, NMS_HW_BAR_REGS) < NMS_HW_BAR_REGS_SIZE)
		return dev_err_probe(&pdev->dev, -ENODEV, "registers are missing\n");
	err = pcim_iomap_regions(pdev, BIT(NMS_HW_BAR_REGS), NMS_NAME);
	if (err)
		return err;
	nms->regs = pcim_iomap_table(pdev)[NMS_HW_BAR_REGS];
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (err)
		err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	if (err)
		return dev_err_probe(&pdev->dev, err, "no usable DMA mask\n");
	dma_set_max_seg_size(&pdev->dev, SZ_1G);
	nms->iommu = device_iommu_mapped(&pdev->dev);
	if (!nms->iommu)
		dev_notice(&pdev->dev, "no IOMMU: the device's accesses to memory are trusted\n");
	return nms_check_regs(nms);
}

static void nms_free_memory(struct nms_device *nms)
{
	/* What the device may still write to must never be anything else. */
	if (nms->dma_lost) {
		dev_err(&nms->pdev->dev, "rings are left where they are\n");
		return;
	}
	for (unsigned int i = 0; i < nms->nqueues; i++)
		nms_queue_free_rings(&nms->queues[i]);
	nms_queue_free_rings(&nms->admin);
	if (nms->page)
		dma_free_coherent(&nms->pdev->dev, PAGE_SIZE, nms->page, nms->page_dma);
	dma_pool_destroy(nms->blocks);
	dma_pool_destroy(nms->sgl_large);
	dma_pool_destroy(nms->sgl_small);
}

static int nms_alloc_memory(struct nms_device *nms)
{
	unsigned int most = NMS_HW_CAP_ENTRIES(nms->cap);
	struct device *dev = &nms->pdev->dev;
	int err = -ENOMEM;

	nms->identify = kzalloc(sizeof(*nms->identify), GFP_KERNEL);
	nms->queues = kcalloc(nms->nqueues, sizeof(*nms->queues), GFP_KERNEL);
	if (!nms->identify || !nms->queues)
		return -ENOMEM;
	nms->sgl_small = dma_pool_create("nms sgl small", dev, 256, 256, 0);
	nms->sgl_large = dma_pool_create("nms sgl large", dev, SZ_4K, SZ_4K, 0);
	nms->blocks = dma_pool_create("nms blocks", dev, sizeof(struct nms_hw_result), 64, 0);
	nms->page = dma_alloc_coherent(dev, PAGE_SIZE, &nms->page_dma, GFP_KERNEL);
	if (!nms->sgl_small || !nms->sgl_large || !nms->blocks || !nms->page)
		goto fail;
	err = nms_queue_init(nms, &nms->admin, 0, min(NMS_ADMIN_ENTRIES, most));
	for (unsigned int i = 0; !err && i < nms->nqueues; i++)
		err = nms_queue_init(nms, &nms->queues[i], i + 1, min(NMS_QUEUE_ENTRIES, most));
	if (err)
		goto fail;
	return 0;
fail:
	nms_free_memory(nms);
	return err;
}

static int nms_bring_up(struct nms_device *nms)
{
	int err;

	mutex_lock(&nms->run_lock);
	err = nms_start(nms, true);
	if (err)
		nms_stop(nms, NMS_GONE, -ENODEV);
	else
		nms->near_quota = le64_to_cpu(nms->identify->near_size);
	mutex_unlock(&nms->run_lock);
	if (err)
		dev_err_probe(&nms->pdev->dev, err, "the device could not be started\n");
	return err;
}

static int nms_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct nms_device *nms;
	int err;

	nms = nms_char_alloc();
	if (IS_ERR(nms))
		return PTR_ERR(nms);
	nms->pdev = pci_dev_get(pdev);
	nms->dev.parent = &pdev->dev;
	pci_set_drvdata(pdev, nms);
	err = nms_map(nms);
	if (err)
		goto put;
	err = nms_alloc_memory(nms);
	if (err)
		goto put;
	err = nms_request_irqs(nms);
	if (err)
		goto memory;
	/* Who had it before may have left it one. */
	pci_clear_master(pdev);
	pci_save_state(pdev);
	nms->saved_config = pci_store_saved_state(pdev);
	err = nms_bring_up(nms);
	if (err)
		goto irqs;
	err = nms_char_register(nms);
	if (err)
		goto stop;
	err = nms_hwmon_add(nms);
	if (err)
		dev_warn(&pdev->dev, "no energy in hwmon: %d\n", err);
	nms_debugfs_add(nms);
	dev_info(&pdev->dev, "%s: %s, %llu MiB near memory, %u queues, %u vectors\n",
		 dev_name(&nms->dev), nms->identify->model,
		 le64_to_cpu(nms->identify->near_size) >> 20, nms->nqueues, nms->nvectors);
	return 0;
stop:
	mutex_lock(&nms->run_lock);
	nms_stop(nms, NMS_GONE, -ENODEV);
	mutex_unlock(&nms->run_lock);
irqs:
	nms_free_irqs(nms);
	nms_recover_exit(nms);
memory:
	nms_free_memory(nms);
put:
	put_device(&nms->dev);
	return err;
}

static void nms_remove_stop(struct nms_device *nms)
{
	down_write(&nms->bound_lock);
	mutex_lock(&nms->run_lock);
	if (nms->state != NMS_GONE)
		nms_stop(nms, NMS_GONE, -ENODEV);
	mutex_unlock(&nms->run_lock);
	up_write(&nms->bound_lock);
}

/* Files may still be open: what they ask for from now on fails with ENODEV. */
static void nms_remove(struct pci_dev *pdev)
{
	struct nms_device *nms = pci_get_drvdata(pdev);

	nms_debugfs_remove(nms);
	nms_char_unregister(nms);
	/* Who has been pulled out does not answer any more. */
	if (pci_channel_offline(pdev) || nms_is_gone(nms_read32(nms, NMS_HW_REG_STATUS)))
		nms_remove_stop(nms);
	nms_dataset_drop_all(nms);
	flush_workqueue(nms->wq);
	nms_remove_stop(nms);
	nms_free_irqs(nms);
	nms_recover_exit(nms);
	nms_dataset_drop_all(nms);
	/* Jobs that have ended give their mappings back. */
	flush_workqueue(nms->wq);
	nms_free_memory(nms);
	put_device(&nms->dev);
}

static void nms_shutdown(struct pci_dev *pdev)
{
	struct nms_device *nms = pci_get_drvdata(pdev);

	mutex_lock(&nms->run_lock);
	nms_stop(nms, NMS_GONE, -ENODEV);
	mutex_unlock(&nms->run_lock);
	nms_recover_exit(nms);
	pci_clear_master(pdev);
}

/* ---- power --------------------------------------------------------------------- */

/* Stop, until nms_continue(). */
static void nms_pause(struct nms_device *nms, enum nms_state state)
{
	mutex_lock(&nms->run_lock);
	if (nms->state == NMS_LIVE || nms->state == NMS_DEAD) {
		if (state == NMS_RECOVERING)
			nms->bus_since = jiffies | 1;
		nms_stop(nms, state, 0);
	}
	mutex_unlock(&nms->run_lock);
}

static int nms_continue(struct nms_device *nms)
{
	int err;

	mutex_lock(&nms->run_lock);
	nms->bus_since = 0;
	/* The watchdog has not waited for this; but the function has been reset since. */
	if (nms->state == NMS_LIVE)
		nms_stop(nms, NMS_RECOVERING, 0);
	nms->generation++;
	err = nms_start(nms, false);
	if (err) {
		dev_err(&nms->pdev->dev, "the device did not come back: %d\n", err);
		nms_stop(nms, NMS_DEAD, err == -ENODEV ? -ENODEV : -EIO);
	}
	mutex_unlock(&nms->run_lock);
	return err;
}

static int nms_suspend(struct device *dev)
{
	struct nms_device *nms = dev_get_drvdata(dev);

	nms_pause(nms, NMS_SUSPENDED);
	return 0;
}

static int nms_resume(struct device *dev)
{
	return nms_continue(dev_get_drvdata(dev));
}

static DEFINE_SIMPLE_DEV_PM_OPS(nms_pm_ops, nms_suspend, nms_resume);

/* ---- resets and errors of the bus ---------------------------------------------- */

static void nms_reset_prepare(struct pci_dev *pdev)
{
	nms_pause(pci_get_drvdata(pdev), NMS_RECOVERING);
}

static void nms_reset_done(struct pci_dev *pdev)
{
	struct nms_device *nms = pci_get_drvdata(pdev);

	if (READ_ONCE(nms->state) == NMS_RECOVERING)
		nms_continue(nms);
}

static pci_ers_result_t nms_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct nms_device *nms = pci_get_drvdata(pdev);

	dev_err(&pdev->dev, "error of the bus, channel state %d\n", state);
	if (state == pci_channel_io_perm_failure) {
		/* Not gone: an administrator may bring it back, or the core remove it. */
		mutex_lock(&nms->run_lock);
		nms_stop(nms, NMS_DEAD, -EIO);
		mutex_unlock(&nms->run_lock);
		return PCI_ERS_RESULT_DISCONNECT;
	}
	nms_pause(nms, NMS_RECOVERING);
	return PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t nms_slot_reset(struct pci_dev *pdev)
{
	struct nms_device *nms = pci_get_drvdata(pdev);

	nms_restore_config(nms);
	return nms_continue(nms) ? PCI_ERS_RESULT_DISCONNECT : PCI_ERS_RESULT_RECOVERED;
}

static void nms_error_resume(struct pci_dev *pdev)
{
	struct nms_device *nms = pci_get_drvdata(pdev);

	/* Without a reset of the slot nobody has started the device again. */
	if (READ_ONCE(nms->state) == NMS_RECOVERING)
		nms_continue(nms);
}

static const struct pci_error_handlers nms_error_handlers = {
	.error_detected = nms_error_detected,
	.slot_reset = nms_slot_reset,
	.resume = nms_error_resume,
	.reset_prepare = nms_reset_prepare,
	.reset_done = nms_reset_done,
};

static const struct pci_device_id nms_ids[] = {
	{ PCI_DEVICE(NMS_HW_VENDOR_ID, NMS_HW_DEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, nms_ids);

static struct pci_driver nms_driver = {
	.name = NMS_NAME,
	.id_table = nms_ids,
	.probe = nms_probe,
	.remove = nms_remove,
	.shutdown = nms_shutdown,
	.err_handler = &nms_error_handlers,
	.driver.pm = pm_sleep_ptr(&nms_pm_ops),
};

static int __init nms_init(void)
{
	int err = nms_char_init();

	if (err)
		return err;
	nms_debugfs_init();
	err = pci_register_driver(&nms_driver);
	if (err) {
		nms_debugfs_exit();
		nms_char_exit();
	}
	return err;
}
module_init(nms_init);

static void __exit nms_exit(void)
{
	pci_unregister_driver(&nms_driver);
	nms_debugfs_exit();
	nms_char_exit();
}
module_exit(nms_exit);

MODULE_DESCRIPTION("Near-memory sampling device");
MODULE_AUTHOR("The near-memory sampling project");
MODULE_LICENSE("GPL");
