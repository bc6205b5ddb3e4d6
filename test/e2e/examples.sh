#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016 # commands are typed as they stand, for another shell
# The examples as they are installed: built by their own Makefiles against the installed
# tree, and used on the simulated platform. Commands of `typed` are those of the TDX
# document; with CELLA_SEEDS, the folder of the documents, it is checked that they are.
set -eu
# shellcheck source=test/tap.sh
. "$SOURCE/test/tap.sh"

PATH=$scratch/bin:$STAGE/bin:$PATH
PKG_CONFIG_PATH=$STAGE/lib/pkgconfig
export PATH PKG_CONFIG_PATH
for tool in make jq xxd; do
	if ! command -v $tool >/dev/null; then
		echo "1..0 # SKIP there is no command $tool"
		exit 0
	fi
done
document=${CELLA_SEEDS:+$CELLA_SEEDS/tdx.ja.txt}
examples=$scratch/examples
quote=$examples/tdx-quote-generation-sample/quote.dat
enclave=
trap '[ -z "$enclave" ] || kill "$enclave"; rm -rf "$scratch"' EXIT

# As sudo: whoever calls it owns what is his.
if [ "$(id -u)" = 0 ]; then caller=1000; else caller=$(id -u); fi
mkdir "$scratch/bin"
printf '#!/bin/sh\nSUDO_UID=%s SUDO_GID=%s exec "$@"\n' "$caller" "$caller" \
	>"$scratch/bin/sudo"
chmod +x "$scratch/bin/sudo"

# --- what is expected: each adds to $scratch/wrong what is not so --------------------------

# runs CODE COMMAND...: its exit status; its output is in $scratch/out and $scratch/err.
runs() {
	expected=$1
	shift
	code=0
	"$@" >"$scratch/out" 2>"$scratch/err" </dev/null || code=$?
	[ "$code" = "$expected" ] || {
		echo "exit status $code, not $expected: $*"
		cut -c 1-300 "$scratch/out" "$scratch/err"
	} >>"$scratch/wrong"
}

# typed COMMAND: one of the document's. It ends with 0.
typed() {
	if [ -n "$document" ] && ! grep -qF -e "$1" "$document"; then
		echo "the document has no command \"$1\"" >>"$scratch/wrong"
	fi
	runs 0 sh -c "$(printf '%s' "$1" | sed "s:<path_to_quote>:$quote:")"
}

# prints TEXT, says TEXT: on standard output, on standard error.
prints() {
	grep -qF -e "$1" "$scratch/out" || {
		echo "nothing prints \"$1\":"
		cut -c 1-300 "$scratch/out"
	} >>"$scratch/wrong"
}
says() {
	grep -qF -e "$1" "$scratch/err" || {
		echo "nothing says \"$1\" on standard error:"
		cat "$scratch/err"
	} >>"$scratch/wrong"
}

# is EXPECTED: all that was printed.
is() {
	[ "$(cat "$scratch/out")" = "$1" ] || {
		echo "expected \"$1\", found:"
		cut -c 1-300 "$scratch/out"
	} >>"$scratch/wrong"
}

# holds FILTER FILE: what jq finds true.
holds() {
	jq -e "$1" "$2" >/dev/null 2>"$scratch/jq" || {
		echo "not so: $1"
		cat "$scratch/jq"
		jq . "$2" 2>&1 | cut -c 1-100 | head -n 60
	} >>"$scratch/wrong"
}

# refused CODE TEXT COMMAND...: it says so and does not print a success.
refused() {
	expected=$1 text=$2
	shift 2
	runs "$expected" "$@"
	says "$text"
	! grep -q success "$scratch/out" || echo "it prints a success" >>"$scratch/wrong"
}

# --- the programs --------------------------------------------------------------------------

cp -r "$STAGE/share/doc/cella/examples" "$examples"
for sample in TDXReportParse tdx-quote-generation-sample attested-key-exchange; do
	cd "$examples/$sample"
	runs 0 sudo make CC="$CC"
	result "$sample is built"
	[ -f README.md ] || echo "it has no README.md" >"$scratch/wrong"
	result "$sample explains itself"
done

cd "$examples/TDXReportParse"
if [ -e /dev/tdx_guest ]; then
	skip "without TDX there is no report" "this is a TDX guest"
	skip "without TDX there is no quote" "this is a TDX guest"
else
	refused 3 "this is no TDX guest" ./tdx_report_parse
	says "make simulated-platform"
	is ""
	result "without TDX there is no report"
	cd ../tdx-quote-generation-sample
	refused 3 "make simulated-platform" ./app
	says "Failed to get the quote"
	[ ! -e quote.dat ] || echo "there is a quote" >>"$scratch/wrong"
	result "without TDX there is no quote"
fi
for sample in TDXReportParse tdx-quote-generation-sample tdx-quote-verification-sample \
	attested-key-exchange; do
	cd "$examples/$sample"
	runs 0 sudo make simulated-platform
	result "$sample is told to simulate"
done
[ "$(stat -c %u "$examples/simulated-platform/pck.key")" = "$caller" ] ||
	echo "its keys are not the caller's" >"$scratch/wrong"
result "the simulated platform is the caller's"

# --- TDXReportParse ------------------------------------------------------------------------

cd "$examples/TDXReportParse"
typed "sudo ./tdx_report_parse"
prints "attributes: 0x0000000010000000 (NO_DEBUG SEPT_VE_DISABLE)"
says "SIMULATED"
sed 's/:.*//' "$scratch/out" | tr '\n' ' ' >"$scratch/names"
expected="TD info attributes xfam mr_td mr_config_id mr_owner mr_owner_config"
expected="$expected rtmr0 rtmr1 rtmr2 rtmr3 "
[ "$(cat "$scratch/names")" = "$expected" ] || cat "$scratch/names" >>"$scratch/wrong"
result "the report shows NO_DEBUG and every measurement"
refused 2 "takes no arguments" ./tdx_report_parse file
result "the report takes no arguments"

# --- tdx-quote-generation-sample -----------------------------------------------------------

# carries HEX: the quote's report data.
carries() {
	found=$(cella inspect quote.dat --json |
		jq -r '.fields[] | select(.name == "body.report_data").value')
	[ "$found" = "$1" ] || echo "expected $1, found $found" >>"$scratch/wrong"
}

cd "$examples/tdx-quote-generation-sample"
typed "sudo ./app"
prints "Wrote TD Quote to quote.dat"
says "app: SIMULATED"
cp quote.dat first.dat
result "a quote is made with random report data"
typed "sudo ./app"
! cmp -s quote.dat first.dat || echo "the same twice" >>"$scratch/wrong"
result "which is another one each time"
hex=1234567890abcdef1234567890abcdef1234567890abcdef1234567890abcdef
typed "sudo ./app -d $hex"
carries "$hex$(printf '%064d' 0)"
result "a quote is made with given report data"
head -c 64 /dev/urandom >data.dat
typed 'sudo ./app -d $(cat data.dat | xxd -p)'
data=$(xxd -p data.dat | tr -d '\n')
carries "$data"
result "64 bytes may come in several lines"
for wrong in "" 123 xyz "${data}00" "00 -x"; do
	# shellcheck disable=SC2086 # a list of words
	runs 2 ./app -d $wrong
	[ -s "$scratch/err" ] || echo "it does not say why" >>"$scratch/wrong"
	result "report data is not \"$(printf %.20s "$wrong")\""
done
carries "$data"
result "nor is the quote changed then"

# --- tdx-quote-verification-sample: keys and policies --------------------------------------

cd "$examples/tdx-quote-verification-sample"
typed "sudo make Policies/tenant_td_policy.jwt"
prints "The signed token:"
prints "$(cat Policies/tenant_td_policy.jwt)"
result "the tenant's policy is signed"
typed "sudo make all"
result "the rest is built"
for key in policy verifier; do
	[ "$(stat -c '%a %u' keys/$key.key)" = "600 $caller" ] || ls -l keys >>"$scratch/wrong"
	result "the $key key is the caller's alone"
done
for policy in tenant_td_policy platform_policy; do
	runs 0 cella policy verify Policies/$policy.jwt --policy-owner keys/policy.pub
	result "$policy is signed by its owner"
done
typed "sudo make all"
! grep -q openssl "$scratch/out" || echo "keys are made anew" >>"$scratch/wrong"
result "keys stay what they are"

# --- the verdict ---------------------------------------------------------------------------

typed "./verifier -quote <path_to_quote>"
says "verifier: SIMULATED"
[ "$(wc -l <"$scratch/out")" = 1 ] || echo "more than a line" >>"$scratch/wrong"
cp "$scratch/out" good.token
runs 0 cella token verify good.token --key keys/verifier.pub -q --allow-unasked fresh \
	--audience "tdx-quote-verification-sample relying_party" \
	--root "$(cella verify "$quote" --trust-root simulated-platform/root.pem --json -q |
		jq -r .cella_root)"
result "a quote is verified, the verdict is a token"

pipeline='./verifier -quote <path_to_quote> |./relying_party -v |grep "json payload" '
pipeline="$pipeline|awk -F 'payload:' '{print \$2}'|jq"
bound='./verifier -quote <path_to_quote> |./relying_party -v -a|grep "json payload" '
bound="$bound|awk -F 'payload:' '{print \$2}'|jq '.. | .tdx_reportdata?  | select(. != null)'"
overall="$pipeline '.[0].result.overall_appraisal_result'"

typed "$pipeline "
cp "$scratch/out" "$scratch/result"
holds 'length == 1 and .[0].result.overall_appraisal_result == 1' "$scratch/result"
holds '.[0].result.appraised_reports | map(.appraisal_result) == [1, 1, 1]' "$scratch/result"
holds '[.[0].result.appraised_reports[].detailed_result[][]] | all' "$scratch/result"
result "the pipeline prints the result"
if [ -n "$document" ]; then
	# Where a name stands, whatever the order of reports; what a policy demands is its own.
	shape='.[0].result.appraised_reports |= (map({(.report.environment.class_id): .}) | add)
		| del(.[0].result.appraised_reports[].policy.reference)
		| [paths | join(".")] | sort'
	awk '/^  *\[$/ && !found { found = 1 } found && !/^ *\.\.\.$/ { print }
		found && /^        \]$/ { exit }' "$document" >"$scratch/documented"
	jq "$shape" "$scratch/documented" >"$scratch/expected" 2>>"$scratch/wrong" || :
	jq "$shape" "$scratch/result" | diff "$scratch/expected" - >>"$scratch/wrong" || :
	result "it has the document's shape"
else
	skip "it has the document's shape" "CELLA_SEEDS names no documents"
fi
typed "$overall"
is 1
result "the pipeline's overall result is 1"
typed "$bound"
is "\"$(printf '%s' "$data" | fold -w 2 | tac | tr -d '\n' | tr a-f A-F)\""
result "the pipeline's report data is that of the quote, the last byte first"

# judged FILE: relying_party reads a token from a file.
judged() {
	token=$1
	shift
	./relying_party "$@" <"$token"
}

printf 'appraisal result: success\n' >"$scratch/success"
runs 0 judged good.token
cmp "$scratch/out" "$scratch/success" >>"$scratch/wrong" 2>&1 || :
says "relying_party: SIMULATED"
says "not asked: whether the quote was made for this request"
result "the relying party says success"
runs 0 judged good.token -a
printf 'expected appraisal policys: success\n' >>"$scratch/success"
cmp "$scratch/out" "$scratch/success" >>"$scratch/wrong" 2>&1 || :
result "and that the expected policies judged"
runs 0 ./verifier
result "the verifier finds the quote by itself"
cd "$scratch"
runs 0 sh -c "'$examples/tdx-quote-verification-sample/verifier' |
	'$examples/tdx-quote-verification-sample/relying_party' -a"
result "both may be called from anywhere"
cd "$examples/tdx-quote-verification-sample"
runs 0 ./verifier -d "$data"
cp "$scratch/out" fresh.token
runs 0 judged fresh.token -a -d "$data"
! grep -q "not asked" "$scratch/err" || echo "freshness was not asked" >>"$scratch/wrong"
result "a quote that was made for this request is fresh"

# --- refusals ------------------------------------------------------------------------------

# nothing_passes QUOTE: the pipelines print 0 and no report data.
nothing_passes() {
	runs 0 sh -c "$(printf '%s' "$overall" | sed "s:<path_to_quote>:$1:")"
	is 0
	runs 0 sh -c "$(printf '%s' "$bound" | sed "s:<path_to_quote>:$1:")"
	is ""
}

# verifier_refuses TITLE CODE TEXT ARGUMENT...: its token, if there is one, is no success.
verifier_refuses() {
	title=$1
	shift
	code=$1 text=$2
	shift 2
	refused "$code" "$text" ./verifier "$@"
	cp "$scratch/out" bad.token
	if [ -s bad.token ]; then
		refused 1 "the token is REFUSED" judged bad.token
		prints "appraisal result: failure"
	else
		refused 3 "did the verifier fail?" judged bad.token
	fi
	result "$title"
}

simulate() {
	cella sim "$@" -q
}

verifier_refuses "other report data are refused" 1 "fail: report_data" -d "${data%??}00"
refused 1 "fail: token.nonce" judged good.token -d "$data"
result "a token that tells no nonce is not fresh"
refused 1 "fail: token.nonce" judged fresh.token -d "${data%??}00"
result "nor one that tells another"
runs 2 ./verifier -d 00
result "a nonce of one byte is none"

simulate quote simulated-platform --kind tdx-v5 --debug -o debug.dat
verifier_refuses "a debuggable TD is refused" 1 "fail: td.debug" -quote debug.dat
nothing_passes debug.dat
result "nothing of it passes the pipelines"
xxd -p "$quote" | tr -d '\n' | sed 's/../ff/700' | xxd -r -p >changed.dat
verifier_refuses "a changed quote is refused" 1 "fail: quote.signature" -quote changed.dat
head -c 1000 "$quote" >short.dat
verifier_refuses "half a quote is none" 3 "short.dat" -quote short.dat
nothing_passes short.dat
result "nothing of it passes the pipelines, either"
verifier_refuses "nor is a file that is not there" 3 "No such file" -quote nowhere.dat
simulate quote simulated-platform --kind sgx-v3 -o sgx.dat
verifier_refuses "an enclave's quote is none of TDX" 3 "not a TDX quote" -quote sgx.dat

simulate collateral simulated-platform --standing OutOfDate -o old.json
verifier_refuses "a platform out of date is refused" 1 "fail: tcb.status" \
	-collateral old.json
simulate collateral simulated-platform --revoke pck -o revoked.json
verifier_refuses "a revoked platform is refused" 1 "revoked" -collateral revoked.json
simulate collateral simulated-platform --directory collateral
rm collateral/*qe*
verifier_refuses "half of the collateral is not enough" 3 \
	"neither accepted nor refused" -collateral collateral
rm -r collateral
mkdir collateral
verifier_refuses "no collateral is none" 3 "has no files" -collateral collateral
rmdir collateral

# --- refusals: policies --------------------------------------------------------------------

tenant=Policies/tenant_td_policy
cp $tenant.json tenant.json
cp $tenant.jwt tenant.jwt
sed 's/"0000000010000000"/"0000000000000000"/' tenant.json >$tenant.json
runs 0 sudo make all
verifier_refuses "a policy that was changed and signed refuses the quote" 1 "tdx_attributes"
refused 1 "fail: token.policies" judged good.token -a
prints "expected appraisal policys: failure"
result "and is not the one that judged before"
cp tenant.json $tenant.json

awk -F. '{ printf "%s.%s.%s", $1, $2, substr($3, 1, 10) "AAAA" substr($3, 15) }' tenant.jwt \
	>$tenant.jwt
verifier_refuses "a policy with a broken signature refuses everything" 1 "fail: policy."
refused 3 "not the owner's: bad_signature" judged good.token -a
result "and is not expected of anybody"
cp tenant.json $tenant.jwt
verifier_refuses "so does one that is not signed" 1 "fail: policy."
refused 3 "not the owner's: unsigned" judged good.token -a
result "which is not expected, either"
runs 0 cella policy sign tenant.json --key other.pem --new-key -o $tenant.jwt
verifier_refuses "and one that somebody else signed" 1 "fail: policy."
refused 3 "not the owner's: foreign_owner" judged good.token -a
result "whose policies are not expected"
cp "$tenant.jwt" other.jwt
rm $tenant.jwt
verifier_refuses "without its policy the verifier does not judge" 3 "$tenant.jwt"
cp tenant.jwt $tenant.jwt

# --- refusals: tokens ----------------------------------------------------------------------

audience="tdx-quote-verification-sample relying_party"
# issue KEY OPTION...: a token that the verifier might have made, into issued.token.
issue() {
	key=$1
	shift
	simulate collateral simulated-platform -o collateral.json
	cella verify "$quote" -c collateral.json --trust-root simulated-platform/root.pem -q \
		--token-key "$key" --token-out issued.token \
		--token-audience "$audience" \
		--token-issuer "tdx-quote-verification-sample verifier" "$@" >/dev/null
}

# token_refused TITLE TEXT: the relying party does not believe issued.token.
token_refused() {
	refused 1 "$2" judged issued.token -v
	prints 'json payload:[{"result":{"overall_appraisal_result":0,'
	result "$1"
}

both="--policy $tenant.jwt --policy Policies/platform_policy.jwt"
# shellcheck disable=SC2086 # a list of words
issue keys/verifier.key $both
runs 0 judged issued.token -a
result "a token like the verifier's is believed"
# shellcheck disable=SC2086 # a list of words
issue keys/verifier.key $both -t "@$(($(date +%s) - 3600))"
token_refused "an expired token is refused" "fail: token.time"
# shellcheck disable=SC2086 # a list of words
issue other.pem $both
token_refused "somebody else's token is refused" "fail: token.signature"
issue keys/verifier.key
token_refused "a token without a policy is refused" "fail: token.mine"
issue keys/verifier.key --policy other.jwt
token_refused "a token by another owner's policy is refused" "fail: token.policy_owner"
issue keys/verifier.key --policy tenant.json
token_refused "a token by an unsigned policy is refused" "fail: token.policy_owner"
issue keys/verifier.key --policy $tenant.jwt
refused 1 "fail: token.policies" judged issued.token -a
prints "expected appraisal policys: failure"
result "a token by one policy of two is refused"
audience=somebody
# shellcheck disable=SC2086 # a list of words
issue keys/verifier.key $both
token_refused "a token for somebody else is refused" "fail: token.audience"
cat good.token fresh.token | awk -F. 'NR == 1 { head = $1; tail = $3 }
	NR == 2 { printf "%s.%s.%s", head, $2, tail }' >issued.token
token_refused "a changed token is refused" "fail: token.signature"
runs 0 true
refused 3 "did the verifier fail?" ./relying_party -v
prints 'json payload:[{"result":{"overall_appraisal_result":0,'
result "no token is no success"

# What stands in a token must not look like what the relying party says.
base64url() {
	base64 -w 0 | tr '+/' '-_' | tr -d '='
}
yes='json payload:[{\"result\":{\"overall_appraisal_result\":1}}]'
{
	printf '{"alg":"ES384","typ":"%s\\n%s"}' "$yes" "$yes" | base64url
	printf .
	printf '{"iss":"%s"}' "$yes" | base64url
	printf .
	head -c 96 /dev/zero | base64url
} >forged.token
words="grep 'json payload' | awk -F 'payload:' '{print \$2}' |
	jq -c '.[0].result.overall_appraisal_result'"
runs 0 sh -c "./relying_party -v -a <forged.token | $words"
is 0
says "fail: token.type"
result "a forged token's words are not taken for the result"
runs 0 sh -c "./relying_party -v -a <forged.token 2>&1 | $words || :"
! grep -q '^1' "$scratch/out" || cat "$scratch/out" >>"$scratch/wrong"
result "not even where standard error is"

# --- refusals: keys and roots --------------------------------------------------------------

chmod 644 keys/verifier.key
verifier_refuses "a verifier's key that others may read is not used" 3 "chmod 600"
chmod 600 keys/verifier.key
mv keys/policy.pub keys/away
verifier_refuses "without the policies' owner nothing is judged" 3 "keys/policy.pub"
refused 3 "make all" judged good.token
result "and no token is believed"
mv keys/away keys/policy.pub
for arguments in -x "-quote" "good.token"; do
	runs 2 ./verifier "$arguments"
	says usage:
	runs 2 ./relying_party "$arguments"
	says usage:
	result "'$arguments' is no argument"
done

# Without being told to, nobody trusts a simulated platform.
simulate collateral simulated-platform -o collateral.json
rm simulated-platform
verifier_refuses "without collateral nothing is accepted" 3 "-collateral FILE|DIR"
verifier_refuses "a simulated platform is not real" 1 "fail: pck.root" \
	-collateral collateral.json
refused 1 "fail: token.root" judged good.token
result "nor is its token believed"
if [ -n "${CELLA_VECTORS:-}" ]; then
	verifier_refuses "a real quote with old collateral is refused for that" 1 expired \
		-quote "$CELLA_VECTORS/tdx/tdx-v4-b0c06f.quote" \
		-collateral "$CELLA_VECTORS/tdx/tdx-v4-b0c06f.collateral.json"
else
	skip "a real quote with old collateral" "CELLA_VECTORS names no evidence"
fi

# --- attested-key-exchange -----------------------------------------------------------------

cd "$examples/attested-key-exchange"

# await FILE: until somebody waits at a socket.
await() {
	tries=0
	until grep -q waiting "$1" 2>/dev/null; do
		[ $((tries += 1)) != 300 ] || {
			echo "nobody waits: $1"
			return
		} >>"$scratch/wrong"
		sleep 0.1
	done
}

# meet CODE MODE: the client meets the enclave, with an attacker in between.
meet() {
	rm -f attacker.out
	./attacker "$2" middle.sock enclave.sock answer >attacker.out 2>attacker.err &
	attacker=$!
	await attacker.out
	runs "$1" sh -c 'echo "the message" | ./client middle.sock'
	wait $attacker || :
}

refused 3 "make policy.json" ./client enclave.sock
result "without a policy the client trusts nobody"
runs 0 sudo make policy.json
runs 0 cella policy lint policy.json
result "the workload is pinned"
refused 3 "enclave.sock" ./client enclave.sock
result "without an enclave there is no exchange"

./enclave enclave.sock >enclave.out 2>enclave.err &
enclave=$!
await enclave.out
runs 0 sh -c 'echo "the message" | ./client enclave.sock'
prints "the enclave says: 12 bytes received"
for answer in genuine current mine fresh; do
	says "$answer: yes"
done
says "client: SIMULATED"
grep -q "enclave: SIMULATED" enclave.err || cat enclave.err >>"$scratch/wrong"
result "the client accepts the enclave"
cp "$scratch/out" client.out
[ "$(grep ^session client.out)" = "$(grep ^session enclave.out)" ] ||
	cat client.out enclave.out >>"$scratch/wrong"
grep -qE '^session [0-9a-f]{16}$' client.out || cat client.out >>"$scratch/wrong"
result "both sides agree on the same secret"
runs 0 sh -c 'echo "the message" | ./client enclave.sock'
[ "$(grep ^session "$scratch/out")" != "$(grep ^session client.out)" ] ||
	echo "it is the same secret" >>"$scratch/wrong"
result "each exchange has its own"
meet 0 relay
result "somebody may pass everything on"
for mode in replay swap-enclave swap-client; do
	meet 1 $mode
	says "genuine: yes"
	says "mine: yes"
	says "fresh: no"
	says "fail: report_data"
	says "REFUSED"
	grep -q "did not fall for it" attacker.err || cat attacker.err >>"$scratch/wrong"
	is ""
	case $mode in
	replay) what="a replayed quote" ;;
	swap-enclave) what="a swapped key of the enclave" ;;
	*) what="a swapped key of the client" ;;
	esac
	result "$what is refused, and nothing is sent"
done
meet 3 tamper
says "hung up"
grep -q "message was changed" enclave.err || cat enclave.err >>"$scratch/wrong"
result "a changed message is refused by the enclave"
sed 's/\("tdx_mrtd": "\)../\100/' policy.json >other.json
cp policy.json right.json
cp other.json policy.json
runs 1 ./client enclave.sock
says "mine: no"
says "REFUSED"
result "another workload is refused"
cp right.json policy.json
mkdir ../stranger
cp client policy.json ../stranger
simulate collateral simulated-platform -o collateral.json
runs 1 ../stranger/client enclave.sock collateral.json
says "genuine: no"
result "a simulated platform is refused by who was not told to trust it"
kill $enclave
enclave=
refused 3 "remove it" ./enclave enclave.sock
result "a socket of an enclave that is no more is named"
rm enclave.sock
./enclave -1 enclave.sock >enclave.out 2>enclave.err &
enclave=$!
await enclave.out
runs 1 sh -c 'echo "the message" | ../stranger/client enclave.sock collateral.json'
code=0
wait $enclave || code=$?
enclave=
[ "$code" = 3 ] && [ ! -e enclave.sock ] || echo "$code; $(ls)" >>"$scratch/wrong"
result "an enclave for one client ends with it, and says that it was no success"
tap_done
