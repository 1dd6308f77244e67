# SPDX-License-Identifier: Apache-2.0
# Benchmarks, one question a file; run by hand, never by `make check`.

BENCH_SOURCES := $(wildcard bench/bench_*.c)
BENCHES := $(BENCH_SOURCES:bench/%.c=$(B)/bench/%)
FLAGS_bench = -Iengine/include -Ihashdb/include -Ibench $(OPENMP) -DBENCH_BIN_DIR='"$(abspath $(B))/bin"' \
	-DBENCH_MKPICTURE='"$(abspath $(MKPICTURE))"' -DBENCH_BOXLESS_DIR='"$(abspath $(B))/bench/boxless"'

$(BENCHES): $(B)/bench/%: $(B)/bench/%.o $(B)/lib/libtutela.a
	@$(call say,LINK,$@)
	$(Q)$(CC) $(PROJECT_LDFLAGS) $(OPENMP) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBTUTELA_LIBS) -lm

# tutela-decoder without its lock-down, for bench_box alone; both programs, as a pool asks for both.
BOXLESS := $(B)/bench/boxless/tutela-decoder $(B)/bench/boxless/tutela-decoder-vips
$(BOXLESS): $(OBJECTS_tutela-decoder) $(B)/tests/sandbox/without_box.o
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) -pie $(PROJECT_LDFLAGS) $(CFLAGS) $(LDFLAGS) -Wl,--wrap=tutela_sandbox_enter -o $@ $^ $(LINK_tutela-decoder)

.PHONY: bench
bench: all mkpicture $(BOXLESS) $(BENCHES) ## run the benchmarks (N=bench_search picks one, ARGS='10000000 --check 2000' are its arguments)
	$(Q)for b in $(or $(N:%=$(B)/bench/%),$(BENCHES)); do $$b $(ARGS) || exit; done

# Peers are compared on demand only: nothing else needs a C++ compiler.
CXX ?= g++
PEERS := $(B)/bench/peers_search

$(B)/bench/peer_faiss.o: bench/peer_faiss.cc bench/peer_faiss.h bench/module.mk
	@mkdir -p $(@D)
	@$(call say,CXX,$<)
	$(Q)$(CXX) -std=c++17 -O2 -g -fopenmp -Wall -Wextra -Ibench -c -o $@ $<

$(PEERS): $(B)/bench/peers_search.o $(B)/bench/peer_faiss.o $(B)/lib/libtutela.a
	@$(call say,LINK,$@)
	$(Q)$(CXX) $(PROJECT_LDFLAGS) -fopenmp $(LDFLAGS) -o $@ $^ $(LIBTUTELA_LIBS) -lfaiss -lopenblas -lm

.PHONY: bench-peers bench-peers-run
bench-peers: ## install Debian's faiss and compare searches with it in one run (N=10000000 codes, default 1000000)
	$(Q).ci/deps build peers
	$(Q)$(again) bench-peers-run

bench-peers-run: all $(PEERS)
	$(Q)$(PEERS) $(N)
