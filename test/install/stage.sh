#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# stage.sh SOURCE STAMP OPTION... -- CC... builds SOURCE as users do, without sanitizers,
# and installs it into the folder `stage` beside STAMP.
set -eu

source=$1
stamp=$2
top=$(cd "$(dirname "$stamp")" && pwd)
shift 2
options=
while [ "$1" != -- ]; do
	options="$options $1"
	shift
done
shift
CC="$*"
export CC
unset CFLAGS LDFLAGS

stage() {
	if [ "$options" != "$(cat "$top/stage.options" 2>/dev/null)" ]; then
		rm -rf "$top/stage-build"
	fi
	if ! [ -f "$top/stage-build/build.ninja" ]; then
		# shellcheck disable=SC2086 # a list of words
		meson setup --prefix="$top/stage" --libdir=lib -Dtests=disabled \
			-Dcompat_root="$top/stage/opt/alibaba" $options \
			"$top/stage-build" "$source" || return
		echo "$options" >"$top/stage.options"
	fi
	meson compile -C "$top/stage-build" &&
		rm -rf "$top/stage" &&
		meson install -C "$top/stage-build" --no-rebuild
}

if ! stage >"$top/stage.log" 2>&1; then
	cat "$top/stage.log" >&2
	exit 1
fi
: >"$stamp"
