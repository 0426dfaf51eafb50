// SPDX-License-Identifier: GPL-2.0-only
/*
 * Energy by domain, in microjoules, cumulative.  For root alone: fine-grained
 * energy tells what others compute.  Where a kernel has no hwmon, an
 * administrator asks by NMS_QUERY_DEVICE_COUNTERS.
 */
#include <linux/hwmon.h>

#include "nms_regs.h"

#define NMS_PICO_PER_MICRO 1000000

static const char * const nms_energy_label[] = {
	[NMS_HW_NEAR] = "near memory",
	[NMS_HW_COMPUTE] = "compute",
	[NMS_HW_SCRATCH] = "scratchpad",
	[NMS_HW_LINK] = "link",
	[NMS_HW_STATIC] = "static",
};

static umode_t nms_hwmon_is_visible(const void *data, enum hwmon_sensor_types type, u32 attr,
				    int channel)
{
	return attr == hwmon_energy_label ? 0444 : 0400;
}

static int nms_hwmon_read(struct device *dev, enum hwmon_sensor_types type, u32 attr,
			  int channel, long *value)
{
	struct nms_device *nms = dev_get_drvdata(dev);
	u32 generation;
	int err;

	down_read(&nms->bound_lock);
	generation = READ_ONCE(nms->generation);
	err = nms_regs_usable(nms);
	if (!err) {
		*value = nms_read64(nms, NMS_HW_REG_ENERGY + 8 * channel) / NMS_PICO_PER_MICRO;
		err = nms_regs_believe(nms, generation);
	}
	up_read(&nms->bound_lock);
	return err == -EAGAIN ? -EBUSY : err;
}

static int nms_hwmon_read_string(struct device *dev, enum hwmon_sensor_types type, u32 attr,
				 int channel, const char **text)
{
	*text = nms_energy_label[channel];
	return 0;
}

static const struct hwmon_ops nms_hwmon_ops = {
	.is_visible = nms_hwmon_is_visible,
	.read = nms_hwmon_read,
	.read_string = nms_hwmon_read_string,
};

static const struct hwmon_channel_info nms_hwmon_energy = {
	.type = hwmon_energy,
	.config = (const u32 []){
		HWMON_E_INPUT | HWMON_E_LABEL,
		HWMON_E_INPUT | HWMON_E_LABEL,
		HWMON_E_INPUT | HWMON_E_LABEL,
		HWMON_E_INPUT | HWMON_E_LABEL,
		HWMON_E_INPUT | HWMON_E_LABEL,
		0
	},
};

static const struct hwmon_channel_info *nms_hwmon_info[] = {
	&nms_hwmon_energy,
	NULL
};

static const struct hwmon_chip_info nms_hwmon_chip = {
	.ops = &nms_hwmon_ops,
	.info = nms_hwmon_info,
};

int nms_hwmon_add(struct nms_device *nms)
{
	struct device *dev;

	dev = devm_hwmon_device_register_with_info(&nms->pdev->dev, NMS_NAME, nms,
						   &nms_hwmon_chip, NULL);
	return PTR_ERR_OR_ZERO(dev);
}
