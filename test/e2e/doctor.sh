#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cella doctor on the machine that runs this, whatever it is: text, JSON and exit status say
# the same, root and others are served, nothing hangs, nothing is written.
#
# Usage: doctor.sh CELLA, or cella-guest
set -eu
: "${SOURCE:=.}" "${STAGE:=.}" "${CC:=cc}"
# shellcheck source=test/tap.sh
. "$SOURCE/test/tap.sh"

if ! [ -x "$1" ]; then
	echo "1..0 # SKIP ${1##*/} was not built"
	exit
fi
cella=$(realpath "$1")
chmod 755 "$scratch"
cd "$scratch"

# doctor OPTION...: leaves exit status, text and JSON of one machine; --deep is no part of it.
doctor() {
	text_status=0 json_status=0
	"$cella" doctor "$@" >text 2>words || text_status=$?
	"$cella" doctor "$@" --json >json 2>>words || json_status=$?
}

# exits CODE COMMAND...
exits() {
	wanted=$1 code=0
	shift
	"$@" >out 2>&1 || code=$?
	[ "$code" = "$wanted" ] || { echo "exit status $code, not $wanted"; cat out; return 1; }
}

# By the worst of the states, as the manual says.
expected_status() {
	jq -r '[.checks[].state] | if index("fail") then 1 elif index("unknown") then 3 else 0 end' json
}
expected_result() {
	jq -r '[.checks[].state] |
		if index("fail") then "fails" elif index("unknown") then "unknown" else "fine" end' json
}
same_answers() {
	[ "$text_status" = "$json_status" ] && [ "$json_status" = "$(expected_status)" ] &&
		[ "$(jq -r .result json)" = "$(expected_result)" ]
}

for options in '' '--deep' '--only evidence' '--only collateral' '--only instance' \
	'--only enclave'; do
	# shellcheck disable=SC2086 # a list of words
	doctor $options
	check "$options: nothing is said on standard error" test ! -s words
	check "$options: text, JSON and exit status agree" same_answers
	check "$options: a line for each check" test \
		"$(grep -cE '^  (ok|note|warn|FAIL|UNKNOWN|n/a) ' text)" = \
		"$(jq '.checks | length' json)"
	check "$options: no colours in a file" test "$(tr -d '\033' <text | cksum)" = \
		"$(cksum <text)"
done

doctor --deep
check "what fails says what it means and what to do" \
	jq -e 'all(.checks[]; .state != "fail" or (.meaning and .remedy))' json
check "ids are there once" jq -e '[.checks[].id] | length == (unique | length)' json
check "the flag is the one that lscpu shows" test "$(jq .trust_domain json)" = \
	"$(grep -qw tdx_guest /proc/cpuinfo && echo true || echo false)"
# shellcheck disable=SC2016 # jq's own variables
check "a device is not taken for a KVM that works" jq -e '
	(.checks[] | select(.id == "kvm.functional").state) as $state |
	.deep and ($state == "not_applicable") == ($device | not)' \
	--argjson device "$([ -e /dev/kvm ] && echo true || echo false)" json

# Others than root.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	cp "$cella" cella && chmod 755 cella
	status=0
	setpriv --reuid 65534 --regid 65534 --clear-groups ./cella doctor --deep --json \
		>json 2>words || status=$?
	check "others than root are served" test "$status" = "$(expected_status)"
	check "and it is not root" jq -e '.root | not' json
	mkdir -p td/proc td/sys/kernel/debug td/var/log
	echo 'flags : tdx_guest' >td/proc/cpuinfo
	echo 'Linux version 6' >td/var/log/dmesg
	chmod 700 td/var/log
	setpriv --reuid 65534 --regid 65534 --clear-groups ./cella doctor --sysroot td \
		>text || :
	check "they are told what root would see" grep -q '^As root .*the kernel log' text
	"$cella" doctor --sysroot td >text || :
	check "root is not told that" sh -c '! grep -q "^As root" text'
else
	skip "others than root are served" "only root can become somebody else"
fi

# Files that cannot be read, that never end, that are not what they should be.
mkdir -p tree
mkfifo fifo tree/proc || :
check "a file that is not there" exits 3 "$cella" doctor --kernel-log nowhere
check "a tree that is not there" exits 3 "$cella" doctor --sysroot nowhere
check "a pipe that nobody writes to" exits 3 timeout 60 "$cella" doctor --kernel-log fifo
check "a tree of pipes" exits 3 timeout 60 "$cella" doctor --sysroot tree
echo 'swiotlb buffer is full' >log
check "a log from a pipe" exits 1 sh -c "cat log | '$cella' doctor --only instance \
	--sysroot tree --kernel-log -"
check "a group that does not exist" exits 2 "$cella" doctor --only everything
check "an address that is none" exits 2 "$cella" doctor --qgs nowhere
check "an operand" exits 2 "$cella" doctor this
check "nobody listens there" exits 1 "$cella" doctor --only evidence --sysroot tree \
	--qgs unix:/nowhere

# The host's vsock and metadata services are not touched outside of a TD.
mkdir -p hosted/proc hosted/etc
echo 'flags : tdx_guest' >hosted/proc/cpuinfo
echo 'port = 4050' >hosted/etc/tdx-attest.conf
echo 'PCCS_URL=https://169.254.169.254/sgx/certification/v4/' >hosted/etc/sgx_default_qcnl.conf
export ASAN_OPTIONS=detect_leaks=0
if grep -qw tdx_guest /proc/cpuinfo; then
	skip "nobody outside is touched" "this is a trust domain"
elif strace -f -o calls -e trace=connect,execve "$cella" doctor --sysroot hosted >text 2>&1 ||
	grep -qs execve calls; then
	check "a tree leads to nobody" sh -c '! grep connect calls'
	check "and that is said" grep -q 'a link-local address' text
	strace -f -o calls -e trace=connect,execve "$cella" doctor --deep >text 2>&1 || :
	check "this machine leads to no host" sh -c \
		'! grep -E "connect\(.*(AF_VSOCK|169\.254\.|100\.100\.100\.200)" calls'
else
	skip "nobody outside is touched" "there is no strace"
fi

# What others read it for.
echo 'PCCS_URL=https://127.0.0.1:1/sgx/certification/v4/' >qcnl.conf
for path in "$scratch/qcnl.conf" qcnl.conf; do
	QCNL_CONF_PATH=$path "$cella" doctor --only collateral --json >json 2>words || :
	check "the file that QCNL_CONF_PATH names: $path" jq -e '.checks[] |
		select(.id == "pccs.configured").found | startswith("https://127.0.0.1:1/")' json
done
QCNL_CONF_PATH=$scratch/qcnl.conf "$cella" doctor --only collateral --sysroot td --json >json ||
	:
check "but not of a tree" jq -e '.checks[] | select(.id == "pccs.configured").found |
	startswith("no /etc/sgx_default_qcnl.conf")' json

before=$(find tree td -printf '%p %T@\n' 2>/dev/null | cksum)
"$cella" doctor --sysroot td >text 2>words || :
check "nothing is written in a tree" test "$before" = \
	"$(find tree td -printf '%p %T@\n' 2>/dev/null | cksum)"
tap_done
