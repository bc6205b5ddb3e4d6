# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154 # set by those who source this
# Sourced by tests of command lines: results in the form of the Test Anything Protocol. Wants
# $dir, a folder of the test's own, where the last command's output and words are kept.
: "${PATIENCE:=240}" # seconds, after which what is awaited hangs
number=0
bad=0
trap 'exit 1' HUP INT TERM # by way of the trap for EXIT of those who source this

# verdict STATUS NAME: ok where the status is 0, else what the last command said.
verdict() {
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		cat "$dir/out" "$dir/err" 2>/dev/null | cut -c1-300 | head -n 40 | sed 's/^/# /'
		bad=1
	fi
}

# check NAME STATUS COMMAND...: runs it and compares its exit status. What the command before
# it has written is gone by then.
check() {
	told=$1
	expected=$2
	shift 2
	"$@" >"$dir/out" 2>"$dir/err"
	got=$?
	[ "$got" -eq "$expected" ] || told="$told: exit $got, not $expected"
	[ "$got" -eq "$expected" ]
	verdict $? "$told"
}

# says NAME TEXT: the last command's output or words have the text.
says() {
	told=$1
	cat "$dir/out" "$dir/err" | grep -qF -e "$2"
	found=$?
	[ "$found" -eq 0 ] || told="$told: no \"$2\" in"
	verdict "$found" "$told"
}

# same NAME EXPECTED ACTUAL
same() {
	told=$1
	[ "$2" = "$3" ] || told="$told: expected $2, got $3"
	[ "$2" = "$3" ]
	verdict $? "$told"
}

# await COMMAND...: until it succeeds, which nothing but a hang prevents.
await() {
	deadline=$(($(date +%s) + PATIENCE))
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$deadline" ] || return 1
		sleep 0.05
	done
}

# skip NAME REASON
skip() {
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

# skip_all REASON: ends the test before it began.
skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

finish() {
	echo "1..$number"
	exit "$bad"
}
