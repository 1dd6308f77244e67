# SPDX-License-Identifier: Apache-2.0
# The programs: public headers only.

TOOLS_SOURCES := $(wildcard tools/*.c tools/sync/*.c tools/report/*.c)
OBJECTS_tutela := $(TOOLS_SOURCES:%.c=$(B)/%.o) $(B)/lib/libtutela.a
LINK_tutela = $(OPENMP) $(LIBTUTELA_LIBS) $(call pkg,JSON,libs)
FLAGS_tools = -Iengine/include -Ihashdb/include -Itools $(call pkg,JSON,cflags) $(call pkg,CURL,cflags) $(call pkg,DIGEST,cflags)

# What --version says about the build.
modversions = $(foreach p,$(1),$(p) $(shell pkg-config --modversion $(p)))
FLAGS_tools/cmd_version = \
	-DTUTELA_BUILD_OPTIONS='"$(strip $(CFLAGS) $(if $(SANITIZE),sanitize=$(SANITIZE)) $(if $(OPENMP),OpenMP,no OpenMP))"' \
	-DTUTELA_BUILD_LIBRARIES='"$(strip $(call modversions,$(LMDB_PKG)))"' \
	-DTUTELA_BUILD_DECODER_LIBRARIES='"$(strip $(call modversions,$(JPEG_PKG) $(PNG_PKG) $(VIPS_PKG) $(JXL_PKG) $(JP2_PKG) $(DIGEST_PKG) $(SECCOMP_PKG)))"'

PROGRAMS += $(B)/bin/tutela

# Where the program finds the names of categories, as it does after an installation.
CATEGORIES := $(patsubst tools/%,$(B)/share/tutela/%,$(wildcard tools/categories/*.conf))
$(B)/share/tutela/categories/%.conf: tools/categories/%.conf
	@mkdir -p $(@D)
	$(Q)cp $< $@
