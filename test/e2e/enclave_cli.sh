#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # check() calls functions by name
# enclave-cli: its options, its JSON, its codes. With QEMU and a kernel, what it runs is an
# enclave indeed; without, that part is left out, and says so.
#
# Usage: enclave_cli.sh CELLA BUILD APPLICATION ENCLAVE_CLI; prints TAP. CELLA_KERNEL names a
# folder with boot/vmlinuz-* and lib/modules/* of a kernel.
set -u
tool=$(realpath "$4")
# shellcheck source=test/e2e/enclave-common.sh
. "$(dirname "$0")/enclave-common.sh"
command -v jq >/dev/null || skip_all "there is no jq"
exec </dev/null # what it runs waits for nobody

# members NAME FILTER MEMBER...: an object of the last output has these, in this order.
members() {
	name=$1
	filter=$2
	shift 2
	equal "$name" "$(jq -r "$filter | keys_unsorted | join(\" \")" out)" "$*"
}

# refuses NAME CODE CAUSE ARGUMENT...: with that code, and the cause before it.
refuses() {
	name=$1
	code=$2
	cause=$3
	shift 3
	"$tool" "$@" >"$dir/out" 2>"$dir/err"
	got=$?
	[ "$got" = "$code" ] && [ ! -s "$dir/out" ] && awk -v cause="$cause" \
		-v line="[ E$(printf %02d "$code") ] " '
		index($0, line) == 1 { exit !found }
		index($0, cause) { found = 1 }
		END { if (!found) exit 1 }' "$dir/err"
	verdict $? "$name (exit $got)"
}

# --- the command line ---
check "it says what it is" 0 "$tool" --version
equal "by its name" "$(cat out)" "enclave-cli $("$cella" --version | cut -d ' ' -f 2)"
for command in build-enclave run-enclave describe-enclaves terminate-enclave console \
	describe-eif sign-eif pcr explain; do
	check "$command has help" 0 "$tool" "$command" --help
done
check "there is no other command" 2 "$tool" destroy-enclave
check "nor another option" 2 "$tool" describe-enclaves --everything

# --- codes ---
check "a code is explained" 0 "$tool" explain --error-code E36
equal "as what it is" "$(head -n 1 out)" "E36: the enclave did not start."
for code in 01 02 03 05 07 17 21 23 26 35 36 38 39 44 45 48 49 50 58 59; do
	"$tool" explain --error-code "E$code" 2>/dev/null | grep -q 'Cella does not fail' &&
		echo "E$code"
done >out
equal "those that it gives have a remedy" "$(cat out)" ""
check "others are said to be foreign" 0 "$tool" explain --error-code E29
equal "in words" "$(grep -c 'Cella does not fail like this' out)" 1
check "a code may be a number" 0 "$tool" explain --error-code 0
refuses "there is none behind the last" 3 "none of E00 to E59" explain --error-code E60
refuses "nor one of letters" 3 "none of" explain --error-code Exx
refuses "explain wants one" 1 "--error-code is missing" explain

refuses "a build wants a source" 1 "--docker-uri is missing" build-enclave --output-file x
refuses "and a place" 1 "--output-file is missing" build-enclave --docker-uri x
refuses "half a signer is none" 2 "belong together" build-enclave --docker-uri x \
	--output-file y --private-key z
refuses "no registry is asked" 50 "docker save hello:latest -o image.tar" build-enclave \
	--docker-uri hello:latest --output-file hello.eif
refuses "no Dockerfile is built" 49 "docker build -t NAME ." build-enclave \
	--docker-uri hello:latest --docker-dir . --output-file hello.eif
refuses "a run wants an image" 1 "--eif-path is missing" run-enclave --memory 256
refuses "CPUs are counted or named" 2 "exclude each other" run-enclave --eif-path x \
	--cpu-count 2 --cpu-ids 0 1
refuses "there is an end to them" 3 "--cpu-count: expected 1 to 64" run-enclave --eif-path x \
	--cpu-count 65
refuses "CPUs are numbers" 23 "--cpu-ids" run-enclave --eif-path x --cpu-ids a
refuses "no CPU is named twice" 21 "named twice" run-enclave --run-dir "$run" --eif-path x \
	--cpu-ids 0 0
refuses "a console belongs to debugging" 44 "without --debug-mode" run-enclave --eif-path x \
	--attach-console
refuses "a name has its letters" 58 "no name of an enclave" run-enclave --run-dir "$run" \
	--eif-path x --enclave-name "a b"
for wrong in '[]' '{"eif_path": 1}' '{"eif_path": "x", "cpus": 1}' '{"memory_mib": -1}' \
	'{"debug_mode": "yes"}' '{"cpu_ids": [0, "1"]}' '{"eif_path": "x"'; do
	echo "$wrong" >config.json
	refuses "a config is not $wrong" 17 "config.json" run-enclave --config config.json
done
refuses "a config is a file" 7 "missing.json" run-enclave --config missing.json
echo '{"eif_path": "x"}' >config.json
refuses "it stands alone" 2 "stands alone" run-enclave --config config.json --memory 256
refuses "a console is somebody's" 1 "--enclave-id" console --run-dir "$run"
refuses "of one" 2 "--enclave-id" console --run-dir "$run" --enclave-id a --enclave-name b
refuses "who is not there has none" 39 "no such enclave" console --run-dir "$run" \
	--enclave-name nobody
refuses "and cannot be stopped" 39 "no such enclave" terminate-enclave --run-dir "$run" \
	--enclave-id i-0-enc0
refuses "all are all" 2 "--all excludes" terminate-enclave --run-dir "$run" --all \
	--enclave-id x
check "none are described" 0 "$tool" describe-enclaves --run-dir "$run"
equal "as none" "$(jq -c . out)" "[]"
check "all of none are stopped" 0 "$tool" terminate-enclave --run-dir "$run" --all
equal "as none" "$(jq -c . out)" "[]"

# --- pcr ---
printf abc >abc
check "a file has a PCR" 0 "$tool" pcr --input abc
equal "over zeros and its hash" "$(jq -r .PCR out)" "$({
	head -c 48 /dev/zero
	openssl dgst -sha384 -binary abc
} | openssl dgst -sha384 -r | cut -d ' ' -f 1)"
openssl ecparam -name secp384r1 -genkey -noout -out key.pem && chmod 600 key.pem
openssl req -new -x509 -sha384 -key key.pem -subj /CN=signer -days 2 -out cert.pem
openssl x509 -in cert.pem -outform DER -out cert.der
check "a certificate has one" 0 "$tool" pcr --signing-certificate cert.pem
cp out cert.pcr
check "that of its DER" 0 "$tool" pcr --input cert.der
equal "indeed" "$(jq -r .PCR out)" "$(jq -r .PCR cert.pcr)"
refuses "one of the two" 2 "either" pcr --input abc --signing-certificate cert.pem
refuses "a file that is there" 7 "nothing" pcr --input nothing

# --- images ---
kernel_or left_out

# saved FILE COMMAND: the application as `docker save` writes images.
saved() {
	mkdir -p save/layer root
	cp "$application" root
	tar -C root --sort=name --owner=0 --group=0 --mtime=@0 -cf save/layer/layer.tar .
	jq -nc --argjson cmd "$2" --arg diff \
		"sha256:$(sha256sum save/layer/layer.tar | cut -d ' ' -f 1)" '{
		architecture: "amd64", os: "linux", config: {Cmd: $cmd},
		rootfs: {type: "layers", diff_ids: [$diff]}}' >save/config.json
	echo '[{"Config":"config.json","RepoTags":["app:latest"],"Layers":["layer/layer.tar"]}]' \
		>save/manifest.json
	tar -C save -cf "$1" manifest.json config.json layer
}

build_image() {
	"$tool" build-enclave --kernel "$kernel" --modules "$modules" "$@"
}

saved app.tar "[\"/$app\", \"serve\"]"
echo '{"team": "cella"}' >metadata.json
check "an image is built" 0 build_image --docker-uri app.tar --output-file app.eif --name app \
	--version 1.0 --metadata metadata.json
members "with measurements" . Measurements VtpmMeasurements
members "as elsewhere" .Measurements HashAlgorithm PCR0 PCR1 PCR2
equal "by that hash" "$(jq -r .Measurements.HashAlgorithm out)" "Sha384 { ... }"
members "and as here" .VtpmMeasurements HashAlgorithm PCR0 PCR4 PCR8 PCR9 PCR11
cp out built.json
check "the same under a transport's name" 0 build_image --docker-uri docker-archive:app.tar \
	--output-file same.eif --name app --version 1.0 --metadata metadata.json
check "byte for byte" 0 cmp app.eif same.eif
refuses "what is no image cannot be built" 48 "metadata.json" build-enclave --kernel "$kernel" \
	--modules "$modules" --docker-uri metadata.json --output-file none.eif
check "and leaves nothing" 1 test -e none.eif

check "it is described" 0 "$tool" describe-eif --eif-path app.eif
members "in full" . EifVersion Measurements VtpmMeasurements IsSigned CheckCRC ImageName \
	ImageVersion Metadata
members "with what it says of itself" .Metadata BuildTime BuildTool BuildToolVersion \
	KernelVersion OperatingSystem DockerInfo CustomMetadata
equal "as it was told" "$(jq -c '[.ImageName, .ImageVersion, .Metadata.CustomMetadata.team,
	.IsSigned, .CheckCRC, .EifVersion]' out)" '["app","1.0","cella",false,true,4]'
equal "it measures what was built" "$(jq -Sc '{Measurements, VtpmMeasurements}' out)" \
	"$(jq -Sc . built.json)"

cp app.eif signed.eif
check "it is signed" 0 "$tool" sign-eif --eif-path signed.eif --private-key key.pem \
	--signing-certificate cert.pem
members "which has a PCR more" .Measurements HashAlgorithm PCR0 PCR1 PCR2 PCR8
equal "that of the certificate" "$(jq -r .Measurements.PCR8 out)" "$(jq -r .PCR cert.pcr)"
equal "and in the TPM PCR12" "$(jq -r .VtpmMeasurements.PCR12 out)" \
	"$(jq -r .VtpmPCR12 cert.pcr)"
equal "the others are the same" "$(jq -c '.Measurements | del(.PCR8)' out)" \
	"$(jq -c .Measurements built.json)"
check "signed, it is described" 0 "$tool" describe-eif --eif-path signed.eif
members "with its signature" . EifVersion Measurements VtpmMeasurements IsSigned \
	SigningCertificate CheckCRC SignatureCheck ImageName ImageVersion Metadata
equal "which holds" "$(jq -r '[.IsSigned, .SignatureCheck,
	.SigningCertificate.SubjectName.CommonName] | join(" ")' out)" "true true signer"
check "a build signs, too" 0 build_image --docker-uri app.tar --output-file at-once.eif \
	--private-key key.pem --signing-certificate cert.pem
equal "as well" "$(jq -r .Measurements.PCR8 out)" "$(jq -r .PCR cert.pcr)"

head -c 1000000 app.eif >half.eif
refuses "half an image is none" 35 half.eif describe-eif --eif-path half.eif
openssl ecparam -name secp384r1 -genkey -noout -out other.pem && chmod 600 other.pem
refuses "a certificate wants its own key" 59 "" sign-eif --eif-path signed.eif \
	--private-key other.pem --signing-certificate cert.pem

# --- enclaves ---
boot_or left_out
mkdir host
"$cella" enclave init-host --quiet host >/dev/null

# There is no host's key where nobody says.
refuses "half an image is not run" 35 "half: eif" run-enclave --run-dir "$run" --host host \
	--eif-path half.eif
refuses "nor none at all" 7 none.eif run-enclave --run-dir "$run" --host host --eif-path none.eif
refuses "nor one with too little memory" 26 memory run-enclave --run-dir "$run" --host host \
	--eif-path app.eif --memory 20
refuses "nor without a host's key" 36 nowhere run-enclave --run-dir "$run" --host nowhere \
	--eif-path app.eif

cpu=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')
jq -n --arg eif signed.eif --argjson cpu "$cpu" '{enclave_name: "one", eif_path: $eif,
	cpu_ids: [$cpu], memory_mib: 160, enclave_cid: 77}' >config.json
check "one runs by a config" 0 "$tool" run-enclave --run-dir "$run" --host host \
	--config config.json
members "which is told" . EnclaveName EnclaveID ProcessID EnclaveCID NumberOfCPUs CPUIDs \
	MemoryMiB
cp out one.json
equal "as asked for" "$(jq -c 'del(.EnclaveID, .ProcessID)' out)" \
	"{\"EnclaveName\":\"one\",\"EnclaveCID\":77,\"NumberOfCPUs\":1,\"CPUIDs\":[$cpu],\"MemoryMiB\":160}"
equal "its process is the supervisor" \
	"$(tr '\0' '\n' <"/proc/$(jq .ProcessID one.json)/cmdline" | head -n 1 | sed 's:.*/::')" cellad
qemu=$("$cella" enclave list --run-dir "$run" --json | jq '.[0].processes.QEMU')
equal "and it runs where it was told to" "$(taskset -cp "$qemu" | sed 's/.*: //')" "$cpu"
refuses "its name is taken" 58 "is running" run-enclave --run-dir "$run" --host host \
	--eif-path app.eif --enclave-name one

check "it is described" 0 "$tool" describe-enclaves --run-dir "$run"
members "in full" '.[0]' EnclaveName EnclaveID ProcessID EnclaveCID NumberOfCPUs CPUIDs \
	MemoryMiB State Flags Measurements VtpmMeasurements
equal "as the one that was run" "$(jq -Sc '.[0] | {EnclaveName, EnclaveID, ProcessID, EnclaveCID,
	NumberOfCPUs, CPUIDs, MemoryMiB}' out)" "$(jq -Sc . one.json)"
equal "running, and not for debugging" "$(jq -r '.[0] | .State + " " + .Flags' out)" \
	"RUNNING NONE"
cp out described.json
"$tool" describe-eif --eif-path signed.eif >eif.json
equal "it measures what its image says" "$(jq -Sc '.[0].Measurements' described.json)" \
	"$(jq -Sc .Measurements eif.json)"
equal "in its TPM, too" "$(jq -Sc '.[0].VtpmMeasurements | del(.PCR13)' described.json)" \
	"$(jq -Sc .VtpmMeasurements eif.json)"
nonce=00112233445566778899aabbccddeeff
"$cella" enclave attest one --run-dir "$run" --quiet --nonce $nonce --output one.evm.json
equal "and in its evidence" \
	"$(jq -Sc '.pcrs as $p | [0, 4, 8, 9, 11, 12, 13 | {("PCR\(.)"): $p[.]}] | add' one.evm.json)" \
	"$(jq -Sc '.[0].VtpmMeasurements | del(.HashAlgorithm)' described.json)"
check "which is verified" 0 "$cella" verify one.evm.json --trust-root host/host-ca.pem \
	--nonce $nonce
check "what its image says of itself is there" 0 "$tool" describe-enclaves --run-dir "$run" \
	--metadata
equal "if asked for" "$(jq -c '.[0] | [.ImageName, .ImageVersion,
	.Metadata.CustomMetadata.team]' out)" '["app","1.0","cella"]'
refuses "it has no console" 44 "not run in debug mode" console --run-dir "$run" \
	--enclave-name one

cp signed.eif app.debug.eif
check "one for debugging runs beside it" 0 "$tool" run-enclave --run-dir "$run" --host host \
	--eif-path app.debug.eif --cpu-count 1 --debug-mode
equal "called after its image" "$(jq -r .EnclaveName out)" app_debug
id=$(jq -r .EnclaveID out)
check "both are described" 0 "$tool" describe-enclaves --run-dir "$run"
equal "with their own IDs" "$(jq -r '[.[].EnclaveID] | unique | length' out)" 2
equal "and flags" "$(jq -r '[.[].Flags] | sort | join(" ")' out)" "DEBUG_MODE NONE"
jq --arg id "$id" '.[] | select(.EnclaveID == $id)' out >debug.json
equal "its image measures the same elsewhere" "$(jq -Sc .Measurements debug.json)" \
	"$(jq -Sc .Measurements eif.json)"
check "what it measures is predicted" 0 "$cella" enclave describe signed.eif --json --debug \
	--cpus 1 --memory "$(jq .MemoryMiB debug.json)"
cp out predicted.json
"$cella" enclave attest app_debug --run-dir "$run" --quiet --nonce $nonce --output debug.evm.json
equal "to the bit" \
	"$(jq -c '.pcrs as $p | [0, 4, 8, 9, 11, 12, 13 | {(tostring): $p[.]}] | add' debug.evm.json)" \
	"$(jq -c '.measurements.vtpm.sha256' predicted.json)"
check "its console is shown" 0 "$tool" console --run-dir "$run" --enclave-id "$id" \
	--disconnect-timeout 5
cp out console.txt
equal "with what the kernel says" "$(grep -c 'Linux version' console.txt)" 1
"$tool" console --run-dir "$run" --enclave-id "$id" >followed.txt 2>err &
follower=$!
check "the first is stopped" 0 "$tool" terminate-enclave --run-dir "$run" --enclave-id \
	"$(jq -r .EnclaveID one.json)"
equal "and says so" "$(jq -c . out)" \
	"$(jq -c '{EnclaveName, EnclaveID, Terminated: true}' one.json)"
check "all others are stopped" 0 "$tool" terminate-enclave --run-dir "$run" --all
equal "all" "$(jq -r '.[] | .EnclaveID + " \(.Terminated)"' out)" "$id true"
wait "$follower"
equal "who follows a console leaves with the enclave" "$?" 0
equal "having had all that there was" \
	"$(head -c "$(wc -c <console.txt)" followed.txt | cmp - console.txt && echo same)" same
check "none are left" 0 "$tool" describe-enclaves --run-dir "$run"
equal "indeed" "$(jq -c . out)" "[]"
finish
