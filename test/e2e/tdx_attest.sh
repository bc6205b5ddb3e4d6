#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A program of the vendor's tdx_attest.h, with cella's library behind it, where stand-ins are
# the machine: every number that the interface has.
# Usage: tdx_attest.sh CELLA CELLA_SIM BUILD
# shellcheck disable=SC2016 # for inner shells
# shellcheck source=test/e2e/collect-common.sh
. "$(dirname "$0")/collect-common.sh"

user=$build/attest-user
mkdir -p root/sys/kernel/config root/etc
mount=root/sys/kernel/config
TEST_SYSROOT=$dir/root
TEST_TIMEOUT=60
export TEST_SYSROOT TEST_TIMEOUT

# Commands that can stand one in another, each in a world with those faults:
#	guest FAULTS COMMAND...		there is a device
#	tsm FAULTS COMMAND...		there is configfs-tsm
#	qgs FAULTS COMMAND...		the host has a quoting service
#	soon COMMAND...			the library gives up after a second
world() {
	printf '#!/bin/sh\nfaults=\nfor fault in $1; do faults="$faults --fault $fault"; done\n'
	printf 'shift\nexec %s $faults -- "$@"\n' "$1"
}
mkdir bin
world "$build/standin-guest --platform platform" >bin/guest
world "$build/standin-tsm --mount $mount --platform platform" >bin/tsm
world "$build/standin-qgs --listen unix:sock --platform platform" >bin/qgs
printf '#!/bin/sh\nTEST_TIMEOUT=1 exec "$@"\n' >bin/soon
chmod +x bin/*
PATH=$dir/bin:$PATH

guest '' true 2>err
[ $? -ne 77 ] || skip_all "this kernel does not tell of system calls"
bound=$(printf '%0128d' 0 | sed 's/00/07/g')

# --- arguments, numbers, layouts ---
check "arguments" 0 "$user" arguments

# --- reports ---
check "a report" 0 guest '' "$user" report 0
check "  is one, and binds" 0 sh -c '"$0" report --parse report.dat | grep -qx "$1"' "$cella" \
	"report_data: $bound"
check "busy at first" 0 guest busy=3 "$user" report 0
check "busy for ever" 0 soon guest busy "$user" report 5 'Device or resource busy'
check "the module refuses" 0 guest errno=5 "$user" report 5 'the TDX module refuses'
check "another's report" 0 guest swapped "$user" report 5 'other report data'
check "garbage" 0 guest garbage "$user" report 5 'what it gave'
check "no device" 0 "$user" report a 'modprobe tdx_guest'
mkdir -p old/dev
: >old/dev/tdx-attest
check "a driver of old" 0 env TEST_SYSROOT="$dir/old" "$user" report a 'use a newer kernel'

# --- quotes by the device ---
check "a quote by the device" 0 guest quotes "$user" quote 0
accepts "  verifies, and binds" quote.dat -d "$bound"
check "the host has not answered" 0 guest 'quotes in-flight' "$user" quote 9 'has not answered'
check "the host has no service" 0 guest 'quotes unavailable' "$user" quote 7 'no quoting service'
check "the host refuses" 0 guest 'quotes refused' "$user" quote 8 'status 0x8000000000000000'
check "a length that is none" 0 guest 'quotes long' "$user" quote 8 'out_len'
check "a kernel without the call" 0 guest '' "$user" quote 7 'makes reports, but no quotes'
check "no device, nothing" 0 "$user" quote a 'modprobe tdx_guest'
check "no report, no quote" 0 guest 'quotes errno=5' "$user" quote 5 'the TDX module refuses'

# --- quotes by the host's service ---
check "a quote by QGS" 0 qgs '' guest '' "$user" quote 0
accepts "  verifies, and binds" quote.dat -d "$bound"
check "before all others" 0 qgs '' guest 'quotes refused' "$user" quote 0
check "it is dead: the next is asked" 0 qgs dies guest quotes "$user" quote 0
check "it is dead, and nobody else" 0 qgs dies guest '' "$user" quote 4 'closed the connection'
check "it says nothing" 0 soon qgs hang guest '' "$user" quote 4 'no answer within 1 s'
check "it dies within its answer" 0 qgs half=1000 guest '' "$user" quote 4 'after 996 of'
check "it refuses" 0 qgs error=73731 guest '' "$user" quote 8 'an invalid parameter'
check "garbage" 0 qgs garbage guest '' "$user" quote 8 "QGS's answer"
check "of another version" 0 qgs major=2 guest '' "$user" quote 8 'version 2.1, not 1'
check "another's quote" 0 qgs swapped guest '' "$user" quote 8 'other report data'
check "no device for its report" 0 qgs '' "$user" quote a 'modprobe tdx_guest'
if command -v strace >/dev/null && ! grep -qw tdx_guest /proc/cpuinfo; then
	echo 'port = 4050' >root/etc/tdx-attest.conf
	check "no trust domain: its host is not asked" 0 guest '' \
		env ASAN_OPTIONS=detect_leaks=0 strace -f -o calls -e trace=socket,connect \
		"$user" quote 7
	check "  no socket is made" 1 grep -E 'socket|connect' calls
	rm root/etc/tdx-attest.conf
fi

# --- quotes from configfs-tsm ---
if ! [ -x "$build/standin-tsm" ] || { tsm '' true 2>err; [ $? -eq 77 ]; }; then
	skip configfs-tsm "no file system in user space can be mounted here"
else
	check "a quote from configfs-tsm" 0 tsm '' "$user" quote 0
	accepts "  verifies, and binds" quote.dat -d "$bound"
	check "it needs no device, and none is asked" 0 tsm '' guest 'quotes refused' "$user" quote 0
	check "busy at first" 0 tsm busy=3 "$user" quote 0
	check "somebody else writes at first" 0 tsm races=2 "$user" quote 0
	check "busy for ever" 0 soon tsm busy "$user" quote 9 'never answered one'
	check "the kernel has waited in vain" 0 soon tsm errno=110 "$user" quote 9 'QGS running'
	check "somebody else writes all the time" 0 tsm races "$user" quote 9 'somebody else writes'
	check "the host refuses" 0 tsm errno=5 "$user" quote 8 "its QGS's log says why"
	check "no quote" 0 tsm empty "$user" quote 8 'outblob: is empty'
	check "half a quote" 0 tsm truncate=2000 "$user" quote 8 'what it gave'
	check "garbage" 0 tsm garbage "$user" quote 8 'what it gave'
	check "another's quote" 0 tsm swapped "$user" quote 8 'other report data'
	check "another platform" 0 tsm provider "$user" quote 8 'not "tdx_guest"'
	check "no driver, no device" 0 tsm no-driver "$user" quote a 'modprobe tdx_guest'
	check "no driver: the device is asked" 0 tsm no-driver guest quotes "$user" quote 0
	cat >shared.sh <<'END'
# shared.sh COMMAND...: runs it where somebody has made an entry for it.
DCAP_TDX_QUOTE_CONFIGFS_PATH=root/sys/kernel/config/tsm/report/com.intel.dcap
export DCAP_TDX_QUOTE_CONFIGFS_PATH
mkdir $DCAP_TDX_QUOTE_CONFIGFS_PATH || exit
"$@"
code=$?
rmdir $DCAP_TDX_QUOTE_CONFIGFS_PATH
exit $code
END
	check "an entry that is there" 0 tsm '' sh shared.sh "$user" quote 0
	accepts "  is used" quote.dat -d "$bound"
	check "  by one after another" 0 tsm busy=4 guest '' sh shared.sh "$user" guest
	check "  or is locked for too long" 0 soon tsm '' sh shared.sh sh -c \
		'exec flock $DCAP_TDX_QUOTE_CONFIGFS_PATH/inblob "$0" quote 9 "locking it"' "$user"
	check "  or is not there" 0 env DCAP_TDX_QUOTE_CONFIGFS_PATH=root/nowhere "$user" \
		quote 8 'root/nowhere/inblob'
	check "many threads, one guest" 0 tsm busy=4 guest '' "$user" guest
fi
check "many threads on the device" 0 guest quotes "$user" guest

# --- registers ---
registers=root/sys/devices/virtual/misc/tdx_guest/measurements
check "no register" 0 "$user" extend 2 a 'this is not a TD'
check "no way to extend one" 0 guest '' "$user" extend 2 7 'cannot extend RTMR2'
check "the firmware's" 0 guest extends "$user" extend 1 b 'are the firmware'
check "one that is none" 0 guest extends "$user" extend 4 b 'rtmr_index'
"$cella" sim report platform >before
check "extended by the device" 0 guest extends "$user" extend 2 0
check "  reports tell of it" 0 guest '' "$user" report 0
zeros=$(printf '%096d' 0)
old=$("$cella" report --parse before | sed -n 's/^rtmr2: //p')
new=$(printf '%s%s' "${old:-$zeros}" "$(printf '%0*d' 96 0 | sed 's/00/01/g')" | xxd -r -p |
	sha384sum | cut -d' ' -f1)
check "  as SHA-384 of old and new" 0 sh -c '"$0" report --parse report.dat | grep -qx "$1"' \
	"$cella" "rtmr2: $new"
mkdir -p $registers
: >"$registers/rtmr3:sha384"
check "extended by the kernel's file" 0 "$user" extend 3 0
check "  with 48 bytes" 0 test "$(xxd -p -c 48 "$registers/rtmr3:sha384")" = \
	"$(printf '%096d' 0 | sed 's/00/01/g')"
ln -sf /proc/self/oom_score_adj "$registers/rtmr3:sha384"
check "the kernel knows no such register" 0 "$user" extend 3 b 'Invalid argument'
ln -sf /dev/full "$registers/rtmr3:sha384"
check "the kernel fails" 0 "$user" extend 3 6 'No space left'

# --- the whole of it ---
rm -r root/sys/devices
check "the vendor's sample" 0 guest 'quotes extends' "$user" sample
accepts "  its quote verifies" quote.dat -d "$bound"
finish
