# SPDX-License-Identifier: Apache-2.0
# Tutela. `make help` lists the targets.
#
# Objects live in $(O)/<hash of compiler and flags>/, so that builds with other
# flags never mix; $(O)/bin, $(O)/lib and $(O)/test point at the build made last.

VERSION := $(shell sed -n 's/^\#define TUTELA_VERSION "\(.*\)"/\1/p' engine/include/tutela/version.h)
SOVERSION := 0

O ?= build
ifeq ($(origin CC),default)
CC := cc
endif
ifeq ($(origin AR),default)
AR := ar
endif
CFLAGS ?= -O2 -g
SANITIZE ?=
COVERAGE ?=
WERROR ?=
JOBS ?= $(shell nproc)
V ?=
Q := $(if $(V),,@)
say = $(if $(V),:,printf '  %-7s %s\n' $(1) $(2))

prefix ?= /usr/local
bindir ?= $(prefix)/bin
libdir ?= $(prefix)/lib
libexecdir ?= $(prefix)/libexec
includedir ?= $(prefix)/include
mandir ?= $(prefix)/share/man
categorydir ?= $(prefix)/share/tutela/categories
bashcompdir ?= $(prefix)/share/bash-completion/completions
unitdir ?= $(prefix)/lib/systemd/system
DESTDIR ?=

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDEXPANSION:
MAKEFLAGS += --no-builtin-rules

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
	-Wcast-qual -Wundef -Wwrite-strings -Wpointer-arith $(if $(NO_OPENMP),-Wno-unknown-pragmas) $(if $(WERROR),-Werror)

# Hardening, where the build optimises and no sanitizer does the same job better.
HARDEN := $(if $(SANITIZE)$(filter 1,$(COVERAGE))$(filter -O0,$(CFLAGS)),,\
	-fstack-protector-strong $(if $(findstring FORTIFY,$(CPPFLAGS) $(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))

# Float results are part of the specification: no contraction, no reassociation.
PROJECT_CFLAGS := -std=c17 -D_GNU_SOURCE -fvisibility=hidden -fPIC -pthread -fno-strict-aliasing \
	-ffp-contract=off -fno-math-errno $(WARNINGS) $(strip $(HARDEN)) \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all) \
	$(if $(filter thread,$(SANITIZE)),-DMAP_BITS=38) \
	$(if $(filter 1,$(COVERAGE)),--coverage -O0 -fprofile-update=atomic -DTUTELA_COVERAGE)
PROJECT_LDFLAGS := -pthread $(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(if $(filter 1,$(COVERAGE)),--coverage) \
	-Wl,--as-needed -Wl,-z,relro,-z,now -Wl,-z,noexecstack
# -O0 of a coverage build must come last.
OBJECT_CFLAGS = $(if $(filter 1,$(COVERAGE)),$(filter-out -O%,$(CFLAGS)),$(CFLAGS))
OPENMP := $(if $(NO_OPENMP),,-fopenmp)

MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null)
KEY := $(shell printf '%s' '$(CC) $(shell $(CC) -dumpversion 2>/dev/null) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(PROJECT_CFLAGS) $(OPENMP) $(prefix) $(libexecdir)' | cksum | cut -d' ' -f1)
B := $(O)/$(KEY)

# Library flags are asked for when first used: `make deps` must work before pkg-config is there.
pkg = $(eval $(1)_$(2) := $$(shell pkg-config --$(2) $($(1)_PKG)))$($(1)_$(2))
LMDB_PKG := lmdb
DIGEST_PKG := nettle
SECCOMP_PKG := libseccomp
JPEG_PKG := libjpeg
PNG_PKG := libpng
GIF_PKG := libgif
DEFLATE_PKG := libdeflate
VIPS_PKG := vips
TIFF_PKG := libtiff-4
JXL_PKG := libjxl
JP2_PKG := libopenjp2
JSON_PKG := jansson
YAJL_PKG := yajl
SODIUM_PKG := libsodium
ZSTD_PKG := libzstd
EXPAT_PKG := expat
SQLITE_PKG := sqlite3
CURL_PKG := libcurl
CRITERION_PKG := criterion
MICROHTTPD_PKG := libmicrohttpd
GNUTLS_PKG := gnutls

# Goals that need no compiler, or that install one and then start make again.
BARE_GOALS := help deps clean format dist uninstall demo check check-bare check-isa check-neon ci bench-peers bench-report
ifneq ($(filter-out $(BARE_GOALS),$(or $(MAKECMDGOALS),all)),)
NEEDED_PKGS := $(LMDB_PKG) $(DIGEST_PKG) $(SECCOMP_PKG) $(JPEG_PKG) $(PNG_PKG) $(GIF_PKG) $(DEFLATE_PKG) $(VIPS_PKG) $(TIFF_PKG) $(JXL_PKG) $(JP2_PKG) $(JSON_PKG) $(YAJL_PKG) \
	$(SODIUM_PKG) $(ZSTD_PKG) $(EXPAT_PKG) $(SQLITE_PKG) $(CURL_PKG) \
	$(if $(filter check% cov cov-run tests,$(MAKECMDGOALS)),$(CRITERION_PKG) $(MICROHTTPD_PKG) $(GNUTLS_PKG))
LACKING := $(strip $(shell for p in $(firstword $(CC)) pkg-config; do command -v $$p >/dev/null || echo $$p; done; \
	for p in $(NEEDED_PKGS); do pkg-config --exists $$p 2>/dev/null || echo $$p; done))
ifneq ($(LACKING),)
$(error missing for this build: $(LACKING). `make deps` installs the Debian packages that hold them)
endif
endif

include engine/module.mk hashdb/module.mk tools/module.mk tests/module.mk tests/fuzz/module.mk tests/crash/module.mk bench/module.mk

-include $(shell find $(B) -name '*.d' 2>/dev/null)

LIBOBJECTS := $(ENGINE_OBJECTS) $(HASHDB_OBJECTS)
LIBRARIES := $(B)/lib/libtutela.a $(B)/lib/libtutela.so.$(VERSION)

.PHONY: all
all: current ## build programs and libraries (build/bin, build/lib)

.PHONY: current
current: $(PROGRAMS) $(LIBRARIES) $(CATEGORIES)
	@for d in bin lib test; do ln -sfn $(KEY)/$$d $(O)/$$d || exit; done

$(B)/%.o: %.c Makefile $$(firstword $$(subst /, ,$$*))/module.mk
	@mkdir -p $(@D)
	@$(call say,CC,$<)
	$(Q)$(CC) $(PROJECT_CFLAGS) $(FLAGS_$(firstword $(subst /, ,$*))) $(CPPFLAGS) $(OBJECT_CFLAGS) $(FLAGS_$*) \
		-MMD -MP -c -o $@ $<

define program # name, objects, libraries
$(B)/bin/$(1): $(2) $(B)/sources.list
	@mkdir -p $$(@D)
	@$$(call say,LINK,$$@)
	$$(Q)$$(CC) -pie $$(PROJECT_LDFLAGS) $$(CFLAGS) $$(LDFLAGS) -o $$@ $(2) $(3)
endef

$(foreach p,$(notdir $(PROGRAMS)),$(eval $(call program,$(p),$(OBJECTS_$(p)),$$(LINK_$(p)))))

# Changes when a source file comes or goes: what was linked from the others must be linked again.
$(B)/sources.list: FORCE
	@mkdir -p $(@D)
	@echo '$(sort $(LIBOBJECTS) $(UNIT_OBJECTS) $(TOOLS_SOURCES))' | cmp -s - $@ || \
		echo '$(sort $(LIBOBJECTS) $(UNIT_OBJECTS) $(TOOLS_SOURCES))' >$@
.PHONY: FORCE
FORCE:

$(B)/lib/libtutela.a: $(LIBOBJECTS) $(B)/sources.list
	@mkdir -p $(@D)
	@$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(LIBOBJECTS)

$(B)/lib/libtutela.so.$(VERSION): $(LIBOBJECTS) $(B)/sources.list engine/libtutela.map
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) -shared $(PROJECT_LDFLAGS) $(OPENMP) $(CFLAGS) $(LDFLAGS) -Wl,-soname,libtutela.so.$(SOVERSION) \
		-Wl,--version-script,engine/libtutela.map -o $@ $(LIBOBJECTS) $(LIBTUTELA_LIBS)
	$(Q)ln -sf libtutela.so.$(VERSION) $(B)/lib/libtutela.so.$(SOVERSION)
	$(Q)ln -sf libtutela.so.$(SOVERSION) $(B)/lib/libtutela.so

# ---------------------------------------------------------------- the two commands

# Both install what is missing and start make again, so that pkg-config is there when it is asked.
again = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))

.PHONY: deps
deps: ## install the Debian packages that building, testing and developing need
	$(Q).ci/deps build test dev

.PHONY: demo
demo: ## install what is missing, build, and show the whole thing at work on made-up pictures
	$(Q).ci/deps build
	$(Q)$(again) demo-run

# In the make that was started again: only there is the compiler known, and with it the build folder.
.PHONY: demo-run
demo-run: all mkpicture
	$(Q)tools/demo.sh $(abspath $(B))/bin/tutela $(abspath $(MKPICTURE))

.PHONY: check
check: ## install what is missing, build, and run every test
	$(Q).ci/deps build test
	$(Q)$(again) all tests benches
	$(Q)$(MAKE) --no-print-directory -j1 check-layers check-unit check-cli check-sudden check-sandbox check-trust check-hostile-short check-install BRIEF=--quiet
	$(Q)$(MAKE) --no-print-directory -j1 check-damage COPIES=100
	$(Q)$(MAKE) --no-print-directory -j1 check-soak SECONDS=10
	@echo "make check: all tests passed"

.PHONY: check-bare
check-bare: ## prove demo and check in a fresh Debian 12 root with git and make only (needs root and debootstrap)
	$(Q)tests/tree/bare.sh

# ---------------------------------------------------------------- sanitizers, coverage

# Unit tests in a build of their own, decoder workers included.
.PHONY: check-asan check-ubsan
check-asan: ## unit tests under the address sanitizer
	$(Q)$(again) O=$(O)/asan SANITIZE=address check-unit
check-ubsan: ## unit tests under the undefined-behaviour sanitizer
	$(Q)$(again) O=$(O)/ubsan SANITIZE=undefined check-unit

.PHONY: check-tsan
check-tsan: ## threaded code under the thread sanitizer (clang, OpenMP watched through Archer of libomp-dev)
	$(Q).ci/deps build test dev
	$(Q)$(again) O=$(O)/tsan CC=clang SANITIZE=thread check-threads

.PHONY: cov
cov: ## line coverage of engine and hashdb by all tests, in one table
	$(Q)$(again) O=$(O)/cov COVERAGE=1 cov-run

.PHONY: cov-run
cov-run: all tests
	$(Q)find $(B) -name '*.gcda' -delete
	$(Q)$(MAKE) --no-print-directory -j1 check-unit check-cli
	$(Q)gcovr --root . --filter engine/ --filter hashdb/ --object-directory $(B) $(B)

# ---------------------------------------------------------------- style

C_FILES = $(shell git ls-files '*.c' '*.h')

.PHONY: format
format: ## rewrite all C files in the project's style
	$(Q)clang-format -i $(C_FILES)

.PHONY: lint
lint: ## style of all C files, static analysis of what is installed; prints only what is wrong
	$(Q)clang-format --dry-run --Werror $(C_FILES)
	$(Q)for f in $(filter engine/%.c hashdb/%.c tools/%.c,$(C_FILES)); do echo $$f; done | \
		xargs -P $(JOBS) -I{} $(MAKE) --no-print-directory -j1 lint-one F={}

.PHONY: lint-one
lint-one:
	@clang-tidy --quiet $(F) -- $(filter-out -fsanitize%,$(PROJECT_CFLAGS)) $(FLAGS_$(firstword $(subst /, ,$(F)))) \
		$(FLAGS_$(F:.c=)) 2>&1 | sed '/warnings\? generated\.$$/d' | { ! grep .; }

# ---------------------------------------------------------------- installation

# What `install` copies; `uninstall` removes exactly these.
INSTALL_LIBEXEC := $(filter-out tutela,$(notdir $(PROGRAMS)))
INSTALL_HEADERS := $(wildcard engine/include/tutela/*.h hashdb/include/tutela/*.h)
INSTALL_CATEGORIES := $(wildcard tools/categories/*.conf)
INSTALL_MAN := $(wildcard tools/man/*.[1-8])
INSTALL_UNITS := $(wildcard tools/systemd/*)
man_path = $(mandir)/man$(subst .,,$(suffix $(1)))/$(notdir $(1))
INSTALLED = $(bindir)/tutela $(INSTALL_LIBEXEC:%=$(libexecdir)/tutela/%) \
	$(addprefix $(libdir)/,libtutela.a libtutela.so libtutela.so.$(SOVERSION) libtutela.so.$(VERSION)) \
	$(libdir)/pkgconfig/tutela.pc $(addprefix $(includedir)/tutela/,$(notdir $(INSTALL_HEADERS))) \
	$(foreach m,$(INSTALL_MAN),$(call man_path,$(m))) $(bashcompdir)/tutela \
	$(addprefix $(unitdir)/,$(notdir $(INSTALL_UNITS))) \
	$(addprefix $(categorydir)/,$(notdir $(INSTALL_CATEGORIES)))

$(B)/tutela.pc: engine/tutela.pc.in hashdb/module.mk Makefile
	@mkdir -p $(@D)
	$(Q)sed -e 's|@prefix@|$(prefix)|' -e 's|@libdir@|$(libdir)|' -e 's|@includedir@|$(includedir)|' \
		-e 's|@libexecdir@|$(libexecdir)|' -e 's|@VERSION@|$(VERSION)|' -e 's|@OPENMP@|$(OPENMP)|' \
		-e 's|@REQUIRES@|$(foreach p,$(HASHDB_PKGS),$($(p)_PKG))|' $< >$@

.PHONY: install
install: all $(B)/tutela.pc ## install under $(DESTDIR)$(prefix)
	$(Q)install -d $(addprefix $(DESTDIR),$(sort $(dir $(INSTALLED))))
	$(Q)install -m 755 $(B)/bin/tutela $(DESTDIR)$(bindir)/
	$(Q)install -m 755 $(INSTALL_LIBEXEC:%=$(B)/bin/%) $(DESTDIR)$(libexecdir)/tutela/
	$(Q)install -m 644 $(B)/lib/libtutela.a $(B)/lib/libtutela.so.$(VERSION) $(DESTDIR)$(libdir)/
	$(Q)ln -sf libtutela.so.$(VERSION) $(DESTDIR)$(libdir)/libtutela.so.$(SOVERSION)
	$(Q)ln -sf libtutela.so.$(SOVERSION) $(DESTDIR)$(libdir)/libtutela.so
	$(Q)install -m 644 $(B)/tutela.pc $(DESTDIR)$(libdir)/pkgconfig/
	$(Q)install -m 644 $(INSTALL_HEADERS) $(DESTDIR)$(includedir)/tutela/
	$(Q)$(foreach m,$(INSTALL_MAN),install -m 644 $(m) $(DESTDIR)$(call man_path,$(m)) &&) :
	$(Q)install -m 644 $(INSTALL_CATEGORIES) $(DESTDIR)$(categorydir)/
	$(Q)install -m 644 tools/completion.bash $(DESTDIR)$(bashcompdir)/tutela
	$(Q)for u in $(INSTALL_UNITS); do sed 's|@bindir@|$(bindir)|' $$u >$(DESTDIR)$(unitdir)/$${u##*/} && \
		chmod 644 $(DESTDIR)$(unitdir)/$${u##*/} || exit; done

.PHONY: uninstall
uninstall: ## remove what install copied
	$(Q)rm -f $(addprefix $(DESTDIR),$(INSTALLED))
	$(Q)rmdir $(DESTDIR)$(includedir)/tutela $(DESTDIR)$(libexecdir)/tutela 2>/dev/null || :

# ---------------------------------------------------------------- the rest

.PHONY: dist
dist: ## a source archive of the last commit
	$(Q)mkdir -p $(O) && git archive --format=tar.gz --prefix=tutela-$(VERSION)/ -o $(O)/tutela-$(VERSION).tar.gz HEAD
	@echo $(O)/tutela-$(VERSION).tar.gz

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20 | sort
	@echo
	@echo 'Variables: CC CFLAGS CPPFLAGS LDFLAGS prefix DESTDIR O=build WERROR=1 V=1 SANITIZE=… COVERAGE=1 NO_OPENMP=1 JOBS=n'

.PHONY: clean
clean: ## remove everything that was built
	$(Q)rm -rf $(O)
