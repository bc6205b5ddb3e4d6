#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # check() calls functions by name
# What an enclave measures of its applications: predicted, evident, and named when it changes.
#
# Usage: enclave_measure.sh CELLA BUILD APPLICATION; prints TAP. CELLA_KERNEL names a folder
# with boot/vmlinuz-* and lib/modules/* of a kernel.
set -u
# shellcheck source=test/e2e/enclave-common.sh
. "$(dirname "$0")/enclave-common.sh"
boot_or skip_all

[ -x "$build/cella-guest" ] || skip_all "cella-guest was not built"

mkdir -p host tree/etc
cp "$build/cella-guest" "$application" tree
echo "workers 4" >tree/etc/app.conf
check "a host makes its key" 0 "$cella" enclave init-host host
check "an image with cella-guest is built" 0 image app.eif --log full tree -- "/$app" serve
check "and one that measures" 0 image measured.eif --log full tree -- \
	/cella-guest measure /etc/app.conf -- "/$app" serve
nonce=00112233445566778899aabbccddeeff

# verify NAME OPTION...: new evidence of it.
verify() {
	whom=$1
	shift
	enclave attest "$whom" --quiet --nonce "$nonce" --output "$whom.evm.json" &&
		"$cella" verify "$whom.evm.json" --trust-root host/host-ca.pem --nonce "$nonce" "$@"
}

say() {
	echo "$2" | enclave connect "$1" 11
}

measure_inside() {
	enclave connect app 12 </dev/null
}

look() {
	enclave connect "$1" 9 </dev/null
}

# begin IMAGE: starts it, and waits until its application serves, for it may measure before.
begin() {
	start "$@" && await look measured
}

# --- by hand ---
check "it starts" 0 start app.eif
check "nothing is measured at first" 0 verify app
equal "by its evidence" "$(jq -r '.pcrs[14]' app.evm.json)" "$(printf '%064d' 0)"
check "a file is measured inside" 0 measure_inside
says "into PCR14" '"register": "pcr14"'
cp out inside.json
check "as is predicted outside" 0 "$cella" measure --dry-run --json --name conf tree/etc/app.conf
equal "by the same digest" "$(jq -r '.measured[0].digest' out)" \
	"$(jq -r '.measured[0].digest' inside.json)"
cp out predicted.json
check "the evidence has it" 0 verify app
equal "PCR14 is the one predicted" "$(jq -r '.pcrs[14]' app.evm.json)" \
	"$(jq -r .predicted_pcr14 predicted.json)"
check "its log tells what it was" 0 "$cella" inspect app.evm.json
says "by name" "measure-file sha384:"
check "anything can be measured" 0 say app "measure app state ready"
equal "by its init" "$(cat out)" ok
check "but no nonsense" 0 say app "measure nonsense"
says "as it says" "error event: expected"
check "the log still leads to PCR14" 0 verify app
check "a policy of events is made" 0 "$cella" policy new app.evm.json --only evm_pcr14_events \
	--output events.json
check "it is met" 0 verify app --policy events.json
check "more is measured" 0 say app "measure app state compromised"
check "it is not met any more" 1 verify app --policy events.json
says "and what was measured is named" "app state compromised"
check "it stops" 0 enclave stop app

# --- by the image ---
check "one that measures first starts" 0 begin measured.eif
check "its evidence tells file and program" 0 verify measured
check "a policy is made of it" 0 "$cella" policy new measured.evm.json --only evm_pcr14_events \
	--output events.json
equal "of two events" "$(jq '.policy_array[0].reference.evm_pcr14_events | length' events.json)" 2
says_events() {
	grep -qF -e "$1" events.json
}
check "the file" 0 says_events "/etc/app.conf"
check "and the program" 0 says_events "/$app serve"
check "by which it is accepted" 0 verify measured --policy events.json
check "it stops" 0 enclave stop measured
check "and starts again" 0 begin measured.eif
check "as the same" 0 verify measured --policy events.json
check "it stops again" 0 enclave stop measured
echo "workers 4, and one for me" >tree/etc/app.conf
check "with a file that was changed" 0 image measured.eif --log full tree -- \
	/cella-guest measure /etc/app.conf -- "/$app" serve
check "it starts" 0 begin measured.eif
check "and is refused" 1 verify measured --policy events.json
says "for that file" "/etc/app.conf"
says "by its event" "evm_pcr14_events"
check "it stops for good" 0 enclave stop measured
check "and leaves nothing" 0 nothing_left

finish
