# SPDX-License-Identifier: Apache-2.0
# Unit tests (Criterion, suite = file under test), command-line tests, tests of
# the tree itself, fuzzers. Unit tests alone may include private headers.

UNIT_SOURCES := $(wildcard tests/unit/*.c)
UNIT_OBJECTS := $(UNIT_SOURCES:%.c=$(B)/%.o)
UNIT := $(B)/test/unit
MKPICTURE := $(B)/test/mkpicture
FAKE_WORKER := $(B)/test/fake-worker

# Codecs are in no library; these are tested without a process around them.
UNIT_WORKER := $(patsubst %,$(B)/engine/decode/worker/%.o,codec_bmp codec_gif gif_lzw codec_jp2 codec_png jp2_outline png_stream png_unfilter png_unfilter_avx2 \
	jpeg_huffman jpeg_kernels jpeg_kernels_avx2 jpeg_kernels_neon jpeg_markers jpeg_progressive jpeg_samples jpeg_sequential \
	jpeg_stream picture_room row_sink sniff codec_pnm pnm_header codec_icon)

# Of the programs, what asks neither the network nor the command line.
UNIT_TOOLS := $(patsubst %,$(B)/tools/%.o,count_table json_lines list_guess memory message printable whole_bytes report/hit_record report/csv_cell report/html_text \
	report/name_uuid report/report_totals sync/ncmec_window sync/cursor_feed sync/page_batch sync/page_spool)

FLAGS_tests = -Iengine/include -Iengine -Ihashdb/include -Ihashdb -Itools -Itests/unit -Itests/sandbox $(OPENMP) \
	$(call pkg,CRITERION,cflags) $(call pkg,SODIUM,cflags) $(call pkg,JSON,cflags) $(call pkg,LMDB,cflags) $(call pkg,DEFLATE,cflags) $(call pkg,JP2,cflags) \
	-DTEST_BIN_DIR='"$(abspath $(B))/bin"' -DTEST_MKPICTURE='"$(abspath $(MKPICTURE))"' \
	-DTEST_FAKE_WORKER='"$(abspath $(FAKE_WORKER))"' -DTEST_BOXES='"$(abspath $(BOXES))"' \
	-DTEST_VECTORS='"$(abspath ../shared/vectors)"' -Wno-missing-prototypes

$(UNIT): $(UNIT_OBJECTS) $(UNIT_WORKER) $(UNIT_TOOLS) $(B)/lib/libtutela.a $(B)/sources.list
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) $(PROJECT_LDFLAGS) $(OPENMP) $(CFLAGS) $(LDFLAGS) -Wl,--wrap=tutela_mem_resize -o $@ $(UNIT_OBJECTS) $(UNIT_WORKER) $(UNIT_TOOLS) \
		$(B)/lib/libtutela.a $(LIBTUTELA_LIBS) $(call pkg,CRITERION,libs) $(call pkg,JSON,libs) $(call pkg,JPEG,libs) \
		$(call pkg,PNG,libs) $(call pkg,GIF,libs) $(call pkg,DEFLATE,libs) $(call pkg,JP2,libs) -lm

# A decoder program that misbehaves, for the tests of the pool.
$(FAKE_WORKER): $(B)/tests/unit/helpers/fake_worker.o $(B)/engine/decode/wire.o
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) $(PROJECT_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^

# The escape probe: the decoder programs with a hostile codec in place of the real ones, in boxes whole and defective.
# What differs from the real box is linked over it (--wrap), so that no switch for it exists in what is installed.
BOXES := $(B)/test/boxes
PROBE_COMMON := $(WORKER_COMMON:%.c=$(B)/%.o) $(B)/tests/sandbox/probe.o $(B)/tests/sandbox/probe_lies.o
PROBE_WRAPS_box :=
PROBE_WRAPS_landlock-two := landlock_abi:landlock_two
PROBE_WRAPS_without-filter := filter_load:without_filter namespaces_enter:
PROBE_WRAPS_without-filter-two := filter_load:without_filter namespaces_enter: landlock_abi:landlock_two
PROBE_WRAPS_without-box := sandbox_enter:without_box
PROBE_WRAPS_broken-filter := filter_load:broken_filter
PROBE_WRAPS_broken-landlock := landlock_abi:broken_landlock
PROBE_BOXES := box landlock-two without-filter without-filter-two without-box broken-filter broken-landlock
wrap_options = $(foreach w,$(1),-Wl,--wrap=tutela_$(firstword $(subst :, ,$(w))))
wrap_objects = $(foreach w,$(1),$(addprefix $(B)/tests/sandbox/,$(addsuffix .o,$(word 2,$(subst :, ,$(w))))))

define probe # box, program, object of its codec table
$(BOXES)/$(1)/$(2): $(PROBE_COMMON) $(B)/tests/sandbox/$(3).o $(call wrap_objects,$(PROBE_WRAPS_$(1))) $(B)/sources.list
	@mkdir -p $$(@D)
	@$$(call say,LINK,$$@)
	$$(Q)$$(CC) -pie $$(PROJECT_LDFLAGS) $$(CFLAGS) $$(LDFLAGS) $(call wrap_options,$(PROBE_WRAPS_$(1))) -o $$@ \
		$$(filter %.o,$$^) $$(call pkg,DIGEST,libs) -lm
PROBES += $(BOXES)/$(1)/$(2)
endef
$(foreach b,$(PROBE_BOXES),$(eval $(call probe,$(b),tutela-decoder,probe_core))$(eval $(call probe,$(b),tutela-decoder-vips,probe_vips)))

CHECK_SANDBOX := $(B)/test/check-sandbox
$(CHECK_SANDBOX): $(B)/tests/sandbox/check_sandbox.o $(B)/lib/libtutela.a
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) $(PROJECT_LDFLAGS) $(OPENMP) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBTUTELA_LIBS) -lm

.PHONY: check-sandbox
check-sandbox: all tests ## what code that took over a decoder can do, row by row (BRIEF=--quiet: only what is wrong)
	$(Q)$(CHECK_SANDBOX) $(abspath $(BOXES)) $(BRIEF)

# Makes pictures by formula; --help says how. It needs no Criterion.
$(B)/tests/cli/mkpicture.o: FLAGS_tests =
FLAGS_tests/cli/mkpicture = $(call pkg,JPEG,cflags) $(call pkg,PNG,cflags) $(call pkg,VIPS,cflags) $(call pkg,JXL,cflags) $(call pkg,JP2,cflags)

$(MKPICTURE): $(B)/tests/cli/mkpicture.o
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) -pie $(PROJECT_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ \
		$(call pkg,JPEG,libs) $(call pkg,PNG,libs) $(call pkg,VIPS,libs) $(call pkg,JXL,libs) $(call pkg,JP2,libs)

# Reads JSON, makes hostile trees, measures memory, for the command-line tests.
HELPER := $(B)/test/helper
$(B)/tests/cli/helper.o: FLAGS_tests =
FLAGS_tests/cli/helper = $(call pkg,JSON,cflags) $(call pkg,SQLITE,cflags)

$(HELPER): $(B)/tests/cli/helper.o
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) -pie $(PROJECT_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,JSON,libs) $(call pkg,SQLITE,libs)

# A server of feeds, on this machine alone, for tests of sync.
FEED_SERVER := $(B)/test/feed-server
$(B)/tests/sync/feed_server.o: FLAGS_tests = $(call pkg,MICROHTTPD,cflags)

$(FEED_SERVER): $(B)/tests/sync/feed_server.o
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) -pie $(PROJECT_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,MICROHTTPD,libs)

# Files over HTTP and HTTPS with faults, for the tests of sync.
FILE_SERVER := $(B)/test/file-server
$(B)/tests/cli/file_server.o: FLAGS_tests =
FLAGS_tests/cli/file_server = $(call pkg,MICROHTTPD,cflags) $(call pkg,GNUTLS,cflags)

$(FILE_SERVER): $(B)/tests/cli/file_server.o
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) -pie $(PROJECT_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,MICROHTTPD,libs) $(call pkg,GNUTLS,libs)

# Hostile pictures by formula, and what holds a scan of them to its promises.
MKHOSTILE := $(B)/test/mkhostile
DRIVE := $(B)/test/drive-hostile
HOSTILE_OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard tests/hostile/*.c))
$(HOSTILE_OBJECTS): FLAGS_tests =
FLAGS_tests/hostile/drive = $(call pkg,JSON,cflags)

$(MKHOSTILE): $(filter-out %/drive.o,$(HOSTILE_OBJECTS))
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) -pie $(PROJECT_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lz

$(DRIVE): $(B)/tests/hostile/drive.o
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) -pie $(PROJECT_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,JSON,libs) -lutil

# Every instruction set against scalar code. No Criterion, no library and no codec: it is linked for foreign
# processors, too.
COMPARE_LEVELS := $(B)/test/compare-levels
COMPARE_OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard tests/isa/*.c engine/base/*.c engine/hash/*.c engine/match/*.c \
	engine/decode/worker/jpeg_kernels*.c))
$(filter $(B)/tests/isa/%,$(COMPARE_OBJECTS)): FLAGS_tests = -Iengine/include -Iengine -Itests/unit

$(COMPARE_LEVELS): $(COMPARE_OBJECTS) $(B)/sources.list
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) $(PROJECT_LDFLAGS) $(OPENMP) $(CFLAGS) $(LDFLAGS) -o $@ $(COMPARE_OBJECTS) -lm

# Programs that use the library as anybody's would, and LMDB itself to look behind it.
CHECK_DAMAGE := $(B)/test/check-damage
CHECK_SOAK := $(B)/test/check-soak
CHECK_THREADS := $(B)/test/check-threads
FLAGS_store_tests = -Iengine/include -Ihashdb/include $(call pkg,LMDB,cflags)
$(B)/tests/damage/%.o $(B)/tests/soak/%.o: FLAGS_tests = $(FLAGS_store_tests)

$(CHECK_DAMAGE): $(B)/tests/damage/check_damage.o
$(CHECK_SOAK): $(B)/tests/soak/check_soak.o
$(CHECK_THREADS): $(B)/tests/soak/check_threads.o
$(CHECK_DAMAGE) $(CHECK_SOAK) $(CHECK_THREADS): $(B)/lib/libtutela.a
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) $(PROJECT_LDFLAGS) $(OPENMP) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBTUTELA_LIBS)

# Threads of the program, and the processes that they share.
CHECK_WORKERS := $(B)/test/check-workers
$(B)/tests/soak/check_workers.o: FLAGS_tests = -Iengine/include -Itools -Itests/unit
$(CHECK_WORKERS): $(B)/tests/soak/check_workers.o $(patsubst %,$(B)/tools/%.o,crew interrupt memory message printable) \
		$(B)/lib/libtutela.a
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) $(PROJECT_LDFLAGS) $(OPENMP) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBTUTELA_LIBS)

# The refusal table of signed bundles.
CHECK_TRUST := $(B)/test/check-trust
$(B)/tests/trust/%.o: FLAGS_tests = -Iengine/include -Ihashdb/include $(call pkg,SODIUM,cflags) $(call pkg,ZSTD,cflags)
$(CHECK_TRUST): $(B)/tests/trust/check_trust.o $(B)/lib/libtutela.a
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) $(PROJECT_LDFLAGS) $(OPENMP) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBTUTELA_LIBS)

.PHONY: check-trust
check-trust: all $(CHECK_TRUST) ## the refusal table of signed bundles, row by row (BRIEF=--quiet: only what is wrong)
	$(Q)base=$$(mktemp -d $(STORE_TESTS_BASE)/tutela-trust-XXXXXX) && \
		{ OMP_NUM_THREADS=2 $(CHECK_TRUST) $$base $(BRIEF); status=$$?; rm -rf $$base; exit $$status; }

# In memory where there is room: thousands of stores are written.
STORE_TESTS_BASE := $(shell [ -w /dev/shm ] && echo /dev/shm || echo /tmp)
COPIES ?= 3000
SEED ?= 1

.PHONY: check-damage
check-damage: all $(CHECK_DAMAGE) ## damaged copies of a store (COPIES=3000): no crash, no damage unseen
	$(Q)base=$$(mktemp -d $(STORE_TESTS_BASE)/tutela-damage-XXXXXX) && \
		{ $(CHECK_DAMAGE) $$base $(COPIES) $(SEED); status=$$?; rm -rf $$base; exit $$status; }

SECONDS ?= $(if $(MINUTES),$(shell echo $$(($(MINUTES) * 60))),600)

.PHONY: check-soak
check-soak: all $(CHECK_SOAK) ## readers against a writer, every answer compared with a scan (MINUTES=10)
	$(Q)base=$$(mktemp -d $(STORE_TESTS_BASE)/tutela-soak-XXXXXX) && \
		{ OMP_NUM_THREADS=2 $(CHECK_SOAK) $$base/store $(SECONDS) 2 2 $(SEED); status=$$?; rm -rf $$base; exit $$status; }

# Criterion starts its tests in a way that the thread sanitizer does not survive, so programs without it are watched.
# Archer, of the package libomp-dev, tells the sanitizer what waits for what in OpenMP, which is not instrumented.
ARCHER = $(firstword $(wildcard $(shell $(CC) -print-resource-dir 2>/dev/null)/../../libarcher.so))

.PHONY: check-threads
check-threads: all $(CHECK_THREADS) $(CHECK_SOAK) $(CHECK_WORKERS) $(FAKE_WORKER)
	@[ -n '$(ARCHER)' ] || { echo "check-tsan: there is no libarcher.so beside $(CC)" >&2; exit 2; }
	$(Q)base=$$(mktemp -d $(STORE_TESTS_BASE)/tutela-threads-XXXXXX) && \
		export OMP_TOOL_LIBRARIES=$(ARCHER) TSAN_OPTIONS=ignore_noninstrumented_modules=1 OMP_NUM_THREADS=2 && \
		{ $(CHECK_THREADS) $$base/a && $(CHECK_SOAK) $$base/b 30 2 3 $(SEED) && \
		$(CHECK_WORKERS) $$base/c $(abspath $(FAKE_WORKER)); status=$$?; rm -rf $$base; exit $$status; }

.PHONY: compare-levels
compare-levels: $(COMPARE_LEVELS)
	@ln -sfn $(KEY)/test $(O)/test

.PHONY: mkpicture
mkpicture: $(MKPICTURE) ## the test picture maker (build/test/mkpicture)
	@ln -sfn $(KEY)/test $(O)/test

.PHONY: tests
tests: $(UNIT) $(MKPICTURE) $(FAKE_WORKER) $(HELPER) $(FILE_SERVER) $(FEED_SERVER) $(CHECK_DAMAGE) $(CHECK_SOAK) $(CHECK_THREADS) $(CHECK_WORKERS) $(CHECK_TRUST) $(PROBES) \
	$(CHECK_SANDBOX) $(MKHOSTILE) $(DRIVE)

# With a sanitizer: tests ask for more memory than there is, and want an answer; leaks end up in a file.
LEAKS := $(B)/test/leaks
SANITIZER_OPTIONS := $(if $(SANITIZE),ASAN_OPTIONS=allocator_may_return_null=1:leak_check_at_exit=0 \
	UBSAN_OPTIONS=print_stacktrace=1 TUTELA_LEAKS=$(abspath $(LEAKS)))

.PHONY: check-unit
check-unit: all tests ## unit tests only (F='--filter=index/*' picks some)
	@rm -f $(LEAKS)
	$(Q)OMP_NUM_THREADS=2 $(SANITIZER_OPTIONS) $(UNIT) --jobs 2 $(foreach f,$(F),'$(f)')
	@[ ! -s $(LEAKS) ] || { echo "check-unit: $$(wc -l <$(LEAKS)) tests leak memory, see above" >&2; exit 1; }

.PHONY: check-cli
check-cli: all benches $(MKPICTURE) $(HELPER) $(FILE_SERVER) $(FEED_SERVER) ## command-line tests only (T=name picks one)
	$(Q)tests/cli/run-cli $(abspath $(B))/bin $(abspath $(MKPICTURE)) $(T)

ROUNDS ?= 100
.PHONY: check-case
check-case: all $(MKPICTURE) $(HELPER) ## a case scan that is killed ROUNDS=100 times ends as if left alone
	$(Q)ROUNDS=$(ROUNDS) tests/cli/run-cli $(abspath $(B))/bin $(abspath $(MKPICTURE)) case

# FILES files: bombs, odd headers, damaged pictures.
FILES ?= 9000
.PHONY: check-hostile check-hostile-short
check-hostile: all $(MKPICTURE) $(MKHOSTILE) $(DRIVE) ## a scan of FILES=9000 hostile files: results, time, memory
	$(Q)tests/hostile/run-hostile $(abspath $(B))/bin $(abspath $(B))/test $(FILES) heavy

check-hostile-short: all $(MKPICTURE) $(MKHOSTILE) $(DRIVE)
	$(Q)tests/hostile/run-hostile $(abspath $(B))/bin $(abspath $(B))/test 700 light

# ENTRIES entries, KILLS kills in each of two time zones; some minutes.
.PHONY: check-ncmec
check-ncmec: all $(FEED_SERVER) ## NCMEC: faults, kills and time zones end in the server's state (ENTRIES=100000 KILLS=50)
	$(Q)tests/sync/check-ncmec $(abspath $(B))/bin $(abspath $(B))/test $(or $(ENTRIES),100000) $(or $(KILLS),50)

.PHONY: check-layers
check-layers: all ## fences: include paths, symbols, exports, names
	$(Q)CC='$(CC)' tests/tree/layers.sh $(B)

.PHONY: check-install
check-install: all $(MKPICTURE) ## install into a staged tree and build the README's example against it
	$(Q)CC='$(CC)' MAKE='$(MAKE)' tests/tree/install.sh $(abspath $(MKPICTURE))

# The suites that compare levels with each other.
ISA_SUITES := @(cpu|kernels|hash_kernels|index|batch|image|jarosz|lanczos|pdq|picture|png_unfilter|codec_png|jpeg_stream)

.PHONY: check-isa
check-isa: ## every instruction set of this machine against scalar code, NEON in an emulator
	$(Q).ci/deps build test
	$(Q)$(again) all tests compare-levels
	@echo "check-isa: kernels, a whole index and PDQ, level by level"
	$(Q)$(O)/test/compare-levels
	$(Q)$(MAKE) --no-print-directory -j1 check-unit F='--filter=$(ISA_SUITES)/*'
	$(Q)$(MAKE) --no-print-directory -j1 check-cli T=levels
	$(Q)$(if $(filter aarch64-%,$(MACHINE)),:,$(MAKE) --no-print-directory check-neon)
	@echo "check-isa: all levels agree"

# Headers of this machine are not to be seen by the other one's compiler: the one that is needed is copied.
NEON_O := $(O)/aarch64

.PHONY: check-neon
check-neon: ## NEON against scalar code in an emulator, from any machine
	$(Q).ci/deps isa
	@mkdir -p $(NEON_O)/include
	$(Q)cp -u "$$(pkg-config --variable=includedir libxxhash)/xxhash.h" $(NEON_O)/include/
	$(Q)$(again) O=$(NEON_O) CC=aarch64-linux-gnu-gcc CFLAGS='-O2 -g' CPPFLAGS=-I$(NEON_O)/include LDFLAGS=-static \
		NO_OPENMP=1 SANITIZE= COVERAGE= compare-levels
	$(Q)qemu-aarch64-static $(NEON_O)/test/compare-levels neon
