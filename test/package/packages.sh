#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317,SC2016,SC2012 # check() calls functions by name; shells in the
# root expand; names of packages are harmless
# The Debian packages, as their users meet them: installed by apt in a root that has nothing
# but Debian's minimum, used there without a network, removed, purged.
# Usage: packages.sh PACKAGES SAME ROOT, as root; prints TAP. SAME is where the same commit
# was packaged once more, ROOT a fresh root, which is changed.
set -eu

packages=$(realpath "$1")
same=$(realpath "$2")
root=$(realpath "$3")
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
export SOURCE STAGE=- CC=-
# shellcheck source=test/tap.sh
. "$SOURCE/test/tap.sh"

# Whose files cella-compat has, too.
vendors="az-dcap-client enclave-cli libsgx-dcap-default-qpl libsgx-dcap-default-qpl-dev libtdx-attest
libtdx-attest-dev tee-appraisal-tool"

# in_root COMMAND...: there, with a /proc and without a network of its own.
in_root() {
	in_namespaces --net "$@"
}

# online COMMAND...: there, with this machine's network.
online() {
	in_namespaces --uts "$@"
}

in_namespaces() {
	namespace=$1
	shift
	unshare --mount --pid --fork --kill-child "$namespace" sh -c \
		'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$root" \
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive "$@" </dev/null
}

apt_get() {
	online apt-get -qq -y -o Dpkg::Use-Pty=0 --no-install-recommends "$@"
}

# files: all that is there, but for what apt and dpkg keep for themselves.
files() {
	find "$root" -xdev \( -path "$root/var/lib/dpkg" -o -path "$root/var/lib/apt" \
		-o -path "$root/var/cache/apt" -o -path "$root/var/cache/ldconfig" \
		-o -path "$root/var/log" -o -path "$root/packages" -o -path "$root/source" \
		\) -prune -o -printf '%y %m %U:%G %P\n' | sort
}

# says TEXT COMMAND...: in the root; what it says on either channel has the text.
says() {
	text=$1
	shift
	in_root "$@" >"$scratch/said" 2>&1 || :
	grep -qF -e "$text" "$scratch/said" || {
		echo "does not say \"$text\":"
		cat "$scratch/said"
		return 1
	}
}

is_installed() {
	[ "$(in_root dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# --- the packages themselves ---------------------------------------------------------------

check "lintian finds no fault" lintian --allow-root --fail-on error,warning \
	"$packages"/*.changes
for file in "$packages"/*.deb; do
	check "packaged again, ${file##*/} has the same bytes" cmp "$file" "$same/${file##*/}"
done

rm -rf "$root/packages" "$root/source"
mkdir "$root/packages" "$root/source"
cp "$packages"/*.deb "$root/packages"
cp -r "$SOURCE/doc" "$SOURCE/meson.build" "$SOURCE/test" "$root/source"
cella=$(cd "$root" && ls packages/*.deb | sed 's:^:/:')

# --- installed, and gone again -------------------------------------------------------------

files >"$scratch/before"
# shellcheck disable=SC2086 # a list of words
check "apt installs them, and what they depend on" apt_get install $cella
check "cella runs" says "cella " cella --version
files | comm -13 "$scratch/before" - >"$scratch/added"
check "files were added" grep -q ' usr/bin/cella$' "$scratch/added"
names=$(cd "$packages" && ls ./*.deb | sed 's:^\./::; s:_.*::')
# shellcheck disable=SC2086 # a list of words
check "apt purges them, and what came with them" apt_get purge --autoremove $names
files | diff "$scratch/before" - >"$scratch/wrong" || :
result "purged, they leave nothing behind"

# --- used ----------------------------------------------------------------------------------

# What cella-compat recommends is what the document has its readers install.
tools=$(dpkg-deb -f "$packages"/cella-compat_*.deb Recommends | tr ',' '\n' |
	sed 's/|.*//' | grep -vE 'libcella-dev|cella-enclave')
# shellcheck disable=SC2086 # lists of words
check "apt installs them with the tools that are recommended" \
	apt_get install $cella $tools man-db
dpkg-deb -c "$packages"/cella-compat_*.deb | awk '$1 ~ /^-/ { print substr($6, 2) }' |
	sort >"$scratch/compat"

# tries SCRIPT: in an empty folder there.
tries() {
	in_root sh -ec "cd \$(mktemp -d)
		$1
		rm -r \"\$PWD\""
}

sim_works='
	cella sim init platform
	cella sim collateral platform --output collateral
	cella quote --provider sim --sim platform --nonce 5b1f0a44c9d1e6a2 --output quote
	trust="--collateral collateral --trust-root platform/root.pem"
	cella verify quote $trust --nonce 5b1f0a44c9d1e6a2
	cella sim quote platform --debug --output debug
	code=0
	cella verify debug $trust || code=$?
	[ $code = 1 ]'
check "a simulated quote is accepted, a debuggable TD refused" tries "$sim_works"

tool_works='
	cella sim init platform
	cella sim report platform --output report
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out owner.key
	tee_appraisal_tool gen_payload -in report -out policy.json
	tee_appraisal_tool sign_policy -in policy.json -key owner.key -out policy.jwt
	tee_appraisal_tool verify_policy -in policy.jwt
	sed "s/.....$/AAAAA/" policy.jwt >altered.jwt
	if tee_appraisal_tool verify_policy -in altered.jwt; then exit 1; fi'
check "tee_appraisal_tool makes, signs and verifies a policy" tries "$tool_works"

enclave_works='
	test -d /usr/local/share/dragonfly
	cella enclave list
	cella enclave init-host .
	[ "$(enclave-cli describe-enclaves)" = "[]" ]
	enclave-cli explain --error-code E36'
check "enclaves are listed, by both names" tries "$enclave_works"

pages=$(for file in "$packages"/*.deb; do dpkg-deb -c "$file"; done |
	sed -n 's:.*/man1/\(.*\)\.1\.gz$:\1:p')
check "there are manual pages" test "$(echo "$pages" | wc -l)" -gt 10
for page in $pages; do
	check "man finds $page" says "/usr/share/man/man1/$page.1.gz" man -w "$page"
done

# adopt NAME ARGUMENT...: another test, of the installed tree; its results are one here.
adopt() {
	name=$1
	shift
	in_root env SOURCE=/source STAGE=/usr CC=gcc "$@" >"$scratch/tap" 2>&1 ||
		echo "exit status $?" >"$scratch/wrong"
	planned=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$scratch/tap")
	good=$(grep -c '^ok ' "$scratch/tap") || :
	if [ "$good" = 0 ] || [ "$good" != "$planned" ]; then
		sed 's/^# /  /' "$scratch/tap" >>"$scratch/wrong"
	fi
	result "$name"
}

sample=/opt/alibaba/tdx-quote-generation-sample
refuse() {
	in_root make -C $sample &&
		says "there is no configfs-tsm: this is no confidential guest" $sample/app &&
		! grep SIMULATED "$scratch/said" && in_root make -C $sample clean
}
check "no sample uses the simulated platform of its own accord" refuse
vendors_library='
	cc -o program /source/test/compat/attest_user.c -ltdx_attest -pthread
	./program arguments
	./program report a "modprobe tdx_guest"
	./program quote a "modprobe tdx_guest"'
check "the vendor's programs are built, and told that this is no trust domain" \
	tries "$vendors_library"
adopt "programs are built against the library, and run" sh /source/test/install/consumer.sh
adopt "bash completes commands and options" sh /source/test/install/completion.sh
adopt "the walkthrough is followed, in the document's own places" \
	env WALKTHROUGH_ROOT= sh /source/test/e2e/walkthrough.sh

# What the document sets is what is asked; there is no network here, so that nobody is.
asked=sgx-dcap-server.cn-beijing.aliyuncs.com
check "the doctor reads the PCCS that the document's sed has set" \
	says "$asked" cella doctor --only collateral
check "cella asks that PCCS" says "$asked" cella collateral fetch --fmspc 90C06F000000
quote_provider="
	cc -o program /source/test/compat/quoteprov_user.c -pthread
	./program arguments
	./program tdx 90c06f000000 platform e019 got >log || { cat log; exit 1; }
	grep '$asked' log"
check "the vendor's programs open the quote provider, which asks that PCCS" \
	tries "$quote_provider"

# --- removed, after use --------------------------------------------------------------------

conf=$root/etc/sgx_default_qcnl.conf
compat=$(ls "$root"/packages/cella-compat_*.deb)
compat=${compat#"$root"}
check "apt installs cella-compat once more" apt_get install --reinstall "$compat"
check "installed once more, it leaves the changed configuration" grep -q "$asked" "$conf"
mkdir -p "$root/var/cache/cella"
echo kept >"$root/var/cache/cella/kept"
# shellcheck disable=SC2086 # a list of words
check "apt removes them" apt_get remove $names
check "removed, they leave the changed configuration" grep -q "$asked" "$conf"
check "removed, they leave what was fetched" test -e "$root/var/cache/cella/kept"
check "apt purges them after use" apt_get purge cella cella-compat
check "purged, they do not leave the configuration" test ! -e "$conf"
check "purged, they do not leave what was fetched" test ! -e "$root/var/cache/cella"
while IFS= read -r file; do
	[ ! -e "$root$file" ] || echo "$file"
done <"$scratch/compat" >"$scratch/wrong"
result "what remains in the samples' folders was made there"
# Keys, quotes and programs of the user: nobody but he removes them.
check "purged, they leave the user's keys" \
	test -e "$root/opt/alibaba/tdx-quote-verification-sample/keys/policy.key"

# --- beside other vendors' packages --------------------------------------------------------

# vendor NAME [DEPENDS]: a package of that name, without files.
vendor() {
	mkdir -p "$scratch/$1/DEBIAN"
	cat >"$scratch/$1/DEBIAN/control" <<-END
		Package: $1
		Version: 1.22.100.3
		Architecture: $(dpkg --print-architecture)
		Depends: ${2:-libc6}
		Maintainer: nobody <nobody@cella.example>
		Description: stands for the vendor's package of that name
	END
	dpkg-deb --root-owner-group -b "$scratch/$1" "$root/packages/vendor-$1.deb"
}

refused_by_dpkg() {
	says "conflicts with" dpkg -i "/packages/vendor-$1.deb" && ! is_installed "$1" &&
		is_installed cella-compat
}

refused_by_apt() {
	code=0
	online apt-get -y install "/packages/vendor-$1.deb" "$compat" >"$scratch/said" 2>&1 ||
		code=$?
	cat "$scratch/said"
	[ $code = 100 ] && grep -qE "cella-compat : Conflicts: $1( |$)" "$scratch/said" &&
		! is_installed "$1" && ! is_installed cella-compat
}

others=$(echo "$cella" | grep -v cella-compat)
for name in $vendors; do
	vendor "$name"
done >/dev/null
vendor application libtdx-attest >/dev/null
# shellcheck disable=SC2086 # a list of words
check "all but cella-compat are installed again" apt_get install $others
for name in $vendors; do
	check "apt refuses to install $name with cella-compat" refused_by_apt "$name"
done
check "without cella-compat, a vendor's package is welcome" \
	in_root dpkg -i /packages/vendor-libtdx-attest.deb
beside() {
	says "conflicts with" dpkg -i "$compat" && is_installed libtdx-attest &&
		! is_installed cella-compat && in_root dpkg -P libtdx-attest
}
check "dpkg refuses to install cella-compat beside it" beside
check "cella-compat is installed when it is gone" apt_get install "$compat"
check "what depends on libtdx-attest is content with it" \
	in_root dpkg -i /packages/vendor-application.deb
for name in $vendors; do
	check "dpkg refuses to install $name beside cella-compat" refused_by_dpkg "$name"
done
tap_done
