#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2317 # standin.sh sets; check() calls
# When memory runs out while collateral is fetched, kept or read from the cache: the same
# answer or an error, never another answer, never a crash, and never a cache with a part of
# something. The same for cella-fetch on its own.
# Usage: fetch_nomem.sh STANDIN; prints TAP.
set -u

cella=$STAGE/bin/cella
# Used by serve().
# shellcheck disable=SC2034
standin=$(realpath "$1")
fetch=$STAGE/libexec/cella/cella-fetch
LD_LIBRARY_PATH=$STAGE/lib
export LD_LIBRARY_PATH
# shellcheck source=test/e2e/standin.sh
. "$SOURCE/test/e2e/standin.sh"

if [ ! -x "$fetch" ]; then
	echo "1..0 # SKIP this build has no cella-fetch"
	exit 0
fi

# About so many places in each run; a day, so that "valid for 29 days" stays what it is.
places=40
day=$(date -u -d '+2 days' +%F)

{
	make_authority
	make_platform "$dir/pccs"
	"$cella" quote --provider sim --sim "$dir/pccs/platform" -o "$dir/quote"
	# shellcheck disable=SC2086 # a list of words
	$CC -Wall -Wextra -Werror -g -shared -fPIC -o "$dir/failmalloc.so" \
		"$SOURCE/test/preload/failmalloc.c"
} >"$dir/made" 2>&1 || { cat "$dir/made" && exit 1; }
serve "$dir/pccs" "$dir/tls.pem" "$dir/tls.key"
url=https://127.0.0.1:$(cat "$dir/pccs/port")

# failing PROGRAM AT NUM COMMAND...: with failures in one program.
failing() {
	program=$1 at=$2 num=$3
	shift 3
	env LD_PRELOAD="$dir/failmalloc.so" FAILMALLOC_IN="$program" FAILMALLOC_AT="$at" \
		FAILMALLOC_NUM="$num" "$@"
}

cached() {
	"$@" "$cella" collateral fetch "$dir/quote" --url "$url" --tls-ca "$dir/ca.pem" \
		--trust-root "$dir/pccs/platform/root.pem" --cache "$dir/cache" \
		--time "$day" ${options:+"$options"}
}

# What the cache says afterwards, with memory: all of it, or that it is not there.
check_cache() {
	"$cella" collateral fetch "$dir/quote" --offline --cache "$dir/cache" \
		--trust-root "$dir/pccs/platform/root.pem" --time "$day" >"$dir/after" 2>"$dir/after.err"
	code=$?
	if [ "$code" = 0 ]; then
		cmp -s "$dir/after" "$dir/good" || echo "$1: the cache has something else"
	elif ! grep -qE 'is not in the cache|neither a cache nor a server' "$dir/after.err"; then
		echo "$1: the cache: $(cat "$dir/after.err")"
	fi
}

# try NAME OPTIONS PREPARE: cella fails at each of the places; PREPARE comes before each run.
try() {
	name=$1 options=$2 prepare=$3
	: >"$dir/wrong"
	$prepare
	cached env LD_PRELOAD="$dir/failmalloc.so" FAILMALLOC_IN=cella \
		FAILMALLOC_REPORT="$dir/count" >"$dir/good" 2>"$dir/err" ||
		echo "status $? without failures: $(cat "$dir/err")" >>"$dir/wrong"
	total=$(cat "$dir/count")
	for at in $(seq 1 $((1 + total / places)) "$total"); do
		for num in 1 1000000000; do
			$prepare
			cached failing cella "$at" "$num" >"$dir/out" 2>"$dir/err"
			code=$?
			if [ "$code" = 3 ]; then
				[ -s "$dir/err" ] || echo "$at ($num): not a word"
			elif [ "$code" != 0 ]; then
				echo "$at ($num): status $code: $(head -c 200 "$dir/err")"
			elif ! cmp -s "$dir/out" "$dir/good"; then
				echo "$at ($num): another answer"
			fi >>"$dir/wrong"
			check_cache "$at ($num)" >>"$dir/wrong"
		done
	done
	same "$name: $total allocations" "" "$(head -n 3 "$dir/wrong")"
}

cold() {
	rm -rf "$dir/cache"
}
# Its contents were replaced long ago, and nobody has swept since.
dusty() {
	[ -d "$dir/cache" ] || return
	echo old >"$dir/cache/objects/$(printf '%064d' 1)"
	touch -d '2 days ago' "$dir/cache/objects/$(printf '%064d' 1)" "$dir/cache/sweep"
}
try "a cold cache" "" cold
try "a warm cache" "" true
try "a refreshed and swept one" --refresh dusty
check "the cache is as good as ever" 0 cached env
try "no server" --offline true

# --- cella-fetch by itself: what it answers to one question ---
# ask COMMAND...: a question with half a minute to answer.
ask() {
	now=$(cut -d . -f 1 /proc/uptime)
	echo "$((now * 1000 + 30000)) 262144 $url/tdx/certification/v4/tcb?fmspc=CE11A0000000" |
		"$@" "$fetch" 1 secure "$dir/ca.pem"
}
# Two answers differ in no more than a header with the time, which is not passed on.
try_fetch() {
	: >"$dir/wrong"
	ask env LD_PRELOAD="$dir/failmalloc.so" FAILMALLOC_IN=cella-fetch FAILMALLOC_REPORT=- \
		>"$dir/good" 2>"$dir/count"
	total=$(tail -n 1 "$dir/count")
	grep -q '^0 ' "$dir/good" || echo "no answer without failures" >>"$dir/wrong"
	failures=0
	for at in $(seq 1 $((1 + total / places)) "$total"); do
		for num in 1 1000000000; do
			ask failing cella-fetch "$at" "$num" >"$dir/out" 2>"$dir/err"
			code=$?
			[ "$code" = 0 ] || failures=$((failures + 1))
			if [ "$code" != 0 ] && [ "$code" != 3 ] && [ "$code" != 127 ]; then
				echo "$at ($num): status $code: $(head -c 200 "$dir/err")"
			elif [ "$code" != 0 ] && ! [ -s "$dir/err" ] && ! [ -s "$dir/out" ]; then
				echo "$at ($num): status $code, not a word"
			elif head -n 1 "$dir/out" | grep -q '^0 ' &&
				! cmp -s "$dir/out" "$dir/good"; then
				echo "$at ($num): another answer"
			fi >>"$dir/wrong"
		done
	done
	same "cella-fetch: $total allocations" "" "$(head -n 3 "$dir/wrong")"
}
try_fetch
finish
