# SPDX-License-Identifier: Apache-2.0
# Tutela. `make help` lists the targets.
#
# Objects live in $(O)/<hash of compiler and flags>/, so that builds with other
# flags never mix; $(O)/bin and $(O)/lib point at the build made last.

VERSION := $(shell sed -n 's/^\#define TUTELA_VERSION "\(.*\)"/\1/p' engine/include/tutela/version.h)
SOVERSION := 0

O ?= build
CC ?= cc
AR ?= ar
CFLAGS ?= -O2 -g
SANITIZE ?=
WERROR ?=
V ?=
Q := $(if $(V),,@)
say = $(if $(V),:,printf '  %-7s %s\n' $(1) $(2))

prefix ?= /usr/local
bindir ?= $(prefix)/bin
libdir ?= $(prefix)/lib
libexecdir ?= $(prefix)/libexec
includedir ?= $(prefix)/include
mandir ?= $(prefix)/share/man
bashcompdir ?= $(prefix)/share/bash-completion/completions
DESTDIR ?=

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
	-Wcast-qual -Wundef -Wwrite-strings -Wpointer-arith $(if $(WERROR),-Werror)

# Float results are part of the specification: no contraction, no reassociation.
PROJECT_CFLAGS := -std=c17 -D_GNU_SOURCE -fvisibility=hidden -fPIC -pthread -fno-strict-aliasing \
	-ffp-contract=off -fno-math-errno $(WARNINGS) \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all) \
	$(if $(filter 1,$(COVERAGE)),--coverage -O0 -fprofile-update=atomic)
PROJECT_LDFLAGS := -pthread $(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(if $(filter 1,$(COVERAGE)),--coverage) \
	-Wl,--as-needed -Wl,-z,relro,-z,now
OPENMP := $(if $(NO_OPENMP),,-fopenmp)

MACHINE := $(shell $(CC) -dumpmachine)
KEY := $(shell printf '%s' '$(CC) $(shell $(CC) -dumpversion) $(CPPFLAGS) $(CFLAGS) $(PROJECT_CFLAGS) $(OPENMP) $(prefix) $(libexecdir)' | cksum | cut -d' ' -f1)
B := $(O)/$(KEY)

# Library flags are asked for when first used: `make deps` must work before pkg-config is there.
pkg = $(eval $(1)_$(2) := $$(shell pkg-config --$(2) $($(1)_PKG)))$($(1)_$(2))
LMDB_PKG := lmdb
CRYPTO_PKG := libcrypto
JPEG_PKG := libjpeg
PNG_PKG := libpng
VIPS_PKG := vips
JXL_PKG := libjxl
GD_PKG := gdlib
JSON_PKG := jansson
CRITERION_PKG := criterion

include engine/module.mk hashdb/module.mk tools/module.mk tests/module.mk bench/module.mk

-include $(shell find $(B) -name '*.d' 2>/dev/null)

.PHONY: all
all: $(PROGRAMS) $(LIBRARIES) current ## build programs and libraries (build/bin, build/lib)

.PHONY: current
current: $(PROGRAMS) $(LIBRARIES)
	@ln -sfn $(KEY)/bin $(O)/bin && ln -sfn $(KEY)/lib $(O)/lib

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@$(call say,CC,$<)
	$(Q)$(CC) $(PROJECT_CFLAGS) $(FLAGS_$(firstword $(subst /, ,$*))) $(CPPFLAGS) $(CFLAGS) $(FLAGS_$*) -MMD -MP -c -o $@ $<

define program # name, objects, libraries
$(B)/bin/$(1): $(2)
	@mkdir -p $$(@D)
	@$$(call say,LINK,$$@)
	$$(Q)$$(CC) $$(PROJECT_LDFLAGS) $$(OPENMP) $$(CFLAGS) $$(LDFLAGS) -o $$@ $(2) $(3)
endef

$(foreach p,$(notdir $(PROGRAMS)),$(eval $(call program,$(p),$(OBJECTS_$(p)),$(LINK_$(p)))))

LIBOBJECTS := $(ENGINE_OBJECTS) $(HASHDB_OBJECTS)
LIBRARIES := $(B)/lib/libtutela.a $(B)/lib/libtutela.so.$(VERSION)

$(B)/lib/libtutela.a: $(LIBOBJECTS)
	@mkdir -p $(@D)
	@$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/lib/libtutela.so.$(VERSION): $(LIBOBJECTS) engine/libtutela.map
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) -shared $(PROJECT_LDFLAGS) $(OPENMP) $(CFLAGS) $(LDFLAGS) -Wl,-soname,libtutela.so.$(SOVERSION) \
		-Wl,--version-script,engine/libtutela.map -o $@ $(LIBOBJECTS) $(LIBTUTELA_LIBS)
	$(Q)ln -sf libtutela.so.$(VERSION) $(B)/lib/libtutela.so.$(SOVERSION)
	$(Q)ln -sf libtutela.so.$(SOVERSION) $(B)/lib/libtutela.so

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20 | sort

.PHONY: clean
clean: ## remove everything that was built
	$(Q)rm -rf $(O)

