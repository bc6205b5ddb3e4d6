#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cella-vtpm under a real QEMU: the handshake, a second CMD_INIT, and that without a launch
# no guest runs.
# Usage: vtpm_qemu.sh CELLA_VTPM STANDIN_VTPM_QEMU
set -u
export LC_ALL=C

vtpm=$(realpath "$1")
standin=$(realpath "$2")
qemu='qemu-system-x86_64'
number=0
bad=0

if ! command -v $qemu >/dev/null; then
	echo "1..0 # SKIP there is no $qemu"
	exit 0
fi
words=$(mktemp)
trap 'rm -f "$words"' EXIT

# ends TITLE STEP EXPECTED
ends() {
	number=$((number + 1))
	found=$("$standin" "$2" "$vtpm" $qemu 2>"$words")
	if [ "$found" = "$3" ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1: expected '$3', found '$found'"
		sed 's/^/# /' "$words"
		bad=1
	fi
}

ends "QEMU and TPM agree, and end well" quit "qemu 0 vtpm 0 ran"
ends "a reset asks for a second launch, and ends both" reset "qemu 1 vtpm 1 ran"
ends "a key without a certificate: no guest runs" uncertified "qemu 1 vtpm 1 never ran"
ends "a TPM that died before: no guest runs" killed-before "qemu 1 vtpm 137 never ran"
ends "a TPM that died in the launch: no guest runs" killed-in-launch "qemu 1 vtpm 137 never ran"

echo "1..$number"
exit $bad
