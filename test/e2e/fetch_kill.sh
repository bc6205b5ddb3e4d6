#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2317 # standin.sh sets; check() calls
# cella is killed before each of its calls that change the cache: whatever the moment, no part
# of a file is ever read as a whole, and the next run repairs what there is to repair.
# Usage: fetch_kill.sh CELLA STANDIN KILLER; prints TAP.
set -u

cella=$(realpath "$1")
# shellcheck disable=SC2034 # used by serve()
standin=$(realpath "$2")
killer=$(realpath "$3")
# shellcheck source=test/e2e/standin.sh
. "$(dirname "$0")/standin.sh"

{
	make_authority
	make_platform "$dir/pccs"
	"$cella" quote --provider sim --sim "$dir/pccs/platform" -o "$dir/quote"
} >"$dir/made" 2>&1 || { cat "$dir/made" && exit 1; }
serve "$dir/pccs" "$dir/tls.pem" "$dir/tls.key"
url=https://127.0.0.1:$(cat "$dir/pccs/port")
day=$(date -u -d '+2 days' +%F)

cached() {
	"$cella" collateral fetch "$dir/quote" --url "$url" --tls-ca "$dir/ca.pem" \
		--trust-root "$dir/pccs/platform/root.pem" --cache "$dir/cache" --time "$day" "$@"
}

# What is wrong with the cache as it is.
inspect() {
	for object in "$dir"/cache/objects/*; do
		[ -e "$object" ] || continue
		[ "$(sha256sum <"$object" | cut -c1-64)" = "$(basename "$object")" ] ||
			echo "$1: $object is not whole"
	done
	if cached --offline >"$dir/after" 2>"$dir/after.err"; then
		cmp -s "$dir/after" "$dir/good" || echo "$1: another answer"
	elif ! grep -qE 'is not in the cache|neither a cache nor a server' "$dir/after.err"; then
		echo "$1: $(cat "$dir/after.err")"
	fi
	cached >"$dir/after" 2>"$dir/after.err" || echo "$1: no answer any more"
	cmp -s "$dir/after" "$dir/good" || echo "$1: another answer in the end"
}

# try NAME PREPARE OPTION...: once whole, then killed at each step.
try() {
	name=$1 prepare=$2
	shift 2
	: >"$dir/wrong"
	$prepare
	LD_PRELOAD=$killer KILLER_IN=cella KILLER_REPORT=$dir/count cached "$@" \
		>"$dir/good" 2>"$dir/err" || cat "$dir/err" >>"$dir/wrong"
	steps=$(cat "$dir/count")
	killed=0
	for at in $(seq "$steps"); do
		$prepare
		LD_PRELOAD=$killer KILLER_IN=cella KILLER_AT=$at cached "$@" >"$dir/out" 2>&1
		[ $? -ne 137 ] || killed=$((killed + 1))
		inspect "$at of $steps" >>"$dir/wrong"
	done
	same "$name: whole after $killed of $steps" "" "$(head -n 5 "$dir/wrong")"
	same "$name: killed each time" "$steps" "$killed"
}

cold() {
	rm -rf "$dir/cache"
}
# One of yesterday: an object that nothing names, something of somebody who died, no sweep.
dusty() {
	[ -d "$dir/cache" ] || return
	echo old >"$dir/old"
	object=$dir/cache/objects/$(sha256sum <"$dir/old" | cut -c1-64)
	mv "$dir/old" "$object"
	echo half >"$dir/cache/tmp/half"
	touch -d '2 days ago' "$object" "$dir/cache/tmp/half" "$dir/cache/sweep"
}
try "a cold cache" cold
try "one that is refreshed and swept" dusty --refresh

# Whoever finds all in the cache changes nothing of it, nor of anything else.
LD_PRELOAD=$killer KILLER_IN=cella KILLER_REPORT=$dir/count \
	"$cella" verify "$dir/quote" --collateral "$url" --cache "$dir/cache" \
	--trust-root "$dir/pccs/platform/root.pem" >"$dir/out" 2>"$dir/err"
same "what is in the cache verifies" ACCEPTED "$(head -n 1 "$dir/out")"
same "and is only read" 0 "$(cat "$dir/count")"
finish
