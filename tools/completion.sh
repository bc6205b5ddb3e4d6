#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# completion.sh PROGRAM TEMPLATE writes a completion script on standard output, with the
# tables that the program itself parses with.
set -eu

program=${1##*/}
function=$(echo "$program" | tr - _)
table=$("$1" --dump-tables | awk -F '\t' '
$1 == "command" { print $2 "\t-\t-\t-" }
$1 == "option" { print $2 "\t" $3 "\t" $4 "\t" ($5 == "" ? "-" : $5) }')
sed "s/@PROGRAM@/$program/g; s/@FUNCTION@/$function/g" "$2" |
	while IFS= read -r line; do
		case $line in
		'@TABLE@"') printf '%s"\n' "$table" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
