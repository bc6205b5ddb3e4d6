#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the first inputs of the fuzz harnesses: DIR/<harness>/…, all of it by the simulated
# platform, its corpus of forgeries and cella's own commands.
#
# Usage: seeds.sh CELLA CELLA_SIM DIR
set -eu

here=$(realpath "$(dirname "$0")")
cella=$(realpath "$1")
sim=$(realpath "$2")
mkdir -p "$3"
cd "$3"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
time='--time 2026-01-01'
cut='\n--8<--\n'

# put HARNESS/NAME COMMAND...: its output is an input.
put() {
	mkdir -p "$(dirname "$1")"
	place=$1
	shift
	"$@" >"$place"
}

# join FILE...: an input of several parts.
join() {
	cat "$1"
	shift
	for part in "$@"; do
		# shellcheck disable=SC2059 # the separator is a format
		printf "$cut"
		[ -z "$part" ] || cat "$part"
	done
}

# A document without the headers of its response; then without its signature.
body() {
	sed '1,/^\r*$/d' "$1"
}
signed() {
	body "$1" | sed 's/^{"[A-Za-z]*"://; s/,"signature":"[0-9a-f]*"}$//'
}

# The payload of a token.
payload() {
	cut -d. -f2 "$1" | tr -- '-_' '+/' |
		awk '{ while (length($0) % 4) $0 = $0 "="; print }' | base64 -d
}

# The log in the evidence of an Enclave VM.
event_log() {
	sed -n 's/^ *"event_log": "\(.*\)",*$/\1/p' "$1" | base64 -d
}

# --- what a host decides about an enclave ---
put enclave_conf/few printf '# few\nvcpus = 2\nmemory_mib = auto\nports_out = 9000,7001-7003'
put enclave_conf/more printf 'image = /a\nrestart=always\nrestart_delay = 5m\ncid = 7\ndebug = yes'
put enclave_conf/twice printf 'vcpus = 2\n\n\tvcpus = 2\n'

# --- what guest and host of an Enclave VM say ---
put guest/end echo 'end module 2 /cella/modules/vsock.ko: No such file or directory'
put guest/stopped printf 'end stopped 15'
put guest/greeting echo '{"QMP": {"version": {"qemu": {"major": 7}}, "capabilities": ["oob"]}}'
put guest/panicked echo '{"event": "GUEST_PANICKED", "data": {"action": "pause"}}'
put guest/status echo '{"return": {"status": "running", "singlestep": false, "running": true}}'
put guest/policy echo '{"log": "full", "attest": true, "modules": ["/cella/modules/vsock.ko"],
	"application": {"argv": ["/server", "-x"], "env": ["A=b"], "cwd": "/", "root": "/rootfs",
	"uid": 1000, "gid": 1000}}'

# --- what a kernel says of its machine ---
# shellcheck disable=SC2059 # the separators are a format
machine() {
	printf "$1$cut$2${cut}Cpus_allowed_list:\t$1\nCapEff:\t0000000001000000\n${cut}0::/\n"
	printf "${cut}Max locked memory         8388608              8388608              bytes\n"
	printf "${cut}0,2\n${cut}1,3\n${cut}1\n${cut}0\n$cut$1\n"
	printf "${cut}Node 0 MemTotal: 8388608 kB\nNode 0 MemFree: 4194304 kB\n${cut}512\n"
	printf "${cut}cpuset cpu memory pids\n${cut}1073741824\n${cut}150000 100000\n"
}
put topology/machine machine 0-3 'MemTotal: 8388608 kB\nMemAvailable: 4194304 kB\n'
put topology/small machine 0-1 'MemTotal: 524288 kB\nMemAvailable: 1024 kB\n'
put topology/list printf 0-3,8,10-11
put topology/taken printf 'cpus 2-3\nmemory 400\n'

# --- the corpus: quotes, bundles, policies, and all of them together ---
"$sim" corpus "$work/corpus" --quiet
mkdir -p quote evidence bundle policy policy_jwt verify
for case in "$work"/corpus/*/; do
	name=$(basename "$case")
	collateral=''
	policy=''
	cp "$case/quote.bin" "quote/$name"
	if [ -f "$case/collateral.json" ]; then
		collateral=$case/collateral.json
		cp "$collateral" "bundle/$name"
	fi
	for form in json jwt; do
		if [ -f "$case/policy.$form" ]; then
			policy=$case/policy.$form
			cp "$policy" "policy/$name"
			cp "$policy" "policy_jwt/$name"
		fi
	done
	join "$case/quote.bin" "$collateral" "$policy" "$case/root.pem" >"verify/$name"
done

# --- a platform: reports, documents one by one, chains ---
platform=$work/platform
# shellcheck disable=SC2086 # a list of words
{
	"$sim" init "$platform" $time --quiet
	for tee in sgx tdx; do
		"$sim" collateral "$platform" $time --tee $tee -o "$work/$tee.json"
		"$sim" collateral "$platform" $time --tee $tee --directory "$work/$tee"
	done
}
for kind in sgx-v3 sgx-v4 sgx-v5 tdx-v4 tdx-v5; do
	put evidence/$kind "$sim" quote "$platform" -k $kind -o -
	put sgx_report/$kind head -c 432 evidence/$kind
done
for version in 0 1 3; do
	put td_report/$version "$sim" report "$platform" --report-version $version -o -
	cp td_report/$version evidence/td-report-$version
done
for tee in sgx tdx; do
	put tcb_info/$tee signed "$work/$tee/tcb.http"
	put tcb_info/$tee-document body "$work/$tee/tcb.http"
	put qe_identity/$tee signed "$work/$tee/qe_identity.http"
	put responses/$tee join "$work/$tee"/*.http
done
for response in "$work"/tdx/*; do
	put "responses/$(basename "$response")" cat "$response"
done
for list in root pck; do
	put crl/$list.pem cat "$platform/$list.crl"
	put crl/$list.der body "$work/tdx/rootcacrl.http"
done
put cert_chain/pck cat "$platform/pck.pem" "$platform/ca.pem" "$platform/root.pem"
put cert_chain/signing cat "$platform/signing.pem" "$platform/root.pem"
put cert_chain/root cat "$platform/root.pem"
put responses/chain cat cert_chain/pck

put sigstruct/plain "$here/sigstruct.sh"

# --- enclave images, of a made kernel ---
mkdir -p "$work/tree/bin"
echo 'a program' >"$work/tree/bin/server"
chmod 755 "$work/tree/bin/server"
ln -s server "$work/tree/bin/link"
"$here/kernel.sh" >"$work/vmlinuz"
image() {
	"$cella" enclave build --quiet --kernel "$work/vmlinuz" --init "$here/seeds.sh" "$@"
}
mkdir -p eif
image "$work/tree" -o eif/plain -- /bin/server
# shellcheck disable=SC2086 # a list of words
"$cella" enclave sign --quiet eif/plain --key "$platform/signing.key" \
	--cert "$platform/signing.pem" $time -o eif/signed
lettered() {
	printf '%s' "$1"
	cat "$2"
}
put kernel/kernel lettered k "$work/vmlinuz"
printf '%s' 'static const char a[] __attribute__((section(".modinfo"), used)) =' \
	'"depends=a,b\0vermagic=6.1.0-test SMP";' | cc -x c -c -o "$work/module.ko" -
put kernel/module lettered m "$work/module.ko"
echo 'int main(void) { return 0; }' | cc -s -x c -o "$work/program" -
put kernel/program lettered p "$work/program"
put kernel/script printf 'p#! /bin/sh -e\n'

# --- keys, policies, tokens ---
put policy/new "$cella" policy new evidence/tdx-v5 --platform
put policy_jwt/new "$cella" policy sign policy/new --key "$work/owner.key" --new-key \
	--public-out "$work/owner.pem"
put keys/owner.pem cat "$work/owner.pem"
put keys/private.pem cat "$platform/att.key"
put keys/certificate.pem cat "$platform/root.pem"
put token/policy cat policy_jwt/new
# shellcheck disable=SC2086 # a list of words
put "$work/verdict" "$cella" verify evidence/tdx-v5 $time --collateral "$work/tdx.json" \
	--trust-root "$platform/root.pem" --policy policy/new --token-out token/verdict \
	--token-key "$work/owner.key" --token-audience fuzz
put "$work/claims" payload token/verdict
put claims/intel sed 's/"private:[0-9a-f]*"/"intel"/' "$work/claims"
put claims/verdict join "$work/claims" evidence/tdx-v5 "$platform/root.pem"
x=TEs6HZNhPvqK7rnkZxmVq0R2qCjzXJv1Q1yYb9vVb3A
put keys/jwk printf '{"kty":"EC","crv":"P-256","x":"%s","y":"%s"}' $x $x
put keys/jwks printf '{"keys":[{"kty":"EC","crv":"P-384","x":"%s","y":"%s"},{"kty":"RSA"}]}' \
	$x $x

# --- an Enclave VM: its evidence, its launch, QEMU's requests to its TPM ---
mkdir "$work/host"
"$cella" enclave init-host --quiet "$work/host" >"$work/made"
for debug in '' --debug; do
	# shellcheck disable=SC2086 # nothing, or an option
	put "evidence/evm$debug" "$sim" enclave "$work/host" $time --kernel "$here/seeds.sh" \
		--cmdline 'console=ttyS0 quiet' --ramdisk "$here/replay.sh" --measure app \
		--egress example.org:443 --forward 8080:80 --nonce 0011223344556677 \
		$debug
	put "launch/evm$debug" event_log "evidence/evm$debug"
	put "$work/evm-policy$debug" "$cella" policy new "evidence/evm$debug"
	put "policy/evm$debug" cat "$work/evm-policy$debug"
	put "verify/evm$debug" join "evidence/evm$debug" '' "$work/evm-policy$debug" \
		"$work/host/host-ca.pem"
done
put vtpm_control/qemu printf '\1\0\0\0\020\0\0\0\0\1\0\0\0\0\016\0\0\0\0\021\0\0\020\0\0\0\0\0\2\0\0\0\0\0\0\0\0\4\0\0\0\0\5\0\0\0\0\0\0\0\0\3'
put vtpm_control/again printf '\0\0\0\0\2\0\0\0\0\0\0\0\0\016\0\0\0\0\2\0\0\0\0'

# --- measurements: a log of two applications ---
for file in "$here/seeds.sh" "$here/replay.sh"; do
	"$cella" measure --quiet --provider sim --sim "$platform" "$file" >"$work/measured"
done
put event_log/measured cat "$platform/eventlog"
put vtpm/nothing printf ''
azure=${CELLA_VECTORS:-}/azure-vtpm
[ ! -d "$azure" ] || put vtpm/azure join "$azure/hcl-report.bin" "$azure/tpm-quote.json"

# --- texts ---
put encode/hex printf '00a0FFc4'
put encode/base64 printf 'AAECAwQ='
put encode/base64url printf '_-ECAwQ'
put encode/pem cat "$platform/root.pem"
put json/verdict "$cella" inspect evidence/tdx-v4 --json
put json/tcb_info body "$work/tdx/tcb.http"
put json/escapes printf '{"a\\u0062":[1,-0.5e3,true,null,"\\ud83d\\ude00"],"c":{}}'

# --- what a guest meets ---
put qgs/answer printf '\0\0\0\035\1\0\1\0\1\0\0\0\035\0\0\0\0\0\0\0\2\0\0\0\3\0\0\0idqte'
put qgs/refusal printf '\0\0\0\020\1\0\1\0\1\0\0\0\020\0\0\0\3\040\1\0'
put http/length printf 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc'
put http/chunks printf 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n'
put http/end printf 'HTTP/1.0 404 No\r\nServer: x\r\n\r\nabc'
[ ! -d "$azure" ] || put hcl_report/azure cat "$azure/hcl-report.bin"
put hcl_report/runtime-data printf '{"keys":[],"user-data":"%0128d"}' 1
# --- where collateral is fetched from, and which evaluations there are ---
put qcnl/lines printf '# PCCS\nPCCS_URL=https://pccs.example:8081/sgx/certification/v4/\nUSE_SECURE_CERT=FALSE\nRETRY_TIMES=3\n'
put qcnl/json printf '{ // PCCS\n"pccs_url": "https://[::1]:8081/sgx/certification/v4/", /* so */ "use_secure_cert": false, "retry_times": 6, "tcb_update_type": "early" }\n'
put tcb_numbers/two printf '{"id":"TDX","version":1,"issueDate":"2026-01-01T00:00:00Z","nextUpdate":"2026-02-01T00:00:00Z","tcbEvalNumbers":[{"tcbEvaluationDataNumber":20,"tcbRecoveryEventDate":"2025-11-11T00:00:00Z","tcbDate":"2025-11-12T00:00:00Z"},{"tcbEvaluationDataNumber":19,"tcbRecoveryEventDate":"2025-05-13T00:00:00Z","tcbDate":"2025-05-14T00:00:00Z"}]}'

# --- the sockets of an Enclave VM: what QEMU says, and what a guest does ---
none='\0\0\0\0\0\0\0\0'
# message FDS REQUEST PAYLOAD-LENGTH PAYLOAD, in octal
message() {
	# shellcheck disable=SC2059 # escapes are meant
	printf "\\$1\\$2\\0\\0\\0\\1\\0\\0\\0\\$3\\0\\0\\0$4"
}
set_up() {
	message 0 3 0 ''
	message 0 2 10 '\0\0\0\100\1\0\0\0'
	message 101 5 50 '\1\0\0\0\0\0\0\0'"$none"'\0\0\20\0\0\0\0\0'"$none$none"
	for ring in 0 1; do
		message 0 10 10 "\\$ring"'\0\0\0\200\0\0\0'
		message 0 12 10 "\\$ring"'\0\0\0\0\0\0\0'
		message 0 11 50 "\\$ring\\0\\0\\0\\0\\0\\0\\0$none"'\0\200\0\0\0\0\0\0\0\100\0\0\0\0\0\0'"$none"
		message 1 15 10 "\\$ring"'\0\0\0\0\0\0\0'
		message 1 14 10 "\\$ring"'\0\0\0\0\0\0\0'
		message 0 22 10 "\\$ring"'\0\0\0\1\0\0\0'
	done
	message 0 13 10 "$none"
}
put vsock_messages/set-up set_up
put vsock_messages/features message 0 1 0 ''
put vsock_messages/config message 0 30 24 "$none$none"'\0\0\0\0'
put forward/name printf 'CONNECT api.example:443 HTTP/1.1\r\nHost: api.example\r\n\r\n'
put forward/address printf 'CONNECT [2001:db8::1]:80 HTTP/1.0\r\n\r\nmore'
put forward/private printf 'CONNECT 10.0.0.1:1 HTTP/1.1\r\n\r\n'
# A buffer; REQUEST; its other end; what that says; data of the guest; the end of both.
put vsock_rings/talk printf '\4\0\0\0\0\20\0\0\0\0\0\0\0\0\0\0\4\1\0\20\0\20\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\1\0\377\377\0\0\1\0\0\13\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\7\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\20\0\0\5\0\377\377\0\0\2\0\0\1\0\0\0\0\0\0\4\3\377\377\0\0\3\0\0\11\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
# A program that comes; two buffers for what it has; RESPONSE; time passes.
put vsock_rings/come printf '\6\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\4\0\0\0\0\20\0\0\0\0\0\0\0\0\0\0\4\1\0\20\0\20\0\0\0\0\0\0\0\0\0\0\1\0\1\2\0\0\0\2\0\377\377\0\0\1\0\0\14\377\377\0\0\0\0\0\0\0\0\0\0\0\0\0'

# --- who says what to the supervisor: who, how many bytes, those; and a record ---
put supervisor/life printf '\1\016{"QMP": {}}\r\n\1\0\0\1\267\2\006status\2\007console\3\003abc\2\004stop\0\015end stopped 0\n'
put supervisor/lies printf '\0\1\267\4\043cella-vsock: code: driver never seen\0\021end exited 4 why\n\200\0\201\0'
put supervisor/sleep printf '\1\026{"event": "SUSPEND"}\r\n'
put supervisor/record printf '{"version":1,"name":"e","time":"2026-01-01T00:00:00Z","lasted_s":1,"state":"booting","cause":"?","facts":["late"],"end":{"reason":"tpm","number":2,"detail":""},"processes":[{"name":"QEMU","how":"exited","number":1,"words":"kvm"}],"console":"Kernel panic"}'

# --- changes of four bytes, which fuzz_forge.c explains ---
put forge/nothing printf ''
put forge/nothing-sgx printf '\0'
put forge/quote printf '\000\100\000\001'
put forge/quote-sgx printf '\000\100\001\001\0'
put forge/collateral printf '\001\100\003\001'
put forge/twice printf '\000\100\000\001\001\100\007\200'
