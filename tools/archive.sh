#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# archive.sh OUT OBJECTS CC... makes the static library: one relocatable object, in which
# everything but the API is local, so that no internal name can clash with a program's.
set -eu

out=$1
objects=$2
shift 2
object=$out.o

"$@" -r -nostdlib -o "$object" -Wl,--whole-archive "$objects" -Wl,--no-whole-archive
objcopy --localize-hidden "$object"
rm -f "$out"
ar rcsD "$out" "$object"
rm -f "$object"
