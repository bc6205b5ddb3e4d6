#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Replays inputs through the fuzz harnesses: freshly made seeds, what is kept in
# corpus/<harness>, and real files. Prints TAP.
#
# Usage: replay.sh CELLA CELLA_SIM HARNESS...
set -eu

here=$(realpath "$(dirname "$0")")
cella=$(realpath "$1")
sim=$(realpath "$2")
shift 2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
count=0

# replay HARNESS WHAT PATH...
replay() {
	count=$((count + 1))
	title="$(basename "$1" | sed 's/^replay-//'): $2"
	program=$1
	shift 2
	if "$program" "$@" >"$dir/out" 2>"$dir/err"; then
		echo "ok $count - $title: $(tail -n 1 "$dir/out")"
	else
		echo "not ok $count - $title"
		tail -n 1 "$dir/out"
		sed 's/^/# /' "$dir/err"
	fi
}

# The real files that a harness takes, as patterns below the folder of vectors.
real_files() {
	case $1 in
	quote | evidence | verify) echo '*/*.quote' ;;
	td_report) echo '*/tdreport*.bin' ;;
	event_log) echo '*/*.ccel' ;;
	bundle | responses | json) echo '*/*.collateral.json' ;;
	esac
}

"$here/seeds.sh" "$cella" "$sim" "$dir/seeds"
for harness in "$@"; do
	name=$(basename "$harness" | sed 's/^replay-//')
	[ ! -d "$dir/seeds/$name" ] || replay "$harness" seeds "$dir/seeds/$name"
	[ ! -d "$here/corpus/$name" ] || replay "$harness" kept "$here/corpus/$name"
	files=$(real_files "$name")
	[ -n "$files" ] || continue
	if [ -n "${CELLA_VECTORS:-}" ]; then
		# shellcheck disable=SC2086 # a pattern
		(cd "$CELLA_VECTORS" && realpath $files) >"$dir/list"
		# shellcheck disable=SC2046 # a list of paths
		replay "$harness" real $(cat "$dir/list")
	else
		count=$((count + 1))
		echo "ok $count - $name: real # SKIP CELLA_VECTORS is not set"
	fi
done
echo "1..$count"
