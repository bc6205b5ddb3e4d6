#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# README's tour tells the truth: every command in a block of `console` is run and must print
# what stands below it, but for hashes of keys that are new each time. UPDATE_GOLDEN=1 puts
# the real output there.
set -eu
# shellcheck source=test/tap.sh
. "$SOURCE/test/tap.sh"

mkdir "$scratch/tour"

# run COMMAND: as a reader would, in the folder of the tour. On a terminal, what is said on
# standard error comes last.
run() {
	(cd "$scratch/tour" && PATH=$STAGE/bin:$PATH sh -c "$1") 2>"$scratch/words" || :
	cat "$scratch/words"
}

commands=0
is_console=
while IFS= read -r line; do
	case $is_console$line in
	'```console') is_console=yes ;;
	yes'```') is_console= ;;
	yes'$ '*)
		commands=$((commands + 1))
		printf '%s\n' "$line"
		run "${line#??}"
		continue
		;;
	yes*) continue ;;
	esac
	printf '%s\n' "$line"
done <"$SOURCE/README.md" >"$scratch/README.md"

# masked FILE: without what differs from run to run.
masked() {
	sed -E 's/private:[0-9a-f]{64}/private:.../' "$1"
}
masked "$SOURCE/README.md" >"$scratch/expected"
masked "$scratch/README.md" >"$scratch/found"
if [ "${UPDATE_GOLDEN:-}" = 1 ] && ! cmp -s "$scratch/expected" "$scratch/found"; then
	cp "$scratch/README.md" "$SOURCE/README.md"
	cp "$scratch/found" "$scratch/expected"
fi

check "the tour has commands" test "$commands" -gt 0
diff -u "$scratch/expected" "$scratch/found" >"$scratch/wrong" || :
result "every command prints what README.md says"
tap_done
