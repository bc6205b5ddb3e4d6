#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Result tokens and signed policies as other implementations see them: José (the command
# `jose`) and OpenSSL verify ours, and we verify what José signs.
set -eu
# shellcheck source=test/tap.sh
. "$SOURCE/test/tap.sh"

PATH=$STAGE/bin:$PATH
LD_LIBRARY_PATH=$STAGE/lib
export PATH LD_LIBRARY_PATH
if ! command -v jose >/dev/null; then
	echo "1..0 # SKIP there is no command jose"
	exit 0
fi
cd "$scratch"

base64url() {
	base64 -w 0 | tr '+/' '-_' | tr -d '='
}

# new_key NAME CURVE CRV ALG: a private key, and its public part as PEM and as JWK.
new_key() {
	openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$2" -out "$1.pem"
	chmod 600 "$1.pem"
	openssl pkey -in "$1.pem" -pubout -out "$1.pub.pem"
	len=$((${3#P-} / 8))
	openssl pkey -in "$1.pem" -pubout -outform DER | tail -c $((2 * len)) >point
	printf '{"kty":"EC","crv":"%s","alg":"%s","x":"%s","y":"%s"}\n' "$3" "$4" \
		"$(head -c $len point | base64url)" "$(tail -c $len point | base64url)" \
		>"$1.jwk"
}

# issue KEY FILE: a token for a verdict on a simulated quote.
issue() {
	cella verify q -c c.json --trust-root platform/root.pem -q --token-out "$2" \
		--token-key "$1" --token-audience me >verdict
}

# ours TOKEN KEY EXPECTED-CODE: our verdict on a token.
ours() {
	code=0
	cella token verify "$1" --key "$2" --audience me --root "$root" \
		--allow-unasked mine --allow-unasked fresh -q || code=$?
	[ "$code" = "$3" ]
}

# theirs TOKEN KEY: their verdict; they want no line feed.
theirs() {
	tr -d '\n' <"$1" | jose jws ver -i - -k "$2" -O claims.json
}

# openssls TOKEN KEY: OpenSSL's verdict. Its signatures are DER, those of tokens r || s.
openssls() {
	cut -d . -f 1,2 "$1" | tr -d '\n' >signed
	hex=$(cut -d . -f 3 "$1" | jose b64 dec -i - -O - | od -An -v -tx1 | tr -d ' \n')
	half=$((${#hex} / 2))
	printf 'asn1=SEQUENCE:pair\n[pair]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' \
		"$(printf %s "$hex" | head -c $half)" "$(printf %s "$hex" | tail -c $half)" \
		>signature.conf
	openssl asn1parse -genconf signature.conf -noout -out signature
	openssl dgst "-sha$((half == 64 ? 256 : 384))" -verify "$2" -signature signature signed
}

# refused COMMAND...: it must fail.
refused() {
	! "$@"
}

# sign HEADER KEY FILE: jose signs the claims of our own token.
sign() {
	jose jws sig -I claims -k "$2" -s "{\"protected\":$1}" -c -o "$3"
}

cella sim init platform -q
cella sim quote platform -o q
cella sim collateral platform -o c.json
root=$(cella verify q -c c.json --trust-root platform/root.pem --json -q | jq -r .cella_root)
new_key es256 P-256 P-256 ES256
new_key es384 P-384 P-384 ES384
new_key other P-256 P-256 ES256

for alg in es256 es384; do
	issue $alg.pem $alg.token
	check "jose verifies a token of ours: $alg" theirs $alg.token $alg.jwk
	check "jose finds our claims in it: $alg" jq -e '.aud == "me"' claims.json
	check "we do: $alg, key as PEM" ours $alg.token $alg.pub.pem 0
	check "we do: $alg, key as JWK" ours $alg.token $alg.jwk 0
	check "jose refuses it with another key: $alg" refused theirs $alg.token other.jwk
	check "openssl verifies it: $alg" openssls $alg.token $alg.pub.pem
	check "openssl refuses it with another key: $alg" \
		refused openssls $alg.token other.pub.pem
	check "so do we: $alg" ours $alg.token other.jwk 1
done

# Keys and tokens that jose makes, of our claims.
cut -d . -f 2 es256.token | jose b64 dec -i - -O claims
type='"typ":"cella-result+jwt"'
for alg in ES256 ES384; do
	jose jwk gen -i "{\"alg\":\"$alg\"}" -o jose.jwk
	jose jwk pub -i jose.jwk -o jose.pub.jwk
	sign "{\"alg\":\"$alg\",$type}" jose.jwk jose.token
	check "we verify a token of jose's: $alg" ours jose.token jose.pub.jwk 0
	check "but not with another key: $alg" ours jose.token es256.jwk 1
	check "we do not pin a private key: $alg" ours jose.token jose.jwk 3
	sign "{\"alg\":\"$alg\",\"typ\":\"JWT\"}" jose.jwk jose.token
	check "nor take it for a result without its type: $alg" \
		ours jose.token jose.pub.jwk 1
done

# The public key as the secret of an HMAC, for verifiers that believe headers.
printf '{"kty":"oct","alg":"HS256","k":"%s"}' "$(base64url <es256.pub.pem)" >oct.jwk
sign "{\"alg\":\"HS256\",$type}" oct.jwk hs256.token
check "jose itself takes it, so it is well made" theirs hs256.token oct.jwk
check "HS256 keyed with the public key is no token" ours hs256.token es256.pub.pem 3
for alg in RS256 PS256; do
	jose jwk gen -i "{\"alg\":\"$alg\"}" -o rsa.jwk
	sign "{\"alg\":\"$alg\",$type}" rsa.jwk rsa.token
	check "$alg is no token" ours rsa.token es256.pub.pem 3
done

# --- policies ------------------------------------------------------------------------------

# policy TOKEN KEY EXPECTED-CODE: our verdict on a policy and its owner.
policy() {
	code=0
	cella policy verify "$1" --policy-owner "$2" || code=$?
	[ "$code" = "$3" ]
}

# judges TOKEN KEY EXPECTED-CODE: our verdict on the quote by a policy.
judges() {
	code=0
	cella verify q -c c.json --trust-root platform/root.pem -q --policy "$1" \
		--policy-owner "$2" || code=$?
	[ "$code" = "$3" ]
}

# endorse ALG KEY PUBLIC FILE: jose signs the policy. The key in the header is text.
endorse() {
	jq -n --arg alg "$1" --slurpfile key "$3" '{protected: {alg: $alg, typ: "JWT",
		jwk: ($key[0] | {alg: $alg, kty, crv, x, y} | tojson)}}' >template
	jose jws sig -I policy.claims -k "$2" -s "$(cat template)" -c -o "$4"
}

cella policy new q --platform -o policy.json
cella policy sign policy.json --key es384.pem -o policy.jwt
check "jose verifies a policy of ours" theirs policy.jwt es384.jwk
check "jose finds our text in it" sh -c \
	'jq -j .policy_payload claims.json | cmp - policy.json'
cut -d . -f 1 policy.jwt | jose b64 dec -i - -O - | jq -j .jwk >header.jwk
check "jose verifies it with the key in its header" theirs policy.jwt header.jwk
new_key stranger P-384 P-384 ES384
check "jose refuses it with another key" refused theirs policy.jwt stranger.jwk
check "openssl verifies it" openssls policy.jwt es384.pub.pem
check "openssl refuses it with another key" refused openssls policy.jwt stranger.pub.pem
check "we verify it" policy policy.jwt es384.jwk 0

jq -n --rawfile text policy.json '{policy_payload: $text}' >policy.claims
jose jwk gen -i '{"alg":"ES384"}' -o jose.jwk
jose jwk pub -i jose.jwk -o jose.pub.jwk
endorse ES384 jose.jwk jose.pub.jwk jose.jwt
check "jose verifies the policy that it signed, so it is well made" \
	theirs jose.jwt jose.pub.jwk
check "we verify a policy of jose's" policy jose.jwt jose.pub.jwk 0
check "and judge by it" judges jose.jwt jose.pub.jwk 0
check "but it is not another owner's" policy jose.jwt es384.jwk 1
check "who refuses the quote for it" judges jose.jwt es384.jwk 1
endorse ES384 jose.jwk es384.jwk claimed.jwt
check "another owner's key in the header makes no signature of his" \
	policy claimed.jwt es384.jwk 1
awk -F . '{ printf "%s.%s.%s", $1, $2, (substr($3, 1, 1) == "A" ? "B" : "A") substr($3, 2) }' \
	jose.jwt >altered.jwt
check "jose refuses it with another signature" refused theirs altered.jwt jose.pub.jwk
check "so do we" policy altered.jwt jose.pub.jwk 1
jose jwk gen -i '{"alg":"ES256"}' -o small.jwk
jose jwk pub -i small.jwk -o small.pub.jwk
endorse ES256 small.jwk small.pub.jwk small.jwt
check "jose verifies a policy signed with ES256" theirs small.jwt small.pub.jwk
check "which is no policy, whoever is pinned" policy small.jwt jose.pub.jwk 3
tap_done
