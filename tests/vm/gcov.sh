#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In the guest, after the module has gone: what the kernel has counted of its lines,
# as a compressed archive in lines of base64.
counted=/sys/kernel/debug/gcov
copy=/tmp/gcov

mkdir -p "$copy"
found=0
for file in $(cd "$counted" && find . -name 'nms_*.gcda'); do
	mkdir -p "$copy/${file%/*}"
	# A file of debugfs tells no size, and an archive of it would be empty.
	cat "$counted/$file" >"$copy/$file" || exit 1
	found=$((found + 1))
done
[ "$found" -gt 0 ] || {
	echo "the kernel has counted nothing of nms.ko"
	exit 1
}
tar -C "$copy" -c . | gzip | base64 | sed 's/^/gcda /'
