#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154,SC2317 # jq's variables; standin.sh sets; check() calls
# The same quotes under each of the vendor's evaluations.
# Usage: forecast.sh CELLA STANDIN; prints TAP.
set -u

cella=$(realpath "$1")
standin=$(realpath "$2")
# shellcheck source=test/e2e/standin.sh
. "$(dirname "$0")/standin.sh"

# Evaluation 19 is the standard one, 20 asks for hardening, 21 is early and knows better.
{
	make_authority
	make_platform "$dir/pccs"
	rm -rf "$dir/pccs/tdx"
	while read -r set standing; do
		"$cella" sim collateral "$dir/pccs/platform" --evaluation-number "${set#*-}" \
			--standing "$standing" --directory "$dir/pccs/$set" || exit
	done <<'SETS'
tdx-19 UpToDate
tdx-20 SWHardeningNeeded
tdx-21 OutOfDate
SETS
	cp -r "$dir/pccs/tdx-19" "$dir/pccs/tdx"
	cp -r "$dir/pccs/tdx-21" "$dir/pccs/tdx-early"
	printf '%s\n' '21 2026-05-12 2026-05-13' '19 2025-05-13 2025-05-13' \
		'20 2025-11-11 2025-11-12' '18 2024-11-12 2024-11-13' >"$dir/pccs/numbers"
	"$cella" quote --provider sim --sim "$dir/pccs/platform" --nonce 0011223344556677 \
		-o "$dir/quote"
} >"$dir/made" 2>&1 || { cat "$dir/made" && exit 1; }
serve "$dir/pccs" "$dir/tls.pem" "$dir/tls.key"
url=https://127.0.0.1:$(cat "$dir/pccs/port")

forecast() {
	"$cella" collateral forecast "$dir/quote" --url "$url" --tls-ca "$dir/ca.pem" \
		--trust-root "$dir/pccs/platform/root.pem" --cache "$dir/cache" "$@"
}

# row NUMBER EXPRESSION: of an evaluation in the last JSON output.
row() {
	jq -r --argjson number "$1" \
		".quotes[0].evaluations[] | select(.number == \$number) | $2" "$dir/out"
}

reset
check "some evaluation refuses" 1 forecast
says "the standard one is told" "19          standard         2025-05-13      accepted"
says "the early one is" "21          early            2026-05-12      rejected"
says "one that is gone is" "not served"
says "and when it changes" "evaluation 20 refuses what 19 accepts"
check "as JSON" 1 forecast --json
same "its status" OutOfDate "$(row 21 .tcb_status)"
same "its event" 2026-05-12T00:00:00Z "$(row 21 .recovery_event)"
same "which is standard" true "$(row 19 .standard)"
same "which is not served" false "$(row 18 .served)"
same "in rising order" "18 19 20 21" \
	"$(jq -r '.quotes[0].evaluations | map(.number) | join(" ")' "$dir/out")"
same "and the whole" rejected "$(jq -r '.quotes[0].result' "$dir/out")"
check "what is accepted beside" 1 forecast --json --accept SWHardeningNeeded
same "counts" accepted "$(row 20 .verdict)"
check "all of it" 0 forecast --accept SWHardeningNeeded,OutOfDate

: >"$dir/pccs/log"
check "offline, from the cache" 1 forecast --offline
same "nobody is asked" 0 "$(requests GET)"

# The list itself, as it travels.
list=$(grep -l tcbEvaluationDataNumbers "$dir"/cache/objects/*)
check "the list is shown" 0 "$cella" collateral show "$list"
says "with its signer" "signer      Intel SGX TCB Signing"
check "and bundled" 0 "$cella" collateral bundle "$list" "$dir/pccs/tdx" \
	--trust-root "$dir/pccs/platform/root.pem" -o "$dir/bundle.json"
check "from where it is read" 0 "$cella" collateral show "$dir/bundle.json" --json
same "again" 1 "$(jq '[.documents[] | select(.type == "tcb_evaluation_data_numbers" and
	.fault == null and .entries == 4)] | length' "$dir/out")"
check "and imported" 0 "$cella" collateral import "$dir/bundle.json" "$dir/folder" \
	--trust-root "$dir/pccs/platform/root.pem"
check "as a file" 0 test -s "$dir/folder/tcb_evaluation_data_numbers-tdx.json"

# A service without the list, one that lies about it, one that fails.
reset
fault "tcbevaluationdatanumbers 404 - -"
check "no list" 1 forecast
says "is told" "the service has no list of evaluations"
says "standard and early are there" "21          early            -"
reset
fault "tcbevaluationdatanumbers headers-of sgx/pckcrl.http -"
check "a list that is not signed by the vendor" 3 forecast
says "is refused" "its common name does not belong here"
reset
fault "tcbevaluationdatanumbers instead tdx/tcb.http -"
check "something else" 3 forecast
says "is refused, too" "asked for the list of evaluations (TDX)"
reset
fault "tcbEvaluationDataNumber=20 500 - -"
check "an evaluation that cannot be fetched" 3 forecast --timeout 3s
says "is an error" "status 500"
reset
fault "tcb 404 - -"
check "nothing at all" 3 forecast
check "nowhere to ask" 2 "$cella" collateral forecast "$dir/quote"
check "a quote of another root" 3 "$cella" collateral forecast "$dir/quote" --url "$url"
says "has no forecast" "end in another root"
finish
