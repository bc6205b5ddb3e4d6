#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154,SC2317 # inner shells; standin.sh sets; check() calls
# The vendor's libraries by name, as they are installed: programs that know the vendor's
# interfaces alone are built against the installed tree and run with it.
set -u
: "${STAGE:?is the installed tree}" "${SOURCE:?is the source folder}" "${CC:?}"
: "${BUILD:?is the folder with the stand-ins}"

cella=$STAGE/bin/cella
# Stand-ins ask the simulated platform's program.
PATH=$STAGE/bin:$PATH
standin=$BUILD/standin-pccs
# shellcheck source=test/e2e/standin.sh
. "$SOURCE/test/e2e/standin.sh"
cd "$dir" || exit 1
LD_LIBRARY_PATH=$STAGE/lib
export LD_LIBRARY_PATH

# exports LIBRARY: its names, sorted.
exports() {
	nm -D --defined-only "$STAGE/lib/$1" | awk '{ print $3 }' | sort | xargs
}

# compiled LANGUAGE STANDARD COMPILER...: the header alone, twice.
compiled() {
	language=$1
	standard=$2
	shift 2
	printf '#include <tdx_attest.h>\n#include <tdx_attest.h>\nint main(void) { return 0; }\n' \
		>alone.c
	"$@" -x "$language" "-std=$standard" -pedantic -Wall -Wextra -Wundef -Werror \
		${relaxed:+"$relaxed"} -I"$STAGE/include" -fsyntax-only alone.c
}
relaxed=

# --- names ---
same "libtdx_attest.so.1 exports these alone" \
	"cella_tdx_att_reason tdx_att_extend tdx_att_free_quote tdx_att_get_quote \
tdx_att_get_report tdx_att_get_supported_att_key_ids" "$(exports libtdx_attest.so.1)"
same "libdcap_quoteprov.so.1 exports these alone" \
	"sgx_ql_free_quote_config sgx_ql_free_quote_verification_collateral \
sgx_ql_free_qve_identity sgx_ql_free_root_ca_crl sgx_ql_get_quote_config \
sgx_ql_get_quote_verification_collateral \
sgx_ql_get_quote_verification_collateral_with_params sgx_ql_get_qve_identity \
sgx_ql_get_root_ca_crl sgx_ql_set_logging_callback sgx_ql_set_logging_function \
tdx_ql_free_quote_verification_collateral tdx_ql_get_quote_verification_collateral \
tdx_ql_get_quote_verification_collateral_with_params" "$(exports libdcap_quoteprov.so.1)"
for name in libtdx_attest libdcap_quoteprov; do
	same "$name.so.1 is its name" "$name.so.1" "$(readelf -d "$STAGE/lib/$name.so" |
		sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')"
	# What libcrypto has set up for it would be lost, each time anew.
	check "closing $name does not unload it" 0 sh -c \
		'readelf -d "$0" | grep -qw NODELETE' "$STAGE/lib/$name.so"
done
for language in "c c11 $CC" "c c99 $CC" "c++ c++11 $(
	case $CC in *clang*) echo clang++ ;; *) echo g++ ;; esac
)"; do
	# shellcheck disable=SC2086 # a list of words
	set -- $language
	if ! command -v "$3" >/dev/null; then
		skip "tdx_attest.h compiles as $2" "there is no $3"
	elif [ "$1" = c++ ]; then
		# An array without a size at a struct's end is the vendor's, and no C++.
		relaxed=-Wno-pedantic
		check "tdx_attest.h compiles as $2" 0 compiled "$@"
	else
		check "tdx_attest.h compiles as $2" 0 compiled "$@"
	fi
done

# --- a program of tdx_attest.h ---
# shellcheck disable=SC2086 # a list of words
check "a program of tdx_attest.h is built" 0 $CC -Wall -Wextra -Werror -D_GNU_SOURCE \
	-I"$STAGE/include" -o user "$SOURCE/test/compat/attest_user.c" -L"$STAGE/lib" \
	-ltdx_attest -pthread -ldl
check "it runs with cella's library" 0 sh -c 'ldd ./user | grep -F "$STAGE/lib/libtdx_attest.so.1"'
check "what callers do wrong" 0 ./user arguments
if [ -e /dev/tdx_guest ] || [ -e /sys/kernel/config/tsm ]; then
	skip "a machine without TDX" "this one has it"
else
	check "no TDX: a report" 0 ./user report a 'modprobe tdx_guest'
	check "no TDX: a quote" 0 ./user quote a 'modprobe tdx_guest'
	check "no TDX: a register" 0 ./user extend 2 a 'this is not a TD'
fi
if strace -f -o calls -e trace=signal,process,network ./user quote a >out 2>&1 &&
	grep -q execve calls; then
	# Before main(), older C libraries set up two signals of their own for threads.
	check "no signal, no child, no socket" 1 grep -vE \
		'^[0-9]+ +(execve\(.*user|exit_group|arch_prctl|\+\+\+ exited|rt_sig[a-z]+\((SIGRTMIN|SIGRT_1|SIG_UNBLOCK, \[RTMIN RT_1\]))' calls
else
	skip "no signal, no child, no socket" "strace does not run here"
fi

"$cella" sim init platform --time 2026-01-01 --quiet &&
	"$cella" sim collateral platform --time 2026-01-01 -o collateral.json --quiet
guest() {
	"$BUILD/standin-guest" --platform platform --fault quotes --fault extends -- "$@"
}
judge() {
	"$cella" verify quote.dat -c collateral.json -t 2026-01-01 --trust-root platform/root.pem
}
guest true 2>err
if [ $? -eq 77 ]; then
	skip "the vendor's sample" "this kernel does not tell of system calls"
else
	check "the vendor's sample, on a device" 0 guest ./user sample
	check "its quote is judged" 0 judge
fi
# --- memory that runs out: its number, or what is said otherwise; never a crash ---
# shellcheck disable=SC2086 # a list of words
check "an allocator that fails is built" 0 $CC -Wall -Wextra -Werror -shared -fPIC \
	-o failmalloc.so "$SOURCE/test/preload/failmalloc.c"

# exhausted AT NUM COMMAND...: runs it, in what `within` says, and fails there.
exhausted() {
	at=$1
	num=$2
	shift 2
	# shellcheck disable=SC2086 # a list of words
	$within env FAILMALLOC_AT="$at" FAILMALLOC_NUM="$num" FAILMALLOC_REPORT=count \
		LD_PRELOAD="$dir/failmalloc.so" "$@" >out 2>&1
}

# exhaust NAME NUMBER COMMAND...: one allocation fails, or all from there on, at some sixty
# places; NUMBER is what the library says then. OpenSSL may say something else of its own
# set-up, which it tries only once.
exhaust() {
	name=$1
	number_told=$2
	shift 2
	exhausted 0 1 "$@"
	total=$(cat count)
	place=1
	told=0
	: >wrong
	while [ "$place" -le "$total" ]; do
		for many in 1 1000000000; do
			code=0
			exhausted "$place" "$many" "$@" || code=$?
			[ "$code" -lt 128 ] ||
				echo "at $place ($many): status $code" >>wrong
			if grep -q "^$number_told" out; then told=$((told + 1)); fi
		done
		place=$((place + 1 + total / 60))
	done
	[ "$told" -gt 0 ] || echo "nobody told of it" >>wrong
	check "$name: $total allocations, told $told times" 1 test -s wrong
	sed 's/^/# /' wrong
}
within="$BUILD/standin-guest --platform platform --fault quotes --"
if [ -e quote.dat ]; then
	exhaust "no memory for a report" 0x0003 ./user report 3
	exhaust "no memory for a quote" 0x0003 ./user quote 3
fi
within=

# A mount of one's own: /sys/kernel/config is not there on every machine.
cat >in_config.sh <<'END'
mount -t tmpfs none /sys/kernel && mkdir /sys/kernel/config || exit 77
exec "$BUILD/standin-tsm" --mount /sys/kernel/config --platform platform -- "$@"
END
rm -f quote.dat
if ! unshare -m sh in_config.sh true >out 2>err; then
	skip "a quote from /sys/kernel/config" "nothing can be mounted there"
else
	check "a quote from /sys/kernel/config" 0 unshare -m sh in_config.sh ./user quote 0
	check "is judged" 0 judge
fi

# --- a program that opens the quote provider ---
# shellcheck disable=SC2086 # a list of words
check "a program of the quote provider is built" 0 $CC -Wall -Wextra -Werror -D_GNU_SOURCE \
	-o provided "$SOURCE/test/compat/quoteprov_user.c" -pthread -ldl
check "what callers do wrong" 0 ./provided arguments
echo '{' >"$QCNL_CONF_PATH"
check "a broken configuration" 0 ./provided tdx ce11a0000000 platform e067 got
printf 'PCCS_URL=https://127.0.0.1:1/sgx/certification/v4/\nRETRY_TIMES=0\n' >"$QCNL_CONF_PATH"
if ! [ -x "$STAGE/libexec/cella/cella-fetch" ]; then
	check "without cella-fetch" 0 ./provided tdx ce11a0000000 platform e00e got
	finish
fi
check "nobody there" 0 ./provided tdx ce11a0000000 platform e019 got
if ! [ -x "$standin" ]; then
	skip "documents of a server" "the stand-in was not built: there is no libmicrohttpd"
	finish
fi
make_authority >made 2>&1
make_platform "$dir/pccs" >>made 2>&1
serve "$dir/pccs" "$dir/tls.pem" "$dir/tls.key"
provider() {
	printf 'PCCS_URL=https://127.0.0.1:%s/sgx/certification/v4/\nUSE_SECURE_CERT=FALSE\n' \
		"$(cat "$1/port")" >"$QCNL_CONF_PATH"
}
provider "$dir/pccs"
check "a simulated platform's documents are refused" 0 ./provided tdx ce11a0000000 platform \
	e046 got
says "in words" "ends in another root"
if [ -z "${CELLA_VECTORS:-}" ]; then
	skip "real documents are handed on" "CELLA_VECTORS is not set"
	finish
fi
make_real "$dir/real" "$CELLA_VECTORS/tdx/tdx-v4-b0c06f.collateral.json"
serve "$dir/real" "$dir/tls.pem" "$dir/tls.key"
provider "$dir/real"
check "real documents are handed on" 0 ./provided tdx b0c06f000000 platform 0 got
printf 'LOCAL_CACHE_ONLY=TRUE\n' >>"$QCNL_CONF_PATH"
exhaust "no memory for documents" 0xe003 ./provided tdx b0c06f000000 platform e003 got2
check "a real quote is judged by them" 0 "$cella" verify \
	"$CELLA_VECTORS/tdx/tdx-v4-b0c06f.quote" -c got --time 2025-06-25
finish
