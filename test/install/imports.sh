#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# libcella is pure: what libcella.so asks of other libraries stands in golden lists, one
# for libcrypto of each generation and one for the rest. UPDATE_GOLDEN=1 writes them anew.
set -eu
# shellcheck source=test/tap.sh
. "$SOURCE/test/tap.sh"

# What no pure function needs, and no golden list may allow.
impure='open|openat|fopen|creat|close|read|pread|write|pwrite|unlink|rename|stat|fstat'
impure="$impure|opendir|mmap|socket|connect|bind|listen|accept|send|sendto|recv|recvfrom"
impure="$impure|poll|select|getaddrinfo|time|clock_gettime|gettimeofday|localtime|gmtime"
impure="$impure|nanosleep|getenv|secure_getenv|setenv|getpid|getrandom|rand|random|printf"
impure="$impure|fprintf|vprintf|vfprintf|puts|fputs|fwrite|putchar|perror|syslog|stdout"
impure="$impure|stderr|stdin|exit|_exit|abort|fork|execve|system|popen|signal|sigaction"
impure="$impure|kill|raise|dlopen|dlsym|setlocale|pthread_create|thrd_create|json_load_file"
impure="$impure|json_dump_file|json_dumpf|json_loadf|EVP_set_default_properties"
impure="$impure|OPENSSL_config|CONF_modules_load_file"

# "U name@VERSION" becomes "name library". Compilers change names: "__memcpy_chk" is
# memcpy, __stack_chk_fail is nobody's wish, and which functions on bytes and texts remain
# once they have seen the lengths is theirs to choose.
nm -D --undefined-only "$STAGE/lib/libcella.so" | awk '$1 == "U" {
	name = $2
	sub(/@.*/, "", name)
	if (name == "__stack_chk_fail")
		next
	if (name ~ /^__.*_chk$/)
		name = substr(name, 3, length(name) - 6)
	if (name ~ /^(bcmp|mem(chr|cmp|cpy|move|set)|str(chr|cmp|len|ncmp|rchr))$/)
		next
	print name, ($2 ~ /@OPENSSL_/ ? "crypto" : "other")
}' | sort -u >"$scratch/imports"
awk '$2 == "crypto" { print $1 }' "$scratch/imports" >"$scratch/crypto"
awk '$2 == "other" { print $1 }' "$scratch/imports" >"$scratch/other"

check "libcella.so imports something" test -s "$scratch/imports"
check "OpenSSL is among it" test -s "$scratch/crypto"

sed 's/ .*//' "$scratch/imports" | grep -xE "($impure)(64)?" |
	sed 's/$/ has no place in a pure library/' >"$scratch/wrong" || :
result "no import touches files, network, clock, environment or terminal"

generation=$(nm -D --undefined-only "$STAGE/lib/libcella.so" |
	sed -n 's/.*@OPENSSL_\([0-9]\).*/\1/p' | sort -u | head -n 1)
compare() {
	golden=$SOURCE/test/golden/$2
	if [ "${UPDATE_GOLDEN:-}" = 1 ]; then
		cp "$scratch/$1" "$golden"
	fi
	diff -u "$golden" "$scratch/$1" >"$scratch/wrong" 2>&1 || :
	result "imports are those of $2"
}
compare other imports.txt
compare crypto "imports-openssl$generation.txt"
tap_done
