#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The module goes away, whatever the tests before did to the device, and has
# left no memory behind where the kernel looks for that.
leaks=/sys/kernel/debug/kmemleak

# The last test may have done so.
if lsmod | grep -q '^nms ' && ! rmmod nms; then
	echo "the module is still in use:"
	lsmod
	exit 1
fi
if [ -e /dev/nms0 ]; then
	echo "/dev/nms0 is still there"
	exit 1
fi
# The debugging kernels of tests/vm have it, but for the one that looks for races.
case $(uname -r) in
*-amd64) exit 0 ;;
esac
[ ! -e /sys/kernel/debug/kcsan ] || exit 0
# What is younger than 5 s is not reported, nor what changed since the last scan.
sleep 6
echo scan >"$leaks" && echo scan >"$leaks" || exit 1
found=$(cat "$leaks")
[ -z "$found" ] || {
	echo "$found"
	exit 1
}
