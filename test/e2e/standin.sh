# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # for, and by those who source this
# Sourced by tests of fetching: a simulated platform in $dir, a PCCS stand-in that serves it,
# and results in the form of the Test Anything Protocol. Wants $cella and $standin.
export LC_ALL=C
dir=$(mktemp -d)
# Nothing of this machine's is used, and nobody but the stand-in is asked.
export HOME="$dir/home" XDG_CACHE_HOME="$dir/xdg" QCNL_CONF_PATH="$dir/qcnl.conf"
unset http_proxy https_proxy HTTPS_PROXY ALL_PROXY all_proxy
mkdir "$dir/home" "$dir/xdg"
servers=
trap 'for server in $servers; do kill "$server" 2>/dev/null; done; rm -rf "$dir"' EXIT

# shellcheck source=test/e2e/checks.sh
. "${SOURCE:-$(dirname "$0")/../..}/test/e2e/checks.sh"

# How to have mounts of one's own here: as a user who is root there, or as root.
mounts=-rm
unshare -rm true 2>/dev/null || mounts=-m

# make_authority: a certificate for this machine, which its own authority issued.
make_authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-keyout "$dir/ca.key" -out "$dir/ca.pem" -subj /CN=authority
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$dir/tls.key" -out "$dir/tls.csr" -subj /CN=localhost
	echo "subjectAltName=DNS:localhost,IP:127.0.0.1" >"$dir/tls.ext"
	openssl x509 -req -in "$dir/tls.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" \
		-CAcreateserial -days 2 -extfile "$dir/tls.ext" -out "$dir/tls.pem"
}

# make_platform FOLDER OPTION...: a platform, and what is said of it, in FOLDER.
make_platform() {
	folder=$1
	shift
	mkdir -p "$folder" &&
		"$cella" sim init "$folder/platform" "$@" &&
		"$cella" sim collateral "$folder/platform" --directory "$folder/tdx" &&
		"$cella" sim collateral "$folder/platform" --tee sgx --directory "$folder/sgx"
}

# header BUNDLE NAME MEMBER: a response's beginning with a chain of the bundle's.
header() {
	printf 'HTTP/1.1 200 OK\r\n%s: ' "$2"
	jq -rj ".$3 | @uri" "$1"
	printf '\r\n\r\n'
}

# make_real FOLDER BUNDLE: what a PCCS serves of a TDX bundle; $dir/pccs has the platform
# that a stand-in needs to have.
make_real() {
	mkdir -p "$1/tdx" "$1/sgx"
	cp -r "$dir/pccs/platform" "$1"
	{
		header "$2" TCB-Info-Issuer-Chain tcb_info_issuer_chain
		jq -rj '"{\"tcbInfo\":" + .tcb_info + ",\"signature\":\"" +
			.tcb_info_signature + "\"}"' "$2"
	} >"$1/tdx/tcb.http"
	{
		header "$2" SGX-Enclave-Identity-Issuer-Chain qe_identity_issuer_chain
		jq -rj '"{\"enclaveIdentity\":" + .qe_identity + ",\"signature\":\"" +
			.qe_identity_signature + "\"}"' "$2"
	} >"$1/tdx/qe_identity.http"
	{
		header "$2" SGX-PCK-CRL-Issuer-Chain pck_crl_issuer_chain
		jq -rj .pck_crl "$2"
	} >"$1/sgx/pckcrl.http"
	{
		printf 'HTTP/1.1 200 OK\r\n\r\n'
		jq -rj .root_ca_crl "$2" |
			{ xxd -r -p 2>/dev/null || perl -e 'print pack "H*", <STDIN>'; }
	} >"$1/sgx/rootcacrl.http"
}

# serve FOLDER [CERTIFICATE KEY]: starts a stand-in; its port is in FOLDER/port.
serve() {
	rm -f "$1/port"
	mkfifo "$1/stdin"
	"$standin" "$@" <"$1/stdin" >"$1/server.log" 2>&1 &
	servers="$servers $!"
	# It ends with whoever holds the other end.
	exec 9>"$1/stdin"
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ -s "$1/port" ] && return
		sleep 0.1
	done
	echo "# the stand-in does not serve"
	cat "$1/server.log"
	exit 1
}

# requests TEXT: how many requests with this text there were since reset.
requests() {
	grep -cF -e "$1" "$dir/pccs/log" 2>/dev/null || :
}

# reset: no faults, no requests yet, no cache.
reset() {
	rm -rf "$dir/pccs/log" "$dir/pccs/faults" "$dir/cache" "$dir/xdg/cella"
	: >"$dir/pccs/log"
}

# fault LINE...: see test/standin/pccs.c
fault() {
	printf '%s\n' "$@" >"$dir/pccs/faults"
}
