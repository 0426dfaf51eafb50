# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Sourced by the tests of nmsctl in the guest: they run in a folder of their own
# with the files of tool_files, nmsctl is in the path.
n=0
failed=0

# ok NAME CONDITION...
ok() {
	name=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n $name"
	else
		echo "not ok $n $name # $*"
		failed=1
	fi
}

# refused STATUS WORD COMMAND...: it ends so, with one line that has the word.
refused() {
	status=$1 word=$2
	shift 2
	"$@" >/tmp/refused.out 2>/tmp/refused.err
	found=$?
	[ $found = "$status" ] && grep -q -- "$word" /tmp/refused.err &&
		[ "$(wc -l </tmp/refused.err)" = 1 ] && return 0
	echo "# status $found: $(cat /tmp/refused.err)"
	return 1
}

# number FILE KEY: its value in JSON of one key a line.
number() {
	sed -n "s/^ *\"$2\": \([0-9]*\),*$/\1/p" "$1" | head -n 1
}

# has FILE KEY TEXT
has() {
	grep -q "\"$2\": \"$3\"" "$1"
}

# at_most LIMIT NUMBER
at_most() {
	[ -n "$2" ] && [ "$2" -le "$1" ]
}

finish() {
	echo "1..$n"
	exit $failed
}

tests=$(cd "$(dirname "$0")" && pwd)
PATH=$tests:$PATH
cd "$tests/files" || exit 1
