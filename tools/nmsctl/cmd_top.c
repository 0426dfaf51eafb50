// SPDX-License-Identifier: GPL-2.0-only
/* nmsctl top: what the devices do, again and again. */
#include "nmsctl.h"
#include "top.h"

int nmsctl_top(const struct nmsctl_options *options)
{
	return top_run("", options);
}
