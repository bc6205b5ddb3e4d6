/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building a case: a good one, made step by step, with a row's changes at their stages.
 */
#include "sim/corpus_ops.h"

#include "base/encode.h"

#include <assert.h>
#include <string.h>

const int64_t sim_corpus_time = INT64_C(1767225600); /* 2026-01-01T00:00:00Z */

static const struct {
	const char *name;
	enum sim_actor actor;
	uint16_t version;
	enum quote_body body;
} bases[SIM_NUM_BASES] = {
	[SIM_BASE_TDX_V4] = { "tdx-v4", SIM_SELF, 4, QUOTE_BODY_TD_10 },
	[SIM_BASE_TDX_V5] = { "tdx-v5", SIM_SELF, 5, QUOTE_BODY_TD_15 },
	[SIM_BASE_TDX_V5_TD10] = { "tdx-v5-td10", SIM_SELF, 5, QUOTE_BODY_TD_10 },
	[SIM_BASE_TDX_V5_TD15EX] = { "tdx-v5-td15ex", SIM_SELF, 5, QUOTE_BODY_TD_15EX },
	[SIM_BASE_TDX_10] = { "tdx-v4-module-1.0", SIM_OLD, 4, QUOTE_BODY_TD_10 },
	[SIM_BASE_SGX_V3] = { "sgx-v3", SIM_SELF, 3, QUOTE_BODY_SGX },
	[SIM_BASE_SGX_V4] = { "sgx-v4", SIM_SELF, 4, QUOTE_BODY_SGX },
	[SIM_BASE_SGX_V5] = { "sgx-v5", SIM_SELF, 5, QUOTE_BODY_SGX },
	[SIM_BASE_SGX_PROCESSOR] = { "sgx-v3-processor-ca", SIM_PROCESSOR, 3,
				     QUOTE_BODY_SGX },
};

const char *const sim_base_names[SIM_NUM_BASES] = {
	"tdx-v4", "tdx-v5", "tdx-v5-td10", "tdx-v5-td15ex",       "tdx-v4-module-1.0",
	"sgx-v3", "sgx-v4", "sgx-v5",      "sgx-v3-processor-ca",
};

/* --- the world ----------------------------------------------------------------------- */

static const struct {
	const char *ca;
	bool has_own_authorities;
	uint8_t fmspc_end; /* the last byte of its FMSPC */
	uint8_t module[3]; /* zeros: the default */
} actors[SIM_NUM_ACTORS] = {
	[SIM_SELF] = { "platform", true, 0x00, { 0 } },
	[SIM_PROCESSOR] = { "processor", false, 0x00, { 0 } },
	[SIM_SIBLING] = { "platform", false, 0x01, { 0 } },
	[SIM_OLD] = { "platform", false, 0x02, { 4, 0, 2 } },
	[SIM_IMPOSTOR] = { "platform", true, 0x00, { 0 } },
};

static enum cella_status make_actor(struct sim_world *world, enum sim_actor actor,
				    struct cella_error *err)
{
	const struct sim_platform *const authorities =
		actors[actor].has_own_authorities ? NULL : world->actors[SIM_SELF];
	const uint8_t *const module = actors[actor].module;
	struct sim_config config;

	sim_config_init(&config, sim_corpus_time);
	config.name = "corpus";
	config.ca = actors[actor].ca;
	config.fmspc[FMSPC_LEN - 1] = actors[actor].fmspc_end;
	TRY(sim_platform_new(&config, authorities, &world->actors[actor], err));
	if (module[0] != 0) {
		size_t len = 0;

		memcpy(sim_field(&td_body_15ex_layout, world->actors[actor]->td_body,
				 "tee_tcb_svn", &len),
		       module, sizeof actors[actor].module);
	}
	return CELLA_OK;
}

enum cella_status sim_world_init(struct sim_world *world, struct cella_error *err)
{
	struct sim_world made CLEANUP(sim_world_done) = { 0 };

	TRY(private_key_generate(CRYPTO_P256, &made.attacker, err));
	TRY(private_key_generate(CRYPTO_P384, &made.attacker_p384, err));
	TRY(private_key_generate(CRYPTO_P384, &made.owner, err));
	for (int i = 0; i < SIM_NUM_ACTORS; i++)
		TRY(make_actor(&made, (enum sim_actor)i, err));
	*world = made;
	made = (struct sim_world){ 0 };
	return CELLA_OK;
}

void sim_world_done(struct sim_world *world)
{
	private_key_free(world->attacker);
	private_key_free(world->attacker_p384);
	private_key_free(world->owner);
	for (size_t i = 0; i < SIM_NUM_ACTORS; i++)
		sim_platform_free(world->actors[i]);
	*world = (struct sim_world){ 0 };
}

const struct private_key *sim_key_of(const struct sim_case *c, enum sim_whose whose)
{
	switch (whose) {
	case SIM_ATTACKERS:
		return c->world->attacker;
	case SIM_ATTACKERS_P384:
		return c->world->attacker_p384;
	case SIM_OWNERS:
		return c->world->owner;
	case SIM_PCKS:
		return c->platform->keys[SIM_PCK];
	case SIM_CAS:
		return c->platform->keys[SIM_CA];
	case SIM_ROOTS:
		return c->platform->keys[SIM_ROOT];
	case SIM_SIGNERS:
		return c->platform->keys[SIM_SIGNER];
	case SIM_SIBLINGS_PCK:
		return c->world->actors[SIM_SIBLING]->keys[SIM_PCK];
	}
	return NULL;
}

/* --- chains -------------------------------------------------------------------------- */

static const struct {
	size_t num_links;
	enum sim_cert_id ids[SIM_MAX_LINKS];
} chain_ids[SIM_NUM_CHAINS] = {
	[SIM_CHAIN_PCK] = { 3, { SIM_PCK, SIM_CA, SIM_ROOT } },
	[SIM_CHAIN_PCK_CRL] = { 2, { SIM_CA, SIM_ROOT } },
	[SIM_CHAIN_TCB_INFO] = { 2, { SIM_SIGNER, SIM_ROOT } },
	[SIM_CHAIN_IDENTITY] = { 2, { SIM_SIGNER, SIM_ROOT } },
};

void sim_chain_fill(struct sim_chain *chain, enum sim_chain_id id,
		    const struct sim_platform *platform)
{
	chain->num_links = chain_ids[id].num_links;
	for (size_t i = 0; i < chain->num_links; i++) {
		const enum sim_cert_id cert = chain_ids[id].ids[i];
		const enum sim_cert_id issuer =
			i + 1 < chain->num_links ? chain_ids[id].ids[i + 1] : cert;

		chain->links[i] = (struct sim_link){
			.spec = platform->certs[cert].spec,
			.issuer = platform->keys[issuer],
			.ext = platform->pck_ext,
			.has_ext = cert == SIM_PCK,
		};
	}
}

struct sim_link *sim_link_of(struct sim_case *c, int at)
{
	struct sim_chain *const chain = &c->chains[at / SIM_MAX_LINKS];

	assert((size_t)(at % SIM_MAX_LINKS) < chain->num_links);
	return &chain->links[at % SIM_MAX_LINKS];
}

static enum cella_status issue_link(struct sim_link *link, struct cella_error *err)
{
	link->spec.sgx_ext = bytes_of(NULL, 0);
	if (link->has_ext) {
		sim_pck_ext_write(&link->ext, link->ext_oddity, &link->ext_der);
		TRY(out_status(&link->ext_der, err));
		link->spec.sgx_ext = out_view(&link->ext_der);
	}
	return sim_cert_issue(&link->spec, link->issuer, &link->der, err);
}

static enum cella_status issue_chains(struct sim_case *c, struct cella_error *err)
{
	for (size_t i = 0; i < SIM_NUM_CHAINS; i++)
		for (size_t k = 0; k < c->chains[i].num_links; k++)
			TRY(issue_link(&c->chains[i].links[k], err));
	return CELLA_OK;
}

enum cella_status sim_chain_text(const struct sim_chain *chain, const char *order,
				 struct out *out, struct cella_error *err)
{
	out_done(out);
	for (const char *digit = order; *digit != '\0'; digit++) {
		const size_t index = (size_t)(*digit - '0');

		assert(index < chain->num_links);
		pem_write(out, "CERTIFICATE", out_view(&chain->links[index].der));
	}
	return out_status(out, err);
}

struct out *sim_chain_place(struct sim_case *c, enum sim_chain_id id)
{
	switch (id) {
	case SIM_CHAIN_PCK:
		return &c->quote.cert_data;
	case SIM_CHAIN_PCK_CRL:
		return &c->collateral.pck_crl_chain;
	case SIM_CHAIN_TCB_INFO:
		return &c->collateral.documents[SIM_TCB_INFO].chain;
	case SIM_CHAIN_IDENTITY:
		return &c->collateral.documents[SIM_QE_IDENTITY].chain;
	case SIM_NUM_CHAINS:
		break;
	}
	return NULL;
}

static enum cella_status place_chains(struct sim_case *c, struct cella_error *err)
{
	for (int i = 0; i < SIM_NUM_CHAINS; i++)
		TRY(sim_chain_text(&c->chains[i],
				   c->chains[i].num_links == 3 ? "012" : "01",
				   sim_chain_place(c, (enum sim_chain_id)i), err));
	out_u8(&c->quote.cert_data, 0);
	return out_status(&c->quote.cert_data, err);
}

/* --- building ------------------------------------------------------------------------ */

static enum cella_status run_stage(struct sim_case *c, enum sim_stage stage,
				   struct cella_error *err)
{
	for (size_t i = 0; i < SIM_MAX_CHANGES && c->row->changes[i].op != NULL; i++) {
		const struct sim_change *const change = &c->row->changes[i];

		if (change->op->stage == stage)
			TRY(change->op->run(c, change, err));
	}
	return CELLA_OK;
}

/* Every quote of the corpus carries this nonce: what each case's options may ask for. */
static void set_report_data(struct sim_quote *quote)
{
	size_t len = 0;
	uint8_t *const report_data = sim_quote_body_field(quote, "report_data", &len);

	for (uint8_t i = 0; i < 32; i++)
		report_data[i] = (uint8_t)(0xa0 + i);
}

static enum cella_status make_contents(struct sim_case *c, struct cella_error *err)
{
	const enum sim_base base = c->row->base;

	TRY(issue_chains(c, err));
	TRY(sim_quote_init(c->quote_platform, bases[base].version, bases[base].body,
			   &c->quote, err));
	set_report_data(&c->quote);
	TRY(sim_collateral_init(c->platform, &c->spec, &c->collateral, err));
	return place_chains(c, err);
}

static enum cella_status sign(struct sim_case *c, struct cella_error *err)
{
	TRY(sim_quote_bind(&c->quote, err));
	TRY(run_stage(c, SIM_STAGE_BOUND, err));
	TRY(sim_quote_sign(&c->quote, err));
	return sim_collateral_sign(&c->collateral, err);
}

static enum cella_status put_together(struct sim_case *c, struct cella_error *err)
{
	TRY(sim_quote_write(&c->quote, &c->quote_bytes, err));
	TRY(sim_collateral_write(&c->collateral, &c->bundle, err));
	pem_write(&c->root, "CERTIFICATE", out_view(&c->platform->certs[SIM_ROOT].der));
	TRY(out_status(&c->root, err));
	return c->row->options.policy != NULL ? sim_policy_expand(c, err) : CELLA_OK;
}

static enum cella_status build(struct sim_case *c, struct cella_error *err)
{
	const bool is_sgx = bases[c->row->base].body == QUOTE_BODY_SGX;

	for (int i = 0; i < SIM_NUM_CHAINS; i++)
		sim_chain_fill(&c->chains[i], (enum sim_chain_id)i, c->platform);
	sim_collateral_spec_init(&c->spec, is_sgx ? SIM_SGX : SIM_TDX, sim_corpus_time);
	TRY(run_stage(c, SIM_STAGE_SPEC, err));
	TRY(make_contents(c, err));
	TRY(run_stage(c, SIM_STAGE_CONTENT, err));
	TRY(sim_collateral_print(&c->collateral, err));
	TRY(run_stage(c, SIM_STAGE_TEXT, err));
	TRY(sign(c, err));
	TRY(run_stage(c, SIM_STAGE_SIGNED, err));
	TRY(put_together(c, err));
	return run_stage(c, SIM_STAGE_BYTES, err);
}

enum cella_status sim_case_build(const struct sim_world *world,
				 const struct sim_case_row *row, struct sim_case *out,
				 struct cella_error *err)
{
	const struct sim_platform *const platform = world->actors[bases[row->base].actor];
	enum cella_status status;

	*out = (struct sim_case){
		.world = world,
		.row = row,
		.platform = platform,
		.quote_platform = platform,
		.time = sim_corpus_time + row->options.time_hours * INT64_C(3600),
	};
	status = build(out, err);
	if (status == CELLA_OK)
		return CELLA_OK;
	error_prefix(err, "case %s", row->name);
	sim_case_done(out);
	return status;
}

void sim_case_done(struct sim_case *c)
{
	for (size_t i = 0; i < SIM_NUM_CHAINS; i++) {
		for (size_t k = 0; k < SIM_MAX_LINKS; k++) {
			out_done(&c->chains[i].links[k].ext_der);
			out_done(&c->chains[i].links[k].der);
		}
	}
	sim_quote_done(&c->quote);
	sim_collateral_done(&c->collateral);
	out_done(&c->quote_bytes);
	out_done(&c->bundle);
	out_done(&c->root);
	out_done(&c->policy);
	out_done(&c->owner);
}
