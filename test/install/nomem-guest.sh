#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# When memory runs out in a guest, its commands say so or do what they do otherwise: no other
# answer, nothing half done, no entry left in configfs, no event that was not measured. The
# stand-ins are the build's, the commands the installed tree's.
# Usage: nomem-guest.sh BUILD
# shellcheck disable=SC2086,SC2317 # lists of words; called by name
set -eu
build=$(realpath "$1")
# shellcheck source=test/tap.sh
. "$SOURCE/test/tap.sh"
# shellcheck source=test/install/nomem-try.sh
. "$SOURCE/test/install/nomem-try.sh"

cella=$STAGE/bin/cella
sim=$STAGE/bin/cella-sim
# Stand-ins ask the simulated platform's program.
PATH=$STAGE/bin:$PATH
mkdir "$scratch/files"
cd "$scratch/files"
# shellcheck disable=SC2034 # for nomem-try.sh: stand-ins take their time to start
places=15

check "an allocator that fails is built" build_allocator
check "a platform" "$sim" init platform --time 2026-01-01 --quiet
mkdir -p root/sys/kernel/config root/run nothing
echo settings >settings
printf '#!/bin/sh\nexit 7\n' >program
chmod 755 program

# able STAND-IN OPTION...: whether it works on this machine.
able() {
	[ -x "$1" ] || return 1
	status=0
	"$@" -- true 2>/dev/null || status=$?
	[ "$status" = 0 ]
}

device="$build/standin-guest --platform platform --fault quotes"
if able $device; then
	world="$device --"
	try 0 "report" "$cella" report --provider tdx-guest -d 01 --json
	try 0 "report, as text" "$cella" report --provider tdx-guest -d 01
	try 0 "quote, by the device" "$cella" quote --provider tdx-guest -d 01 -o q --json
	world="$build/standin-qgs --listen unix:sock --platform platform -- $device --"
	try 0 "quote, by a service" "$cella" quote --qgs unix:sock -d 01 -o q --json
	world=
	check "the last quote is whole" "$cella" inspect q
else
	skip "the device" "this kernel does not tell of system calls"
fi
try 3 "quote, where nothing makes one" "$cella" quote --sysroot nothing -d 01 -o none

tsm="$build/standin-tsm --mount root/sys/kernel/config --platform platform --fault rtmrs"
if able $tsm; then
	# The stand-in would end with 70 where an entry is left.
	world="$tsm --"
	try 0 "quote, by configfs-tsm" "$cella" quote --provider tsm --sysroot root -d 01 -o q \
		--json
	try 0 "measure" "$cella" measure --sysroot root --json settings
	try 7 "measure, and run" "$cella" measure --sysroot root --quiet -- ./program
	world=
	"$sim" quote platform -k tdx-v5 -o q
	check "what the log says was measured" "$cella" eventlog replay root/run/cella/eventlog \
		--quote q
	try 0 "eventlog replay" "$cella" eventlog replay root/run/cella/eventlog --quote q
	try 0 "eventlog replay, as JSON" "$cella" eventlog replay --json root/run/cella/eventlog
	try 0 "eventlog explain" "$cella" eventlog explain root/run/cella/eventlog
	try 0 "eventlog explain, as JSON" "$cella" eventlog explain --json root/run/cella/eventlog
else
	skip "configfs" "no file system in user space can be mounted here"
fi
try 0 "measure, a folder" "$cella" measure --dry-run --json platform
try 0 "measure, each file" "$cella" measure --dry-run --each platform

# A TPM, by way of swtpm.
if command -v swtpm >/dev/null && command -v tpm2_nvdefine >/dev/null && able $device; then
	mkdir tpm
	swtpm socket --tpm2 --tpmstate dir=tpm --server type=unixio,path=tpm.sock \
		--ctrl type=unixio,path=tpm.sock.ctrl --flags not-need-init,startup-clear \
		--log file=swtpm.log &
	swtpm_pid=$!
	trap 'kill $swtpm_pid 2>/dev/null; rm -rf "$scratch"' EXIT
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ -S tpm.sock ] && break
		sleep 0.1
	done
	export TPM2TOOLS_TCTI=swtpm:path=tpm.sock
	make_tpm() {
		tpm2_createprimary -Q -C e -g sha256 -G rsa2048:rsassa-sha256:null -c ak.ctx -a \
			'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|sign' &&
			tpm2_evictcontrol -Q -C o -c ak.ctx 0x81000003 &&
			tpm2_readpublic -Q -c 0x81000003 -f pem -o ak.pem &&
			openssl rsa -pubin -in ak.pem -noout -modulus |
			sed 's/Modulus=//' >ak.hex &&
			tpm2_flushcontext -t &&
			tpm2_nvdefine -Q -C o -s 2048 \
				-a 'ownerread|authread|ownerwrite|authwrite|no_da' 0x01400001 &&
			"$build/standin-hcl" --platform platform --ak ak.hex -- hcl.bin &&
			tpm2_nvwrite -Q -C o -i hcl.bin 0x01400001
	}
	check "a TPM with a paravisor's report" make_tpm
	world="$build/standin-guest --platform platform --tpm tpm.sock --ak ak.hex --"
	try 0 "report, of a paravisor" "$cella" report --provider vtpm --json
	world="$build/standin-imds --listen unix:imds --platform platform -- $world"
	try 0 "quote, of a paravisor" "$cella" quote --imds unix:imds -n 0011223344556677 -o q \
		--json
	world=
	"$sim" collateral platform --time 2026-01-01 -o collateral.json --quiet
	# shellcheck disable=SC2034 # for nomem-try.sh
	places=40
	try 0 "verify, of a paravisor" "$cella" verify q --hcl-report q.hcl \
		--tpm-quote q.tpm-quote --nonce 0011223344556677 -c collateral.json \
		--time 2026-01-01 --trust-root platform/root.pem --json
	try 0 "inspect, a paravisor's report" "$cella" inspect q.hcl
	try 0 "inspect, the same as JSON" "$cella" inspect q.hcl --json
else
	skip "a paravisor" "there is no swtpm, or this kernel does not tell of system calls"
fi

# The doctor goes on without what it could not find out, and says that it is unknown.
mkdir -p td/proc td/etc td/sys/kernel/config/tsm/report td/var/log
printf 'processor : 0\nflags : tdx_guest\n' >td/proc/cpuinfo
echo 'port = 4050' >td/etc/tdx-attest.conf
echo '{"pccs_url":"https://127.0.0.1:1/sgx/certification/v4/"}' >td/etc/sgx_default_qcnl.conf
printf 'Linux version 6\nswiotlb buffer is full\n' >td/var/log/kern.log
# What follows from something that is not known is not known either, or not there.
same_enough() {
	jq -e --slurpfile good "$scratch/good" '.checks as $now | [$good[0].checks[] |
		. as $was | $now[] | select(.id == $was.id) |
		.state == $was.state or .state == "unknown" or .state == "not_applicable"] |
		length == ($good[0].checks | length) and all' "$scratch/out" >/dev/null
}
tell() {
	if [ "$status" = 0 ] || [ "$status" -gt 3 ] || [ "$status" = 2 ]; then
		echo "at $1 ($2): status $status: $(head -c 200 "$scratch/err")"
	elif [ -s "$scratch/out" ]; then
		same_enough || echo "at $1 ($2): another answer: $(jq -c --slurpfile good \
			"$scratch/good" '[.checks[] | {id, state}] -
			[$good[0].checks[] | {id, state}]' "$scratch/out")"
	elif [ "$status" != 3 ] || ! grep -q memory "$scratch/err"; then
		echo "at $1 ($2): status $status, and nothing is said: $(cat "$scratch/err")"
	fi
}
try 1 "doctor" "$cella" doctor --sysroot td --time 2026-01-01 --json
try 1 "doctor, with a log" "$cella" doctor --sysroot td --kernel-log td/var/log/kern.log \
	--time 2026-01-01 --json --qgs unix:nowhere
tap_done
