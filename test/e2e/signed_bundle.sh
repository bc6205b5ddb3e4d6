#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2317 # variables of standin.sh; functions called by name
# Bundles of collateral that somebody vouches for. Usage: signed_bundle.sh CELLA; prints TAP.
set -u

cella=$(realpath "$1")
# shellcheck source=test/e2e/standin.sh
. "$(dirname "$0")/standin.sh"

{
	make_platform "$dir/p" --time 2026-01-01
	"$cella" sim collateral "$dir/p/platform" --time 2026-01-01 -o "$dir/new.json"
	"$cella" sim collateral "$dir/p/platform" --time 2025-12-01 -o "$dir/old.json"
	for curve in prime256v1 secp384r1; do
		openssl ecparam -name $curve -genkey -noout -out "$dir/$curve.pem"
		openssl ec -in "$dir/$curve.pem" -pubout -out "$dir/$curve.pub"
		chmod 600 "$dir/$curve.pem"
	done
} >"$dir/made" 2>&1 || { cat "$dir/made" && exit 1; }
root="--trust-root $dir/p/platform/root.pem"

sign() {
	# shellcheck disable=SC2086 # a list of words
	"$cella" collateral bundle "$1" --sign "$2" -o "$3" $root
}

import() {
	# shellcheck disable=SC2086 # a list of words
	"$cella" collateral import "$@" $root
}

for curve in prime256v1 secp384r1; do
	rm -rf "$dir/folder"
	check "$curve: signed" 0 sign "$dir/new.json" "$dir/$curve.pem" "$dir/new.jwt"
	check "$curve: imported" 0 import "$dir/new.jwt" "$dir/folder" \
		--owner "$dir/$curve.pub"
	says "$curve: by whom is said" "signed on "
	check "$curve: the quotes of the platform" 0 "$cella" quote --provider sim \
		--sim "$dir/p/platform" --nonce 0011223344556677 -o "$dir/quote"
	# shellcheck disable=SC2086 # a list of words
	check "$curve: are judged by it" 0 "$cella" verify "$dir/quote" -c "$dir/folder" \
		--time 2026-01-01 $root
done

check "one of several owners" 0 import "$dir/new.jwt" "$dir/folder" \
	--owner "$dir/prime256v1.pub" --owner "$dir/secp384r1.pub"
rm -rf "$dir/folder"
check "another owner" 1 import "$dir/new.jwt" "$dir/folder" --owner "$dir/prime256v1.pub"
says "is named" "is not signed by a pinned owner"
check "what nobody signed" 1 import "$dir/new.json" "$dir/folder" \
	--owner "$dir/prime256v1.pub"
check "some of it" 1 import "$dir/new.jwt" "$dir/new.json" "$dir/folder" \
	--owner "$dir/secp384r1.pub"
same "none of it is there" "" "$(ls "$dir/folder" 2>/dev/null)"
check "a signed one without an owner" 3 import "$dir/new.jwt" "$dir/folder"
says "needs one" "whose it is must be checked first"

# Every part of it is covered.
for part in 1 2 3; do
	awk -F . -v OFS=. -v part=$part '{
		at = int(length($part) / 2)
		c = substr($part, at, 1)
		$part = substr($part, 1, at - 1) (c == "A" ? "B" : "A") substr($part, at + 1)
		print
	}' "$dir/new.jwt" >"$dir/changed.jwt"
	import "$dir/changed.jwt" "$dir/folder" --owner "$dir/secp384r1.pub" \
		>/dev/null 2>&1
	code=$?
	same "a character changed in part $part" 1 "$((code == 1 || code == 3))"
done
same "still none of it is there" "" "$(ls "$dir/folder" 2>/dev/null)"

base64url() {
	base64 -w 0 | tr '+/' '-_' | tr -d =
}
printf '%s.%s.' "$(printf '{"alg":"none","typ":"cella-collateral+jwt"}' | base64url)" \
	"$(cut -d. -f2 <"$dir/new.jwt")" >"$dir/none.jwt"
check "alg none" 3 import "$dir/none.jwt" "$dir/folder" --owner "$dir/secp384r1.pub"

# Rolling back is refused, whoever signed.
check "the newer one is there" 0 import "$dir/new.jwt" "$dir/folder" \
	--owner "$dir/secp384r1.pub"
check "the older one is signed, too" 0 sign "$dir/old.json" "$dir/secp384r1.pem" \
	"$dir/old.jwt"
check "and not taken" 1 import "$dir/old.jwt" "$dir/folder" --owner "$dir/secp384r1.pub"
says "which is said" "older than the one that is there"
chmod 644 "$dir/secp384r1.pem"
check "a key that others may read" 3 sign "$dir/new.json" "$dir/secp384r1.pem" "$dir/x.jwt"
finish
