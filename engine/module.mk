# SPDX-License-Identifier: Apache-2.0
# The engine: no LMDB, no network, no codec in the library.

ENGINE_SOURCES := $(wildcard engine/base/*.c engine/hash/*.c engine/match/*.c engine/decode/*.c)
ENGINE_OBJECTS := $(ENGINE_SOURCES:%.c=$(B)/%.o)

# The include path is the fence: the engine sees itself and nothing else.
FLAGS_engine = -Iengine/include -Iengine $(OPENMP) -DTUTELA_LIBEXECDIR='"$(libexecdir)/tutela"'

# One file per instruction set; everything else stays at the baseline of the ABI.
ifneq ($(filter x86_64-%,$(MACHINE)),)
AVX2 := -mavx2 -mpopcnt -mbmi -mbmi2 -mno-fma
AVX512 := $(AVX2) -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vpopcntdq -mavx512bitalg
FLAGS_engine/hash/hash_avx2 := $(AVX2)
FLAGS_engine/decode/worker/jpeg_kernels_avx2 := $(AVX2)
FLAGS_engine/decode/worker/png_unfilter_avx2 := $(AVX2)
FLAGS_engine/match/kernels_avx2 := $(AVX2)
FLAGS_engine/match/kernels_avx512 := $(AVX512)
endif
# The specification stays what it says: the compiler must not vectorise it.
FLAGS_engine/hash/hash_scalar := -fno-tree-vectorize
FLAGS_engine/decode/worker/jpeg_kernels := -fno-tree-vectorize
FLAGS_engine/decode/worker/png_unfilter := -fno-tree-vectorize
FLAGS_engine/match/kernels_scalar := -fno-tree-vectorize

# Decoder workers: their own programs, linked without OpenMP and without the search.
WORKER_COMMON := engine/decode/worker/decoder.c engine/decode/worker/sandbox.c engine/decode/worker/landlock.c \
	engine/decode/worker/namespaces.c engine/decode/worker/filter_load.c engine/decode/worker/picture_room.c \
	engine/decode/worker/digest.c \
	engine/decode/worker/sniff.c engine/decode/worker/pnm_header.c engine/decode/worker/row_sink.c engine/decode/wire.c \
	$(wildcard engine/base/*.c) $(wildcard engine/hash/*.c)
WORKER_CORE := $(WORKER_COMMON) engine/decode/worker/codec_jpeg.c engine/decode/worker/codec_png.c engine/decode/worker/codec_gif.c engine/decode/worker/gif_lzw.c \
	engine/decode/worker/codec_pnm.c engine/decode/worker/codec_icon.c engine/decode/worker/codec_bmp.c \
	$(wildcard engine/decode/worker/jpeg_*.c) $(wildcard engine/decode/worker/png_*.c) \
	engine/decode/worker/codecs_core.c
WORKER_VIPS := $(WORKER_COMMON) engine/decode/worker/codec_vips.c engine/decode/worker/codec_tiff.c \
	engine/decode/worker/codec_jxl.c engine/decode/worker/codec_jp2.c engine/decode/worker/jp2_outline.c \
	engine/decode/worker/codec_bmp.c engine/decode/worker/codecs_vips.c

OBJECTS_tutela-decoder := $(WORKER_CORE:%.c=$(B)/%.o)
OBJECTS_tutela-decoder-vips := $(WORKER_VIPS:%.c=$(B)/%.o)
LINK_tutela-decoder = $(call pkg,JPEG,libs) $(call pkg,PNG,libs) $(call pkg,DEFLATE,libs) $(call pkg,GIF,libs) $(call pkg,DIGEST,libs) -lm
LINK_tutela-decoder-vips = $(call pkg,VIPS,libs) -lgmodule-2.0 $(call pkg,TIFF,libs) $(call pkg,JXL,libs) $(call pkg,JP2,libs) $(call pkg,DIGEST,libs) -lm

FLAGS_engine/decode/worker/codec_jpeg = $(call pkg,JPEG,cflags)
FLAGS_engine/decode/worker/codec_png = $(call pkg,PNG,cflags)
FLAGS_engine/decode/worker/codec_gif = $(call pkg,GIF,cflags)
FLAGS_engine/decode/worker/png_stream = $(call pkg,DEFLATE,cflags)
FLAGS_engine/decode/worker/codec_vips = $(call pkg,VIPS,cflags)
FLAGS_engine/decode/worker/codec_tiff = $(call pkg,TIFF,cflags)
FLAGS_engine/decode/worker/codec_jxl = $(call pkg,JXL,cflags)
FLAGS_engine/decode/worker/codec_jp2 = $(call pkg,JP2,cflags)
# The filters of system calls are compiled here, by a program that runs on the machine that builds.
FILTER_COMPILER := $(B)/filter-compiler
$(FILTER_COMPILER): $(B)/engine/decode/worker/syscall_filter.o
	@$(call say,LINK,$@)
	$(Q)$(CC) $(PROJECT_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(call pkg,SECCOMP,libs)

$(B)/engine/decode/worker/filter_programs.h: $(FILTER_COMPILER)
	@$(call say,GEN,$@)
	$(Q)$< >$@

$(B)/engine/decode/worker/filter_load.o: $(B)/engine/decode/worker/filter_programs.h
FLAGS_engine/decode/worker/filter_load = -I$(B)/engine/decode/worker
FLAGS_engine/decode/worker/syscall_filter = $(call pkg,SECCOMP,cflags)

PROGRAMS += $(B)/bin/tutela-decoder $(B)/bin/tutela-decoder-vips
