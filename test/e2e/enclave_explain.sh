#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # check() calls functions by name
# What makes an enclave fail, and whether it is explained as that.
#
# Usage: enclave_explain.sh CELLA BUILD APPLICATION; prints TAP. CELLA_KERNEL names a folder
# with boot/vmlinuz-* and lib/modules/* of a kernel.
set -u

# shellcheck source=test/e2e/enclave-common.sh
. "$(dirname "$0")/enclave-common.sh"
boot_or skip_all
mkdir "$dir/host"
"$cella" enclave init-host --quiet "$dir/host" >"$dir/out" || exit 1
chmod 711 "$dir" # QEMU, whose stand-ins are below, is another user's

# fails NAME CLASS RUN-ARGUMENT...: it does not start, and is explained as that class.
fails() {
	what=$1
	class=$2
	shift 2
	start --name fails "$@" >out 2>err
	[ $? -eq 3 ]
	verdict $? "$what: it does not start"
	explained fails "$class" "$what"
	check "$what: nothing is left" 0 nothing_left
}

# mend IMAGE: sets the checksum of a file that was changed.
mend() {
	crc=$({ head -c 544 "$1" && tail -c +549 "$1"; } | gzip -c | tail -c 8 | head -c 4 |
		od -An -to1 | awk '{ print "\\" $4 "\\" $3 "\\" $2 "\\" $1 }')
	# shellcheck disable=SC2059 # escapes are meant
	printf "$crc" | dd of="$1" bs=1 seek=544 conv=notrunc 2>/dev/null
}

# --- before there is a guest ---
check "nothing is known at first" 0 enclave explain
says "and it is said so" "no failure is known"
check "nor of a name" 3 enclave explain fails
image good.eif "$application" -- "/$app"
head -c 100000 good.eif >half.eif
fails "half an image" image-broken half.eif
cp good.eif torn.eif
printf 'x' | dd of=torn.eif bs=1 seek=5000000 conv=notrunc 2>/dev/null
fails "an image with another byte" image-broken torn.eif
fails "another file" image-broken "$0"
(
	openssl ecparam -name secp384r1 -genkey -noout -out key.pem && chmod 600 key.pem &&
		openssl req -new -x509 -sha384 -key key.pem -subj /CN=me -days 2 -out cert.pem
) >out 2>err
check "an image is signed" 0 "$cella" enclave sign --quiet good.eif --key key.pem \
	--cert cert.pem -o signed.eif
cp signed.eif swapped.eif
printf 'x' | dd of=swapped.eif bs=1 seek=5000000 conv=notrunc 2>/dev/null
mend swapped.eif
check "and changed, with a good checksum" 1 "$cella" enclave describe --quiet swapped.eif
fails "an image that was changed after it was signed" bad-signature swapped.eif
fails "no QEMU" program-missing good.eif --qemu "$dir/nothing"
check "who fails is told where more is said" 3 start --name fails good.eif --memory 97
says "by the command" "'cella enclave explain fails --run-dir $run' says more"
check "who asks for it later, too" 3 enclave attest fails
says "by its name" "'cella enclave explain fails' tells how it failed"
check "what is mistyped leaves no record" 2 start --name typed good.eif --memory 5
lacks "and is not explained" "enclave explain"
says "but named" "cella enclave run: --memory: expected 96 to"
check "so is what QEMU is not asked for" 2 start --name typed good.eif --cpus 65
says "by its own name" "--cpus: expected 1 to 64"
check "and a way in" 2 start --name typed good.eif --forward 80
check "and a way out" 2 start --name typed good.eif --egress a.example
fails "more memory than there can be" resources good.eif --memory 1048576
fails "less memory than the image needs" resources good.eif --memory 97
fails "a QEMU that is none" qemu-refuses good.eif --qemu "$application"
cp "$application" idle
start --name fails good.eif --qemu "$dir/idle" --timeout 1 >out 2>err
explained fails not-measured "a QEMU that does nothing"
check "which nothing is left of" 0 nothing_left
"$here/../fuzz/kernel.sh" >vmlinuz
"$cella" enclave build --quiet --kernel vmlinuz --output kernel.eif "$application" -- "/$app"
fails "a kernel that is none" kernel-refused kernel.eif

# --- with a guest ---
echo nothing >init
chmod 755 init
image noinit.eif --init init "$application" -- "/$app"
fails "no init" kernel-no-init --debug noinit.eif
check "as text" 0 enclave explain fails
says "it is told what shows it" "Kernel panic - not syncing: No working init found"
check "the record says it elsewhere, too" 0 "$cella" enclave explain \
	--record "$run/fails.last.json"
says "by its class" kernel-no-init
equal "it is its owner's alone" "$(stat -c %a "$run/fails.last.json")" 600
fails "no init, and no console" no-driver noinit.eif
check "of which nothing is told" 0 enclave explain --json fails
equal "but codes" "$(jq -r '.[0] | has("console")' out)" false

image hang.eif --init "$application" "$application" -- "/$app"
start --name fails hang.eif --timeout 10 >out 2>err
explained fails boot-hangs "a guest that never beats"
check "nothing is left of it" 0 nothing_left

mkdir tree
head -c 1000 /dev/urandom >tree/program
chmod 755 tree/program
image program.eif tree -- /program
fails "a program that is none" init-application program.eif

cp -r "$modules" modules
module=$(find modules -name 'virtio-rng.ko' -o -name 'virtio_rng.ko' | head -n 1)
printf '%2000s' '' | dd of="$module" bs=1 seek=64 conv=notrunc 2>/dev/null
modules=$dir/modules
image module.eif "$application" -- "/$app"
fails "a module that is broken" init-module module.eif

# --- what is known of it ---
check "all that fail are explained" 0 enclave explain
check "until one of the name ends well" 0 start --name fails good.eif
check "while it runs, the last failure is known" 0 enclave explain fails
check "it is stopped" 0 enclave stop fails
check "then it is not" 3 enclave explain fails
check "all classes are told" 0 "$cella" enclave explain --list
says "by what they are matched" 'matched   while preparing: the cause has "eif:"'
check "one thing is asked at a time" 2 enclave explain fails --list
check "leaving nothing" 0 empty

finish
