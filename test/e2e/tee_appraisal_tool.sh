#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # check() calls functions by name
# tee_appraisal_tool: its commands by its own options, and its policies in the eyes of cella,
# openssl and jose.
# Usage: tee_appraisal_tool.sh TOOL CELLA CELLA_SIM DATA BUILD; prints TAP.
set -eu

tool=$(realpath "$1")
cella=$(realpath "$2")
sim=$(realpath "$3")
data=$4
build=$5
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
export SOURCE STAGE=- CC=-
# shellcheck source=test/tap.sh
. "$SOURCE/test/tap.sh"
cd "$scratch"

# runs CODE COMMAND...: its exit status; its output is in ./out and ./err.
runs() {
	expected=$1
	shift
	code=0
	"$@" >out 2>err </dev/null || code=$?
	[ "$code" = "$expected" ] || {
		echo "exit status $code, not $expected: $*"
		cut -c 1-200 out err
	} >>wrong
}

# fails TEXT ARGUMENT...: the tool exits with 255 and says so, and prints no success.
fails() {
	text=$1
	shift
	runs 255 "$tool" "$@"
	says "$text"
	! grep -qE 'correct|token' out || cat out >>wrong
}

# prints TEXT, says TEXT: on standard output, on standard error.
prints() {
	grep -qF -e "$1" out || {
		echo "nothing prints \"$1\":"
		cut -c 1-200 out
	} >>wrong
}
says() {
	grep -qF -e "$1" err || {
		echo "nothing says \"$1\":"
		cut -c 1-200 err
	} >>wrong
}

base64url() {
	tr -- '-_' '+/' | awk '{ while (length($0) % 4) $0 = $0 "="; print }' | base64 -d
}

have() {
	command -v "$1" >/dev/null
}

# --- the command line ----------------------------------------------------------------------

success="The policy format is correct and could be used for Appraisal."
runs 0 "$tool" -help
for word in gen_payload sign_policy verify_policy -in -out -key -v; do
	prints "$word"
done
result "help names every command and option"
runs 0 "$tool" -version
prints "$("$cella" --version | cut -d ' ' -f 2)"
result "the version is cella's"
fails "a command is missing"
fails "no command nothing" nothing
fails "no option --in" verify_policy --in x
fails "missing: -in" verify_policy
fails "missing: -out" gen_payload -in x
fails "missing: -key" sign_policy -in x -out y
fails "a file is missing after -in" verify_policy -in
fails "given twice: -in" verify_policy -in x -in y
result "a mistake on the command line is named"

# --- gen_payload ---------------------------------------------------------------------------

"$sim" init platform --quiet
"$sim" report platform -o td.report --quiet
runs 0 "$tool" gen_payload -in td.report -out td.json
cat out err >>wrong
result "a policy for a TD report"
"$cella" policy new td.report -o expected.json -q
cmp td.json expected.json >>wrong 2>&1 || :
result "it is that of cella policy new"
runs 0 "$tool" gen_payload -in td.report -out td.json -v
prints "$(cat td.json)"
result "-v prints it"
if have jq; then
	jq -e '.policy_array | length == 1 and
		.[0].environment.class_id == "45b734fc-aa4e-4c3d-ad28-e43d08880e68" and
		.[0].environment.description == "Application TD TCB 1.5" and
		.[0].reference.tdx_attributes == "0000000010000000" and
		.[0].reference.tdx_attributes_mask == "FFFFFFFFFFFFFFFF"' td.json >out ||
		cat td.json >>wrong
	jq -r '.policy_array[0].reference | keys[]' td.json | sed 's/_mask$//' | sort -u |
		grep -v mrservicetd | tr '\n' ' ' >keys
	[ "$(cat keys)" = "tdx_attributes tdx_mrconfigid tdx_mrowner tdx_mrownerconfig \
tdx_mrtd tdx_rtmr0 tdx_rtmr1 tdx_rtmr2 tdx_rtmr3 tdx_xfam " ] || cat keys >>wrong
	result "it is of the TD's class and names every measurement"
else
	skip "it is of the TD's class and names every measurement" "there is no jq"
fi
"$sim" report platform --debug -o debug.report --quiet
runs 0 "$tool" gen_payload -in debug.report -out debug.json
says "warning: the TD can be debugged"
result "a TD that can be debugged is warned of"
head -c 1000 td.report >short.report
fails "short.report" gen_payload -in short.report -out short.json
fails "nothing.report" gen_payload -in nothing.report -out short.json
fails "no/such" gen_payload -in td.report -out no/such/folder
[ ! -e short.json ] || echo "there is a policy" >>wrong
result "without a report nothing is written, no other report is taken"
if [ -n "${CELLA_VECTORS:-}" ]; then
	runs 0 "$tool" gen_payload -in "$CELLA_VECTORS/tdx/tdreport-alibaba.bin" -out real.json
	runs 0 "$cella" policy lint real.json --evidence "$CELLA_VECTORS/tdx/tdreport-alibaba.bin"
	result "a policy for a real TD report"
else
	skip "a policy for a real TD report" "CELLA_VECTORS names no evidence"
fi

# --- sign_policy ---------------------------------------------------------------------------

openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out owner.key
chmod 600 owner.key
openssl pkey -in owner.key -pubout -out owner.pub
policy=$data/tenant_td.json
runs 0 "$tool" sign_policy -in "$policy" -key owner.key -out policy.jwt
prints "The signed token:"
prints "$(cat policy.jwt)"
[ "$(wc -l <out)" = 2 ] || cat out >>wrong
[ "$(wc -l <policy.jwt)" = 0 ] || echo "a line feed after the token" >>wrong
result "a policy is signed and printed"
runs 0 "$tool" sign_policy -in "$policy" -key owner.key -out other.jwt -v
prints '"crv":"P-384"'
prints policy_payload
result "-v prints key and payload"
runs 0 "$cella" policy verify policy.jwt --policy-owner owner.pub
prints "signed by a pinned owner"
result "cella takes it for its owner's"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out other.key
openssl pkey -in other.key -pubout -out other.pub
runs 1 "$cella" policy verify policy.jwt --policy-owner other.pub
result "and for nobody else's"

runs 0 "$tool" sign_policy -in "$policy" -key owner.key -out - -v
cp out piped.jwt
runs 0 "$cella" policy verify piped.jwt --policy-owner owner.pub
result "where the token is written to standard output, it stands there alone"

# The form: three parts; the header has typ, alg and jwk, which is text; the payload has the
# policy's text, byte for byte.
cut -d . -f 1 policy.jwt | base64url >header
cut -d . -f 2 policy.jwt | base64url >payload
cut -d . -f 3 policy.jwt | base64url >signature
[ "$(tr -cd . <policy.jwt)" = .. ] || echo "not three parts" >>wrong
[ "$(wc -c <signature)" = 96 ] || echo "a signature of $(wc -c <signature) bytes" >>wrong
if have jq; then
	jq -e '(keys == ["alg", "jwk", "typ"]) and .alg == "ES384" and .typ == "JWT" and
		(.jwk | type == "string" and (fromjson |
			(keys == ["alg", "crv", "kty", "x", "y"]) and .alg == "ES384" and
			.crv == "P-384" and .kty == "EC" and
			([.x, .y] | map(test("^[A-Za-z0-9_-]{64}$")) | all)))' header >out ||
		cat header >>wrong
	jq -e 'keys == ["policy_payload"]' payload >out || cat payload >>wrong
	jq -j .policy_payload payload | cmp - "$policy" >>wrong 2>&1 || :
	result "the token has the documented form"
else
	skip "the token has the documented form" "there is no jq"
fi
cut -d . -f 1,2 policy.jwt | tr -d '\n' >signed
hex=$(od -An -v -tx1 signature | tr -d ' \n')
printf 'asn1=SEQUENCE:pair\n[pair]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' \
	"$(printf %s "$hex" | cut -c 1-96)" "$(printf %s "$hex" | cut -c 97-192)" >pair.conf
openssl asn1parse -genconf pair.conf -noout -out pair.der
runs 0 openssl dgst -sha384 -verify owner.pub -signature pair.der signed
result "openssl verifies it"
runs 1 openssl dgst -sha384 -verify other.pub -signature pair.der signed
result "but not with another key"
if have jose && have jq; then
	jq -j .jwk header >owner.jwk
	runs 0 jose jws ver -i policy.jwt -k owner.jwk
	result "jose verifies it with the key that it names"
else
	skip "jose verifies it" "there is no jose or no jq"
fi

openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out small.key
chmod 600 small.key
fails "384" sign_policy -in "$policy" -key small.key -out no.jwt
cp "$policy" broken.key
chmod 600 broken.key
cp owner.key read.key
chmod 644 read.key
fails "chmod 600" sign_policy -in "$policy" -key read.key -out no.jwt
fails "not an unencrypted PEM private key" sign_policy -in "$policy" -key broken.key -out no.jwt
echo '{}' >broken.json
fails "broken.json" sign_policy -in broken.json -key owner.key -out no.jwt
fails "no/such" sign_policy -in "$policy" -key owner.key -out no/such/folder
[ ! -e no.jwt ] || echo "there is a token" >>wrong
result "what cannot be signed is not, and it is said why"

# --- verify_policy -------------------------------------------------------------------------

runs 0 "$tool" verify_policy -in policy.jwt
[ "$(cat out)" = "$success" ] || cat out >>wrong
says "is that its owner's?"
result "a signed policy is correct, whoever signed it"
runs 0 "$tool" verify_policy -in policy.jwt -v
prints policy_payload
prints "$success"
echo >>policy.jwt
runs 0 "$tool" verify_policy -in policy.jwt -v
prints policy_payload
result "-v prints what is in it, with or without a line feed at its end"
awk -F . '{ printf "%s.%s.%s", $1, $2, (substr($3, 1, 1) == "A" ? "B" : "A") substr($3, 2) }' \
	policy.jwt >altered.jwt
fails "was altered" verify_policy -in altered.jwt
fails "not signed" verify_policy -in "$policy"
fails "broken.json" verify_policy -in broken.json
fails "nothing.jwt" verify_policy -in nothing.jwt
result "what is altered, unsigned or no policy is not"
"$cella" policy sign "$policy" --key owner.key -o ours.jwt
runs 0 "$tool" verify_policy -in ours.jwt
result "a policy that cella signed is correct"

# --- from a report to a verdict ------------------------------------------------------------

"$sim" quote platform -o quote.dat --quiet
"$sim" collateral platform -o collateral.json --quiet
runs 0 "$tool" sign_policy -in td.json -key owner.key -out td.jwt
runs 0 "$cella" verify quote.dat -c collateral.json --trust-root platform/root.pem -q \
	--policy td.jwt --policy-owner owner.pub
prints "mine     yes"
result "the TD that the report was of is accepted by the policy"
"$sim" quote platform --rtmr3 "$(printf 'ab%.0s' $(seq 48))" -o other.dat --quiet
runs 1 "$cella" verify other.dat -c collateral.json --trust-root platform/root.pem -q \
	--policy td.jwt --policy-owner owner.pub
prints "policy.tdx_rtmr3"
result "another TD is refused for the register that differs"

# --- the build -----------------------------------------------------------------------------

# Evidence is not this tool's to make.
nm --defined-only "$tool" 2>/dev/null | grep -E ' [tT] (sim_|collect)' >>wrong || :
nm --defined-only "$tool" 2>/dev/null | grep -q ' [tT] subject_read' ||
	echo "no symbols: this test could not fail" >>wrong
result "nothing of the simulated platform, nothing that collects evidence is in the tool"
enabled=$(meson introspect --buildoptions "$build" |
	jq -r '.[] | select(.name == "compat").value') || enabled=
meson introspect --installed "$build" >installed || :
if [ "$enabled" = disabled ]; then
	grep -q bin/cella installed || echo "nothing is installed" >>wrong
	! grep -E 'tee_appraisal_tool|alibaba' installed >>wrong || :
	result "who did not ask for other vendors' names does not get them"
else
	skip "who did not ask for other vendors' names does not get them" \
		"this build has the option compat, or there is no jq"
fi
tap_done
