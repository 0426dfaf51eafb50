# SPDX-License-Identifier: GPL-2.0-only
#
# The front door.  Userspace is built by meson; this file only calls it.

BUILD	?= build
PREFIX	?= /usr/local
MESON	:= /usr/bin/meson

# Where no package manager is to be asked: NMS_NO_SETUP=1.
setup	= $(if $(NMS_NO_SETUP),true,scripts/setup)

# The target of a bare make.
all:

.PHONY: all setup-build demo check lint docs module kselftest vmcheck check-debug vmtool bench eval vmbench \
	fuzz fuzz-kernel soak coverage coverage-driver deb debcheck install clean help

all: setup-build ## build the library and nmsctl (build/nmsctl runs in place)
	@ninja -C $(BUILD) --quiet

setup-build:
	@$(setup) build
	@test -f $(BUILD)/build.ninja || \
		$(MESON) setup $(BUILD) --prefix=$(PREFIX) $(MESON_OPTIONS)

demo: ## pick 600 exemplars of Fashion-MNIST and show them
	@$(setup) build demo
	@$(MAKE) --no-print-directory all
	@scripts/demo $(BUILD)

check: ## run every test, those in a virtual machine too
	@$(setup) build check
	@$(MAKE) --no-print-directory setup-build
	@$(MESON) configure $(BUILD) -Dtests=enabled
	@ninja -C $(BUILD) --quiet
	@scripts/vmcheck --make $(BUILD)
	@scripts/check $(BUILD)

lint: ## run the static checks
	@$(setup) build check vm lint
	@$(MAKE) --no-print-directory setup-build
	@scripts/lint $(BUILD)

docs: ## build the documentation as HTML in build/docs/
	@$(setup) build docs
	@$(MAKE) --no-print-directory all
	@scripts/docs $(BUILD)

# Of the running kernel, or KDIR=.
module: ## build the kernel module in build/module/<release>/ (KDIR=...)
	@scripts/module $(BUILD) $(KDIR)

kselftest: ## run the driver's tests on this machine's device
	@$(MAKE) --no-print-directory -C tests/kselftest OUTPUT=$(abspath $(BUILD))/kselftest run_tests

vmcheck: ## run only the driver's tests in a guest (KERNELS="6.1 6.12 7 debug" STALL=ms)
	@$(setup) build check vm
	@$(MAKE) --no-print-directory setup-build
	@$(MESON) configure $(BUILD) -Dtests=enabled
	@ninja -C $(BUILD) --quiet
	@NMS_STALL=$(STALL) scripts/vmcheck $(BUILD) $(KERNELS)

check-debug: ## the driver's tests on the kernels that watch: debug, debug7 (KASAN and more), kcsan (races)
	@$(MAKE) --no-print-directory vmcheck KERNELS="debug debug7 kcsan"

vmtool: ## try nmsctl on the device model in a guest: the same answers, and rows that stay
	@$(setup) build check vm
	@$(MAKE) --no-print-directory all
	@scripts/vmtool $(BUILD) $(KERNELS)

soak: ## jobs of all kinds under faults, resets, removals and kills (SECONDS=1800 KERNELS=6.1 SEED=1)
	@$(setup) build check vm
	@$(MAKE) --no-print-directory setup-build
	@$(MESON) configure $(BUILD) -Dtests=enabled
	@ninja -C $(BUILD) --quiet
	@scripts/vmsoak $(BUILD) $(or $(SECONDS),1800) $(or $(KERNELS),6.1) $(or $(SEED),1)

fuzz-kernel: ## system calls at random under faults, in a guest (SECONDS=300 SEED=1 CALLS=)
	@$(setup) build check vm
	@$(MAKE) --no-print-directory all
	@scripts/vmfuzz $(BUILD) $(or $(SECONDS),300) $(or $(SEED),1) $(CALLS)

bench: ## measure the software accelerator beside its peers (BENCH="--quick", see tests/bench)
	@$(setup) build bench
	@$(MAKE) --no-print-directory all
	@ninja -C $(BUILD) --quiet bench-programs
	@/usr/bin/python3 tests/bench/bench.py --build $(BUILD) $(BENCH)

eval: ## train on what the rules choose, and make the tables (EVAL="--ratios 1,5 --minutes 60")
	@$(setup) build eval
	@command -v npm >/dev/null || $(setup) npm
	@$(MAKE) --no-print-directory all
	@NMSCTL=$(BUILD)/nmsctl /usr/bin/python3 tests/eval/evaluate.py $(EVAL)
	@/usr/bin/python3 tests/eval/tables.py

vmbench: ## measure the device model beside an emulated NVMe drive, in a guest (KERNEL=7)
	@$(setup) build vm
	@$(MAKE) --no-print-directory all
	@scripts/vmbench $(BUILD) $(or $(KERNEL),7)

fuzz: ## hostile input, guided by coverage (FUZZ="--seconds 60 --only npy", see scripts/fuzz)
	@$(setup) build check fuzz
	@scripts/fuzz $(BUILD)/fuzz $(FUZZ)

deb: ## build the Debian packages, in build/deb/
	@$(setup) build deb
	@scripts/deb $(BUILD)/deb

debcheck: deb ## install them in a clean root, use them there, and purge them
	@$(setup) debcheck
	@scripts/debcheck $(BUILD)/deb

coverage: ## which lines the tests reach, without a guest (COVERAGE=--files: which they do not)
	@$(setup) build check coverage
	@scripts/coverage $(BUILD)/coverage $(COVERAGE)

coverage-driver: ## which lines of the driver the kselftests reach, in a guest (COVERAGE=--files)
	@$(setup) build check vm coverage
	@$(MAKE) --no-print-directory setup-build
	@$(MESON) configure $(BUILD) -Dtests=enabled
	@ninja -C $(BUILD) --quiet
	@scripts/vmcoverage $(BUILD) $(COVERAGE)

install: all ## install to DESTDIR and PREFIX (/usr/local)
	@$(MESON) configure $(BUILD) -Dprefix=$(PREFIX)
	@DESTDIR=$(DESTDIR) $(MESON) install -C $(BUILD) --quiet

clean: ## remove all that was built
	rm -rf build demo

help: ## this list
	@sed -n 's|^\([a-z-]*\):.* ## |\1	|p' $(MAKEFILE_LIST) | expand -t 12
	@echo
	@echo "make install DESTDIR=/tmp/root PREFIX=/usr    make BUILD=elsewhere"
