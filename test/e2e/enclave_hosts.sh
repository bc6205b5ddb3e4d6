#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # check() calls functions by name
# Hosts that are not as they should be: without room, with low limits, with files of others;
# and images that change while they are read. What cannot be started is told, and leaves
# nothing.
#
# Usage: enclave_hosts.sh CELLA BUILD APPLICATION; prints TAP. CELLA_KERNEL names a folder
# with boot/vmlinuz-* and lib/modules/* of a kernel.
set -u

# shellcheck source=test/e2e/enclave-common.sh
. "$(dirname "$0")/enclave-common.sh"
boot_or skip_all
mkdir "$dir/host"
"$cella" enclave init-host --quiet "$dir/host" >"$dir/out" || exit 1

image one.eif "$application" -- "/$app"
image two.eif "$application" -- "/$app" two

# limited LIMIT VALUE: starts one with that limit; "ran", or why not, where nothing is left.
limited() {
	(
		ulimit "$1" "$2" && exec timeout "$PATIENCE" "$cella" enclave run --quiet \
			--run-dir "$run" --host "$dir/host" --name limited one.eif
	) >out 2>err
	case $? in
	0)
		enclave stop limited >stop.out 2>stop.err && echo ran
		;;
	3) tail -n 1 err ;;
	*) echo "exit $?" ;;
	esac
}

# --- limits ---
told=$(limited -f 100)
echo "$told" >out
says "a limit of file sizes is told" "File too large"
explained limited host-limit "a limit of file sizes"
check "which leaves nothing" 0 nothing_left
for num in 4 8 12 16 20 24 28; do
	told=$(limited -n "$num")
	case $told in
	ran | *'open files'* | *'error while loading'* | *descriptor*) true ;;
	*) echo "$told" >out && false ;;
	esac
	verdict $? "$num descriptors: $told"
	check "leave nothing" 0 nothing_left
done

# --- files of others, and such as are none ---
chmod 755 "$run"
check "a run folder that others may enter is refused" 3 start one.eif
says "with what it should be" 0700
chmod 700 "$run"
cp -r host open
chmod 644 open/host-key.pem
check "a key that others may read is refused" 3 enclave run --host open one.eif
check "so is a folder without a key" 3 enclave run --host "$run" one.eif
says "and it is said how one is made" "'cella enclave init-host $run' makes one"
mkfifo pipe
check "a pipe is no image, and is not waited for" 3 start --name pipe pipe
check "nor is a folder" 3 start --name folder "$dir/host"
: >nothing
check "nor an empty file" 3 start --name nothing nothing
check "which leaves nothing" 0 nothing_left
mkdir "$run/one"
echo 1 >"$run/one/control"
mkdir "$run/one/v"
check "a folder in place of a socket is refused" 3 start one.eif
rm -rf "$run/one"
echo left >"$run/one"
check "so is a file in place of the folder" 3 start one.eif
rm -f "$run/one"

# --- no room ---
# In namespaces of its own, a run folder of so many files.
in_small() {
	# shellcheck disable=SC2016 # for the shell inside
	unshare --mount --map-root-user sh -ec '
		mount -t tmpfs -o "nr_inodes=$1,mode=0700" small "$2"
		shift 2
		exec "$@"' small "$1" "$run" sh -c "$2"
}
if unshare --mount --map-root-user true 2>/dev/null; then
	for num in 2 3 4 5; do
		in_small "$num" "
			'$cella' enclave run --run-dir '$run' --host '$dir/host' one.eif
			echo \"exit \$?\"
			ls -A '$run'" >out 2>err
		says "room for $num files: it does not start" "exit 3"
		says "which is told" "No space left on device"
		! grep -qv -e '^exit 3$' -e '^one.last.json$' out
		verdict $? "and nothing is left"
	done
else
	skip "no room" "there are no namespaces to be had"
fi

# --- images that change ---
# Whoever changes an image while it is read has one of the two started, or none.
swap() {
	while :; do
		dd if=two.eif of=swapped.eif bs=1M conv=notrunc 2>/dev/null
		dd if=one.eif of=swapped.eif bs=1M conv=notrunc 2>/dev/null
	done
}
measured() {
	"$cella" enclave describe --json --cpus 1 --memory 128 "$1" 2>/dev/null |
		jq -r '.measurements.vtpm.sha256["11"]'
}
one=$(measured one.eif)
two=$(measured two.eif)
[ "$one" != "$two" ]
verdict $? "two images measure differently"
cp one.eif swapped.eif
swap &
swapper=$!
for try in 1 2 3; do
	if start --json swapped.eif >out 2>err; then
		found=$(jq -r '.predicted_pcrs[11]' out)
		[ "$found" = "$one" ] || [ "$found" = "$two" ]
		verdict $? "try $try: what started is one of them"
		enclave attest swapped --nonce 0011223344556677 --output evidence.json >out 2>err
		equal "and was measured so" "$(jq -r '.pcrs[11]' evidence.json)" "$found"
		enclave stop swapped >out 2>err
	else
		says "try $try: what is neither is refused" "crc32"
	fi
done
kill "$swapper"
wait "$swapper" 2>/dev/null
(
	sleep 0.05
	: >swapped.eif
) &
start swapped.eif >out 2>err
case $? in
0) enclave stop swapped >out 2>err ;;
3) says "an image that is cut off while it is read is refused" "eif" ;;
*) verdict 1 "an image that is cut off" ;;
esac
wait
check "nothing is left of them" 0 nothing_left

finish
