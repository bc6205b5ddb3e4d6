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
fi
# Other vendors' names, where they are installed.
compat=
for name in libtdx_attest.so.1 libdcap_quoteprov.so.1; do
	[ ! -e "$STAGE/lib/$name" ] || compat="$compat $STAGE/lib/$name"
done
for file in $compat; do
	check "${file##*/} knows no TLS and no HTTP" has_not "$file" 'NEEDED.*(ssl|curl|gnutls|http)'
done
check "cella reads no archives" has_not "$STAGE/bin/cella" 'NEEDED.*(archive|zstd|lzma|xml)'
for file in "$STAGE/bin/cella" "$STAGE"/libexec/cella/* "$STAGE/lib/libcella.so" $compat; do
	[ -e "$file" ] || continue
	name=${file##*/}
	check "$name has read-only relocations" has "$file" GNU_RELRO
	# What is static has nothing to bind.
	if has "$file" ' DYNAMIC '; then
		check "$name binds at start" has "$file" 'BIND_NOW|Flags:.* NOW'
		check "$name has checked string functions" has "$file" 'UND __[a-z]+_chk'
	else
		check "$name is static" has_not "$file" INTERP
	fi
	check "$name has no executable stack" has "$file" 'GNU_STACK .* RW '
	check "$name has stack protectors" has "$file" '__stack_chk_fail'
	check "$name needs no text relocations" has_not "$file" TEXTREL
	check "$name looks for libraries nowhere of its own" has_not "$file" 'R(UN)?PATH'
done
tap_done
