#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154,SC2317 # inner shells; standin.sh sets; check() calls
# A program that opens the vendor's quote provider by name, with cella's behind it, and a
# server that is good, bad, or not there: every number that the library gives.
# Usage: quoteprov.sh CELLA STANDIN BUILD; prints TAP.
set -u

cella=$(realpath "$1")
standin=$(realpath "$2")
build=$(realpath "$3")
# shellcheck source=test/e2e/standin.sh
. "$(dirname "$0")/standin.sh"

TEST_ROOT=$dir/pccs/platform/root.pem
TEST_FETCH=$(dirname "$cella")/cella-fetch
export TEST_ROOT TEST_FETCH
svns=0102030405060708090a0b0c0d0e0f10
{
	make_authority
	make_platform "$dir/pccs"
	make_platform "$dir/other"
	cp "$dir/other/tdx/tcb.http" "$dir/pccs/foreign.http"
	"$cella" sim quote "$dir/pccs/platform" -o "$dir/quote"
	"$cella" sim quote "$dir/pccs/platform" -k sgx-v3 -o "$dir/enclave"
	"$cella" sim collateral "$dir/pccs/platform" --evaluation-number 21 \
		--directory "$dir/pccs/tdx-early"
	{
		printf 'HTTP/1.1 200 OK\r\nSGX-TCBm: %s0b00\r\n' $svns
		printf 'SGX-PCK-Certificate-Issuer-Chain: '
		cat "$dir/pccs/platform/ca.pem" "$dir/pccs/platform/root.pem" | jq -sRrj @uri
		printf '\r\n\r\n'
		cat "$dir/pccs/platform/pck.pem"
	} >"$dir/pccs/sgx/pckcert.http"
	sed '/^SGX-TCBm/d' "$dir/pccs/sgx/pckcert.http" >"$dir/pccs/untold.http"
	sed 's/^SGX-TCBm: ../SGX-TCBm: xx/' "$dir/pccs/sgx/pckcert.http" >"$dir/pccs/bad.http"
	mkdir "$dir/lib"
	ln -s "$build/libdcap_quoteprov_test.so" "$dir/lib/libdcap_quoteprov.so.1"
} >"$dir/made" 2>&1 || { cat "$dir/made" && exit 1; }
serve "$dir/pccs" "$dir/tls.pem" "$dir/tls.key"
url=https://127.0.0.1:$(cat "$dir/pccs/port")/sgx/certification/v4/

user() {
	LD_LIBRARY_PATH=$dir/lib "$build/quoteprov-user" "$@"
}

# configure LINE...: what the vendor's file says; its server is this machine's.
configure() {
	printf '%s\n' "$@" >"$QCNL_CONF_PATH"
}

# afresh: no faults, no cache, the usual configuration; one attempt for each document.
afresh() {
	reset
	rm -rf "$dir/got"
	configure "PCCS_URL=$url" 'USE_SECURE_CERT=FALSE' 'RETRY_TIMES=0'
}

tdx() {
	user tdx ce11a0000000 platform "$@" "$dir/got"
}

# fails NAME CODE FAULT...: what the server does to the TCB information.
fails() {
	name=$1
	code=$2
	shift 2
	afresh
	fault "$@"
	check "$name" 0 tdx "$code"
}

# --- arguments ---
afresh
check "arguments" 0 user arguments
same "nobody is asked" 0 "$(requests GET)"

# --- collateral ---
afresh
check "a trust domain's collateral" 0 tdx 0
says "of version 3.1" "version 3.1 tee 0x81"
same "four documents, one request each" 4 "$(requests GET)"
check "the quote is judged by it" 0 "$cella" verify "$dir/quote" -c "$dir/got" \
	--trust-root "$TEST_ROOT"
# independent NAME FOLDER QUOTE ROOT: another verifier judges the quote by what was handed over.
independent() {
	name=$1
	shift
	code=77
	if command -v node >/dev/null; then
		node "$(dirname "$0")/../npm/provided.js" "$@" >"$dir/judged" 2>&1
		code=$?
	fi
	if [ "$code" -eq 77 ]; then
		skip "$name" "npm ci --prefix test/npm has not been run"
	else
		check "$name" 0 sh -c 'cat "$0" && grep -qx UpToDate "$0"' "$dir/judged"
	fi
}
independent "an independent verifier judges it, too" "$dir/got" "$dir/quote" "$TEST_ROOT"
check "lists are DER" 0 openssl crl -inform DER -in "$dir/got/pck_crl.der" -noout
check "both" 0 openssl crl -inform DER -in "$dir/got/root_ca_crl.der" -noout
check "documents are whole" 0 jq -e '.tcbInfo.id == "TDX" and (.signature | length) == 128' \
	"$dir/got/tcb_info.json"
check "and of the quoting enclave for them" 0 jq -e '.enclaveIdentity.id == "TD_QE"' \
	"$dir/got/qe_identity.json"
same "chains are of two" "2 2 2" "$(grep -c BEGIN "$dir"/got/*.pem | sed 's/.*://' | xargs)"
check "again" 0 tdx 0
same "from the cache" 4 "$(requests GET)"
afresh
check "an enclave's collateral" 0 user sgx ce11a0000000 platform 0 "$dir/got"
says "of version 3.1" "version 3.1 tee 0x0"
check "the quote is judged by it" 0 "$cella" verify "$dir/enclave" -c "$dir/got" \
	--trust-root "$TEST_ROOT"
independent "by an independent verifier, too" "$dir/got" "$dir/enclave" "$TEST_ROOT"
afresh
check "in hexadecimal" 0 sh -c 'echo "PCCS_API_VERSION=3.0" >>"$1"' - "$QCNL_CONF_PATH"
check "lists of version 3.0" 0 tdx 0
says "are said to be" "version 3.0 tee 0x81"
check "are digits" 0 grep -qxE '[0-9a-f]+' "$dir/got/root_ca_crl.der"
check "are judged by" 0 "$cella" verify "$dir/quote" -c "$dir/got" --trust-root "$TEST_ROOT"
afresh
configure "{\"pccs_url\": \"$url\", \"use_secure_cert\": false, // here" \
	'"tcb_update_type": "early"}'
check "an early evaluation" 0 tdx 0
check "is the one that is configured" 0 jq -e '.tcbInfo.tcbEvaluationDataNumber == 21' \
	"$dir/got/tcb_info.json"
afresh
check "with no parameters of a service" 0 user params ce11a0000000 0

# --- what the server does ---
fails "nothing of this platform" e01b "tcb 404 - -"
says "in words" "the server does not have it"
fails "nobody may" e019 "tcb 403 - -"
fails "a platform that it does not know" e047 "tcb 461 - -"
fails "one without certificates" e049 "tcb 462 - -"
fails "it cannot serve now" e040 "tcb 503 - -"
fails "it fails" e044 "tcb 500 - -"
fails "it wants a key" e044 "tcb 401 - -"
fails "of another root" e046 "tcb instead foreign.http -"
says "in words" "ends in another root"
fails "another document" e046 "tcb instead tdx/pckcrl.http -"
says "in words" "the answer is something else"
fails "no signers" e046 "tcb no-headers - -"
afresh
configure "PCCS_URL=$url" 'RETRY_TIMES=0'
check "a certificate that nobody knows" 0 tdx e019
says "in words" "TLS certificate"
afresh
configure 'PCCS_URL=https://127.0.0.1:1/sgx/certification/v4/' 'RETRY_TIMES=0'
check "nobody there" 0 tdx e019
says "in words" "is the server running"
afresh
rm "$QCNL_CONF_PATH"
check "no configuration: this machine's own is asked" 0 tdx e019
says "the vendor's default" "localhost:8081"
afresh
TEST_ROOT=$dir/other/platform/root.pem
check "all of another root" 0 tdx e046
says "in words" "ends in another root"
TEST_ROOT=$dir/pccs/platform/root.pem
afresh
check "no cella-fetch" 0 env TEST_FETCH=/nowhere/cella-fetch LD_LIBRARY_PATH="$dir/lib" \
	"$build/quoteprov-user" tdx ce11a0000000 platform e00e "$dir/got"
says "in words" "there is no program cella-fetch"

# --- configuration ---
afresh
configure '{"pccs_url": '
check "broken JSON" 0 tdx e067
configure 'PCCS_URL=ftp://example.com/'
check "a URL that is none" 0 tdx e001
says "in words" "PCCS_URL"
afresh
configure "{\"pccs_url\": \"$url\", \"use_secure_cert\": false, \"local_cache_only\": true}"
check "only the cache, which has nothing" 0 tdx e01b
afresh
check "once it is there" 0 tdx 0
configure "{\"pccs_url\": \"$url\", \"use_secure_cert\": false, \"local_cache_only\": true}"
check "only the cache" 0 tdx 0
configure 'PCCS_URL=https://127.0.0.1:1/sgx/certification/v4/'
check "without its server, too" 0 tdx 0

# forge PATTERN: the cached document with this text gets another signature; all digests fit.
forge() {
	cache=$XDG_CACHE_HOME/cella
	old=$(grep -lF "$1" "$cache"/objects/*)
	sed 's/"signature":"..../"signature":"0000/' "$old" >"$dir/forged"
	new=$(sha256sum <"$dir/forged" | cut -d' ' -f1)
	cp "$dir/forged" "$cache/objects/$new"
	record=$(grep -lF "${old##*/}" "$cache"/records/*)
	sed -e '$d' -e "s/${old##*/}/$new/" "$record" >"$dir/record"
	printf 'sha256 %s\n' "$(sha256sum <"$dir/record" | cut -d' ' -f1)" >>"$dir/record"
	cat "$dir/record" >"$record"
}
afresh
check "a cache" 0 tdx 0
forge '"tcbInfo"'
check "that somebody has forged" 0 tdx e046
says "in words" "its signature is not its signer's"
same "fresh as it was: no server was asked" 4 "$(requests GET)"

# --- the verifier's own enclave ---
afresh
check "the identity of QvE" 0 user qve 0 "$dir/got"
check "is it" 0 jq -e '.enclaveIdentity.id == "QVE"' "$dir/got/qve_identity.json"
check "signed by these" 0 openssl verify -CAfile "$TEST_ROOT" "$dir/got/qve_chain.pem"
afresh
fault "qve/identity 404 - -"
check "there is none" 0 user qve e037 "$dir/got"
afresh
fault "qve/identity instead sgx/qe_identity.http -"
check "another enclave's" 0 user qve e046 "$dir/got"
afresh
check "the root's list" 0 user root 0 "$dir/got"
check "is one" 0 openssl crl -inform DER -in "$dir/got/root_ca_crl.der" -noout \
	-CAfile "$TEST_ROOT"
afresh
fault "rootcacrl 404 - -"
check "there is none" 0 user root e01b "$dir/got"

# --- the platform's certificate ---
afresh
check "the PCK certificate" 0 user config 000102030405060708090a0b0c0d0e0f 0 "$dir/got"
says "at the TCB that it is for" "version 1 cpu_svn $svns pce_svn 11"
same "leaf, CA and root" 3 "$(grep -c BEGIN "$dir/got/pck.pem")"
check "which belong together" 0 openssl verify -CAfile "$TEST_ROOT" \
	-untrusted "$dir/pccs/platform/ca.pem" "$dir/got/pck.pem"
same "asked for as the caller says" 1 "$(requests \
	'&cpusvn=000102030405060708090A0B0C0D0E0F&pcesvn=0201&pceid=0403')"
config() {
	user config 000102030405060708090a0b0c0d0e0f "$1" "$dir/got"
}
for row in "404 e011" "461 e047" "462 e049" "503 e040" "500 e044"; do
	afresh
	fault "pckcert ${row% *} - -"
	check "status ${row% *}" 0 config "${row#* }"
done
afresh
echo 'COLLATERAL_SERVICE=https://127.0.0.1:1/sgx/certification/v4/' >>"$QCNL_CONF_PATH"
check "not of the service for verifiers" 0 config 0
check "which collateral comes from" 0 tdx e019
afresh
fault "pckcert instead untold.http -"
check "a TCB that is not told" 0 config e046
says "in words" "SGX-TCBm"
afresh
fault "pckcert instead bad.http -"
check "one that is none" 0 config e046
afresh
fault "pckcert instead sgx/pckcrl.http -"
check "no certificate" 0 config e046

# --- a good guest ---
afresh
check "many threads, no trace" 0 user guest ce11a0000000
same "one request for each document" 4 "$(requests GET)"
afresh
mkdir "$dir/open"
# A library does not let whoever uses it choose what is run.
printf '#!/bin/sh\necho run >"%s"\n' "$dir/run" >"$dir/open/cella-fetch"
chmod +x "$dir/open/cella-fetch"
cp "$build/quoteprov-user" "$dir/open/user"
check "a program's own folder" 0 env LD_LIBRARY_PATH="$dir/lib" PATH="$dir/open:$PATH" \
	"$dir/open/user" tdx ce11a0000000 platform 0 "$dir/got"
check "is not where cella-fetch is" 1 test -e "$dir/run"
finish
