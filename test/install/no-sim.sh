#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The simulated platform, which makes evidence, is no part of what judges evidence.
set -eu
# shellcheck source=test/tap.sh
. "$SOURCE/test/tap.sh"

# symbols FILE: those of the simulator.
symbols() {
	nm --defined-only "$1" | awk '$3 ~ /^sim_/ { print $3 }'
}

for file in "$STAGE/bin/cella" "$STAGE/lib/libcella.so" "$STAGE/lib/libcella.a" \
	"$STAGE"/lib/libtdx_attest.so "$STAGE"/lib/libdcap_quoteprov.so; do
	nm --defined-only "$file" 2>&1 | grep -q ' [tT] [a-z]' ||
		echo "no symbols in $file: it is stripped" >"$scratch/wrong"
	symbols "$file" >>"$scratch/wrong"
	result "${file##*/} holds no symbol of the simulator"
done
if [ -x "$STAGE/bin/cella-sim" ]; then
	[ -n "$(symbols "$STAGE/bin/cella-sim")" ] ||
		echo "this test could not fail: cella-sim has none either" >"$scratch/wrong"
	result "cella-sim holds symbols of the simulator"
fi
tap_done
