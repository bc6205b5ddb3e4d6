/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella inspect: what a file says, field by field, without believing it.
 */
#include "cli/commands.h"

#include <cella/policy.h>
#include <cella/token.h>

#include "base/encode.h"
#include "cli/policy_input.h"
#include "collateral/bundle.h"
#include "collateral/describe.h"
#include "evidence/event_log.h"
#include "evidence/evidence.h"
#include "evidence/hcl_report.h"
#include "fetch/files.h"
#include "vm/image_facts.h"

#include <stdio.h>
#include <string.h>

enum { INSPECT_MAX = 1 << 30 };

struct inspect_args {
	struct common_args common;
};

static const struct option_def options[] = { COMMON_OPTIONS };

static bool starts_with(struct cella_bytes bytes, const char *prefix)
{
	const size_t len = strlen(prefix);

	return bytes.len >= len && memcmp(bytes.data, prefix, len) == 0;
}

static enum cella_status print_json(const json_t *json, struct cella_error *err)
{
	char *text CLEANUP_FREE = NULL;

	TRY(json_write(json, true, &text, err));
	puts(text);
	return CELLA_OK;
}

/* --- certificates -------------------------------------------------------------------- */

static bool is_certificates(struct cella_bytes bytes)
{
	return starts_with(text_trim(bytes), "-----BEGIN CERTIFICATE");
}

static enum cella_status show_certificates(struct cella_bytes bytes, bool as_json,
					   struct cella_error *err)
{
	struct cert_chain chain CLEANUP(cert_chain_done) = { 0 };
	json_t *root CLEANUP_JSON = json_pack("{s:s}", "kind", "certificates");
	struct out text CLEANUP(out_done) = { 0 };
	json_t *const list = json_array();

	TRY(json_put(root, "certificates", list, err));
	TRY(cert_chain_parse(bytes, NULL, 0, "certificates", &chain, err));
	if (as_json) {
		TRY(chain_describe(&chain, list, err));
		return print_json(root, err);
	}
	TRY(chain_describe_text(&chain, &text, err));
	fwrite(text.data, 1, text.len, stdout);
	return CELLA_OK;
}

/* --- evidence ------------------------------------------------------------------------ */

static enum cella_status show_evidence_json(const struct cella_evidence *evidence,
					    const struct cert_chain *chain,
					    struct cella_error *err)
{
	json_t *root CLEANUP_JSON = NULL;
	char *text CLEANUP_FREE = NULL;
	json_t *certificates;

	TRY(cella_evidence_describe(evidence, true, &text, err));
	TRY(json_parse(bytes_of(text, strlen(text)), "description", &root, err));
	if (chain->num_certs > 0) {
		certificates = json_array();
		TRY(json_put(root, "certificates", certificates, err));
		TRY(chain_describe(chain, certificates, err));
	}
	return print_json(root, err);
}

static enum cella_status show_evidence(struct cella_bytes bytes, bool as_json,
				       struct cella_error *err)
{
	struct cella_evidence *evidence CLEANUP(evidence_cleanup) = NULL;
	struct cert_chain chain CLEANUP(cert_chain_done) = { 0 };
	struct out certificates CLEANUP(out_done) = { 0 };
	char *text CLEANUP_FREE = NULL;
	struct cella_bytes pem;

	TRY(cella_evidence_parse(bytes.data, bytes.len, &evidence, err));
	pem = cella_evidence_pck_chain(evidence);
	if (pem.len > 0)
		TRY(cert_chain_parse(pem, NULL, 0, "quote: cert_data", &chain, err));
	if (as_json)
		return show_evidence_json(evidence, &chain, err);
	TRY(cella_evidence_describe(evidence, false, &text, err));
	TRY(chain_describe_text(&chain, &certificates, err));
	fputs(text, stdout);
	if (certificates.len > 0)
		fwrite(certificates.data, 1, certificates.len, stdout);
	return CELLA_OK;
}

/* --- collateral ---------------------------------------------------------------------- */

static bool is_collateral(struct cella_bytes bytes)
{
	const struct cella_bytes text = text_trim(bytes);

	return starts_with(text, "{") || starts_with(text, "[") ||
	       starts_with(bytes, "HTTP/") || starts_with(text, "-----BEGIN X509 CRL") ||
	       starts_with(bytes, "\x30\x82") || starts_with(text, "3082");
}

static enum cella_status show_collateral(struct cella_bytes bytes, bool as_json,
					 struct cella_error *err)
{
	const struct moment now = { 0 };
	struct cella_collateral *collateral CLEANUP(collateral_cleanup) = NULL;
	char *text CLEANUP_FREE = NULL;

	TRY(cella_collateral_parse(bytes.data, bytes.len, &collateral, err));
	TRY(cella_collateral_describe(collateral, time_or_now(&now), as_json, &text,
				      err));
	printf("%s%s", text, as_json ? "\n" : "");
	return CELLA_OK;
}

/* --- policies ------------------------------------------------------------------------ */

static bool has_member(struct cella_bytes bytes, const char *name)
{
	const struct cella_bytes text = text_trim(bytes);
	struct cella_bytes span = { 0 };

	return starts_with(text, "{") &&
	       json_member_span(text, name, "", &span, NULL) == CELLA_OK && span.len > 0;
}

/* Three parts of base64url; the first starts with '{"' in base64. */
static bool is_jws(struct cella_bytes bytes)
{
	const struct cella_bytes text = text_trim(bytes);
	size_t num_dots = 0;

	for (size_t i = 0; i < text.len; i++)
		num_dots += text.data[i] == '.';
	return starts_with(text, "eyJ") && num_dots == 2;
}

static void policy_cleanup(struct cella_policy **policy)
{
	cella_policy_unref(*policy);
}

static enum cella_status parse_policy(struct cella_bytes bytes, struct cella_policy **out,
				      struct cella_error *err)
{
	const struct cella_policy_options how = { .size = sizeof how,
						  .source = CELLA_POLICY_LOCAL };

	return cella_policy_parse(bytes.data, bytes.len, &how, out, err);
}

static bool is_policy(struct cella_bytes bytes)
{
	struct cella_policy *policy CLEANUP(policy_cleanup) = NULL;

	return has_member(bytes, "policy_array") ||
	       (is_jws(bytes) && parse_policy(bytes, &policy, NULL) == CELLA_OK);
}

static enum cella_status show_policy(struct cella_bytes bytes, bool as_json,
				     struct cella_error *err)
{
	struct cella_policy *policy CLEANUP(policy_cleanup) = NULL;
	char *text CLEANUP_FREE = NULL;

	TRY(parse_policy(bytes, &policy, err));
	TRY(cella_policy_explain(policy, NULL, as_json, &text, err));
	printf("%s%s", text, as_json ? "\n" : "");
	return CELLA_OK;
}

/* --- tokens -------------------------------------------------------------------------- */

static enum cella_status show_token(struct cella_bytes bytes, bool as_json,
				    struct cella_error *err)
{
	char *text CLEANUP_FREE = NULL;

	(void)as_json; /* a token is JSON in any case */
	TRY(cella_token_decode(bytes.data, bytes.len, &text, err));
	puts(text);
	return CELLA_OK;
}

/* --- event logs ---------------------------------------------------------------------- */

static enum cella_status show_event_log(struct cella_bytes bytes, bool as_json,
					struct cella_error *err)
{
	struct cella_event_log *log CLEANUP(event_log_cleanup) = NULL;
	char *text CLEANUP_FREE = NULL;

	TRY(cella_event_log_parse(bytes.data, bytes.len, &log, err));
	TRY(cella_event_log_describe(log, as_json, &text, err));
	printf("%s%s", text, as_json ? "\n" : "");
	return CELLA_OK;
}

/* --- reports of a paravisor ---------------------------------------------------------- */

static enum cella_status show_hcl_report(struct cella_bytes bytes, bool as_json,
					 struct cella_error *err)
{
	char *text CLEANUP_FREE = NULL;

	TRY(hcl_report_describe(bytes, as_json, &text, err));
	printf("%s%s", text, as_json ? "\n" : "");
	return CELLA_OK;
}

/* --- enclave images ------------------------------------------------------------------ */

static enum cella_status show_image(struct cella_bytes bytes, bool as_json,
				    struct cella_error *err)
{
	const struct moment now = { 0 };
	const struct image_question question = { .time = time_or_now(&now) };
	struct image_facts facts CLEANUP(image_facts_done) = { .image = NULL };
	struct out text CLEANUP(out_done) = { 0 };
	json_t *json CLEANUP_JSON = NULL;
	struct eif image = { 0 };

	TRY(eif_parse(bytes, &image, err));
	TRY(image_facts_read(&image, &question, &facts, err));
	if (as_json) {
		TRY(image_facts_json(&facts, &json, err));
		return print_json(json, err);
	}
	TRY(image_facts_text(&facts, &text, err));
	fwrite(text.data, 1, text.len, stdout);
	return CELLA_OK;
}

/* What a file may be, the surest signs first; evidence is what is left. */
static const struct {
	bool (*is_one)(struct cella_bytes bytes);
	enum cella_status (*show)(struct cella_bytes bytes, bool as_json,
				  struct cella_error *err);
} kinds[] = {
	{ eif_is_one, show_image },
	{ event_log_is_one, show_event_log },
	{ evm_is_one, show_evidence },
	{ hcl_report_is_one, show_hcl_report },
	{ is_policy, show_policy },
	{ is_jws, show_token },
	{ is_certificates, show_certificates },
	{ is_collateral, show_collateral },
};

static enum cella_status inspect(const struct inspect_args *args, struct cella_error *err)
{
	const char *const path = args->common.operands.items[0];
	struct out bytes CLEANUP(out_done) = { 0 };
	enum cella_status status;
	size_t i = 0;

	TRY(file_read(path, INSPECT_MAX, &bytes, err));
	while (i < ARRAY_LEN(kinds) && !kinds[i].is_one(out_view(&bytes)))
		i++;
	if (i == ARRAY_LEN(kinds)) {
		status = show_evidence(out_view(&bytes), args->common.json, err);
		return status == CELLA_OK ? CELLA_OK
					  : evidence_refused(path, out_view(&bytes), err);
	}
	status = kinds[i].show(out_view(&bytes), args->common.json, err);
	if (status != CELLA_OK)
		error_prefix(err, "%s", path);
	return status;
}

static int run(const void *args)
{
	struct cella_error err = { 0 };

	return inspect(args, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command cmd_inspect = {
	.name = "inspect",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Show what a file says, field by field, without believing it",
	.description =
		"Knows quotes, TD and SGX reports, HCL reports, evidence of Enclave VMs,\n"
		"collateral in any form, certificates, policies, tokens, event logs and enclave\n"
		"images by their content. Byte strings are shown in wire order and, where Intel's\n"
		"tools reverse them, in that order too.",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct inspect_args),
	.run = run,
};
