# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034 # for those who source this
# Sourced by the scripts beside it: where things are, builds, and counts of tests.
set -eu
export LC_ALL=C.UTF-8

top=$(cd "$(dirname "$0")/.." && pwd)
# Where builds go; one folder each.
build=${CELLA_BUILD:-$top/build}
# Tests use nothing of this machine's, and ask nobody.
export QCNL_CONF_PATH=/dev/null XDG_CACHE_HOME="$build/cache"

passed=0
failed=0
skipped=0

# Relative folders of real evidence and of documents are meant from here, wherever tests run.
for variable in CELLA_VECTORS CELLA_SEEDS; do
	eval "folder=\${$variable:-}"
	[ -n "$folder" ] || continue
	if ! folder=$(cd "$folder" && pwd); then
		echo "$variable does not name a folder" >&2
		exit 2
	fi
	export "$variable=$folder"
done

# say WORD...: one line of progress.
say() {
	printf '== %s\n' "$*"
}

# quietly LOG COMMAND...: its output is shown only if it fails, the end of it.
quietly() {
	log=$1
	shift
	mkdir -p "$(dirname "$log")"
	if ! "$@" >"$log" 2>&1; then
		tail -n 60 "$log" >&2
		return 1
	fi
}

# compile FOLDER OPTION...: sets a build up, anew where its options have changed, and
# compiles it.
compile() {
	quietly "$1.log" do_compile "$@"
}

do_compile() {
	folder=$1
	shift
	options="${CC:-} $* $(cksum <"$top/build-dev.ini")"
	if [ "$(cat "$folder/setup-options" 2>/dev/null)" != "$options" ]; then
		rm -rf "$folder"
		meson setup "$@" "$folder" "$top" || return
		echo "$options" >"$folder/setup-options"
	fi
	ninja -C "$folder"
}

# kernel: fetches the distribution's kernel for clouds once, and unpacks it, for tests that
# boot one; CELLA_KERNEL is where. It is not installed.
kernel() {
	[ -z "${CELLA_KERNEL:-}" ] || return 0
	if [ ! -d "$build/kernel" ]; then
		rm -rf "$build/kernel.new"
		mkdir -p "$build/kernel.new"
		quietly "$build/kernel.log" fetch_kernel "$build/kernel.new" || return
		mv "$build/kernel.new" "$build/kernel"
	fi
	export CELLA_KERNEL="$build/kernel"
}

fetch_kernel() (
	cd "$1"
	package=$(apt-cache depends linux-image-cloud-amd64 |
		sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
	[ -n "$package" ] && apt-get -qq download "$package" && dpkg-deb -x ./*.deb .
)

# peers: fetches the implementations from npm that tests compare with, where they are listed.
peers() {
	lock=$top/test/npm/package-lock.json
	if [ -f "$lock" ] && ! cmp -s "$lock" "$build/package-lock.json"; then
		quietly "$build/npm.log" npm ci --prefix "$top/test/npm" --no-audit --no-fund \
			--ignore-scripts && cp "$lock" "$build/package-lock.json"
	fi
}

# count FOLDER: adds up what `meson test` logged below a build folder.
count() {
	counts=$(jq -nr --slurpfile tests "$1/meson-info/intro-tests.json" \
		-f "$top/script/count.jq" "$1/meson-logs/testlog.json") || counts='0 1 0'
	# shellcheck disable=SC2086 # three numbers
	set -- $counts
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

# conclude: the closing line; nothing tested is a failure, too.
conclude() {
	printf '%d passed, %d failed' "$passed" "$failed"
	[ "$skipped" = 0 ] || printf ', %d skipped' "$skipped"
	echo
	[ "$failed" = 0 ] && [ "$passed" != 0 ]
}
