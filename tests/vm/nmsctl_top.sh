#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# nmsctl top on the driver: what it shows of a device at work and of who uses it,
# and to whom it shows it.
. "$(dirname "$0")/tool.sh"

echo "TAP version 13"
[ -e /dev/nms0 ] || insmod "$NMS_MODULE"
mkdir -p /etc
echo 'root:x:0:0::/:/bin/sh' >/etc/passwd
echo 'joe:x:1000:1000::/:/bin/sh' >>/etc/passwd
joe() {
	su joe -s /bin/sh -c "cd $PWD; PATH=$PATH; $*"
}
chmod 666 /dev/nms0

# above FILE PATTERN: one of the values that the pattern ends with is not 0.
above() {
	grep -Eo "$2[0-9.e+-]+" "$1" | grep -qE '[:][0-9.e+-]*[1-9]'
}

# At rest.
nmsctl top --json --count 1 --interval 0.2 >/tmp/rest.json
ok rest [ $? = 0 ]
ok rest-counted grep -q '"counted":true' /tmp/rest.json
ok rest-no-context grep -q '"contexts":\[\]' /tmp/rest.json
ok rest-idle grep -q '"compute_running":0,"compute_waiting":0' /tmp/rest.json
size=$(cat /sys/class/nms/nms0/near_size)
ok near-size grep -q "\"near_size\":$size,\"near_used\":0," /tmp/rest.json
queues=$(cat /sys/class/nms/nms0/queues)
ok queues [ "$(grep -o '"in_flight":' /tmp/rest.json | wc -l)" = $((queues + 1)) ]

# At work: joe's, seen by root and by joe himself.
joe "while [ ! -e /tmp/stop ]; do nmsctl sample x.npy --count 45 --method nms --device /dev/nms0 -q; done" >/dev/null 2>&1 &
worker=$!
nmsctl top --json --count 12 --interval 0.5 >/tmp/work.json
joe "nmsctl top --json --count 6 --interval 0.5" >/tmp/joe.json
joe "nmsctl top --count 1 --interval 0.5" >/tmp/joe.text
nmsctl top --count 1 --interval 0.5 >/tmp/work.text
sed 's/^/# /' /tmp/work.text
touch /tmp/stop
wait $worker
ok work [ "$(wc -l </tmp/work.json)" = 12 ]
ok work-context grep -q '"uid":1000,"command":"nmsctl"' /tmp/work.json
ok work-runs above /tmp/work.json '"compute_running":'
ok work-busy above /tmp/work.json '"busy":'
ok work-power above /tmp/work.json '"total":'
ok work-link above /tmp/work.json '"link_in":'
ok work-text grep -q 'of the datapath.s cycles; compute: ' /tmp/work.text

# Who may see what.
ok joe-own grep -q '"uid":1000,"command":"nmsctl"' /tmp/joe.json
ok joe-counted grep -q '"counted":false' /tmp/joe.json
ok joe-no-power sh -c '! grep -q "milliwatts\|busy\|queues" /tmp/joe.json'
ok joe-is-told grep -q 'for administrators (CAP_PERFMON)' /tmp/joe.text
nmsctl sample x.npy --count 45 --method nms --device /dev/nms0 -q >/dev/null &
worker=$!
joe "nmsctl top --json --count 3 --interval 0.3" >/tmp/joe.json
wait $worker
ok joe-not-root sh -c '! grep -q "\"uid\":0" /tmp/joe.json'
ok joe-knows-not-all grep -q '"all_contexts":false' /tmp/joe.json

# Nothing of it holds the device.
nmsctl top --json --interval 0.1 >/tmp/held.json &
watcher=$!
sleep 0.5
rmmod nms
ok not-held [ $? = 0 ]
sleep 0.5
ok gone sh -c 'tail -n 2 /tmp/held.json | head -n 1 | grep -q "\"devices\":\[\]"'
insmod "$NMS_MODULE"
for _ in 1 2 3 4 5 6 7 8 9 10; do
	tail -n 2 /tmp/held.json | head -n 1 | grep -q '"counted":true' && break
	sleep 0.5
done
ok back sh -c 'tail -n 2 /tmp/held.json | head -n 1 | grep -q "\"counted\":true"'
kill -INT $watcher
wait $watcher
ok interrupted [ $? = 130 ]
finish
