#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# script/count.jq counts what tests said, and takes nothing that died for success.
set -eu
# shellcheck source=test/tap.sh
. "$SOURCE/test/tap.sh"

# counts TITLE EXPECTED PROTOCOL RESULT OUTPUT
counts() {
	jq -n --arg protocol "$3" '[{name: "a", protocol: $protocol}]' >"$scratch/tests"
	printf '%b' "$5" >"$scratch/output"
	jq -n --arg result "$4" --rawfile stdout "$scratch/output" \
		'{name: "cella:unit / a", result: $result, stdout: $stdout}' >"$scratch/log"
	counted=$(jq -nr --slurpfile tests "$scratch/tests" -f "$SOURCE/script/count.jq" \
		"$scratch/log")
	[ "$counted" = "$2" ] || echo "counted $counted, not $2" >"$scratch/wrong"
	result "$1"
}

if ! command -v jq >/dev/null; then
	skip "counting" "there is no jq"
	tap_done
	exit
fi
counts "results are counted one by one" "2 0 0" tap OK '1..2\nok 1 - a\nok 2 - b\n'
counts "the plan may come last" "1 0 0" tap OK 'ok 1 - a\n1..1\n'
counts "a failure counts" "1 1 0" tap ERROR '1..2\nok 1 - a\nnot ok 2 - b\n'
counts "a skipped result is no success" "0 0 1" tap OK '1..1\nok 1 - a # skip why\n'
counts "what is known to fail is no success" "0 0 1" tap OK '1..1\nnot ok 1 # TODO why\n'
counts "what should fail and does not has failed" "0 1 0" tap ERROR '1..1\nok 1 # TODO\n'
counts "a test that skips all is skipped" "0 0 1" tap SKIP '1..0 # SKIP why\n'
counts "a test that died has failed" "1 1 0" tap ERROR '1..2\nok 1 - a\n'
counts "a test that died late has failed" "1 1 0" tap ERROR '1..1\nok 1 - a\n'
counts "a test that took too long has failed" "0 1 0" tap TIMEOUT '1..1\n'
counts "a test without a plan has failed" "1 1 0" tap OK 'ok 1 - a\n'
counts "a test that says nothing has failed" "0 1 0" tap SKIP ''
counts "results beyond the plan are a failure" "2 1 0" tap ERROR '1..1\nok 1\nok 2\n'
counts "an exit status of zero counts once" "1 0 0" exitcode OK 'ok 1\nok 2\n'
counts "another exit status is a failure" "0 1 0" exitcode FAIL ''
counts "an expected failure is a success" "1 0 0" exitcode EXPECTEDFAIL ''
counts "an unexpected success is a failure" "0 1 0" exitcode UNEXPECTEDPASS ''
counts "an exit status of 77 is skipped" "0 0 1" exitcode SKIP ''
tap_done
