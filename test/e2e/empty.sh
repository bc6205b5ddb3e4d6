#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every option of every command: an empty value, as of a variable that is not set, is a usage
# error that names the option, and nothing else happens.
# Usage: empty.sh CELLA CELLA_SIM; prints TAP.
set -u

number=0
bad=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# refuses PROGRAM COMMAND OPTION: the command's words are split.
refuses() {
	number=$((number + 1))
	# shellcheck disable=SC2086 # a list of words
	"$1" $2 "$3" '' </dev/null >"$scratch/out" 2>"$scratch/err"
	code=$?
	if [ "$code" = 2 ] && [ ! -s "$scratch/out" ] &&
		grep -qF -e "$3 is empty: is a variable not set?" "$scratch/err"; then
		echo "ok $number - $2 $3"
	else
		echo "not ok $number - $2 $3: exit $code"
		sed 's/^/# /' "$scratch/err"
		bad=1
	fi
}

for program; do
	program=$(realpath "$program")
	# Options that take a value; a command may have a blank in its name.
	"$program" --dump-tables | awk -F '\t' '$1 == "option" && $5 != "" { print $2 "|" $3 }' \
		>"$scratch/options"
	while IFS='|' read -r command option; do
		refuses "$program" "$command" "$option"
	done <"$scratch/options"
done
[ "$number" -gt 100 ] || bad=1
echo "1..$number"
exit "$bad"
