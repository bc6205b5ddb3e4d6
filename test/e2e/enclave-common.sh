# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2317 # for those who read this; check() calls functions by name
# What tests of running enclaves have in common: TAP, an image, starting, waiting.
# Read with $1 CELLA, $2 the folder of programs, $3 the application.

cella=$(realpath "$1")
build=$(realpath "$2")
application=$(realpath "$3")
app=${application##*/}
PATH=$build:$PATH
: "${PATIENCE:=240}"
dir=$(mktemp -d "${TMPDIR:-/tmp}/enclave.XXXXXX")
run=$(mktemp -d /tmp/cella-e2e.XXXXXX) # sockets have short addresses
number=0
bad=0
others="" # processes of the test's own

cleanup() {
	"$cella" enclave stop --all --quiet --run-dir "$run" >/dev/null 2>&1
	# shellcheck disable=SC2086 # a list of words
	[ -z "$others" ] || kill $others 2>/dev/null
	rm -rf "$dir" "$run"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM
cd "$dir" || exit 1

verdict() {
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		cat "$dir/out" "$dir/err" 2>/dev/null | cut -c1-300 | head -n 40 | sed 's/^/# /'
		bad=1
	fi
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

# check NAME STATUS COMMAND...: runs it and compares its exit status.
check() {
	name=$1
	expected=$2
	shift 2
	"$@" >"$dir/out" 2>"$dir/err"
	got=$?
	[ "$got" -eq "$expected" ]
	verdict $? "$name (exit $got)"
}

# says NAME TEXT: the last command's output or words have the text.
says() {
	cat "$dir/out" "$dir/err" | grep -qF -e "$2"
	verdict $? "$1"
}

# lacks NAME TEXT: they have not.
lacks() {
	! cat "$dir/out" "$dir/err" | grep -qF -e "$2"
	verdict $? "$1"
}

equal() {
	[ "$2" = "$3" ] || printf 'one:   %s\nother: %s\n' "$2" "$3" >"$dir/out"
	[ "$2" = "$3" ]
	verdict $? "$1"
}

# await COMMAND...: until it succeeds, which nothing but a hang prevents.
await() {
	deadline=$(($(date +%s) + PATIENCE))
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$deadline" ] || return 1
		sleep 0.05
	done
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

gone() {
	for pid in "$@"; do
		! kill -0 "$pid" 2>/dev/null || return 1
	done
}

# But the records of failures.
nothing_left() {
	await gone "$@" && [ -z "$(find "$run" -mindepth 1 ! -name '*.last.json')" ]
}

# image OUTPUT ARGUMENT...: builds one.
image() {
	"$cella" enclave build --quiet --kernel "$kernel" --modules "$modules" --output "$@"
}

command -v qemu-system-x86_64 >/dev/null || skip_all "there is no qemu-system-x86_64"
command -v jq >/dev/null || skip_all "there is no jq"
for program in cellad cella-vtpm cella-vsock cella-init cella-unpack; do
	[ -x "$build/$program" ] || skip_all "$program was not built"
done
[ -n "${CELLA_KERNEL:-}" ] || skip_all "CELLA_KERNEL names no folder of a kernel"
kernel=$(find "$CELLA_KERNEL/boot" -name 'vmlinuz-*' | head -n 1)
modules=$(find "$CELLA_KERNEL/lib/modules" -mindepth 1 -maxdepth 1 | head -n 1)
[ -f "$kernel" ] || skip_all "CELLA_KERNEL has no kernel: $CELLA_KERNEL"
