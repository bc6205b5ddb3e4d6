#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# README's tour tells the truth: every command in a block of `console` is run, with a real
# quote and its collateral, and must print what stands below it. UPDATE_GOLDEN=1 puts the
# real output there.
set -eu
# shellcheck source=test/tap.sh
. "$SOURCE/test/tap.sh"

if [ -z "${CELLA_VECTORS:-}" ]; then
	skip "the tour" "CELLA_VECTORS is not set"
	tap_done
	exit
fi
mkdir "$scratch/tour"
cp "$CELLA_VECTORS/tdx/tdx-v4-b0c06f.quote" "$scratch/tour/quote.dat"
cp "$CELLA_VECTORS/tdx/tdx-v4-b0c06f.collateral.json" "$scratch/tour/collateral.json"

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

[ "${UPDATE_GOLDEN:-}" != 1 ] || cp "$scratch/README.md" "$SOURCE/README.md"
check "the tour has commands" test "$commands" -gt 0
diff -u "$SOURCE/README.md" "$scratch/README.md" >"$scratch/wrong" || :
result "every command prints what README.md says"
tap_done
