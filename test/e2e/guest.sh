#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cella-guest, the commands of a guest as one static program: it is one, it says what cella
# says, and it runs where there is nothing else.
# Usage: guest.sh CELLA CELLA_SIM BUILD GUEST
# shellcheck disable=SC2016,SC2317 # for inner shells; called by name
# shellcheck source=test/e2e/collect-common.sh
. "$(dirname "$0")/collect-common.sh"

# --- one file, and nothing else ---
has_not() {
	! readelf "$1" "$tool" | grep -E "$2"
}
undefined() {
	! nm --undefined-only "$tool" | grep -v ' w '
}
check "it wants no interpreter" 0 has_not -lW INTERP
check "it needs no library" 0 has_not -dW NEEDED
check "it is position independent" 0 sh -c 'readelf -hW "$0" | grep -q "Type: *DYN"' "$tool"
check "its relocations are read-only" 0 sh -c 'readelf -lW "$0" | grep -q GNU_RELRO' "$tool"
check "its stack is not executable" 0 sh -c 'readelf -lW "$0" | grep -qE "GNU_STACK .* RW "' \
	"$tool"
check "it has stack protectors" 0 sh -c 'nm "$0" | grep -q __stack_chk_fail' "$tool"
check "nothing is left to be found when it runs" 0 undefined
check "ldd sees that" 0 sh -c 'ldd "$0" 2>&1 | grep -E "statically linked|not a dynamic"' "$tool"
if command -v file >/dev/null; then
	check "file sees that" 0 file "$tool"
	says 'static-pie linked'
fi
check "nothing in it looks names up" 1 sh -c \
	'nm "$0" | grep -E " (_nss_|getaddrinfo$|gethostby|getpw|res_n?query)"' "$tool"
echo "# $(wc -c <"$tool") bytes; $(strip -o stripped "$tool" && wc -c <stripped) stripped"

# --- the same commands ---
verbs='doctor|eventlog replay|eventlog explain|measure|quote|report'
tables() {
	"$cella" --dump-tables | grep -E "^(command|option)	($verbs)	" >ours
	"$tool" --dump-tables >its
	diff ours its
}
check "its commands are those of cella, with all their options" 0 tables
check "  six of them" 0 test "$(grep -c '^command' its)" -eq 6
check "its version is cella's" 0 test "$("$cella" --version)" = \
	"$("$tool" --version | sed 's/^cella-guest/cella/')"
check "it judges nothing" 2 "$tool" verify quote.dat
says 'cella-guest: there is no command "verify"'

# --- which say the same ---
# alike TITLE WORLD... -- ARGUMENT...: both programs, in the same world. The length of the
# file `made` must be the same, too.
alike() {
	title=$1
	shift
	world=
	while [ "$1" != -- ]; do
		world="$world $1"
		shift
	done
	shift
	rm -f cella.file cella-guest.file
	for program in "$cella" "$tool"; do
		: >made
		code=0
		# shellcheck disable=SC2086 # a list of words
		$world "$program" "$@" >"${program##*/}.out" 2>"${program##*/}.err" || code=$?
		echo "exit status $code" >>"${program##*/}.err"
		wc -c <made >"${program##*/}.file"
		sed -i 's/^cella-guest/cella/' "${program##*/}.out" "${program##*/}.err"
	done
	{
		diff cella.out cella-guest.out &&
			diff cella.err cella-guest.err && diff cella.file cella-guest.file
	} >out 2>err
	verdict $? "$title: $(tail -n 1 cella.err)"
}

device="$build/standin-guest --platform platform --fault quotes --"
for option in '' --json '-d 0102 -o made' '-d 0102 -o report'; do
	# shellcheck disable=SC2086 # a list of words
	alike "report $option" "$device" -- report --provider tdx-guest $option
done
alike "report, of a file" -- report --parse report
alike "quote, by the device" "$device" -- quote -d 0102 -o made --provider tdx-guest
alike "quote, as JSON" "$device" -- quote -d 0102 -o made --provider tdx-guest --json
service="$build/standin-qgs --listen unix:sock --platform platform --"
alike "quote, by a service" "$service" "$device" -- quote --qgs unix:sock -n 0011223344556677 \
	-o made
alike "quote, of a name" "$device" -- quote --qgs tcp:localhost:1
if [ -x "$build/standin-tsm" ]; then
	mkdir -p root/sys/kernel/config
	tsm="$build/standin-tsm --mount root/sys/kernel/config --platform platform --"
	alike "quote, by configfs-tsm" "$tsm" -- quote --sysroot root -d 03 -o made
fi
alike "quote, where nothing makes one" -- quote --sysroot nowhere -d 04 -o made
alike "quote, of a simulated platform" -- quote --provider sim --sim platform -d 05 -o made

printf '#!/bin/sh\necho runs\nexit 7\n' >program
chmod 755 program
alike "measure, a file" -- measure --dry-run program
alike "measure, a folder, as JSON" -- measure --dry-run --json platform
alike "measure, a program" -- measure --dry-run -- ./program one two
alike "measure, what is not there" -- measure --dry-run nowhere
alike "measure, and extend" -- measure --provider sim --sim platform --log log program
alike "measure, and run" -- measure --provider sim --sim platform --log log -- ./program
alike "eventlog replay" -- eventlog replay log
alike "eventlog replay, as JSON" -- eventlog replay --json log
alike "eventlog explain" -- eventlog explain log
alike "eventlog explain, no log" -- eventlog explain program
for log in ${CELLA_VECTORS:+"$CELLA_VECTORS"/ccel/*.ccel}; do
	alike "eventlog explain ${log##*/}" -- eventlog explain "$log"
	alike "eventlog replay ${log##*/}" -- eventlog replay --json "$log"
done

mkdir -p td/proc td/etc td/sys/kernel/config/tsm/report
printf 'processor : 0\nflags : tdx_guest\n' >td/proc/cpuinfo
echo 'port = 4050' >td/etc/tdx-attest.conf
echo 'swiotlb buffer is full' >td/kernel.log
for option in '' --json '--only evidence' '--kernel-log td/kernel.log'; do
	# shellcheck disable=SC2086 # a list of words
	alike "doctor $option" -- doctor --sysroot td --time "$time" $option
done
check "doctor, of a name" 3 "$tool" doctor --sysroot td --only evidence --qgs tcp:localhost:1 --json
says 'looks none up' 'ask `cella doctor`'

# --- where there is nothing else ---
# bare COMMAND...: in a root that has the program, /proc and /sys.
bare() {
	unshare --mount sh -ec 'mount --bind /proc bare/proc
		mount --rbind /sys bare/sys
		exec chroot bare "$@"' sh "$@"
}
mkdir -p bare/proc bare/sys
cp "$tool" bare/cella-guest
if [ "$(id -u)" != 0 ] || ! bare /cella-guest --version >out 2>&1; then
	skip alone "this cannot mount and enter another root"
	finish
fi
cp log bare/log
cp report bare/report
check "there is nothing else" 0 test "$(find bare -xdev -type f | sort | tr '\n' ' ')" = \
	"bare/cella-guest bare/log bare/report "
check "alone: help" 0 bare /cella-guest --help
check "alone: doctor" 0 bare /cella-guest doctor --only enclave
says 'KVM device'
"$cella" doctor --only evidence >expected 2>&1
wanted=$?
check "alone: doctor says of this machine what cella says" $wanted \
	bare /cella-guest doctor --only evidence
if grep -qw tdx_guest /proc/cpuinfo; then
	echo "# this is a trust domain: reports and quotes were not tried"
else
	check "alone: report" 3 bare /cella-guest report --provider tdx-guest
	says '/dev/tdx_guest: No such file or directory: modprobe tdx_guest'
	check "alone: quote" 3 bare /cella-guest quote -d 01 -o /q
	says 'tsm: ' 'tdx-guest: ' 'qgs: ' 'vtpm: ' 'nothing on this machine makes a quote'
fi
check "alone: report, of a file" 0 bare /cella-guest report --parse /report
says 'report_data: 0102'
check "alone: measure" 0 bare /cella-guest measure --dry-run /log
says "$(sha384sum <log | cut -c1-96)  /log"
check "alone: eventlog replay" 0 bare /cella-guest eventlog replay /log
says 'RTMR3' '4 events'
check "alone: eventlog explain" 0 bare /cella-guest eventlog explain /log
says 'measure-program'
finish
