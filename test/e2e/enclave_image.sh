#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # check() calls functions by name
# Enclave images on the command line: built of every kind of source, the same bytes whoever
# builds them, signed, described, compared, and read by others.
# Usage: enclave_image.sh CELLA; prints TAP. The kernel is a made one: nothing is booted.
set -u

cella=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
cd "$dir" || exit 1
# shellcheck source=test/e2e/checks.sh
. "$here/checks.sh"

# --- a kernel and modules, made here ---
# at FILE OFFSET BYTES: writes bytes, which are a printf format, into a file.
at() {
	# shellcheck disable=SC2059 # octal escapes
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
# module NAME DEPENDS RELEASE
module() {
	{
		echo 'static const char depends[] __attribute__((section(".modinfo"), used)) ='
		echo "\"depends=$2\";"
		echo 'static const char magic[] __attribute__((section(".modinfo"), used)) ='
		echo "\"vermagic=$3 SMP mod_unload \";"
	} | cc -x c -c -o "modules/kernel/$1.ko" -
}
"$here/../fuzz/kernel.sh" 6.1.0-test >vmlinuz
mkdir -p modules/kernel
module virtio_ring '' 6.1.0-test
module virtio virtio_ring 6.1.0-test
module virtio_pci virtio,virtio_ring 6.1.0-test
module vsock '' 6.1.0-test
module vmw_vsock_virtio_transport vsock,virtio,virtio_ring 6.1.0-test
module virtio-rng virtio 6.1.0-test
module extra virtio-rng 6.1.0-test
module foreign '' 6.2.0-other
printf 'kernel/drivers/char/tpm/tpm_%s.ko\n' crb tis >modules/modules.builtin
echo 'int main(void) { return 0; }' | cc -x c -static -o program - || exit 1
echo 'int main(void) { return 0; }' | cc -x c -o dynamic -
printf '#!/bin/sh\n' >init

build() {
	"$cella" enclave build --kernel vmlinuz --modules modules --init init "$@"
}

# --- a program ---
check "of a static program" 0 build program -o a.eif
says "how much memory it needs" "MiB of memory"
check "it is described" 0 "$cella" enclave describe a.eif
says "its kernel" "6.1.0-test"
says "what it starts" "starts         /program"
says "that nobody signed it" "signature: none"
says "PCR11" "PCR11 whole image"
says "PCR13 is not guessed" "depends on --cpus and --memory"
check "with a configuration" 0 "$cella" enclave describe a.eif --cpus 2 --memory 256
"$cella" enclave describe a.eif --cpus 2 --memory 256 --debug >debug
! cmp -s out debug
verdict $? "a launch for debugging is told"
grep -q "warning: a launch for debugging" debug
verdict $? "with a warning"
check "half a configuration is none" 2 "$cella" enclave describe a.eif --memory 256
says "and what is missing is named" "--memory needs --cpus"
check "nor is debugging" 2 "$cella" enclave describe a.eif --debug
says "which needs both" "--debug needs --cpus and --memory"
check "a trust domain has a firmware" 2 "$cella" enclave describe a.eif --backend tdx
says "which is asked for" "--backend tdx needs --firmware"
check "others have none" 2 "$cella" enclave describe a.eif --firmware a.eif
says "which is said" "--firmware belongs to --backend tdx"
check "cella inspect knows images" 0 "$cella" inspect a.eif
says "by their content" "enclave image, version 4"
check "a program with libraries" 3 build dynamic -o x.eif
says "is refused with what to do" "link it statically"
check "modules in their order" 0 "$cella" enclave describe --json a.eif
jq -r '.guest.modules[]' out | sed 's|/cella/modules/||' | tr '\n' ' ' >order
[ "$(cat order)" = "virtio_ring.ko virtio.ko virtio_pci.ko vsock.ko vmw_vsock_virtio_transport.ko virtio_rng.ko " ]
verdict $? "each behind those it needs: $(cat order)"
check "another module" 0 build program --module extra -o extra.eif
check "one that is not there" 3 build program --module nowhere -o x.eif
says "is named" "no module nowhere"
check "one of another kernel" 3 build program --module foreign -o x.eif
says "is refused" "is for the kernel 6.2.0-other, not 6.1.0-test"
check "a module that is built in" 0 build program --module tpm-crb -o x.eif

for tool in xz zstd; do
	if ! command -v $tool >/dev/null; then
		skip "modules that $tool compressed" "there is no $tool"
		continue
	fi
	cp -r modules compressed
	(cd compressed/kernel && $tool -q extra.ko virtio-rng.ko && rm -f extra.ko virtio-rng.ko)
	check "modules that $tool compressed" 0 "$cella" enclave build --kernel vmlinuz \
		--modules compressed --init init program --module extra -o x.eif
	check "make the same image" 0 cmp x.eif extra.eif
	rm -r compressed
done

# --- a directory ---
mkdir -p tree/bin tree/etc/empty
cp program tree/bin/server
ln -s bin/server tree/start
echo 'port 1' >tree/etc/server.conf
check "a directory says nothing to start" 2 build tree -o b.eif
says "which is said" "give a command after --"
check "of a directory" 0 build tree -o b.eif -e A=1 --cwd /etc -- /bin/server --port 1
check "what it starts" 0 "$cella" enclave describe --json b.eif
jq -e '.guest.application == {"argv": ["/bin/server", "--port", "1"], "env": ["A=1"],
	"cwd": "/etc", "root": "/rootfs", "uid": 0, "gid": 0}' out >/dev/null
verdict $? "command, environment, directory"
mkfifo tree/pipe
check "a pipe in it" 3 build tree -o x.eif -- /bin/server
says "is named" "pipe: a device, pipe or socket"
rm tree/pipe

check "a command that is not there" 3 build tree -o x.eif -- /bin/nothing
says "is named" "/bin/nothing: is not among the application's files"
check "nor in PATH" 3 build tree -o x.eif -e PATH=/etc:/usr/bin -- server
check "found in PATH" 0 build tree -o x.eif -e PATH=/etc:/bin -- server
check "found by a link" 0 build tree -o x.eif -- /start
check "found where it starts" 0 build tree -o x.eif --cwd /bin -- ./server
check "a file that is no program" 3 build tree -o x.eif -- /etc/server.conf
says "is named" "may not be executed"
check "a directory to start in is made" 0 build tree -o x.eif --cwd /var/run -- /bin/server
check "a file is none" 3 build tree -o x.eif --cwd /etc/server.conf -- /bin/server
cp dynamic tree/bin/dynamic
printf '#! /bin/interpreter -x\n' >tree/bin/script
chmod 755 tree/bin/script
check "a program without its loader" 3 build tree -o x.eif -- /bin/dynamic
says "is told what it needs" "/bin/dynamic needs /lib"
check "a script without its interpreter" 3 build tree -o x.eif -- /bin/script
says "is told, too" "/bin/script needs /bin/interpreter"
cp program tree/bin/interpreter
check "and with it" 0 build tree -o x.eif -- /bin/script
rm tree/bin/dynamic tree/bin/script tree/bin/interpreter
head -c 100000 /dev/zero | tr '\0' x >long
check "an environment that is too long" 3 build tree -o x.eif -e "A=$(cat long)" \
	-e "B=$(cat long)" -e "C=$(cat long)" -- /bin/server
says "for the guest to read" "guest.json has 30"
check "an image within its source" 2 build tree -o tree/etc/x.eif -- /bin/server
says "is refused" "of which it is made"

# --- the same bytes ---
mkdir elsewhere
(umask 077 && cp -r tree elsewhere/another-name && cp -r modules vmlinuz init elsewhere)
chmod -R u=rwX,go= elsewhere/another-name
touch -d 2001-01-01 elsewhere/another-name/etc/server.conf elsewhere/another-name
cd elsewhere || exit 1
(
	umask 027
	export TZ=Asia/Tokyo LC_ALL=C.UTF-8 SOURCE_DATE_EPOCH=1234567890
	build another-name -o b.eif -e A=1 --cwd /etc -- /bin/server --port 1
) >"$dir/out" 2>"$dir/err"
cd "$dir" || exit 1
check "elsewhere, at another time, in other surroundings" 0 cmp b.eif elsewhere/b.eif
nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}
mkdir -m 777 nobodys
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && nobody test -x "$cella" &&
	nobody test -w "$dir/nobodys"; then
	(cd nobodys && cp -r ../tree ../modules ../vmlinuz ../init . && chown -R 65534:65534 . &&
		nobody "$cella" enclave build --kernel vmlinuz --modules modules --init init \
			tree -o b.eif -e A=1 --cwd /etc -- /bin/server --port 1) >out 2>err
	check "as another user" 0 cmp b.eif nobodys/b.eif
	check "who has no folder for a host's key yet gets one" 0 nobody env -u XDG_DATA_HOME \
		HOME="$dir/nobodys" "$cella" enclave init-host
	check "with the key" 0 test -f nobodys/.local/share/cella/host-key.pem
else
	skip "as another user" "only root can become one, who must reach the program"
fi

# --- container images ---
mkdir -p saved/layer1 saved/layer2 files1/etc files1/bin files2/bin
cp program files1/bin/server
echo old >files1/etc/old
: >files2/bin/.wh.nothing
mkdir files2/etc && : >files2/etc/.wh.old
echo new >files2/etc/new
tar -C files1 -cf saved/layer1/layer.tar .
tar -C files2 -czf saved/layer2/layer.tar .
cat >saved/config.json <<'JSON'
{"architecture": "amd64", "os": "linux",
 "config": {"Entrypoint": ["/bin/server"], "Cmd": ["-v"], "Env": ["PATH=/bin"]}}
JSON
cat >saved/manifest.json <<'JSON'
[{"Config": "config.json", "RepoTags": ["a:b"],
  "Layers": ["layer1/layer.tar", "layer2/layer.tar"]}]
JSON
tar -C saved -cf saved.tar config.json manifest.json layer1 layer2
check "of a saved image" 0 build saved.tar -o c.eif
check "it is described" 0 "$cella" enclave describe --json c.eif
jq -e '.guest.application.argv == ["/bin/server", "-v"]' out >/dev/null
verdict $? "by its own command"
check "with another environment" 0 build saved.tar -e PATH=/sbin:/bin -e B=2 -o e.eif
"$cella" enclave describe --json e.eif | jq -e '.guest.application.env ==
	["PATH=/sbin:/bin", "B=2"]' >out
verdict $? "in the place of the image's own"
blob() {
	sum=$(sha256sum <"$1" | cut -c1-64)
	cp "$1" "layout/blobs/sha256/$sum"
	echo "sha256:$sum"
}
mkdir -p layout/blobs/sha256
echo '{"imageLayoutVersion": "1.0.0"}' >layout/oci-layout
cat >one.json <<JSON
{"schemaVersion": 2, "config": {"digest": "$(blob saved/config.json)"},
 "layers": [{"digest": "$(blob saved/layer1/layer.tar)"},
            {"digest": "$(blob saved/layer2/layer.tar)"}]}
JSON
echo "{\"schemaVersion\": 2, \"manifests\": [{\"digest\": \"$(blob one.json)\"}]}" \
	>layout/index.json
check "of an OCI layout" 0 build layout -o d.eif
check "the same image, whatever it comes in" 0 cmp c.eif d.eif
tar -C layout -czf layout.tar.gz .
check "of a layout in an archive" 0 build layout.tar.gz -o d.eif
check "the same again" 0 cmp c.eif d.eif
echo 'not an archive' >junk
check "of something else" 3 build junk -o x.eif
says "which is named" "junk"
tar -C files1 -cf files.tar .
check "of an archive of files" 3 build files.tar -o x.eif
says "which is no image" "neither an OCI image layout nor a saved image"
mkfifo waiting
check "a pipe is not waited for" 3 build waiting -o x.eif

# --- who reads archives ---
unpack=$(dirname "$cella")/cella-unpack
head -c 1000000 /dev/zero >zeros
tar -cf zeros.tar zeros
mkfifo told
exec 7>inherited
"$unpack" tar 0 "$(wc -c <zeros.tar)" <zeros.tar >told 2>err &
reader=$!
exec 3<told
# What it tells first, it tells behind its filter; the rest waits to be read.
head -c 1 <&3 >out
grep -E '^(Seccomp|NoNewPrivs):' "/proc/$reader/status" | tr -s '\t\n' '  ' >out
[ "$(cat out)" = "NoNewPrivs: 1 Seccomp: 2 " ]
verdict $? "foreign archives are read behind a filter: $(cat out)"
if [ "$(id -u)" -eq 0 ]; then # nobody else may look into a process that is not dumpable
	same "with its own descriptors alone" "0 1 2" "$(cd "/proc/$reader/fd" && echo *)"
fi
exec 3<&- 7>&-
wait "$reader" 2>/dev/null
check "it gets descriptors, no names" 2 "$unpack" tar zeros.tar
# raw BYTES: reads so many, compressed, as a module's.
raw() {
	head -c "$1" /dev/zero | gzip -1 >zeros.gz
	"$unpack" raw 0 "$(wc -c <zeros.gz)" <zeros.gz
}
check "a module" 0 raw 67108864
check "one that is too large" 0 raw 67108865
says "is not kept until its end" "a file that is too large"

# --- a kernel's package ---
mkdir -p package/boot package/lib/modules/6.1.0-test
cp vmlinuz package/boot/vmlinuz-6.1.0-test
cp -r modules/. package/lib/modules/6.1.0-test
tar -C package -czf data.tar.gz .
echo 2.0 >debian-binary
tar -czf control.tar.gz -T /dev/null
ar rc linux-image.deb debian-binary control.tar.gz data.tar.gz
check "with a package's kernel" 0 "$cella" enclave build program -o e.eif --init init \
	--kernel-deb linux-image.deb
check "the same image" 0 cmp a.eif e.eif
check "no package" 3 "$cella" enclave build program -o x.eif --init init --kernel-deb junk
check "no kernel" 3 "$cella" enclave build program -o x.eif --init init --kernel junk
mkdir empty
check "no modules where they should be" 3 "$cella" enclave build program -o x.eif --init init \
	--kernel vmlinuz --modules empty
says "which is said" "empty: has no modules of a kernel"
check "a kernel that is to have all built in" 0 "$cella" enclave build program -o x.eif \
	--init init --kernel vmlinuz
says "is warned of" "warning: no modules"
check "what is neither a program nor an archive" 3 build vmlinuz -o x.eif
says "is told what would be" "vmlinuz: is neither a program (ELF) nor an archive"
tar -cf plain.tar program
check "an archive that is no image" 3 build plain.tar -o x.eif
says "is named" "plain.tar: is neither an OCI image layout nor a saved image"
check "an image of Docker's that is no file" 3 build hello:latest -o x.eif
says "and how it becomes one" "docker save hello:latest -o image.tar"
check "without apt" 3 env PATH="$dir/empty" XDG_CACHE_HOME="$dir/cache" "$cella" enclave build \
	program -o x.eif --init init
says "it is said what to do" "--kernel-deb"

# --- signing ---
for name in signer other; do
	openssl ecparam -name secp384r1 -genkey -noout -out $name.key 2>/dev/null
	chmod 600 $name.key
	openssl req -new -x509 -sha384 -key $name.key -subj "/CN=$name" -days 30 \
		-out $name.pem 2>/dev/null
done
check "signed" 0 "$cella" enclave sign a.eif --key signer.key --cert signer.pem -o s.eif
check "it holds" 0 "$cella" enclave describe s.eif --signer signer.pem
says "and who it was" 'by "signer", ES384'
check "not by another" 1 "$cella" enclave describe s.eif --signer other.pem
says "which is said" "nobody who is trusted"
check "no signature where one is wanted" 1 "$cella" enclave describe a.eif --signer signer.pem
check "not when the certificate has expired" 1 "$cella" enclave describe s.eif \
	--time 2099-01-01
says "since when" "expired on"
check "what expires is not signed with" 2 "$cella" enclave sign a.eif --key signer.key \
	--cert signer.pem --time 2099-01-01 -o x.eif
check "nor what is another's" 2 "$cella" enclave sign a.eif --key signer.key \
	--cert other.pem -o x.eif
chmod 644 other.key
check "nor with a key that others read" 3 "$cella" enclave sign a.eif --key other.key \
	--cert other.pem -o x.eif
chmod 600 other.key
check "signed again by somebody else" 0 "$cella" enclave sign s.eif --key other.key \
	--cert other.pem
check "it is his now" 0 "$cella" enclave describe s.eif --signer other.pem
check "signed as it is built" 0 build program -o t.eif --sign-key signer.key \
	--sign-cert signer.pem
check "by him" 0 "$cella" enclave describe t.eif --signer signer.pem
openssl req -new -key other.key -subj /CN=leaf 2>/dev/null |
	openssl x509 -req -sha384 -CA signer.pem -CAkey signer.key -CAcreateserial -days 1 \
		-out leaf.pem 2>/dev/null
check "by somebody whom an authority certifies" 0 "$cella" enclave sign a.eif \
	--key other.key --cert leaf.pem -o l.eif
check "who trusts the authority trusts him" 0 "$cella" enclave describe l.eif \
	--signer signer.pem

# --- differences ---
check "the same" 0 "$cella" enclave diff a.eif e.eif
says "it says" "the files are the same"
check "another signer" 1 "$cella" enclave diff a.eif s.eif
says "is named" "second: other"
echo 'port 2' >tree/etc/server.conf
build tree -o f.eif --append quiet -e A=1 --cwd /etc -- /bin/server --port 1 >/dev/null 2>&1
check "another file" 1 "$cella" enclave diff b.eif f.eif
says "is named" "rootfs/etc/server.conf: other contents"
says "and the command line" "command line  PCR8  DIFFERS"
check "for programs" 1 "$cella" enclave diff --json b.eif f.eif
jq -e '[.components[] | select(.same | not) | .component] == ["command line", "ramdisk 2"]' \
	out >/dev/null
verdict $? "the components"

# --- damage ---
size=$(wc -c <a.eif)
head -c $((size - 1)) a.eif >cut.eif
check "cut" 3 "$cella" enclave describe cut.eif
says "how much is missing" "needs"
cp a.eif bent.eif
at bent.eif $((size - 1)) '\001'
check "bent" 3 "$cella" enclave describe bent.eif
says "what is wrong" "it is damaged"
check "a console is warned of" 0 build program -o x.eif --append console=ttyS0 --log full
"$cella" enclave describe x.eif >out
says "the console" "warning: the command line opens a console"
says "and the log" "warning: the host may read all"
check "control characters" 3 build program -o x.eif --cmdline "$(printf 'a\tb')"

# --- others ---
python=/usr/bin/python3
if "$python" -c 'import cbor2, cryptography' 2>/dev/null; then
	build program -o t.eif --sign-key signer.key --sign-cert signer.pem \
		>/dev/null 2>&1
	for image in a b c t; do
		"$cella" enclave describe --json $image.eif >told.json
		check "an independent reader of $image finds the same" 0 \
			"$python" "$here/../peer/eif.py" $image.eif told.json .
	done
	"$cella" enclave describe --json f.eif >told.json
	check "and of another image something else" 1 \
		"$python" "$here/../peer/eif.py" b.eif told.json
else
	skip "an independent reader" "there is no python3 with cbor2 and cryptography"
fi
if command -v cpio >/dev/null && [ -f ramdisk2 ]; then
	"$cella" enclave describe --json b.eif >told.json
	"$python" "$here/../peer/eif.py" b.eif told.json .
	mkdir unpacked
	(cd unpacked && cpio --quiet -idm --no-absolute-filenames <../ramdisk2) >out 2>err
	check "cpio unpacks the application" 0 diff -r --no-dereference unpacked/rootfs \
		elsewhere/another-name
	[ "$(find unpacked/rootfs -type f -newermt 1970-01-02 | wc -l)" = 0 ]
	verdict $? "whose times are all 0"
else
	skip "cpio unpacks the application" "there is no cpio, or no independent reader"
fi

# --- usage ---
check "no source" 2 "$cella" enclave build
check "no image" 2 "$cella" enclave describe
check "half a key" 2 build program --sign-key signer.key
check "a key without its certificate" 2 "$cella" enclave sign a.eif --key signer.key
check "half a configuration" 2 "$cella" enclave describe a.eif --cpus 1
check "an unknown log" 2 build program --log loud -o x.eif
"$cella" enclave build program -o - --kernel vmlinuz --init init 2>/dev/null |
	"$cella" enclave describe - >out 2>err
says "through a pipe" "enclave image"
check "two kernels" 2 build program --kernel-deb linux-image.deb
check "a file that is not there" 3 build nowhere -o x.eif
check "an image that is not there" 3 "$cella" enclave describe nowhere

finish
