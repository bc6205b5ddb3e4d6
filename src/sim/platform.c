/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making simulated platforms. Whatever identifies a platform (PPID, serial numbers, QE ID)
 * is derived from its keys; only the keys are random.
 */
#include "sim/platform.h"

#include "base/encode.h"
#include "collateral/cert_chain.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SIM_URL "https://cella-sim.invalid"

static const char root_crl_url[] = SIM_URL "/IntelSGXRootCA.der";
static const char platform_crl_url[] = SIM_URL
	"/sgx/certification/v4/pckcrl?ca=platform&encoding=der";
static const char processor_crl_url[] = SIM_URL
	"/sgx/certification/v4/pckcrl?ca=processor&encoding=der";

/* Validities of the profile's certificates; root and CA as they have been since 2018. */
enum {
	DAY = 86400,
	SEVEN_YEARS = 7 * 365 * DAY + 2 * DAY,
	PCK_AGE = 30 * DAY,
	SIGNER_AGE = 90 * DAY,
};
static const int64_t root_not_before = INT64_C(1526899510); /* 2018-05-21T10:45:10Z */
static const int64_t root_not_after = INT64_C(2524607999);  /* 2049-12-31T23:59:59Z */
static const int64_t ca_not_before = INT64_C(1526899810);   /* 2018-05-21T10:50:10Z */
static const int64_t ca_not_after = INT64_C(2000285410);    /* 2033-05-21T10:50:10Z */

void sim_config_init(struct sim_config *config, int64_t created)
{
	*config = (struct sim_config){
		.name = "",
		.ca = "platform",
		.created = created,
		.fmspc = { 0xce, 0x11, 0xa0, 0x00, 0x00, 0x00 },
		.components = { 3, 3, 2, 2, 4, 1, 0, 5 },
		.pce_svn = 13,
		.qe_isv_svn = 8,
		.td_qe_isv_svn = 6,
	};
}

bool sim_config_has_platform_ca(const struct sim_config *config)
{
	return strcmp(config->ca, "platform") == 0;
}

/* --- fields -------------------------------------------------------------------------- */

uint8_t *sim_field(const struct layout *layout, uint8_t *structure, const char *name,
		   size_t *len)
{
	const struct field *field = layout->fields;

	while (strcmp(field->name, name) != 0) {
		field++;
		assert(field < layout->fields + layout->num_fields);
	}
	*len = field->len;
	return structure + field->offset;
}

enum cella_status sim_measure(const struct layout *layout, uint8_t *structure,
			      const char *name, const char *what, struct cella_error *err)
{
	static const char intro[] = "cella simulation: ";
	const struct cella_bytes parts[] = { bytes_of(intro, strlen(intro)),
					     bytes_of(what, strlen(what)) };
	uint8_t hash[SHA512_LEN];
	size_t len = 0;
	uint8_t *const field = sim_field(layout, structure, name, &len);
	const enum crypto_hash algorithm = len == SHA384_LEN ? CRYPTO_SHA384
							     : CRYPTO_SHA256;

	TRY(crypto_digest(algorithm, parts, ARRAY_LEN(parts), hash, err));
	assert(len <= crypto_hash_len(algorithm));
	memcpy(field, hash, len);
	return CELLA_OK;
}

static void set_field(const struct layout *layout, uint8_t *structure, const char *name,
		      const void *value, size_t value_len)
{
	size_t len = 0;
	uint8_t *const field = sim_field(layout, structure, name, &len);

	assert(value_len <= len);
	memcpy(field, value, value_len);
}

/* A module of TDX 1.5, a Linux guest, no migration, nothing of the owner's. */
static enum cella_status measure_td(struct sim_platform *p, struct cella_error *err)
{
	static const struct {
		const char *field;
		const char *what;
	} rows[] = {
		{ "mr_seam", "TDX module" },  { "mr_td", "firmware" },
		{ "rtmr0", "configuration" }, { "rtmr1", "kernel" },
		{ "rtmr2", "command line" },  { "td_id", "TD" },
	};
	static const uint8_t svn[] = { 6, 1, 3 };
	static const uint8_t attributes[] = { 0x00, 0x00, 0x00, 0x10 };
	static const uint8_t xfam[] = { 0xe7, 0x42, 0x06 };
	const struct layout *const layout = &td_body_15ex_layout;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		TRY(sim_measure(layout, p->td_body, rows[i].field, rows[i].what, err));
	set_field(layout, p->td_body, "tee_tcb_svn", svn, sizeof svn);
	set_field(layout, p->td_body, "tee_tcb_svn2", svn, sizeof svn);
	set_field(layout, p->td_body, "td_attributes", attributes, sizeof attributes);
	set_field(layout, p->td_body, "xfam", xfam, sizeof xfam);
	set_field(layout, p->td_body, "init_tee_tcb_svn", svn, sizeof svn);
	set_field(layout, p->td_body, "init_cpusvn", p->config.components,
		  TCB_COMPONENTS);
	set_field(layout, p->td_body, "init_tee_fmspc", p->config.fmspc, FMSPC_LEN);
	return CELLA_OK;
}

static enum cella_status measure_enclave(struct sim_platform *p, struct cella_error *err)
{
	static const uint8_t attributes[16] = { 0x05, [8] = 0xe7 }; /* INIT, MODE64BIT */
	static const uint8_t one[] = { 1 };
	const struct layout *const layout = &sgx_report_layout;

	TRY(sim_measure(layout, p->sgx_body, "mrenclave", "enclave", err));
	TRY(sim_measure(layout, p->sgx_body, "mrsigner", "enclave's signer", err));
	set_field(layout, p->sgx_body, "attributes", attributes, sizeof attributes);
	set_field(layout, p->sgx_body, "isv_prod_id", one, sizeof one);
	set_field(layout, p->sgx_body, "isv_svn", one, sizeof one);
	return CELLA_OK;
}

/* --- certificates -------------------------------------------------------------------- */

struct cert_row {
	const char *cn;
	enum sim_cert_id issuer;
	int path_len; /* -1: an end entity */
};

static const struct cert_row cert_rows[SIM_NUM_CERTS] = {
	[SIM_ROOT] = { cert_cn_root_ca, SIM_ROOT, 1 },
	[SIM_CA] = { cert_cn_platform_ca, SIM_ROOT, 0 },
	[SIM_PCK] = { cert_cn_pck, SIM_CA, -1 },
	[SIM_SIGNER] = { cert_cn_signing, SIM_ROOT, -1 },
};

static const char *cert_cn(const struct sim_platform *p, enum sim_cert_id id)
{
	if (id == SIM_CA && !sim_config_has_platform_ca(&p->config))
		return cert_cn_processor_ca;
	return cert_rows[id].cn;
}

static void set_validity(const struct sim_platform *p, enum sim_cert_id id,
			 struct sim_cert_spec *spec)
{
	switch (id) {
	case SIM_ROOT:
		spec->not_before = root_not_before;
		spec->not_after = root_not_after;
		return;
	case SIM_CA:
		spec->not_before = ca_not_before;
		spec->not_after = ca_not_after;
		return;
	case SIM_PCK:
		spec->not_before = p->config.created - PCK_AGE;
		break;
	case SIM_SIGNER:
		spec->not_before = p->config.created - SIGNER_AGE;
		break;
	case SIM_NUM_CERTS:
		break;
	}
	spec->not_after = spec->not_before + SEVEN_YEARS;
	if (id == SIM_PCK && spec->not_after > ca_not_after)
		spec->not_after = ca_not_after;
}

static enum cella_status describe_cert(struct sim_platform *p, enum sim_cert_id id,
				       struct cella_error *err)
{
	const struct cert_row *const row = &cert_rows[id];
	struct sim_cert_spec *const spec = &p->certs[id].spec;
	const bool is_ca = row->path_len >= 0;

	*spec = (struct sim_cert_spec){
		.subject = { cert_cn(p, id), p->organisation },
		.issuer = { cert_cn(p, row->issuer), p->organisation },
		.point = private_key_point(p->keys[id]),
		.crl_url = root_crl_url,
		.is_ca = is_ca,
		.path_len = row->path_len,
		.key_usage = is_ca ? SIM_USAGE_CA : SIM_USAGE_END_ENTITY,
	};
	if (id == SIM_PCK) {
		spec->crl_url = sim_config_has_platform_ca(&p->config)
					? platform_crl_url
					: processor_crl_url;
		spec->sgx_ext = out_view(&p->pck_ext_der);
	}
	set_validity(p, id, spec);
	TRY(sim_key_id(spec->point, spec->key_id, err));
	memcpy(spec->serial, spec->key_id, SIM_SERIAL_LEN);
	return sim_key_id(private_key_point(p->keys[row->issuer]), spec->issuer_key_id,
			  err);
}

/* Everything that names the platform comes from its PCK key, by way of a label. */
static enum cella_status derive(const struct sim_platform *p, const char *label,
				uint8_t *out, size_t len, struct cella_error *err)
{
	const struct cella_bytes parts[] = { bytes_of(label, strlen(label)),
					     private_key_point(p->keys[SIM_PCK]) };
	uint8_t hash[SHA256_LEN];

	TRY(crypto_digest(CRYPTO_SHA256, parts, ARRAY_LEN(parts), hash, err));
	memcpy(out, hash, len);
	return CELLA_OK;
}

static enum cella_status describe_pck(struct sim_platform *p, struct cella_error *err)
{
	struct pck_ext *const ext = &p->pck_ext;

	*ext = (struct pck_ext){
		.pce_svn = p->config.pce_svn,
		.sgx_type = PCK_SGX_SCALABLE,
		.is_platform = sim_config_has_platform_ca(&p->config),
		.dynamic_platform = true,
		.cached_keys = true,
		.smt_enabled = true,
	};
	memcpy(ext->components, p->config.components, TCB_COMPONENTS);
	memcpy(ext->cpu_svn, p->config.components, TCB_COMPONENTS);
	memcpy(ext->pce_id, p->config.pce_id, PCE_ID_LEN);
	memcpy(ext->fmspc, p->config.fmspc, FMSPC_LEN);
	TRY(derive(p, "ppid", ext->ppid, PPID_LEN, err));
	TRY(derive(p, "platform instance", ext->platform_instance_id,
		   sizeof ext->platform_instance_id, err));
	TRY(derive(p, "quoting enclave", p->qe_id, sizeof p->qe_id, err));
	sim_pck_ext_write(ext, SIM_EXT_RIGHT, &p->pck_ext_der);
	return out_status(&p->pck_ext_der, err);
}

enum cella_status sim_platform_describe(struct sim_platform *p, struct cella_error *err)
{
	snprintf(p->organisation, sizeof p->organisation, "cella simulation%s%s",
		 *p->config.name != '\0' ? " " : "", p->config.name);
	TRY(describe_pck(p, err));
	for (int id = 0; id < SIM_NUM_CERTS; id++)
		TRY(describe_cert(p, (enum sim_cert_id)id, err));
	memcpy(p->sgx_body, p->config.components, TCB_COMPONENTS);
	return CELLA_OK;
}

static enum cella_status issue_certs(struct sim_platform *p, struct cella_error *err)
{
	for (int id = 0; id < SIM_NUM_CERTS; id++)
		TRY(sim_cert_issue(&p->certs[id].spec, p->keys[cert_rows[id].issuer],
				   &p->certs[id].der, err));
	return CELLA_OK;
}

/* --- platforms ----------------------------------------------------------------------- */

enum cella_status sim_config_copy(const struct sim_config *from, struct sim_platform *p,
				  struct cella_error *err)
{
	p->config = *from;
	p->config.name = arena_copy(&p->arena, from->name, strlen(from->name));
	p->config.ca = arena_copy(&p->arena, from->ca, strlen(from->ca));
	TRY(arena_status(&p->arena, err));
	if (strlen(from->name) + sizeof "cella simulation " > SIM_ORGANISATION_MAX)
		return error_set(err, CELLA_USAGE,
				 "platform: its name is longer than %zu characters",
				 SIM_ORGANISATION_MAX - sizeof "cella simulation ");
	if (!sim_config_has_platform_ca(from) && strcmp(from->ca, "processor") != 0)
		return error_set(
			err, CELLA_USAGE,
			"platform: ca: expected platform or processor, found \"%.20s\"",
			from->ca);
	if (from->created - SIGNER_AGE < ca_not_before ||
	    from->created + PCK_AGE > ca_not_after)
		return error_set(err, CELLA_USAGE,
				 "platform: no chain of the profile is valid at that "
				 "time");
	return CELLA_OK;
}

static enum cella_status copy_key(const struct private_key *from,
				  struct private_key **out, struct cella_error *err)
{
	struct out pem CLEANUP(out_done) = { 0 };

	TRY(private_key_write(from, &pem, err));
	return private_key_parse(out_view(&pem), out, err);
}

/* Root and signer are common to all; each kind of PCK CA has a key of its own. */
static bool is_shared(int id, const struct sim_config *config,
		      const struct sim_platform *authorities)
{
	if (authorities == NULL)
		return false;
	return id == SIM_ROOT || id == SIM_SIGNER ||
	       (id == SIM_CA && strcmp(config->ca, authorities->config.ca) == 0);
}

static enum cella_status fill(struct sim_platform *p, const struct sim_config *config,
			      const struct sim_platform *authorities,
			      struct cella_error *err)
{
	TRY(sim_config_copy(config, p, err));
	for (int id = 0; id < SIM_NUM_KEYS; id++) {
		if (is_shared(id, config, authorities))
			TRY(copy_key(authorities->keys[id], &p->keys[id], err));
		else
			TRY(private_key_generate(CRYPTO_P256, &p->keys[id], err));
	}
	TRY(measure_td(p, err));
	TRY(measure_enclave(p, err));
	TRY(sim_platform_describe(p, err));
	return issue_certs(p, err);
}

enum cella_status sim_platform_new(const struct sim_config *config,
				   const struct sim_platform *authorities,
				   struct sim_platform **out, struct cella_error *err)
{
	struct sim_platform *platform CLEANUP(sim_platform_cleanup) =
		calloc(1, sizeof *platform);

	if (platform == NULL)
		return error_nomem(err);
	TRY(fill(platform, config, authorities, err));
	*out = take(&platform);
	return CELLA_OK;
}

void sim_platform_free(struct sim_platform *platform)
{
	if (platform == NULL)
		return;
	for (size_t i = 0; i < SIM_NUM_KEYS; i++)
		private_key_free(platform->keys[i]);
	for (size_t i = 0; i < SIM_NUM_CERTS; i++)
		out_done(&platform->certs[i].der);
	out_done(&platform->pck_ext_der);
	arena_done(&platform->arena);
	free(platform);
}

void sim_chain_write(const struct sim_platform *platform, const enum sim_cert_id *ids,
		     size_t num_ids, struct out *out)
{
	for (size_t i = 0; i < num_ids; i++)
		pem_write(out, "CERTIFICATE", out_view(&platform->certs[ids[i]].der));
}
