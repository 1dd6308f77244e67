# SPDX-License-Identifier: Apache-2.0
# libFuzzer targets: tests/fuzz/fuzz_<T>.c, built with the sources named in
# FUZZ_SOURCES_<T> and nothing else, with clang's address and undefined-behaviour
# sanitizers. Another target is a file, a row here and, where it helps, a seed rule.

FUZZ_CC ?= clang
FUZZ_FLAGS = -std=c17 -D_GNU_SOURCE -g -O1 -fno-omit-frame-pointer -fno-strict-aliasing -ffp-contract=off \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all $(WARNINGS) \
	-Iengine/include -Iengine -Ihashdb/include -Ihashdb -Itests/unit -Itests/fuzz
FUZZ_LINK ?=
TIME ?= 20

FUZZ_EXCHANGE := $(wildcard hashdb/exchange/*.c) hashdb/store/enum_names.c engine/base/utf8.c engine/hash/algorithm.c engine/base/mem.c \
	engine/base/error.c
FUZZ_SOURCES_text = $(FUZZ_EXCHANGE)
FUZZ_SOURCES_csv = $(FUZZ_EXCHANGE)
FUZZ_PNG := $(addprefix engine/decode/worker/,codec_png.c png_stream.c png_unfilter.c \
	png_unfilter_avx2.c row_sink.c) engine/base/mem.c engine/base/cpu.c
FUZZ_SOURCES_png = $(FUZZ_PNG)
FUZZ_FLAGS_png = $(AVX2) $(call pkg,PNG,cflags) $(call pkg,DEFLATE,cflags)
FUZZ_LINK_png = $(call pkg,PNG,libs) $(call pkg,DEFLATE,libs) -lz -lm
FUZZ_JPEG := $(wildcard engine/decode/worker/jpeg_*.c engine/hash/*.c) engine/base/mem.c engine/base/cpu.c engine/base/error.c
FUZZ_SOURCES_jpeg = $(FUZZ_JPEG)
FUZZ_FLAGS_jpeg = $(AVX2) $(call pkg,JPEG,cflags)
FUZZ_LINK_jpeg = $(call pkg,JPEG,libs) -lm
FUZZ_TARGETS := text csv png jpeg

$(O)/fuzz/%: tests/fuzz/fuzz_%.c $(wildcard tests/fuzz/*.h tests/unit/*.h hashdb/*/*.h engine/*/*.h engine/decode/worker/*.h) \
		$(FUZZ_EXCHANGE) $(FUZZ_PNG) $(FUZZ_JPEG)
	@mkdir -p $(@D)
	@$(call say,FUZZ,$@)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) $(FUZZ_FLAGS_$*) $(CPPFLAGS) -o $@ $< $(FUZZ_SOURCES_$*) $(FUZZ_LINK_$*) $(FUZZ_LINK)

# Seeds are made by formula. Each begins with the two bytes by which a target chooses its options.
define fuzz_seed_functions
hex() { awk -v n=$$1 -v k=$$2 'BEGIN { for (i = 0; i < n; i++) printf "%x", (i * k + 3) % 16 }'; }; \
seed() { printf "$$2" > $(O)/fuzz/corpus-$(T)/$$1; cat >> $(O)/fuzz/corpus-$(T)/$$1; };
endef
define fuzz_seeds_text
{ echo "# list"; echo "md5 $$(hex 32 5) a"; echo "pdq $$(hex 64 7) a"; echo "SHA-1 $$(hex 40 3) b # x"; } | seed named '\000\003'; \
{ echo "$$(hex 64 5)"; echo "$$(hex 64 7) id"; printf 'pdq %s id\r\n\r\n' "$$(hex 64 3)"; } | seed bare '\001\010'; \
{ printf '\357\273\277phash %s \303\251\n' "$$(hex 16 5)"; echo; echo "dhash $$(hex 16 3)"; } | seed bom '\010\000';
endef
define fuzz_seeds_csv
{ echo "id,md5,sha1,sha256,pdq,phash,dhash,photodna,status,reason,time,quality,category,classification,series,labels"; \
  echo "\"a, \"\"b\"\"\",$$(hex 32 5),,,$$(hex 64 7) $$(hex 64 3),,,,withdrawn,\"two"; \
  echo "lines\",2031-01-02T03:04:05Z,49,1,A1,s,\"k=v;a\\;b=c\""; echo "b,,,,$$(hex 64 7),,,,active,,1925089445,0,,,,"; } | seed full '\000\003'; \
{ printf 'Hash;b\r\n%s;"x"\r\n\r\n"open;%s\r\n' "$$(hex 64 5)" "$$(hex 64 7)"; } | seed mapped '\100\001'; \
{ echo "a,$$(hex 32 5),k=v,disputed,100"; echo "b,$$(hex 32 3),,,"; } | seed bare '\060\002'; \
{ echo "md5=#1,id=#2"; echo "$$(hex 32 5),x"; } | seed own '\200\020';
endef
# A file of 5 x 5 zeros, its checksums of chunks to be put right; rows of all filters in all kinds of pixels.
define fuzz_seeds_png
zeros() { head -c $$1 /dev/zero; }; \
{ printf '\211PNG\r\n\032\n'; printf '\000\000\000\015IHDR\000\000\000\005\000\000\000\005\010\000\000\000\000crc.'; \
  printf '\000\000\000\051IDAT\170\001\001\036\000\341\377'; zeros 30; printf '\000\036\000\001crc.'; \
  printf '\000\000\000\000IENDcrc.'; } | seed file '\002'; \
for k in 0 1 2 3; do hex 2000 7 | seed rows$$k "\\001\\040\\014\\00$$k"; done;
endef

define fuzz_seeds_jpeg
n=0; for o in "" --progressive --gray "--quality 30" "--progressive --quality 95"; do n=$$((n + 1)); \
	$(MKPICTURE) --seed $$n --size 72x56 $$o $(O)/fuzz/corpus-jpeg/$$n.jpg || exit; done;
endef

.PHONY: fuzz
fuzz: $(if $(T),$(O)/fuzz/$(T)) $(if $(filter jpeg,$(T)),$(MKPICTURE)) ## one fuzzer: make fuzz T=text TIME=20
	$(if $(T),,$(error name a target: make fuzz T=text (of: $(FUZZ_TARGETS)) TIME=seconds))
	@mkdir -p $(O)/fuzz/corpus-$(T)
	@$(fuzz_seed_functions) $(fuzz_seeds_$(T)) :
	$(Q)cd $(O)/fuzz && ./$(T) -max_total_time=$(TIME) -timeout=10 -rss_limit_mb=2048 -max_len=4096 \
		-artifact_prefix=finding-$(T)- -print_final_stats=1 corpus-$(T)

.PHONY: fuzz-smoke
fuzz-smoke: ## every fuzzer for TIME seconds each
	$(Q)for t in $(FUZZ_TARGETS); do $(MAKE) --no-print-directory fuzz T=$$t TIME=$(TIME) || exit 1; done
