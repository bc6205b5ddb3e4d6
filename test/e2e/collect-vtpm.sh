#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Azure's way: the TD report of a paravisor from a TPM (swtpm), its quote from a metadata
# service, which a stand-in is.
# Usage: collect-vtpm.sh CELLA CELLA_SIM BUILD [TOOL]
# shellcheck disable=SC2016,SC2317 # for inner shells; called by name
# shellcheck source=test/e2e/collect-common.sh
. "$(dirname "$0")/collect-common.sh"

for peer in swtpm tpm2_nvdefine openssl jq; do
	command -v $peer >/dev/null || skip_all "there is no $peer"
done
"$build/standin-guest" --platform platform -- true 2>err
[ $? -ne 77 ] || skip_all "this kernel does not tell of system calls"

# --- a TPM with an index as Azure's has, written by other people's tools ---
mkdir tpm
swtpm socket --tpm2 --tpmstate dir=tpm --server type=unixio,path=tpm.sock \
	--ctrl type=unixio,path=tpm.sock.ctrl --flags not-need-init,startup-clear \
	--log file=swtpm.log &
swtpm_pid=$!
trap 'kill $swtpm_pid 2>/dev/null; rm -rf "$dir"' EXIT
await test -S tpm.sock || exit 1
export TPM2TOOLS_TCTI=swtpm:path=tpm.sock

guest() {
	options=$(faults "$1")
	shift
	# shellcheck disable=SC2086 # a list of words
	"$build/standin-guest" --platform platform --tpm tpm.sock --ak ak.hex $options -- "$@"
}

# hcl FAULTS: writes a paravisor's report with those to the index.
hcl() {
	options=$(faults "$1")
	# shellcheck disable=SC2086 # a list of words
	"$build/standin-hcl" --platform platform --ak ak.hex $options -- hcl.bin &&
		tpm2_nvwrite -Q -C o -i hcl.bin 0x01400001
}

# quote FAULTS OPTION...: a quote by way of a service with those faults.
quote() {
	options=$(faults "$1")
	shift
	# shellcheck disable=SC2086 # a list of words
	"$build/standin-imds" --listen unix:imds --platform platform $options -- \
		"$build/standin-guest" --platform platform --tpm tpm.sock --ak ak.hex -- \
		"$tool" quote --imds unix:imds "$@"
}

# of_user FAULTS OPTION...: a quote with those faults of TPM and paravisor.
of_user() {
	options=$(faults "$1")
	shift
	# shellcheck disable=SC2086 # a list of words
	"$build/standin-imds" --listen unix:imds --platform platform -- \
		"$build/standin-guest" --platform platform --tpm tpm.sock --ak ak.hex $options -- \
		"$tool" quote --imds unix:imds "$@"
}

# chosen: the report data that the last quote's JSON tells.
chosen() {
	sed -n 's/^ *"report_data": "\([0-9a-f]*\)".*/\1/p' out
}

# The attestation key: of RSA, for RSASSA with SHA-256, restricted to what the TPM has made.
make_key() {
	tpm2_createprimary -Q -C e -g sha256 -G rsa2048:rsassa-sha256:null -c ak.ctx -a \
		'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|sign' &&
		tpm2_evictcontrol -Q -C o -c ak.ctx 0x81000003 &&
		tpm2_readpublic -Q -c 0x81000003 -f pem -o ak.pem &&
		openssl rsa -pubin -in ak.pem -noout -modulus | sed 's/Modulus=//' >ak.hex
	status=$?
	tpm2_flushcontext -t
	return "$status"
}
printf '%0512d' 1 >ak.hex

refuses "no TPM" '/dev/tpmrm0: No such file or directory: this machine has no TPM' \
	"$tool" report --provider vtpm --sysroot .
refuses "a TPM without the index" 'this is no confidential VM of Azure' \
	guest '' "$tool" report --provider vtpm
check "the index can be made" 0 tpm2_nvdefine -Q -C o -s 2048 \
	-a 'ownerread|authread|ownerwrite|authwrite|no_da' 0x01400001
refuses "nothing is in it yet" 'nothing has been written to it yet' \
	guest '' "$tool" report --provider vtpm
check "a paravisor's report is put into it" 0 hcl ''

# --- reports ---
check "a report" 0 guest '' "$tool" report --provider vtpm -o report
says 'TD info' 'attributes: 0x0000000010000000 (NO_DEBUG SEPT_VE_DISABLE)'
check "auto finds it" 0 guest 'errno=5' "$tool" report --sysroot "$dir"
tail -c +33 hcl.bin | head -c 1024 >expected
check "  it is the one in the index" 0 cmp expected report

# --- quotes ---
refuses "there is no attestation key" \
	'attestation key 0x81000003: having the PCRs signed: the TPM answers' quote ''
check "a key is made" 0 make_key
check "a paravisor's report names it" 0 hcl ''
check "a quote of what there is" 0 quote '' --json
says 'made by vtpm, to quote.dat' 'the platform chose the report data' \
	'to quote.dat.hcl' 'to quote.dat.tpm-quote' '"quote.dat.hcl"'
data=$(chosen)
accepts "it verifies, and binds what it says" quote.dat -d "$data"
check "  beside it is the paravisor's report" 0 \
	sh -c 'head -c $(wc -c <quote.dat.hcl) hcl.bin | cmp - quote.dat.hcl'
[ "$data" = "$(tail -c +1237 quote.dat.hcl | sha256sum | cut -c 1-64)$(printf %064d 0)" ]
verdict $? "  and the quote binds its runtime data"
check "a quote with user data" 0 quote '' -d 0102 -o q --json
says 'yours is user-data in'
data=$(chosen)
accepts "it verifies" q -d "$data"
[ "$data" = "$(tail -c +1237 q.hcl | sha256sum | cut -c 1-64)$(printf %064d 0)" ]
verdict $? "  and binds the runtime data"
check "  which has the user data" 0 grep -q "user-data\":\"0102$(printf %0124d 0)\"" q.hcl
check "the index for it can be read by others" 0 tpm2_nvread -C o -o user 0x01400002
check "  and has the user data" 0 sh -c 'od -An -v -tx1 user | tr -d " \n" | grep -q ^01020000'

# --- the quotes of the TPM, as others see them ---
unhex() {
	jq -r ".$1" q.tpm-quote | tr -d '\n' | xxd -r -p
}
signed_by_key() {
	unhex message >quoted && unhex signature >signed &&
		openssl dgst -sha256 -verify ak.pem -signature signed quoted
}
pcrs_are_quoted() {
	jq -r '.pcrs[]' q.tpm-quote | tr -d '\n' | xxd -r -p | sha256sum | cut -c 1-64 >digest &&
		tail -c 32 quoted | xxd -p -c 64 | cmp - digest
}
pcrs_are_read() {
	jq -r '.pcrs[]' q.tpm-quote >ours &&
		tpm2_pcrread sha256 | sed -n 's/^ *[0-9]* *: 0x//p' |
		tr A-F a-f | cmp - ours
}
check "PCR 8 and 23 are extended" 0 tpm2_pcrextend 8:sha256="$(printf %064d 8)" \
	23:sha256="$(printf %064d 23)"
check "a quote for a nonce" 0 quote '' -n 0011223344556677 -o q
check "  the TPM's is signed by its key" 0 signed_by_key
check "  its nonce is the one, and no longer" 0 \
	sh -c 'xxd -p -c 4096 quoted | grep -q 00080011223344556677'
check "  its digest is of its PCRs" 0 pcrs_are_quoted
check "  which are those of the TPM" 0 pcrs_are_read
accepts "all of it verifies, for that nonce" q --hcl-report q.hcl --tpm-quote q.tpm-quote \
	--nonce 0011223344556677
says 'ACCEPTED' 'made for this request'
check "  and for no other" 1 "$cella" verify q --hcl-report q.hcl --tpm-quote q.tpm-quote \
	--nonce 0011223344556678 -c collateral.json -t "$time" --trust-root platform/root.pem
# A token of it names all of the evidence; judging again takes the same.
openssl ecparam -name prime256v1 -genkey -noout -out token.key 2>/dev/null
chmod 600 token.key
openssl ec -in token.key -pubout -out token.pub 2>/dev/null
token() {
	"$cella" verify q --hcl-report q.hcl --tpm-quote q.tpm-quote -c collateral.json \
		-t "$time" --trust-root platform/root.pem --token-out token.jwt \
		--token-key token.key --token-audience me "$@"
}
replay() {
	"$cella" token replay token.jwt --quote q --trust-root platform/root.pem "$@"
}
check "a token of it" 0 token --nonce 0011223344556677
check "  tells the vTPM's nonce" 0 "$cella" token verify token.jwt --key token.pub \
	--audience me --nonce 0011223344556677 --allow-unasked mine --time "$time" \
	--root "$("$cella" token show token.jwt | jq -r '.. | .cella_root? // empty' 2>/dev/null |
		head -n 1)"
check "  is borne out" 0 replay --hcl-report q.hcl --tpm-quote q.tpm-quote \
	--nonce 0011223344556677
check "  not for another nonce" 1 replay --hcl-report q.hcl --tpm-quote q.tpm-quote \
	--nonce 0011223344556678
says 'answers.fresh'
check "  nor without the vTPM's evidence" 3 replay
says 'it was judged with an HCL report'
jq -c . q.tpm-quote >q.other
check "  nor with another file of it" 2 replay --hcl-report q.hcl --tpm-quote q.other
says "judged with a vTPM's quote, but another one"
check "a nonce that nobody asked for" 2 "$cella" verify q --hcl-report q.hcl \
	--tpm-quote q.tpm-quote --data q -c collateral.json --token-out token.jwt \
	--token-key token.key --token-audience me
check "a token of the quote alone" 0 "$cella" verify q -c collateral.json -t "$time" \
	--trust-root platform/root.pem --token-out token.jwt --token-key token.key \
	--token-audience me
check "  was judged without the vTPM" 2 replay --hcl-report q.hcl --tpm-quote q.tpm-quote
says 'it was judged without an HCL report'

check "a quote for 64 bytes" 0 quote '' -d "$(printf %0128d 5)" -o q
check "  is signed" 0 signed_by_key
check "  with all of them" 0 sh -c 'xxd -p -c 4096 quoted | grep -q "0040$(printf %0128d 5)"'

check "other user data" 0 quote '' -n 0011223344556677 -o q --json
accepts "it verifies" q -d "$(chosen)"
check "a paravisor that takes its time" 0 of_user late=20 -d 03
within 20 "one that does nothing" 3 of_user stale -d 04 --timeout 2s
says 'the paravisor has not made a report'
check "the same user data again needs none" 0 of_user stale -d 03
check "chunked" 0 quote chunked -d 03
check "without a length" 0 quote eof -d 03
check "in the other base64" 0 quote padded -d 03
check "busy at first" 0 quote busy=2 -d 03

# --- a service that is not as it should be ---
within 20 "busy for ever" 3 quote busy -d 03 --timeout 2s
says 'status 429: {"error":"not now"}'
refuses "one that refuses" 'status 403' quote status=403 -d 03
within 20 "one that says nothing" 3 quote hang -d 03 --timeout 1s
says 'unix:imds: no answer within 1 s'
within 20 "one that does not listen" 3 quote deaf -d 03 --timeout 1s
within 20 "one that is slow" 3 quote drip -d 03 --timeout 1s
refuses "one that dies" 'HTTP response: ends too early' quote dies -d 03
refuses "one that dies within the head" 'ends too early' quote half=20 -d 03
refuses "one that dies within the body" 'ends too early' quote half=500 -d 03
refuses "one that dies within a chunk" 'ends too early' quote 'half=500 chunked' -d 03
refuses "one of mail" 'is it a web server' quote garbage -d 03
refuses "one without end" 'longer than 1048576 bytes' quote huge -d 03
refuses "one without end and length" 'longer than 1048576 bytes' quote 'huge eof' -d 03
refuses "one without end, in chunks" 'longer than 1048576 bytes' quote 'huge chunked' -d 03
refuses "one that speaks to people" "the service's answer" quote not-json -d 03
refuses "one that has no quote" 'quote' quote no-quote -d 03
refuses "one that gives something else" "the service's answer: quote" quote no-base64 -d 03
refuses "one that quotes another's report" 'carries other report data' quote swapped -d 03
refuses "nobody listens" 'is the service running' \
	guest '' "$tool" quote --imds tcp:127.0.0.1:1 -d 03
if grep -qw tdx_guest /proc/cpuinfo; then
	echo "# this is a trust domain: its cloud could be asked"
else
	refuses "the cloud of another machine is not asked" 'is not asked' \
		guest '' "$tool" quote --provider vtpm -d 03
fi
check "who is asked must be clear" 2 guest '' "$tool" quote --imds unix:a --qgs unix:b

# --- a TPM that is not as it should be ---
check "a TPM that is busy at first" 0 guest tpm-busy=3 "$tool" report --provider vtpm
within 20 "one that is busy for ever" 3 guest tpm-busy "$tool" report --provider vtpm \
	--timeout 1s
says 'the TPM answers 0x922'
within 20 "one that says nothing" 3 guest tpm-hang "$tool" report --provider vtpm \
	--timeout 1s
says 'the TPM: no answer within 1 s'
refuses "one that dies" 'ends within its answer' \
	guest tpm-dies "$tool" report --provider vtpm
refuses "one that answers garbage" "the TPM's answer" \
	guest tpm-garbage "$tool" report --provider vtpm
refuses "one that wants a password" 'it wants a password' \
	guest tpm-code=2466 "$tool" report --provider vtpm
refuses "one that has failed" 'self-test' guest tpm-code=257 "$tool" report --provider vtpm

# --- a paravisor that is not as it should be ---
for fault in 'snp:this is a VM of AMD SEV-SNP' 'failed:the paravisor has failed' \
	'unbound:its hash is not the report data'; do
	check "${fault%%:*}: put into the index" 0 hcl "${fault%%:*}"
	refuses "${fault%%:*}" "${fault#*:}" guest '' "$tool" report --provider vtpm
done
tpm2_nvundefine -Q -C o 0x01400001
tpm2_nvdefine -Q -C o -s 1000 -a 'ownerread|ownerwrite' 0x01400001
head -c 1000 hcl.bin | tpm2_nvwrite -Q -C o -i - 0x01400001
refuses "half a report" 'hcl report: td_report: needs 1024 bytes' \
	guest '' "$tool" report --provider vtpm
finish
