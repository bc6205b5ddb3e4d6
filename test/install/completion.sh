#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The completion for bash offers what the option tables say.
set -eu
# shellcheck source=test/tap.sh
. "$SOURCE/test/tap.sh"

script=$STAGE/share/bash-completion/completions/cella.bash
tab=$(printf '\t')
"$STAGE/bin/cella" --dump-tables >"$scratch/tables"

# offered WORD...: what bash offers for the last of these words.
offered() {
	# shellcheck disable=SC2016 # for the inner shell
	bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
		_cella; printf "%s\n" "${COMPREPLY[@]}"' complete "$script" "$@"
}

# offers TITLE EXPECTED WORD...
offers() {
	title=$1
	printf '%s\n' "$2" | sort -u >"$scratch/expected"
	shift 2
	offered "$@" 2>&1 | sort -u | diff -u "$scratch/expected" - >"$scratch/wrong" || :
	result "$title"
}

commands=$(grep "^command$tab" "$scratch/tables" | cut -f 2)
roots=$(echo "$commands" | cut -d " " -f 1)
offers "the commands" "$(printf "%s\n" "$roots" --help --version)" \
	cella ''
offers "a command that has begun" verify cella ver
printf '%s\n' "$commands" >"$scratch/commands"
while read -r command; do
	options=$(grep "^option$tab$command$tab" "$scratch/tables" | cut -f 3)
	[ -n "$options" ] || continue
	# shellcheck disable=SC2086 # "policy sign" is two words
	offers "the options of cella $command" "$options" cella $command --
done <"$scratch/commands"
offers "the commands of another program behind one of ours" \
	"$(printf '%s\n' collateral corpus enclave extend init quote report --help)" cella sim ''
offers "that program's options" --debug cella sim quote --deb
offers "a word of a list" platform cella sim init --ca pl
offers "an option that has begun" --collateral cella verify --coll
offers "a file where an option wants one" "$SOURCE/meson.build" \
	cella verify --collateral "$SOURCE/meson.b"
offers "a file after an equals sign" "$SOURCE/meson.build" \
	cella verify --collateral = "$SOURCE/meson.b"
offers "a file as the argument" "$SOURCE/meson.build" cella verify "$SOURCE/meson.b"
offers "nothing where a time is wanted" "" cella verify --time ""
tap_done
