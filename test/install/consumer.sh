#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A small program is built against the installed tree with what pkg-config says, shared
# and static, and judges with it.
set -eu
# shellcheck source=test/tap.sh
. "$SOURCE/test/tap.sh"

PKG_CONFIG_PATH=$STAGE/lib/pkgconfig
export PKG_CONFIG_PATH
program=$SOURCE/test/install/consumer.c

build_shared() {
	# shellcheck disable=SC2046,SC2086 # lists of words
	$CC -Wall -Wextra -Werror -o "$scratch/shared" "$program" \
		$(pkg-config --cflags --libs cella)
}
build_static() {
	# libcrypto.a names functions that need the shared libc; that they do not work
	# in a static program is a warning of the linker, and nothing here calls them.
	# shellcheck disable=SC2046,SC2086 # lists of words
	$CC -Wall -Wextra -Werror -static -o "$scratch/static" "$program" \
		$(pkg-config --static --cflags --libs cella)
}

# prints EXPECTED-CODE EXPECTED-TEXT COMMAND...
prints() {
	expected_code=$1 expected=$2
	shift 2
	code=0
	output=$("$@" 2>&1) || code=$?
	echo "exit status $code: $output"
	[ "$code" = "$expected_code" ] && case $output in *"$expected"*) ;; *) false ;; esac
}

# evidence: what the programs judge.
evidence() {
	printf '\3\0\2\0' >"$scratch/short" &&
		"$sim" init "$scratch/platform" --time "@$now" &&
		"$sim" collateral "$scratch/platform" --time "@$now" -o "$scratch/collateral" &&
		"$sim" quote "$scratch/platform" -o "$scratch/quote" &&
		"$sim" quote "$scratch/platform" --debug -o "$scratch/debug"
}

sim=$STAGE/bin/cella-sim
now=1767225600
check "a simulated platform makes evidence" evidence
version=$(pkg-config --modversion cella)
check "a program builds with the shared library" build_shared
check "a program builds with the static library" build_static
check "the static program needs no library" \
	prints 0 "There is no dynamic section" readelf -d "$scratch/static"
LD_LIBRARY_PATH=$STAGE/lib
export LD_LIBRARY_PATH
for kind in shared static; do
	check "the $kind program runs and tells pkg-config's version" \
		prints 2 "cella $version" "$scratch/$kind"
	check "the $kind program tells what is wrong with a short quote" \
		prints 3 malformed "$scratch/$kind" "$scratch/short" /dev/null 0 /dev/null
	check "the $kind program accepts a good quote" prints 0 accepted "$scratch/$kind" \
		"$scratch/quote" "$scratch/collateral" "$now" "$scratch/platform/root.pem"
	check "the $kind program rejects a debuggable TD" prints 1 rejected "$scratch/$kind" \
		"$scratch/debug" "$scratch/collateral" "$now" "$scratch/platform/root.pem"
done
tap_done
