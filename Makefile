# SPDX-License-Identifier: GPL-2.0
#
# The human door. Kernel builds go through Kbuild; see `make help`.
ifneq ($(KERNELRELEASE),)
include $(src)/Kbuild
else

VM := tests/vm
.DEFAULT_GOAL := help
# Variables of kbuild that a human may set for make modules; no other one reaches it.
said = $(foreach v,LLVM CC ARCH CROSS_COMPILE KCFLAGS V C CF,$(if \
	$(filter command environment,$(firstword $(origin $(v)))),'$(v)=$($(v))'))
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:

help: ## this list
	@echo "gem-uma: buffer-object memory for GPUs that share memory with the CPU"
	@echo
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r t d; do printf '%-25s %s\n' "  $${t#  }" "$$d"; done
	@echo
	@echo "  KDIR=<kernel build> builds modules against another kernel, LLVM=1 and CC= by"
	@echo "  another compiler; OUT=<dir> is where results go (out/); GEM_UMA_CACHE=<dir> is where"
	@echo "  kernels are kept (~/.cache/gem-uma)."

demo: plan-demo modules user ## GPU buffers under a memory limit: the in-kernel helper beside ours, in one guest
	@tests/demo/run.sh

check: plan-check deps ## host tests, static checks, programs in guests; closes with the totals
	@$(VM)/check.sh

check-debug: plan-check-debug deps ## unit, uAPI and race tests on a KASAN and lockdep kernel of 6.12
	@$(VM)/check-debug.sh debug

check-all: deps ## once a night: all tests on each kernel, data races, mutants, bench
	@scripts/deps.sh clients
	@rc=0; $(VM)/check.sh --all || rc=1; \
	for t in lint check-selftest check-ports bench-ports check-series check-deb check-arm64 check-arm64-debug check-kcsan mutants bench; do $(MAKE) $$t || rc=1; done; \
	$(VM)/check-debug.sh --all debug || rc=1; $(VM)/check-debug.sh --soak debug || rc=1; \
	$(VM)/check-ports.sh --debug || rc=1; $(VM)/check-ports.sh --bounce || rc=1; exit $$rc

check-ports: plan-check-ports deps ## in-tree drivers, as they are and ported, on Debian's 7.3 (DRIVER=)
	@$(VM)/check-ports.sh $(DRIVER)

demo-ports: plan-demo-ports deps ## in-tree drivers, as they are and ported: what a memory limit does to a client (DRIVER=)
	@tests/ports/demo/run.sh $(DRIVER)

bench-ports: plan-bench-ports deps ## what in-tree drivers take, as they are and ported (DRIVER=)
	@tests/ports/bench/run.sh $(DRIVER)

check-arm64: plan-check-arm64 deps ## the guests of make check, emulated on arm64 with pages of 4K and of 16K (ARCHS=)
	@$(VM)/check-arm64.sh $(ARCHS)

check-arm64-debug: plan-check-arm64-debug deps ## unit, uAPI and race tests on a KASAN and lockdep kernel of arm64 (ARCHS=)
	@$(VM)/check-arm64.sh --debug $(ARCHS)

soak: plan-soak deps ## all races and the fuzzer for an hour, on the debug kernels of both series
	@$(VM)/check-debug.sh --soak debug

check-kcsan: plan-check-kcsan deps ## uAPI and race tests on kernels that look for data races
	@$(VM)/check-debug.sh kcsan

check-selftest: deps ## plants what each static check looks for, and demands that it is found
	@scripts/deps.sh lint
	@rc=0; scripts/check.sh selftest || rc=1; scripts/lint.sh lint-selftest || rc=1; exit $$rc

mutants: deps ## takes one fix out at a time, and demands that its test fails
	@tests/mutants/run.sh

check-host: ## host tests of pure logic; needs nothing but a C compiler and make
	@$(MAKE) -C tests/host check

lint: deps ## sparse, clang, coccinelle and the like over all sources
	@scripts/deps.sh lint
	@scripts/lint.sh

bench: modules user ## vuma beside its gem-shmem twin: CSV and a table
	@bench/run.sh

figures: ## puts what make bench measured into README.md
	@scripts/check-figures.py --write $${OUT:-out}/bench-icount.csv $${OUT:-out}/bench.csv

shell: modules user ## an interactive guest with everything loaded
	@$(VM)/run --shell $(RUN)

modules: deps ## our kernel modules against Debian's 6.12 (or KDIR=), W=1
	@$(VM)/build.sh modules $(said)

user: deps ## the guest's programs
	@$(VM)/build.sh user

series: deps ## mails for git am on Linux 7.3: library, tests, docs, drivers (TREE=)
	@scripts/deps.sh ports
	@rm -rf "$${OUT:-out}/series/mails"
	@ports/series.sh "$${OUT:-out}/series/mails" "$(or $(TREE),$$($(VM)/kbuild.sh source 7.3))"

check-series: deps ## tries them: each applies, passes checkpatch, compiles; unit tests by kunit.py
	@$(VM)/check-series.sh

deb: ## Debian packages for DKMS: the library with vuma, and ported drivers for 7.3
	@scripts/deps.sh deb
	@dkms/build.sh

check-deb: ## installs, uses, upgrades and removes them on a Debian 13 in a folder (root)
	@scripts/deps.sh deb
	@dkms/cycle.sh

docs: deps ## the manual, as HTML below build/
	@$(MAKE) -C docs html

deps: ## installs what is needed (root or sudo), or prints the line to type
	@scripts/deps.sh

update-kernel: deps ## looks for a newer Debian 6.12 kernel now, not once a day
	@$(VM)/kernel.sh update

plan-%:
	@$(VM)/plan $*

clean: ## removes build/ and out/
	@rm -rf build out

distclean: clean ## also the kernel cache
	@rm -rf "$${GEM_UMA_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/gem-uma}"

.PHONY: help demo demo-ports bench-ports series check-series deb check-deb soak check check-debug check-all check-ports check-arm64 check-arm64-debug check-kcsan check-selftest mutants check-host lint bench figures shell modules user docs deps update-kernel clean distclean
endif
