# SPDX-License-Identifier: Apache-2.0
# Sudden death of the store: the writer is killed, the power fails, a call of the system fails.

CRASH_COMMON := $(patsubst %,$(B)/tests/crash/%.o,command story witness)
CRASH_PROGRAMS := $(B)/test/kill-rounds

$(B)/tests/crash/%.o: FLAGS_tests = -Iengine/include -Ihashdb/include

define crash_program # name, objects beside the common ones
$(B)/test/$(1): $(2:%=$(B)/tests/crash/%.o) $(CRASH_COMMON) $(B)/lib/libtutela.a
	@mkdir -p $$(@D)
	@$$(call say,LINK,$$@)
	$$(Q)$$(CC) -pie $$(PROJECT_LDFLAGS) $$(OPENMP) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(LIBTUTELA_LIBS)
endef

$(eval $(call crash_program,kill-rounds,kill_rounds))

SEED ?= 1

.PHONY: check-crash
check-crash: all $(CRASH_PROGRAMS) ## kill the writer at 1,000 random moments, 100 of them in updates of several commits (SEED=1)
	$(Q)OMP_NUM_THREADS=2 $(B)/test/kill-rounds $(abspath $(B))/bin/tutela 900 $(SEED)
	$(Q)OMP_NUM_THREADS=2 $(B)/test/kill-rounds $(abspath $(B))/bin/tutela 100 $(SEED) 40000
