# SPDX-License-Identifier: Apache-2.0
# Benchmarks, one question a file; run by hand, never by `make check`.

BENCH_SOURCES := $(wildcard bench/bench_*.c)
BENCHES := $(BENCH_SOURCES:bench/%.c=$(B)/bench/%)
FLAGS_bench = -Iengine/include -Ihashdb/include -Ibench $(OPENMP)

$(BENCHES): $(B)/bench/%: $(B)/bench/%.o $(B)/lib/libtutela.a
	@$(call say,LINK,$@)
	$(Q)$(CC) $(PROJECT_LDFLAGS) $(OPENMP) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBTUTELA_LIBS) -lm

.PHONY: bench
bench: all $(BENCHES) ## run the benchmarks (N=bench_search picks one, ARGS='10000000 --check 2000' are its arguments)
	$(Q)for b in $(or $(N:%=$(B)/bench/%),$(BENCHES)); do $$b $(ARGS) || exit; done
