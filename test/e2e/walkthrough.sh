#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# doc/walkthrough.*.md tell the truth: every command in a block of `console` is run, in
# order, against the installed tree, and prints what stands below it, where … stands for
# anything. The result is a scoreboard of the TDX document's commands; with CELLA_SEEDS, the
# folder of the documents, none of them may be missing there, and none invented. The page's
# places, /opt/alibaba and a file in /etc, are copies in a folder of the test's. With
# WALKTHROUGH_ROOT set and empty they are the real ones, where packages put them.
#
# WALKTHROUGH=walkthrough-enclave is about the Enclave document's part on the runtime. That is
# run where systemd is, by test/package/service.sh; elsewhere, without WALKTHROUGH_ROOT, it is
# held against the document alone.
#
# What stands behind ``` says what a block is:
#   console [as-written|instead] [machine|refused]
#       commands to run: the document's own, those that stand for the `sh instead` before
#       them, or the page's. What `machine` prints depends on the machine; `refused` fails,
#       and then what is said on standard error counts, too.
#   sh instead, sh cloud-only
#       commands of the document that are not run. The next block stands for them; the
#       paragraph below says why they mean nothing elsewhere.
set -eu
# shellcheck source=test/tap.sh
. "$SOURCE/test/tap.sh"

PATH=$scratch/bin:$STAGE/bin:$PATH
PKG_CONFIG_PATH=$STAGE/lib/pkgconfig
export PATH PKG_CONFIG_PATH
page=${WALKTHROUGH:-walkthrough}
is_run=yes
fewest=20
case $page in
walkthrough)
	tools="jq make openssl pkg-config xxd"
	document=tdx.ja.txt
	part=
	;;
*)
	tools=jq
	document=enclave.ja.txt
	part='/ツールセットによるエンクレーブの使用/,/SDKによるエンクレーブの使用/'
	fewest=8
	[ -n "${WALKTHROUGH_ROOT+set}" ] || is_run=no
	;;
esac
for tool in $tools; do
	if ! command -v "$tool" >/dev/null; then
		echo "1..0 # SKIP there is no command $tool"
		exit 0
	fi
done
languages="en ja"

# As sudo: whoever calls it owns what is his.
if [ "$(id -u)" = 0 ]; then caller=1000; else caller=$(id -u); fi
mkdir "$scratch/bin" "$scratch/here" "$scratch/home"
HOME=$scratch/home
export HOME
place=${WALKTHROUGH_ROOT-$scratch}
conf=/etc/sgx_default_qcnl.conf
if [ -n "$place" ] && [ $is_run = yes ]; then
	mkdir "$place/opt" "$place/etc"
	cp -r "$STAGE/opt/alibaba" "$place/opt"
	cp "$SOURCE/packaging/debian${conf#/etc}" "$place/etc"
fi
printf '#!/bin/sh\nSUDO_UID=%s SUDO_GID=%s exec "$@"\n' "$caller" "$caller" \
	>"$scratch/bin/sudo"
chmod +x "$scratch/bin/sudo"

# --- the pages -----------------------------------------------------------------------------

# take_apart LANGUAGE: NNN.kind and NNN.body of each block, NNN.why of those of the cloud.
take_apart() {
	mkdir "$scratch/$1" "$scratch/$1/why"
	awk -v folder="$scratch/$1" '
	!is_block && /^```./ {
		kind = substr($0, 4)
		name = sprintf("%03d", ++number)
		print kind >(folder "/" name ".kind")
		printf "" >(folder "/" name ".body")
		is_block = 1
		wants_why = 0
		next
	}
	is_block && /^```$/ {
		is_block = 0
		wants_why = kind == "sh cloud-only"
		close(folder "/" name ".body")
		next
	}
	is_block { print >(folder "/" name ".body") }
	wants_why == 1 && /./ { wants_why = 2 }
	wants_why == 2 && /^$/ { wants_why = 0 }
	wants_why == 2 { print >(folder "/why/" name) }
	END { exit is_block }' "$SOURCE/doc/$page.$1.md"
}
for language in $languages; do
	take_apart "$language"
	cat "$scratch/$language"/*.kind | sort -u | grep -vxE \
		'console( as-written| instead)?( machine| refused)?|sh (instead|cloud-only)' \
		>"$scratch/wrong" || :
	result "$language: every block is of a known kind"
done
diff -ru -x why "$scratch/en" "$scratch/ja" >"$scratch/wrong" || :
result "the pages have the same commands and outputs"

# --- the commands --------------------------------------------------------------------------

# fits EXPECTED FOUND: line by line; a line … is any number of lines, within a line any text.
fits() {
	awk '
	function line_fits(pattern, line,    n, parts, i, at) {
		n = split(pattern, parts, "…")
		if (n < 2)
			return line == pattern
		if (substr(line, 1, length(parts[1])) != parts[1])
			return 0
		line = substr(line, length(parts[1]) + 1)
		for (i = 2; i < n; i++) {
			at = index(line, parts[i])
			if (at == 0)
				return 0
			line = substr(line, at + length(parts[i]))
		}
		at = length(line) - length(parts[n]) + 1
		return at > 0 && substr(line, at) == parts[n]
	}
	function rest_fits(e, f,    next_line) {
		if ((e, f) in failed)
			return 0
		if (e > expected)
			return f > found
		if (want[e] == "…") {
			for (next_line = f; next_line <= found + 1; next_line++)
				if (rest_fits(e + 1, next_line))
					return 1
		} else if (f <= found && line_fits(want[e], got[f])) {
			if (e > furthest)
				furthest = e
			if (rest_fits(e + 1, f + 1))
				return 1
		}
		failed[e, f] = 1
		return 0
	}
	BEGIN { expected = found = furthest = 0 }
	NR == FNR { want[++expected] = $0; next }
	{ got[++found] = $0 }
	END {
		if (rest_fits(1, 1))
			exit 0
		print "found no place for line " furthest + 1 " of:"
		for (e = 1; e <= expected; e++)
			print "  " want[e]
		print "in:"
		for (f = 1; f <= found; f++)
			print "  " substr(got[f], 1, 200)
		exit 1
	}' "$1" "$2"
}

# run COMMAND KIND: where the last one ended; its expected output is in $scratch/expected.
run() {
	[ $is_run = yes ] || return 0
	code=0
	# shellcheck disable=SC2016 # for the inner shell
	sh -c 'cd "$1" && eval "$2"
		code=$?
		pwd >"$3"
		exit $code' sh "$here" \
		"$(printf '%s' "$1" | sed "s:/opt/alibaba:$place&:g; s:$conf:$place&:g")" \
		"$scratch/cwd" \
		>"$scratch/out" 2>"$scratch/err" </dev/null || code=$?
	here=$(cat "$scratch/cwd")
	sed -i "s:$place/opt/alibaba:/opt/alibaba:g" "$scratch/out"
	case $2 in
	*machine)
		grep 'not found' "$scratch/err" >>"$scratch/wrong" || :
		echo "# depends on the machine, not compared:"
		return
		;;
	*refused)
		[ "$code" != 0 ] || echo "it is not refused" >>"$scratch/wrong"
		cat "$scratch/err" >>"$scratch/out"
		;;
	*)
		[ "$code" = 0 ] || {
			echo "exit status $code"
			cat "$scratch/err"
		} >>"$scratch/wrong"
		;;
	esac
	fits "$scratch/expected" "$scratch/out" >>"$scratch/wrong" || :
}

# score CLASS COMMAND: a row of the scoreboard, and a result.
score() {
	class=$1
	[ ! -s "$scratch/wrong" ] || class="does NOT work"
	[ "$1" = "the page's own" ] || printf '%s\t%s\n' "$class" "$2" >>"$scratch/scores"
	if [ $is_run = yes ] || [ -s "$scratch/wrong" ]; then
		result "$1: $2"
	fi
}

# run_block BODY KIND
run_block() {
	case $2 in
	*as-written*) block_class="works as written" ;;
	*) block_class="the page's own" ;;
	esac
	command=
	: >"$scratch/expected"
	{
		cat "$1"
		echo '$ '
	} >"$scratch/block"
	while IFS= read -r line <&3; do
		case $line in
		'$ '*)
			if [ -n "$command" ]; then
				run "$command" "$2"
				score "$block_class" "$command"
			fi
			command=${line#??}
			: >"$scratch/expected"
			;;
		*) printf '%s\n' "$line" >>"$scratch/expected" ;;
		esac
	done 3<"$scratch/block"
}

# tell_block NUMBER KIND: the document's commands that are not run; lines that go on from
# the one before are not counted.
tell_block() {
	next=$(printf '%03d' "$(($(echo "$1" | sed 's/^0*//') + 1))")
	case $2 in
	*instead)
		block_class="under another name"
		reason=$(sed -n 's/^\$ /   /p' "$scratch/en/$next.body")
		following=$(cat "$scratch/en/$next.kind")
		[ "$following" = "console instead" ] || reason=
		;;
	*)
		block_class="cloud only"
		reason=$(sed 's/^/   /' "$scratch/en/why/$1")
		[ -s "$scratch/ja/why/$1" ] || reason=
		;;
	esac
	while IFS= read -r line <&3; do
		case $line in
		'' | ' '*) continue ;;
		esac
		[ -n "$reason" ] || echo "nothing stands for it, no reason is told" \
			>>"$scratch/wrong"
		score "$block_class" "${line%" \\"}"
	done 3<"$scratch/en/$1.body"
	printf '%s\n' "$reason" | sed 's/^/# /'
}

here=$scratch/here
: >"$scratch/scores"
for block in "$scratch"/en/*.kind; do
	number=${block##*/}
	number=${number%.kind}
	kind=$(cat "$block")
	case $kind in
	console*) run_block "${block%.kind}.body" "$kind" ;;
	*) tell_block "$number" "$kind" ;;
	esac
done

# --- the document --------------------------------------------------------------------------

# The page's values for the document's placeholders.
sed -E -e 's:/opt/alibaba/tdx-quote-generation-sample/quote\.dat:<path_to_quote>:' \
	-e 's/-d 1234567890abcdef$/-d <report_data_in_hex>/' "$scratch/scores" |
	cut -f 2 | sort -u >"$scratch/told"
check "there are commands" test "$(wc -l <"$scratch/told")" -ge $fewest
document=${CELLA_SEEDS:+$CELLA_SEEDS/$document}
if [ -n "$document" ]; then
	# Commands stand on lines of their own, in ASCII, and have several words or set something.
	sed -n "${part}p" "$document" | grep -E '^ *[a-z./][ -~]*$' | sed -E 's/^ +//; s/ +$//; s/ \\$//' |
		grep -E '[a-z.].*[ =]' | sort -u >"$scratch/documented"
	comm -23 "$scratch/documented" "$scratch/told" |
		sed 's/^/not told: /' >"$scratch/wrong"
	result "every command of the document is on the scoreboard"
	comm -13 "$scratch/documented" "$scratch/told" |
		sed 's/^/not in the document: /' >"$scratch/wrong"
	result "the scoreboard has only commands of the document"
	sed 's/^ *//; s/ *$//' "$document" >"$scratch/lines"
	grep -l '^sh ' "$scratch"/en/*.kind | while IFS= read -r block; do
		sed 's/^ *//; s/ *$//' "${block%.kind}.body" | grep -vxF -f "$scratch/lines" || :
	done >"$scratch/wrong"
	result "every line of its commands is as it stands there"
else
	skip "every command of the document is on the scoreboard" \
		"CELLA_SEEDS names no documents"
fi

if [ $is_run = yes ]; then
	echo "# scoreboard of the document's commands:"
else
	echo "# the document's commands, as the page has them; none was run here:"
fi
for class in "works as written" "under another name" "cloud only" "does NOT work"; do
	printf '#   %-20s%s\n' "$class" "$(grep "^$class" "$scratch/scores" | sort -u | wc -l)"
done
tap_done
