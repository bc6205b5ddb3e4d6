# Counts the results in the log of `meson test`, one JSON object a test, and prints
# "PASSED FAILED SKIPPED". A test that speaks TAP counts with each of its results, any
# other counts once. One that dies, prints no plan, or another number of results than
# planned, has failed. What is known to fail (TODO) counts as skipped.
#
# $tests is meson-info/intro-tests.json, for the protocols.

def lines: (.stdout // "") | split("\n");
def results($pattern): [lines[] | select(test($pattern; "i"))] | length;

def is_good: .result | IN("OK", "SKIP", "EXPECTEDFAIL");

def count_tap:
	([lines[] | capture("^1\\.\\.(?<n>[0-9]+)(?<rest>.*)").n | tonumber] | first) as $plan
	| results("^not ok\\b(?!.*#\\s*TODO)") as $bad
	| results("^ok\\b.*#\\s*TODO") as $unexpected
	| (results("^ok\\b.*#\\s*SKIP") + results("^not ok\\b.*#\\s*TODO")) as $skipped
	| (results("^ok\\b") - results("^ok\\b.*#\\s*(SKIP|TODO)")) as $good
	| ($bad + $unexpected) as $failed
	| ($good + $failed + $skipped) as $seen
	| if $plan == 0 and is_good then [0, 0, 1]
	  elif $plan != $seen then [$good, $failed + 1, $skipped]
	  elif (is_good | not) and $failed == 0 then [$good, 1, $skipped]
	  else [$good, $failed, $skipped] end;

def count_exit:
	if .result == "SKIP" then [0, 0, 1] elif is_good then [1, 0, 0] else [0, 1, 0] end;

($tests[0] | map({key: .name, value: .protocol}) | from_entries) as $protocols
| reduce inputs as $test ([0, 0, 0];
	. as $sum
	| ($protocols[$test.name | split(" / ") | last]) as $protocol
	| ($test | if $protocol == "tap" then count_tap else count_exit end)
	| [$sum[0] + .[0], $sum[1] + .[1], $sum[2] + .[2]])
| map(tostring) | join(" ")
