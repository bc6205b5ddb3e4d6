#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# libcella.a defines the same names as libcella.so and no other.
set -eu
# shellcheck source=test/tap.sh
. "$SOURCE/test/tap.sh"

nm --defined-only --extern-only "$STAGE/lib/libcella.a" | awk 'NF == 3 { print $3 }' |
	sort >"$scratch/static"
nm -D --defined-only "$STAGE/lib/libcella.so" | awk '{ print $3 }' | sort \
	>"$scratch/shared"

check "libcella.a defines something" test -s "$scratch/static"
diff -u "$scratch/shared" "$scratch/static" >"$scratch/wrong" || :
result "libcella.a and libcella.so define the same names"
grep -v '^cella_' "$scratch/static" >"$scratch/wrong" || :
result "no internal name leaks"
tap_done
