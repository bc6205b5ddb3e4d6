#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What judges evidence must not reach the imitation of Intel's engine. The call graph is
# read off the objects of the library: from verify.c's object, follow every symbol.
# Usage: engine_is_apart.sh libcella-objects.a
set -eu

nm -A -g "$1" 2>/dev/null | awk '
{
	# archive:member:[address] type symbol
	split($1, part, ":")
	member = part[2]
	symbol = $NF
	type = $(NF - 1)
	if (type == "U" || type == "w")
		uses[member] = uses[member] " " symbol
	else
		home[symbol] = member
}
END {
	start = home["cella_verify"]
	engine = home["intel_engine_appraise"]
	explain = home["cella_policy_explain"]
	if (start == "" || engine == "" || explain == "") {
		print "not ok: symbols are missing from the archive"
		exit 1
	}
	# The test can see an edge where there is one.
	if (!reaches(explain, engine)) {
		print "not ok: the explanation does not reach the engine: nothing is tested"
		exit 1
	}
	split("", seen)
	if (reaches(start, engine)) {
		print "not ok: " start " reaches " engine ":" path
		exit 1
	}
	split("", seen)
	if (reaches(home["judge"], engine)) {
		print "not ok: " home["judge"] " reaches " engine ":" path
		exit 1
	}
	print "ok: what judges does not reach the engine"
}
function reaches(from, to,    list, num, i, next_member) {
	if (from == to)
		return 1
	if (from in seen)
		return 0
	seen[from] = 1
	num = split(uses[from], list, " ")
	for (i = 1; i <= num; i++) {
		next_member = home[list[i]]
		if (next_member != "" && reaches(next_member, to)) {
			path = " " next_member path
			return 1
		}
	}
	return 0
}
'
