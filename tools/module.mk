# SPDX-License-Identifier: Apache-2.0
# The programs: public headers only.

TOOLS_SOURCES := $(wildcard tools/*.c)
OBJECTS_tutela := $(TOOLS_SOURCES:%.c=$(B)/%.o) $(B)/lib/libtutela.a
LINK_tutela = $(OPENMP) $(LIBTUTELA_LIBS) $(call pkg,JSON,libs)
FLAGS_tools = -Iengine/include -Ihashdb/include -Itools $(call pkg,JSON,cflags)

PROGRAMS += $(B)/bin/tutela
