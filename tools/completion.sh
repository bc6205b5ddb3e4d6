#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# completion.sh TEMPLATE PROGRAM [COMMAND OTHER]... writes a completion script on standard
# output, with the tables that the program itself parses with. OTHER is a program that runs
# behind one of its commands.
set -eu

template=$1
program=$2
shift 2

# rows PROGRAM PREFIX: command, option, short option, argument.
rows() {
	"$1" --dump-tables | awk -F '\t' -v prefix="$2" '
	$1 == "command" { print prefix $2 "\t-\t-\t-" }
	$1 == "option" { print prefix $2 "\t" $3 "\t" $4 "\t" ($5 == "" ? "-" : $5) }'
}

table=$(rows "$program" "")
while [ $# -ge 2 ]; do
	table=$(printf '%s\n' "$table" && rows "$2" "$1 ")
	shift 2
done

name=${program##*/}
function=$(echo "$name" | tr - _)
sed "s/@PROGRAM@/$name/g; s/@FUNCTION@/$function/g" "$template" |
	while IFS= read -r line; do
		case $line in
		'@TABLE@"') printf '%s"\n' "$table" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
