#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How enclaves start and stop: boots that must all succeed, each beside one of the same kernel
# with an init that does nothing; cycles that must leave nothing, and what one takes.
#
# Usage: enclave.sh CELLA APPLICATION TRIVIAL [BOOTS [CYCLES]]; CELLA_KERNEL names a folder with
# boot/vmlinuz-* and lib/modules/*. Ends with 1 when a boot fails or anything is left.
set -eu

cella=$(realpath "$1")
application=$(realpath "$2")
trivial=$(realpath "$3")
boots=${4:-20}
cycles=${5:-100}
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

# plain FILE: the command line of the QEMU that runs, a word a line, without what an enclave adds
# to a machine - TPM, vsock, monitor - and without its sandbox's descriptors.
plain() {
	qemu=$(enclave list --json | jq -r '.[0].processes.QEMU')
	tr '\0' '\n' <"/proc/$qemu/cmdline" | awk -v kernel="$(echo "$CELLA_KERNEL"/boot/vmlinuz-*)" '
		is_value { is_value = 0; if (drops()) next; print option; print value_of(); next }
		/^-(chardev|tpmdev|mon|device|kernel|initrd|append|object|machine|cpu|smp|m|display|sandbox|serial)$/ {
			option = $0; is_value = 1; next }
		{ print }
		function drops() {
			return option ~ /^-(chardev|tpmdev|mon)$/ ||
				(option == "-device" && /^(tpm|vhost-user)/) }
		function value_of() {
			return option == "-kernel" ? kernel : option == "-initrd" ? "trivial.cpio" : $0 }
	' >"$1"
}

# trivial: the same machine and kernel, whose init resets it at once; says how long it took.
trivial() {
	begin=$(milliseconds)
	# Words may hold blanks, and none holds a line's end.
	(
		IFS="
"
		set -f
		# shellcheck disable=SC2046
		exec $(cat plain.txt)
	) || return
	end=$(milliseconds)
	echo $((end - begin))
}

# memory: what the processes of one have besides the memory they share with the guest, in KiB.
memory() {
	jq -r '.[0] | [("cellad", .pid)], (.processes | to_entries[] | [.key, .value]) | @tsv' \
		list.json | sort
}

"$trivial" cpio >trivial.cpio
enclave run --host host app.eif >/dev/null
enclave list --json | jq -r '.[0] | "back-end: \(.backend) (\(.backend_reason))"'
plain plain.txt
enclave stop app
good=0
: >times.txt
while [ "$good" -lt "$boots" ] && trivial=$(trivial) && pair=$(cycle); do
	good=$((good + 1))
	echo "$pair $trivial" >>times.txt
done
echo "boots: $good of $boots"
# median COLUMN: of times.txt.
median() {
	awk "{ print $1 }" times.txt | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
# shellcheck disable=SC2016 # columns of awk's
printf 'start to ready: %d ms median; the same kernel with a trivial init: %d ms\n' \
	"$(median '$1')" "$(median '$3')"
# shellcheck disable=SC2016
printf 'ratio, median of %d alternating pairs: %.2f (target: 1.15 at most); stop: %d ms median\n' \
	"$good" "$(median '$1 / $3')" "$(median '$2')"

enclave run --host host app.eif >/dev/null
enclave list --json >list.json
# Proportional shares: what several processes map counts once, in parts. The guest's own memory
# is a file of its own, and no overhead.
echo "memory (KiB: resident, proportional share, of that not the guest's):"
memory | while read -r name pid; do
	awk -v name="$name" '/^[0-9a-f]+-/ { guest = /memfd:memory/ }
		/^Rss:/ { rss += $2 } /^Pss:/ { pss += $2; if (!guest) own += $2 }
		END { printf "  %-12s %8d %8d %8d\n", name, rss, pss, own }' "/proc/$pid/smaps"
done | tee memory.txt
awk '{ own += $4 } END { printf "overhead of one enclave: %.1f MiB\n", own / 1024 }' memory.txt
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
