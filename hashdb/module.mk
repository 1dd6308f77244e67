# SPDX-License-Identifier: Apache-2.0
# Keeping and exchanging: LMDB yes, pixels and sockets no.

HASHDB_SOURCES := $(wildcard hashdb/store/*.c hashdb/exchange/*.c hashdb/trust/*.c)
HASHDB_OBJECTS := $(HASHDB_SOURCES:%.c=$(B)/%.o)
# Of the engine: its public headers, and base/ (bounded bytes, memory, checksum), which belongs to both layers.
FLAGS_hashdb = -Ihashdb/include -Ihashdb -Iengine/include -I$(B)/fence $(OPENMP) $(foreach p,$(HASHDB_PKGS),$(call pkg,$(p),cflags))

HASHDB_PKGS := LMDB JSON YAJL DIGEST SODIUM ZSTD EXPAT SQLITE
LIBTUTELA_LIBS = $(foreach p,$(HASHDB_PKGS),$(call pkg,$(p),libs)) -lm

# hashdb may include "base/…" of the engine and no other private header of it.
$(HASHDB_OBJECTS): | $(B)/fence/base
$(B)/fence/base:
	@mkdir -p $(@D) && ln -sfn $(abspath engine/base) $@
