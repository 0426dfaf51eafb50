# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Sourced by the scripts beside it: where things are kept, and how they are made once.

cache=${NMS_CACHE:-$HOME/.cache/nms}
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)

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

# once FOLDER COMMAND...: make FOLDER by a command that is given an empty folder
# to fill; seen by others only when it is whole.
once() {
	folder=$1
	shift
	[ -d "$folder" ] && return 0
	mkdir -p "$cache"
	(
		flock 9
		[ -d "$folder" ] && exit 0
		rm -rf "$folder.part"
		mkdir -p "$folder.part"
		"$@" "$folder.part" >"$folder.log" 2>&1 ||
			die "making $folder failed; see $folder.log"
		mv "$folder.part" "$folder"
	) 9>"$folder.lock"
}
