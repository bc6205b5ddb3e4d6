#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The evidence of Enclave VMs from the command line, of simulated ones: verdicts, policies,
# tokens, explanations, exit statuses.
# Usage: evm.sh CELLA CELLA_SIM
# shellcheck disable=SC2317,SC2086 # functions are called by name; lists of words
set -u
export LC_ALL=C

cella=$(realpath "$1")
sim=$(realpath "$2")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
export HOME="$dir" XDG_CACHE_HOME="$dir/cache" QCNL_CONF_PATH=/dev/null
number=0
bad=0
nonce=00112233445566778899aabbccddeeff

# check TITLE STATUS COMMAND...
check() {
	title=$1
	wanted=$2
	shift 2
	number=$((number + 1))
	"$@" >out 2>err
	code=$?
	if [ $code -eq "$wanted" ]; then
		echo "ok $number - $title"
	else
		echo "not ok $number - $title: exit $code, not $wanted"
		cut -c1-300 out err | sed 's/^/# /'
		bad=1
	fi
}

# says TEXT...: the last command has said all of them.
says() {
	for text in "$@"; do
		number=$((number + 1))
		if grep -qF -e "$text" out err; then
			echo "ok $number -   says \"$text\""
		else
			echo "not ok $number -   says \"$text\""
			cut -c1-300 out err | sed 's/^/# /'
			bad=1
		fi
	done
}

# evidence FILE OPTION...: of an enclave of this host.
evidence() {
	file=$1
	shift
	"$sim" enclave host --output "$file" --ramdisk ramdisk --nonce $nonce "$@"
}

mkdir host foreign
check "a host's key is made" 0 "$cella" enclave init-host host
check "and not made again" 2 "$cella" enclave init-host host
says "has a host's key already"
check "the key is its owner's alone" 0 test "$(stat -c %a host/host-key.pem)" = 600
check "another host has another key" 0 "$cella" enclave init-host foreign

echo kernel >kernel
echo ramdisk >ramdisk
printf signer >signer.der
launch="--kernel kernel --cmdline quiet --signer signer.der"
check "evidence is made" 0 evidence good.evm.json $launch --measure "a measured application"

verify="$cella verify --trust-root host/host-ca.pem --nonce $nonce"
check "it is accepted under the pinned root" 0 $verify good.evm.json
says "strength    host" "private:"
check "not without a pinned root" 3 "$cella" verify good.evm.json --nonce $nonce
says "evm.root" "none is"
check "not under another host's" 1 "$cella" verify good.evm.json --trust-root foreign/host-ca.pem
says "evm.root" "another host" "evm.certificate"
check "not with another nonce" 1 "$cella" verify good.evm.json --trust-root host/host-ca.pem \
	--nonce 00112233445566778899aabbccddeefe
says "report_data"
check "not a year later" 1 $verify good.evm.json --time 2099-01-01
says "evm.dates"
check "--explain says what vouches" 0 $verify good.evm.json --explain
says "strength: host" "1 vCPUs"
check "collateral changes nothing" 3 $verify good.evm.json --collateral kernel
check "an event log beside it is refused" 3 $verify good.evm.json --eventlog kernel

check "inspect shows it" 0 "$cella" inspect good.evm.json
says "pcr11" "kernel_cmdline: quiet" "cella enclave simulated"
check "inspect shows it as JSON" 0 "$cella" inspect --json good.evm.json
says '"kind": "evm"'

# --- what an application binds ---
check "evidence that binds a file is made" 0 "$sim" enclave host --kernel kernel --data ramdisk \
	--output data.evm.json
check "and verified with it" 0 "$cella" verify data.evm.json --trust-root host/host-ca.pem \
	--data ramdisk
check "not with another" 1 "$cella" verify data.evm.json --trust-root host/host-ca.pem \
	--data kernel
says "report_data"

# --- policies ---
check "a policy is made of it" 0 "$cella" policy new good.evm.json --output all.json
check "which it meets" 0 $verify good.evm.json --policy all.json
check "lint has nothing against it" 0 "$cella" policy lint --strict --evidence good.evm.json \
	all.json
check "explain tells it" 0 "$cella" policy explain all.json
says "the kernel (SHA-256) is $(openssl dgst -sha256 -r kernel | cut -d' ' -f1)"
check "a policy of one component" 0 "$cella" policy new good.evm.json --only evm_kernel \
	--output kernel.json
check "a policy of the signer" 0 "$cella" policy new good.evm.json --only evm_signer \
	--output signer.json

# another TITLE POLICY CHECK OPTION...
another() {
	title=$1
	policy=$2
	id=$3
	shift 3
	evidence other.evm.json "$@" || echo "# no evidence"
	check "$title" 1 $verify other.evm.json --policy "$policy"
	says "FAIL $id"
}
echo other >other
another "another kernel is refused" kernel.json policy.evm_kernel --kernel other --cmdline quiet
another "another command line" all.json policy.evm_cmdline --kernel kernel --cmdline loud \
	--signer signer.der
another "another signer" signer.json policy.evm_signer --kernel kernel --signer other
another "no signer" signer.json policy.evm_signer --kernel kernel
another "more memory" all.json policy.evm_pcr13 $launch --measure "a measured application" --memory 256
another "another application" all.json policy.evm_pcr14 $launch --measure "a measured malware"
check "a policy of what was measured" 0 "$cella" policy new good.evm.json --only evm_pcr14_events \
	--output events.json
says_not() {
	! grep -qF -e "$1" events.json
}
check "names no register" 0 says_not '"evm_pcr14":'
check "it is met" 0 $verify good.evm.json --policy events.json
check "lint has nothing against it" 0 "$cella" policy lint --strict events.json
check "it is explained" 0 "$cella" policy explain events.json
says "a measured application"
another "another application" events.json policy.evm_pcr14_events $launch \
	--measure "a measured malware"
says "a measured malware" "in its place, 1 of PCR14, the policy has"
another "one more" events.json policy.evm_pcr14_events $launch \
	--measure "a measured application" --measure "a measured malware"
says "a measured malware" "the policy has nothing more"
another "debugging, without any policy for it" kernel.json evm.debug $launch --debug
evidence other.evm.json --kernel other --cmdline loud --signer signer.der
check "the signer's next release is accepted" 0 $verify other.evm.json --policy signer.json

# --- ways in and out ---
ways="--egress API.example:443 --egress 192.0.2.1:80 --forward 8080:5000 --to-guest 6000"
evidence ways.evm.json $launch $ways
check "ways in and out are shown" 0 "$cella" inspect ways.evm.json
says "192.0.2.1:80, api.example:443" "127.0.0.1:8080:5000" "5000, 6000, 7001-7003" "9000, 9443"
check "and explained" 0 $verify ways.evm.json --explain
says "egress: 192.0.2.1:80, api.example:443" "forwarded to the guest: 127.0.0.1:8080:5000"
check "and told as JSON" 0 $verify ways.evm.json --json
says '"evm_egress": [' '"api.example:443"' '"evm_from_guest": ['
check "a policy of them is made" 0 "$cella" policy new ways.evm.json --only evm_egress \
	--only evm_forward --output ways.json
evidence other.evm.json $launch --egress 192.0.2.1:80 --egress api.example:443 \
	--forward 127.0.0.1:8080:5000 --cpus 2
check "the same, spelt otherwise, is accepted" 0 $verify other.evm.json --policy ways.json
another "egress that was added is refused" ways.json policy.evm_egress $launch $ways \
	--egress evil.example:443
says "the policy has no evil.example:443"
another "so is other forwarding" ways.json policy.evm_forward $launch --forward 8080:5001 \
	--egress 192.0.2.1:80 --egress api.example:443
another "and none at all" ways.json policy.evm_egress $launch --forward 8080:5000
says "none: without 192.0.2.1:80"
sed 's/"evm_egress": \[/"evm_egress": "none", "#was": [/' ways.json >off.json
check "a policy says that egress is off" 0 "$cella" policy explain off.json
says "what the guest may connect to outside is none"
check "a mistake in them is told" 2 "$sim" enclave host --kernel kernel --egress example \
	--nonce $nonce
says "--egress"

# --- tokens ---
openssl ecparam -name prime256v1 -genkey -noout -out token.pem 2>/dev/null
openssl ec -in token.pem -pubout -out token.pub 2>/dev/null
check "a token is written" 0 $verify good.evm.json --policy all.json --token-out token.jwt \
	--token-key token.pem --token-audience me
check "it is not believed for a root that is not named" 1 "$cella" token verify token.jwt \
	--key token.pub --audience me
root=$($verify good.evm.json --json 2>/dev/null | sed -n 's/.*"cella_root": "\(.*\)".*/\1/p')
check "and believed for the one that is" 0 "$cella" token verify token.jwt --key token.pub \
	--audience me --root "$root"
check "and for the strength that it has" 0 "$cella" token verify token.jwt --key token.pub \
	--audience me --root "$root" --strength host
check "not for more" 1 "$cella" token verify token.jwt --key token.pub \
	--audience me --root "$root" --strength tdx
says "token.strength" "at least tdx"
check "nor for what is no strength" 2 "$cella" token verify token.jwt --key token.pub \
	--audience me --root "$root" --strength strong
says "expected host or tdx"
check "it tells the strength" 0 "$cella" token show token.jwt
says '"strength": "host"' '"tee": "evm"' "$root" '"evm_egress": []' '"evm_vcpus": 1'
check "it is judged again" 0 "$cella" token replay token.jwt \
	--quote good.evm.json --trust-root host/host-ca.pem --policy all.json --nonce $nonce

# --- broken ---
head -c 900 good.evm.json >cut.evm.json
check "half of it is no evidence" 3 $verify cut.evm.json
says "evm:"
(cat good.evm.json && echo x) >more.evm.json
check "more of it is none either" 3 $verify more.evm.json
sed 's/cella-evm-1/cella-evm-9/' good.evm.json >next.evm.json
check "nor is another format" 3 $verify next.evm.json
says "cella-evm-9"
sed 's/"format"/"strength": "tdx", "format"/' good.evm.json >strong.evm.json
check "nobody can say how strong he is" 3 $verify strong.evm.json
says "is not known"

echo "1..$number"
exit $bad
