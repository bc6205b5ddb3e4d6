#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The simulated platform through the command line: from init to a verdict, its PKI as
# OpenSSL's own tools see it, and that nothing of the simulator is in cella.
#
# Usage: sim.sh CELLA CELLA_SIM [LIBRARY...]
# shellcheck disable=SC2046,SC2086 # lists of words
set -eu

# Absolute paths: the work is done elsewhere.
cella=$(realpath "$1")
sim=$(realpath "$2")
shift 2
libraries=$(for library in "$@"; do realpath "$library"; done)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
failures=0

# expect CODE COMMAND... runs a command and compares its exit code.
expect() {
	wanted=$1
	shift
	code=0
	"$@" >out.txt 2>err.txt || code=$?
	if [ "$code" -ne "$wanted" ]; then
		echo "FAIL: exit $code, not $wanted: $*"
		cat out.txt err.txt
		failures=$((failures + 1))
	fi
}

# says TEXT looks for a text in what the last command said.
says() {
	if ! grep -qF -e "$1" out.txt err.txt; then
		echo "FAIL: nobody says \"$1\""
		cat out.txt err.txt
		failures=$((failures + 1))
	fi
}

time=2026-01-01
root='--trust-root platform/root.pem'

expect 0 "$cella" sim init platform --time $time --name test
expect 2 "$cella" sim init platform --time $time
says 'a platform is there already'
expect 0 "$cella" sim collateral platform --time $time -o tdx.json
expect 0 "$cella" sim collateral platform --time $time --tee sgx -o sgx.json
expect 0 "$cella" sim collateral platform --time $time --directory responses

# What is no evidence is told by what it is; what was mistyped, before anybody is asked.
expect 0 "$cella" quote --provider sim --sim platform --nonce 0011223344556677 -o q
: >nothing
xxd -p q >q.hex
openssl base64 -in q -out q.base64
printf '.eif\000\004' >image.eif
expect 3 "$cella" verify nothing
says 'nothing: is empty'
expect 3 "$cella" verify q.hex
says 'q.hex: is hexadecimal text'
expect 3 "$cella" verify q.base64
says 'q.base64: is base64 text'
expect 3 "$cella" verify platform/root.pem
says 'is no evidence, but keys or certificates'
expect 3 "$cella" verify tdx.json -c q
says 'tdx.json: is no evidence, but JSON: evm: '
expect 3 "$cella" verify image.eif
says 'is no evidence, but an enclave image'
truncate -s 2M image.eif
expect 3 "$cella" verify image.eif
says 'is no evidence, but an enclave image'
expect 3 "$cella" inspect q.hex
says 'q.hex: is hexadecimal text'
expect 3 "$cella" report --parse tdx.json
says 'tdx.json: is no evidence, but JSON'
expect 3 "$cella" policy new q.hex
says 'q.hex: is hexadecimal text'
expect 2 "$cella" verify q --nonce zz
grep -q fetch err.txt && { echo "FAIL: asked before all was read"; failures=$((failures + 1)); }
expect 3 "$cella" verify q --trust-root tdx.json -c tdx.json
says 'tdx.json: trust root: '
if script -qec true /dev/null >/dev/null 2>&1; then
	expect 2 script -qec "'$sim' quote platform" terminal.txt
	says 'standard output is a terminal'
fi

# A TDX quote, and every reason to refuse it that needs no forgery.
expect 0 "$cella" quote --provider sim --sim platform --nonce 0011223344556677 -o q
expect 0 "$cella" verify q -c tdx.json $root -t $time --nonce 0011223344556677
says ACCEPTED
says private:
expect 0 "$cella" verify q -c responses $root -t $time
expect 1 "$cella" verify q -c tdx.json $root -t $time --nonce 0011223344556678
expect 1 "$cella" verify q -c tdx.json -t $time
says 'private:'

# What is asked for must not be lost with a variable that is not set.
for option in nonce report-data; do
	expect 2 "$cella" verify q -c tdx.json $root -t $time --$option ''
	says "--$option is empty"
	expect 2 "$cella" quote --provider sim --sim platform --$option ' ' -o empty
	says "--$option is empty"
done
expect 2 "$cella" token verify q --key platform/root.pem --audience a --nonce ''
says '--nonce is empty'
for list in ',' 'OutOfDate,' ',OutOfDate' 'OutOfDate,,SWHardeningNeeded' 'OutOfDate,Revoked'; do
	expect 2 "$cella" verify q -c tdx.json $root -t $time --accept "$list"
	says 'is not a status that can be accepted'
done
expect 0 "$cella" verify q -c tdx.json $root -t $time --accept OutOfDate,SWHardeningNeeded
expect 3 "$cella" verify q $root -t $time
expect 1 "$cella" verify q -c tdx.json $root -t 2026-03-01
says 'expired on'
expect 1 "$cella" verify q -c sgx.json $root -t $time

expect 0 "$cella" sim quote platform --debug -o debug
expect 1 "$cella" verify debug $root -t $time
says td.debug
expect 0 "$cella" sim quote platform -k sgx-v3 -d 0102 -o enclave
expect 0 "$cella" verify enclave -c sgx.json $root -t $time -d 0102
expect 0 "$cella" sim quote platform -k tdx-v5 --relaunch -o relaunch
expect 1 "$cella" verify relaunch -c tdx.json $root -t $time
says TDRelaunchAdvised
expect 0 "$cella" verify relaunch -c tdx.json $root -t $time --accept TDRelaunchAdvised

# Hexadecimal digits in several arguments, as the document's pipelines make them.
expect 0 "$cella" quote --provider sim --sim platform -o q -d $(printf 'hello, world' | od -An -tx1)
expect 0 "$cella" verify q -c tdx.json $root -t $time -d 68656c6c6f2c20776f726c64

# Reports.
expect 0 "$cella" sim report platform -o report --mr-config-id "$(printf '%096d' 42)"
expect 0 "$cella" report --parse report
says 'TD info'
says 'attributes: 0x0000000010000000 (NO_DEBUG SEPT_VE_DISABLE)'
says "mr_config_id: $(printf '%096d' 42)"
expect 0 "$cella" report --parse report --json
says '"debug": false'
says '"SEPT_VE_DISABLE"'
expect 0 "$cella" sim report platform --debug -o report
expect 0 "$cella" report --parse report
says '(DEBUG SEPT_VE_DISABLE)'
expect 0 "$cella" sim quote platform --report report -o q
expect 1 "$cella" verify q -c tdx.json $root -t $time
{ head -c 700 report; printf '\001'; tail -c 323 report; } >broken
expect 3 "$cella" report --parse broken
says tee_info_hash

# What a user can get wrong.
expect 2 "$cella" quote --sim platform -o q
says 'taken only where it is named'
expect 2 "$cella" quote --provider sim -o q
expect 3 "$cella" quote --provider sim --sim nowhere -o q
says 'nowhere/platform.json'
expect 2 "$cella" sim quote platform -k tdx-v6
expect 2 "$cella" sim quote platform --mrenclave 00
expect 2 "$cella" sim quote platform --rtmr0 00
expect 2 "$cella" sim collateral platform --standing Splendid

# The PKI as OpenSSL sees it.
expect 0 openssl verify -attime 1767225600 -x509_strict -CAfile platform/root.pem \
	-untrusted platform/ca.pem platform/pck.pem
expect 0 openssl verify -attime 1767225600 -x509_strict -CAfile platform/root.pem \
	platform/signing.pem
expect 0 openssl crl -in platform/root.crl -CAfile platform/root.pem -noout
says 'verify OK'
cat platform/ca.pem platform/root.pem >cas.pem
expect 0 openssl crl -in platform/pck.crl -CAfile cas.pem -noout
says 'verify OK'
cat platform/root.crl platform/pck.crl >lists.pem
expect 0 openssl verify -attime 1767225600 -crl_check_all -CAfile platform/root.pem \
	-CRLfile lists.pem -untrusted platform/ca.pem platform/pck.pem
expect 0 openssl crl -in platform/pck.crl -noout -text
says 'X509v3 CRL Number'
says 'X509v3 Authority Key Identifier'

# The simulator is in cella-sim and nowhere else.
nm "$sim" >symbols.txt
grep -q ' [Tt] sim_quote_sign$' symbols.txt ||
	{ echo "FAIL: cannot see the simulator's symbols"; failures=$((failures + 1)); }
for file in "$cella" $libraries; do
	nm "$file" >symbols.txt
	if ! grep -q cella_verify symbols.txt; then
		echo "FAIL: cannot see the symbols of $file"
		failures=$((failures + 1))
	fi
	if grep ' sim_' symbols.txt; then
		echo "FAIL: the simulator is in $file"
		failures=$((failures + 1))
	fi
done

[ "$failures" -eq 0 ] && echo ok
exit "$failures"
