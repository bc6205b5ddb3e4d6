#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints the signature structure of an enclave (Intel SDM vol. 3D, SIGSTRUCT); only what
# must have a certain value is not zero.
set -eu

zeros() {
	head -c "$1" /dev/zero
}

printf '\6\0\0\0\341\0\0\0\0\0\1\0'
zeros 12
printf '\1\1\0\0\140\0\0\0\140\0\0\0\1\0\0\0'
zeros 88
zeros 384 | tr '\0' '\245'
printf '\3\0\0\0'
zeros 384
printf '\1\0\0\0\376\377\377\377'
zeros 20
printf '\4\0\0\0\0\0\0\0\3'
zeros 7
zeros 16 | tr '\0' '\377'
zeros 848
