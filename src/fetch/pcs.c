/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to a PCS or PCCS, and checks of the answers.
 */
#include "fetch/pcs.h"

#include "base/encode.h"
#include "base/number.h"
#include "collateral/document.h"
#include "evidence/evidence.h"

#include <stdio.h>
#include <string.h>

/*
 * What a chain says of its platform decides what is asked for, and no more: its signatures
 * are checked when the quote is judged.
 */
static enum cella_status platform_from(struct cella_bytes pem,
				       const struct cella_evidence *evidence,
				       const uint8_t root[64], struct platform *out,
				       struct cella_error *err)
{
	struct cert_chain chain CLEANUP(cert_chain_done) = { 0 };
	const struct crypto_cert *leaf;
	struct pck_ext ext;
	bool is_platform_ca;

	TRY(cert_chain_parse(pem, NULL, 0, "PCK certificate", &chain, err));
	leaf = cert_chain_leaf(&chain);
	if (memcmp(cert_chain_root(&chain)->point, root, P256_POINT_LEN) != 0)
		return error_set(err, CELLA_MISSING,
				 "the quote's certificates end in another root than the "
				 "one that is trusted, so nothing is fetched for it");
	if (leaf->sgx_extension.data == NULL)
		return error_set(err, CELLA_MALFORMED,
				 "the PCK certificate does not say what its platform is");
	is_platform_ca = strcmp(leaf->issuer_cn, cert_cn_platform_ca) == 0;
	TRY(pck_ext_parse(leaf->sgx_extension, is_platform_ca, &ext, err));
	*out = (struct platform){
		.tee = cella_evidence_kind(evidence) == CELLA_EVIDENCE_TDX_QUOTE
			       ? TCB_TEE_TDX
			       : TCB_TEE_SGX,
		.is_platform_ca = is_platform_ca,
	};
	memcpy(out->fmspc, ext.fmspc, FMSPC_LEN);
	return CELLA_OK;
}

enum cella_status platform_of(const struct cella_evidence *evidence,
			      const uint8_t root[64], struct platform *out,
			      struct cella_error *err)
{
	const struct cella_bytes pem = cella_evidence_pck_chain(evidence);

	if (!evidence_is_quote(evidence))
		return error_set(err, CELLA_UNSUPPORTED, "this is not a quote");
	if (pem.len == 0)
		return error_set(err, CELLA_MISSING,
				 "the quote carries no PCK certificate, which would name "
				 "its platform");
	return platform_from(pem, evidence, root, out, err);
}

/* --- questions ----------------------------------------------------------------------- */

/* Each kind: its path, whether TDX has its own, and the document that it asks for. */
static const struct {
	const char *path;
	bool has_tdx;
	bool has_edition;
	enum document_kind document;
	const char *name;
} kinds[PCS_NUM_KINDS] = {
	[PCS_PCK_CRL] = { "pckcrl", false, false, DOCUMENT_PCK_CRL,
			  "the PCK revocation list" },
	[PCS_ROOT_CRL] = { "rootcacrl", false, false, DOCUMENT_ROOT_CRL,
			   "the root's revocation list" },
	[PCS_TCB_INFO] = { "tcb", true, true, DOCUMENT_TCB_INFO, "TCB information" },
	[PCS_QE_IDENTITY] = { "qe/identity", true, true, DOCUMENT_QE_IDENTITY,
			      "the quoting enclave's identity" },
	[PCS_NUMBERS] = { "tcbevaluationdatanumbers", true, false, DOCUMENT_NUMBERS,
			  "the list of evaluations" },
	[PCS_PCK_CERT] = { "pckcert", false, false, DOCUMENT_PCK_CHAIN,
			   "the PCK certificate" },
	[PCS_QVE_IDENTITY] = { "qve/identity", false, true, DOCUMENT_QE_IDENTITY,
			       "the quote verification enclave's identity" },
};

const char *pcs_name(enum pcs_kind kind)
{
	return kinds[kind].name;
}

bool pcs_needs_key(enum pcs_kind kind)
{
	return kind == PCS_PCK_CERT;
}

static bool is_tdx(const struct pcs_question *question)
{
	return kinds[question->kind].has_tdx && question->platform.tee == TCB_TEE_TDX;
}

/* Who answers: the vendor's own service differs a little from caches of it. */
enum service { SERVICE_PCCS, SERVICE_VENDOR };

/*
 * A PCCS knows a platform by its quoting enclave's id, the vendor's service by the PPID as
 * the vendor alone can read it, which only some quotes have. Which of a platform's
 * certificates it is, the quote says itself: the list of all of them ("pckcerts") is never
 * needed.
 */
static enum cella_status write_pck_cert(const struct pck_id *id, enum service service,
					struct out *out, struct cella_error *err)
{
	const uint8_t pce_svn[] = { (uint8_t)id->pce_svn, (uint8_t)(id->pce_svn >> 8) };
	const bool has_encrypted = id->encrypted_ppid.len > 0;

	if (service == SERVICE_VENDOR && !has_encrypted)
		return error_set(err, CELLA_MISSING,
				 "the vendor's service finds a PCK certificate by the "
				 "encrypted PPID (RSA-3072), which this quote does not "
				 "carry: ask a PCCS");
	if (service == SERVICE_PCCS) {
		out_text(out, "?qeid=");
		hex_write_upper(out, id->qe_id);
	}
	if (has_encrypted) {
		out_format(out,
			   "%sencrypted_ppid=", service == SERVICE_VENDOR ? "?" : "&");
		hex_write_upper(out, id->encrypted_ppid);
	}
	out_text(out, "&cpusvn=");
	hex_write_upper(out, id->cpu_svn);
	out_text(out, "&pcesvn=");
	hex_write_upper(out, bytes_of(pce_svn, sizeof pce_svn));
	out_text(out, "&pceid=");
	hex_write_upper(out, bytes_of(id->pce_id, sizeof id->pce_id));
	return CELLA_OK;
}

static enum cella_status pck_id_of(const struct quote *quote, struct pck_id *out,
				   struct cella_error *err)
{
	enum { USER_DATA = 28 };
	struct cert_data_ppid ppid = { 0 };

	TRY(quote_ppid(quote, &ppid, err));
	*out = (struct pck_id){
		.qe_id = bytes_slice(quote->raw, USER_DATA, PCS_QE_ID_LEN),
		.cpu_svn = ppid.cpu_svn,
		.pce_svn = ppid.pce_svn,
	};
	if (quote->cert_type == CERT_DATA_PPID_RSA3072)
		out->encrypted_ppid = ppid.ppid;
	memcpy(out->pce_id, ppid.pce_id, sizeof out->pce_id);
	return CELLA_OK;
}

static enum cella_status write_pck_question(const struct pcs_question *q,
					    enum service service, struct out *out,
					    struct cella_error *err)
{
	struct pck_id id = { 0 };

	if (q->pck != NULL)
		id = *q->pck;
	else
		TRY(pck_id_of(q->quote, &id, err));
	return write_pck_cert(&id, service, out, err);
}

/* "tcb?fmspc=…&update=early": what stands behind the version. */
static enum cella_status write_tail(const struct pcs_question *q, enum service service,
				    struct out *out, struct cella_error *err)
{
	const char *separator = "?";

	out_text(out, kinds[q->kind].path);
	if (q->kind == PCS_PCK_CRL)
		out_format(out, "?ca=%s&encoding=der",
			   q->platform.is_platform_ca ? "platform" : "processor");
	if (q->kind == PCS_TCB_INFO) {
		out_text(out, "?fmspc=");
		hex_write_upper(out, bytes_of(q->platform.fmspc, FMSPC_LEN));
		separator = "&";
	}
	if (kinds[q->kind].has_edition && q->edition.number != 0)
		out_format(out, "%stcbEvaluationDataNumber=%u", separator,
			   q->edition.number);
	else if (kinds[q->kind].has_edition && q->edition.early)
		out_format(out, "%supdate=early", separator);
	if (q->kind == PCS_PCK_CERT)
		TRY(write_pck_question(q, service, out, err));
	return out_status(out, err);
}

enum cella_status pcs_path(const struct pcs_question *question, char out[PCS_PATH_MAX],
			   struct cella_error *err)
{
	struct out tail CLEANUP(out_done) = { 0 };

	TRY(write_tail(question, SERVICE_PCCS, &tail, err));
	snprintf(out, PCS_PATH_MAX, "%s/%.*s", is_tdx(question) ? "tdx" : "sgx",
		 (int)tail.len, (const char *)tail.data);
	return CELLA_OK;
}

/* The vendor's own service has the root's list elsewhere, as certificates say. */
static const struct {
	const char *host;
	const char *root_crl;
} vendor_hosts[] = {
	{ "api.trustedservices.intel.com",
	  "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der" },
	{ "sbx.api.trustedservices.intel.com",
	  "https://sbx-certificates.trustedservices.intel.com/IntelSGXRootCA.der" },
};

/* NULL for any other host than the vendor's. */
static const char *vendor_root_crl(const char *host)
{
	for (size_t i = 0; i < ARRAY_LEN(vendor_hosts); i++)
		if (text_equal_any_case(host, vendor_hosts[i].host))
			return vendor_hosts[i].root_crl;
	return NULL;
}

/* The base with its path; "/sgx/" in it is "/tdx/" for what TDX has of its own. */
static enum cella_status write_base(const char *base, const struct url *parts, bool tdx,
				    struct out *out, struct cella_error *err)
{
	const char *const path = base + parts->path;
	const char *const sgx = strstr(path, "/sgx/");

	if (*path == '\0' || strcmp(path, "/") == 0) {
		out_format(out, "%.*s/%s/certification/v4/", (int)parts->path, base,
			   tdx ? "tdx" : "sgx");
		return out_status(out, err);
	}
	if (sgx == NULL || strchr(path, '?') != NULL)
		return error_set(err, CELLA_USAGE,
				 "%.100s: expected a URL that ends in "
				 "/sgx/certification/v4/, or a host alone",
				 base);
	out_bytes(out, base, (size_t)(sgx - base));
	out_format(out, "/%s%s%s", tdx ? "tdx" : "sgx", sgx + strlen("/sgx"),
		   base[strlen(base) - 1] == '/' ? "" : "/");
	return out_status(out, err);
}

static enum cella_status take_url(const struct out *text, const char *base,
				  char out[URL_MAX + 1], struct cella_error *err)
{
	TRY(out_status(text, err));
	if (text->len > URL_MAX)
		return error_set(err, CELLA_LIMIT, "%.60s…: longer than %d bytes", base,
				 URL_MAX);
	snprintf(out, URL_MAX + 1, "%.*s", (int)text->len, (const char *)text->data);
	return CELLA_OK;
}

enum cella_status pcs_policies_url(const char *base, const struct platform *platform,
				   char out[URL_MAX + 1], struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };
	struct url parts;

	TRY(url_parse(base, &parts, err));
	TRY(write_base(base, &parts, false, &text, err));
	out_text(&text, "appraisalpolicy?fmspc=");
	hex_write_upper(&text, bytes_of(platform->fmspc, FMSPC_LEN));
	return take_url(&text, base, out, err);
}

enum cella_status pcs_url(const char *base, const struct pcs_question *question,
			  char out[URL_MAX + 1], struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };
	const char *root_crl;
	struct url parts;

	TRY(url_parse(base, &parts, err));
	root_crl = vendor_root_crl(parts.host);
	if (question->kind == PCS_ROOT_CRL && root_crl != NULL) {
		out_text(&text, root_crl);
	} else {
		TRY(write_base(base, &parts, is_tdx(question), &text, err));
		TRY(write_tail(question, root_crl != NULL ? SERVICE_VENDOR : SERVICE_PCCS,
			       &text, err));
	}
	return take_url(&text, base, out, err);
}

/* --- answers ------------------------------------------------------------------------- */

static void builder_cleanup(struct cella_collateral_builder **builder)
{
	cella_collateral_builder_free(*builder);
}

static enum cella_status parse(const char *name, struct cella_bytes response,
			       struct cella_bytes chain, struct cella_collateral **out,
			       struct cella_error *err)
{
	struct cella_collateral_builder *builder CLEANUP(builder_cleanup) = NULL;

	TRY(cella_collateral_builder_new(&builder, err));
	TRY(cella_collateral_builder_add(builder, name, response.data, response.len,
					 err));
	if (chain.len > 0)
		TRY(cella_collateral_builder_add(builder, "its chain", chain.data,
						 chain.len, err));
	return cella_collateral_builder_finish(builder, out, err);
}

/* How document_at() names what was asked for; of TCB information it is the beginning. */
static void expected_name(const struct pcs_question *q, char out[PCS_NAME_MAX])
{
	char fmspc[2 * FMSPC_LEN + 1];

	switch (q->kind) {
	case PCS_PCK_CRL:
		snprintf(out, PCS_NAME_MAX, "%s",
			 q->platform.is_platform_ca ? cert_cn_platform_ca
						    : cert_cn_processor_ca);
		break;
	case PCS_ROOT_CRL:
		snprintf(out, PCS_NAME_MAX, "%s", cert_cn_root_ca);
		break;
	case PCS_TCB_INFO:
		snprintf(out, PCS_NAME_MAX, "%s %s", is_tdx(q) ? "TDX" : "SGX",
			 hex_format(bytes_of(q->platform.fmspc, FMSPC_LEN), fmspc));
		break;
	case PCS_QE_IDENTITY:
		snprintf(out, PCS_NAME_MAX, "%s",
			 identity_name(is_tdx(q) ? IDENTITY_TD_QE : IDENTITY_QE));
		break;
	case PCS_QVE_IDENTITY:
		snprintf(out, PCS_NAME_MAX, "%s", identity_name(IDENTITY_QVE));
		break;
	case PCS_NUMBERS:
		snprintf(out, PCS_NAME_MAX, "%s", is_tdx(q) ? "TDX" : "SGX");
		break;
	case PCS_PCK_CERT: /* whose PCK it is, the quote's signatures tell */
	case PCS_NUM_KINDS:
		break;
	}
}

static bool fits(const struct pcs_question *q, const struct document *d,
		 const char *expected)
{
	if (d->kind != kinds[q->kind].document)
		return false;
	return q->kind == PCS_TCB_INFO || q->kind == PCS_PCK_CERT
		       ? strncmp(d->name, expected, strlen(expected)) == 0
		       : strcmp(d->name, expected) == 0;
}

static enum cella_status find_answer(const struct pcs_question *q,
				     const struct cella_collateral *set,
				     struct document *out, struct cella_error *err)
{
	char expected[PCS_NAME_MAX] = "";
	struct document d = { .name = "" };

	expected_name(q, expected);
	for (size_t i = 0; document_at(set, i, &d); i++) {
		if (fits(q, &d, expected)) {
			*out = d;
			return CELLA_OK;
		}
	}
	if (!document_at(set, 0, &d))
		return error_set(err, CELLA_MALFORMED, "the answer holds no document");
	return error_set(err, CELLA_MALFORMED,
			 "the answer is something else: asked for %s (%s), got %s %s",
			 pcs_name(q->kind), expected, d.type, d.name);
}

/* Whether a PCK certificate is that of the quote, or a server's mistake. */
static enum cella_status check_fit(const struct quote *quote,
				   const struct chain_doc *chain, bool *out,
				   struct cella_error *err)
{
	if (chain == NULL)
		return error_set(err, CELLA_MALFORMED, "there is no PCK certificate");
	return crypto_cert_check(cert_chain_leaf(&chain->chain), quote->qe_report,
				 quote->qe_report_signature, out, err);
}

enum cella_status pcs_check(const struct pcs_question *question,
			    struct cella_bytes response, struct cella_bytes chain,
			    const uint8_t root[64], struct pcs_answer *out,
			    struct cella_error *err)
{
	struct cella_collateral *set CLEANUP(collateral_cleanup) = NULL;
	const uint32_t number = question->edition.number;
	struct document d = { .name = "" };
	const char *fault;
	bool fits = true;

	TRY(parse("the answer", response, chain, &set, err));
	TRY(find_answer(question, set, &d, err));
	fault = document_fault(&d, root);
	if (fault != NULL)
		return error_set(err, CELLA_MALFORMED, "%s %s: %s", d.type, d.name,
				 fault);
	if (kinds[question->kind].has_edition && number != 0 && d.number != number)
		return error_set(err, CELLA_MALFORMED,
				 "%s %s: asked for evaluation number %u, got %llu",
				 d.type, d.name, number, (unsigned long long)d.number);
	if (question->kind == PCS_PCK_CERT && question->quote != NULL)
		TRY(check_fit(question->quote, set->pck_chain, &fits, err));
	*out = (struct pcs_answer){
		.from = d.from,
		.to = d.to,
		.number = d.number,
		.fits = fits,
	};
	return CELLA_OK;
}

enum cella_status pcs_platform(struct cella_bytes response,
			       const struct cella_evidence *evidence,
			       const uint8_t root[64], struct platform *out,
			       struct cella_error *err)
{
	struct cella_collateral *set CLEANUP(collateral_cleanup) = NULL;

	TRY(parse("the answer", response, bytes_of(NULL, 0), &set, err));
	if (set->pck_chain == NULL)
		return error_set(err, CELLA_MISSING, "there is no PCK certificate");
	return platform_from(bytes_of(set->pck_chain->text, set->pck_chain->text_len),
			     evidence, root, out, err);
}

enum cella_status pcs_numbers(struct cella_bytes response, enum tcb_tee tee,
			      struct tcb_numbers *out, struct cella_error *err)
{
	struct cella_collateral *set CLEANUP(collateral_cleanup) = NULL;
	const struct numbers_doc *doc;

	TRY(parse("the answer", response, bytes_of(NULL, 0), &set, err));
	doc = collateral_numbers(set, tee);
	if (doc == NULL)
		return error_set(err, CELLA_MISSING, "there is no list of evaluations");
	*out = doc->numbers;
	return CELLA_OK;
}

/* The next directive of a Cache-Control header, without blanks. */
static bool read_directive(const char *directive, int64_t *age)
{
	uint64_t seconds = 0;

	if (text_equal_any_case(directive, "no-store") ||
	    text_equal_any_case(directive, "no-cache")) {
		*age = 0;
		return true;
	}
	if (strncmp(directive, "max-age=", 8) != 0 ||
	    number_read(directive + 8, INT32_MAX, &seconds, "max-age", NULL) != CELLA_OK)
		return false;
	*age = (int64_t)seconds;
	return true;
}

/* The value of a header, as cella-fetch spells its name; false when there is none. */
static bool read_header(struct cella_bytes response, const char *name, char *out,
			size_t out_len)
{
	const uint8_t *const end = memmem(response.data, response.len, "\r\n\r\n", 4);
	const size_t head_len = end != NULL ? (size_t)(end - response.data) : 0;
	const char *const line = memmem(response.data, head_len, name, strlen(name));

	if (line == NULL)
		return false;
	snprintf(out, out_len, "%.*s",
		 (int)(response.data + head_len - (const uint8_t *)line) -
			 (int)strlen(name),
		 line + strlen(name));
	out[strcspn(out, "\r\n")] = '\0';
	return true;
}

enum cella_status pcs_tcbm(struct cella_bytes response, uint8_t cpu_svn[PCS_CPU_SVN_LEN],
			   uint16_t *pce_svn, struct cella_error *err)
{
	uint8_t tcbm[PCS_CPU_SVN_LEN + sizeof *pce_svn];
	char value[128];

	if (!read_header(response, "\nSGX-TCBm:", value, sizeof value))
		return error_set(err, CELLA_MISSING,
				 "the answer does not say at which TCB the PCK "
				 "certificate is (SGX-TCBm)");
	TRY(hex_read(text_trim(bytes_of(value, strlen(value))), tcbm, sizeof tcbm,
		     "SGX-TCBm", err));
	memcpy(cpu_svn, tcbm, PCS_CPU_SVN_LEN);
	*pce_svn = (uint16_t)(tcbm[PCS_CPU_SVN_LEN] | tcbm[PCS_CPU_SVN_LEN + 1] << 8);
	return CELLA_OK;
}

bool pcs_max_age(struct cella_bytes response, int64_t *out)
{
	char value[256];
	char *rest = value;
	char *directive;
	bool found = false;

	if (!read_header(response, "\nCache-Control:", value, sizeof value))
		return false;
	while ((directive = strtok_r(rest, ", \t", &rest)) != NULL) {
		int64_t age = 0;

		if (!read_directive(directive, &age))
			continue;
		*out = found && *out < age ? *out : age;
		found = true;
	}
	return found;
}
