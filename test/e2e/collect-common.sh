# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Sourced by the tests of collectors: collect-NAME.sh CELLA CELLA_SIM BUILD [TOOL]. They print
# TAP, work in a folder of their own, with a simulated platform in `platform`. TOOL is what is
# tested, cella itself unless it is given; cella verifies.
set -u
export LC_ALL=C

here=$(realpath "$(dirname "$0")")
# shellcheck source=test/e2e/checks.sh
. "$here/checks.sh"
cella=$(realpath "$1")
sim=$(realpath "$2")
# shellcheck disable=SC2034 # for those who source this
build=$(realpath "$3")
tool=${4:-$cella}
[ -x "$tool" ] || skip_all "${tool##*/} was not built"
tool=$(realpath "$tool")
# Stand-ins ask the simulated platform's program.
PATH=${sim%/*}:$PATH
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
time=2026-01-01

# says TEXT...: the last command has said all of them, which is one result.
says() {
	missing=0
	for text in "$@"; do
		if ! grep -qF -e "$text" out err; then
			echo "nobody says \"$text\"" >>err
			missing=1
		fi
	done
	verdict $missing "  says \"$*\""
}

# within SECONDS TITLE STATUS COMMAND...: check, and that it does not take longer.
within() {
	limit=$1
	shift
	began=$(date +%s)
	check "$@"
	took=$(($(date +%s) - began))
	[ "$took" -le "$limit" ] || echo "took $took s, not at most $limit" >>err
	[ "$took" -le "$limit" ]
	verdict $? "  takes at most $limit s"
}

# accepts TITLE FILE OPTION...: the quote verifies to the platform's root.
accepts() {
	title=$1
	shift
	check "$title" 0 "$cella" verify "$@" -c collateral.json -t "$time" \
		--trust-root platform/root.pem
}

# refuses TITLE WORDS COMMAND...: ends with 3, and has said the words.
refuses() {
	title=$1
	words=$2
	shift 2
	check "$title" 3 "$@"
	says "$words"
}

# faults NAME...: as options of a stand-in; one argument holds all names.
faults() {
	# shellcheck disable=SC2086 # a list of words
	for fault in $1; do
		printf -- '--fault %s ' "$fault"
	done
}

"$sim" init platform --time "$time" --quiet || exit 1
"$sim" collateral platform --time "$time" -o collateral.json --quiet || exit 1
