# SPDX-License-Identifier: Apache-2.0
# Unit tests (Criterion, suite = file under test), command-line tests, fuzzers.
# Unit tests alone may include private headers.

UNIT_SOURCES := $(wildcard tests/unit/*.c)
UNIT_OBJECTS := $(UNIT_SOURCES:%.c=$(B)/%.o)
FLAGS_tests = -Iengine/include -Iengine -Ihashdb/include -Ihashdb -Itests/unit $(OPENMP) \
	$(call pkg,CRITERION,cflags) $(call pkg,JSON,cflags) $(call pkg,LMDB,cflags) \
	-DTEST_BIN_DIR='"$(abspath $(B))/bin"' -DTEST_VECTORS='"$(abspath ../shared/vectors)"' -Wno-missing-prototypes

$(B)/test/unit: $(UNIT_OBJECTS) $(B)/lib/libtutela.a
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) $(PROJECT_LDFLAGS) $(OPENMP) $(CFLAGS) $(LDFLAGS) -o $@ $(UNIT_OBJECTS) $(B)/lib/libtutela.a \
		$(LIBTUTELA_LIBS) $(call pkg,CRITERION,libs) $(call pkg,JSON,libs) -lm

.PHONY: check-unit
check-unit: all $(B)/test/unit ## unit tests only (F='--filter=index/*' picks some)
	$(Q)OMP_NUM_THREADS=2 $(B)/test/unit --jobs 2 $(F)

# Makes pictures by formula; --help says how.
OBJECTS_mkpicture := $(B)/tests/cli/mkpicture.o
FLAGS_tests/cli/mkpicture = $(call pkg,JPEG,cflags) $(call pkg,PNG,cflags) $(call pkg,VIPS,cflags) $(call pkg,JXL,cflags)
MKPICTURE := $(B)/test/mkpicture

$(MKPICTURE): $(OBJECTS_mkpicture)
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) $(PROJECT_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ \
		$(call pkg,JPEG,libs) $(call pkg,PNG,libs) $(call pkg,VIPS,libs) $(call pkg,JXL,libs)

.PHONY: mkpicture
mkpicture: $(MKPICTURE) ## the test picture maker (build/test/mkpicture)
	$(Q)ln -sfn $(notdir $(B))/test $(O)/test
