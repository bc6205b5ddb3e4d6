/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates for people to look at. The JSON form is made first; the text form lists its
 * members.
 */
#include "collateral/describe.h"

#include "collateral/pck_ext.h"

#include <string.h>

static const char *const sgx_types[] = { "standard", "scalable",
					 "scalable with integrity" };

static enum cella_status put_platform(json_t *item, const struct pck_ext *ext,
				      struct cella_error *err)
{
	TRY(json_put(item, "platform_instance_id",
		     json_hex(bytes_of(ext->platform_instance_id,
				       sizeof ext->platform_instance_id)),
		     err));
	TRY(json_put(item, "dynamic_platform", json_boolean(ext->dynamic_platform), err));
	TRY(json_put(item, "cached_keys", json_boolean(ext->cached_keys), err));
	return json_put(item, "smt_enabled", json_boolean(ext->smt_enabled), err);
}

static enum cella_status put_extension(json_t *item, const struct crypto_cert *cert,
				       struct cella_error *err)
{
	const bool is_platform = strcmp(cert->issuer_cn, cert_cn_platform_ca) == 0;
	struct pck_ext ext;

	if (cert->sgx_extension.data == NULL)
		return CELLA_OK;
	if (pck_ext_parse(cert->sgx_extension, is_platform, &ext, err) != CELLA_OK)
		return json_put(item, "sgx_extension", json_string("broken"), err);
	TRY(json_put(item, "fmspc", json_hex(bytes_of(ext.fmspc, FMSPC_LEN)), err));
	TRY(json_put(item, "pce_id", json_hex(bytes_of(ext.pce_id, PCE_ID_LEN)), err));
	TRY(json_put(item, "ppid", json_hex(bytes_of(ext.ppid, PPID_LEN)), err));
	TRY(json_put(item, "tcb_components",
		     json_hex(bytes_of(ext.components, TCB_COMPONENTS)), err));
	TRY(json_put(item, "pce_svn", json_integer(ext.pce_svn), err));
	TRY(json_put(item, "cpu_svn", json_hex(bytes_of(ext.cpu_svn, sizeof ext.cpu_svn)),
		     err));
	TRY(json_put(item, "sgx_type", json_string(sgx_types[ext.sgx_type]), err));
	return is_platform ? put_platform(item, &ext, err) : CELLA_OK;
}

static enum cella_status describe_cert(const struct crypto_cert *cert, json_t *item,
				       struct cella_error *err)
{
	TRY(json_put(item, "subject", json_string(cert->subject_cn), err));
	TRY(json_put(item, "issuer", json_string(cert->issuer_cn), err));
	TRY(json_put(item, "serial", json_hex(bytes_of(cert->serial, cert->serial_len)),
		     err));
	TRY(json_put(item, "not_before", json_time(cert->not_before), err));
	TRY(json_put(item, "not_after", json_time(cert->not_after), err));
	TRY(json_put(item, "key", json_hex(bytes_of(cert->point, sizeof cert->point)),
		     err));
	TRY(json_put(item, "sha256", json_hex(bytes_of(cert->sha256, SHA256_LEN)), err));
	return put_extension(item, cert, err);
}

enum cella_status chain_describe(const struct cert_chain *chain, json_t *certificates,
				 struct cella_error *err)
{
	for (size_t i = 0; i < chain->num_certs; i++) {
		json_t *const item = json_object();

		TRY(json_add(certificates, item, err));
		TRY(describe_cert(chain->certs[i]->x509, item, err));
	}
	return CELLA_OK;
}

static void write_member(const char *name, const json_t *value, struct out *out)
{
	if (json_is_integer(value))
		out_format(out, "  %-22s %lld\n", name,
			   (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		out_format(out, "  %-22s %s\n", name, json_is_true(value) ? "yes" : "no");
	else
		out_format(out, "  %-22s %s\n", name, json_string_value(value));
}

enum cella_status chain_describe_text(const struct cert_chain *chain, struct out *out,
				      struct cella_error *err)
{
	json_t *list CLEANUP_JSON = json_array();

	if (list == NULL)
		return error_nomem(err);
	TRY(chain_describe(chain, list, err));
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *const item = json_array_get(list, i);

		out_format(out, "certificate %zu\n", i + 1);
		for (void *at = json_object_iter(item); at != NULL;
		     at = json_object_iter_next(item, at))
			write_member(json_object_iter_key(at), json_object_iter_value(at),
				     out);
	}
	return out_status(out, err);
}
