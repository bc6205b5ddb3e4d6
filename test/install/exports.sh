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

# Declared, and known to be still without a definition.
to_come=$SOURCE/test/golden/api-to-come.txt
[ -f "$to_come" ] || to_come=/dev/null
sort "$to_come" >"$scratch/to-come"
comm -23 "$scratch/declared" "$scratch/exported" >"$scratch/missing"
comm -23 "$scratch/missing" "$scratch/to-come" |
	sed 's/$/ is declared, but not exported/' >"$scratch/wrong"
result "every declared function is exported"
comm -13 "$scratch/missing" "$scratch/to-come" |
	sed 's/$/ is exported by now: strike it from the list/' >"$scratch/wrong"
result "no row of api-to-come.txt is out of date"
while read -r name; do
	to_come "$name is exported"
done <"$scratch/to-come"
tap_done
