#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # check() calls functions by name
# Measurements on the command line: "is it really my NGINX?" on a simulated platform, logs,
# and files in place of the kernel's.
# Usage: measure.sh CELLA CELLA_SIM [TOOL]; prints TAP. TOOL, if it is not cella, measures.
set -u

cella=$(realpath "$1")
sim=$(realpath "$2")
tool=${3:-$cella}
[ -x "$tool" ] || {
	echo "1..0 # SKIP ${tool##*/} was not built"
	exit 0
}
tool=$(realpath "$tool")
here=$(realpath "$(dirname "$0")")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
# shellcheck source=test/e2e/checks.sh
. "$here/checks.sh"

# --- an application ---
mkdir -p web/conf
echo 'worker_processes 1;' >web/conf/nginx.conf
ln -s nginx.conf "web/conf/default conf"
# shellcheck disable=SC2016 # for the script
printf '#!/bin/sh\necho "nginx runs: $*"\nexit 7\n' >web/nginx
chmod 755 web web/conf web/nginx
chmod 644 web/conf/nginx.conf
web=$(realpath web)

check "a platform" 0 "$sim" init platform
check "its collateral" 0 "$sim" collateral platform -o collateral.json

judge() {
	"$cella" verify "$1" -c collateral.json --trust-root platform/root.pem \
		--policy policy.json --eventlog "$2"
}
measure() {
	"$tool" measure --provider sim --sim "$@"
}

# --- the three commands ---
check "1: measure, then run" 7 measure platform web/conf -- web/nginx -g 'daemon off;'
same "standard output is the program's" "$(cat out)" "nginx runs: -g daemon off;"
says "the log is named" "platform/eventlog"
check "a quote of it" 0 "$sim" quote platform -k tdx-v5 -o quote.dat
check "2: a policy" 0 "$cella" policy new --quote quote.dat --eventlog platform/eventlog \
	-o policy.json
check "3: it is really my NGINX" 0 judge quote.dat platform/eventlog
check "without the log, too" 0 "$cella" verify quote.dat -c collateral.json \
	--trust-root platform/root.pem --policy policy.json
check "the log leads to the quote" 0 "$tool" eventlog replay platform/eventlog \
	--quote quote.dat

# --- another program ---
cp -r platform other
"$sim" extend other --reset && rm other/eventlog
echo 'echo evil' >>web/nginx
check "another program" 7 measure other web/conf -- web/nginx -g 'daemon off;'
"$sim" quote other -k tdx-v5 -o other.dat
check "it is refused" 1 judge other.dat other/eventlog
says "the program is named" "measure-program sha384:$(sha384sum <web/nginx | cut -c1-96)"
says "and its path" "$web/nginx -g daemon\\040off;"
check "without the log, it is refused, too" 1 "$cella" verify other.dat -c collateral.json \
	--trust-root platform/root.pem --policy policy.json
says "which then is asked for" "--eventlog LOG"
check "the good log does not help the bad quote" 1 judge other.dat platform/eventlog
says "it leads elsewhere" "event_log.rtmr3"
check "nor the bad log the good quote" 1 judge quote.dat other/eventlog
check "no policy comes of a foreign log" 3 "$cella" policy new other.dat \
	--eventlog platform/eventlog
says "that is said" "does not lead to the evidence's RTMR3"

# --- a token of it ---
openssl ecparam -name prime256v1 -genkey -noout -out token.key 2>/dev/null
chmod 600 token.key
check "a token" 0 "$cella" verify quote.dat -c collateral.json --trust-root platform/root.pem \
	--policy policy.json --eventlog platform/eventlog --token-out token.jwt \
	--token-key token.key --token-audience me
check "it says the same again" 0 "$cella" token replay token.jwt --quote quote.dat \
	--trust-root platform/root.pem --policy policy.json --eventlog platform/eventlog
check "but not with another log" 2 "$cella" token replay token.jwt --quote quote.dat \
	--trust-root platform/root.pem --policy policy.json --eventlog other/eventlog
says "which is told from this one" "judged with an event log, but another one"
check "nor without: that cannot be judged again" 3 "$cella" token replay token.jwt \
	--quote quote.dat --trust-root platform/root.pem --policy policy.json
says "which is said" "judged with an event log (SHA-256 $(sha256sum <platform/eventlog |
	cut -c1-16)"
check "a token without a log" 0 "$cella" verify quote.dat -c collateral.json \
	--trust-root platform/root.pem --token-out plain.jwt --token-key token.key \
	--token-audience me
check "is not judged again with one" 2 "$cella" token replay plain.jwt --quote quote.dat \
	--trust-root platform/root.pem --eventlog platform/eventlog
says "since it was not" "judged without an event log"

# --- every file ---
check "every file by itself" 0 "$tool" measure --dry-run --each web
says "one of them" "$(sha384sum <web/conf/nginx.conf | cut -c1-96)  $web/conf/nginx.conf"
check "under another name" 0 "$tool" measure --dry-run --name /srv/web web
says "the name" "  /srv/web"

# --- which file was changed? ---
"$sim" extend platform --reset && rm platform/eventlog
check "every file of a directory" 0 measure platform --each web
"$sim" quote platform -k tdx-v5 -o quote.dat
"$cella" policy new quote.dat --eventlog platform/eventlog -o policy.json
check "nothing is changed" 0 judge quote.dat platform/eventlog
"$sim" extend platform --reset && rm platform/eventlog
echo 'worker_processes 9;' >>web/conf/nginx.conf
measure platform --each web >out 2>err
"$sim" quote platform -k tdx-v5 -o quote.dat
check "one file is changed" 1 judge quote.dat platform/eventlog
says "it is named" "event 0 of the log: application, cella measure-file sha384:$(
	sha384sum <web/conf/nginx.conf | cut -c1-96) $web/conf/nginx.conf; in its place"
check "in Intel's shape, too" 1 "$cella" verify quote.dat -c collateral.json \
	--trust-root platform/root.pem --policy policy.json --eventlog platform/eventlog \
	--result-out -
says "by the register's flag" '"td_rtmr3_check":false'
says "and no other" '"td_rtmr2_check":true'

# --- a choice of events ---
"$cella" policy new quote.dat --eventlog platform/eventlog --without tdx_rtmr3 -o exact.json
first=$("$tool" eventlog explain --json platform/eventlog |
	sed -n 's/.*"sha384": "\([0-9a-f]*\)".*/\1/p' | head -n 1)
sed "s/\"$first\"/\"any\"/" exact.json >policy.json
check "there is a choice now" 1 cmp -s exact.json policy.json
check "it needs the log" 3 "$cella" verify quote.dat -c collateral.json \
	--trust-root platform/root.pem --policy policy.json
check "with the log it is met" 0 judge quote.dat platform/eventlog
check "lint says that Intel's engines take any register" 0 "$cella" policy lint policy.json
says "so" "[own_key]"
check "explain says what is demanded" 0 "$cella" policy explain policy.json
says "in words" "what the system measured of its applications (RTMR3) is exactly 2 events"

# --- the manifest, by other means ---
check "a manifest" 0 "$tool" measure --dry-run --manifest manifest web/conf
(
	cd web/conf || exit 1
	echo "d 755 - ."
	printf 'l 777 %s ./default\\040conf\n' "$(printf nginx.conf | sha384sum | cut -c1-96)"
	echo "f 644 $(sha384sum <nginx.conf | cut -c1-96) ./nginx.conf"
) >expected
check "it is what the manual says" 0 cmp manifest expected
"$tool" measure --dry-run web/conf >out 2>err
same "its digest is the directory's" "$(cut -c1-96 out)" \
	"$(sha384sum <manifest | cut -c1-96)"

# --- files in place of the kernel's ---
register=root/sys/devices/virtual/misc/tdx_guest/measurements/rtmr3:sha384
mkdir -p "${register%/*}" root/run
check "no register" 3 "$tool" measure --sysroot root web/nginx
says "why" "this is not a TD"
head -c 48 /dev/zero >"$register"
check "a register" 0 "$tool" measure --sysroot root --json web/nginx
says "the way" '"extended_through": "tsm-mr"'
check "the log is below the root" 0 "$tool" eventlog explain root/run/cella/eventlog
says "and says what" "measure-file sha384:$(sha384sum <web/nginx | cut -c1-96) $web/nginx"
for i in 0 1 2; do head -c 48 /dev/zero >"${register%/*}/rtmr$i:sha384"; done
check "the registers as they are" 1 "$tool" eventlog replay root/run/cella/eventlog --live \
	--sysroot root
says "a file does not extend" "DIFFERS from the evidence"
cp root/run/cella/eventlog no-events && truncate -s 65 no-events
head -c 48 /dev/zero >"$register"
check "nothing is no match" 1 "$tool" eventlog replay no-events --live --sysroot root
says "which is said" "the log has no events of the evidence's registers"
check "no registers" 3 "$tool" eventlog replay no-events --live --sysroot nowhere
check "another one" 0 "$tool" measure --sysroot root web/nginx
says "a register that does not extend is noticed" "somebody else"
chmod 0 "$register"
rm "$register" && mkdir "$register"
cp root/run/cella/eventlog before
check "a register that cannot be written" 3 "$tool" measure --sysroot root -- web/nginx
! grep -q 'nginx runs' out
verdict $? "then nothing runs"
check "and nothing is logged" 0 cmp before root/run/cella/eventlog

# --- hostile logs: refused by name, whoever reads them, and nothing is done ---
mkdir -p hostile tdroot/run/cella "tdroot${register#root}" && rmdir "tdroot${register#root}"
head -c 48 /dev/zero >"tdroot${register#root}"
good=platform/eventlog
size=$(wc -c <"$good")
# patched NAME OFFSET BYTES: the good log with these bytes in it.
patched() {
	cp "$good" "hostile/$1"
	printf '%b' "$3" | dd of="hostile/$1" bs=1 seek="$2" conv=notrunc 2>err
}
head -c $((size - 1)) "$good" >hostile/cut
head -c 40 "$good" >hostile/head-cut
patched digests 73 '\0377\0377\0377\0377'
patched algorithm 77 '\0064\0022'
patched data-size 127 '\0377\0377\0377\0377'
patched no-algorithms 56 '\0\0\0\0'
patched algorithms 56 '\0377\0377\0377\0377'
cat "$good" "$good" >hostile/twice
{ cat "$good" && echo garbage; } >hostile/trailing
head -c 100000 /dev/urandom >hostile/noise
truncate -s 17M hostile/huge
: >hostile/empty
for name in cut head-cut digests algorithm data-size no-algorithms algorithms twice noise \
	huge; do
	log=hostile/$name
	check "$name: explain" 3 timeout 60 "$tool" eventlog explain "$log"
	says "  it is named" "$log: "
	check "$name: replay" 3 timeout 60 "$tool" eventlog replay "$log" --quote quote.dat
	check "$name: policy new" 3 timeout 60 "$cella" policy new quote.dat --eventlog "$log" \
		-o hostile/policy.json
	check "$name: verify" 3 timeout 60 "$cella" verify quote.dat -c collateral.json \
		--trust-root platform/root.pem --eventlog "$log"
	cp --sparse=always "$log" tdroot/run/cella/eventlog
	check "$name: measure" 3 timeout 60 "$tool" measure --sysroot tdroot -- web/nginx
	cmp "$log" tdroot/run/cella/eventlog >out 2>err &&
		cmp -n 48 "tdroot${register#root}" /dev/zero >>out 2>>err
	verdict $? "  and neither log nor register is changed"
done
check "no policy was written" 1 test -e hostile/policy.json
cp hostile/trailing tdroot/run/cella/eventlog
check "nothing is appended behind garbage" 3 "$tool" measure --sysroot tdroot web/nginx
says "which is named" "tdroot/run/cella/eventlog: "
rm tdroot/run/cella/eventlog
ln -s "$dir/hostile/victim" tdroot/run/cella/eventlog
check "a link in the log's place" 3 "$tool" measure --sysroot tdroot web/nginx
check "is not followed" 1 test -e hostile/victim
rm tdroot/run/cella/eventlog
mkfifo tdroot/run/cella/eventlog
check "a pipe in the log's place" 3 timeout 60 "$tool" measure --sysroot tdroot web/nginx
check "one that is none" 3 timeout 60 "$tool" eventlog explain hostile
check "one without end" 3 timeout 60 "$tool" eventlog explain /dev/zero
# Texts that would steer a terminal, or look like another line of the output.
check "an application with a name of its own" 0 "$tool" measure --provider sim --sim platform \
	--name "$(printf 'a\033[2Jb\342\200\256c\nRTMR3  00')" web/nginx
check "is shown" 0 "$tool" eventlog explain platform/eventlog
LC_ALL=C tr -d '\n' <out | LC_ALL=C grep -q '[^ -~]' && echo "bytes for a terminal" >>out
verdict "$((!$?))" "without what it would do to a terminal"

# --- usage ---
check "no file" 2 "$tool" measure
check "no command" 2 "$tool" measure --
check "a provider without its platform" 2 "$tool" measure --provider sim web
check "a file that is not there" 3 "$tool" measure --dry-run nowhere
check "a program that is not there" 3 "$tool" measure --dry-run -- no-such-program
check "--quote and --report" 2 "$tool" eventlog replay platform/eventlog --quote q --report r
check "not a log" 3 "$tool" eventlog explain policy.json
check "inspect knows logs" 0 "$cella" inspect platform/eventlog
says "by their events" "measure-file"

# --- real logs ---
if [ -n "${CELLA_VECTORS:-}" ]; then
	ccel=$CELLA_VECTORS/ccel
	check "the log of a real quote" 0 "$tool" eventlog replay "$ccel/gcp-cos113.ccel" \
		--quote "$CELLA_VECTORS/tdx/tdx-v4-gcp-cos113.quote" \
		--ccel "$ccel/gcp-cos113.ccel-table"
	quote=$CELLA_VECTORS/tdx/tdx-v4-gcp-cos113.quote
	check "a policy of it" 0 "$cella" policy new "$quote" --without tdx_rtmr2 \
		--eventlog "$ccel/gcp-cos113.ccel" -o real.json
	"$cella" verify "$quote" --policy real.json --time 2026-02-25 >out 2>err
	says "which it meets, without the log, too" "mine     yes"
	sed 's/129cc599796a/129cc599796b/' real.json >changed.json
	check "with another command line" 1 "$cella" verify "$quote" --policy changed.json \
		--time 2026-02-25 --eventlog "$ccel/gcp-cos113.ccel"
	says "which is named" "event 40 of the log: command line, kernel_cmdline: /syslinux/"
	check "of another" 1 "$tool" eventlog replay "$ccel/gcp.ccel" \
		--quote "$CELLA_VECTORS/tdx/tdx-v4-gcp-cos113.quote"
	check "beside each other" 1 "$tool" eventlog replay "$ccel/gcp.ccel" \
		--reference "$ccel/grub-gke.ccel"
	says "the first difference" "first difference:"
	check "of a report of another TD" 1 "$tool" eventlog replay \
		"$ccel/aael-alibabacloud.ccel" \
		--report "$CELLA_VECTORS/tdx/tdreport-alibaba.bin"
else
	echo "# CELLA_VECTORS is not set: nothing was asked of real logs"
fi

finish
