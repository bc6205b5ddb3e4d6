#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154,SC2317 # inner shells; standin.sh sets; check() calls
# cella verify finds collateral by itself: in the cache, at the configured PCCS, at a URL.
# Usage: fetch_verify.sh CELLA STANDIN; prints TAP.
set -u

cella=$(realpath "$1")
standin=$(realpath "$2")
# shellcheck source=test/e2e/standin.sh
. "$(dirname "$0")/standin.sh"

{
	make_authority
	make_platform "$dir/pccs"
	"$cella" quote --provider sim --sim "$dir/pccs/platform" --nonce 0011223344556677 \
		-o "$dir/quote"
	"$cella" sim quote "$dir/pccs/platform" --debug -o "$dir/debug"
	"$cella" sim collateral "$dir/pccs/platform" --standing OutOfDate \
		--evaluation-number 21 --directory "$dir/pccs/tdx-early"
} >"$dir/made" 2>&1 || { cat "$dir/made" && exit 1; }
serve "$dir/pccs" "$dir/tls.pem" "$dir/tls.key"
url=https://127.0.0.1:$(cat "$dir/pccs/port")

verify() {
	"$cella" verify "$dir/quote" --trust-root "$dir/pccs/platform/root.pem" "$@"
}

# --- a simulated platform: only when told where ---
echo "PCCS_URL=$url/sgx/certification/v4/" >"$QCNL_CONF_PATH"
reset
check "nobody is asked for a simulated platform" 3 verify
same "not even the configured PCCS" 0 "$(requests GET)"
says "which is said" "platforms of other roots than Intel's need --collateral URL"
same "and no cache is made" "" "$(ls "$dir/xdg")"
check "a root that is not the quote's" 1 "$cella" verify "$dir/quote"
same "is no reason to ask, either" 0 "$(requests GET)"
check "a URL" 0 verify --collateral "$url" --tls-ca "$dir/ca.pem"
says "gives a yes" ACCEPTED
same "from four documents" 4 "$(requests GET)"
on_terminal() {
	script -qec "$cella verify $dir/quote --trust-root $dir/pccs/platform/root.pem \
		--collateral $url --tls-ca $dir/ca.pem --no-cache" /dev/null
}
if script -qec true /dev/null >/dev/null 2>&1; then
	check "on a terminal" 0 on_terminal
	says "there is progress" "fetching TCB information from 127.0.0.1"
else
	skip "progress on a terminal" "no terminal can be made here"
fi
: >"$dir/pccs/log"
check "which the cache has now" 0 verify
same "so that nobody is asked" 0 "$(requests GET)"
check "--no-cache does not look there" 3 verify --no-cache
check "--offline does" 0 verify --offline
check "the early evaluation" 1 verify --collateral "$url" --tls-ca "$dir/ca.pem" \
	--update early
says "may say otherwise" OutOfDate
check "both compared" 0 verify --collateral "$url" --tls-ca "$dir/ca.pem" \
	--collateral "$dir/pccs/tdx-early" --explain
check "what is judged as of later" 1 verify --time "$(date -u -d '+90 days' +%F)"
says "has expired" "expired on"
fault "tcb 500 - -"
check "a URL that fails" 3 verify --collateral "$url" --tls-ca "$dir/ca.pem" --no-cache \
	--timeout 2s
says "is an error" "status 500"
check "a file is not fetched from" 2 verify --collateral "$dir/pccs/tdx" --offline

reset
echo 'PCCS_URL=http://pccs.example/' >"$QCNL_CONF_PATH"
check "a broken configuration is no matter then" 0 verify --collateral "$url" \
	--tls-ca "$dir/ca.pem"
rm -f "$QCNL_CONF_PATH"

# --- what can be refused without collateral is refused ---
reset
check "a debug TD" 1 "$cella" verify "$dir/debug" --trust-root "$dir/pccs/platform/root.pem"
says "needs none" td.debug

# --- quotes that do not carry their PCK certificate ---
{
	for type in 1 2 3; do
		"$cella" sim quote "$dir/pccs/platform" --cert-data $type -o "$dir/bare.$type"
	done
	{
		printf 'HTTP/1.1 200 OK\r\nSGX-PCK-Certificate-Issuer-Chain: '
		cat "$dir/pccs/platform/ca.pem" "$dir/pccs/platform/root.pem" | jq -sRrj @uri
		printf '\r\n\r\n'
		cat "$dir/pccs/platform/pck.pem"
	} >"$dir/pccs/sgx/pckcert.http"
} >"$dir/made" 2>&1 || { cat "$dir/made" && exit 1; }

bare() {
	type=$1
	shift
	"$cella" verify "$dir/bare.$type" --trust-root "$dir/pccs/platform/root.pem" "$@"
}

reset
for type in 1 2 3; do
	check "a quote with certification data of type $type" 0 bare $type \
		--collateral "$url" --tls-ca "$dir/ca.pem"
	check "again, from the cache" 0 bare $type --offline
done
same "two questions: those without the encrypted PPID are the same" 2 "$(requests pckcert)"
same "one of them by the encrypted PPID" 1 "$(requests encrypted_ppid=)"
check "its collateral" 0 "$cella" collateral fetch "$dir/bare.3" --url "$url" \
	--tls-ca "$dir/ca.pem" --trust-root "$dir/pccs/platform/root.pem"
says "has the certificate in it" "pck_certificate_chain Intel SGX PCK Platform CA"
check "its forecast" 0 "$cella" collateral forecast "$dir/bare.3" --url "$url" \
	--tls-ca "$dir/ca.pem" --trust-root "$dir/pccs/platform/root.pem" \
	--accept OutOfDate
reset
fault "pckcert 462 - -"
check "a PCCS that does not have it" 3 bare 3 --collateral "$url" --tls-ca "$dir/ca.pem"
says "is told" "has no certificates for this platform"
fault "pckcert instead sgx/pckcrl.http -"
check "something else in its place" 3 bare 3 --collateral "$url" --tls-ca "$dir/ca.pem"
says "is told, too" "asked for the PCK certificate"
fault "pckcert no-headers - -"
check "without its issuers" 3 bare 3 --collateral "$url" --tls-ca "$dir/ca.pem"

# --- a certificate that is not the quote's is the server's mistake, or the quote lies ---
# other TYPE: a quote of the same name, whose QE report another key than the PCK has signed.
other() {
	{
		head -c 1194 "$dir/bare.$1" # in the middle of that signature
		printf 'another'
		tail -c +1202 "$dir/bare.$1"
	} >"$dir/other"
	"$cella" verify "$dir/other" --collateral "$url" --tls-ca "$dir/ca.pem" \
		--trust-root "$dir/pccs/platform/root.pem"
}
reset
check "another one's certificate is no reason for a no" 3 other 3
says "but for an unknown that says why" "its key did not sign this quote's QE report"
same "two requests: it may have changed meanwhile" 2 "$(requests pckcert)"
check "it is not kept" 0 bare 3 --collateral "$url" --tls-ca "$dir/ca.pem"
same "but asked for again" 3 "$(requests pckcert)"
check "what was kept for the name is asked for anew" 3 other 3
same "once" 4 "$(requests pckcert)"
check "just the named certificate is a reason" 1 other 1
says "since this one's key did not sign" "not a signature by the PCK's key"

# --- the service's subscription key: for this certificate alone, from a file alone ---
key=0123456789abcdef0123456789ABCDEF
echo "$key" >"$dir/pcs.key"
chmod 600 "$dir/pcs.key"
keyed() {
	bare 3 --collateral "$url" --tls-ca "$dir/ca.pem" --pcs-key "$dir/pcs.key" "$@"
}
reset
fault "pckcert 401 - -"
check "a service that wants a key" 3 bare 3 --collateral "$url" --tls-ca "$dir/ca.pem"
says "says how to give one" "--pcs-key FILE"
reset
check "with a key" 0 keyed
same "it goes with the certificate" 1 "$(requests "key=$key")"
same "the certificate alone" 0 "$(requests "tcb?fmspc=CE11A0000000 key=")"
same "and is nowhere in the cache" "" "$(grep -rl "$key" "$dir/xdg")"
fault "pckcert 401 - -"
check "a wrong one" 3 keyed --no-cache
same "is not repeated in words" 0 "$(cat "$dir/out" "$dir/err" | grep -c "$key")"
reset
check "nor where nobody checks who listens" 2 keyed --insecure-tls
says "which is said" "certificate is not checked"
check "nor over plain http" 2 "$cella" verify "$dir/bare.3" --collateral http://127.0.0.1:1 \
	--trust-root "$dir/pccs/platform/root.pem" --pcs-key "$dir/pcs.key"
same "nobody has seen it" 0 "$(requests key=)"
chmod 644 "$dir/pcs.key"
check "a file that others may read" 3 keyed
says "is refused" "a subscription key that others may use (mode 0644)"
chmod 600 "$dir/pcs.key"
printf 'two words\n' >"$dir/pcs.key"
check "something else than a key" 3 keyed
says "is refused, too" "expected a subscription key alone"
printf 'two\r\nHost: evil' >"$dir/pcs.key"
check "a key that would be two headers" 3 keyed
: >"$dir/pcs.key"
check "an empty file" 3 keyed
echo "$key" >"$dir/pcs.key"

# What cella-fetch is started with, and what it is asked.
mkdir "$dir/alone"
cp "$cella" "$dir/alone/cella"
cat >"$dir/alone/cella-fetch" <<-'HELPER'
	#!/bin/sh
	{ printf '%s\n' "$@" && env; } >"$0.started"
	read -r line && echo "$line" >"$0.asked"
HELPER
chmod +x "$dir/alone/cella-fetch"
check "a helper that only listens" 3 "$dir/alone/cella" verify "$dir/bare.3" \
	--collateral "$url" --trust-root "$dir/pccs/platform/root.pem" \
	--pcs-key "$dir/pcs.key"
same "hears the key" 1 "$(grep -c " $key\$" "$dir/alone/cella-fetch.asked")"
same "and has it neither as an argument nor in its environment" 0 \
	"$(grep -c "$key" "$dir/alone/cella-fetch.started")"

# --- policies from the network judge only if their owner is pinned here ---
{
	"$cella" policy new "$dir/quote" -o "$dir/good.json"
	"$cella" sim quote "$dir/pccs/platform" --mr-td "$(printf '%096d' 7)" -o "$dir/another"
	"$cella" policy new "$dir/another" -o "$dir/bad.json"
	"$cella" policy sign "$dir/good.json" --key "$dir/owner.pem" --new-key \
		--public-out "$dir/owner.pub" -o "$dir/good.jwt"
	"$cella" policy sign "$dir/bad.json" --key "$dir/owner.pem" -o "$dir/bad.jwt"
	"$cella" policy sign "$dir/good.json" --key "$dir/stranger.pem" --new-key \
		--public-out "$dir/stranger.pub" -o "$dir/strange.jwt"
} >"$dir/made" 2>&1 || { cat "$dir/made" && exit 1; }

# --- a policy is explained with collateral from the same places ---
explain() {
	"$cella" policy explain "$dir/good.json" --evidence "$dir/quote" \
		--trust-root "$dir/pccs/platform/root.pem" "$@"
}
reset
check "a policy, with a URL" 0 explain --collateral "$url" --tls-ca "$dir/ca.pem"
same "whose documents are fetched" 4 "$(requests GET)"
cp "$dir/out" "$dir/by-url"
check "with what was kept" 0 explain
same "is the same" "$(cksum <"$dir/by-url")" "$(cksum <"$dir/out")"
"$cella" collateral fetch "$dir/quote" --offline --trust-root "$dir/pccs/platform/root.pem" \
	-o "$dir/fetched.json"
check "with a file" 0 explain --collateral "$dir/fetched.json"
same "is the same, too" "$(cksum <"$dir/by-url")" "$(cksum <"$dir/out")"
check "with nothing that was kept" 0 explain --no-cache
says "is told" "no collateral was fetched"
check "a file is not fetched from" 2 explain --collateral "$dir/fetched.json" --offline
check "nothing is fetched without evidence" 2 "$cella" policy explain "$dir/good.json" --offline

# offer FILE...: what the service has for the platform.
offer() {
	{
		printf 'HTTP/1.1 200 OK\r\n\r\n'
		cat "$1"
		shift
		for policy; do
			printf ','
			cat "$policy"
		done
	} >"$dir/pccs/sgx/policies.http"
}

by_policy() {
	verify --collateral "$url" --tls-ca "$dir/ca.pem" --policy "$url" "$@"
}

reset
offer "$dir/good.jwt"
check "a policy of a pinned owner" 0 by_policy --policy-owner "$dir/owner.pub"
says "judges" "from the network"
same "asked for this platform" 1 "$(requests 'appraisalpolicy?fmspc=CE11A0000000')"
check "of nobody who is pinned" 3 by_policy
says "does not" "a policy from the network judges only then"
check "of a stranger" 3 by_policy --policy-owner "$dir/stranger.pub"
offer "$dir/bad.jwt"
check "one that asks for something else" 1 by_policy --policy-owner "$dir/owner.pub"
offer "$dir/good.jwt" "$dir/strange.jwt"
check "one of a stranger among them" 3 by_policy --policy-owner "$dir/owner.pub"
check "both owners pinned" 0 by_policy --policy-owner "$dir/owner.pub" \
	--policy-owner "$dir/stranger.pub"
check "an alternative to a local one" 0 by_policy --policy "$dir/bad.jwt" --policy-owner "$dir/owner.pub" \
	--policy-owner "$dir/stranger.pub"
offer "$dir/good.json"
check "a policy that nobody signed" 3 by_policy --policy-owner "$dir/owner.pub"
printf 'HTTP/1.1 200 OK\r\n\r\n' >"$dir/pccs/sgx/policies.http"
check "a service without policies" 3 by_policy --policy-owner "$dir/owner.pub"
says "is told" "the service has no policy"
rm -f "$dir/pccs/sgx/policies.http"
check "a service that knows none" 3 by_policy --policy-owner "$dir/owner.pub"
check "none is kept" 3 by_policy --policy-owner "$dir/owner.pub" --offline
check "other commands take files only" 3 "$cella" policy lint "$url"

# --- real ones: the configured PCCS serves their real collateral ---
if [ -z "${CELLA_VECTORS:-}" ]; then
	skip "a real quote and a configured PCCS" "CELLA_VECTORS is not set"
	finish
fi
quote=$CELLA_VECTORS/tdx/tdx-v4-b0c06f.quote
bundle=$CELLA_VECTORS/tdx/tdx-v4-b0c06f.collateral.json

make_real "$dir/real" "$bundle"
serve "$dir/real" "$dir/tls.pem" "$dir/tls.key"
real=https://127.0.0.1:$(cat "$dir/real/port")

judge() {
	"$cella" verify "$quote" --time 2025-06-25 "$@"
}

asked() {
	grep -c GET "$dir/real/log" 2>/dev/null || :
}

reset
check "without a configuration: cannot say" 3 judge
says "and how to change that" "set PCCS_URL in /etc/sgx_default_qcnl.conf"
echo "PCCS_URL=$real/sgx/certification/v4/" >"$QCNL_CONF_PATH"
check "the PCCS's certificate is checked" 3 judge
says "which is said" "with --tls-ca"
check "a configured PCCS is asked" 0 judge --tls-ca "$dir/ca.pem"
says "and the quote accepted" ACCEPTED
same "four documents" 4 "$(asked)"
check "what has expired by now" 0 judge --tls-ca "$dir/ca.pem"
same "is asked for again" 8 "$(asked)"
check "and kept" 0 judge --offline
says "although it has expired by now" "cache: TCB information expired on"
same "nobody is asked" 8 "$(asked)"
printf '{ "pccs_url": "%s/sgx/certification/v4/", // here\n "use_secure_cert": false }\n' "$real" \
	>"$QCNL_CONF_PATH"
check "use_secure_cert of a PCCS on this machine" 0 judge --no-cache
echo "PCCS_URL=$real/sgx/certification/v3000/" >"$QCNL_CONF_PATH"
check "a PCCS that has nothing" 3 judge --tls-ca "$dir/ca.pem" --no-cache
says "is told" "no collateral was fetched"
says "with the reason" "status 404"
echo 'nonsense' >"$QCNL_CONF_PATH"
check "a file that says nothing" 3 judge --no-cache
rm -f "$QCNL_CONF_PATH"
finish
