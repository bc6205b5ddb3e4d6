#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2317 # standin.sh sets; check() calls
# What the doctor says of a PCCS that is kept, one that is not, and ones that misbehave.
# Usage: doctor_pccs.sh CELLA STANDIN; prints TAP.
set -u

cella=$(realpath "$1")
standin=$(realpath "$2")
# shellcheck source=test/e2e/standin.sh
. "$(dirname "$0")/standin.sh"

{
	make_authority
	make_platform "$dir/pccs"
	make_platform "$dir/other"
	mkdir "$dir/pccs/other"
	cp "$dir/other/tdx/"*.http "$dir/pccs/other"
	# The same of 50 days ago, expired since, and of 28, which expires soon.
	"$cella" sim collateral "$dir/pccs/platform" --time "$(date -u -d '-50 days' +%F)" \
		--directory "$dir/pccs/expired"
	"$cella" sim collateral "$dir/pccs/platform" --time "$(date -u -d '-28 days' +%F)" \
		--directory "$dir/pccs/old"
	"$cella" sim collateral "$dir/pccs/platform" --time "$(date -u -d '+10 days' +%F)" \
		--directory "$dir/pccs/early"
} >"$dir/made" 2>&1 || { cat "$dir/made" && exit 1; }
serve "$dir/pccs" "$dir/tls.pem" "$dir/tls.key"
url=https://127.0.0.1:$(cat "$dir/pccs/port")/sgx/certification/v4/
mkdir -p "$dir/td/etc"

# configure LINE...: what a guest's file says.
configure() {
	printf '%s\n' "$@" >"$dir/td/etc/sgx_default_qcnl.conf"
}

# doctor OPTION...: of that guest, about collateral.
doctor() {
	"$cella" doctor --sysroot "$dir/td" --only collateral --json "$@"
}

# asks OPTION...: the same, with the authority and the root of the stand-in.
asks() {
	doctor --tls-ca "$dir/ca.pem" --trust-root "$dir/pccs/platform/root.pem" "$@"
}

# finds STATE TEXT: what the last command says of freshness.
finds() {
	number=$((number + 1))
	if jq -e --arg state "$1" --arg text "$2" '.checks[] | select(.id == "pccs.fresh") |
		.state == $state and (.found | contains($text))' "$dir/out" >/dev/null; then
		echo "ok $number -   $1: $2"
		return
	fi
	echo "not ok $number -   not $1: $2"
	jq -c '.checks[] | select(.id == "pccs.fresh")' "$dir/out" | sed 's/^/# /'
	bad=1
}

configure "PCCS_URL=$url"
reset
check "a PCCS that is kept" 3 asks
finds ok "expires first: 20"
same "three documents are asked for, once each" 3 "$(requests GET)"
same "  none of a platform's own" 0 "$(requests 'GET /tdx/certification/v4/tcb')"
# Builds with sanitizers have no sandbox around cella-fetch, and say so; and they say it
# when they are ended while they look for leaks.
same "  nothing is said" 0 "$(sed '/^cella-fetch: warning: /d; /^==[0-9]*==/d' "$dir/err" | wc -l)"
check "  and none is kept" 1 test -e "$dir/xdg/cella"
check "one that is named" 3 asks --pccs "$url"
finds ok "expires first: 20"

reset
fault "identity instead expired/qe_identity.http -"
check "one that is not kept" 1 asks
finds fail "days ago"
fault "identity instead old/qe_identity.http -"
check "one that will not do for long" 3 asks
finds warn "expires 20"
fault "identity instead early/qe_identity.http -"
check "one ahead of this clock" 1 asks
finds fail "is of the future"
reset

check "another root" 1 doctor --tls-ca "$dir/ca.pem"
finds fail "another root"
check "a certificate that nobody vouches for" 1 doctor \
	--trust-root "$dir/pccs/platform/root.pem"
finds fail "could not be fetched: "
says "  is named" "TLS certificate"
configure "PCCS_URL=$url" 'USE_SECURE_CERT=FALSE'
check "which the file allows on this machine" 3 doctor \
	--trust-root "$dir/pccs/platform/root.pem"
finds ok "expires first: 20"
configure "PCCS_URL=$url"

while IFS='|' read -r name line text; do
	reset
	fault "$line"
	check "$name" 1 asks
	finds fail "$text"
done <<'ROWS'
garbage|pckcrl garbage - -|neither JSON nor PEM
not found|identity 404 - -|status 404
broken|identity 500 - -|status 500
a redirect|pckcrl redirect https://evil.example/ -|not followed
a huge body|identity huge - -|more than 262144 bytes
half a body|identity truncate - -|ends before its end
a hang-up|pckcrl hang-up - -|hung up
no answer|pckcrl hang 60000 -|no answer in time
a slow drip|identity drip 500 -|no answer in time
another platform's|identity instead other/qe_identity.http -|another root
ROWS
reset

configure "{\"pccs_url\":\"$url\",\"local_cache_only\":true}"
check "one that is not to be asked" 3 asks
same "  is not" 0 "$(requests GET)"
finds not_applicable local_cache_only
configure "PCCS_URL=https://127.0.0.1:1/sgx/certification/v4/"
check "nobody listens" 1 asks
finds not_applicable "not asked"
check "an URL that is none" 2 doctor --pccs ftp://localhost/
check "a root that is not there" 3 doctor --pccs "$url" --trust-root /nowhere
says "  is named" "/nowhere"

# What fetches is another program; where it is not, that is said.
configure "PCCS_URL=$url"
mkdir "$dir/alone"
cp "$cella" "$dir/alone/cella"
if env PATH=/nowhere "$dir/alone/cella" collateral fetch --fmspc 000000000000 --url "$url" \
	--no-cache 2>&1 | grep -q 'no program cella-fetch'; then
	check "nothing to fetch with" 3 env PATH=/nowhere "$dir/alone/cella" doctor \
		--sysroot "$dir/td" --only collateral --json
	finds unknown "there is no program cella-fetch"
else
	skip "nothing to fetch with" "it is installed on this machine"
fi
finish
