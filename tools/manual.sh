#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# manual.sh PROGRAM PAGE.scd.in writes the manual page's scdoc source on standard output:
# a line @OPTIONS COMMAND@ becomes the options of that command, and @COMMANDS@ the list of
# all commands, both from the tables that the program itself parses with.
set -eu

tables=$(mktemp)
trap 'rm -f "$tables"' EXIT
"$1" --dump-tables >"$tables"

awk -F '\t' -v program="${1##*/}" '
# Text for scdoc, whose markup is made of these characters.
function plain(text) {
	gsub(/[\\_*#~<>\[\]|]/, "\\\\&", text)
	return text
}
function print_option(i,    left) {
	left = short[i] == "-" ? "" : "*-" short[i] "*, "
	left = left "*" plain(long[i]) "*"
	print left (argument[i] == "" ? "" : " _" plain(argument[i]) "_")
	print "\t" plain(help[i]) "\n"
}
function print_options(command,    i, found) {
	for (i = 0; i < num_options; i++)
		if (owner[i] == command) {
			print_option(i)
			found = 1
		}
	if (!found) {
		print FILENAME ": there is no command \"" command "\"" >"/dev/stderr"
		failed = 1
	}
}
function print_commands(    i) {
	for (i = 0; i < num_commands; i++) {
		print "*" program " " plain(name[i]) "*" \
			(operands[i] == "" ? "" : " _" plain(operands[i]) "_")
		print "\t" plain(summary[i]) "\n"
	}
}
BEGIN { num_commands = num_options = 0 }
NR == FNR && $1 == "command" {
	name[num_commands] = $2
	operands[num_commands] = $3
	summary[num_commands++] = $4
}
NR == FNR && $1 == "option" {
	owner[num_options] = $2
	long[num_options] = $3
	short[num_options] = $4
	argument[num_options] = $5
	help[num_options++] = $6
}
NR == FNR { next }
/^@OPTIONS .*@$/ {
	print_options(substr($0, 10, length($0) - 10))
	next
}
/^@COMMANDS@$/ {
	print_commands()
	next
}
{ print }
END { exit failed }
' "$tables" "$2"
