// SPDX-License-Identifier: GPL-2.0-only
/* /sys/class/nms/nmsN: Documentation/ABI/testing/sysfs-class-nms describes it. */
#include <linux/sysfs.h>

#include "nms_regs.h"

static struct nms_device *nms_of(struct device *dev)
{
	return container_of(dev, struct nms_device, dev);
}

#define NMS_SHOW(name, format, value)						\
static ssize_t name##_show(struct device *dev, struct device_attribute *attr, char *buf) \
{										\
	struct nms_device *nms = nms_of(dev);					\
										\
	return sysfs_emit(buf, format "\n", value);				\
}										\
static DEVICE_ATTR_RO(name)

NMS_SHOW(model, "%s", nms->identify->model);
NMS_SHOW(serial, "%s", nms->identify->serial);
NMS_SHOW(firmware, "%s", nms->identify->firmware);
NMS_SHOW(energy_profile, "%s", nms->identify->energy);
NMS_SHOW(hw_version, "%#x", nms->version);
NMS_SHOW(numerics, "%u", le32_to_cpu(nms->identify->numerics));
NMS_SHOW(near_size, "%llu", le64_to_cpu(nms->identify->near_size));
NMS_SHOW(near_page, "%llu", le64_to_cpu(nms->identify->near_page));
NMS_SHOW(near_used, "%lld", atomic64_read(&nms->near_used));
NMS_SHOW(queues, "%u", nms->nqueues);
NMS_SHOW(vectors, "%u", nms->nvectors);
NMS_SHOW(state, "%s", nms_state_name(READ_ONCE(nms->state)));
NMS_SHOW(generation, "%u", nms->generation);
NMS_SHOW(resets, "%u", nms->resets);
NMS_SHOW(last_recovery, "%s", nms->reason);
NMS_SHOW(lost_pages, "%lld", atomic64_read(&nms->lost_pages));

static ssize_t near_quota_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(nms_of(dev)->near_quota));
}

static ssize_t near_quota_store(struct device *dev, struct device_attribute *attr,
				const char *buf, size_t count)
{
	struct nms_device *nms = nms_of(dev);
	u64 quota;
	int err = kstrtou64(buf, 0, &quota);

	if (err)
		return err;
	mutex_lock(&nms->table_lock);
	nms->near_quota = quota;
	mutex_unlock(&nms->table_lock);
	return count;
}
static DEVICE_ATTR_RW(near_quota);

/* Also how an administrator tries again with a device that is dead. */
static ssize_t recover_store(struct device *dev, struct device_attribute *attr, const char *buf,
			     size_t count)
{
	bool yes;
	int err = kstrtobool(buf, &yes);

	if (err || !yes)
		return -EINVAL;
	/* One that is about to end, in vain perhaps, would not serve who asks now. */
	flush_work(&nms_of(dev)->recover_work);
	nms_recover_asked(nms_of(dev));
	flush_work(&nms_of(dev)->recover_work);
	return count;
}
static DEVICE_ATTR_WO(recover);

static struct attribute *nms_attrs[] = {
	&dev_attr_model.attr,
	&dev_attr_serial.attr,
	&dev_attr_firmware.attr,
	&dev_attr_energy_profile.attr,
	&dev_attr_hw_version.attr,
	&dev_attr_numerics.attr,
	&dev_attr_near_size.attr,
	&dev_attr_near_page.attr,
	&dev_attr_near_used.attr,
	&dev_attr_near_quota.attr,
	&dev_attr_queues.attr,
	&dev_attr_vectors.attr,
	&dev_attr_state.attr,
	&dev_attr_generation.attr,
	&dev_attr_resets.attr,
	&dev_attr_last_recovery.attr,
	&dev_attr_lost_pages.attr,
	&dev_attr_recover.attr,
	NULL
};

static const struct attribute_group nms_group = {
	.attrs = nms_attrs,
};

const struct attribute_group *nms_sysfs_groups[] = {
	&nms_group,
	NULL
};
