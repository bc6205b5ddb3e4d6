#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How enclaves start and stop: boots that must all succeed, cycles that must leave nothing,
# and what one takes.
#
# Usage: enclave.sh CELLA APPLICATION [BOOTS [CYCLES]]; CELLA_KERNEL names a folder with
# boot/vmlinuz-* and lib/modules/*. Ends with 1 when a boot fails or anything is left.
set -eu

cella=$(realpath "$1")
application=$(realpath "$2")
boots=${3:-20}
cycles=${4:-100}
: "${CELLA_KERNEL:?names a folder of a kernel}"
dir=$(mktemp -d "${TMPDIR:-/tmp}/enclave-bench.XXXXXX")
run=$(mktemp -d /tmp/cella-bench.XXXXXX) # sockets have short addresses
trap '"$cella" enclave stop --all --quiet --run-dir "$run"; rm -rf "$dir" "$run"' EXIT
cd "$dir"

enclave() {
	verb=$1
	shift
	"$cella" enclave "$verb" --quiet --run-dir "$run" "$@"
}

milliseconds() {
	echo $(($(date +%s%N) / 1000000))
}

# What this user has: processes, descriptors of them are theirs; files of the folder.
processes() {
	pgrep -c -u "$(id -u)" -f "$run" || true
}

mkdir host
"$cella" enclave init-host --quiet host >/dev/null
"$cella" enclave build --quiet --output app.eif --kernel "$CELLA_KERNEL"/boot/vmlinuz-* \
	--modules "$CELLA_KERNEL"/lib/modules/* "$application" -- "/${application##*/}" serve

# cycle: starts and stops one; says how long each took.
cycle() {
	begin=$(milliseconds)
	enclave run --host host app.eif >/dev/null
	ready=$(milliseconds)
	enclave stop app
	end=$(milliseconds)
	echo "$((ready - begin)) $((end - ready))"
}

# memory: what the processes of one have besides the memory they share with the guest, in KiB.
memory() {
	jq -r '.[0] | [("cellad", .pid)], (.processes | to_entries[] | [.key, .value]) | @tsv' \
		list.json | sort
}

good=0
: >times.txt
while [ "$good" -lt "$boots" ] && cycle >>times.txt; do
	good=$((good + 1))
done
echo "boots: $good of $boots"
sort -n times.txt | awk '{ ready[NR] = $1; stop += $2 } END {
	printf "start to ready: %d ms median, %d ms least, %d ms most; stop: %d ms mean\n",
		ready[int((NR + 1) / 2)], ready[1], ready[NR], stop / NR }'

enclave run --host host app.eif >/dev/null
enclave list --json >list.json
echo "memory (KiB: resident, of it shared with others):"
memory | while read -r name pid; do
	awk -v name="$name" '/^VmRSS:/ { all = $2 } /^RssShmem:/ { shared = $2 }
		END { printf "  %-12s %8d %8d\n", name, all, shared }' "/proc/$pid/status"
done
enclave stop app

before=$(processes)
done=0
while [ "$done" -lt "$cycles" ] && cycle >/dev/null; do
	done=$((done + 1))
done
after=$(processes)
left=$(find "$run" -mindepth 1 | wc -l)
echo "cycles: $done of $cycles; left: $((after - before)) processes, $left files"
[ "$good" = "$boots" ] && [ "$done" = "$cycles" ] && [ "$after" = "$before" ] &&
	[ "$left" = 0 ]
