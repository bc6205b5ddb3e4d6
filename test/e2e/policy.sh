#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # check() calls functions by name
# Policies on the command line, and their signatures in the eyes of openssl and jose.
# Usage: policy.sh CELLA CELLA_SIM DATA; prints TAP. Peers that are not installed are named.
set -u

cella=$1
sim=$2
data=$3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=test/e2e/checks.sh
. "$(dirname "$0")/checks.sh"

base64url() {
	tr -- '-_' '+/' | awk '{ while (length($0) % 4) $0 = $0 "="; print }' | base64 -d
}

policy=$data/tenant_td.json

# --- signing ---
check "sign with a new key" 0 "$cella" policy sign "$policy" --key "$dir/owner.pem" \
	--new-key --public-out "$dir/owner.pub" -o "$dir/policy.jwt"
check "the key is the owner's alone" 0 test "$(stat -c %a "$dir/owner.pem")" = 600
check "a key is not overwritten" 3 "$cella" policy sign "$policy" \
	--key "$dir/owner.pem" --new-key
check "the same key signs again" 0 "$cella" policy sign "$policy" --key "$dir/owner.pem"
chmod 644 "$dir/owner.pem"
check "a key that others may read is refused" 3 "$cella" policy sign "$policy" \
	--key "$dir/owner.pem"
says "and it is said why" "chmod 600"
chmod 600 "$dir/owner.pem"
check "a key is needed" 2 "$cella" policy sign "$policy"
echo '{}' >"$dir/broken.json"
check "what is no policy is not signed" 3 "$cella" policy sign "$dir/broken.json" \
	--key "$dir/owner.pem"
openssl ecparam -name prime256v1 -genkey -noout -out "$dir/small.pem" 2>/dev/null
chmod 600 "$dir/small.pem"
check "P-256 does not sign policies" 2 "$cella" policy sign "$policy" \
	--key "$dir/small.pem"
openssl ecparam -name secp384r1 -genkey -noout -out "$dir/other.pem" 2>/dev/null
chmod 600 "$dir/other.pem"
check "a key made by openssl signs" 0 "$cella" policy sign "$policy" \
	--key "$dir/other.pem" --public-out "$dir/other.pub" -o "$dir/other.jwt"

# --- verifying ---
check "self-signed is whole" 0 "$cella" policy verify "$dir/policy.jwt"
says "and nobody is pinned" "nobody is pinned"
check "a pinned owner" 0 "$cella" policy verify "$dir/policy.jwt" \
	--policy-owner "$dir/owner.pub"
check "another owner" 1 "$cella" policy verify "$dir/policy.jwt" \
	--policy-owner "$dir/other.pub"
check "one of two owners" 0 "$cella" policy verify "$dir/policy.jwt" \
	--policy-owner "$dir/other.pub" --policy-owner "$dir/owner.pub"
check "not signed" 1 "$cella" policy verify "$policy"
check "not a policy" 3 "$cella" policy verify "$dir/owner.pub"
check "no such file" 3 "$cella" policy verify "$dir/nothing"
awk -F. '{ c = substr($3, 1, 1) == "A" ? "B" : "A"
	printf "%s.%s.%s%s", $1, $2, c, substr($3, 2) }' \
	"$dir/policy.jwt" >"$dir/altered.jwt"
check "altered" 1 "$cella" policy verify "$dir/altered.jwt"
check "as JSON" 0 "$cella" policy verify "$dir/policy.jwt" --json
says "with its standing" '"standing": "self_signed"'

# --- lint and explain ---
check "lint" 0 "$cella" policy lint "$policy"
check "lint, strictly" 1 "$cella" policy lint "$policy" --strict
check "lint finds errors" 1 "$cella" policy lint "$data/everything.json"
check "lint of what is no policy" 3 "$cella" policy lint "$dir/broken.json"
check "explain" 0 "$cella" policy explain "$dir/policy.jwt"
says "in words" "the TD's attributes are 0000000010000000 (NO_DEBUG SEPT_VE_DISABLE)"
check "explain needs evidence for collateral" 2 "$cella" policy explain "$policy" \
	--collateral "$dir"

# --- openssl: the signature over header.payload, r || s turned into DER ---
cut -d. -f1,2 "$dir/policy.jwt" | tr -d '\n' >"$dir/signed"
cut -d. -f3 "$dir/policy.jwt" | base64url >"$dir/raw"
hex=$(od -An -v -tx1 "$dir/raw" | tr -d ' \n')
r=$(printf %s "$hex" | cut -c1-96)
s=$(printf %s "$hex" | cut -c97-192)
printf 'asn1=SEQUENCE:sig\n[sig]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' "$r" "$s" \
	>"$dir/sig.conf"
openssl asn1parse -genconf "$dir/sig.conf" -noout -out "$dir/sig.der"
check "openssl verifies the signature" 0 openssl dgst -sha384 -verify "$dir/owner.pub" \
	-signature "$dir/sig.der" "$dir/signed"
check "openssl refuses it for another key" 1 openssl dgst -sha384 \
	-verify "$dir/other.pub" -signature "$dir/sig.der" "$dir/signed"
cut -d. -f2 "$dir/policy.jwt" | base64url >"$dir/payload"
if command -v jq >/dev/null; then
	jq -j .policy_payload "$dir/payload" >"$dir/payload.json"
	check "the payload is the text, byte for byte" 0 cmp "$dir/payload.json" "$policy"
else
	echo "# jq is not installed: the payload is not compared"
fi

# --- jose ---
if command -v jose >/dev/null && command -v jq >/dev/null; then
	cut -d. -f1 "$dir/policy.jwt" | base64url | jq -j .jwk >"$dir/owner.jwk"
	check "jose verifies the signature" 0 jose jws ver -i "$dir/policy.jwt" \
		-k "$dir/owner.jwk"
	check "jose refuses the altered one" 1 jose jws ver -i "$dir/altered.jwt" \
		-k "$dir/owner.jwk"
	check "the key in the header is the owner's" 0 "$cella" policy verify \
		"$dir/policy.jwt" --policy-owner "$dir/owner.jwk"
else
	echo "# jose or jq is not installed: jose does not verify"
fi

# --- real evidence ---
if [ -n "${CELLA_VECTORS:-}" ]; then
	quote=$CELLA_VECTORS/tdx/tdx-v4-b0c06f.quote
	collateral=$CELLA_VECTORS/tdx/tdx-v4-b0c06f.collateral.json
	verify() {
		"$cella" verify "$quote" -c "$collateral" -t 2025-06-25 -q "$@"
	}
	check "new from a quote" 0 "$cella" policy new "$quote" --platform \
		-o "$dir/new.json"
	check "its lint is clean" 0 "$cella" policy lint "$dir/new.json" --strict \
		--evidence "$quote"
	check "the quote meets it" 0 verify --policy "$dir/new.json"
	says "and the policy is named" "not signed"
	check "the document's policy" 0 verify --policy "$dir/policy.jwt" \
		--policy-owner "$dir/owner.pub"
	says "its owner is pinned" "signed by a pinned owner"
	check "not by another owner" 1 verify --policy "$dir/policy.jwt" \
		--policy-owner "$dir/other.pub"
	says "which check failed" "policy.owner"
	check "owners without a policy" 2 verify --policy-owner "$dir/owner.pub"
	check "the result in Intel's shape" 0 verify --policy "$dir/policy.jwt" \
		--result-out -
	says "says 1" '"overall_appraisal_result":1'
	check "verdict and result" 0 verify --policy "$dir/policy.jwt" --json \
		--result-out "$dir/result.json"
	says "the verdict names the policy" '"standing": "self_signed"'
	check "result is written" 0 grep -q '"appraised_reports"' "$dir/result.json"
	check "expired" 1 "$cella" verify "$quote" -c "$collateral" -t 2027-01-01 -q \
		--policy "$dir/policy.jwt" --result-out "$dir/result.json"
	check "says 0 then" 0 grep -q '"overall_appraisal_result":0' "$dir/result.json"
	check "a debug TD" 1 "$cella" verify -q --policy "$policy" \
		"$CELLA_VECTORS/tdx/tdx-v4-debug-50806f.quote"
	check "new from a debug TD warns" 0 "$cella" policy new \
		"$CELLA_VECTORS/tdx/tdx-v4-debug-50806f.quote"
	says "of debugging" "warning: the TD can be debugged"
	check "new from a TD report" 0 "$cella" policy new --only tdx_mrtd \
		"$CELLA_VECTORS/tdx/tdreport-alibaba.bin"
	check "new with an unknown key" 2 "$cella" policy new --only tdx_mrdt "$quote"
	check "explain with evidence" 0 "$cella" policy explain "$policy" -e "$quote" \
		-c "$collateral" -t 2025-06-25
	says "sides differ" "differs from cella"
else
	echo "# CELLA_VECTORS is not set: no real evidence is verified"
fi

# --- the simulated platform: every kind of evidence from quote to result ---
platform=$dir/platform
"$sim" init "$platform" --quiet || exit 1
"$sim" collateral "$platform" -o "$dir/tdx-collateral.json" --quiet || exit 1
"$sim" collateral "$platform" --tee sgx -o "$dir/sgx-collateral.json" --quiet || exit 1
judge() {
	quote=$1
	tee=tdx
	[ "${quote#"$dir"/sgx}" = "$quote" ] || tee=sgx
	shift
	"$cella" verify "$quote" -c "$dir/$tee-collateral.json" \
		--trust-root "$platform/root.pem" --quiet "$@"
}
for kind in tdx-v4 tdx-v5 tdx-v5-td10 tdx-v5-td15ex sgx-v3 sgx-v5; do
	"$sim" quote "$platform" -k $kind -o "$dir/$kind.quote" --quiet || exit 1
	check "$kind: new" 0 "$cella" policy new "$dir/$kind.quote" --platform \
		-o "$dir/$kind.json"
	check "$kind: lint" 0 "$cella" policy lint "$dir/$kind.json" \
		--evidence "$dir/$kind.quote"
	check "$kind: sign" 0 "$cella" policy sign "$dir/$kind.json" --key "$dir/owner.pem" \
		-o "$dir/$kind.jwt"
	check "$kind: verify" 0 judge "$dir/$kind.quote" --policy "$dir/$kind.jwt" \
		--policy-owner "$dir/owner.pub"
	check "$kind: result" 0 judge "$dir/$kind.quote" --policy "$dir/$kind.jwt" \
		--result-out -
	says "$kind: says 1" '"overall_appraisal_result":1'
	"$sim" quote "$platform" -k $kind --debug -o "$dir/$kind-debug.quote" --quiet || exit 1
	check "$kind: debug" 1 judge "$dir/$kind-debug.quote" --policy "$dir/$kind.jwt"
done
hash48=$(printf 'ab%.0s' $(seq 48))
"$sim" quote "$platform" -k tdx-v5 --rtmr3 "$hash48" -o "$dir/other.quote" --quiet || exit 1
check "a result has standard output for itself" 1 "$cella" verify "$dir/other.quote" \
	--policy "$dir/tdx-v5.jwt" -c "$dir/tdx-collateral.json" \
	--trust-root "$platform/root.pem" --result-out -
cp "$dir/out" "$dir/result.json"
says "the verdict is told, too" REJECTED
check "the result is JSON and nothing else" 0 jq -es \
	'length == 1 and .[0][0].result.overall_appraisal_result == 0' "$dir/result.json"
check "a result and a token do not share it" 2 judge "$dir/tdx-v5.quote" --result-out - \
	--token-out - --token-key "$dir/owner.pem" --token-audience test
check "another workload" 1 judge "$dir/other.quote" --policy "$dir/tdx-v5.jwt"
says "by its register" "policy.tdx_rtmr3"
check "one of two policies" 0 judge "$dir/tdx-v5.quote" --policy "$dir/tdx-v4.json" \
	--policy "$dir/tdx-v5.json"
check "a policy for an enclave" 1 judge "$dir/tdx-v5.quote" --policy "$dir/sgx-v3.json"
says "of another class" "policy.class"

# A TD that may migrate is a matter of trust in whoever moves it.
"$sim" quote "$platform" -k tdx-v5 --attributes 0x30000000 --mr-servicetd "$hash48" \
	-o "$dir/migratable.quote" --quiet || exit 1
check "a migratable TD" 1 judge "$dir/migratable.quote"
says "is refused" "td.migratable"
check "new from it" 0 "$cella" policy new "$dir/migratable.quote" -o "$dir/migratable.json"
check "a policy names its service TD" 0 judge "$dir/migratable.quote" --strict \
	--policy "$dir/migratable.json"
check "new without it" 0 "$cella" policy new "$dir/migratable.quote" \
	--without tdx_mrservicetd -o "$dir/migratable.json"
check "a policy that does not" 1 judge "$dir/migratable.quote" \
	--policy "$dir/migratable.json"

finish
