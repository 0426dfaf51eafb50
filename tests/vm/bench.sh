#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In the guest: measure the device, and beside it an emulated NVMe drive.
cd "$(dirname "$0")" || exit 1
[ -e /dev/nms0 ] || insmod "$NMS_MODULE" || exit 1
peer=
[ -e /dev/ng0n1 ] && peer=--peer=/dev/ng0n1
# shellcheck disable=SC2046,SC2086
./nmsctl bench $peer $(cat bench.args)
