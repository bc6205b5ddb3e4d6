#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The corpus of forgeries through the command line: every case gets its exit code, and the
# check or the field that it names is what the command tells.
#
# Usage: corpus.sh CELLA CELLA_SIM
set -eu

cella=$(realpath "$1")
sim=$(realpath "$2")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

"$sim" corpus corpus --quiet

# One line per case; "-" stands for what a case does not have.
jq -r '.cases[] | [.name, .time, (.exit|tostring), .check // "-",
	(if .error then .error.field else "-" end), (.has_collateral|tostring),
	.options.report_data // "-", .options.nonce // "-", .options.data // "-",
	(.options.strict|tostring), (.options.accept|join(",") | if . == "" then "-" else . end),
	(.options.grace_s|tostring), .options.policy // "-", .options.policy_owner // "-"]
	| join("|")' corpus/index.json >cases.txt

judge() {
	set -- "$cella" verify --quiet --checks --time "$time" --trust-root root.pem \
		--grace "$grace" quote.bin
	[ "$collateral" = false ] || set -- "$@" --collateral collateral.json
	[ "$report_data" = - ] || set -- "$@" --report-data "$report_data"
	[ "$nonce" = - ] || set -- "$@" --nonce "$nonce"
	[ "$data" = - ] || set -- "$@" --data "$data"
	[ "$strict" = false ] || set -- "$@" --strict
	[ "$policy" = - ] || set -- "$@" --policy "$policy"
	[ "$owner" = - ] || set -- "$@" --policy-owner "$owner"
	[ "$accept" = - ] || set -- "$@" --accept "$accept"
	(cd "corpus/$name" && "$@") >out.txt 2>err.txt
}

cases=0
failures=0
while IFS='|' read -r name time exit check field collateral report_data nonce data \
	strict accept grace policy owner; do
	cases=$((cases + 1))
	code=0
	judge || code=$?
	wrong=
	[ "$code" -eq "$exit" ] || wrong="exit $code, not $exit"
	[ "$check" = - ] || grep -qF "FAIL $check " out.txt || wrong="$check does not fail"
	[ "$field" = - ] || grep -qF -e "$field" err.txt || wrong="nobody names $field"
	if [ -n "$wrong" ]; then
		echo "FAIL: $name: $wrong"
		cat out.txt err.txt
		failures=$((failures + 1))
	fi
done <cases.txt

[ "$cases" -eq "$(jq '.cases | length' corpus/index.json)" ] || failures=1
echo "$cases cases, $failures failures"
exit "$((failures > 0))"
