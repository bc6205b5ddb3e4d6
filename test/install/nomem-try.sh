# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154 # what tap.sh sets
# Sourced after test/tap.sh by tests of running out of memory: a command is run, and again
# with each allocation failing, or each of about so many.

# shellcheck disable=SC2086 # a list of words
build_allocator() {
	$CC -Wall -Wextra -Werror -g -shared -fPIC -o "$scratch/failmalloc.so" \
		"$SOURCE/test/preload/failmalloc.c"
}

# About so many places in each command's run.
places=40
# What runs the command: a stand-in, with its options.
world=

# run AT NUM COMMAND...: with failures; its words and status are left in files.
run() {
	at=$1 num=$2
	shift 2
	status=0
	# shellcheck disable=SC2086 # a list of words
	$world env LD_PRELOAD="$scratch/failmalloc.so" FAILMALLOC_AT="$at" \
		FAILMALLOC_NUM="$num" FAILMALLOC_REPORT="$scratch/count" "$@" \
		>"$scratch/out" 2>"$scratch/err" || status=$?
}

# tell AT NUM: what is wrong with the last run. Where OpenSSL could not set itself up, which
# it tries only once, it may fail later and not say why: such words are counted, no more.
tell() {
	if [ "$status" = 3 ]; then
		[ -s "$scratch/err" ] || echo "at $1 ($2): status 3 without a word"
		grep -q 'memory' "$scratch/err" || other=$((other + 1))
	elif [ "$status" != "$good" ]; then
		echo "at $1 ($2): status $status, not $good: $(head -c 200 "$scratch/err")"
	elif ! cmp -s "$scratch/out" "$scratch/good"; then
		same_enough || echo "at $1 ($2): another output"
	fi
}

# same_enough: whether another output will do; a test may replace it.
same_enough() {
	false
}

# try STATUS NAME COMMAND...
try() {
	good=$1 name=$2
	shift 2
	run 0 1 "$@"
	cp "$scratch/out" "$scratch/good"
	[ "$status" = "$good" ] || echo "status $status without failures" >>"$scratch/wrong"
	total=$(cat "$scratch/count")
	step=$((1 + total / places))
	other=0
	at=1
	while [ "$at" -le "$total" ]; do
		for num in 1 1000000000; do
			run "$at" "$num" "$@"
			tell "$at" "$num" >>"$scratch/wrong"
		done
		at=$((at + step))
	done
	result "cella $name: $total allocations, $other failures told otherwise"
}
