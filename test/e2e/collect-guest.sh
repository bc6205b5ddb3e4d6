#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Reports and quotes from /dev/tdx_guest, and quotes from a quoting service, which stand-ins
# answer for.
# Usage: collect-guest.sh CELLA CELLA_SIM BUILD [TOOL]
# shellcheck disable=SC2016,SC2317 # for inner shells; called by name
# shellcheck source=test/e2e/collect-common.sh
. "$(dirname "$0")/collect-common.sh"

# guest FAULTS COMMAND...: runs it where there is a device with those faults.
guest() {
	options=$(faults "$1")
	shift
	# shellcheck disable=SC2086 # a list of words
	"$build/standin-guest" --platform platform $options -- "$@"
}

# quote FAULTS OPTION...: a quote by the device.
quote() {
	asked=$1
	shift
	guest "$asked" "$tool" quote --provider tdx-guest "$@"
}

# service FAULTS OPTION...: a quote by a quoting service that has those faults.
service() {
	options=$(faults "$1")
	shift
	# shellcheck disable=SC2086 # a list of words
	"$build/standin-qgs" --listen unix:sock --platform platform $options -- \
		"$build/standin-guest" --platform platform -- \
		"$tool" quote --qgs unix:sock "$@"
}

guest '' true 2>err
[ $? -ne 77 ] || skip_all "this kernel does not tell of system calls"

# --- reports ---
check "a report" 0 guest '' "$tool" report --provider tdx-guest -d 0102 -o report
says 'attributes: 0x0000000010000000 (NO_DEBUG SEPT_VE_DISABLE)' "report_data: 0102000000"
check "  of 1024 bytes" 0 test "$(wc -c <report)" -eq 1024
check "  which can be read again" 0 "$tool" report --parse report
check "without a word" 0 guest '' "$tool" report
says 'TD info' "report_data: $(printf '%0128d' 0)"
check "as JSON" 0 guest '' "$tool" report --json
says '"debug": false'
check "busy at first" 0 guest busy=3 "$tool" report
within 20 "busy for ever" 3 guest busy "$tool" report --provider tdx-guest --timeout 1s
says 'TDX_CMD_GET_REPORT0: Device or resource busy'
refuses "the module refuses" 'Input/output error: the TDX module refuses' \
	guest errno=5 "$tool" report --provider tdx-guest
refuses "other report data" 'carries other report data' \
	guest swapped "$tool" report --provider tdx-guest -d 01
refuses "no report" 'what it gave: ' guest garbage "$tool" report --provider tdx-guest
refuses "no device" '/dev/tdx_guest: No such file or directory: modprobe tdx_guest' \
	"$tool" report --provider tdx-guest --sysroot .
mkdir -p old/dev
: >old/dev/tdx-attest
refuses "a driver of old" 'use a newer kernel' \
	"$tool" report --provider tdx-guest --sysroot old
refuses "QGS makes no reports" '--provider tdx-guest' "$tool" report --provider qgs

# --- quotes by the device of some vendors' kernels ---
check "a quote by the device" 0 quote quotes -d 03
says 'made by tdx-guest, to quote.dat'
accepts "it verifies, and binds" quote.dat -d 03
check "by the ioctl's other number" 0 quote quotes-rw -d 04 -o q
accepts "it verifies" q -d 04
check "without a message around it" 0 quote 'quotes bare' -d 05 -o q
accepts "it verifies" q -d 05
refuses "mainline kernels have no such ioctl" 'those come from configfs-tsm or QGS' \
	quote '' -d 06
refuses "the host has not answered" 'the host has not answered' \
	quote 'quotes in-flight' -d 06
refuses "the host has no service" 'the host has no quoting service' \
	quote 'quotes unavailable' -d 06
refuses "the host refuses" 'status 0x8000000000000000' quote 'quotes refused' -d 06
refuses "more than there is room for" 'out_len: 1073741824 bytes' \
	quote 'quotes long' -d 06
refuses "of other report data" 'carries other report data' quote 'quotes swapped' -d 06

# --- measurements by the device of some vendors' kernels ---
mkdir -p extends/dev extends/run
: >extends/dev/tdx_guest
printf '#!/bin/sh\necho runs\nexit 7\n' >program
chmod 755 program
# measure FAULTS OPTION...
measure() {
	asked=$1
	shift
	guest "$asked" "$tool" measure --sysroot extends "$@"
}
check "a program is measured by the device" 7 measure extends -- ./program
says 'runs'
check "as JSON" 0 measure extends --json program
says '"extended_through": "tdx_guest"'
check "a quote after it" 0 quote quotes -d 03 -o q
check "the log leads there" 0 "$tool" eventlog replay extends/run/cella/eventlog --quote q
says '2 events, matches the evidence'
cp extends/run/cella/eventlog before
refuses "mainline kernels of old have no such ioctl" "this kernel's driver cannot extend RTMR3" \
	measure '' -- ./program
! grep -q runs out
verdict $? "then nothing runs"
refuses "the module refuses" 'Input/output error' measure 'extends extend-errno=5' program
check "then nothing is logged" 0 cmp before extends/run/cella/eventlog

# --- quotes by a service ---
check "a quote by QGS, on a UNIX socket" 0 service '' -d 07
says 'made by qgs, to quote.dat'
accepts "it verifies, and binds" quote.dat -d 07
check "over TCP" 0 "$build/standin-qgs" --listen tcp --platform platform -- \
	"$build/standin-guest" --platform platform -- \
	sh -c '"$0" quote --qgs "$QGS" -d 08 -o q' "$tool"
accepts "it verifies" q -d 08
check "a service that names its key" 0 service id -d 09 -o q
accepts "it verifies" q -d 09
refuses "other report data" 'carries other report data' service swapped -d 02

within 20 "a service that says nothing" 3 service hang -d 0a --timeout 1s
says 'unix:sock: no answer within 1 s'
within 20 "one that does not listen" 3 service deaf -d 0a --timeout 1s
says 'no answer within 1 s'
within 20 "one that is slow" 3 service drip -d 0a --timeout 1s
says 'no answer within 1 s'
refuses "one that dies" 'closed the connection after 0 of 4 bytes' service dies -d 0a
refuses "one that dies within the answer" 'closed the connection after 996 of' \
	service half=1000 -d 0a
refuses "one that tells of an error" 'error 0x12003, an invalid parameter' \
	service error=73731 -d 0a
refuses "one of another version" 'version 2.1, not 1' service major=2 -d 0a
refuses "one that answers something else" 'header.type: 3' service type=3 -d 0a
refuses "one that is wrong about the size" 'header.size: 7' service size=7 -d 0a
refuses "one that has no quote" 'it made no quote' service empty -d 0a
refuses "one that promises a larger quote" 'quote' service quote-size=100000 -d 0a
refuses "one that adds something" 'the quote' service trailing -d 0a
refuses "one that promises gigabytes" 'is it QGS that listens there' \
	service length=2000000000 -d 0a
refuses "one that promises nothing" 'length: 3 bytes' service length=3 -d 0a
refuses "garbage" "QGS's answer: " service garbage -d 0a
refuses "a web server" 'is it QGS that listens there' service http -d 0a

# --- addresses ---
unreached() {
	guest '' "$tool" quote --qgs "$1" --timeout 2s -d 0b
}
rm -f sock
refuses "nobody has made the socket" 'is the service running' unreached unix:sock
refuses "nobody listens" 'is the service running' unreached tcp:127.0.0.1:1
refuses "nobody listens in IPv6" 'tcp:[::1]:1: ' unreached 'tcp:[::1]:1'
for address in tcp:localhost:1 tcp:127.0.0.1 tcp:127.0.0.1:65536 vsock:2 vsock:host:1 \
	vsock:2:-1 unix: 4050 http://127.0.0.1; do
	check "$address is no address" 2 unreached $address
done

# --- the configuration of others ---
mkdir -p root/etc
conf() {
	printf '%b' "$1" >root/etc/tdx-attest.conf
	shift
	"$tool" quote --provider qgs --sysroot root -d 0c
}
refuses "no port is named" 'names no port' conf '# port=4050\n' -d 0c
refuses "no number" 'line 2: port: "x" is not a number' conf '\nport = x\n' -d 0c
if grep -qw tdx_guest /proc/cpuinfo; then
	echo "# this is a trust domain: its host could be asked"
else
	refuses "the host of another machine is not asked" 'its host is not asked' \
		conf 'port = 4050\n'
fi
rm root/etc/tdx-attest.conf
refuses "no configuration" "write 'port = 4050' into it" \
	"$tool" quote --provider qgs --sysroot root -d 0c

# --- all of them ---
check "auto takes what there is" 0 guest quotes "$tool" quote -d 0d -o q --sysroot "$dir/root"
says 'made by tdx-guest'
check "auto finds nothing" 3 "$tool" quote --sysroot root -d 0d -o none
says 'tsm: ' 'tdx-guest: ' 'qgs: ' 'nothing on this machine makes a quote'
check "and writes nothing" 1 test -e none
echo 'port = 4050' >root/etc/tdx-attest.conf
ASAN_OPTIONS=detect_leaks=0 strace -f -o calls -e trace=socket,connect,execve \
	"$tool" quote --sysroot root -d 0e 2>err
if grep -qw tdx_guest /proc/cpuinfo || ! grep -qs execve calls; then
	echo "# not looked at, without strace: what a machine that is no trust domain asks"
else
	check "a machine that is no trust domain makes no socket" 1 grep -E 'socket|connect' calls
fi
finish
