#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kernel.sh [RELEASE] prints a kernel (bzImage) of which nothing is there but what describes
# it: boot_flag, "HdrS", protocol 2.15, where the version is, init_size.
set -eu

zeros() {
	head -c "$1" /dev/zero
}

zeros 510
printf '\125\252'
zeros 2
printf 'HdrS\017\002'
zeros 6
printf '\000\001'
zeros 80
printf '\000\000\000\002'
zeros 156
printf '%s (builder) #1' "${1:-6.1.0-test}"
zeros 4096
