# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Sourced, after common.sh, by the scripts that build a small kernel from Debian's
# linux-source: they set source (the package), configs (the files of options), and
# system (the folder whose apt has the package), if it is not this machine's.

# download PACKAGE: to this folder.
download() {
	if [ -z "${system:-}" ]; then
		apt-get -qq -o APT::Sandbox::User=root download "$1"
		return
	fi
	# Nobody else sees this mount.
	mount --bind . "$system/mnt"
	chroot "$system" sh -ec "cd /mnt
		apt-get -o Acquire::Check-Valid-Until=false -qq update
		apt-get -qq -o APT::Sandbox::User=root download $1"
}

# Options that go by another name, or away without a word, would watch nothing.
configured() {
	missing=$(cat "$@" | grep '^CONFIG_.*=y' | grep -vxFf build/.config || true)
	[ -z "$missing" ] || die "this kernel does not take:" $missing
}

# make_kernel CONFIG...: here, vmlinuz, and build/ against which modules are built.
make_kernel() {
	download "$source"
	dpkg-deb -x "$source"_*.deb deb
	mkdir build
	tar -xf "deb/usr/src/$source.tar.xz" -C build --strip-components=1
	rm -rf deb "$source"_*.deb
	make -C build tinyconfig
	(cd build && scripts/kconfig/merge_config.sh -m .config "$@")
	make -C build olddefconfig
	configured "$@"
	make -C build -j "$(nproc)" bzImage modules
	cp build/arch/x86/boot/bzImage vmlinuz
	# What building a module needs is kept; the objects are not.
	find build -name '*.o' ! -path '*/scripts/*' ! -path '*/tools/*' -delete
	find build -name '*.a' -delete
	rm -f build/vmlinux
}

# built NAME VERSION [--build FOLDER]: the folder of this kernel, which is built
# if it is absent.
built() {
	name=$1
	version=$2
	shift 2
	if [ "${1:-}" = --build ]; then
		cd "$2"
		# shellcheck disable=SC2086 # a list
		make_kernel $configs
		return
	fi
	# shellcheck disable=SC2086 # a list
	folder=$cache/kernel-$name-$version-$(digest $configs "$here/built.sh")
	once "$folder" --build
	echo "$folder"
}

# The version of a source package of this machine's suite.
version_of() {
	apt-cache show "$1" | awk '$1 == "Version:" { print $2; exit }'
}
