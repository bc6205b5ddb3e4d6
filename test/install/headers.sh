#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every public header compiles alone, twice in a row, as C and as C++.
set -eu
# shellcheck source=test/tap.sh
. "$SOURCE/test/tap.sh"

# language COMPILER: picks the C++ compiler of the same family.
cxx() {
	case $CC in
	*clang*) echo clang++ ;;
	*) echo g++ ;;
	esac
}

# compiles LANGUAGE STANDARD HEADER COMPILER...
compiles() {
	language=$1 standard=$2 header=$3
	shift 3
	printf '#include <cella/%s>\n#include <cella/%s>\n' "$header" "$header" \
		>"$scratch/alone.c"
	"$@" -x "$language" "-std=$standard" -pedantic -Wall -Wextra -Wundef -Werror \
		-I"$STAGE/include" -fsyntax-only "$scratch/alone.c"
}

for path in "$STAGE"/include/cella/*.h; do
	header=${path##*/}
	# shellcheck disable=SC2086 # the compiler may be several words
	check "$header compiles as C11" compiles c c11 "$header" $CC
	if command -v "$(cxx)" >/dev/null; then
		check "$header compiles as C++11" compiles c++ c++11 "$header" "$(cxx)"
	else
		skip "$header compiles as C++11" "there is no $(cxx)"
	fi
done

(cd "$SOURCE/include/cella" && ls) >"$scratch/source"
(cd "$STAGE/include/cella" && ls) >"$scratch/installed"
diff -u "$scratch/source" "$scratch/installed" >"$scratch/wrong" || :
result "every header of include/cella is installed"
tap_done
