/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the collateral for a quote comes from.
 */
#include "cli/collateral_input.h"

#include "cli/trust.h"
#include "evidence/evidence.h"
#include "fetch/files.h"

static void builder_cleanup(struct cella_collateral_builder **builder)
{
	cella_collateral_builder_free(*builder);
}

/* A quote that ends in another root would not be helped: nobody is asked for it. */
static enum cella_status read_root(const struct collateral_input *input, uint8_t root[64],
				   struct cella_error *err)
{
	struct platform platform;

	TRY(trusted_key(input->trust_root, root, err));
	if (cella_evidence_pck_chain(input->evidence).len == 0)
		return CELLA_OK;
	return platform_of(input->evidence, root, &platform, err);
}

static enum cella_status fetch(struct source *source,
			       const struct cella_evidence *evidence,
			       struct cella_collateral **out, struct cella_error *err)
{
	struct platform platform;
	struct cella_collateral_builder *builder CLEANUP(builder_cleanup) = NULL;
	struct fetcher *fetcher CLEANUP(fetcher_cleanup) = NULL;

	TRY(cella_collateral_builder_new(&builder, err));
	TRY(fetcher_new(&source->options, &fetcher, err));
	TRY(fetcher_platform(fetcher, evidence, &platform, builder, err));
	TRY(fetcher_add(fetcher, &platform, source->edition, builder, err));
	return cella_collateral_builder_finish(builder, out, err);
}

enum cella_status collateral_read(const struct collateral_input *input, const char *where,
				  struct cella_collateral **out, struct cella_error *err)
{
	struct source source CLEANUP(source_done) = { 0 };
	uint8_t root[64];

	if (!url_is_one(where))
		return collateral_load(where, out, err);
	TRY(read_root(input, root, err));
	TRY(source_find(input->source, input->common, where, root, false, &source, err));
	return fetch(&source, input->evidence, out, err);
}

static enum cella_status find(const struct collateral_input *input, struct source *source,
			      struct cella_collateral **out, struct cella_error *err)
{
	uint8_t root[64];

	TRY(read_root(input, root, err));
	TRY(source_find(input->source, input->common, NULL, root,
			input->trust_root == NULL, source, err));
	return fetch(source, input->evidence, out, err);
}

/* Nobody knows where to ask: what to do about it depends on whose platform it is. */
static void tell_remedy(const struct collateral_input *input)
{
	note(input->common, "no collateral was fetched: %s",
	     input->trust_root == NULL
		     ? "give --collateral URL, or set PCCS_URL in "
		       "/etc/sgx_default_qcnl.conf"
		     : "platforms of other roots than Intel's need --collateral URL");
}

void collateral_find(const struct collateral_input *input, struct cella_collateral **out)
{
	struct source source CLEANUP(source_done) = { .common = input->common };
	struct cella_error err = { 0 };

	if (!evidence_is_quote(input->evidence) ||
	    find(input, &source, out, &err) == CELLA_OK)
		return;
	source_clear(&source);
	if (err.status == CELLA_MISSING && source.has_nowhere)
		tell_remedy(input);
	else
		note(input->common, "no collateral was fetched: %s", err.text);
}
