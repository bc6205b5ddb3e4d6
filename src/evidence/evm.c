/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and writing the evidence of Enclave VMs.
 */
#include "evidence/evm.h"

#include "base/encode.h"
#include "crypto/crypto.h"

#include <string.h>

enum { TPM_ALG_ECDSA = 0x18, COORDINATE_LEN = 32 };

/* --- members ------------------------------------------------------------------------- */

/* The document, as its table of members leaves it. */
struct raw {
	const char *format;
	const char *report_data;
	const char *quote;
	const char *signature;
	const char *certificate;
	const char *event_log;
	const json_t *pcrs;
	const json_t *host_claims;
};

static const struct json_field fields[] = {
	{ "format", JSON_FIELD_TEXT, offsetof(struct raw, format), 0, false },
	{ "report_data", JSON_FIELD_TEXT, offsetof(struct raw, report_data), 0, false },
	{ "quote", JSON_FIELD_TEXT, offsetof(struct raw, quote), 0, false },
	{ "signature", JSON_FIELD_TEXT, offsetof(struct raw, signature), 0, false },
	{ "certificate", JSON_FIELD_TEXT, offsetof(struct raw, certificate), 0, false },
	{ "event_log", JSON_FIELD_TEXT, offsetof(struct raw, event_log), 0, false },
	{ "pcrs", JSON_FIELD_ARRAY, offsetof(struct raw, pcrs), 0, false },
	{ "host_claims", JSON_FIELD_OBJECT, offsetof(struct raw, host_claims), 0, true },
};

/* Whoever adds a member means something by it that nobody here would judge. */
static enum cella_status refuse_unknown(const json_t *json, struct cella_error *err)
{
	const char *name;
	json_t *value;

	json_object_foreach(json_mutable(json), name, value)
	{
		bool is_known = false;

		for (size_t i = 0; i < ARRAY_LEN(fields); i++)
			is_known = is_known || strcmp(fields[i].name, name) == 0;
		if (!is_known)
			return error_set(err, CELLA_MALFORMED,
					 "evm: a member \"%.40s\" is not known", name);
	}
	return CELLA_OK;
}

static enum cella_status read_base64(const char *text, const char *what, size_t max_len,
				     struct out *out, struct cella_error *err)
{
	TRY(base64_append(bytes_of(text, strlen(text)), out, what, err));
	if (out->len > max_len)
		return error_set(err, CELLA_LIMIT, "%s: %zu bytes, at most %zu", what,
				 out->len, max_len);
	return CELLA_OK;
}

static enum cella_status read_pcrs(const json_t *pcrs, struct evm *evm,
				   struct cella_error *err)
{
	if (json_array_size(pcrs) != LAUNCH_NUM_PCRS)
		return error_set(err, CELLA_MALFORMED,
				 "evm: pcrs: expected %d values, found %zu",
				 LAUNCH_NUM_PCRS, json_array_size(pcrs));
	for (size_t i = 0; i < LAUNCH_NUM_PCRS; i++) {
		const json_t *const value = json_array_get(pcrs, i);

		if (!json_is_string(value))
			return error_set(err, CELLA_MALFORMED,
					 "evm: pcrs[%zu]: expected text, found %s", i,
					 json_type_name(value));
		TRY(hex_read(
			bytes_of(json_string_value(value), json_string_length(value)),
			evm->pcrs[i], SHA256_LEN, "evm: pcrs", err));
	}
	return CELLA_OK;
}

/* Plain values alone: they are shown to people, and nobody judges them. */
static enum cella_status check_claims(const json_t *claims, struct cella_error *err)
{
	const char *name;
	json_t *value;

	if (json_object_size(claims) > EVM_MAX_CLAIMS)
		return error_set(err, CELLA_LIMIT, "evm: host_claims: %zu, at most %d",
				 json_object_size(claims), EVM_MAX_CLAIMS);
	json_object_foreach(json_mutable(claims), name, value)
	{
		if (!json_is_string(value) && !json_is_integer(value) &&
		    !json_is_boolean(value))
			return error_set(err, CELLA_MALFORMED,
					 "evm: host_claims: %.40s: expected text, a "
					 "number or a boolean, found %s",
					 name, json_type_name(value));
		if (strlen(name) > EVM_CLAIM_MAX ||
		    json_string_length(value) > EVM_CLAIM_MAX)
			return error_set(err, CELLA_LIMIT,
					 "evm: host_claims: %.40s: more than %d "
					 "characters",
					 name, EVM_CLAIM_MAX);
	}
	return CELLA_OK;
}

/* --- the signature ------------------------------------------------------------------- */

/* A number of at most 32 bytes, to the right in 32. */
static void read_coordinate(struct in *in, uint8_t out[COORDINATE_LEN], const char *label)
{
	const uint16_t len = in_u16be(in, label);

	if (in->failed == NULL && (len == 0 || len > COORDINATE_LEN))
		in_fail_at(in, in_offset(in) - 2, label, "is not 1 to 32 bytes long");
	if (in->failed == NULL)
		in_copy(in, out + COORDINATE_LEN - len, len, label);
}

static enum cella_status read_signature(struct cella_bytes bytes, struct evm *evm,
					struct cella_error *err)
{
	struct in in;

	in_init(&in, bytes, "tpm signature");
	if (in_u16be(&in, "sigAlg") != TPM_ALG_ECDSA && in.failed == NULL)
		in_fail_at(&in, 0, "sigAlg", "is not ECDSA");
	if (in_u16be(&in, "hash") != CELLA_HASH_SHA256 && in.failed == NULL)
		in_fail_at(&in, 2, "hash", "is not SHA-256");
	read_coordinate(&in, evm->signature, "signatureR");
	read_coordinate(&in, evm->signature + COORDINATE_LEN, "signatureS");
	in_end(&in, "end");
	return in_status(&in, err);
}

/* --- the log ------------------------------------------------------------------------- */

/* Ranges as texts; "any" is one. The log has them in order. */
static enum cella_status list_ports(struct arena *arena, const struct ports *ports,
				    struct launch_texts *out, struct cella_error *err)
{
	const char **const items = arena_alloc(arena, ports->num, sizeof *items);

	TRY(arena_status(arena, err));
	for (size_t i = 0; i < ports->num; i++) {
		const struct ports one = { .ranges = { ports->ranges[i] }, .num = 1 };
		struct out text CLEANUP(out_done) = { 0 };

		ports_write(&one, &text);
		items[i] = arena_out(arena, &text);
	}
	*out = (struct launch_texts){ items, ports->num };
	return arena_status(arena, err);
}

static enum cella_status read_config(struct evm *evm, struct cella_error *err)
{
	const struct launch_config *const config = &evm->launch.config;

	TRY(list_ports(&evm->arena, &config->to_guest, &evm->to_guest, err));
	return list_ports(&evm->arena, &config->from_guest, &evm->from_guest, err);
}

static enum cella_status read_launch(struct evm *evm, struct cella_error *err)
{
	struct cella_error *const fault = &evm->launch_fault;
	const enum cella_status status =
		launch_log_read(evm->log, &evm->arena, &evm->launch, fault);

	/* That something failed here says nothing about the log. */
	if (status == CELLA_NOMEM || status == CELLA_INTERNAL)
		return error_set(err, status, "%s", fault->text);
	if (status != CELLA_OK)
		return CELLA_OK;
	TRY(read_config(evm, err));
	return crypto_sha256(evm->launch.image.cmdline, evm->cmdline, err);
}

static enum cella_status read_log(const char *text, struct evm *evm,
				  struct cella_error *err)
{
	struct out bytes CLEANUP(out_done) = { 0 };

	TRY(read_base64(text, "evm: event_log", EVM_LOG_MAX, &bytes, err));
	TRY(cella_event_log_parse(bytes.data, bytes.len, &evm->log, err));
	if (evm->log->end != evm->log->len)
		return error_at(err, CELLA_MALFORMED, evm->log->end,
				"evm: event_log: bytes follow its last event");
	return read_launch(evm, err);
}

/* --- the whole ----------------------------------------------------------------------- */

static enum cella_status read_members(const struct raw *raw, struct evm *evm,
				      struct cella_error *err)
{
	struct out signature CLEANUP(out_done) = { 0 };

	if (strcmp(raw->format, EVM_FORMAT) != 0)
		return error_set(err, CELLA_UNSUPPORTED,
				 "evm: format: expected \"" EVM_FORMAT
				 "\", found \"%.40s\"",
				 raw->format);
	TRY(hex_read(bytes_of(raw->report_data, strlen(raw->report_data)),
		     evm->report_data, sizeof evm->report_data, "evm: report_data", err));
	TRY(read_base64(raw->quote, "evm: quote", EVM_ATTEST_MAX, &evm->message, err));
	TRY(tpm_attest_read(out_view(&evm->message), &evm->attest, err));
	TRY(read_base64(raw->signature, "evm: signature", EVM_SIGNATURE_MAX, &signature,
			err));
	TRY(read_signature(out_view(&signature), evm, err));
	TRY(read_base64(raw->certificate, "evm: certificate", EVM_CERTIFICATE_MAX,
			&evm->certificate, err));
	TRY(read_pcrs(raw->pcrs, evm, err));
	if (raw->host_claims != NULL)
		TRY(check_claims(raw->host_claims, err));
	evm->host_claims = raw->host_claims;
	return read_log(raw->event_log, evm, err);
}

enum cella_status evm_parse(struct cella_bytes bytes, struct evm **out,
			    struct cella_error *err)
{
	struct evm *evm CLEANUP(evm_cleanup) = calloc(1, sizeof *evm);
	struct raw raw = { 0 };

	if (evm == NULL)
		return error_nomem(err);
	TRY(json_parse(bytes, "evm", &evm->json, err));
	TRY(json_read(evm->json, fields, ARRAY_LEN(fields), &raw, "evm", err));
	TRY(refuse_unknown(evm->json, err));
	TRY(read_members(&raw, evm, err));
	*out = take(&evm);
	return CELLA_OK;
}

void evm_free(struct evm *evm)
{
	if (evm == NULL)
		return;
	json_decref(evm->json);
	out_done(&evm->message);
	out_done(&evm->certificate);
	cella_event_log_unref(evm->log);
	arena_done(&evm->arena);
	free(evm);
}

bool evm_is_one(struct cella_bytes bytes)
{
	static const char prefix[] = "\"cella-evm-";
	const struct cella_bytes text = text_trim(bytes);
	struct cella_bytes span = { 0 };

	return text.len > 0 && text.data[0] == '{' &&
	       json_member_span(text, "format", "evm", &span, NULL) == CELLA_OK &&
	       span.len > strlen(prefix) &&
	       memcmp(span.data, prefix, strlen(prefix)) == 0;
}

enum cella_status evm_binding(const uint8_t report_data[EVM_REPORT_DATA_LEN],
			      uint8_t out[SHA256_LEN], struct cella_error *err)
{
	static const char tag[] = "cella evm quote 1"; /* with its NUL */
	const struct cella_bytes parts[] = {
		bytes_of(tag, sizeof tag),
		bytes_of(report_data, EVM_REPORT_DATA_LEN),
	};

	return crypto_digest(CRYPTO_SHA256, parts, ARRAY_LEN(parts), out, err);
}

/* --- facts --------------------------------------------------------------------------- */

static void set_texts(struct cella_facts *facts, enum cella_fact fact,
		      const struct launch_texts *texts)
{
	facts_set_texts(facts, fact, texts->items, texts->num_items);
}

static void add_launch_facts(const struct evm *evm, struct cella_facts *facts)
{
	const struct launch_told *const told = &evm->launch;

	facts_set_bytes(facts, CELLA_FACT_EVM_KERNEL,
			bytes_of(told->image.kernel.sha256, SHA256_LEN));
	facts_set_bytes(facts, CELLA_FACT_EVM_CMDLINE,
			bytes_of(evm->cmdline, SHA256_LEN));
	facts_set_bytes(facts, CELLA_FACT_EVM_IMAGE,
			bytes_of(told->image.whole.sha256, SHA256_LEN));
	if (told->image.is_signed)
		facts_set_bytes(facts, CELLA_FACT_EVM_SIGNER,
				bytes_of(told->image.signer.sha256, SHA256_LEN));
	facts_set_text(facts, CELLA_FACT_EVM_MACHINE, told->machine);
	facts_set_number(facts, CELLA_FACT_EVM_VCPUS, told->config.vcpus);
	facts_set_number(facts, CELLA_FACT_EVM_MEMORY_MIB, told->config.memory_mib);
	facts_set_bool(facts, CELLA_FACT_EVM_DEBUG, told->config.debug);
	set_texts(facts, CELLA_FACT_EVM_TO_GUEST, &evm->to_guest);
	set_texts(facts, CELLA_FACT_EVM_FROM_GUEST, &evm->from_guest);
	set_texts(facts, CELLA_FACT_EVM_FORWARD, &told->config.forward);
	set_texts(facts, CELLA_FACT_EVM_EGRESS, &told->config.egress);
}

void evm_add_facts(const struct evm *evm, struct cella_facts *facts)
{
	facts_set_bytes(facts, CELLA_FACT_REPORT_DATA,
			bytes_of(evm->report_data, sizeof evm->report_data));
	for (int i = 0; i < LAUNCH_NUM_PCRS; i++)
		facts_set_bytes(facts, (enum cella_fact)(CELLA_FACT_EVM_PCR0 + i),
				bytes_of(evm->pcrs[i], SHA256_LEN));
	if (evm->launch_fault.status == CELLA_OK)
		add_launch_facts(evm, facts);
}

/* --- writing ------------------------------------------------------------------------- */

static enum cella_status put_base64(json_t *root, const char *name,
				    struct cella_bytes bytes, struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };

	base64_write(&text, bytes);
	TRY(out_status(&text, err));
	return json_put(
		root, name,
		json_stringn(text.len > 0 ? (const char *)text.data : "", text.len), err);
}

static enum cella_status put_parts(json_t *root, const struct evm_parts *parts,
				   struct cella_error *err)
{
	json_t *pcrs;

	TRY(json_put(root, "format", json_string(EVM_FORMAT), err));
	TRY(json_put(root, "report_data", json_hex(parts->report_data), err));
	TRY(put_base64(root, "quote", parts->quote, err));
	TRY(put_base64(root, "signature", parts->signature, err));
	TRY(put_base64(root, "certificate", parts->certificate, err));
	pcrs = json_array();
	TRY(json_put(root, "pcrs", pcrs, err));
	for (size_t i = 0; i < LAUNCH_NUM_PCRS; i++)
		TRY(json_add(
			pcrs,
			json_hex(bytes_slice(parts->pcrs, i * SHA256_LEN, SHA256_LEN)),
			err));
	TRY(put_base64(root, "event_log", parts->event_log, err));
	return parts->host_claims == NULL
		       ? CELLA_OK
		       : json_put(root, "host_claims", json_deep_copy(parts->host_claims),
				  err);
}

enum cella_status evm_write(const struct evm_parts *parts, struct out *out,
			    struct cella_error *err)
{
	json_t *root CLEANUP_JSON = json_object();
	struct evm *again CLEANUP(evm_cleanup) = NULL;
	char *text CLEANUP_FREE = NULL;
	struct cella_error why = { 0 };
	enum cella_status status;

	if (root == NULL)
		return error_nomem(err);
	if (parts->pcrs.len != (size_t)LAUNCH_NUM_PCRS * SHA256_LEN)
		return error_set(err, CELLA_USAGE, "evm: %zu bytes of PCRs, not %d",
				 parts->pcrs.len, LAUNCH_NUM_PCRS * SHA256_LEN);
	TRY(put_parts(root, parts, err));
	TRY(json_write(root, true, &text, err));
	status = evm_parse(bytes_of(text, strlen(text)), &again, &why);
	if (status != CELLA_OK)
		return error_set(err, status == CELLA_NOMEM ? status : CELLA_USAGE, "%s",
				 why.text);
	out_text(out, text);
	out_text(out, "\n");
	return out_status(out, err);
}
