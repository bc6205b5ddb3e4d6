#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # check() calls functions by name
# What an enclave does to itself, and what befalls its processes, in every state: the host
# goes on, nothing is left, the cause is told, and the next of its name starts.
#
# Usage: enclave_faults.sh CELLA BUILD APPLICATION; prints TAP. CELLA_KERNEL names a folder
# with boot/vmlinuz-* and lib/modules/* of a kernel.
set -u

# shellcheck source=test/e2e/enclave-common.sh
. "$(dirname "$0")/enclave-common.sh"
boot_or skip_all
mkdir "$dir/host"
"$cella" enclave init-host --quiet "$dir/host" >"$dir/out" || exit 1

# --- guests that end themselves ---
image fault.eif --log full "$application" -- "/$app"
check "an image of an application that misbehaves" 0 test -s fault.eif

# obey ACT: the guest of "fault" does that to its machine.
obey() {
	echo "$1" | timeout "$PATIENCE" "$cella" enclave connect --run-dir "$run" fault 7 \
		>"$dir/obeyed" 2>&1
}

# listens: the application of "fault" does, which may be later than its enclave's start.
listens() {
	obey nothing && grep -q 'done' "$dir/obeyed"
}

# guest ACT CLASS: it runs, does that, and its end is told so.
guest() {
	start --name fault fault.eif >out 2>err
	verdict $? "an enclave that will $1 starts"
	pids=$(field fault '.pid, .processes[]')
	await listens
	obey "$1" &
	# shellcheck disable=SC2086 # numbers
	await gone $pids
	verdict $? "its end is that of all its processes"
	wait
	explained fault "$2" "$1"
	# shellcheck disable=SC2086
	check "nothing is left of it" 0 nothing_left $pids
}

for act in reboot off panic reset; do
	guest "$act" guest-ended
done
guest sleep suspended
guest sleep-port suspended

# --- a guest that floods, and one that does not mind being asked to end ---
start --name fault fault.eif >out 2>err
verdict $? "an enclave that will flood starts"
await listens
check "it does" 0 obey flood
equal "and still runs" "$(field fault .state)" running
check "its log is read" 0 enclave logs fault
equal "64 KiB of it" "$(wc -c <out)" 65536
obey stubborn
check "it stops nevertheless" 0 enclave stop fault
check "leaving nothing, not even a record" 0 empty

# --- each process, killed in each state ---
# state NAME: what the supervisor of "fault" is in.
is_state() {
	[ "$(field fault .state)" = "$1" ]
}

process() {
	if [ "$1" = cellad ]; then
		field fault .pid
	else
		field fault ".processes[\"$1\"] // empty"
	fi
}

# QEMU is halted, so that the state stays what it is.
halt_qemu() {
	await process_there QEMU && kill -STOP "$(process QEMU)"
}

process_there() {
	[ -n "$(process "$1")" ]
}

# gone_with VICTIM STATE: that one is killed; what is told, and that nothing is left.
gone_with() {
	pids=$(field fault '.pid, .processes[]')
	kill -9 "$(process "$1")"
	# shellcheck disable=SC2086
	await gone $pids
	verdict $? "$2: the end of $1 is that of all"
	wait
	check "$2: what is left of it goes" 0 enclave list
	case $1 in
	cellad) explained fault supervisor-lost "$2: $1" ;;
	*) explained fault killed "$2: $1" ;;
	esac
	# shellcheck disable=SC2086
	check "$2: nothing is left" 0 nothing_left $pids
}

for victim in cella-vtpm cella-vsock QEMU cellad; do
	start --name fault fault.eif >out 2>err &
	halt_qemu
	is_state booting
	verdict $? "an enclave to lose its $victim boots"
	gone_with "$victim" booting

	start --name fault fault.eif >out 2>err
	verdict $? "another starts under the same name"
	gone_with "$victim" running
done
for victim in cella-vtpm cella-vsock QEMU cellad; do
	start --name fault fault.eif >out 2>err
	halt_qemu
	enclave stop fault >out 2>err &
	await is_state stopping
	verdict $? "an enclave to lose its $victim is being stopped"
	pids=$(field fault '.pid, .processes[]')
	kill -9 "$(process "$victim")"
	# shellcheck disable=SC2086
	await gone $pids
	verdict $? "stopping: the end of $victim is that of all"
	wait
	check "stopping: what is left of it goes" 0 enclave list
	# shellcheck disable=SC2086
	check "stopping: nothing is left" 0 nothing_left $pids
done

# --- the supervisor, killed at any moment of its beginning ---
for delay in 0 0.02 0.05 0.1 0.15 0.2 0.3 0.5; do
	"$build/cellad" --name fault --image fault.eif --host "$dir/host" --run-dir "$run" \
		2>"$dir/err" &
	supervisor=$!
	sleep "$delay"
	kill -STOP "$supervisor"
	pids=$(ps -o pid= --ppid "$supervisor")
	kill -9 "$supervisor"
	wait "$supervisor" 2>/dev/null
	# shellcheck disable=SC2086
	await gone $pids
	verdict $? "killed after $delay s, the supervisor leaves no process"
	check "and its folder goes" 0 enclave list
	check "with all that was in it" 0 nothing_left
done

# --- killed as a whole ---
start --name fault fault.eif >out 2>err
pids=$(field fault '.pid, .processes[]')
# shellcheck disable=SC2086
kill -9 $pids
# shellcheck disable=SC2086
await gone $pids
check "the folder of an enclave whose processes were all killed is there" 0 test -e "$run/fault/v"
check "the next of its name starts there" 0 start --name fault fault.eif
explained fault supervisor-lost "all at once"
check "and stops" 0 enclave stop fault
check "leaving nothing at all" 0 empty

finish
