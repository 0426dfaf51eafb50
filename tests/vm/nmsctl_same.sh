#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Through nmsctl, io_uring, the driver and the device comes what the software
# accelerator chose outside: the same files, for every method and arithmetic.
. "$(dirname "$0")/tool.sh"

echo "TAP version 13"
lsmod | grep -q '^nms ' && rmmod nms
ok no-device refused 1 /dev/nms0 nmsctl sample x.npy --count 5 --device /dev/nms0
ok no-doctor refused 1 "" sh -c 'nmsctl doctor >/tmp/doctor; s=$?; grep "^missing  driver" /tmp/doctor >&2; exit $s'
nmsctl sample x.npy --count 5 --json >/tmp/fallen.json
ok falls-back has /tmp/fallen.json backend emu
ok says-why grep -q '"reason": ".*/dev/nms' /tmp/fallen.json
insmod "$NMS_MODULE"
nmsctl doctor >/tmp/doctor
ok doctor [ $? = 0 ]
ok doctor-says grep -q '^/dev/nms0 can be used' /tmp/doctor

while read -r name method profile labels; do
	[ "$labels" = - ] && with= || with="--labels $labels"
	# shellcheck disable=SC2086
	nmsctl sample x.npy --count 45 --method "$method" --profile "$profile" $with --seed 5 \
		--device /dev/nms0 --json -o /tmp/chosen.npy >/tmp/chosen.json
	ok "$name" cmp "$name.npy" /tmp/chosen.npy
	ok "$name-device" has /tmp/chosen.json backend kernel
done <expected.list
ok ring has /tmp/chosen.json submission io_uring
ok node has /tmp/chosen.json node /dev/nms0
nmsctl verify /tmp/chosen.npy.manifest.json >/tmp/verify
ok verify [ $? = 0 ]

nmsctl embed x.npy --device /dev/nms0 --profile portable -q -o /tmp/embed.npy
ok embed cmp embed.npy /tmp/embed.npy
nmsctl gather x.npy auto-portable.npy --device /dev/nms0 -q -o /tmp/gather.npy \
	--labels y.npy --labels-out /tmp/gather-labels.npy
ok gather cmp gather.npy /tmp/gather.npy
ok gather-labels cmp gather-labels.npy /tmp/gather-labels.npy
finish
