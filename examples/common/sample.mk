# SPDX-License-Identifier: Apache-2.0
# What the samples' Makefiles share; they name their programs before they include this.
# Library and command are the installed ones.
ifneq ($(shell pkg-config --exists cella && echo yes),yes)
$(error pkg-config does not find cella: install it, or set PKG_CONFIG_PATH)
endif
cella = $(shell pkg-config --variable=prefix cella)/bin/cella

CFLAGS ?= -O2 -g
sample_cflags = -std=gnu17 -Wall -Wextra -Wshadow -D_GNU_SOURCE -I../common \
	-DCELLA_COMMAND='"$(cella)"' $(shell pkg-config --cflags cella)
# Where the library is, so that programs find it without further ado.
libdir = $(shell pkg-config --variable=libdir cella)
sample_libs = $(shell pkg-config --libs cella) -Wl,-rpath,$(libdir) -lcrypto

compile = $(CC) $(sample_cflags) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ \
	$(filter %.c,$^) $(sample_libs)

$(programs): $(wildcard *.h ../common/*.h)

# Whoever runs make owns the keys that it makes, be it with sudo.
give_to_caller = if [ "$$(id -u)" = 0 ] && [ -n "$$SUDO_UID" ]; then \
	chown -hR "$$SUDO_UID:$$SUDO_GID" $(1); fi

# Running without TDX is a choice: the programs use this folder where it is. All samples
# share one platform.
simulated-platform:
	[ -d ../simulated-platform ] || $(cella) sim init ../simulated-platform
	@$(call give_to_caller,../simulated-platform)
	ln -s ../simulated-platform $@

.PHONY: all clean
.DELETE_ON_ERROR:
