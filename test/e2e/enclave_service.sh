#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # check() calls functions by name
# The service that keeps an enclave running: its file and who may write that, waiting for an
# image, starting it, starting it again, stopping; several at once.
#
# Usage: enclave_service.sh CELLA BUILD APPLICATION; prints TAP. What boots an enclave needs
# QEMU, and in CELLA_KERNEL a folder with boot/vmlinuz-* and lib/modules/* of a kernel.
set -u
# shellcheck source=test/e2e/enclave-common.sh
. "$(dirname "$0")/enclave-common.sh"
command -v jq >/dev/null || skip_all "there is no jq"
umask 022

# becomes NAME COMMAND...: it succeeds sooner or later.
becomes() {
	title=$1
	shift
	await "$@"
	result=$?
	enclave status >"$dir/out" 2>&1
	verdict "$result" "$title"
}

start_service() {
	enclave start --timeout "$PATIENCE" "$@"
}

# service_field FILTER [NAME]: of what a service says.
service_field() {
	enclave status --json ${2:+"$2"} | jq -r "$1"
}

# is FILTER VALUE [NAME]
is() {
	[ "$(service_field "$1" "${3:-}")" = "$2" ]
}

# status_says TEXT [NAME]: the status has the text.
status_says() {
	enclave status ${2:+"$2"} | grep -qF -e "$1"
}

# left: what is in the folder of all, but records of failures.
left() {
	find "$run" -mindepth 1 -maxdepth 1 ! -name '*.last.json' -printf '%f\n'
}

# conf FILE LINE...: a file for a service, with these lines besides.
conf() {
	file=$1
	shift
	{
		echo "# of a test"
		echo "image = $dir/images/image.bin"
		echo "host = $dir/host"
		for line in "$@"; do
			echo "$line"
		done
	} >"$file"
}

# --- its file ---
conf default.conf "restart_delay = 0"
check "without its file a service does not start" 3 start_service --conf "$dir/none.conf"
says "and names what is missing" "$dir/none.conf: is not there"
conf bad.conf "memory = 128"
check "nor with a key that is none" 3 start_service --conf bad.conf
says "and names file, line and key" 'bad.conf:4: "memory" is no key'
conf twice.conf "vcpus = 1" "vcpus = 2"
check "nor with one that stands twice" 3 start_service --conf twice.conf
says "and says where" "twice.conf:5: vcpus: stands in line 4 already"
conf open.conf
chmod g+w open.conf
check "nor with a file that a group may write" 3 start_service --conf open.conf
says "and says what to do" "chmod go-w open.conf"
ln -s default.conf link.conf
check "nor through a symbolic link" 3 start_service --conf link.conf
says "and says so" "is a symbolic link"
mkfifo pipe.conf
check "nor from a pipe" 3 start_service --conf pipe.conf
if [ "$(id -u)" = 0 ]; then
	conf other.conf
	chown 65534 other.conf
	check "nor with another user's file" 3 start_service --conf other.conf
	says "and says whose it is" "belongs to user 65534"
fi
equal "none of them leaves anything" "$(left)" ""
check "none is to be seen" 3 enclave status
says "but that there is none" "default: stopped"

# --- waiting ---
check "with a file in order it starts" 0 start_service --conf default.conf
says "and waits" "default: waiting"
says "having made its host's key" "host-ca.pem"
equal "which is its owner's alone" "$(stat -c %a host)" 700
check "waiting is not running" 3 enclave status
says "and it is said for what" "images/image.bin is not there"
check "it is listed" 0 enclave list
says "as waiting" waiting
check "it can be started again" 0 start_service --conf default.conf
says "without another one" "default: waiting"
conf elsewhere.conf
check "but not by another file" 2 start_service --conf elsewhere.conf
says "which is told" "default: has a service by default.conf already"
service=$(service_field .pid)
mkdir images
printf '.eif' >images/image.bin
becomes "four bytes of an image are none yet" status_says "has 4 bytes so far"
echo "This is no image, but long enough to be told from the beginning of one." >images/image.bin
becomes "what is no image is told" status_says "is no enclave image"
mv images elsewhere
becomes "a folder that is gone is told" status_says "is not there"
mv elsewhere images
rm images/image.bin
conf default.conf "restart_delay = 0" "vcpus = many"
kill -HUP "$service"
becomes "a file with a mistake leaves it as it is" status_says "keeps its settings: default.conf:5"
conf default.conf "restart_delay = 0" "vcpus = 1"
kill -HUP "$service"
becomes "a better one is read" status_says "has read default.conf again"
check "it stops while it waits" 0 enclave stop
check "leaving nothing" 0 nothing_left "$service"
check "it cannot be stopped twice" 3 enclave stop
check "a service starts by its file alone" 2 cellad --service --conf default.conf --vcpus 2
says "which is told" "--vcpus: does not go with --service"
check "an enclave has none" 2 cellad --name one --conf default.conf
says "which is told, too" "--conf: belongs to --service"
equal "a service ends with 0 when it is told to" "$(
	cellad --service --conf default.conf --run-dir "$run" 2>err &
	while ! enclave status | grep -q waiting; do sleep 0.05; done
	kill "$!"
	wait "$!"
	echo $?
)" 0

# --- what it takes to boot one ---
boot_or left_out
[ -x "$build/cella-hello" ] || left_out "cella-hello was not built"

check "an image is built" 0 image app.eif "$application" -- "/$app" serve
check "and described" 0 "$cella" enclave describe --json app.eif
pcr11=$(jq -r '.measurements.vtpm.sha256["11"]' out)
size=$(stat -c %s app.eif)

# --- half an image, and the rest of it ---
start_service --conf default.conf >out 2>err
service=$(service_field .pid)
head -c 1000000 app.eif >images/image.bin
becomes "half an image is waited for" \
	status_says "$((size - 1000000)) of its $size bytes are missing still"
tail -c +1000001 app.eif >>images/image.bin
becomes "once it is whole it runs" is .state running
check "which is success" 0 enclave status
says "with its measurement" "$pcr11"
equal "that of the image" "$(service_field '.predicted_pcrs[11]')" "$pcr11"
check "it is talked to" 0 sh -c "echo hello | $cella enclave connect --run-dir $run default 7"
says "and answers" hello

# --- starting again ---
kill -9 "$(field default .processes.QEMU)"
becomes "when its QEMU is killed it is started again" is '"\(.starts) \(.state)"' "2 running"
equal "and knows why" "$(service_field .cause)" "QEMU: killed by signal 9"
kill -9 "$(field default .pid)"
becomes "so it is when its supervisor is" is '"\(.starts) \(.state)"' "3 running"
says "and knows that, too" "killed by signal 9"
equal "by the same service" "$(service_field .pid)" "$service"
conf default.conf "restart_delay = 0" "memory_mib = 160"
check "it is restarted" 0 enclave restart
equal "as its file says now" "$(service_field .memory_mib)" 160
conf default.conf "restart_delay = 0" "memory_mib = 20"
check "but not with a mistake in it" 2 enclave restart
says "which is told" "memory_mib: 20: expected 96 to"
equal "it runs on" "$(service_field .state)" running
conf default.conf "restart_delay = 0"

# --- several ---
conf second.conf "restart = no"
check "a second one is above the limit" 3 start_service --conf second.conf second
says "which is told with what to do" "1 enclaves run already, and enclaves_max is 1"
check "and kept" 3 enclave status second
says "with the cause" "enclaves_max is 1"
conf second.conf "restart = no" "enclaves_max = 2"
check "the limit can be raised" 0 start_service --conf second.conf second
equal "then both run" "$(service_field .state) $(service_field .state second)" "running running"
kill -9 "$(field second .processes.QEMU)"
becomes "one without restarts fails" is .state failed second
check "which is told" 3 enclave status second
says "with the cause" "QEMU: killed by signal 9"
equal "the other runs" "$(service_field .state)" running

# --- stopping ---
pids=$(field default '.pid, .processes[]')
check "it stops" 0 enclave stop
# shellcheck disable=SC2086
check "and with it everything" 0 await gone "$service" $pids
equal "but what the other said last" "$(left)" .second

# --- images that are refused ---
key() {
	openssl ecparam -name secp384r1 -genkey -noout -out "$1.pem" 2>/dev/null
	chmod 600 "$1.pem"
	openssl req -new -x509 -sha384 -key "$1.pem" -subj "/CN=$1" -days 2 -out "$1.crt" 2>/dev/null
}
key mine
key theirs
mkdir trusted
cp mine.crt trusted
conf default.conf "trusted_signers = $dir/trusted"
check "with trusted signers, it starts" 0 start_service --conf default.conf
becomes "but no image that is not signed" status_says "image: is not signed"
equal "it waits for another" "$(service_field .state)" waiting
# put FILE: as the image, at once.
put() {
	cp "$1" images/new
	mv images/new images/image.bin
}
check "one is signed by somebody" 0 "$cella" enclave sign --quiet --key theirs.pem \
	--cert theirs.crt --output theirs.eif app.eif
put theirs.eif
becomes "who is not trusted" status_says '"theirs" is nobody who is trusted'
"$cella" enclave sign --quiet --key mine.pem --cert mine.crt --output mine.eif app.eif
head -c $((size - 5000)) mine.eif >broken.eif
printf 'XXXX' >>broken.eif
tail -c +$((size - 4995)) mine.eif >>broken.eif
put broken.eif
becomes "a byte that is wrong is told" status_says "crc32"
put mine.eif
becomes "one of a trusted signer runs" is .state running
check "a certificate that others may write" 0 chmod g+w trusted/mine.crt
check "is a mistake" 2 enclave restart
says "which is told" "chmod go-w"
chmod g-w trusted/mine.crt

# --- the default image ---
check "the default image is built" 0 "$cella" enclave build --default --quiet \
	--conf "$dir/default.conf" --kernel "$kernel" --modules "$modules"
becomes "which nobody has signed" status_says "image: is not signed"
conf default.conf "restart_delay = 0"
check "where anybody may sign" 0 enclave restart
becomes "it runs" is .state running
check "it is talked to" 0 sh -c "echo hello | $cella enclave connect --run-dir $run default 7"
says "and answers" hello
head -c 1000000 /dev/urandom >said
check "at length" 0 sh -c "$cella enclave connect --run-dir $run default 7 <said >heard"
check "without a byte lost" 0 cmp said heard
check "it gives evidence" 0 enclave attest default --output default.evm.json
check "which is verified by the key that the service has made" 0 \
	"$cella" verify --quiet default.evm.json --trust-root host/host-ca.pem
conf default.conf "restart_delay = 0" "backend = tcg" "egress = example.org:443" \
	"tpm_state = $dir/tpm"
check "it is restarted with ways out and a TPM that remembers" 0 enclave restart
equal "as its file says" "$(field default '.egress[0], .backend' | tr '\n' ' ')" \
	"example.org:443 tcg "
conf default.conf "restart_delay = 0"
check "and without them again" 0 enclave restart
check "its TPM has been kept" 0 find "$dir/tpm" -name 'default*' -size +0
says "in a file of its name" "$dir/tpm/default"
check "--default takes nothing else" 2 "$cella" enclave build --default "$application"

# --- two at the same time ---
check "it stops for two others" 0 enclave stop
conf twin.conf "restart = no"
start_service --conf twin.conf left >left.out 2>left.err &
one=$!
start_service --conf twin.conf right >right.out 2>right.err
other=$?
wait "$one"
one=$?
equal "of two that start at once, one does" "$((one + other))" 3
cat left.err right.err >err
says "and the other is above the limit" "enclaves_max is 1"
check "the one stops" 0 enclave stop --all
rm -rf "$run"/.left "$run"/.right
check "the default one starts again" 0 start_service --conf default.conf

# --- ends of other kinds ---
pids=$(service_field '.pid, .supervisor')
qemu=$(field default .processes.QEMU)
kill -9 "$(service_field .pid)"
# shellcheck disable=SC2086
check "a service that is killed takes everything with it" 0 await gone $pids "$qemu"
enclave list >out 2>err
equal "and what it left is removed" "$(left)" .second
image exits.eif "$application" -- "/$app" exit 3
put exits.eif
conf default.conf "restart_delay = 0" "restart_max = 1"
start_service --conf default.conf >out 2>err # it may fail before or after it ran
becomes "an application that ends badly is given up" is .state failed
equal "after as many attempts as it may have" "$(service_field .starts)" 2
says "and it is said how it ended" "exited 3"
image done.eif "$application" -- "/$app" exit 0
put done.eif
start_service --conf default.conf >out 2>err
await is .state stopped
check "one whose work is done is not started again" 0 test ! -e "$run/.default"

finish
