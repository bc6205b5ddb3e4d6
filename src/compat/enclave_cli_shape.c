/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cella says, in the members that users of other clouds' enclaves know. Measurements are
 * what the same file has there (SHA-384: PCR0, 1, 2, and 8 for its signer). What evidence of
 * an enclave here is about stands beside them, since PCR8 is another there:
 * VtpmMeasurements, the virtual TPM's (SHA-256: 8 command line, 9 ramdisks, 11 whole image,
 * 12 signer).
 */
#include "compat/enclave_cli.h"

#include "base/number.h"
#include "crypto/crypto.h"
#include "fetch/files.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>

enum { MACHINE_ID_MAX = 64, MACHINE_DIGITS = 17 };

/* As tools print it that were written in another language. */
#define SHA384_NAME "Sha384 { ... }"
#define SHA256_NAME "Sha256 { ... }"

enum cella_status shape_print(const json_t *json, struct cella_error *err)
{
	char *text CLEANUP_FREE = NULL;

	TRY(json_write(json, true, &text, err));
	puts(text);
	return CELLA_OK;
}

static const char *text_of(const json_t *object, const char *member)
{
	const char *const text = json_string_value(json_object_get(object, member));

	return text != NULL ? text : "";
}

static json_int_t number_of(const json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

/* A member of one document as a member of another; null where there is none. */
static enum cella_status put_same(json_t *out, const char *name, const json_t *value,
				  struct cella_error *err)
{
	return json_put(out, name,
			value != NULL ? json_incref(json_mutable(value)) : json_null(),
			err);
}

/* --- who it is ----------------------------------------------------------------------- */

/* The machine's, without telling its own identity: 17 digits of a hash of it. */
static void machine_of(char digits[MACHINE_DIGITS + 1])
{
	static const char domain[] = "cella enclave-cli machine\n";
	struct out text CLEANUP(out_done) = { 0 };
	uint8_t hash[SHA256_LEN] = { 0 };

	out_text(&text, domain);
	if (file_read("/etc/machine-id", MACHINE_ID_MAX, &text, NULL) == CELLA_OK &&
	    crypto_sha256(out_view(&text), hash, NULL) != CELLA_OK)
		memset(hash, 0, sizeof hash);
	for (int i = 0; i < MACHINE_DIGITS; i++)
		snprintf(digits + i, 2, "%x",
			 (unsigned)(hash[i / 2] >> (i % 2 ? 0 : 4)) & 15);
}

/* "i-<machine>-enc<process><CID>": the same for as long as the enclave's supervisor lives. */
void shape_id(const json_t *enclave, char id[SHAPE_ID_LEN])
{
	char machine[MACHINE_DIGITS + 1];

	machine_of(machine);
	snprintf(id, SHAPE_ID_LEN, "i-%s-enc%08" PRIx32 "%08" PRIx32, machine,
		 (uint32_t)number_of(enclave, "pid"),
		 (uint32_t)number_of(enclave, "cid"));
}

/* The CPUs that it may run on: more than it has where none are reserved for it. */
static enum cella_status put_cpus(json_t *out, const json_t *enclave,
				  struct cella_error *err)
{
	const json_t *const processes = json_object_get(enclave, "processes");
	const pid_t qemu = (pid_t)number_of(processes, "QEMU");
	json_t *const ids = json_array();
	const size_t size = CPU_ALLOC_SIZE(CLI_CPU_LIMIT);
	cpu_set_t *set;

	TRY(json_put(out, "CPUIDs", ids, err));
	set = CPU_ALLOC(CLI_CPU_LIMIT);
	if (set == NULL)
		return error_nomem(err);
	CPU_ZERO_S(size, set);
	if (qemu <= 0 || sched_getaffinity(qemu, size, set) != 0)
		CPU_ZERO_S(size, set);
	for (size_t i = 0; i < CLI_CPU_LIMIT; i++)
		if (CPU_ISSET_S(i, size, set) &&
		    json_array_append_new(ids, json_integer((json_int_t)i)) != 0) {
			CPU_FREE(set);
			return error_nomem(err);
		}
	CPU_FREE(set);
	return CELLA_OK;
}

static enum cella_status put_run(json_t *out, const json_t *enclave,
				 struct cella_error *err)
{
	char id[SHAPE_ID_LEN];

	shape_id(enclave, id);
	TRY(put_same(out, "EnclaveName", json_object_get(enclave, "name"), err));
	TRY(json_put(out, "EnclaveID", json_string(id), err));
	TRY(put_same(out, "ProcessID", json_object_get(enclave, "pid"), err));
	TRY(put_same(out, "EnclaveCID", json_object_get(enclave, "cid"), err));
	TRY(put_same(out, "NumberOfCPUs", json_object_get(enclave, "vcpus"), err));
	TRY(put_cpus(out, enclave, err));
	return put_same(out, "MemoryMiB", json_object_get(enclave, "memory_mib"), err);
}

enum cella_status shape_run(const json_t *enclave, json_t **out, struct cella_error *err)
{
	json_t *root CLEANUP_JSON = json_object();

	TRY(put_run(root, enclave, err));
	*out = take(&root);
	return CELLA_OK;
}

/* --- what it measures ---------------------------------------------------------------- */

/* The members PCRn of an object, behind the hash's name. */
static enum cella_status put_pcrs(json_t *out, const char *name, const char *algorithm,
				  const json_t *pcrs, struct cella_error *err)
{
	json_t *const list = json_object();
	const char *key;
	json_t *value;
	json_t *const source = json_mutable(pcrs);

	TRY(json_put(out, name, list, err));
	TRY(json_put(list, "HashAlgorithm", json_string(algorithm), err));
	json_object_foreach(source, key, value) if (strncmp(key, "PCR", 3) == 0)
		TRY(put_same(list, key, value, err));
	return CELLA_OK;
}

static bool is_zero(const char *hex)
{
	return hex[strspn(hex, "0")] == '\0';
}

/* A launch leaves PCR12 alone where nobody has signed. */
static enum cella_status add_vtpm_pcr(json_t *pcrs, unsigned pcr, const json_t *value,
				      struct cella_error *err)
{
	const char *const hex = json_string_value(value);
	char name[16];

	if (hex == NULL || is_zero(hex))
		return CELLA_OK;
	snprintf(name, sizeof name, "PCR%u", pcr);
	return put_same(pcrs, name, value, err);
}

/* --- enclaves that run --------------------------------------------------------------- */

static const char *state_of(const json_t *enclave)
{
	static const struct {
		const char *ours;
		const char *theirs;
	} states[] = {
		{ "running", "RUNNING" },
		{ "stopping", "TERMINATING" },
	};

	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (strcmp(text_of(enclave, "state"), states[i].ours) == 0)
			return states[i].theirs;
	return "EMPTY";
}

static enum cella_status put_predicted(json_t *out, const json_t *enclave,
				       struct cella_error *err)
{
	const json_t *const predicted = json_object_get(enclave, "predicted_pcrs");
	json_t *pcrs CLEANUP_JSON = json_object();

	for (size_t i = 0; i < json_array_size(predicted); i++)
		TRY(add_vtpm_pcr(pcrs, (unsigned)i, json_array_get(predicted, i), err));
	return put_pcrs(out, "VtpmMeasurements", SHA256_NAME, pcrs, err);
}

static enum cella_status put_metadata(json_t *out, const json_t *metadata,
				      struct cella_error *err)
{
	json_t *const told = json_object();
	const char *key;
	json_t *value;
	json_t *const build = json_object_get(metadata, "BuildMetadata");

	TRY(put_same(out, "ImageName", json_object_get(metadata, "ImageName"), err));
	TRY(put_same(out, "ImageVersion", json_object_get(metadata, "ImageVersion"),
		     err));
	TRY(json_put(out, "Metadata", told, err));
	json_object_foreach(build, key, value) TRY(put_same(told, key, value, err));
	TRY(put_same(told, "DockerInfo", json_object_get(metadata, "DockerInfo"), err));
	return put_same(told, "CustomMetadata",
			json_object_get(metadata, "CustomMetadata"), err);
}

enum cella_status shape_enclave(const json_t *enclave, bool with_metadata, json_t **out,
				struct cella_error *err)
{
	const bool debug = json_is_true(json_object_get(enclave, "debug"));
	json_t *root CLEANUP_JSON = json_object();

	TRY(put_run(root, enclave, err));
	TRY(json_put(root, "State", json_string(state_of(enclave)), err));
	TRY(json_put(root, "Flags", json_string(debug ? "DEBUG_MODE" : "NONE"), err));
	TRY(put_pcrs(root, "Measurements", SHA384_NAME, json_object_get(enclave, "nitro"),
		     err));
	TRY(put_predicted(root, enclave, err));
	if (with_metadata)
		TRY(put_metadata(root, json_object_get(enclave, "metadata"), err));
	*out = take(&root);
	return CELLA_OK;
}

/* --- images -------------------------------------------------------------------------- */

static enum cella_status put_measurements(json_t *out, const json_t *facts,
					  struct cella_error *err)
{
	const json_t *const measurements = json_object_get(facts, "measurements");
	json_t *const sha256 =
		json_object_get(json_object_get(measurements, "vtpm"), "sha256");
	json_t *pcrs CLEANUP_JSON = json_object();
	const char *key;
	json_t *value;

	TRY(put_pcrs(out, "Measurements", SHA384_NAME,
		     json_object_get(measurements, "nitro"), err));
	json_object_foreach(sha256, key, value)
	{
		uint64_t pcr = 0;

		TRY(number_read(key, UINT8_MAX, &pcr, "PCR", err));
		TRY(add_vtpm_pcr(pcrs, (unsigned)pcr, value, err));
	}
	return put_pcrs(out, "VtpmMeasurements", SHA256_NAME, pcrs, err);
}

enum cella_status shape_build(const json_t *facts, json_t **out, struct cella_error *err)
{
	json_t *root CLEANUP_JSON = json_object();

	TRY(put_measurements(root, facts, err));
	*out = take(&root);
	return CELLA_OK;
}

static enum cella_status put_name(json_t *out, const char *name,
				  const json_t *common_name, struct cella_error *err)
{
	json_t *const object = json_object();

	TRY(json_put(out, name, object, err));
	return put_same(object, "CommonName", common_name, err);
}

static enum cella_status put_certificate(json_t *out, const json_t *signature,
					 struct cella_error *err)
{
	const json_t *const cert =
		json_array_get(json_object_get(signature, "certificates"), 0);
	json_t *const told = json_object();

	TRY(json_put(out, "SigningCertificate", told, err));
	TRY(put_name(told, "IssuerName", json_object_get(cert, "issuer"), err));
	TRY(put_name(told, "SubjectName", json_object_get(cert, "subject"), err));
	TRY(put_same(told, "NotBefore", json_object_get(cert, "not_before"), err));
	TRY(put_same(told, "NotAfter", json_object_get(cert, "not_after"), err));
	return put_same(told, "Sha256", json_object_get(cert, "sha256"), err);
}

bool shape_signature_holds(const json_t *facts)
{
	json_t *const answers =
		json_object_get(json_object_get(facts, "signature"), "answers");
	const char *key;
	json_t *answer;

	json_object_foreach(answers, key, answer) if (strcmp(text_of(answer, "outcome"),
							     "no") == 0) return false;
	return true;
}

enum cella_status shape_image(const json_t *facts, json_t **out, struct cella_error *err)
{
	const json_t *const signature = json_object_get(facts, "signature");
	const bool is_signed = json_is_object(signature);
	json_t *root CLEANUP_JSON = json_object();

	TRY(put_same(root, "EifVersion", json_object_get(facts, "version"), err));
	TRY(put_measurements(root, facts, err));
	TRY(json_put(root, "IsSigned", json_boolean(is_signed), err));
	if (is_signed)
		TRY(put_certificate(root, signature, err));
	/* A file with another checksum is no image: cella has refused it. */
	TRY(json_put(root, "CheckCRC", json_true(), err));
	if (is_signed)
		TRY(json_put(root, "SignatureCheck",
			     json_boolean(shape_signature_holds(facts)), err));
	TRY(put_metadata(root, json_object_get(facts, "metadata"), err));
	*out = take(&root);
	return CELLA_OK;
}
