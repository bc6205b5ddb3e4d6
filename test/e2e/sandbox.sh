#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034,SC2154,SC2317 # inner shells; standin.sh; check() calls
# What cella-fetch cannot do, even when a server has taken it over, and what it still can.
# Usage: sandbox.sh CELLA CAPTURED NSS CALLS; prints TAP. CAPTURED is a libcurl that does
# what it is told, NSS a module of name resolution; CALLS says whether calls are filtered.
set -u

cella=$(realpath "$1")
captured=$(realpath "$2")
nss=$(realpath "$3")
calls=$4
standin=
# shellcheck source=test/e2e/standin.sh
. "$(dirname "$0")/standin.sh"

if [ "$calls" != filtered ]; then
	echo "1..0 # SKIP this build does not filter system calls"
	exit 0
fi

# Somewhere that no system library is: what a user has.
echo secret >"$dir/home/secret"
exec 7>"$dir/inherited"

# deed NAME: what comes of it; one attempt, so that it is done once.
deed() {
	CAPTURED=$1 CAPTURED_PATH=$dir/home/secret LD_PRELOAD=$captured "$cella" \
		collateral fetch --fmspc ce11a0000000 --url https://127.0.0.1:1 --no-cache \
		--timeout 20s
}

for name in run run-in-thread spawn fork write-file remove-file serve trace-parent \
	signal-parent signal-by-file; do
	check "$name" 3 deed "$name"
	says "$name: ends it" "its sandbox forbids"
	says "$name: and what it means" "a defect of cella, or a server's attack on it"
done
says "the call is named" "its sandbox forbids system call "
same "nothing was written" secret "$(cat "$dir/home/secret")"

while IFS='|' read -r name text; do
	check "$name" 3 deed "$name"
	says "$name: fails" "captured: $name: $text"
done <<'ROWS'
write-inherited|Bad file descriptor
sniff|Address family not supported by protocol
make-code|Permission denied
change-code|Permission denied
newest-call|Function not implemented
ROWS
if [ -n "$(getent ahosts localhost 2>/dev/null)" ]; then
	check "resolve" 3 deed resolve
	says "resolve: succeeds" "captured: resolve: done"
else
	skip "resolve" "this machine does not know localhost"
fi
same "what was left open was not written to" "" "$(cat "$dir/inherited")"

# Files that are not the system's, where the kernel can tell (from 5.13 on).
check "a user's file" 3 deed read-file
if grep -q 'captured: landlock: [1-9]' "$dir/err"; then
	says "cannot be read" "captured: read-file: Permission denied"
else
	skip "a user's file cannot be read" "this kernel has no Landlock"
fi

# --- name resolution goes on, with whatever module nsswitch.conf names ---
# resolving COMMAND...: with the module in a system's folder, and a nsswitch.conf that has it.
resolving() {
	echo 'hosts: standin files' >"$dir/nsswitch.conf"
	unshare "$mounts" sh -c '
		mount -t tmpfs none /usr/local/lib && cp "$2" /usr/local/lib/libnss_standin.so.2 &&
			mount --bind "$1" /etc/nsswitch.conf || exit 77
		shift 2
		LD_LIBRARY_PATH=/usr/local/lib "$@"' sh "$dir/nsswitch.conf" "$nss" "$@"
}
by_name() {
	resolving "$cella" collateral fetch --fmspc ce11a0000000 \
		--url "https://$1:1" --no-cache --timeout 20s
}
by_module_that_runs() {
	NSS_STANDIN_RUNS=1 by_name pccs.standin
}
if [ -e /etc/nsswitch.conf ] && resolving true 2>/dev/null; then
	check "a module of name resolution" 3 by_name pccs.standin
	says "resolves" "nobody answers there"
	check "a name that it does not know" 3 by_name other.invalid
	says "is not resolved" "cannot be resolved"
	check "one that runs programs" 3 by_module_that_runs
	says "does not" "its sandbox forbids"
else
	skip "modules of name resolution" "no name spaces here"
fi
finish
