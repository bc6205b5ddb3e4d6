#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Quotes from configfs-tsm, by a file system in user space that behaves as that does.
# Usage: collect-tsm.sh CELLA CELLA_SIM BUILD [TOOL]
# shellcheck disable=SC2016 # for inner shells
# shellcheck source=test/e2e/collect-common.sh
. "$(dirname "$0")/collect-common.sh"

tsm=$build/standin-tsm
[ -x "$tsm" ] || skip_all "libfuse3 was not there when this was built"
mkdir -p root/sys/kernel/config
mount=root/sys/kernel/config

# guest FAULTS COMMAND...: runs it where configfs-tsm has those faults.
guest() {
	options=$(faults "$1")
	shift
	# shellcheck disable=SC2086 # a list of words
	"$tsm" --mount $mount --platform platform $options -- "$@"
}

quote() {
	asked=$1
	shift
	guest "$asked" "$tool" quote --sysroot root --provider tsm "$@"
}

quote '' -d 00 >err 2>&1
[ $? -ne 77 ] || skip_all "no file system in user space can be mounted here"

# --- as it should be ---
check "a quote from configfs-tsm" 0 quote '' -d 1234567890abcdef
says 'wrote the quote, made by tsm, to quote.dat'
accepts "it verifies, and binds" quote.dat -d 1234567890abcdef
check "auto finds it" 0 guest '' "$tool" quote --sysroot root -n 00112233aabbccdd -o q
says 'made by tsm, to q'
accepts "it verifies, too" q -n 00112233aabbccdd
check "hexadecimal digits in several arguments" 0 quote '' -d 12 34 -d 56 -o q --quiet
accepts "are joined" q -d 123456
printf 'a public key' >key
check "a file" 0 quote '' --data key -o q
says 'key is bound by its SHA-512: report data '"$(sha512sum key | cut -d' ' -f1)"
accepts "it binds that" q --data key
check "nothing is bound" 0 quote '' -o q
says 'its report data is random'
check "to standard output" 0 sh -c '"$0" --mount "$1" --platform platform -- "$2" quote \
	--sysroot root -d 01 -o - >piped' "$tsm" $mount "$tool"
accepts "whole" piped -d 01
check "as JSON" 0 quote '' -d 01 --json
says '"provider": "tsm"' '"quote": "quote.dat"' '"report_data": "01000000'
check "65 bytes of report data" 2 quote '' -d "$(printf '%0130d' 0)"
check "64 bytes" 0 quote '' -d "$(printf '%0128d' 7)" -o q
accepts "are taken as they are" q -d "$(printf '%0128d' 7)"
check "a quote of 20000 bytes" 0 quote pad=15200 -d 02 -o q
[ "$(wc -c <q)" -gt 20000 ]
verdict $? "  is read as a whole"
check "what belongs to it" 0 quote auxblob -d 02 -o q
check "  is written beside it" 0 grep -qx 'what belongs to the quote' q.auxblob

cat >together.sh <<'END'
# together.sh CELLA: eight at once.
pids=
for i in 1 2 3 4 5 6 7 8; do
	"$1" quote --sysroot root --provider tsm -d 0$i -o together$i --quiet &
	pids="$pids $!"
done
for pid in $pids; do wait $pid || exit 1; done
END
check "eight at once" 0 guest busy=4 sh together.sh "$tool"
for i in 1 8; do
	accepts "  number $i has its own" together$i -d 0$i
done
if script -qec true /dev/null >/dev/null 2>&1; then
	check "on a terminal" 0 guest '' script -qec "$tool quote --sysroot root -d 09" /dev/null
	says 'asking tsm'
fi

# --- what passes ---
check "busy at first" 0 quote busy=3 -d 03 -o q
accepts "and then a quote" q -d 03
check "busy with what is written at first" 0 quote in-use=2 -d 03 -o q
check "somebody else writes meanwhile" 0 quote races=2 -d 04 -o q
accepts "and then does not" q -d 04
check "what was written got lost" 0 quote lost=1 -d 05 -o q
accepts "and then did not" q -d 05

# --- what does not ---
within 20 "busy for ever" 3 quote busy -d 06 --timeout 2s
says 'given up after' 'outblob: Device or resource busy' 'never answered one'
within 20 "a host that never answers" 3 quote hang -d 06 --timeout 1s
says 'no answer within 1 s'
within 20 "and others are not asked then" 3 guest hang "$tool" quote --sysroot root -d 06 \
	--timeout 1s
says 'tsm: no answer within 1 s' 'qgs: not asked: the time is up'
within 20 "a byte now and then" 3 quote drip -d 06 --timeout 1s
says 'no answer within 1 s'
refuses "somebody else writes all the time" 'somebody else writes to this entry' \
	quote races -d 07
refuses "what is written gets lost" 'the kernel did not take the report data' \
	quote lost -d 07
refuses "the kernel has waited in vain" 'is its QGS running' quote errno=110 -d 07
refuses "the host refuses" "its QGS's log says why" quote errno=5 -d 07
refuses "a kernel with little room" 'a newer one does' quote errno=27 -d 07
refuses "no quote" 'outblob: is empty' quote empty -d 07
refuses "half a quote" 'what it gave: ' quote truncate=2000 -d 07
refuses "not a quote" 'what it gave: ' quote garbage -d 07
refuses "a quote of other report data" 'carries other report data' quote swapped -d 07
refuses "a quote beyond the limit" 'outblob: longer than 1048576 bytes' \
	quote pad=1048576 -d 07
refuses "another platform" 'provider: "sev_guest", not "tdx_guest"' quote provider -d 07
refuses "no driver" 'modprobe tdx_guest' quote no-driver -d 07
refuses "no configfs-tsm" 'Linux 6.7' quote no-tsm -d 07
refuses "no configfs" 'mount -t configfs' "$tool" quote --sysroot root -d 07
refuses "and auto says why, and that nothing is left" 'nothing on this machine makes a quote' \
	"$tool" quote --sysroot root -d 07
refuses "it makes no reports" '--provider tdx-guest' \
	"$tool" report --provider tsm --sysroot root
check "no time at all" 2 quote '' -d 07 --timeout 0
check "there is no such provider" 2 "$tool" quote --provider tms

cat >stopped.sh <<'END'
# stopped.sh CELLA: stops a quote that waits, and lets it go on.
"$1" quote --sysroot root -d 0a -o stopped --timeout 20s &
pid=$!
for i in $(seq 50); do
	[ -e stopped ] && break
	kill -STOP $pid
	sleep 0.05
	kill -CONT $pid
	sleep 0.1
done
wait $pid
END
within 30 "stopped and continued" 0 guest hang=1 sh stopped.sh "$tool"
accepts "  it asks again" stopped -d 0a

# --- nothing is left behind: the stand-in fails where an entry is ---
cat >ended.sh <<'END'
# ended.sh SIGNAL CELLA: ends a quote that waits, by its id.
env --default-signal=INT,HUP,TERM "$2" quote --sysroot root -d 08 --timeout 20s &
pid=$!
for i in $(seq 500); do
	[ -n "$(ls root/sys/kernel/config/tsm/report)" ] && break
	sleep 0.01
done
kill -"$1" $pid
wait $pid
END
for signal in 15 2 1; do
	check "ended by signal $signal" $((128 + signal)) \
		guest hang sh ended.sh $signal "$tool"
done
check "ended while it waits for another try" 143 guest busy sh ended.sh 15 "$tool"
check "ended by SIGKILL, an entry is left" 70 guest hang sh ended.sh 9 "$tool"
says '1 entries are left'
finish
