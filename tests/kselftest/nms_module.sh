#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Load and unload, with one vector and with many; who may see what.  Needs the
# module as a file, NMS_MODULE, and nobody who uses it.
n=0
failed=0

ok() {
	n=$((n + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $n $1"
	else
		echo "not ok $n $1 # $2, not $3"
		failed=1
	fi
}

value() {
	cat "/sys/class/nms/nms0/$1" 2>/dev/null
}

echo "TAP version 13"
if [ -z "$NMS_MODULE" ] || [ "$(id -u)" != 0 ]; then
	echo "1..0 # SKIP needs root and NMS_MODULE"
	exit 4
fi
lsmod | grep -q '^nms ' && rmmod nms
[ -e /dev/nms0 ] && echo "# /dev/nms0 is there without a module"

for i in 1 2 3; do
	insmod "$NMS_MODULE"
	ok "load-$i" $? 0
	if [ ! -e /dev/nms0 ]; then
		rmmod nms
		echo "1..0 # SKIP there is no device"
		exit 4
	fi
	ok "state-$i" "$(value state)" live
	rmmod nms
	ok "unload-$i" $? 0
	ok "node-$i" "$(ls /dev/nms0 2>/dev/null)" ""
done

insmod "$NMS_MODULE" vectors=1
ok one-vector "$(value vectors)" 1
ok one-vector-live "$(value state)" live
for test in nms_query nms_data; do
	if [ -x "$(dirname "$0")/$test" ]; then
		"$(dirname "$0")/$test" | sed 's/^/# /' >/tmp/nms_module.out
		ok "one-vector-$test" "$(grep -c '^# not ok' /tmp/nms_module.out)" 0
	fi
done
rmmod nms
insmod "$NMS_MODULE" queues=1 coalesce=1288
ok one-queue "$(value queues)" 1
ok one-queue-live "$(value state)" live
if [ -x "$(dirname "$0")/nms_data" ]; then
	"$(dirname "$0")/nms_data" nop threads | sed 's/^/# /' >/tmp/nms_module.out
	ok coalesced "$(grep -c '^# not ok' /tmp/nms_module.out)" 0
fi
rmmod nms

insmod "$NMS_MODULE"
# In use, it stays.
exec 9</dev/nms0
rmmod nms 2>/dev/null
ok busy $? 1
ok fdinfo "$(grep -c '^drm-driver:	nms$' /proc/self/fdinfo/9)" 1
exec 9<&-
ok quota "$(value near_quota)" "$(value near_size)"
found=0
for energy in /sys/class/hwmon/hwmon*/energy1_input; do
	[ -e "$energy" ] || continue
	case $(cat "${energy%/*}/name") in
	nms)
		found=1
		ok energy-mode "$(stat -c %a "$energy")" 400
		ok energy "$(grep -c '^[0-9]*$' "$energy")" 1
		ok label "$(cat "${energy%input}label")" "near memory"
		;;
	esac
done
[ "$found" = 1 ] || echo "# this kernel has no hwmon: energy by query alone"
echo "1..$n"
exit $failed
