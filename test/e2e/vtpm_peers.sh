#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The vTPM of an Enclave VM, looked at by tpm2-tools as its guest would, and a software TPM
# (swtpm) given the same measurements by tpm2-tools: both arrive at the same PCRs.
# What the guest's tools made is put together as doc/evidence-evm.md says, and verified.
# Usage: vtpm_peers.sh CELLA_VTPM STANDIN_VTPM CELLA
# shellcheck disable=SC2317,SC2086 # functions are called by name; $debug may be nothing
set -u
export LC_ALL=C

vtpm=$(realpath "$1")
standin=$(realpath "$2")
cella=$(realpath "$3")
here=$(realpath "$0")
dir=$(mktemp -d)
swtpm_pid=
trap '[ -z "$swtpm_pid" ] || kill "$swtpm_pid"; rm -rf "$dir"' EXIT
cd "$dir" || exit 1
number=0
bad=0

for tool in tpm2_quote tpm2_checkquote swtpm openssl xxd jq; do
	if ! command -v $tool >/dev/null; then
		echo "1..0 # SKIP there is no $tool"
		exit 0
	fi
done

# ok TITLE COMMAND...
ok() {
	title=$1
	shift
	number=$((number + 1))
	if "$@" >out 2>err; then
		echo "ok $number - $title"
	else
		echo "not ok $number - $title"
		cut -c1-300 out err | sed 's/^/# /'
		bad=1
	fi
}

fails() {
	! "$@"
}

# refuses FILE CHECK [OPTION...]: exit status 1, and the check is told.
refuses() {
	file=$1
	id=$2
	shift 2
	options="--trust-root host/host-ca.pem"
	[ $# -gt 0 ] || set -- --nonce "$nonce"
	"$cella" verify "$file" $options "$@" >refusal
	[ $? -eq 1 ] && grep -q "FAIL $id" refusal
}

# guest FOLDER COMMAND...: runs it beside a launched TPM.
guest() {
	folder=$1
	shift
	"$standin" $debug --vtpm "$vtpm" --folder "$folder" --host host -- \
		env "TPM2TOOLS_TCTI=cmd:$standin --relay $folder" "$@"
}

# pcrs: lines as in `predicted`, of whatever TPM there is.
pcrs() {
	tpm2_pcrread -Q sha256:0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15 -o a &&
		tpm2_pcrread -Q sha384:0,1,2,3,4,5,6,7 -o b &&
		tpm2_pcrread -Q sha384:8,9,10,11,12,13,14,15 -o c || return 1
	i=0
	while [ $i -lt 16 ]; do
		half=b
		[ $i -lt 8 ] || half=c
		echo "$i $(tail -c +$((i * 32 + 1)) a | head -c 32 | xxd -p -u -c 32)" \
			"$(tail -c +$((i % 8 * 48 + 1)) $half | head -c 48 | xxd -p -u -c 48)"
		i=$((i + 1))
	done
}

# --- what a guest of cella-vtpm does, with other people's tools ---
cat >in-guest.sh <<'END'
set -eu
. ./functions
. ./binding
pcrs >"$1/found"
tpm2_readpublic -Q -c 0x81000003 -f pem -o "$1/ak.pem"
tpm2_readpublic -c 0x81000003 >"$1/ak.txt"
tpm2_quote -Q -c 0x81000003 -l sha256:0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15 \
	-q "$binding" -m "$1/quote.msg" -s "$1/quote.sig" -o "$1/quote.pcrs"
tpm2_nvread -Q -C o 0x01c101d0 -o "$1/certificate"
tpm2_nvread -Q -C o 0x01c101d8 -o "$1/log"
END
sed -n "/^pcrs() {/,/^}/p" "$here" >functions 2>/dev/null || :
[ -s functions ] || { echo "Bail out! functions"; exit 1; }

# What else a guest may do with its TPM: nothing of it may cost the TPM its life.
cat >use.sh <<'END'
set -eu
cd "$1"
# There is no resource manager, and few slots.
free() {
	tpm2_flushcontext -t
}
tpm2_selftest --fulltest
tpm2_getrandom -Q 32 -o random
tpm2_getcap properties-fixed >properties
tpm2_createprimary -Q -C o -G rsa2048 -c primary
free
tpm2_create -Q -C primary -G ecc256:ecdsa -u ecc.pub -r ecc.priv -c ecc
free
tpm2_sign -Q -c ecc -g sha256 -o signature random
free
tpm2_verifysignature -Q -c ecc -g sha256 -m random -s signature
free
tpm2_create -Q -C primary -G rsa2048 -u rsa.pub -r rsa.priv
free
tpm2_startauthsession -S session
tpm2_policypcr -Q -S session -l sha256:0,4,8,9,11 -L policy
tpm2_flushcontext session
free
echo secret | tpm2_create -Q -C primary -L policy -i - -u seal.pub -r seal.priv
free
tpm2_load -Q -C primary -u seal.pub -r seal.priv -c sealed
free
tpm2_unseal -c sealed -p pcr:sha256:0,4,8,9,11 | grep -q secret
free
tpm2_nvdefine -Q 0x01800001 -s 8 -a 'ownerread|ownerwrite'
echo 1234567 | tpm2_nvwrite -Q -C o -i - 0x01800001
tpm2_nvread -Q -C o 0x01800001 -o nv
tpm2_hash -Q -g sha384 -o hash random
tpm2_pcrextend "14:sha256=$(openssl dgst -sha256 -r random | cut -d' ' -f1)"
tpm2_pcrreset 16
tpm2_readclock >clock
tpm2_dictionarylockout -Q -c
tpm2_clear
tpm2_getrandom -Q 8 -o random
END

# --- the evidence of a nonce, by the documentation ---
nonce=00112233445566778899aabbccddeeff
report_data=$(printf %-128s $nonce | tr ' ' 0)
binding=$( (printf 'cella evm quote 1\0' && printf %s "$report_data" | xxd -r -p) |
	openssl dgst -sha256 -r | cut -d' ' -f1)
echo "binding=$binding" >binding

# assemble FOLDER
assemble() {
	jq -n --arg r "$report_data" --arg q "$(base64 -w0 "$1/quote.msg")" \
		--arg s "$(base64 -w0 "$1/quote.sig")" --arg c "$(base64 -w0 "$1/certificate")" \
		--arg l "$(base64 -w0 "$1/log")" \
		--argjson p "$(cut -d' ' -f2 "$1/found" | tr A-F a-f | jq -R . | jq -s .)" \
		'{format: "cella-evm-1", report_data: $r, quote: $q, signature: $s,
		certificate: $c, pcrs: $p, event_log: $l}' >"$1/e.evm.json"
}

mkdir host
ok "a host has a key" "$cella" enclave init-host host

for debug in '' --debug; do
	folder=$dir/run$debug
	mkdir "$folder"
	ok "a guest's tools work $debug" guest "$folder" sh in-guest.sh "$folder"
	ok "PCRs of both banks are as predicted $debug" \
		cmp "$folder/predicted" "$folder/found"
	ok "tpm2_checkquote finds the quote good $debug" tpm2_checkquote -u "$folder/ak.pem" \
		-m "$folder/quote.msg" -s "$folder/quote.sig" -f "$folder/quote.pcrs" -g sha256 \
		-q "$binding"
	ok "and not with another nonce $debug" fails tpm2_checkquote -u "$folder/ak.pem" \
		-m "$folder/quote.msg" -s "$folder/quote.sig" -f "$folder/quote.pcrs" -g sha256 \
		-q 00112233445566778899aabbccddeefe
	ok "the key is restricted $debug" grep -q \
		'value: fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|sign' \
		"$folder/ak.txt"
	ok "the log in NV is the launch's $debug" cmp "$folder/launch.log" "$folder/log"
	ok "the certificate in NV is the host's $debug" cmp "$folder/key.der" \
		"$folder/certificate"
	ok "openssl finds it signed by the host's root $debug" openssl verify -partial_chain \
		-trusted host/host-ca.pem -x509_strict "$folder/key.der"
	ok "the evidence can be put together $debug" assemble "$folder"
done
debug=
mkdir use
ok "a guest may use its TPM for anything" guest "$dir/use" sh use.sh "$dir/use"
verify="$cella verify --trust-root host/host-ca.pem --nonce $nonce"
ok "cella verify accepts it" $verify run/e.evm.json
ok "cella verify refuses the launch for debugging" refuses run--debug/e.evm.json evm.debug
ok "and another nonce" refuses run/e.evm.json report_data --nonce 00112233445566778899aabbccddeefe
ok "a launch for debugging has other PCRs" fails cmp "$dir/run/predicted" \
	"$dir/run--debug/predicted"

# --- the same measurements, made by tpm2-tools in a swtpm ---
mkdir tpm
swtpm socket --tpm2 --tpmstate dir=tpm --server type=unixio,path=tpm.sock \
	--ctrl type=unixio,path=tpm.sock.ctrl --flags not-need-init,startup-clear >swtpm.log 2>&1 &
swtpm_pid=$!
tries=0
while ! [ -S tpm.sock ] && [ $tries -lt 1200 ]; do
	sleep 0.05
	tries=$((tries + 1))
done
export TPM2TOOLS_TCTI="swtpm:path=$dir/tpm.sock"

# digests TEXT: as tpm2_pcrextend takes them.
digests() {
	printf 'sha256=%s,sha384=%s' "$(printf %s "$1" | openssl dgst -sha256 -r | cut -d' ' -f1)" \
		"$(printf %s "$1" | openssl dgst -sha384 -r | cut -d' ' -f1)"
}

config='cella config 1
vcpus 2
memory_mib 256
debug no
to_guest 80,7001-7003
from_guest 9000,9443
forward 127.0.0.1:8080:80
egress 192.0.2.1:80
egress example.org:443
'
extend() {
	tpm2_pcrextend "4:$(digests 'kernel bytes')" &&
		tpm2_pcrextend "8:$(digests 'console=ttyS0 quiet')" &&
		tpm2_pcrextend "9:$(digests 'first ramdisk')" &&
		tpm2_pcrextend "9:$(digests 'second ramdisk')" &&
		tpm2_pcrextend \
			"11:$(digests 'kernel bytesconsole=ttyS0 quietfirst ramdisksecond ramdisk')" &&
		tpm2_pcrextend "12:$(digests certificate)" &&
		tpm2_pcrextend "13:$(digests "$config")"
}
ok "swtpm takes the same measurements" extend
pcrs >swtpm.pcrs
# PCR0 wants the locality of an H-CRTM, which tpm2-tools do not reach.
sed 1d swtpm.pcrs >swtpm.rest
sed 1d "$dir/run/predicted" >predicted.rest
ok "and arrives at the same PCRs" cmp swtpm.rest predicted.rest

echo "1..$number"
exit $bad
