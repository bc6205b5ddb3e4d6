# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Sourced by the tests of collectors: collect-NAME.sh CELLA CELLA_SIM BUILD [TOOL]. They print
# TAP, work in a folder of their own, with a simulated platform in `platform`. TOOL is what is
# tested, cella itself unless it is given; cella verifies.
set -u
export LC_ALL=C

cella=$(realpath "$1")
sim=$(realpath "$2")
# shellcheck disable=SC2034 # for those who source this
build=$(realpath "$3")
tool=${4:-$cella}
[ -x "$tool" ] || {
	echo "1..0 # SKIP ${tool##*/} was not built"
	exit 0
}
tool=$(realpath "$tool")
# Stand-ins ask the simulated platform's program.
PATH=${sim%/*}:$PATH
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
number=0
bad=0
time=2026-01-01

# skip_all REASON: ends the test.
skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

# verdict TITLE STATUS: ok where the status is 0, else what the last command said.
verdict() {
	number=$((number + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $number - $1"
		return
	fi
	echo "not ok $number - $1"
	cut -c1-300 out.txt err.txt | sed 's/^/# /'
	bad=1
}

# check TITLE STATUS COMMAND...: runs it and compares its exit status.
check() {
	title=$1
	wanted=$2
	shift 2
	code=0
	"$@" >out.txt 2>err.txt || code=$?
	[ "$code" -eq "$wanted" ] || echo "exit status $code, not $wanted: $*" >>err.txt
	[ "$code" -eq "$wanted" ]
	verdict "$title" $?
}

# says TEXT...: the last command has said all of them.
says() {
	missing=0
	for text in "$@"; do
		if ! grep -qF -e "$text" out.txt err.txt; then
			echo "nobody says \"$text\"" >>err.txt
			missing=1
		fi
	done
	verdict "  says \"$*\"" $missing
}

# within SECONDS TITLE STATUS COMMAND...: check, and that it does not take longer.
within() {
	limit=$1
	shift
	began=$(date +%s)
	check "$@"
	took=$(($(date +%s) - began))
	[ "$took" -le "$limit" ] || echo "took $took s, not at most $limit" >>err.txt
	[ "$took" -le "$limit" ]
	verdict "  takes at most $limit s" $?
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

finish() {
	echo "1..$number"
	exit "$bad"
}

"$sim" init platform --time "$time" --quiet || exit 1
"$sim" collateral platform --time "$time" -o collateral.json --quiet || exit 1
