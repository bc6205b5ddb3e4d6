#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Result tokens as another implementation sees them: José (the command `jose`) verifies
# ours, and we verify what it signs.
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
tap_done
