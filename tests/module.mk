# SPDX-License-Identifier: Apache-2.0
# Unit tests (Criterion, suite = file under test), command-line tests, tests of
# the tree itself, fuzzers. Unit tests alone may include private headers.

UNIT_SOURCES := $(wildcard tests/unit/*.c)
UNIT_OBJECTS := $(UNIT_SOURCES:%.c=$(B)/%.o)
UNIT := $(B)/test/unit
MKPICTURE := $(B)/test/mkpicture
FAKE_WORKER := $(B)/test/fake-worker

# Codecs are in no library; these are tested without a process around them.
UNIT_WORKER := $(patsubst %,$(B)/engine/decode/worker/%.o,codec_png png_stream png_unfilter png_unfilter_avx2 \
	jpeg_huffman jpeg_kernels jpeg_kernels_avx2 jpeg_samples jpeg_stream row_sink)

FLAGS_tests = -Iengine/include -Iengine -Ihashdb/include -Ihashdb -Itests/unit $(OPENMP) \
	$(call pkg,CRITERION,cflags) $(call pkg,JSON,cflags) $(call pkg,LMDB,cflags) $(call pkg,DEFLATE,cflags) \
	-DTEST_BIN_DIR='"$(abspath $(B))/bin"' -DTEST_MKPICTURE='"$(abspath $(MKPICTURE))"' \
	-DTEST_FAKE_WORKER='"$(abspath $(FAKE_WORKER))"' \
	-DTEST_VECTORS='"$(abspath ../shared/vectors)"' -Wno-missing-prototypes

$(UNIT): $(UNIT_OBJECTS) $(UNIT_WORKER) $(B)/lib/libtutela.a
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) $(PROJECT_LDFLAGS) $(OPENMP) $(CFLAGS) $(LDFLAGS) -o $@ $(UNIT_OBJECTS) $(UNIT_WORKER) \
		$(B)/lib/libtutela.a $(LIBTUTELA_LIBS) $(call pkg,CRITERION,libs) $(call pkg,JSON,libs) $(call pkg,JPEG,libs) \
		$(call pkg,PNG,libs) $(call pkg,DEFLATE,libs) -lm

# A decoder program that misbehaves, for the tests of the pool.
$(FAKE_WORKER): $(B)/tests/unit/helpers/fake_worker.o $(B)/engine/decode/wire.o
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) $(PROJECT_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^

# Makes pictures by formula; --help says how. It needs no Criterion.
$(B)/tests/cli/mkpicture.o: FLAGS_tests =
FLAGS_tests/cli/mkpicture = $(call pkg,JPEG,cflags) $(call pkg,PNG,cflags) $(call pkg,VIPS,cflags) $(call pkg,JXL,cflags)

$(MKPICTURE): $(B)/tests/cli/mkpicture.o
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) -pie $(PROJECT_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ \
		$(call pkg,JPEG,libs) $(call pkg,PNG,libs) $(call pkg,VIPS,libs) $(call pkg,JXL,libs)

# Reads JSON, makes hostile trees, measures memory, for the command-line tests.
HELPER := $(B)/test/helper
$(B)/tests/cli/helper.o: FLAGS_tests =
FLAGS_tests/cli/helper = $(call pkg,JSON,cflags)

$(HELPER): $(B)/tests/cli/helper.o
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) -pie $(PROJECT_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,JSON,libs)

.PHONY: mkpicture
mkpicture: $(MKPICTURE) ## the test picture maker (build/test/mkpicture)
	@ln -sfn $(KEY)/test $(O)/test

.PHONY: tests
tests: $(UNIT) $(MKPICTURE) $(FAKE_WORKER) $(HELPER)

# Tests ask for more memory than there is, and an answer is wanted.
SANITIZER_OPTIONS := $(if $(SANITIZE),ASAN_OPTIONS=allocator_may_return_null=1 LSAN_OPTIONS=suppressions=tests/unit/leaks.supp:print_suppressions=0 \
	UBSAN_OPTIONS=print_stacktrace=1)

.PHONY: check-unit
check-unit: all tests ## unit tests only (F='--filter=index/*' picks some)
	$(Q)OMP_NUM_THREADS=2 $(SANITIZER_OPTIONS) $(UNIT) --jobs 2 $(foreach f,$(F),'$(f)')

.PHONY: check-cli
check-cli: all $(MKPICTURE) $(HELPER) ## command-line tests only (T=name picks one)
	$(Q)tests/cli/run-cli $(abspath $(B))/bin $(abspath $(MKPICTURE)) $(T)

.PHONY: check-layers
check-layers: all ## fences: include paths, symbols, exports, names
	$(Q)CC='$(CC)' tests/tree/layers.sh $(B)

.PHONY: check-install
check-install: all $(MKPICTURE) ## install into a staged tree and build the README's example against it
	$(Q)CC='$(CC)' MAKE='$(MAKE)' tests/tree/install.sh $(abspath $(MKPICTURE))
