#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154,SC2317 # inner shells; standin.sh sets; check() calls
# Fetching collateral over HTTPS from a server that is good, bad, or not there.
# Usage: fetch.sh CELLA STANDIN; prints TAP.
set -u

cella=$(realpath "$1")
standin=$(realpath "$2")
# shellcheck source=test/e2e/standin.sh
. "$(dirname "$0")/standin.sh"

{
	make_authority
	make_platform "$dir/pccs"
	make_platform "$dir/other"
	"$cella" quote --provider sim --sim "$dir/pccs/platform" --nonce 0011223344556677 \
		-o "$dir/quote"
	"$cella" sim quote "$dir/pccs/platform" -k sgx-v3 -o "$dir/enclave"
	"$cella" quote --provider sim --sim "$dir/other/platform" --nonce 0011223344556677 \
		-o "$dir/foreign"
	cp "$dir/other/tdx/tcb.http" "$dir/pccs/foreign.http"
	# The same authorities say this of another family.
	cp -r "$dir/pccs/platform" "$dir/family"
	sed 's/ce11a0000000/ce11a0000009/' "$dir/pccs/platform/platform.json" \
		>"$dir/family/platform.json"
	"$cella" sim collateral "$dir/family" --directory "$dir/pccs/family"
	# The same of a month ago: good, but not the newest.
	"$cella" sim collateral "$dir/pccs/platform" --time "$(date -u -d '-20 days' +%F)" \
		--directory "$dir/pccs/old"
	"$cella" sim collateral "$dir/pccs/platform" --evaluation-number 18 \
		--time "$(date -u -d '+1 day' +%F)" --directory "$dir/pccs/lower"
	"$cella" sim collateral "$dir/pccs/platform" --evaluation-number 21 \
		--directory "$dir/pccs/tdx-early"
	"$cella" sim collateral "$dir/pccs/platform" --evaluation-number 19 \
		--directory "$dir/pccs/tdx-19"
} >"$dir/made" 2>&1 || { cat "$dir/made" && exit 1; }
serve "$dir/pccs" "$dir/tls.pem" "$dir/tls.key"
url=https://127.0.0.1:$(cat "$dir/pccs/port")

# fetch OPTION...: a quote's collateral, from the stand-in, without a cache unless told so.
fetch() {
	"$cella" collateral fetch "$dir/quote" --url "$url" --tls-ca "$dir/ca.pem" \
		--trust-root "$dir/pccs/platform/root.pem" --no-cache "$@"
}

cached() {
	"$cella" collateral fetch "$dir/quote" --url "$url" --tls-ca "$dir/ca.pem" \
		--trust-root "$dir/pccs/platform/root.pem" --cache "$dir/cache" "$@"
}

# --- what is asked and what comes ---
reset
check "a quote's collateral is fetched" 0 fetch -o "$dir/bundle.json"
same "four documents, one request each" 4 "$(requests GET)"
check "the quote is judged by it" 0 "$cella" verify "$dir/quote" \
	-c "$dir/bundle.json" --trust-root "$dir/pccs/platform/root.pem"
says "and accepted" ACCEPTED
check "it is listed" 0 fetch
says "TCB information" "tcb_info     TDX ce11a0000000"
says "signed" "signature   good"
check "as JSON" 0 fetch --json
same "which is JSON" 4 "$(jq '.documents | length' "$dir/out")"
check "an enclave's" 0 "$cella" collateral fetch "$dir/enclave" --url "$url/" \
	--tls-ca "$dir/ca.pem" --trust-root "$dir/pccs/platform/root.pem" --no-cache
says "has SGX's documents" "tcb_info     SGX ce11a0000000"
check "a platform by its family" 0 "$cella" collateral fetch --fmspc ce11a0000000 --tee sgx \
	--url "$url/sgx/certification/v4" --tls-ca "$dir/ca.pem" \
	--trust-root "$dir/pccs/platform/root.pem" --no-cache
check "the early evaluation" 0 fetch --update early
says "is another" "number      21"
check "an evaluation by number" 0 fetch --tcb-evaluation 19
says "is that one" "number      19"
check "an evaluation that is not there" 3 fetch --tcb-evaluation 7
says "is not served" "status 404: the server does not have it"
fault "tcbEvaluationDataNumber=19 instead tdx/tcb.http -"
check "another evaluation than asked for" 3 fetch --tcb-evaluation 19
says "is told" "asked for evaluation number 19, got 20"

# --- usage ---
check "neither quote nor family" 2 "$cella" collateral fetch --url "$url"
check "both" 2 fetch --fmspc ce11a0000000
check "a family of eleven digits" 2 "$cella" collateral fetch --fmspc ce11a000000 --url "$url"
check "nowhere to fetch from" 2 "$cella" collateral fetch "$dir/quote" --no-cache \
	--trust-root "$dir/pccs/platform/root.pem"
says "says where to configure it" "PCCS_URL in /etc/sgx_default_qcnl.conf"
check "two ways to name an evaluation" 2 fetch --update early --tcb-evaluation 19
check "an unknown kind of update" 2 fetch --update late
check "a day to wait" 2 fetch --timeout 1d
check "plain http to another machine" 2 "$cella" collateral fetch --fmspc ce11a0000000 \
	--url http://pccs.example/ --no-cache
says "is refused" "use https://"
check "a quote of another root" 3 "$cella" collateral fetch "$dir/foreign" --url "$url" \
	--tls-ca "$dir/ca.pem" --trust-root "$dir/pccs/platform/root.pem" --no-cache
says "says so" "certificates end in another root"

# --- TLS ---
check "a server that signs for itself" 3 "$cella" collateral fetch "$dir/quote" --url "$url" \
	--trust-root "$dir/pccs/platform/root.pem" --no-cache
says "is not trusted" "with --tls-ca" # what else is said depends on this machine
check "unless told so" 0 "$cella" collateral fetch "$dir/quote" --url "$url" --insecure-tls \
	--trust-root "$dir/pccs/platform/root.pem" --no-cache
says "with a warning" "--insecure-tls: whoever answers is believed"
check "another authority's list" 3 "$cella" collateral fetch "$dir/quote" --url "$url" \
	--tls-ca "$dir/pccs/platform/root.pem" --no-cache \
	--trust-root "$dir/pccs/platform/root.pem"
says "does not help" "TLS certificate is not to be trusted"

# --- a hostile or broken server; every line: fault, status, what is said ---
while IFS='|' read -r name line text; do
	reset
	fault "$line"
	start=$(date +%s)
	check "$name" 3 fetch --timeout 3s
	says "$name: says so" "$text"
	same "$name: in time" 1 "$(($(date +%s) - start < 20))"
done <<'ROWS'
not found|tcb 404 - -|status 404: the server does not have it
gone|tcb 410 - -|status 410: the server does not serve it any more
unauthorised|tcb 401 - -|status 401
too many requests|tcb 429 - -|status 429: too many requests
too many requests for long|tcb 429 3600 -|status 429: too many requests
broken|tcb 500 - -|status 500: the server has failed
a PCCS's own status|tcb 461 - -|does not know this platform
a redirect|tcb redirect https://evil.example/ -|a redirect to https://evil.example/, which is not followed
a huge body|tcb huge - -|an answer of more than 262144 bytes
an endless body|tcb endless - -|an answer of more than 262144 bytes
a slow drip|tcb drip 50 -|no answer in time
no answer|tcb hang 5000 -|no answer in time
a hang-up|tcb hang-up - -|hung up
half a body|tcb truncate - -|the answer ends before its end
half a document|tcb short - -|not a JSON object of members
a web page|tcb garbage - -|the answer: neither JSON nor PEM
no issuer chain|tcb no-headers - -|its issuer chain is missing
another document's chain|tcb headers-of sgx/pckcrl.http -|its common name does not belong here
another platform|tcb instead foreign.http -|its chain ends in another root
another family of the same root|tcb instead family/tcb.http -|asked for TCB information (TDX ce11a0000000), got tcb_info TDX ce11a0000009
a long refusal|tcb rant 403 -|status 403: the server refuses to serve this machine (<html> [2Jgo away <html>
another TEE|tcb instead sgx/tcb.http -|asked for TCB information (TDX
another enclave|identity instead sgx/qe_identity.http -|asked for the quoting enclave's identity (TD_QE)
another list|rootcacrl instead sgx/pckcrl.http -|asked for the root's revocation list
headers without end|tcb headers 100 -|more than 65536 bytes of headers
two chains|tcb header TCB-Info-Issuer-Chain:x -|two issuer-chain headers
ROWS

reset
fault "tcb rant 403 -"
check "a refusal that would clear the screen" 3 fetch
same "does not" 0 "$(tr -d '[:print:]\n' <"$dir/err" | wc -c)"
reset
fault "tcb 503 - 2"
check "what passes is waited for" 0 fetch
same "in three attempts" 3 "$(requests /tcb)"
reset
fault "tcb 429 1 1"
check "as long as the server wishes" 0 fetch
reset
fault "tcb 404 - -"
check "what does not pass is not" 3 fetch
same "in one attempt" 1 "$(requests /tcb)"

check "nobody there" 3 "$cella" collateral fetch --fmspc ce11a0000000 --no-cache \
	--url https://127.0.0.1:1
says "is told" "is the server running?"

# --- a cella-fetch that is not there, or has lost its way ---
mkdir "$dir/alone"
cp "$cella" "$dir/alone/cella"
alone() {
	start=$(date +%s)
	"$dir/alone/cella" collateral fetch --fmspc ce11a0000000 --url "$url" --no-cache \
		--timeout 1s
	code=$?
	[ "$(($(date +%s) - start))" -lt 20 ] || code=99
	return "$code"
}
# helper LINE: what the stand-in for cella-fetch does.
helper() {
	printf '#!/bin/sh\n%s\n' "$1" >"$dir/alone/cella-fetch"
	chmod +x "$dir/alone/cella-fetch"
}
if [ -x /usr/local/libexec/cella/cella-fetch ] || command -v cella-fetch >/dev/null; then
	skip "no cella-fetch" "one is installed"
else
	check "no cella-fetch" 3 alone
	says "is told" "there is no program cella-fetch here"
fi
helper 'exit 0'
check "one that ends" 3 alone
says "is told" "cella-fetch ended before it had answered"
helper 'read line; kill -9 $$'
check "one that is killed" 3 alone
helper 'read line; echo nonsense; cat'
check "one that talks nonsense" 3 alone
says "is not believed" "cella-fetch: its answer: \"nonsense\" is not a number"
helper 'read line; echo "0 200 99999999"; cat /dev/zero'
check "one that never ends" 3 alone
says "is stopped" "99999999 bytes, at most 262144 were asked for"
helper 'read line; echo "0 200 100"; printf short; exec sleep 60'
check "one that stops in the middle" 3 alone
says "is not waited for" "cella-fetch does not answer"
helper 'exec sleep 60'
check "one that sleeps" 3 alone

# --- the configuration file ---
reset
echo "PCCS_URL=$url/sgx/certification/v4/" >"$QCNL_CONF_PATH"
check "a configured PCCS is not asked for simulated platforms" 2 "$cella" collateral fetch \
	"$dir/quote" --trust-root "$dir/pccs/platform/root.pem"
check "it is for real ones" 3 "$cella" collateral fetch --fmspc ce11a0000000 \
	--tls-ca "$dir/ca.pem" --no-cache
says "whose root this one's are not" "its chain ends in another root"
printf 'PCCS_URL=%s/sgx/certification/v4/\nUSE_SECURE_CERT=FALSE\n' "$url" >"$QCNL_CONF_PATH"
check "use_secure_cert counts for this machine" 3 "$cella" collateral fetch \
	--fmspc ce11a0000000 --no-cache
says "whose certificate is not asked for" "its chain ends in another root"
printf 'PCCS_URL=https://pccs.invalid/sgx/certification/v4/\nUSE_SECURE_CERT=FALSE\n' \
	>"$QCNL_CONF_PATH"
check "but not for another" 3 "$cella" collateral fetch --fmspc ce11a0000000 --no-cache \
	--timeout 1s
says "which is said" "use_secure_cert is false, but the server is not this machine"
# shellcheck disable=SC2016 # as images ship it
echo 'PCCS_URL=https://sgx-dcap-server.${region_id}.example/sgx/certification/v4/' \
	>"$QCNL_CONF_PATH"
check "a region that nobody filled in" 3 "$cella" collateral fetch --fmspc ce11a0000000
says "is found before it hangs" "a variable that nobody has filled in"
echo '{"pccs_url": }' >"$QCNL_CONF_PATH"
check "a broken file" 3 "$cella" collateral fetch --fmspc ce11a0000000
says "is named" "qcnl.conf: JSON"
rm -f "$QCNL_CONF_PATH"

# --- the cache ---
reset
printf 'PCCS_URL=%s/sgx/certification/v4/\nLOCAL_CACHE_ONLY=TRUE\n' "$url" >"$QCNL_CONF_PATH"
check "local_cache_only" 3 "$cella" collateral fetch --fmspc ce11a0000000
says "asks nobody" "local_cache_only forbids"
same "at all" 0 "$(requests GET)"
rm -f "$QCNL_CONF_PATH"
check "a cold cache" 0 cached
check "a warm cache" 0 cached -o "$dir/warm.json"
same "asks once" 4 "$(requests GET)"
same "and gives the same" "$(cksum <"$dir/bundle.json")" "$(cksum <"$dir/warm.json")"
check "--refresh" 0 cached --refresh
same "asks again" 8 "$(requests GET)"
check "another root's documents" 3 "$cella" collateral fetch --fmspc ce11a0000000 --offline \
	--cache "$dir/cache"
says "are others" "is not in the cache, and --offline or local_cache_only forbids"
check "offline" 0 cached --offline -o "$dir/offline.json"
same "nobody is asked" 8 "$(requests GET)"

# Every file of the cache, broken in turn: noticed, and fetched again.
for file in "$dir"/cache/objects/* "$dir"/cache/records/*; do
	cp "$file" "$dir/kept"
	for damage in cut flip empty; do
		case $damage in
		cut) head -c 300 "$dir/kept" >"$file" ;;
		flip) { head -c 299 "$dir/kept" && printf '\377' &&
			tail -c +301 "$dir/kept"; } >"$file" ;;
		empty) : >"$file" ;;
		esac
		if ! cached --offline >"$dir/out" 2>"$dir/err" &&
			grep -q 'is not in the cache' "$dir/err" &&
			cached >"$dir/out" 2>"$dir/err" &&
			cached --offline >"$dir/out" 2>"$dir/err"; then
			continue
		fi
		echo "$damage $(basename "$file")" >>"$dir/unnoticed"
		cat "$dir/err" >>"$dir/unnoticed"
	done
done
same "damage is noticed and repaired" "" "$(cat "$dir/unnoticed" 2>/dev/null)"

fault "GET 503 - -"
check "a server that is down" 0 cached --refresh --timeout 5s
says "leaves what was kept" "using what was fetched on"
fault "tcb instead old/tcb.http -"
check "an older document" 0 cached --refresh
says "does not take a newer one's place" "older than what was there before"

fault "tcb instead lower/tcb.http -"
check "a newer document of an earlier evaluation" 0 cached --refresh
says "does not, either" "older than what was there before"

# Cache-Control decides how long it is fresh.
reset
fault "GET header Cache-Control:no-cache -"
check "what is not to be kept" 0 cached
check "is asked for again" 0 cached
same "each time" 8 "$(requests GET)"
fault "GET 503 - -"
check "but will do when nothing else is there" 0 cached --timeout 5s

# TCB information of one evaluation, identity of another: asked again.
reset
check "one evaluation is there" 0 cached
rm -rf "$dir/pccs/tdx.old"
mv "$dir/pccs/tdx" "$dir/pccs/tdx.old"
cp -r "$dir/pccs/tdx-early" "$dir/pccs/tdx"
record=$(grep -lF 'key tdx/qe/identity ' "$dir"/cache/records/*)
rm -f "$record"
check "the other comes" 0 cached
same "and both are of the new one" 2 "$(grep -c 'number      21' "$dir/out")"
rm -rf "$dir/pccs/tdx"
mv "$dir/pccs/tdx.old" "$dir/pccs/tdx"

# --- where a cache cannot be used ---
reset
mkdir -m 777 "$dir/cache"
chmod 777 "$dir/cache"
check "a cache that others may write to" 0 cached
says "is not used" "others may write to it (mode 0777)"
rm -rf "$dir/cache"
: >"$dir/cache"
check "a file in its place" 0 cached
says "is told" "going on without it"
rm -f "$dir/cache"
check "a warm cache for later" 0 cached
full() {
	# Every write fails, as on a full disk; the output goes to a pipe.
	(
		trap '' XFSZ
		ulimit -f 0
		cached --refresh 2>&1
	) | cat >"$dir/full"
	grep -q 'going on without it' "$dir/full" && grep -q 'signature   good' "$dir/full"
}
check "a full disk" 0 full
check "nothing is lost by it" 0 cached --offline
same "and nothing is left over" "" "$(ls "$dir/cache/tmp")"

# A file system that is full or read-only, for real, where that can be had.
small() {
	unshare "$mounts" sh -c '
		mount -t tmpfs -o size=16k none "$1" || exit 77
		shift
		"$@" 2>&1' sh "$dir/small" "$cella" collateral fetch "$dir/quote" --url "$url" \
		--tls-ca "$dir/ca.pem" --trust-root "$dir/pccs/platform/root.pem" \
		--cache "$dir/small/cache"
}
# The answer goes to a full file system; what is left there is told.
small_output() {
	unshare "$mounts" sh -c '
		mount -t tmpfs -o size=8k none "$1" || exit 77
		folder=$1
		shift
		"$@" 2>&1
		code=$?
		echo "left: $(ls -A "$folder" | grep . || echo none)"
		exit $code' sh "$dir/small" "$cella" collateral fetch "$dir/quote" --url "$url" \
		--tls-ca "$dir/ca.pem" --trust-root "$dir/pccs/platform/root.pem" --no-cache \
		-o "$dir/small/bundle.json"
}
readonly_cache() {
	unshare "$mounts" sh -c '
		mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 77
		shift
		"$@" 2>&1' sh "$dir/cache" "$cella" collateral fetch "$dir/quote" --url "$url" \
		--tls-ca "$dir/ca.pem" --trust-root "$dir/pccs/platform/root.pem" \
		--cache "$dir/cache" "$@"
}
mkdir "$dir/small"
if unshare "$mounts" mount -t tmpfs none "$dir/small" 2>/dev/null; then
	check "a small file system" 0 small
	says "does what it can" "No space left on device"
	check "an output that does not fit" 3 small_output
	says "is told" "No space left on device"
	says "and nothing of it stays" "left: none"
	check "a cache that can only be read" 0 readonly_cache
	check "is refreshed" 0 readonly_cache --refresh
	says "not, which is said" "Read-only file system"
else
	skip "a small file system" "no name spaces here"
	skip "a cache that can only be read" "no name spaces here"
fi

# --- many at once, and killed at any moment ---
reset
fault "GET hang 300 -"
for i in $(seq 32); do
	cached >"$dir/many.$i" 2>&1 &
	eval "pid_$i=$!"
done
failed=0
for i in $(seq 32); do
	eval "wait \$pid_$i" || failed=$((failed + 1))
done
same "thirty-two processes at once" 0 "$failed"
same "make one request for each document" 4 "$(requests GET)"

# One that was stopped in the middle of a question.
reset
check "a cache for later" 0 cached
if command -v flock >/dev/null; then
	rm -f "$dir"/cache/records/*
	lock=$(find "$dir/cache/locks" -type f | head -n 1)
	(flock 8 && : >"$dir/held" && exec sleep 60) 8<>"$lock" &
	holder=$!
	until [ -e "$dir/held" ]; do sleep 0.1; done
	check "who holds a question for ever is not waited for as long" 0 cached --timeout 20s
	kill "$holder"
else
	skip "a question that is held for ever" "there is no flock here"
fi

# Killed is the program itself, not a shell that runs it.
killable() {
	exec "$cella" collateral fetch "$dir/quote" --url "$url" --tls-ca "$dir/ca.pem" \
		--trust-root "$dir/pccs/platform/root.pem" --cache "$dir/cache" --refresh
}
reset
broken=0
for i in $(seq 40); do
	# Somewhere between the start and the end.
	killable >/dev/null 2>&1 &
	victim=$!
	sleep "0.0$((i % 10))$((i * 7 % 10))"
	kill -9 "$victim" 2>/dev/null
	wait "$victim" 2>/dev/null
	for object in "$dir"/cache/objects/*; do
		[ -e "$object" ] || continue
		[ "$(sha256sum <"$object" | cut -c1-64)" = "$(basename "$object")" ] ||
			broken=$((broken + 1))
	done
	# What is read is whole, or is not there.
	cached --offline >"$dir/killed" 2>&1 || grep -q 'is not in the cache' "$dir/killed" || {
		broken=$((broken + 1))
		sed 's/^/# /' "$dir/killed"
	}
done
same "killed at forty moments, nothing is in part" 0 "$broken"
check "and the cache is as good as ever" 0 cached
check "and whole" 0 cached --offline
finish
