#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # check() calls functions by name
# Ways into an enclave and out of it: what is measured of them, and that there are no others.
#
# Usage: enclave_ways.sh CELLA BUILD APPLICATION; prints TAP. CELLA_KERNEL names a folder with
# boot/vmlinuz-* and lib/modules/* of a kernel.
set -u
# shellcheck source=test/e2e/enclave-common.sh
. "$(dirname "$0")/enclave-common.sh"
boot_or skip_all

[ -x "$build/cella-forward" ] || skip_all "cella-forward was not built"

# outside FILE: a server of this machine, whose port is in the file.
outside() {
	"$application" outside >"$1" &
	others="$others $!"
	await test -s "$1"
}

# fetch NAME PLACE: the enclave's application asks for it.
fetch() {
	echo "$2" | enclave connect "$1" 10
}

tcp() {
	echo "$2" | "$application" tcp "$1"
}

mkdir host
check "a host makes its key" 0 "$cella" enclave init-host host
check "an image is built" 0 image app.eif --log full "$application" -- "/$app" serve
outside allowed && outside other && outside published
verdict $? "servers run outside"
allowed=$(cat allowed)
other=$(cat other)
published=$(cat published)
kill "${others##* }" # a port that is free again
await gone "${others##* }"

# --- with ways ---
ways="--egress 127.0.0.1:$allowed --forward $published:7 --to-guest 8-10"
# shellcheck disable=SC2086 # a list of words
check "an enclave with ways in and out starts" 0 start $ways --json app.eif
equal "it tells them" "$(field app '.egress[0], .forward[0]' | tr '\n' ' ')" \
	"127.0.0.1:$allowed 127.0.0.1:$published:7 "
nonce=00112233445566778899aabbccddeeff
check "it gives evidence" 0 enclave attest app --nonce "$nonce" --output app.evm.json
# shellcheck disable=SC2086
check "its PCRs are predicted" 0 "$cella" enclave describe --json app.eif --cpus 1 \
	--memory 128 --egress "127.0.0.1:0$allowed" $ways
equal "ways and all, however they are spelt" "$(jq -r '.pcrs[13]' app.evm.json)" \
	"$(jq -r '.measurements.vtpm.sha256["13"]' out)"
check "with other ways they are others" 0 "$cella" enclave describe --json app.eif --cpus 1 \
	--memory 128 --egress "127.0.0.1:$other"
equal "indeed" "$(jq -r --arg quoted "$(jq -r '.pcrs[13]' app.evm.json)" \
	'.measurements.vtpm.sha256["13"] == $quoted' out)" false
cat >policy.json <<EOF
{"policy_array": [{"environment": {"class_id": "6d2f4ab1-6f0f-4c0e-9a55-4f3ee2c6d0b7"},
"reference": {"evm_egress": ["127.0.0.1:$allowed"]}}]}
EOF
verify="$cella verify app.evm.json --trust-root host/host-ca.pem --nonce $nonce"
# shellcheck disable=SC2086
check "a policy accepts the way out" 0 $verify --policy policy.json
sed 's/\["127.*"\]/"none"/' policy.json >off.json
# shellcheck disable=SC2086
check "or wants none" 1 $verify --policy off.json
says "and names it then" "127.0.0.1:$allowed"

check "its application reaches what is listed" 0 fetch app "127.0.0.1:$allowed"
says "by the proxy" "200 Connection established"
says "and speaks with it" "outside: hello"
check "nothing else" 0 fetch app "127.0.0.1:$other"
says "as it is told" "403 Forbidden"
lacks "and does not reach it" "outside:"
check "not by another name either" 0 fetch app "localhost:$allowed"
says "which is not listed" "403 Forbidden"
check "a port of this machine leads into it" 0 tcp "$published" "from without"
equal "both ways" "$(cat out)" "from without"
check "what is admitted is reached" 0 enclave connect app 9 </dev/null
check "what is not is not" 3 enclave connect app 6 </dev/null
check "nor anything above" 3 enclave connect app 11 </dev/null

# --- two of them want the same port ---
check "another enclave cannot take the same port" 3 start --name second \
	--forward "$published:7" app.eif
says "and says why" "127.0.0.1:$published"

# --- forwarding is lost ---
pids=$(field app '.pid, .processes[]')
kill -9 "$(field app '.processes["cella-forward"]')"
# shellcheck disable=SC2086
await gone $pids
verdict $? "an enclave that loses its way out ends"
check "leaving nothing" 0 nothing_left
timeout "$PATIENCE" "$cella" enclave run --foreground --run-dir "$run" --host host --name watched \
	--egress "127.0.0.1:$allowed" app.eif >watched.out 2>watched.err &
watched=$!
runs() {
	[ "$(field watched .state)" = running ]
}
await runs
verdict $? "one in the foreground runs"
check "what it refuses" 0 fetch watched "127.0.0.1:$other"
await grep -qF "refused: 127.0.0.1:$other: is not listed" watched.err
verdict $? "its supervisor tells"
kill -9 "$(field watched '.processes["cella-forward"]')"
wait "$watched"
equal "its end is a failure" "$?" 1
cp watched.err err
says "with its cause" "cella-forward: killed by signal 9"
check "leaving nothing" 0 nothing_left

# --- without ---
check "by default" 0 start app.eif
equal "nothing is forwarded" "$(field app '.processes["cella-forward"]')" null
check "there is no proxy" 0 fetch app "127.0.0.1:$allowed"
says "to be reached" "no proxy: "
check "it stops" 0 enclave stop app
check "leaving nothing" 0 nothing_left

finish
