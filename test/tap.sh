# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Sourced by tests in sh: results in the form of the Test Anything Protocol.
#
# STAGE is the installed tree, SOURCE the source's folder, CC the compiler.

: "${STAGE:?is the installed tree}" "${SOURCE:?is the source folder}" "${CC:?}"
export LC_ALL=C
tap_count=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The plan comes last; without it, a test that died would look finished.
tap_done() {
	echo "1..$tap_count"
}

# result TITLE: passes if the file $scratch/wrong is empty, which says what is wrong.
result() {
	tap_count=$((tap_count + 1))
	if [ -s "$scratch/wrong" ]; then
		echo "not ok $tap_count - $1"
		sed 's/^/# /' "$scratch/wrong"
	else
		echo "ok $tap_count - $1"
	fi
	: >"$scratch/wrong"
}

# check TITLE COMMAND...: passes if the command succeeds.
check() {
	title=$1
	shift
	"$@" >"$scratch/wrong" 2>&1 && : >"$scratch/wrong" ||
		echo "exit status $?: $*" >>"$scratch/wrong"
	result "$title"
}

# skip TITLE REASON
skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}
