#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # check() calls functions by name
# What an enclave would take: of a made machine, and of this one; and that running agrees with
# the plan. Nothing boots: what runs is the mock.
#
# Usage: enclave_plan.sh CELLA BUILD; prints TAP.
set -u
export LC_ALL=C
# shellcheck source=test/e2e/enclave-common.sh
. "$(dirname "$0")/enclave-common.sh"
export HOME="$dir" XDG_CACHE_HOME="$dir/cache"

# tells TEXT...: the last command has said all of them.
tells() {
	for text in "$@"; do
		says "  says \"$text\"" "$text"
	done
}

# json FILTER VALUE: of what the last command has written.
json() {
	got=$(jq -c "$1" out)
	[ "$got" = "$2" ]
	verdict $? "  $1 is $2 ($got)"
}

# --- a machine of four processors, as those of the Enclave document ---
put() {
	mkdir -p "tree$(dirname "$1")"
	printf '%b' "$2" >"tree$1"
}
for cpu in 0 1 2 3; do
	first=$((cpu / 2 * 2))
	topology=/sys/devices/system/cpu/cpu$cpu/topology
	put $topology/thread_siblings_list "$first-$((first + 1))\n"
	put $topology/core_id "$((cpu / 2))\n"
	put $topology/physical_package_id '0\n'
done
put /sys/devices/system/cpu/online '0-3\n'
put /proc/meminfo 'MemTotal: 16777216 kB\nMemAvailable: 15728640 kB\n'
put /proc/self/status 'Name:\tcella\nCpus_allowed_list:\t0-3\n'
put /proc/self/limits 'Max locked memory  8388608  8388608  bytes\n'
find tree -type f -exec sha256sum {} + | sort >before

plan() {
	"$cella" enclave plan "$@"
}
check "a plan" 0 plan --sysroot tree
tells "4 processors on 2 cores" "shared" "yes, it can be had" "qemu-system-x86_64"
check "with a core of its own" 0 plan --sysroot tree --cores whole --cpus 2 --memory 8192
tells "0 kept" "2 vCPU 0" "3 vCPU 1" "runs on 0-1" "vcpus 2"
check "as JSON" 0 plan --sysroot tree --cores 2-3 --memory 1024 --json
json .possible true
json .plan.vcpus 2
json .plan.taken '"2-3"'
json .plan.vcpu_cpus '[2,3]'
json '[.machine.cpus[].use]' '["kept","kept","vCPU","vCPU"]'
json '.pcr13 | length' 64
check "with more than there is" 1 plan --sysroot tree --cores whole --cpus 4 --memory 99999 \
	--hugepages 2M --mem-lock --json
json .possible false
json '[.refusals[].rule] | sort' '["cores_enough","lock_limit","pages_free","pages_multiple"]'
json '[.refusals[] | select(.remedy == "")]' '[]'
check "with the first core" 1 plan --sysroot tree --cores 0-1
tells "the first core stays with the machine" "leave out 0-1"
check "with half of a core" 1 plan --sysroot tree --cores 2
tells "add 3"
check "for debugging" 0 plan --sysroot tree --debug
tells "debug yes" "chardev:serial"
check "with huge pages, for the command line" 1 plan --sysroot tree --hugepages 1G --memory 1024
tells "hugetlbsize=1024M,prealloc=on" "as root: echo 1 >/sys/devices/system/node/node0/hugepages"
check "of a tree that is no machine" 3 plan --sysroot .
tells "/sys/devices/system/cpu/online: there is no such file"
printf '0-3\n' >tree/sys/devices/system/cpu/cpu0/topology/thread_siblings_list
check "of one that contradicts itself" 3 plan --sysroot tree
tells "cpu1/topology/thread_siblings_list: contradicts what processor 0 says"
printf '0-1\n' >tree/sys/devices/system/cpu/cpu0/topology/thread_siblings_list
find tree -type f -exec sha256sum {} + | sort >after
check "none of which changed it" 0 cmp before after
check "with processors that are no list" 2 plan --cores 3-2
tells "--cores"
check "with pages that are none" 2 plan --hugepages 4M
check "with a number that is none" 2 plan --cpus 65

# --- as run and the service do ---
options() {
	"$cella" enclave "$1" --help | grep -o '^ *\(-., \)*--[a-z-]*' | sort
}
options run >run.options
options plan >plan.options
[ -s run.options ] && [ -z "$(comm -23 run.options plan.options)" ]
verdict $? "all that run can be told, plan can be"
printf 'vcpus = 2\nmemory_mib = 1024\ndebug = yes\nports_in = 7001\n' >enclave.conf
chmod 600 enclave.conf
check "with a service's file, without its image" 3 plan --sysroot tree --conf enclave.conf
tells "/usr/local/share/dragonfly/image.bin"
printf 'vcpus = 2\nvcpus = 3\n' >twice.conf
chmod 600 twice.conf
check "with one that is wrong" 3 plan --conf twice.conf
tells "twice.conf:2: vcpus"
check "what goes out is measured" 0 plan --sysroot tree --egress example.org:443 --json
jq -r .config out | grep -q 'egress example.org:443'
verdict $? "  and told"

# --- this machine ---
"$here/../fuzz/kernel.sh" 6.1.0-test >vmlinuz
mkdir -p modules
printf 'kernel/%s.ko\n' virtio_pci vmw_vsock_virtio_transport virtio-rng tpm_crb tpm_tis vsock \
	>modules/modules.builtin
echo 'int main(void) { return 0; }' | cc -x c -static -o program - || exit 1
printf '#!/bin/sh\n' >init
mkdir host
"$cella" enclave build --quiet --kernel vmlinuz --modules modules --init init program -o app.eif \
	>out 2>err &&
	"$cella" enclave init-host --quiet host >out 2>err
verdict $? "there are an image and a host"
check "a plan here" 0 plan app.eif --backend mock --run-dir "$run/none"
tells "app: 1 vCPU"
[ ! -e "$run/none" ]
verdict $? "  makes no folder"
printf 'image = %s\nvcpus = 2\nmemory_mib = 300\ndebug = yes\n' "$dir/app.eif" >enclave.conf
check "a plan of a service" 0 plan --sysroot tree --conf enclave.conf --memory 400 --json
json '[.name, .plan.vcpus, .plan.memory_mib]' '["default",2,400]'
jq -r .config out | grep -q 'debug yes'
verdict $? "  with what stands in its file"
printf 'image = %s\ncpus = 2-3\nhugepages = 2M\negress = a.example:1 b.example:2\n' \
	"$dir/app.eif" >enclave.conf
check "or would not" 1 plan --sysroot tree --conf enclave.conf --json
json '.plan | [.cores, .hugepages, .vcpus]' '["listed","2M",2]'
jq -r .config out | grep -q 'egress b.example:2'
verdict $? "  with its ways out"
check "a machine that cannot be" 1 plan app.eif --backend mock --cores 1022-1023 --json
jq -r '.refusals[0].text' out >reason

mock() {
	"$cella" enclave run --run-dir "$run" --host host --backend mock --json "$@"
}
check "is not run either" 3 mock app.eif --cores 1022-1023
tells "$(cat reason)"
[ "$(ls -A "$run")" = app.last.json ]
verdict $? "  and nothing is left of it but its record"
check "one that can be is run" 0 mock app.eif --memory 256
json .resources.memory_mib 256
json .resources.cores '"shared"'
json '.resources | has("applied") and has("not_applied")' true
memory=$(jq .resources.beside_mib out)
check "the next plan counts it" 0 plan --run-dir "$run" --json
json '[.running[] | {name, memory_mib}]' "[{\"name\":\"app\",\"memory_mib\":$((256 + memory))}]"
total=$(($(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) / 1024))
check "there is no place for all of it twice" 1 plan --run-dir "$run" --memory 128 \
	--keep-memory $((total - 256 - memory - 300)) --json
json '[.refusals[].rule]' '["memory_kept"]'
check "nor for running it" 3 mock app.eif --name again \
	--keep-memory $((total - 256 - memory - 300))
tells "memory beside what the machine keeps" "stop another enclave"
check "once it has ended" 0 "$cella" enclave stop --quiet --run-dir "$run" app
check "there is" 0 plan --run-dir "$run" --memory 128 --backend mock \
	--keep-memory $((total - 256 - memory - 300))

finish
