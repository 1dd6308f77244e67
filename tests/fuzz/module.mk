# SPDX-License-Identifier: Apache-2.0
# libFuzzer targets: tests/fuzz/fuzz_<T>.c (codec-*: fuzz_codec.c), linked with the sources named in
# FUZZ_SOURCES_<T> and nothing else, all built with clang's address and undefined-behaviour
# sanitizers. Another target is a file, its rows here and, where it helps, a seed rule.

FUZZ_CC ?= clang
FUZZ_FLAGS = -std=c17 -D_GNU_SOURCE -g -O1 -fno-omit-frame-pointer -fno-strict-aliasing -ffp-contract=off \
	-fsanitize=address,undefined -fsanitize=fuzzer-no-link -fno-sanitize-recover=all $(WARNINGS) -Wno-unknown-pragmas \
	-Iengine/include -Iengine -Ihashdb/include -Ihashdb -Itests/unit -Itests/fuzz
FUZZ_LINK ?=
TIME ?= 20

worker = $(addprefix engine/decode/worker/,$(1:%=%.c))
FUZZ_SUPPORT := engine/base/mem.c engine/base/cpu.c engine/base/error.c tests/fuzz/exact_map.c
FUZZ_EXCHANGE := $(wildcard hashdb/exchange/*.c) hashdb/store/enum_names.c engine/base/utf8.c engine/hash/algorithm.c
FUZZ_CORE := engine/decode/classes.c $(wildcard engine/decode/worker/jpeg_*.c) $(wildcard engine/decode/worker/png_*.c) $(wildcard engine/hash/*.c) \
	engine/decode/wire.c $(call worker,codec_jpeg codec_png codec_gif gif_lzw codec_pnm pnm_header codec_icon codec_bmp codecs_core picture_room row_sink)
FUZZ_VIPS := engine/decode/classes.c $(wildcard engine/hash/*.c) engine/decode/wire.c $(call worker,codec_vips codec_tiff codec_jxl codec_jp2 jp2_outline codec_bmp codecs_vips row_sink)

FUZZ_CODECS_CORE := codec-jpeg codec-png codec-gif codec-pnm codec-ico
FUZZ_CODECS_VIPS := codec-webp codec-tiff codec-heic codec-avif codec-bmp codec-jxl codec-jp2
FUZZ_TARGETS := text csv exact sqlite feeds vics replies hash json load names page-spool wire index store source sniff png jpeg $(FUZZ_CODECS_CORE) $(FUZZ_CODECS_VIPS) bundle keys records audit journal

FUZZ_SOURCES_text := $(FUZZ_EXCHANGE)
FUZZ_SOURCES_csv := $(FUZZ_EXCHANGE)
FUZZ_SOURCES_feeds := $(FUZZ_EXCHANGE)
FUZZ_SOURCES_replies := $(FUZZ_EXCHANGE)
FUZZ_SOURCES_vics := $(FUZZ_EXCHANGE)
FUZZ_SOURCES_exact := $(FUZZ_EXCHANGE)
FUZZ_SOURCES_sqlite := $(FUZZ_EXCHANGE)
FUZZ_SOURCES_hash := engine/hash/algorithm.c
FUZZ_SOURCES_json := tools/output.c tools/whole_bytes.c tools/printable.c tools/memory.c engine/base/utf8.c engine/hash/algorithm.c
FUZZ_SOURCES_records := tools/report/hit_record.c tools/report/report_totals.c tools/report/html_text.c tools/report/csv_cell.c \
	tools/json_lines.c tools/printable.c tools/memory.c hashdb/exchange/csv_formula.c
FUZZ_SOURCES_names := tools/name_stream.c tools/printable.c tools/memory.c
FUZZ_SOURCES_page-spool := tools/sync/page_spool.c tools/whole_bytes.c tools/printable.c tools/memory.c
FUZZ_SOURCES_wire := engine/decode/wire.c
FUZZ_SOURCES_index := $(wildcard engine/match/*.c) engine/base/checksum.c engine/base/whole_io.c
FUZZ_SOURCES_store := hashdb/store/schema.c hashdb/store/schema_entry.c engine/hash/algorithm.c engine/base/checksum.c engine/base/utf8.c
FUZZ_SOURCES_source := hashdb/store/source_row.c hashdb/store/schema.c hashdb/store/enum_names.c engine/hash/algorithm.c \
	engine/base/checksum.c engine/base/utf8.c
FUZZ_SOURCES_sniff := $(call worker,sniff pnm_header)
FUZZ_SOURCES_png := $(call worker,codec_png picture_room png_stream png_unfilter png_unfilter_avx2 row_sink) engine/decode/wire.c
FUZZ_SOURCES_jpeg := $(wildcard engine/decode/worker/jpeg_*.c) $(wildcard engine/hash/*.c) $(call worker,picture_room)
$(foreach t,$(FUZZ_CODECS_CORE),$(eval FUZZ_SOURCES_$(t) := $(FUZZ_CORE)))
$(foreach t,$(FUZZ_CODECS_VIPS),$(eval FUZZ_SOURCES_$(t) := $(FUZZ_VIPS)))

# All formats are in one table.
FUZZ_LINK_EXCHANGE = $(foreach p,EXPAT JSON DIGEST YAJL SQLITE,$(call pkg,$(p),libs))
$(foreach t,text csv exact sqlite feeds replies vics,$(eval FUZZ_LINK_$(t) = $$(FUZZ_LINK_EXCHANGE)))
FUZZ_SOURCES_keys := $(addprefix hashdb/trust/,key_text.c public_key.c secret_key.c signature.c) engine/base/utf8.c
FUZZ_SOURCES_load := hashdb/exchange/json_load.c
FUZZ_SOURCES_bundle := $(addprefix hashdb/trust/,bundle_format.c bundle_parse.c bundle_text.c bundle_plan.c bundle_state.c \
	key_text.c public_key.c) hashdb/exchange/json_load.c hashdb/exchange/json_dump.c hashdb/exchange/utc_time.c hashdb/store/schema.c hashdb/store/enum_names.c engine/hash/algorithm.c engine/base/checksum.c \
	engine/base/utf8.c
FUZZ_LINK_keys = $(call pkg,SODIUM,libs)
FUZZ_LINK_bundle = $(call pkg,SODIUM,libs) $(call pkg,JSON,libs) $(call pkg,DIGEST,libs)
FUZZ_SOURCES_audit := $(addprefix hashdb/trust/,audit_chain.c audit_gap.c audit_checkpoint.c) hashdb/exchange/utc_time.c hashdb/exchange/json_load.c tests/fuzz/audit_alone.c
FUZZ_SOURCES_journal := hashdb/store/journal_row.c $(wildcard engine/hash/*.c)
FUZZ_LINK_audit = $(call pkg,JSON,libs) $(call pkg,DIGEST,libs)
FUZZ_LINK_journal = -lm
FUZZ_LINK_source = $(call pkg,SODIUM,libs)
FUZZ_LINK_load = $(call pkg,JSON,libs)
FUZZ_LINK_json = $(call pkg,JSON,libs)
FUZZ_LINK_records = $(call pkg,JSON,libs)
FUZZ_LINK_page-spool = $(call pkg,JSON,libs) $(call pkg,DIGEST,libs)
FUZZ_LINK_png = $(call pkg,PNG,libs) $(call pkg,DEFLATE,libs) -lz -lm
FUZZ_LINK_jpeg = $(call pkg,JPEG,libs) -lm
$(foreach t,$(FUZZ_CODECS_CORE),$(eval FUZZ_LINK_$(t) = $$(LINK_tutela-decoder)))
$(foreach t,$(FUZZ_CODECS_VIPS),$(eval FUZZ_LINK_$(t) = $$(LINK_tutela-decoder-vips) -ldl))

# Codecs and images have more in them than 4,096 bytes.
FUZZ_LEN_index := 512
FUZZ_LEN_store := 8192
FUZZ_LEN_sqlite := 16384
FUZZ_LEN_bundle := 8192
FUZZ_LEN_source := 12000
$(foreach t,$(FUZZ_CODECS_CORE) $(FUZZ_CODECS_VIPS),$(eval FUZZ_LEN_$(t) := 16384))

FUZZ_EXACT := -Dmmap=exact_mmap -Dmunmap=exact_munmap '-DHUGE_PAGE=((size_t)1<<62)'
FUZZ_FLAGS_engine/base/mem := $(FUZZ_EXACT)
FUZZ_FLAGS_engine/match/index := $(FUZZ_EXACT)
# Nothing branches on what it reads.
FUZZ_FLAGS_engine/base/checksum := -O2 -fno-sanitize=fuzzer-no-link
FUZZ_FLAGS_tests/fuzz/fuzz_png = $(call pkg,PNG,cflags) $(call pkg,DEFLATE,cflags)
FUZZ_FLAGS_tests/fuzz/fuzz_jpeg = $(call pkg,JPEG,cflags)
FUZZ_FLAGS_hashdb/trust/bundle_format = $(call pkg,DIGEST,cflags)
$(foreach f,exchange/json_load exchange/json_dump trust/bundle_parse trust/bundle_text,$(eval FUZZ_FLAGS_hashdb/$(f) = $$(call pkg,JSON,cflags)))
FUZZ_FLAGS_tests/fuzz/fuzz_load = $(call pkg,JSON,cflags)
FUZZ_FLAGS_hashdb/store/source_row = $(call pkg,SODIUM,cflags)
$(foreach f,hashdb/trust/audit_chain hashdb/trust/audit_gap tests/fuzz/fuzz_audit tests/fuzz/audit_alone,$(eval \
	FUZZ_FLAGS_$(f) = $$(call pkg,JSON,cflags) $$(call pkg,DIGEST,cflags) $$(call pkg,LMDB,cflags)))
FUZZ_FLAGS_tests/fuzz/fuzz_json = -Itools $(call pkg,JSON,cflags)
FUZZ_FLAGS_tests/fuzz/fuzz_names = -Itools
FUZZ_FLAGS_tests/fuzz/fuzz_records = -Itools $(call pkg,JSON,cflags)
$(foreach f,hit_record report_totals html_text csv_cell,$(eval FUZZ_FLAGS_tools/report/$(f) = -Itools $$(call pkg,JSON,cflags)))
FUZZ_FLAGS_tests/fuzz/fuzz_page = -Itools $(call pkg,JSON,cflags) $(call pkg,DIGEST,cflags)
FUZZ_FLAGS_tools/sync/page_spool = -Itools $(call pkg,JSON,cflags) $(call pkg,DIGEST,cflags)
FUZZ_FLAGS_tools/whole_bytes = -Itools
FUZZ_FLAGS_tools/json_lines = -Itools
FUZZ_FLAGS_tools/output = -Itools $(call pkg,JSON,cflags)
FUZZ_FLAGS_tools/printable = -Itools
FUZZ_FLAGS_tools/memory = -Itools
FUZZ_FLAGS_tools/name_stream = -Itools

$(O)/fuzz/obj/%.o: %.c Makefile tests/fuzz/module.mk
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) $(FLAGS_$*) $(FUZZ_FLAGS_$*) $(CPPFLAGS) -MMD -MP -c -o $@ $<

fuzz_objects = $(patsubst %.c,$(O)/fuzz/obj/%.o,tests/fuzz/fuzz_$(firstword $(subst -, ,$(1))).c $(FUZZ_SOURCES_$(1)) $(FUZZ_SUPPORT))
define fuzz_target
$(O)/fuzz/$(1): $(call fuzz_objects,$(1))
	@$$(call say,FUZZ,$$@)
	$$(Q)$$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -o $$@ $$^ $$(FUZZ_LINK_$(1)) $$(FUZZ_LINK)
endef
$(foreach t,$(FUZZ_TARGETS),$(eval $(call fuzz_target,$(t))))
-include $(shell find $(O)/fuzz/obj -name '*.d' 2>/dev/null)

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
define fuzz_seeds_feeds
xml='<queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2"><images><image><member id="7">Org</member><timestamp>2031-01-02T09:59:00Z</timestamp><id>a</id><classification>A1</classification>'; \
{ echo "$$xml<fingerprints><md5>$$(hex 32 5)</md5><sha1>$$(hex 40 3)</sha1><pdq>$$(hex 64 7)</pdq><pdna>$$(hex 288 5)</pdna><netclean>x</netclean></fingerprints>"; \
  echo '<feedback><affirmativeFeedback type="Md5"><members><member id="8">O</member></members></affirmativeFeedback><negativeFeedback type="Sha1"><reasons><reason guid="g" name="R" type="Sha1"/><members><member id="9"/></members></reasons></negativeFeedback></feedback>'; \
  echo '</image><deletedImage><member id="7"/><id>b</id></deletedImage></images><videos/><paging><next>/v2/entries?a&amp;b</next></paging></queryResult>'; } | seed ncmec '\000\003'; \
{ printf '{"nextPageToken":"t","nextSetTimestamp":17,"hasMoreRecords":true,"hashRecords":[{"lastModtimestamp":17,"signalType":"ImagePDQ","hashValue":"%s","hashStatus":"Active",' "$$(hex 64 7)"; \
  printf '"caseNumbers":{"a":"b"},"CSPFeedbacks":[{"feedbackValue":"Blocked","tags":["x"]}]},{"signalType":"VideoMD5","hashValue":"%s","hashStatus":"Deleted"}]}' "$$(hex 32 5)"; } | seed stopncii '\001\007'; \
{ printf '{"data":[{"id":"1","indicator":"%s","type":"HASH_PDQ","last_updated":18,"should_delete":false,"descriptors":{"data":[{"owner":{"id":"7"},"status":"MALICIOUS","tags":["a"],' "$$(hex 64 7)"; \
  printf '"reactions":[{"key":"HELPFUL","value":"1,2"},{"key":"DISAGREE_WITH_TAGS","value":"3"}]}]}}],"paging":{"next":"https://x/"}}'; } | seed threatexchange '\002\001'; \
printf '{"next":"a=b","checkpoint":"1.5,2","results":[{"id":1,"hash_digest":"%s","algorithm":"MD5","deleted":false,"updated_on":"2024-08-28T14:48:07.7Z"},{"id":2,"deleted":true}]}' "$$(hex 32 5)" | seed tat '\003\002';
endef
define fuzz_seeds_replies
printf '<status><username>u</username><member id="7">O</member></status>' | seed status '\000'; \
printf '<members><member id="7">O</member><member id="8"/></members>' | seed members '\001'; \
printf '<availableFeedbackReasons><reason guid="01234567-abcd-0123-4567-0123456789ab" name="N" type="Sha1"/></availableFeedbackReasons>' | seed reasons '\002';
endef
define fuzz_seeds_vics
{ printf '{"@odata.context":"x/$$metadata#Media","value":['; \
  printf '{"MediaID":1,"Category":1,"MD5":"%s","SHA1":"%s","MediaSize":"7","DateUpdated":"2031-01-02T03:04:05Z"},' "$$(hex 32 5)" "$$(hex 40 3)"; \
  printf '{"mediaid":"2","md5":"%s","Tags":["a","b"],"IsDistributed":"True","VictimIdentified":false,"Comments":"\\u00e9"}]}' "$$(hex 32 7)"; } | seed set '\000\003'; \
{ printf '{"value":[{"CaseID":"1","Media":[{"MediaID":0,"MD5":"%s","MediaFiles":[{"FileName":"a"}],' "$$(hex 32 5)"; \
  printf '"AlternativeHashes":[{"HashName":"PDQ","HashValue":"%s"},{"HashName":"PhotoDNA","HashValue":"%s"}],' "$$(hex 64 7)" "$$(hex 288 3)"; \
  printf '"MediaMetadata":[{"PropertyName":"tutela.id","PropertyValue":"a"},{"PropertyName":"tutela.label.b","PropertyValue":"c"}]}]}]}'; } | seed case '\001\010'; \
{ printf '{"value":[{"MD5":"","PhotoDNA":"%s","Series":"s","MimeType":"m","SelfGenerated":null},7,[]]}' "$$(hex 192 3)"; } | seed dna '\002\001';
endef
define fuzz_seeds_exact
{ echo "$$(hex 32 5)  a b"; echo "\\$$(hex 40 7) *c"; echo "SHA256 (x (1)) = $$(hex 64 3)"; echo "$$(hex 32 3)"; } | seed sums '\000\003'; \
printf '%s  a\nb\0MD5 (c) = %s\0%s  d\n%s\0' "$$(hex 32 5)" "$$(hex 32 7)" "$$(hex 40 3)" "$$(hex 32 9)" | seed sumsz '\000\003'; \
printf 'MD5\r\n%s\r\n' "$$(hex 32 5)" | iconv -f UTF-8 -t UTF-16LE | { printf '\377\376'; cat; } | seed wide '\000\005'; \
{ printf '%041d|nsrl\n%041d|x\n' 0 1; printf '%032d|%016d\n' 0 0; echo "$$(hex 32 5)|0000000000000815"; } | seed hfind '\001\010'; \
{ printf 'HASH\r\n\377\000'; $(call zeros,1144); hex 40 5; } | seed encase '\002\020'; \
{ echo '"file_id","file_name","hash"'; echo "1,\"a, \"\"b\",$$(hex 32 5)"; } | seed hashkeeper '\003\001'; \
{ echo '"SHA-1","MD5","CRC32","FileName","FileSize"'; echo "\"$$(hex 40 5)\",\"$$(hex 32 7)\",\"0\",\"a, \"b\",1"; } | seed nsrl '\004\002'; \
{ echo 'FileName,SHA-256,md5'; echo "\"a\",,$$(hex 32 7)"; } | seed nsrl2 '\006\002'; \
{ echo '%%%% HASHDEEP-1.0'; echo '%%%% size,md5,sha1,filename'; echo '## x'; echo "7,$$(hex 32 5),$$(hex 40 7),a, b"; } | seed hashdeep '\005\004';
endef
# Databases of small pages, so that they are mutated well.
define fuzz_seeds_sqlite
db() { rm -f $(O)/fuzz/seed.db; { echo 'PRAGMA page_size=512;'; cat; } | $(HELPER) sqlite $(O)/fuzz/seed.db && seed $$1 "$$2" <$(O)/fuzz/seed.db; rm -f $(O)/fuzz/seed.db; }; \
{ echo "CREATE TABLE hashes (id INTEGER PRIMARY KEY, md5 BINARY(16) UNIQUE, sha1, sha2_256);"; \
  for i in 5 7 9 11 13; do echo "INSERT INTO hashes (md5, sha1) VALUES (X'$$(hex 32 $$i)', '$$(hex 40 $$i)');"; done; } | db kdb '\000'; \
{ echo "CREATE TABLE METADATA (object_id INTEGER, sha256 TEXT, sha1 TEXT, md5 TEXT, file_name); CREATE VIEW FILE AS SELECT * FROM METADATA;"; \
  for i in 3 5 7 9 11 13; do echo "INSERT INTO METADATA VALUES ($$i, '$$(hex 64 $$i)', '$$(hex 40 $$i)', '$$(hex 32 $$i)', '$$(hex 99 $$i)');"; done; } | db rds '\001'; \
echo "CREATE TABLE FILE (md5 PRIMARY KEY) WITHOUT ROWID; INSERT INTO FILE VALUES ('$$(hex 32 5)');" | db minimal '\001';
endef
# A file of 5 x 5 zeros, its checksums of chunks to be put right; rows of all filters in all kinds of pixels.
define fuzz_seeds_png
{ printf '\211PNG\r\n\032\n'; printf '\000\000\000\015IHDR\000\000\000\005\000\000\000\005\010\000\000\000\000crc.'; \
  printf '\000\000\000\051IDAT\170\001\001\036\000\341\377'; $(call zeros,30); printf '\000\036\000\001crc.'; \
  printf '\000\000\000\000IENDcrc.'; } | seed file '\002'; \
for k in 0 1 2 3; do hex 2000 7 | seed rows$$k "\\001\\040\\014\\00$$k"; done;
endef

zeros = head -c $(1) /dev/zero
define fuzz_seeds_hash
for a in 0 1 2 3 4 5; do for n in 16 32 40 64; do hex $$n 7 | seed $$a-$$n "\\00$$a" ; done; done; printf 'sha-1' | seed name '\000';
endef
define fuzz_seeds_json
printf 'a\n\033[31m\302\233\342\200\256\360\237\230\200"\\' | seed good ''; printf '\300\257\355\240\200\377 \364\220\200\200' | seed bad '';
endef
define fuzz_seeds_records
{ echo '{"type":"file","path":"a/<b>.jpg","path_bytes":"612fff","size":5,"format":"jpeg","width":8,"height":9,"md5":"'$$(hex 32 5)'","pdq":"'$$(hex 64 7)'","pdq_quality":99,"verdict":"match","reason":"","perceptual":"match","evidence":"E","hits":[{"source":"s","list":"l","list_version":7,"entry":"=e","algorithm":"pdq","distance":2,"threshold":31,"variant":"original","labels":{"category":"1","k":"v;w"},"action":"report","dialect":"ref","partial":true,"expired":true}],"hits_limited":true}'; \
  echo '{"type":"file","path":"x\u001b\u202e","size":0,"verdict":"undetermined","reason":"empty: nothing","hits":[]}'; \
  echo '{"type":"summary","files":2,"lists":[{"list":"l","version":7}]}'; } | seed whole ''; \
{ echo '{"type":"file","path":"a","verdict":"no-match","hits":[],"excluded":true}'; echo; echo '[[[['; } | seed odd '';
endef
define fuzz_seeds_load
printf '{"a":[1,-2.5e3,true,null,"\\u00e4\\ud83d\\ude00\\\\"],\n"0123456789abcdef0123456789abcdef":{"b":"\303\244"}}' | seed object '\001'; \
printf '{"a":1,"a":2}' | seed twice '\000'; printf '[1,{}]' | seed other '\001';
endef
define fuzz_seeds_names
printf 'one\ntwo\r\n\n\000three' | seed lines '\000'; printf 'one\000two\n\000' | seed nul '\003'; printf 'a\nbc\ndef\n' | seed pieces '\044';
endef
# Pages, then damage; a file of pages and its mark as they are.
define fuzz_seeds_page-spool
printf '\003one\nabc\002two\n\000' | seed built '\000'; printf '\002one\nabc\001\007\177' | seed damaged '\001'; \
{ printf '{"format":2,"end":0,"whole":true,"origin":"o","state":"{}"}\000'; $(call zeros,40); } | seed raw '\002'; \
{ printf '{"format":2,"end":40,"whole":false,"origin":"o","state":"{}"}\000'; $(call zeros,80); } | seed longer '\002';
endef
# Hello, request, a reply without a picture, a reply with a PDQ hash: 8, 48 and 728 bytes.
define fuzz_seeds_wire
asked='\000\001\003\350\001\000\000'; \
printf 'TUTH\001\000\000\000' | seed hello "\\000\\000$$asked"; \
{ printf 'TUTQ\001\000'; $(call zeros,42); } | seed request "\\001\\000$$asked"; \
{ printf 'TUTR\001\000\000\001'; $(call zeros,720); } | seed none "\\002\\000$$asked"; \
{ printf 'TUTR\001\000\001\000\003'; $(call zeros,719); } | seed other "\\002\\000$$asked"; \
{ printf 'TUTR\001\000\000\000\001\000\000\000\000\000\000\000\001\000\000\000'; $(call zeros,8); \
  printf '\010\000\000\000\010\000\000\000\001'; $(call zeros,691); } | seed picture "\\002\\000$$asked";
endef
define fuzz_seeds_index
for b in 0 1 2; do for h in 0 1 2 4 7; do printf '\000\000\000\000' | seed plain$$b$$h "\\00$$b\\00$$h\\022"; \
	printf '\000\000\000\000\000\000\040\207\001\000\000\000\000\000\000\000' | seed head$$b$$h "\\01$$b\\00$$h\\022"; \
	printf '\000\000\000\000\000\020\020\003\377\001\002\003' | seed codes$$b$$h "\\02$$b\\00$$h\\022"; done; done; \
printf '\000\000\000\000\001\000\000\001\377\377' | seed tables '\020\004\022';
endef
define fuzz_seeds_store
one='\001\000\000\000'; \
{ printf "$$one"; $(call zeros,24); printf "$$one$$one"; $(call zeros,8); printf "$$one"; $(call zeros,32); } | seed state '\001\000'; \
{ $(call zeros,8); printf "$$one"; $(call zeros,12); } | seed pending '\002\000'; \
{ printf "list$$one"; $(call zeros,74); printf '\001s\001\010'; $(call zeros,16); } | seed list '\003\004'; \
{ printf '\000\000\000\000\000\000\000\007\010\000\001'; $(call zeros,24); } | seed segment '\005\010'; \
{ printf '\000\000\000\002'; $(call zeros,32); body; } | seed entry '\004\004'; body | seed body '\000\000'; \
printf 'seg-pdq-17.tix.tmp' | seed name '\007\000';
endef
# Layout, type, not suspended, three times; country, list, URL, four paths, an error; threshold, keys, members.
# A log by formula: each record with the digest of the one before, so that mutations meet a chain that holds; 4 damaged, 6 owns up to it.
define fuzz_seeds_audit
uuid=00000000-0000-4000-8000-000000000000; zero=$$(printf %064d 0); \
printf 'tutela-audit-checkpoint 1\nstore %s\nnumber 7\nhead %s\ntime 2031-01-02T03:04:05Z\n' $$uuid $$(hex 64 7) | seed point '\000'; \
log() { prev=$$zero; n=1; for a in "create\",\"store\":\"$$uuid" scan-start scan-end $$1 update; do \
  line="{\"type\":\"audit\",\"number\":$$n,\"prev\":\"$$prev\",\"time\":\"2031-01-02T03:04:05Z\",\"action\":\"$$a\"}"; \
  [ "$$a" != damaged ] || { before=$$prev; line='!x'; }; \
  [ $$a != update ] || [ "$$1" != damaged ] || line="{\"type\":\"audit\",\"number\":$$n,\"prev\":\"$$prev\",\"action\":\"audit-repair\",\"store\":\"$$uuid\",\"detail\":{\"gaps\":[{\"first\":4,\"last\":4,\"sha256\":\"$$prev\",\"before\":3,\"before_sha256\":\"$$before\"}]}}"; \
  case "$$2$$line" in hex!x) printf '{"type":"audit-damaged","number":4,"sha256":"%s","hex":"2178"}\n' $$(printf '!x' | sha256sum | cut -c 1-64) ;; *) printf '%s\n' "$$line" ;; esac; \
  prev=$$(printf '%s' "$$line" | sha256sum | cut -c 1-64); n=$$((n + 1)); done; }; \
log checkpoint | seed export '\001\000'; log checkpoint | seed rows '\002\000'; log damaged | seed damaged '\002\000'; \
log damaged hex | seed told '\001\000'; log checkpoint | sed 3d | seed missing '\001\000'; log checkpoint | seed points '\003\003';
endef
define fuzz_seeds_journal
row() { $(call zeros,8); printf '\001\000\000\000\000\000\000\000\001\062'; $(call zeros,8); printf '\002\000ab'; }; \
hash() { printf '\001\000'; hex 16 5; }; \
hit() { printf '\001\000s\001\000l\002\000id\002\000A1\007'; $(call zeros,7); printf '\000\001\000\000\037\000'; }; \
{ row; printf '\000\000\000'; } | seed empty '\001'; { row; printf '\001'; hash; printf '\001\000'; hit; } | seed one '\001'; \
{ row; printf '\002'; hash; hash; printf '\003\000'; hit; hit; hit; } | seed more '\001';
endef
define fuzz_seeds_keys
key() { printf 'RW'; head -c 40 /dev/zero | base64 -w0 | cut -c 1-52 | tr -d '\n'; printf 'AA'; }; \
{ printf 'untrusted comment: minisign public key 0\n'; key; echo; } | seed public '\000'; key | seed bare '\000'; \
{ printf 'untrusted comment: x\nRUQ'; head -c 72 /dev/zero | base64 -w0 | cut -c 1-96 | tr -d '\n'; printf 'A=\ntrusted comment: y\n'; \
  head -c 64 /dev/zero | base64 -w0; echo; } | seed signature '\001'; \
for k in '\000\000' Sc; do { printf 'untrusted comment: x\n'; { printf "Ed$${k}B2"; $(call zeros,152); } | base64 -w0; echo; } | seed secret$${#k} '\002'; done;
endef
fuzz_root_key = RW$(1)AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
fuzz_dates = "issued":"2031-01-02T03:04:05Z","expires":"2032-01-02T03:04:05Z"
define fuzz_seeds_bundle
sha=$$(hex 64 7); \
echo '{"type":"tutela-root","format":1,"version":1,$(fuzz_dates),"root_keys":["$(call fuzz_root_key,Q)"],"root_threshold":1,"keys":["$(call fuzz_root_key,Q)"],"threshold":1}' | seed root '\000'; \
echo '{"type":"tutela-index","format":1,"version":2,"root":1,$(fuzz_dates),"lists":[{"list":"a","version":3,"manifest":"a.3.json","length":9,"sha256":"'$$sha'"}]}' | seed index '\001'; \
echo '{"type":"tutela-list","format":1,"list":"a","version":3,$(fuzz_dates),"kind":"known","digest":"'$$sha'","active":1,"disputed":0,"fingerprints":{"pdq":1},"origins":[{"source":"s","list":"l","version":1,"issued":"2031-01-02T03:04:05Z"}],"files":[{"name":"a.1.full.zst","version":1,"length":9,"sha256":"'$$sha'","plain_length":9,"records":1},{"name":"a.1-3.delta.zst","base":1,"version":3,"length":9,"sha256":"'$$sha'","plain_length":9,"records":1,"withdrawn":0}],"mark":{"store":"00000000-0000-4000-8000-000000000000","list":1,"versions":[{"version":1,"entry":2}]}}' | seed manifest '\002'; \
printf 'tutela-bundle-source 1\nindex 2 %s\nclock 1900000000\nroot\n{}' $$sha | seed source '\003'; \
printf 'tutela-bundle-list 1\nversion 3 1900000000\ndigest %s\nmanifest %s\norigin s l 1 1900000000\n' $$sha $$sha | seed list '\004';
endef
define fuzz_seeds_source
texts='\002\000DE\000\000\002\000/a\000\000\000\000\000\000\000\000\000\000'; \
{ printf '\001a\001\000\000'; $(call zeros,24); printf "$$texts\001\001RWQ%053d\000" 1; } | seed bundle '\000\002'; \
{ printf '\001a\001\001\001'; $(call zeros,24); printf "$$texts\000\000\001"; $(call zeros,8); } | seed ncmec '\000\002'; \
{ printf '\000\000\000\001\000\000\000\000\000\000\000\001'; $(call zeros,8); \
  printf '\001\000p\002\000id\003\000bad'; } | seed held '\001\014'; \
printf '\002a\000f' | seed key '\002\004'; printf 'some\377thing' | seed hold '\003\000';
endef
define fuzz_seed_body
body() { $(call zeros,9); printf '\002\000id\002\001\020'; hex 16 5; printf '\010\040'; hex 32 7; printf '\001\001\000k\001\000v\000\000'; };
endef
define fuzz_seeds_sniff
for f in 'GIF89a' 'RIFF....WEBPVP8 ' '\000\000\000\030ftypmif1\000\000\000\000miafheic' '\000\000\000\030ftypavif\000\000\000\000' 'BM' \
	'P6 1 1 255\n' '<?xml?><svg>' '\000\000\001\000\001\000\020\020\000\000' '\377\330\377\340' 'II*\000' '8BPS'; do \
	n=$$((n + 1)); { printf "$$f"; $(call zeros,200); } | seed $$n ''; done;
endef

define fuzz_seeds_jpeg
n=0; for o in "" --progressive --gray "--quality 30" "--progressive --quality 95"; do n=$$((n + 1)); \
	$(MKPICTURE) --seed $$n --size 72x56 $$o $(O)/fuzz/corpus-$(T)/$$n.jpg || exit; done;
endef
# Pictures small enough to be mutated well, of the ways of writing that each format has.
fuzz_pictures = n=0; for o in $(2); do n=$$((n + 1)); \
	$(MKPICTURE) --seed $$n --size 40x33 $$o $(O)/fuzz/corpus-$(T)/$$n.$(1) || exit; done;
fuzz_seeds_codec-jpeg = $(fuzz_seeds_jpeg) $(call fuzz_pictures,jpg,--cmyk --rgb "--exif 6")
fuzz_seeds_codec-png = $(call fuzz_pictures,png,"" --gray --alpha --16bit --palette --1bit --interlace "--palette --interlace")
fuzz_seeds_codec-webp = $(call fuzz_pictures,webp,"" --lossless "--frames 3")
fuzz_seeds_codec-gif = $(call fuzz_pictures,gif,"" "--frames 3")
fuzz_seeds_codec-tiff = $(call fuzz_pictures,tiff,"" --lossless --gray)
fuzz_seeds_codec-heic = $(call fuzz_pictures,heic,"" --lossless)
fuzz_seeds_codec-avif = $(call fuzz_pictures,avif,"" --lossless)
define fuzz_seeds_codec-pnm
$(call fuzz_pictures,ppm,"" --gray) for k in 1 2 3 4 5 6; do for m in 1 255 65535; do { printf "P$$k\n# c\n5 5\n"; \
	[ $$k = 1 ] || [ $$k = 4 ] || echo $$m; case $$k in [123]) yes '1 0' | head -n 50;; *) $(call zeros,200);; esac; } | seed $$k-$$m ''; done; done; \
for t in BLACKANDWHITE:1 GRAYSCALE_ALPHA:2 RGB:3 RGB_ALPHA:4; do \
	{ printf "P7\nWIDTH 5\nHEIGHT 5\nDEPTH $${t#*:}\nMAXVAL 255\nTUPLTYPE $${t%:*}\nENDHDR\n"; $(call zeros,100); } | seed pam$${t#*:} ''; done;
endef
# A directory of two, the second a PNG or a BMP without its file's header.
fuzz_ico_head = printf '\000\000\00$(1)\000\002\000\020\020\000\000\001\000\040\000\377\000\000\000\046\000\000\000\050\041\000\000\001\000\040\000\377\000\000\000\046\000\000\000'
define fuzz_seeds_codec-ico
cd $(O)/fuzz; for o in "" --gray --alpha; do $(abspath $(MKPICTURE)) --seed 1 --size 40x33 $$o icon.png; \
	{ $(call fuzz_ico_head,1); cat icon.png; } >corpus-$(T)/png$$o; done; \
for o in "" --gray; do $(abspath $(MKPICTURE)) --seed 1 --size 40x33 $$o icon.bmp; for k in 1 2; do \
	{ $(call fuzz_ico_head,$$k); tail -c +15 icon.bmp; } >corpus-$(T)/bmp$$k$$o; done; done; rm icon.png icon.bmp;
endef
fuzz_seeds_codec-bmp = $(call fuzz_pictures,bmp,"" --gray)
fuzz_seeds_codec-jxl = $(call fuzz_pictures,jxl,"" --lossless)
fuzz_seeds_codec-jp2 = $(call fuzz_pictures,jp2,"" --lossless "--lossless --alpha --16bit" "--gray --tile 16") $(call fuzz_pictures,j2k,"" "--lossless --tile 20")

# libjxl says what it thinks of a file on stderr.
FUZZ_ARGS_codec-jxl := -close_fd_mask=2

.PHONY: fuzz
fuzz: $(if $(T),$(O)/fuzz/$(T)) $(if $(filter jpeg codec-%,$(T)),$(MKPICTURE)) $(if $(filter sqlite,$(T)),$(HELPER)) ## one fuzzer: make fuzz T=text TIME=20
	$(if $(T),,$(error name a target: make fuzz T=text (of: $(FUZZ_TARGETS)) TIME=seconds))
	@mkdir -p $(O)/fuzz/corpus-$(T)
	@$(fuzz_seed_functions) $(fuzz_seed_body) $(fuzz_seeds_$(T)) :
	$(Q)cd $(O)/fuzz && ./$(T) -max_total_time=$(TIME) -timeout=10 -rss_limit_mb=2048 -max_len=$(or $(FUZZ_LEN_$(T)),4096) \
		-artifact_prefix=finding-$(T)- -print_final_stats=1 $(FUZZ_ARGS_$(T)) corpus-$(T)

# Two at a time, each with its output in a file that is shown when something was found.
FUZZ_JOBS ?= 2
.PHONY: fuzz-smoke
fuzz-smoke: $(FUZZ_TARGETS:%=$(O)/fuzz/%) $(MKPICTURE) $(HELPER) ## every fuzzer for TIME seconds each
	$(Q)echo $(FUZZ_TARGETS) | tr ' ' '\n' | xargs -P $(FUZZ_JOBS) -I{} $(MAKE) --no-print-directory fuzz-one T={} TIME=$(TIME)
	@echo "fuzz-smoke: $(words $(FUZZ_TARGETS)) targets, nothing found"

.PHONY: fuzz-one
fuzz-one:
	@$(MAKE) --no-print-directory fuzz T=$(T) >$(O)/fuzz/$(T).log 2>&1 || { tail -n 60 $(O)/fuzz/$(T).log; exit 1; }
	@awk -v t=$(T) '/number_of_executed_units/ { n = $$2 } / cov: / { c = $$0; sub(/.* cov: /, "", c); sub(/ .*/, "", c) } \
		END { printf "  %-12s %10d runs, %5d edges\n", t, n, c }' $(O)/fuzz/$(T).log
