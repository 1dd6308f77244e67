# SPDX-License-Identifier: Apache-2.0
# Benchmarks, one question a file; run by hand. `make check` only runs them with next to nothing to do.

BENCH_SOURCES := $(wildcard bench/bench_*.c)
BENCHES := $(BENCH_SOURCES:bench/%.c=$(B)/bench/%)
FLAGS_bench = -Iengine/include -Ihashdb/include -Ibench $(OPENMP) -DBENCH_BIN_DIR='"$(abspath $(B))/bin"' \
	-DBENCH_MKPICTURE='"$(abspath $(MKPICTURE))"' -DBENCH_BOXLESS_DIR='"$(abspath $(B))/bench/boxless"' \
	$(call pkg,JSON,cflags)

$(BENCHES) $(B)/bench/peers_hash: $(B)/bench/%: $(B)/bench/%.o $(B)/lib/libtutela.a
	@$(call say,LINK,$@)
	$(Q)$(CC) $(PROJECT_LDFLAGS) $(OPENMP) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBTUTELA_LIBS) -lm

# tutela-decoder without its lock-down, for bench_box alone; both programs, as a pool asks for both.
BOXLESS := $(B)/bench/boxless/tutela-decoder $(B)/bench/boxless/tutela-decoder-vips
$(BOXLESS): $(OBJECTS_tutela-decoder) $(B)/tests/sandbox/without_box.o
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) -pie $(PROJECT_LDFLAGS) $(CFLAGS) $(LDFLAGS) -Wl,--wrap=tutela_sandbox_enter -o $@ $^ $(LINK_tutela-decoder)

REPORT := $(B)/bench/report

$(REPORT): $(patsubst %,$(B)/bench/%.o,report report_table report_plot)
	@$(call say,LINK,$@)
	$(Q)$(CC) -pie $(PROJECT_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,JSON,libs)

# What needs no peer to be compiled.
.PHONY: benches
benches: all mkpicture $(BOXLESS) $(BENCHES) $(REPORT) $(B)/bench/peers_hash $(B)/bench/peers_search.o
	@ln -sfn $(KEY)/bench $(O)/bench

# The lines of each are kept until it is run again; $(O)/bench.jsonl holds all of them.
LINES := $(O)/bench-lines

define bench_one # program, arguments
	echo "bench: $(notdir $(1)) $(2)" >&2; mkdir -p $(LINES); \
	if $(1) $(2) >$(LINES)/$(notdir $(1)).part && $(REPORT) table <$(LINES)/$(notdir $(1)).part >/dev/null; then \
		mv $(LINES)/$(notdir $(1)).part $(LINES)/$(notdir $(1)).jsonl; cat $(LINES)/$(notdir $(1)).jsonl; \
		cat $(LINES)/*.jsonl >$(O)/bench.jsonl; else exit 2; fi;
endef

.PHONY: bench
bench: benches ## run the benchmarks, a few minutes (N=bench_search picks one, ARGS='10000000 --check 2000' are its arguments, build/bench/NAME --help lists them)
	$(Q)$(if $(ARGS),$(if $(N),,$(error ARGS needs N: each benchmark has arguments of its own)))\
		$(foreach b,$(or $(N:%=$(B)/bench/%),$(BENCHES)),$(call bench_one,$(b),$(ARGS)))

# A picture in the README is one that was drawn with SVG=bench/speed.svg.
SVG ?= $(O)/bench.svg

.PHONY: bench-report bench-report-run
bench-report: ## table (N='search decode' picks some) and SVG of what `make bench` and `make bench-peers` found last
	$(Q).ci/deps build report
	$(Q)$(again) bench-report-run

bench-report-run: $(REPORT)
	$(Q)[ -s $(O)/bench.jsonl ] || { echo "bench-report: no '$(O)/bench.jsonl': \`make bench\` first" >&2; exit 2; }
	$(Q)$(REPORT) table $(N) <$(O)/bench.jsonl
	$(Q)$(REPORT) plot '$(SVG)' <$(O)/bench.jsonl >$(O)/bench.gnuplot && gnuplot $(O)/bench.gnuplot && echo && echo '$(SVG)'

# Peers are compared on demand only: nothing else needs a C++ compiler.
CXX ?= g++

$(B)/bench/peer_faiss.o: bench/peer_faiss.cc bench/peer_faiss.h bench/module.mk
	@mkdir -p $(@D)
	@$(call say,CXX,$<)
	$(Q)$(CXX) -std=c++17 -O2 -g -fopenmp -Wall -Wextra -Ibench -c -o $@ $<

$(B)/bench/peers_search: $(B)/bench/peers_search.o $(B)/bench/peer_faiss.o $(B)/lib/libtutela.a
	@$(call say,LINK,$@)
	$(Q)$(CXX) $(PROJECT_LDFLAGS) -fopenmp $(LDFLAGS) -o $@ $^ $(LIBTUTELA_LIBS) -lfaiss -lopenblas -lm

.PHONY: bench-peers bench-peers-run
bench-peers: ## install Debian's faiss, Pillow, libvips and ImageMagick, compare with them (N='1000000 10000000' codes)
	$(Q).ci/deps build peers
	$(Q)$(again) bench-peers-run

bench-peers-run: all mkpicture $(REPORT) $(B)/bench/peers_hash $(B)/bench/peers_search
	$(Q)$(call bench_one,$(B)/bench/peers_hash,)
	$(Q)$(call bench_one,$(B)/bench/peers_search,$(N))
