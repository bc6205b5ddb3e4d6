#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Applications measured through configfs's tsm/rtmrs, by a file system in user space that
# behaves as that does, and extends the register of the simulated platform that quotes.
# Usage: measure-tsm.sh CELLA CELLA_SIM BUILD [TOOL]
# shellcheck disable=SC2016,SC2317 # for inner shells; called by name
# shellcheck source=test/e2e/collect-common.sh
. "$(dirname "$0")/collect-common.sh"

tsm=$build/standin-tsm
[ -x "$tsm" ] || skip_all "libfuse3 was not there when this was built"
mkdir -p root/sys/kernel/config root/run
rtmrs=root/sys/kernel/config/tsm/rtmrs

# guest FAULTS COMMAND...: runs it where the kernel has those registers.
guest() {
	options=$(faults "rtmrs $1")
	shift
	# shellcheck disable=SC2086 # a list of words
	"$tsm" --mount root/sys/kernel/config --platform platform $options -- "$@"
}

guest '' true 2>err
[ $? -ne 77 ] || skip_all "no file system in user space can be mounted here"
printf '#!/bin/sh\necho runs\nexit 7\n' >program
chmod 755 program
echo settings >settings

# --- as it should be ---
check "a file and a program" 7 guest '' "$tool" measure --sysroot root settings -- ./program
says 'runs'
check "what it says is true: the log leads to the quote" 0 guest '' sh -c '
	"$0" quote --sysroot root -d 01 --quiet &&
	"$0" eventlog replay root/run/cella/eventlog --quote quote.dat' "$tool"
says 'RTMR3' '2 events' 'matches the evidence'
check "as JSON" 0 guest '' "$tool" measure --sysroot root --json settings
says '"extended_through": "configfs"'
check "a policy of it" 0 sh -c '"$0" quote --provider sim --sim platform -d 01 -o quote.dat &&
	"$0" policy new --quote quote.dat --eventlog root/run/cella/eventlog -o policy.json' "$cella"
accepts "which the quote meets" quote.dat --policy policy.json \
	--eventlog root/run/cella/eventlog
check "many at once" 0 guest '' sh -c 'for i in 1 2 3 4 5 6; do
	"$0" measure --sysroot root --quiet settings & pids="$pids $!"
	done; for pid in $pids; do wait $pid || exit 1; done' "$tool"
check "  and the log leads there" 0 guest '' sh -c '
	"$0" quote --sysroot root -d 01 --quiet &&
	"$0" eventlog replay root/run/cella/eventlog --quote quote.dat' "$tool"
says '9 events'
check "the registers as they are" 0 guest '' sh -c '
	for i in 0 1 2 3; do mkdir '$rtmrs'/of$i && echo $i >'$rtmrs'/of$i/index || exit 9; done
	"$0" eventlog replay root/run/cella/eventlog --live --sysroot root' "$tool"
says 'RTMR3' '9 events, matches the evidence'
check "an entry is made once" 0 guest '' sh -c '"$0" measure --sysroot root -q settings &&
	"$0" measure --sysroot root -q settings && test "$(ls '$rtmrs')" = rtmr3-cella' "$tool"
check "somebody else's entry is used" 0 guest '' sh -c 'mkdir '$rtmrs'/x '$rtmrs'/y &&
	echo 2 >'$rtmrs'/x/index && echo 3 >'$rtmrs'/y/index &&
	"$0" measure --sysroot root -q settings &&
	test "$(ls '$rtmrs' | tr "\n" " ")" = "x y "' "$tool"
check "one that has no register yet is left alone" 0 guest '' sh -c 'mkdir '$rtmrs'/x &&
	"$0" measure --sysroot root -q settings && echo 1 >'$rtmrs'/x/index' "$tool"
check "one of ours without a register is finished" 0 guest '' sh -c 'mkdir '$rtmrs'/rtmr3-cella &&
	"$0" measure --sysroot root -q settings' "$tool"
check "all of that is in the log" 0 guest '' sh -c '
	"$0" quote --sysroot root -d 01 --quiet &&
	"$0" eventlog replay root/run/cella/eventlog --quote quote.dat' "$tool"
says '14 events'

# --- what goes wrong: nothing runs, and the log says nothing that was not ---
cp root/run/cella/eventlog before
refuses "what is written gets lost" 'the kernel did not take the digest' \
	guest digest-lost "$tool" measure --sysroot root -- ./program
! grep -q runs out
verdict $? "  nothing ran"
check "  and nothing is logged" 0 cmp before root/run/cella/eventlog
check "the entry of ours has another register" 3 guest '' sh -c 'mkdir '$rtmrs'/rtmr3-cella &&
	echo 2 >'$rtmrs'/rtmr3-cella/index && "$0" measure --sysroot root settings' "$tool"
says 'Device or resource busy'
check "all entries are taken" 3 guest '' sh -c 'for i in 1 2 3 4 5 6 7 8; do
	mkdir '$rtmrs'/$i; done; "$0" measure --sysroot root settings' "$tool"
says 'No space left'
check "  and nothing is logged" 0 cmp before root/run/cella/eventlog
refuses "somebody else extends at the same time" 'somebody else extends this register' \
	guest digest-races "$tool" measure --sysroot root settings
check "which is noticed for ever after" 0 guest '' sh -c '
	"$0" measure --sysroot root settings && "$0" measure --sysroot root settings' "$tool"
says 'does not lead to RTMR3'
refuses "a kernel without them" 'this is not a TD' "$tsm" --mount root/sys/kernel/config \
	--platform platform -- "$tool" measure --sysroot root settings
says 'tsm/rtmrs'
finish
