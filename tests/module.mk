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
