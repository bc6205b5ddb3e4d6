#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # check() calls functions by name
# An enclave's life: built, booted under QEMU's emulation, attested, verified, talked to,
# stopped; and what becomes of it when one of its processes is killed.
#
# Usage: enclave.sh CELLA BUILD APPLICATION; prints TAP. CELLA_KERNEL names a folder with
# boot/vmlinuz-* and lib/modules/* of a kernel.
set -u
# shellcheck source=test/e2e/enclave-common.sh
. "$(dirname "$0")/enclave-common.sh"
boot_or skip_all

# --- build ---
mkdir "$dir/host"
check "a host makes its key" 0 "$cella" enclave init-host "$dir/host"
check "an image is built" 0 image app.eif --log full "$application" -- "/$app" serve
check "its measurements are predicted" 0 "$cella" enclave describe --json app.eif \
	--cpus 1 --memory 128
cp out predicted.json

# --- run ---
check "it starts" 0 start --json app.eif
cp out running.json
equal "it runs" "$(field app .state)" running
check "it is listed" 0 enclave list
says "with its name" app
check "a second of its name is refused" 3 start app.eif
says "since one runs" "is running: stop it, or choose another name"
lacks "which is no failure to be explained" "enclave explain"
check "one that is not for debugging has no console" 3 enclave console app
says "which is said" "it was started without --debug"
qemu=$(field app .processes.QEMU)
equal "QEMU has a filter of system calls" "$(awk '/^Seccomp:/ {print $2}' "/proc/$qemu/status")" 2
equal "QEMU can gain no rights" "$(awk '/^NoNewPrivs:/ {print $2}' "/proc/$qemu/status")" 1
if [ "$(id -u)" = 0 ]; then
	users=$(for name in QEMU cella-vtpm cellad; do
		awk '/^Uid:/ { print $2, $3, $4, $5 }' "/proc/$(field app \
			"if \"$name\" == \"cellad\" then .pid else .processes[\"$name\"] end")/status"
	done | sort -u | wc -l)
	equal "QEMU and the TPM are users of their own" "$users" 3
fi
equal "QEMU has no capability" "$(awk '/^CapEff:/ {print $2}' "/proc/$qemu/status")" \
	0000000000000000
equal "its folder is its owner's alone" "$(stat -c %a "$run/app")" 700

# --- attest ---
nonce=00112233445566778899aabbccddeeff
root="--trust-root $dir/host/host-ca.pem"
check "it gives evidence" 0 enclave attest app --nonce "$nonce" --output app.evm.json
equal "the PCRs quoted are those predicted when it started" \
	"$(jq -c .pcrs app.evm.json)" "$(jq -c .predicted_pcrs running.json)"
equal "and those predicted from the image" \
	"$(jq -c '.pcrs as $p | [0, 4, 8, 9, 11, 12, 13 | {(tostring): $p[.]}] | add' app.evm.json)" \
	"$(jq -c '.measurements.vtpm.sha256' predicted.json)"
# shellcheck disable=SC2086 # a list of words
check "it is verified" 0 "$cella" verify app.evm.json $root --nonce "$nonce"
says "by the host's root" "private:"
# shellcheck disable=SC2086
check "not for another nonce" 1 "$cella" verify app.evm.json $root --nonce "ff$nonce"
check "nor without a root" 3 "$cella" verify app.evm.json --nonce "$nonce"
check "a policy is made of it" 0 "$cella" policy new app.evm.json --output policy.json
# shellcheck disable=SC2086
check "by which it is accepted" 0 "$cella" verify app.evm.json $root --policy policy.json \
	--nonce "$nonce"
jq '.policy_array[0].reference.evm_pcr9 |= (.[1:] + .[:1])' policy.json >other.json
# shellcheck disable=SC2086
check "and refused by one of another ramdisk" 1 "$cella" verify app.evm.json $root \
	--policy other.json --nonce "$nonce"
jq '.pcrs[9] |= (.[1:] + .[:1])' app.evm.json >forged.evm.json
# shellcheck disable=SC2086
check "a PCR that was changed is no answer" 1 "$cella" verify forged.evm.json $root \
	--nonce "$nonce"
check "its host cannot choose all of the report data" 2 enclave attest app \
	--nonce "$nonce$nonce$nonce$nonce" --output host.evm.json
enclave connect app 8 </dev/null >inside.evm.json 2>err
# shellcheck disable=SC2086,SC2046
check "its application can" 0 "$cella" verify inside.evm.json $root \
	--report-data $(printf 'a5%.0s' $(seq 64))

# --- talk ---
echo_of() {
	enclave connect app 7 <"$1" >"$2"
}
echo "hello" >said
check "it is talked to" 0 echo_of said heard
equal "and answers" "$(cat heard)" hello
head -c 1000000 /dev/urandom >said
check "at length" 0 echo_of said heard
check "without a byte lost" 0 cmp said heard
check "nobody listens on other ports" 3 enclave connect app 5
check "its log is read" 0 enclave logs app
says "with what the application wrote" serving

# --- alone ---
check "it looks around" 0 enclave connect app 9 </dev/null
lacks "it has no disk" /sys/block/
lacks "it has no network but its own loop" "/sys/class/net/e"
says "it has no serial port" "serial port of type 0"
lacks "it cannot see its init's files" "guest.json: there"

# --- stop ---
pids=$(field app '.pid, .processes[]')
check "it stops" 0 enclave stop app --json
equal "as it should" "$(jq -r '.[0].state' out)" stopped
# shellcheck disable=SC2086
check "nothing is left of it" 0 nothing_left $pids
check "none is listed" 0 enclave list
equal "indeed none" "$(cat out)" ""
check "it cannot be stopped twice" 3 enclave stop app

# --- resources ---
# pinned NAME: each vCPU's thread may run where the plan says, and nowhere else.
pinned() {
	field "$1" '.resources.vcpu_cpus | to_entries[] | "CPU \(.key)/TCG \(.value)"' | sort >wanted
	for task in /proc/"$(field "$1" .processes.QEMU)"/task/*; do
		printf '%s %s\n' "$(cat "$task/comm")" \
			"$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "$task/status")"
	done >threads
	grep '^CPU ' threads | sort | diff wanted - >"$dir/out" 2>&1 && [ "$(wc -l <wanted)" -eq 2 ]
}
check "one whose vCPUs are pinned starts" 0 start --name pinned --backend tcg --cpus 2 --pin app.eif
check "they are" 0 pinned pinned
equal "which is told" "$(field pinned '.resources.applied | index("vcpus_pinned") != null')" true
check "it ends as others" 0 enclave stop pinned

# --- two at once ---
check "one of two starts" 0 start --name one app.eif
check "the other starts beside it" 0 start --name two app.eif
equal "their CIDs differ" "$(enclave list --json | jq -r '[.[].cid] | unique | length')" 2
kill -9 "$(field one .processes.QEMU)"
await test ! -e "$run/one"
verdict $? "the end of one"
echo "still here" >said
echo_of_two() {
	enclave connect two 7 <said >heard
}
check "leaves the other" 0 echo_of_two
equal "at work" "$(cat heard)" "still here"
check "which ends as it should" 0 enclave stop --all
check "and leaves nothing" 0 nothing_left

# --- ends of other kinds ---
image exits.eif --log coded "$application" -- "/$app" exit 3
start exits.eif >out 2>err # it may end before it is ready, or after
await test ! -e "$run/exits"
verdict $? "an application that exits ends its enclave"
image mute.eif --log off --no-attest "$application" -- "/$app" stubborn
check "one with a stubborn application starts" 0 start mute.eif
check "it gives no evidence" 3 enclave attest mute
check "it has no log" 3 enclave logs mute
check "and stops nevertheless" 0 enclave stop mute
check "leaving nothing" 0 nothing_left

image lost.eif --init "$application" "$application" -- "/$app" serve
check "one with another init does not start" 3 start lost.eif
says "and it is said how far it came" "before its driver of vsock was loaded"

# --- a guest that would like its TPM to begin anew ---
image sleeper.eif "$application" -- "/$app" suspend
timeout "$PATIENCE" "$cella" enclave run --foreground --run-dir "$run" --host "$dir/host" \
	sleeper.eif >out 2>err
equal "a guest that suspends ends its enclave" "$?" 1
says "and it is said so" "suspended its machine"
check "leaving nothing" 0 nothing_left

# --- what cannot be started; enclave_faults.sh has what befalls one that was ---
# --- other back-ends ---
check "a back-end of another name is refused" 2 start --backend xen app.eif
says "with those that there are" "auto, tcg, kvm, tdx or mock"
if [ ! -e /sys/module/kvm_intel/parameters/tdx ]; then
	check "so are trust domains, where there are none" 3 start --backend tdx \
		--firmware app.eif app.eif
	says "for what is missing" "this host starts no trust domains"
fi
check "a mock starts when it is asked for" 0 start --backend mock --name mocked app.eif
equal "and says that it is one" "$(field mocked .backend)" mock
check "it gives no evidence" 3 enclave attest mocked --output mocked.evm.json
says "in words" "a mock proves nothing"
check "and leaves none" 1 test -e mocked.evm.json
check "it stops" 0 enclave stop mocked
check "what is no image is refused" 3 start "$0" --name none
head -c 1000000 app.eif >half.eif
check "so is half of one" 3 start half.eif
check "and too little memory" 2 start app.eif --memory 20
check "without a trace" 0 nothing_left

# --- and who does not want to wait ---
is_listed() {
	[ -n "$(field "$1" .state)" ]
}
"$cella" enclave run --run-dir "$run" --host "$dir/host" --name hasty app.eif >out 2>err &
running=$!
check "one that starts is listed" 0 await is_listed hasty
kill "$running"
wait "$running"
equal "who interrupts it is told" "$? $(grep -c 'hasty: was stopped before it was ready' err)" "3 1"
check "and nothing is left" 0 nothing_left
check "an empty list is said to be one" 0 enclave list
says "of which folder" "none runs below $run"

finish
