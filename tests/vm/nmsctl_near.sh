#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Rows that stay in near memory: between processes, by rights, and without
# crossing the link again.  What an administrator does with a device.
. "$(dirname "$0")/tool.sh"

echo "TAP version 13"
[ -e /dev/nms0 ] || insmod "$NMS_MODULE"
mkdir -p /etc
echo 'root:x:0:0::/:/bin/sh' >/etc/passwd
echo 'joe:x:1000:1000::/:/bin/sh' >>/etc/passwd
joe() {
	su joe -s /bin/sh -c "cd $PWD; PATH=$PATH; $*"
}
sysfs=/sys/class/nms/nms0
nmsctl info x.npy --json >/tmp/info.json
rows=$(number /tmp/info.json rows)
cols=$(number /tmp/info.json cols)
begin=$(cat $sysfs/near_used)

# Loaded once ...
nmsctl load x x.npy --labels y.npy --json >/tmp/load.json
ok load [ $? = 0 ]
ok load-uploads [ "$(number /tmp/load.json uploaded)" = $((rows * cols + rows * 4)) ]
ok twice refused 1 "is there already" nmsctl load x x.npy
nmsctl list >/tmp/list
ok list grep -q "^  x .* x $cols *u8 .* root:.*, 0600$" /tmp/list
ok list-labels grep -q "^  x.labels .*u32 " /tmp/list
ok info sh -c 'nmsctl info nms:x | grep -q "^owner .*root.*0600"'

# ... chosen from by other processes, to which no row comes.
nmsctl sample nms:x --count 45 --method auto --profile portable --seed 5 --json \
	-o /tmp/near.npy >/tmp/near.json
ok sample cmp auto-portable-labels.npy /tmp/near.npy
link=$(number /tmp/near.json link_in)
echo "# link in: $link, rows: $((rows * cols)) bytes"
ok nothing-uploaded [ "$(number /tmp/near.json uploaded)" = 0 ]
ok link-in at_most $((rows * 4 + 4096)) "$link"
ok link-out at_most $((rows + 4096)) "$(number /tmp/near.json link_out)"
nmsctl sample nms:x --no-labels --count 45 --method nms --profile fma --seed 5 --json \
	-o /tmp/near.npy >/tmp/near.json
ok sample-again cmp nms-fma.npy /tmp/near.npy
ok link-in-again at_most 4096 "$(number /tmp/near.json link_in)"
ok manifest grep -q '"path": "nms:x"' /tmp/near.npy.manifest.json
ok no-digest [ "$(grep -c sha256 /tmp/near.npy.manifest.json)" = 1 ]
nmsctl verify /tmp/near.npy.manifest.json >/tmp/verify
ok verify [ $? = 0 ]
ok verify-says grep -q '^dataset .*not checked: .*no digest' /tmp/verify
ok verify-selection grep -q '^selection .*same' /tmp/verify
ok verify-file sh -c 'nmsctl verify /tmp/near.npy.manifest.json --data x.npy -q'
nmsctl gather nms:x auto-portable.npy -o /tmp/gather.npy --labels-out /tmp/labels.npy \
	--json >/tmp/gather.json
ok gather cmp gather.npy /tmp/gather.npy
ok gather-labels cmp gather-labels.npy /tmp/labels.npy
ok gather-bytes [ "$(number /tmp/gather.json link_out)" -ge $((45 * cols)) ]
ok gather-bytes-only at_most $((45 * cols + 4096)) "$(number /tmp/gather.json link_out)"
nmsctl embed nms:x --profile portable -q -o /tmp/embed.npy
ok embed cmp embed.npy /tmp/embed.npy

# By rights.
chmod 600 /dev/nms0
ok joe-node refused 1 "/dev/nms0" joe nmsctl info --device /dev/nms0
ok joe-doctor sh -c "! su joe -s /bin/sh -c '$tests/nmsctl doctor' >/tmp/doctor; grep -q '^missing  rights' /tmp/doctor"
chmod 666 /dev/nms0
ok joe-0600 refused 1 "x" joe nmsctl sample nms:x --count 5 -q
ok joe-sees-none sh -c "! su joe -s /bin/sh -c '$tests/nmsctl list' | grep -q '^  x '"
nmsctl unload x -q
ok unload [ $? = 0 ]
ok gone refused 1 "x" nmsctl sample nms:x --count 5 -q
ok gone-labels sh -c '! nmsctl list | grep -q "^  x"'
nmsctl load x x.npy --labels y.npy --mode 0644 -q
joe nmsctl sample nms:x --count 45 --profile portable --seed 5 -q -o /tmp/joe.npy
ok joe-0644 cmp auto-portable-labels.npy /tmp/joe.npy
ok joe-unload refused 1 "x" joe nmsctl unload x
ok joe-reset refused 1 "only root" joe nmsctl reset
ok joe-watch refused 1 "administrator" joe nmsctl energy --watch
joe nmsctl load mine x.npy -q
ok joe-load sh -c 'nmsctl list | grep -q "^  mine .*joe:"'
ok labels-kept-apart refused 1 "is there already" nmsctl load x y.npy --labels y.npy
joe nmsctl unload mine -q
nmsctl unload nms:x -q

# Interrupted, a load leaves nothing.
truncate -s 314400000 /tmp/big
for try in 1 2 3; do
	nmsctl load big /tmp/big --dtype u8 --shape 300000,1048 -q 2>/tmp/big.err &
	while [ "$(cat $sysfs/near_used)" = "$begin" ] && kill -0 $! 2>/dev/null; do :; done
	kill -TERM $!
	wait $!
	status=$?
	[ $status = 130 ] && break
	echo "# try $try ended with $status: $(cat /tmp/big.err)"
	nmsctl unload big -q
done
rm /tmp/big
ok interrupted [ $status = 130 ]
ok interrupted-name sh -c '! nmsctl list | grep -q "^  big "'
for _ in 1 2 3 4 5 6 7 8 9 10; do
	[ "$(cat $sysfs/near_used)" = "$begin" ] && break
	sleep 0.5
done
ok nothing-left [ "$(cat $sysfs/near_used)" = "$begin" ]

# For the administrator.
nmsctl energy --json >/tmp/energy.json
ok energy [ $? = 0 ]
ok energy-counts [ "$(number /tmp/energy.json commands)" -gt 0 ]
nmsctl energy --watch=0.2 --json >/tmp/watch.json &
sleep 0.3
nmsctl sample x.npy --count 5 --method random --device /dev/nms0 -q >/dev/null
sleep 1
kill $!
wait
ok watch [ "$(wc -l </tmp/watch.json)" -ge 3 ]
ok watch-saw grep -q '"link_in":[1-9]' /tmp/watch.json
generation=$(cat $sysfs/generation)
nmsctl reset --json >/tmp/reset.json
ok reset has /tmp/reset.json state live
ok generation [ "$(number /tmp/reset.json generation)" = $((generation + 1)) ]
nmsctl sample x.npy --count 45 --profile portable --labels y.npy --seed 5 -q --device /dev/nms0 \
	-o /tmp/after.npy
ok after-reset cmp auto-portable-labels.npy /tmp/after.npy
finish
