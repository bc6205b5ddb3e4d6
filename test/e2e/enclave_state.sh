#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # check() calls functions by name
# What an enclave's TPM keeps: for the same enclave, and for no other.
#
# Usage: enclave_state.sh CELLA BUILD APPLICATION; prints TAP. CELLA_KERNEL names a folder with
# boot/vmlinuz-* and lib/modules/* of a kernel.
set -u
# shellcheck source=test/e2e/enclave-common.sh
. "$(dirname "$0")/enclave-common.sh"
boot_or skip_all

mkdir host foreign tree
cp "$application" tree
check "a host makes its key" 0 "$cella" enclave init-host host
check "another host, too" 0 "$cella" enclave init-host foreign
image app.eif tree -- "/$app" serve
echo more >tree/more
image other.eif tree -- "/$app" serve
[ -s app.eif ] && [ -s other.eif ]
verdict $? "two images are built"
nonce=00112233445566778899aabbccddeeff

look() {
	enclave connect app 9 </dev/null
}
# Its application may not listen yet when it has started.
begin() {
	start --name app "$@" && await look
}
kept() {
	begin --tpm-state state "$@"
}
remember() {
	echo "$1" | enclave connect app 13
}
recall() {
	echo | enclave connect app 13
}
attests() {
	enclave attest app --quiet --nonce "$nonce" --output app.evm.json &&
		"$cella" verify app.evm.json --trust-root host/host-ca.pem --nonce "$nonce"
}

# --- by default ---
check "by default" 0 begin app.eif
equal "the TPM's state is kept nowhere" "$(field app .tpm_state)" ephemeral
check "it remembers while it runs" 0 remember once
check "and stops" 0 enclave stop app
check "it starts again" 0 begin app.eif
check "asked what it knows" 0 recall
lacks "it has forgotten" once
check "and stops" 0 enclave stop app

# --- kept ---
check "it starts with a state to be kept" 0 kept app.eif
equal "which is new" "$(field app .tpm_state)" new
equal "the folder is its owner's alone" "$(stat -c %a state)" 700
equal "so is the file" "$(stat -c %a state/app.tpm)" 600
equal "so is the host's secret" "$(stat -c %a host/host-secret)" 600
check "it gives evidence" 0 attests
check "it remembers" 0 remember "a secret"
says "as it says" "remembers a secret"
check "which nobody reads in the file" 1 grep -c "a secret" state/app.tpm
check "whose head says whose it is" 0 head -n 4 state/app.tpm
says "by name" "name app"
mkdir -m 700 "$run/2"
check "nobody takes it meanwhile" 3 "$cella" enclave run --host host --name app \
	--tpm-state state --run-dir "$run/2" app.eif
says "from another folder" "an enclave that runs has it"
rm -rf "$run/2"
check "it stops" 0 enclave stop app
check "nothing is left but the state" 0 nothing_left
check "it starts again" 0 kept app.eif
equal "with what it had" "$(field app .tpm_state)" restored
check "it still knows" 0 recall
says "what it was told" "remembers a secret"
check "and attests, with a new certificate" 0 attests
check "it is told something else" 0 remember "a second secret"

# --- killed ---
pids=$(field app '.pid, .processes[]')
kill -9 "$(field app .pid)"
# shellcheck disable=SC2086
await gone $pids
verdict $? "its supervisor is killed"
echo "half of a stat" >state/app.tpm.new
check "it starts again" 0 kept app.eif
check "and knows what it was told last" 0 recall
says "whole" "remembers a second secr"
check "it attests" 0 attests
check "it stops" 0 enclave stop app

# --- others ---
cp state/app.tpm good
check "another image does not get it" 3 kept other.eif
says "and it is said whose it is" "is of another enclave: it says \"image"
cp good state/app2.tpm
check "nor does another enclave" 3 start --name app2 --tpm-state state app.eif
says "by name" "it says \"name app\""
check "nor one for debugging" 3 kept --debug app.eif
says "by that" "debug"
check "nor another host's" 3 enclave run --host foreign --name app --tpm-state state app.eif
says "by its key" "was made with the key of another host"
head -c 3000 good >state/app.tpm
check "half of it is no state" 3 kept app.eif
says "for certain" "or was changed"
printf X | dd of=state/app.tpm bs=1 seek=2000 conv=notrunc 2>/dev/null
check "nor is one that was changed" 3 kept app.eif
: >state/app.tpm
check "nor an empty one" 3 kept app.eif
says "it is said" "is no state of a TPM"
cp good state/app.tpm
mkdir state/app.tpm.new
check "nor does it start with a state that cannot be kept" 3 kept app.eif
says "it is said why" "state/app.tpm: Is a directory"
rmdir state/app.tpm.new
: >state/app.tpm
chmod 777 state
check "a folder that anybody may write to is refused" 3 kept app.eif
says "with what it should be" "mode 0700"
chmod 700 state
equal "none was made anew" "$(stat -c %s state/app.tpm)" 0
cp good state/app.tpm
check "the good one is still good" 0 kept app.eif
check "and known" 0 recall
says "whole" "remembers a second secr"
check "it stops" 0 enclave stop app
check "and leaves nothing" 0 nothing_left

finish
