#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317,SC2016 # check() calls functions by name; shells in the root expand
# The package cella-enclave where systemd is PID 1: installed, its service waits for an image,
# runs it, is told apart, ended and purged, by the commands of the document.
#
# Usage: service.sh PACKAGES ROOT KERNEL APPLICATION, as root; prints TAP. ROOT is a fresh root
# with systemd, QEMU and what the packages need, which is changed; KERNEL has boot/vmlinuz-* and
# lib/modules/*; APPLICATION is a static program.
#
# systemd gets namespaces of its own, below a cgroup v2 that is made for it, of which it sees
# nothing above. It has nothing of this machine's to change: /proc/sys and /sys are read-only,
# there is no network, no device but the usual ones, and the capabilities that reach further
# are gone. It is killed at the end, not shut down: it would look at what else is mounted.
set -eu

packages=$(realpath "$1")
root=$(realpath "$2")
kernel=$(realpath "$3")
application=$(realpath "$4")
: "${PATIENCE:=300}"
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
export SOURCE STAGE=- CC=-
# shellcheck source=test/tap.sh
. "$SOURCE/test/tap.sh"

image=/usr/local/share/dragonfly/image.bin
nonce=00112233445566778899aabbccddeeff

# --- systemd -------------------------------------------------------------------------------

tree=$(awk '$3 == "cgroup2" && $4 !~ /(^|,)ro(,|$)/ { print $2; exit }' /proc/self/mounts)
cgroup=$tree/cella-service-$$
if [ -z "$tree" ] || ! mkdir "$cgroup" 2>/dev/null; then
	echo "1..0 # SKIP there is no cgroup v2 in which a child can be made"
	exit 0
fi

# this_machine: what must be the same afterwards.
this_machine() {
	grep cgroup /proc/self/mountinfo
	find "$tree" -maxdepth 2 -type d ! -path "$cgroup*" | sort
	cat /proc/sys/kernel/hostname /proc/sys/fs/nr_open
}
this_machine >"$scratch/before"

inside='
root=$1 without=$2
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
for path in sys sysrq-trigger irq bus fs; do
	[ -e "$root/proc/$path" ] || continue
	mount --bind "$root/proc/$path" "$root/proc/$path"
	mount -o remount,bind,ro "$root/proc/$path"
done
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755,nosuid dev "$root/dev"
for device in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do
	set -- $device
	mknod -m 666 "$root/dev/$1" c "$2" "$3"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s null "$root/dev/console"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
mount -t tmpfs -o mode=755 run "$root/run"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
hostname enclave-host
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin setpriv --inh-caps=-all \
	--bounding-set="$without" chroot "$root" /lib/systemd/systemd --log-target=journal \
	--show-status=no'
without=-sys_module,-sys_time,-sys_rawio,-syslog,-mac_admin,-mac_override,-wake_alarm

# In the cgroup first: the namespace's root is where its first process is.
sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$cgroup" \
	unshare --mount --pid --ipc --uts --net --cgroup --fork --kill-child \
	--propagation private sh -euc "$inside" sh "$root" "$without" >"$scratch/boot" 2>&1 &
booter=$!

# gone: nobody is left in the cgroup.
gone() {
	[ "$(find "$cgroup" -name cgroup.procs -exec cat {} + 2>/dev/null)" = "" ]
}

cleanup() {
	kill -9 "$booter" 2>/dev/null || :
	wait "$booter" 2>/dev/null || :
	await gone || :
	find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || :
	rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

# await COMMAND...: until it succeeds, which nothing but a hang prevents.
await() {
	deadline=$(($(date +%s) + PATIENCE))
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$deadline" ] || return 1
		sleep 0.1
	done
}

# in_root COMMAND...: where systemd is.
in_root() {
	nsenter --target "$systemd" --mount --pid --ipc --uts --net --cgroup --root --wd \
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive "$@" </dev/null
}

find_systemd() {
	kill -0 "$booter" && systemd=$(tr -d " " <"/proc/$booter/task/$booter/children") && [ -n "$systemd" ] &&
		in_root systemctl is-system-running | grep -qE 'running|degraded'
}

# says TEXT COMMAND...: in the root; what it says on either channel has the text.
says() {
	text=$1
	shift
	in_root "$@" >"$scratch/said" 2>&1 || :
	grep -qF -e "$text" "$scratch/said" || {
		echo "does not say \"$text\":"
		cat "$scratch/said"
		return 1
	}
}

# --- what the service is doing -------------------------------------------------------------

property() {
	in_root systemctl show "${2:-cella-enclave}" --property "$1" --value
}

status_has() {
	property StatusText "${2:-}" | grep -qF -e "$1"
}

# becomes TEXT [UNIT]: its status comes to say that.
becomes() {
	await status_has "$@" || {
		echo "the status is \"$(property StatusText "${2:-}")\""
		in_root journalctl --no-pager -n 30 -u "${2:-cella-enclave}"
		return 1
	}
}

# In its cgroup; there is none when nothing is in it.
processes() {
	in_root cat "/sys/fs/cgroup/system.slice/${1:-cella-enclave.service}/cgroup.procs" \
		2>/dev/null | wc -l
}

no_processes() {
	[ "$(processes "$@")" = 0 ] && ! in_root sh -c 'cat /proc/[0-9]*/cmdline 2>/dev/null |
		tr "\0" "\n" | grep -E "[q]emu-system|[c]ella-v|[c]ellad"'
}

is() {
	[ "$1" = "$2" ] || {
		echo "expected \"$2\", found \"$1\""
		return 1
	}
}

check "systemd comes up as PID 1 of a fresh root" await find_systemd
if [ -z "${systemd:-}" ] || ! in_root true; then
	sed 's/^/# /' "$scratch/boot"
	tap_done
	exit 1
fi
check "it is told that it is in a container" says other systemd-detect-virt

# --- installed -----------------------------------------------------------------------------

mkdir "$root/packages"
for name in cella cella-enclave cella-compat; do
	cp "$packages/${name}"_*.deb "$root/packages"
done
cp -r "$kernel" "$root/kernel"
cp "$application" "$root/root/application"
in_root find /etc /usr /lib /var/lib /run -xdev ! -path '/var/lib/dpkg/*' ! -path '/run/systemd/*' \
	! -path '/usr/local/share/dragonfly*' | sort >"$scratch/files"
check "the packages are installed" in_root sh -c 'dpkg -i /packages/*.deb'
check "the service is active" says active systemctl is-active cella-enclave
check "under the document's name, too" says active systemctl is-active de_platform_service
check "it starts with the system" says enabled systemctl is-enabled cella-enclave
check "it waits for the image" status_has "waiting: $image is not there"
check "as its status says" says "$image is not there" systemctl status de_platform_service
check "the configuration is root's alone to write" is \
	"$(in_root stat -c '%U:%G %a' /etc/enclave.conf)" "root:root 644"
check "no enclave is described" says '[]' enclave-cli describe-enclaves

# --- hardened ------------------------------------------------------------------------------

for unit in cella-enclave.service cella-enclave@.service; do
	check "$unit is as it should be" in_root systemd-analyze verify --man=no \
		"/lib/systemd/system/$unit"
	in_root systemd-analyze security --offline=true --threshold=50 \
		"/lib/systemd/system/$unit" >"$scratch/wrong" 2>&1 && : >"$scratch/wrong"
	result "$unit leaves little open"
	# What came later would be ignored there, with a warning.
	in_root sed -n 's/^\([A-Za-z]*\)=.*/\1/p' "/lib/systemd/system/$unit" | sort -u |
		grep -vxE 'After|Alias|CapabilityBoundingSet|Delegate|Description|DeviceAllow|DevicePolicy|Documentation|ExecReload|ExecStart|KeyringMode|KillMode|LimitCORE|LimitMEMLOCK|LockPersonality|NoNewPrivileges|NotifyAccess|PrivateTmp|ProtectHome|ProtectKernelModules|ProtectKernelTunables|ProtectSystem|Restart|RestartPreventExitStatus|RestartSec|RestrictAddressFamilies|RestrictNamespaces|RestrictRealtime|RuntimeDirectory|RuntimeDirectoryMode|RuntimeDirectoryPreserve|StateDirectory|StateDirectoryMode|SystemCallArchitectures|SystemCallErrorNumber|SystemCallFilter|TimeoutStopSec|Type|UMask|WantedBy' \
			>"$scratch/wrong" || :
	result "$unit has nothing that systemd 239 does not know"
done

# --- the document, followed ----------------------------------------------------------------

# What fetching the kernel would leave in the cache: there is no network.
make_kernel_package() {
	release=$(basename "$(find "$kernel/boot" -name 'vmlinuz-*' | head -n 1)")
	release=${release#vmlinuz-}
	mkdir -p "$scratch/deb/DEBIAN" "$root/var/cache/cella/kernel"
	printf 'Package: linux-image-%s\nVersion: 1\nArchitecture: amd64\nMaintainer: nobody <nobody@cella.example>\nDescription: stands for it\n' \
		"$release" >"$scratch/deb/DEBIAN/control"
	cp -r "$kernel/boot" "$kernel/lib" "$scratch/deb"
	dpkg-deb -Znone --root-owner-group -b "$scratch/deb" \
		"$root/var/cache/cella/kernel/linux-image-${release}_1_amd64.deb"
	rm -r "$scratch/deb"
}
check "the kernel's package is in the cache" make_kernel_package
mkdir "$root/source" "$root/seeds"
cp -r "$SOURCE/doc" "$SOURCE/test" "$root/source"
[ -z "${CELLA_SEEDS:-}" ] || cp "$CELLA_SEEDS"/* "$root/seeds"
in_root cp /etc/enclave.conf /root/enclave.conf
in_root env SOURCE=/source STAGE=/usr CC=- WALKTHROUGH=walkthrough-enclave WALKTHROUGH_ROOT= \
	CELLA_SEEDS="${CELLA_SEEDS:+/seeds}" sh /source/test/e2e/walkthrough.sh \
	>"$scratch/walk" 2>&1 || echo "exit status $?" >"$scratch/wrong"
if ! grep -q '^1\.\.[0-9]' "$scratch/walk" || grep -q '^not ok' "$scratch/walk"; then
	grep -v '^ok' "$scratch/walk" >>"$scratch/wrong" || :
fi
result "the walkthrough is followed, where systemd is PID 1"
sed -n '/^# scoreboard/,/^[^#]/ { /^#/p }' "$scratch/walk"
in_root sh -c 'systemctl stop de_platform_service && rm "$1" && cp /root/enclave.conf /etc' sh "$image"

# --- the configuration ---------------------------------------------------------------------

sed -n 's/\\_/_/g; s/^\*\([a-z_]*\)\* = .*/\1/p' "$SOURCE/man/enclave.conf.scd" | sort \
	>"$scratch/manual"
check "the manual has keys" test "$(wc -l <"$scratch/manual")" -gt 20
in_root sed -n 's/^#\([a-z_]*\) = .*/\1/p' /etc/enclave.conf | sort |
	diff "$scratch/manual" - >"$scratch/wrong" || :
result "the configuration has the manual's keys"
# As the file's own default, but for those that have none.
in_root sed -i 's/^#\([a-z_]* = \)/\1/; s/^\(trusted_signers\|firmware\|forward\|egress\) =/#&/' \
	/etc/enclave.conf
check "written out, they are accepted" in_root systemctl restart de_platform_service
check "and mean the same" status_has "waiting: $image is not there"

# --- an image comes ------------------------------------------------------------------------

build='
	cella enclave build --quiet --kernel /kernel/boot/vmlinuz-* --modules /kernel/lib/modules/* "$@"'
check "an image is built" in_root sh -ec "$build" sh --output /root/whole.eif /root/application -- \
	/application serve
in_root sh -c 'head -c 1000000 /root/whole.eif >/usr/local/share/dragonfly/image.bin'
check "half of it is told as half" becomes "bytes are missing still"
check "and the service waits on" says active systemctl is-active de_platform_service
in_root sh -c 'cat /root/whole.eif >/usr/local/share/dragonfly/image.bin'
check "the whole of it is started" becomes "running $image"
check "which the status tells" says "running $image" systemctl status de_platform_service
check "it is listed" says RUNNING enclave-cli describe-enclaves

verified() {
	says "ACCEPTED" cella verify /root/evidence.json --nonce "$nonce" \
		--trust-root /var/lib/cella/host-ca.pem
}
check "it gives evidence" in_root cella enclave attest default --nonce $nonce \
	--output /root/evidence.json
check "which is verified by the root that the service has made" verified
check "and measures what the image says" is \
	"$(in_root enclave-cli describe-enclaves | jq -Sc '.[0].Measurements')" \
	"$(in_root enclave-cli describe-eif --eif-path /root/whole.eif | jq -Sc '.Measurements')"

# A user of their own for what meets the guest, and nobody can gain rights.
who() {
	in_root cella enclave list --json | jq -r ".[0].processes[\"$1\"]" | while read -r pid; do
		in_root awk '/^(Uid|NoNewPrivs|Seccomp|CapEff):/ { printf "%s ", $2 }' "/proc/$pid/status"
	done
}
for name in QEMU cella-vtpm; do
	check "$name is confined" is "$(who "$name" | sed 's/^[1-9][0-9]*/user/')" \
		"user 0000000000000000 1 2 "
done

# --- the document's commands ---------------------------------------------------------------

first=$(property MainPID)
check "it is restarted" in_root systemctl restart de_platform_service
check "and runs" becomes "running $image"
check "as another process" test "$(property MainPID)" != "$first"
check "it is stopped" in_root systemctl stop de_platform_service
check "and nothing of it runs" no_processes
check "as the status says" says "inactive (dead)" systemctl status de_platform_service
in_root rm "$image"
check "it is started" in_root systemctl start de_platform_service
check "and waits" status_has "waiting: $image is not there"
check "the default image is made" in_root sh -ec "$build" sh --default
check "and runs" becomes "running $image"

qemu=$(in_root cella enclave list --json | jq '.[0].processes.QEMU')
in_root sh -c 'kill -9 "$1"' sh "$qemu"
another() {
	status_has "running $image" &&
		[ "$(in_root cella enclave list --json | jq '.[0].processes.QEMU')" != "$qemu" ]
}
check "an enclave that dies is started again" await another
check "by the same service" is "$(property NRestarts)" 0
in_root sh -c 'kill -9 "$1"' sh "$(property MainPID)"
restarted() {
	[ "$(property NRestarts)" = 1 ] && status_has "running $image"
}
check "a supervisor that dies is started again by systemd" await restarted

# --- another, beside it --------------------------------------------------------------------

in_root sh -ec '
	mkdir -p /etc/cella/enclaves
	printf "image = /root/whole.eif\nenclaves_max = 2\n" >/etc/cella/enclaves/second.conf'
check "a second one is started" in_root systemctl start cella-enclave@second
check "and runs" becomes "running /root/whole.eif" cella-enclave@second
check "beside the first" is "$(in_root enclave-cli describe-enclaves | jq -c 'map(.EnclaveName) | sort')" \
	'["default","second"]'
check "it is stopped" in_root systemctl stop cella-enclave@second
check "and the first runs on" is "$(in_root enclave-cli describe-enclaves | jq -c 'map(.State)')" \
	'["RUNNING"]'
in_root rm -r /etc/cella

# --- a file that others may write ----------------------------------------------------------

in_root chmod 666 /etc/enclave.conf
refused() {
	! in_root systemctl restart de_platform_service && says "enclave.conf" journalctl --no-pager \
		-n 20 -u cella-enclave
}
check "a configuration that anybody can write is refused" refused
check "and nothing runs" no_processes
in_root chmod 644 /etc/enclave.conf
in_root systemctl reset-failed cella-enclave
check "mended, it starts" in_root systemctl start de_platform_service

# --- removed -------------------------------------------------------------------------------

check "the packages are removed" in_root dpkg -r cella-compat cella-enclave cella
check "and nothing runs" no_processes
check "the configuration stays" in_root test -e /etc/enclave.conf
check "so does the host's key" in_root test -e /var/lib/cella/host-key.pem
check "and so does the image" in_root test -e "$image"
check "the packages are purged" in_root dpkg -P cella-compat cella-enclave cella
in_root find /etc /usr /lib /var/lib /run -xdev ! -path '/var/lib/dpkg/*' ! -path '/run/systemd/*' \
	! -path '/usr/local/share/dragonfly*' | sort | comm -13 "$scratch/files" - >"$scratch/wrong"
result "and leave nothing but the image"
check "systemd knows no unit of them" says "could not be found" systemctl status de_platform_service

# --- this machine --------------------------------------------------------------------------

kill -9 "$booter" 2>/dev/null || :
wait "$booter" 2>/dev/null || :
check "systemd and all that it ran are gone" await gone
find "$cgroup" -depth -type d -exec rmdir {} + >"$scratch/wrong" 2>&1 || :
result "and so are its cgroups"
this_machine | diff "$scratch/before" - >"$scratch/wrong" || :
result "this machine's own tree is as it was"
tap_done
