#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The program and the library are built as hardened as the tool chain can.
set -eu
# shellcheck source=test/tap.sh
. "$SOURCE/test/tap.sh"

# has FILE PATTERN: in what readelf tells of it.
has() {
	readelf -hldsW "$1" | grep -qE "$2"
}
has_not() {
	! has "$1" "$2"
}

check "cella is position independent" has "$STAGE/bin/cella" 'Type: +DYN'
# What talks to servers is another process.
check "cella knows no TLS and no HTTP" has_not "$STAGE/bin/cella" 'NEEDED.*(ssl|curl|gnutls|http)'
fetch=$STAGE/libexec/cella/cella-fetch
if [ -e "$fetch" ]; then
	check "cella-fetch does" has "$fetch" 'NEEDED.*curl'
else
	fetch=
fi
# The processes of Enclave VMs, where they are built.
enclave=
for name in vsock forward; do
	file=$STAGE/libexec/cella/cella-$name
	[ ! -e "$file" ] || enclave="$enclave $file"
done
for file in "$STAGE/bin/cella" $fetch $enclave "$STAGE/lib/libcella.so"; do
	name=${file##*/}
	check "$name has read-only relocations" has "$file" GNU_RELRO
	check "$name binds at start" has "$file" 'BIND_NOW|Flags:.* NOW'
	check "$name has no executable stack" has "$file" 'GNU_STACK .* RW '
	check "$name has stack protectors" has "$file" '__stack_chk_fail'
	check "$name has checked string functions" has "$file" 'UND __[a-z]+_chk'
	check "$name needs no text relocations" has_not "$file" TEXTREL
	check "$name looks for libraries nowhere of its own" has_not "$file" 'R(UN)?PATH'
done
tap_done
