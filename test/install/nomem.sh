#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# When memory runs out, the installed library and command say so or say what they say
# otherwise: never another verdict, never a crash, and the library leaves nothing behind.
# The installed tree is a plain build, which an allocator can be put before.
set -eu
# shellcheck source=test/tap.sh
. "$SOURCE/test/tap.sh"

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
		"$sim" quote platform --kind tdx-v5 -o quote &&
		"$sim" report platform -o report &&
		"$sim" collateral platform $time -o collateral.json &&
		"$sim" collateral platform $time --directory . &&
		mv qe_identity.http identity.http &&
		mkdir host && "$cella" enclave init-host --quiet host >made &&
		cp host/host-ca.pem . &&
		"$sim" enclave host --kernel report --measure app $time -o evm.json &&
		"$cella" policy new evm.json -o evm-policy.json &&
		"$cella" policy new quote --platform -o policy.json &&
		"$cella" policy sign policy.json --key key --new-key \
			--public-out owner.pem -o policy.jwt &&
		"$cella" verify quote --collateral collateral.json $time \
			--trust-root root.pem --policy policy.jwt --token-out token \
			--token-key key --token-audience nomem
}
check "files are made" make_files

# shellcheck disable=SC2086 # a list of words
build() {
	$CC -Wall -Wextra -Werror -g -shared -fPIC -o "$scratch/failmalloc.so" \
		"$SOURCE/test/preload/failmalloc.c" &&
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
	'ok '*) result "${line#ok * - }" ;;
	'not ok '*)
		echo "${line#not ok }" >>"$scratch/wrong"
		result "${line#not ok * - }"
		;;
	'# '*) echo "${line#\# }" >>"$scratch/wrong" ;;
	esac
done <"$scratch/tasks"

# --- the command: about so many places in each run ---
places=40

# run AT NUM COMMAND...: with failures; its words and status are left in files.
run() {
	at=$1 num=$2
	shift 2
	status=0
	LD_PRELOAD=$scratch/failmalloc.so FAILMALLOC_AT=$at FAILMALLOC_NUM=$num \
		FAILMALLOC_REPORT=$scratch/count "$@" >"$scratch/out" 2>"$scratch/err" ||
		status=$?
}

# tell AT NUM: what is wrong with the last run. Where OpenSSL could not set itself up, which
# it tries only once, it may fail later and not say why: such words are counted, no more.
tell() {
	if [ "$status" = 3 ]; then
		[ -s "$scratch/err" ] || echo "at $1 ($2): status 3 without a word"
		grep -q 'memory' "$scratch/err" || other=$((other + 1))
	elif [ "$status" != "$good" ]; then
		echo "at $1 ($2): status $status, not $good: $(head -c 200 "$scratch/err")"
	elif ! cmp -s "$scratch/out" "$scratch/good"; then
		echo "at $1 ($2): another output"
	fi
}

# try STATUS NAME COMMAND...
try() {
	good=$1 name=$2
	shift 2
	run 0 1 "$@"
	cp "$scratch/out" "$scratch/good"
	[ "$status" = "$good" ] || echo "status $status without failures" >>"$scratch/wrong"
	total=$(cat "$scratch/count")
	step=$((1 + total / places))
	other=0
	at=1
	while [ "$at" -le "$total" ]; do
		for num in 1 1000000000; do
			run "$at" "$num" "$@"
			tell "$at" "$num" >>"$scratch/wrong"
		done
		at=$((at + step))
	done
	result "cella $name: $total allocations, $other failures told otherwise"
}

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
