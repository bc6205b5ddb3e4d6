#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# When memory runs out, the installed library and command say so or say what they say
# otherwise: never another verdict, never a crash, and the library leaves nothing behind.
# The installed tree is a plain build, which an allocator can be put before.
set -eu
# shellcheck source=test/tap.sh
. "$SOURCE/test/tap.sh"
# shellcheck source=test/install/nomem-try.sh
. "$SOURCE/test/install/nomem-try.sh"

cella=$STAGE/bin/cella
sim=$STAGE/bin/cella-sim
time='--time 2026-01-01'
LD_LIBRARY_PATH=$STAGE/lib
export LD_LIBRARY_PATH
mkdir "$scratch/files"
cd "$scratch/files"

# shellcheck disable=SC2086 # a list of words
make_files() {
	"$SOURCE/test/fuzz/sigstruct.sh" >sigstruct &&
		"$sim" init platform $time --quiet &&
		cp platform/root.pem . &&
		"$cella" measure --provider sim --sim platform --quiet root.pem sigstruct &&
		mv platform/eventlog . &&
		"$sim" quote platform --kind tdx-v5 -o quote &&
		"$sim" report platform -o report &&
		"$sim" collateral platform $time -o collateral.json &&
		"$sim" collateral platform $time --directory . &&
		mv qe_identity.http identity.http &&
		mkdir host && "$cella" enclave init-host --quiet host >made &&
		cp host/host-ca.pem . &&
		"$sim" enclave host --kernel report --measure app $time -o evm.json &&
		"$cella" policy new evm.json -o evm-policy.json &&
		"$cella" policy new quote --platform --eventlog eventlog -o policy.json &&
		"$cella" policy sign policy.json --key key --new-key \
			--public-out owner.pem -o policy.jwt &&
		"$cella" verify quote --collateral collateral.json $time \
			--trust-root root.pem --policy policy.jwt --token-out token \
			--token-key key --token-audience nomem
}
check "files are made" make_files
azure=${CELLA_VECTORS:+$CELLA_VECTORS/azure-vtpm}
cat ${azure:+"$azure/td.quote"} </dev/null >azure.quote
cat ${azure:+"$azure/hcl-report.bin"} </dev/null >azure.hcl
cat ${azure:+"$azure/tpm-quote.json"} </dev/null >azure.tpm-quote

# shellcheck disable=SC2086 # a list of words
build() {
	build_allocator &&
		$CC -Wall -Wextra -Werror -g -I"$STAGE/include" -o "$scratch/nomem" \
			"$SOURCE/test/install/nomem.c" -L"$scratch" -l:failmalloc.so \
			-L"$STAGE/lib" -lcella -Wl,-rpath,"$scratch"
}
check "an allocator that fails is built" build

# --- the library: nomem.c ---
code=0
"$scratch/nomem" . >"$scratch/tasks" 2>"$scratch/wrong" || code=$?
plan=$(sed -n 's/^1\.\.//p' "$scratch/tasks")
if [ "$(grep -cE '^(not )?ok ' "$scratch/tasks")" != "$plan" ]; then
	cat "$scratch/tasks" >>"$scratch/wrong"
	echo "it ended with status $code" >>"$scratch/wrong"
fi
result "the library's tasks were all tried"
while IFS= read -r line; do
	case $line in
	'ok '*'# SKIP '*)
		line=${line#ok * - }
		skip "${line%% # SKIP *}" "${line#*# SKIP }"
		;;
	'ok '*) result "${line#ok * - }" ;;
	'not ok '*)
		echo "${line#not ok }" >>"$scratch/wrong"
		result "${line#not ok * - }"
		;;
	'# '*) echo "${line#\# }" >>"$scratch/wrong" ;;
	esac
done <"$scratch/tasks"

# --- the command ---
# shellcheck disable=SC2086 # a list of words
verify() {
	try "$1" "$2" "$cella" verify quote $time --trust-root root.pem --policy policy.jwt \
		--collateral collateral.json $3
}
verify 0 verify --json
verify 1 "verify, refused" "--report-data 01"
verify 0 "verify, a token" "--token-out again --token-key key --token-audience nomem"
try 0 "inspect" "$cella" inspect quote
try 0 "collateral show" "$cella" collateral show collateral.json --time 2026-01-01
try 0 "policy new" "$cella" policy new quote
try 0 "policy lint" "$cella" policy lint policy.json
try 1 "token verify" "$cella" token verify token --key owner.pem --audience nomem \
	--time 2026-01-01
tap_done
