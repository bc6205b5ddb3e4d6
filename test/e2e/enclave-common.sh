# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2317 # for those who read this; check() calls functions by name
# What tests of enclaves have in common: TAP, an image, starting, waiting.
# Read with $1 CELLA, $2 the folder of programs, $3 the application if there is one.

here=$(realpath "$(dirname "$0")")
# shellcheck source=test/e2e/checks.sh
. "$here/checks.sh"
cella=$(realpath "$1")
build=$(realpath "$2")
application=${3:+$(realpath "$3")}
app=${application##*/}
PATH=$build:$PATH
dir=$(mktemp -d "${TMPDIR:-/tmp}/enclave.XXXXXX")
run=$(mktemp -d /tmp/cella-e2e.XXXXXX) # sockets have short addresses
others="" # processes of the test's own

cleanup() {
	"$cella" enclave stop --all --quiet --run-dir "$run" >/dev/null 2>&1
	# shellcheck disable=SC2086 # a list of words
	[ -z "$others" ] || kill $others 2>/dev/null
	rm -rf "$dir" "$run"
}
trap cleanup EXIT
cd "$dir" || exit 1

# left_out REASON: ends it with what it has found so far.
left_out() {
	echo "# left out: $1"
	finish
}

# check NAME STATUS COMMAND...: that of checks.sh, but the result tells the exit status.
check() {
	name=$1
	expected=$2
	shift 2
	"$@" >"$dir/out" 2>"$dir/err"
	got=$?
	[ "$got" -eq "$expected" ]
	verdict $? "$name (exit $got)"
}

# lacks NAME TEXT: the last command's output and words have it not.
lacks() {
	! cat "$dir/out" "$dir/err" | grep -qF -e "$2"
	verdict $? "$1"
}

# equal NAME ONE OTHER
equal() {
	[ "$2" = "$3" ] || printf 'one:   %s\nother: %s\n' "$2" "$3" >"$dir/out"
	[ "$2" = "$3" ]
	verdict $? "$1"
}

enclave() {
	verb=$1
	shift
	"$cella" enclave "$verb" --run-dir "$run" "$@"
}

start() {
	enclave run --host "$dir/host" --timeout "$PATIENCE" "$@"
}

# field NAME FILTER: of what its supervisor says.
field() {
	enclave list --json | jq -r --arg name "$1" ".[] | select(.name == \$name) | $2"
}

# A zombie that waits for a reaper of this machine is nobody of ours.
gone() {
	for pid in "$@"; do
		case $(sed 's/.*) \(.\).*/\1/' "/proc/$pid/stat" 2>/dev/null) in
		'' | Z | X) ;;
		*) return 1 ;;
		esac
	done
}

# nothing_left PID...: no process of these, no file but records of failures.
nothing_left() {
	await gone "$@" && [ -z "$(find "$run" -mindepth 1 ! -name '*.last.json')" ]
}

# empty: not even those.
empty() {
	[ -z "$(ls -A "$run")" ]
}

# explained NAME CLASS WHAT: the record of its failure is of that class.
explained() {
	enclave explain --json "$1" >"$dir/out" 2>"$dir/err"
	found=$(jq -r '.[0].class' "$dir/out")
	[ "$found" = "$2" ]
	verdict $? "$3: is explained as $2 ($found)"
}

# image OUTPUT ARGUMENT...: builds one.
image() {
	"$cella" enclave build --quiet --kernel "$kernel" --modules "$modules" --output "$@"
}

# kernel_or END: images can be built; else END, which is skip_all or left_out, is told why not.
kernel_or() {
	[ -x "$build/cella-unpack" ] || "$1" "cella-unpack was not built"
	[ -n "${CELLA_KERNEL:-}" ] || "$1" "CELLA_KERNEL names no folder of a kernel"
	kernel=$(find "$CELLA_KERNEL/boot" -name 'vmlinuz-*' | head -n 1)
	modules=$(find "$CELLA_KERNEL/lib/modules" -mindepth 1 -maxdepth 1 | head -n 1)
	[ -f "$kernel" ] || {
		echo "Bail out! CELLA_KERNEL has no kernel: $CELLA_KERNEL"
		exit 1
	}
}

# boot_or END: and they can be booted.
boot_or() {
	for program in qemu-system-x86_64 jq; do
		command -v "$program" >/dev/null || "$1" "there is no $program"
	done
	for program in cellad cella-vtpm cella-vsock cella-init; do
		[ -x "$build/$program" ] || "$1" "$program was not built"
	done
	kernel_or "$1"
}
