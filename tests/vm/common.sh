# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Sourced by the scripts beside it: where things are kept, and how they are made once.

cache=${NMS_CACHE:-$HOME/.cache/nms}
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
export PATH="$PATH:/usr/sbin:/sbin"

say() {
	echo "vm: $*" >&2
}

die() {
	say "$*"
	exit 1
}

# The Debian mirror that this machine's apt uses.
mirror() {
	apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' |
		awk '$1 == "Debian" { print $2; exit }'
}

# digest FILE...: a short key for what a cached thing is made from.
digest() {
	cat "$@" | sha256sum | cut -c 1-12
}

# discard FOLDER, whatever still dies in it.
discard() {
	until rm -rf "$1" 2>/dev/null; do
		sleep 0.2
	done
}

# once FOLDER ARGUMENT...: make FOLDER by the calling script itself, run with
# these arguments and an empty folder to fill; seen by others only when it is
# whole.  It runs in namespaces of its own: what it mounts is not seen outside,
# and what it starts dies with it.  Whoever is killed without a chance to clean
# up leaves a .part folder that the next one removes.
once() {
	folder=$1
	shift
	[ -d "$folder" ] && return 0
	mkdir -p "$cache"
	exec 9>"$folder.lock"
	flock 9
	if [ ! -d "$folder" ]; then
		say "making $folder"
		builder=
		trap '[ -z "$builder" ] || kill -KILL "$builder" 2>/dev/null || :; discard "$folder.part"' EXIT
		trap 'exit 130' INT
		trap 'exit 143' TERM HUP
		discard "$folder.part"
		mkdir "$folder.part"
		setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc \
			"$0" "$@" "$folder.part" >"$folder.log" 2>&1 </dev/null &
		builder=$!
		if ! wait "$builder"; then
			tail -n 5 "$folder.log" >&2
			die "making $folder failed; see $folder.log"
		fi
		mv "$folder.part" "$folder"
		trap - EXIT INT TERM HUP
	fi
	exec 9>&-
}
