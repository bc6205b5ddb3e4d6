#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # check() calls functions by name
# What an enclave must not have, reach or show: looked for from inside, as the guest's root;
# from outside, as another user; and with its TPM stopped at steps of the measured launch.
#
# Usage: enclave_isolation.sh CELLA BUILD PROBE STOPPER; prints TAP. CELLA_KERNEL names a folder
# with boot/vmlinuz-* and lib/modules/* of a kernel.
set -u
stopper=$(realpath "$4")
# shellcheck source=test/e2e/enclave-common.sh
. "$(dirname "$0")/enclave-common.sh"
boot_or skip_all
probe=$application
chmod 711 "$dir"

# no_line NAME PATTERN: the last command's output and words have none that matches.
no_line() {
	! cat "$dir/out" "$dir/err" | grep -q -e "$2"
	verdict $? "$1"
}

# ask NAME LINE: of the probe in that enclave.
ask() {
	echo "$2" | enclave connect "$1" 7 --quiet >"$dir/out" 2>"$dir/err"
}

mkdir host
"$cella" enclave init-host --quiet host >out || exit 1
image probe.eif --init "$build/cella-init" "$probe" -- "/$app" serve >out 2>err
verdict $? "an image of the probe is built"
check "it starts" 0 start --name one probe.eif
check "and another one" 0 start --name two --from-guest 5000 probe.eif

# --- from inside: devices ---
check "it looks around" 0 ask one look
cp out look
says "as the guest's root" "uid 0"
for what in block scsi ata nvme drm sound usb serio; do
	no_line "there is no device of $what" "^$what "
done
no_line "nor a frame buffer" "^graphics fb[0-9]"
equal "its only network is its own loop" "$(grep '^net ' look)" "net lo"
no_line "it reaches no address" "^internet reached"
equal "its kernel has no console but the one without a screen" \
	"$(awk '/^console / { print $2 }' look)" tty0
equal "there is no serial port" "$(grep '^ttyS0' look)" "ttyS0 0"
equal "no module can be loaded" "$(grep '^modules_disabled' look)" "modules_disabled 1"
# An application's folders may be links, which lead through the init's own places.
mkdir linked
cp "$probe" linked
ln -s /proc linked/sys
"$cella" enclave build --quiet --output linked.eif --init "$build/cella-init" \
	--kernel "$CELLA_KERNEL"/boot/vmlinuz-* --modules "$CELLA_KERNEL"/lib/modules/* \
	linked -- "/${probe##*/}" serve >out 2>err
verdict $? "an image is built whose /sys is a link to /proc"
check "it starts" 0 start --name linked linked.eif
await ask linked look
verdict $? "it looks around"
equal "nor can a module be loaded there" "$(grep '^modules_disabled' out)" "modules_disabled 1"
check "it stops" 0 enclave stop linked
# Host bridge, LPC bridge, vsock, entropy; scanned without drivers where the kernel allows.
grep '^bus:' look >out
if [ -s out ]; then
	skip "the bus has four devices and no more" "the kernel forbids to look"
else
	equal "the bus has four devices and no more" \
		"$(grep '^bus ' look | sort | tr '\n' ' ')" \
		"bus 1af4:1005 bus 1af4:1053 bus 8086:2918 bus 8086:29c0 "
fi
equal "the kernel knows of no other" "$(grep -c '^pci ' look)" 4
equal "and of two of virtio" "$(grep -c '^virtio ' look)" 2

# --- from inside: others ---
# Listeners that would welcome it, if it were let through.
"$probe" listen "$run/one/v_5000" &
others=$!
"$probe" listen "$run/two/v_5000" &
others="$others $!"
await test -S "$run/one/v_5000" -a -S "$run/two/v_5000"
verdict $? "on its host a socket waits that it is not admitted to"
ask two "connect 2 5000"
says "one that is admitted reaches its own" reached
for peer in "2 5000" "3 5000" "$(field two .cid) 7" "$(field two .cid) 7001" "0 9000" "1 7001" \
	"2 9001" "4294967294 1"; do
	ask one "connect $peer"
	no_line "it does not reach $peer" "^reached"
	equal "and is told so" "$(wc -l <out)" 1
done
check "the other does not reach it either" 0 ask two "connect $(field one .cid) 7"
no_line "indeed not" "^reached"
# shellcheck disable=SC2086 # a list
kill $others
others=

# --- from outside ---
qemu=$(field one .processes.QEMU)
ram=
for fd in "/proc/$qemu/fd"/*; do
	case $(readlink "$fd") in */memfd:memory*) ram=$fd ;; esac
done
[ -n "$ram" ]
verdict $? "its memory is a file without a name"
other="setpriv --reuid=54321 --regid=54321 --clear-groups"
# denied NAME COMMAND...: another user's command fails, and root's does not.
denied() {
	name=$1
	shift
	"$@" >"$dir/out" 2>"$dir/err" || {
		verdict 1 "$name: root can"
		return
	}
	# shellcheck disable=SC2086 # words
	! $other "$@" >"$dir/out" 2>"$dir/err"
	verdict $? "$name"
}
if [ "$(id -u)" = 0 ] && $other true 2>/dev/null; then
	denied "others cannot list its folder" ls "$run/one"
	denied "nor talk to it" env "PATH=$PATH" sh -c "echo look | '$cella' enclave connect one 7 \
		--quiet --run-dir '$run' | grep uid"
	denied "nor open its memory" dd if="$ram" of=/dev/null bs=4k count=1 status=none
	denied "nor QEMU's descriptors" ls "/proc/$qemu/fd"
	for name in QEMU cella-vtpm cella-vsock; do
		pid=$(field one ".processes[\"$name\"]")
		denied "nor read the maps of $name" grep -q . "/proc/$pid/maps"
		! $other dd if="/proc/$pid/mem" of=/dev/null count=1 2>err >out
		verdict $? "nor its memory"
	done
	! $other dd if="/proc/$(field one .pid)/mem" of=/dev/null count=1 2>err >out
	verdict $? "nor the supervisor's"
else
	skip "others cannot look into it" "it takes root to be another user"
fi
named=
for fd in "/proc/$qemu/fd"/*; do
	inode=$(readlink "$fd" | sed -n 's/^socket:\[\(.*\)\]$/\1/p')
	[ -z "$inode" ] || named=$named$(awk -v inode="$inode" \
		'$7 == inode && NF > 7 { print $8 }' /proc/net/unix)
done
equal "no socket of QEMU's has a name: its monitor cannot be reached" "$named" ""
equal "it has one monitor" "$(tr '\0' '\n' <"/proc/$qemu/cmdline" | grep -c -e '^-mon$' \
	-e '^-monitor$' -e '^-qmp$' -e '^-gdb$' -e '^-s$' -e '^-vnc$')" 1
strings -n 9 "$build/cellad" 2>/dev/null | sed -n 's/.*"execute":"\([^"]*\)".*/\1/p' | sort |
	tr '\n' ' ' >out
if command -v strings >/dev/null; then
	equal "and three commands are all that is said to it" "$(cat out)" \
		"qmp_capabilities query-status quit "
else
	skip "three commands are all that is said to it" "there is no strings"
fi
if [ "$(field one '.warnings | length')" = 0 ]; then
	equal "QEMU sees its program, libraries and itself" \
		"$(find "/proc/$qemu/root/" -mindepth 1 -maxdepth 1 -printf '%f ' |
			tr ' ' '\n' | sort | grep -v -e '^$' -e '^lib' -e '^nix$' -e '^gnu$' |
			tr '\n' ' ')" "etc proc usr "
	check "not the host's users" 1 test -e "/proc/$qemu/root/etc/passwd"
	check "no other process" 1 test -e "/proc/$qemu/root/proc/1"
	equal "and nothing that it could write to" \
		"$(awk '$2 !~ "^/proc" && $4 !~ /^ro/' "/proc/$qemu/mounts")" ""
	[ "$(readlink "/proc/$qemu/ns/net")" != "$(readlink /proc/self/ns/net)" ]
	verdict $? "its network is not the host's"
else
	skip "QEMU sees its program, libraries and itself" "$(field one '.warnings[0]')"
fi
equal "it has a filter of system calls" \
	"$(awk '/^Seccomp:/ { print $2 }' "/proc/$qemu/status")" 2

# Of a guest that runs, memory has been written: what is looked at below is no accident.
blocks() {
	stat -L -c %b "$1"
}
[ "$(blocks "$ram")" -gt 0 ]
verdict $? "a guest that runs writes to its memory"
check "they stop" 0 enclave stop one two

# --- a TPM that is stopped, and then killed, at a step of the launch ---
mkdir bin
chmod 1777 bin
cp "$build/cellad" "$build/cella-vsock" "$cella" bin
cp "$build/cella-vtpm" bin/vtpm
cp "$stopper" bin/cella-vtpm

find_ram() {
	ram=
	for fd in "/proc/$(field e '.processes.QEMU // empty')/fd"/*; do
		case $(readlink "$fd") in */memfd:memory*) ram=$fd ;; esac
	done
	[ -n "$ram" ]
}

# stop_at STEP: leaves an enclave "e" whose TPM is stopped there.
stop_at() {
	rm -f bin/report
	echo "$1" >bin/step
	bin/cella enclave run --quiet --run-dir "$run" --host "$dir/host" \
		--timeout "$PATIENCE"s --name e --backend tcg probe.eif >run.out 2>run.err &
	starter=$!
	await test -e bin/report
	verdict $? "step $1: the TPM is stopped"
	await find_ram
	verdict $? "QEMU is started"
}

stop_at gate
gate=$(awk '{ print $2 }' bin/report)
for step in gate 1 $((gate / 4)) $((gate / 2)) $((gate * 3 / 4)) $((gate - 1)); do
	[ "$step" = gate ] || stop_at "$step"
	exec 9<"$ram"
	sleep 1 # what ought not to run has time to
	equal "nothing is written to the guest's memory" "$(blocks /proc/self/fd/9)" 0
	equal "it does not run" "$(field e .state)" booting
	kill -9 "$(field e '.processes["cella-vtpm"]')"
	wait "$starter"
	equal "with its TPM killed it does not start" "$?" 3
	cp run.err err
	says "and it is said why" "cella-vtpm: killed by signal 9"
	equal "nothing was ever written to its memory" "$(blocks /proc/self/fd/9)" 0
	exec 9<&-
done
equal "which leaves nothing but a record" "$(find "$run" -mindepth 1 ! -name '*.last.json')" ""

finish
