#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The symbols of libcella.so are the functions that the installed headers declare.
set -eu
# shellcheck source=test/tap.sh
. "$SOURCE/test/tap.sh"

for header in "$STAGE"/include/cella/*.h; do
	$CC -E -P -I"$STAGE/include" "$header"
done | grep -oE '\bcella_[a-z0-9_]+ *\([^*]' | sed 's/ *(.*//' | sort -u >"$scratch/declared"
nm -D --defined-only "$STAGE/lib/libcella.so" | awk '{ print $3 }' | sort \
	>"$scratch/exported"

check "headers declare functions" test -s "$scratch/declared"

comm -13 "$scratch/declared" "$scratch/exported" |
	sed 's/$/ is exported, but no header declares it/' >"$scratch/wrong"
result "every exported symbol is declared"

comm -23 "$scratch/declared" "$scratch/exported" |
	sed 's/$/ is declared, but not exported/' >"$scratch/wrong"
result "every declared function is exported"
tap_done
