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

# page COMMAND: "policy sign" is on cella-policy-sign(1) or on cella-policy(1).
page() {
	for name in "cella-$(echo "$1" | tr ' ' -)" "cella-${1%% *}"; do
		[ -f "$pages/$name.1" ] && echo "$pages/$name.1" && return
	done
	echo "cella $1 has no manual page" >>"$scratch/wrong"
}

# words PAGE: its text without the markup that matters here.
words() {
	sed 's/\\f[BIR]//g; s/\\&//g; s/\\//g' "$1"
}

tab=$(printf '\t')
"$STAGE/bin/cella" --dump-tables >"$scratch/tables"
grep "^command$tab" "$scratch/tables" | cut -f 2 >"$scratch/commands"
check "there are commands" test -s "$scratch/commands"

while read -r command; do
	page=$(page "$command")
	if [ -n "$page" ]; then
		words "$page" >"$scratch/words"
		grep "^option$tab$command$tab" "$scratch/tables" | cut -f 3,6 |
			while IFS=$tab read -r option help; do
				grep -qF -e "$option" "$scratch/words" &&
					grep -qF -e "$help" "$scratch/words" ||
					echo "${page##*/} lacks $option: $help"
			done >>"$scratch/wrong"
	fi
	result "cella $command: a page with all its options"
done <"$scratch/commands"

{
	printf '%s\n' --help --version
	cut -f 3 "$scratch/tables" | grep '^--'
} | sort -u >"$scratch/known"
for page in "$pages"/*.1; do
	words "$page" | grep -oE '(^|[^-a-z])--[a-z][-a-z]*' | sed 's/^[^-]*//' | sort -u |
		comm -23 - "$scratch/known" |
		sed "s/^/${page##*/} names an option that no command has: /" >"$scratch/wrong"
	result "${page##*/} names only options that exist"
	[ -n "$(command -v man)" ] || continue
	man -l --warnings "$page" 2>&1 >/dev/null | sed 1q >"$scratch/wrong"
	result "${page##*/} is well formed"
done
tap_done
