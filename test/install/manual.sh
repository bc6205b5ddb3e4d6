#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every command has a manual page with all its options, and no page speaks of an option
# that does not exist.
set -eu
# shellcheck source=test/tap.sh
. "$SOURCE/test/tap.sh"

pages=$STAGE/share/man/man1
if ! [ -d "$pages" ]; then
	skip "manual pages" "they were not built: scdoc is missing"
	tap_done
	exit
fi

# page PROGRAM COMMAND: "policy sign" is on cella-policy-sign(1) or on cella-policy(1); the
# commands of other programs may be on the program's own page.
page() {
	set -- "$1" "$1-$(echo "$2" | tr ' ' -)" "$1-${2%% *}"
	[ "$1" != cella ] || shift
	for name in "$@"; do
		[ -f "$pages/$name.1" ] && echo "$pages/$name.1" && return
	done
	echo "there is no manual page $*" >>"$scratch/wrong"
}

# words PAGE: its text without the markup that matters here.
words() {
	sed 's/\\f[BIR]//g; s/\\&//g; s/\\//g' "$1"
}

tab=$(printf '\t')
for program in cella cella-sim enclave-cli; do
	"$STAGE/bin/$program" --dump-tables | sed "s/^/$program$tab/"
done >"$scratch/tables"
awk -F '\t' '$2 == "command" { print $1 "\t" $3 }' "$scratch/tables" >"$scratch/commands"
check "there are commands" test -s "$scratch/commands"

while IFS=$tab read -r program command; do
	page=$(page "$program" "$command")
	if [ -n "$page" ]; then
		words "$page" >"$scratch/words"
		grep "^$program${tab}option$tab$command$tab" "$scratch/tables" | cut -f 4,7 |
			while IFS=$tab read -r option help; do
				grep -qF -e "$option" "$scratch/words" &&
					grep -qF -e "$help" "$scratch/words" ||
					echo "${page##*/} lacks $option: $help"
			done >>"$scratch/wrong"
	fi
	result "$program $command: a page with all its options"
done <"$scratch/commands"

# Terminals have 80 columns, and some no more.
while IFS=$tab read -r program command; do
	[ "$command" != sim ] || continue # another program's, which is here, too
	# shellcheck disable=SC2086 # "policy sign" is two words
	"$STAGE/bin/$program" $command --help | grep '.\{81\}' || :
done <"$scratch/commands" >"$scratch/wrong"
for program in cella cella-sim enclave-cli; do
	"$STAGE/bin/$program" --help | grep '.\{81\}' >>"$scratch/wrong" || :
done
result "no line of help is wider than a terminal"

{
	printf '%s\n' --help --version
	cut -f 4 "$scratch/tables" | grep '^--'
} | sort -u >"$scratch/known"
for page in "$pages"/*.1; do
	words "$page" | grep -oE '(^|[^-a-z])--[a-z][-a-z0-9]*' | sed 's/^[^-]*//' | sort -u |
		comm -23 - "$scratch/known" |
		sed "s/^/${page##*/} names an option that no command has: /" >"$scratch/wrong"
	result "${page##*/} names only options that exist"
	if ! command -v man >/dev/null; then
		skip "${page##*/} is well formed" "there is no man"
		continue
	fi
	LC_ALL=C.UTF-8 man -l --warnings "$page" 2>&1 >/dev/null | sed 1q >"$scratch/wrong"
	result "${page##*/} is well formed"
done
tap_done
