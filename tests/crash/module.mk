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
$(eval $(call crash_program,faults,faults))
$(eval $(call crash_program,power-cut,power_cut disk_image))

# The program as it is, but with bounds so small that a list of a few hundred entries takes several commits, that
# what is cleaned up takes several, too, and that digests are sorted in a file.
PARTS := update session cleanup key_run
PARTS_FLAGS := -DWEIGHT_MAX=150 -DCHUNK=64 -DPURGE_PART=40 -DPURGE_IN_COMMIT=60 -DRUN_BYTES=4000
PARTS_OBJECTS := $(PARTS:%=$(B)/tests/crash/parts/%.o)
PARTS_REST := $(TOOLS_SOURCES:%.c=$(B)/%.o) $(filter-out $(PARTS:%=$(B)/hashdb/store/%.o),$(ENGINE_OBJECTS) $(HASHDB_OBJECTS))

$(B)/tests/crash/parts/%.o: hashdb/store/%.c tests/crash/module.mk Makefile | $(B)/fence/base
	@mkdir -p $(@D)
	@$(call say,CC,$@)
	$(Q)$(CC) $(PROJECT_CFLAGS) $(FLAGS_hashdb) $(CPPFLAGS) $(OBJECT_CFLAGS) $(PARTS_FLAGS) -MMD -MP -c -o $@ $<

$(B)/test/tutela-parts: $(PARTS_OBJECTS) $(PARTS_REST)
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) -pie $(PROJECT_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LINK_tutela)

# The library's faults are those of the same bounds.
$(B)/test/faults-library: $(B)/tests/crash/faults_library.o $(CRASH_COMMON) $(PARTS_OBJECTS) \
		$(filter-out $(TOOLS_SOURCES:%.c=$(B)/%.o),$(PARTS_REST))
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) -pie $(PROJECT_LDFLAGS) $(OPENMP) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBTUTELA_LIBS)

CRASH_PROGRAMS += $(B)/test/tutela-parts $(B)/test/faults-library

# Libraries that are loaded before all others. They take the place of calls of the C library, and so are built without
# what would call these behind their back.
define preloaded # name, source
$(B)/test/$(1): tests/crash/$(2).c $(wildcard tests/crash/*.h) tests/crash/module.mk
	@mkdir -p $$(@D)
	@$$(call say,LINK,$$@)
	$$(Q)$$(CC) -std=c17 -D_GNU_SOURCE -O1 -g -fPIC -fvisibility=hidden -fno-builtin $$(filter-out -Wmissing-prototypes,$$(WARNINGS)) \
		-shared -o $$@ $$<
endef

$(eval $(call preloaded,fault-shim.so,fault_shim))
$(eval $(call preloaded,recorder.so,recorder))
CRASH_PROGRAMS += $(B)/test/fault-shim.so $(B)/test/faults $(B)/test/recorder.so $(B)/test/power-cut

SEED ?= 1

.PHONY: check-crash
check-crash: all $(CRASH_PROGRAMS) ## kill the writer at 1,000 random moments, half of them in updates of many commits (SEED=1)
	$(Q)OMP_NUM_THREADS=2 $(B)/test/kill-rounds $(abspath $(B))/bin/tutela 480 $(SEED) 1000
	$(Q)OMP_NUM_THREADS=2 $(B)/test/kill-rounds $(abspath $(B))/bin/tutela 20 $(SEED) 60000
	$(Q)OMP_NUM_THREADS=2 $(B)/test/kill-rounds $(abspath $(B))/test/tutela-parts 500 $(SEED) 400

.PHONY: check-faults
check-faults: all $(CRASH_PROGRAMS) ## the n-th write, sync, mapping, allocation, ... of each command fails, for every n
	$(Q)$(B)/test/faults $(abspath $(B))/test/tutela-parts $(abspath $(B))/test/fault-shim.so 1 $(SEED)
	$(Q)$(B)/test/faults-library $(abspath $(B))/test/tutela-parts $(abspath $(B))/test/fault-shim.so 1 $(SEED)

.PHONY: check-powercut
check-powercut: all $(CRASH_PROGRAMS) ## cut the power at every recorded call of a story: 3,000 disk images
	$(Q)$(B)/test/power-cut $(abspath $(B))/test/tutela-parts $(abspath $(B))/test/recorder.so 3000 $(SEED)

# The same programs with fewer rounds, as a part of `make check`.
.PHONY: check-sudden
check-sudden: all $(CRASH_PROGRAMS) ## a sample of check-crash, check-powercut and check-faults, some seconds each
	$(Q)OMP_NUM_THREADS=2 $(B)/test/kill-rounds $(abspath $(B))/test/tutela-parts 50 $(SEED)
	$(Q)$(B)/test/power-cut $(abspath $(B))/test/tutela-parts $(abspath $(B))/test/recorder.so 60 $(SEED)
	$(Q)$(B)/test/faults $(abspath $(B))/test/tutela-parts $(abspath $(B))/test/fault-shim.so 97 $(SEED)
	$(Q)$(B)/test/faults-library $(abspath $(B))/test/tutela-parts $(abspath $(B))/test/fault-shim.so 97 $(SEED)

tests: $(CRASH_PROGRAMS)
