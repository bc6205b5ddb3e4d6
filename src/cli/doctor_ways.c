/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The doctor of `cella` looks names up, and asks a PCCS for what every platform needs: the
 * revocation lists, and the identity of the quoting enclave. TCB information would need
 * a platform. Nothing is kept of it.
 */
#include "cli/doctor_ways.h"

#include "cli/source.h"
#include "cli/trust.h"

#include <stdio.h>
#include <string.h>

enum { PCCS_TIMEOUT_S = 8 };
_Static_assert(PCCS_TIMEOUT_S * 1000 < FETCH_DEADLINE_MS, "it ends before it is killed");

static enum cella_status get(struct fetcher *fetcher, enum pcs_kind kind,
			     const uint8_t root[64], struct out *chain,
			     struct fresh_facts *out, struct cella_error *err)
{
	const struct pcs_question question = {
		.kind = kind,
		.platform = { .tee = TCB_TEE_TDX, .is_platform_ca = true },
	};
	struct out response CLEANUP(out_done) = { 0 };
	struct pcs_answer answer = { 0 };
	struct fresh_document *const document = &out->documents[out->num_documents];

	TRY(fetcher_get(fetcher, &question, &response, err));
	TRY(pcs_check(&question, out_view(&response), out_view(chain), root, &answer,
		      err));
	snprintf(document->what, sizeof document->what, "%s", pcs_name(kind));
	document->from = answer.from;
	document->to = answer.to;
	out->num_documents++;
	/* The root's list comes without a chain: the list before has it. */
	if (kind == PCS_PCK_CRL)
		out_bytes(chain, response.data, response.len);
	return out_status(chain, err);
}

static enum cella_status get_all(struct fetcher *fetcher, const uint8_t root[64],
				 struct fresh_facts *out, struct cella_error *err)
{
	static const enum pcs_kind kinds[] = { PCS_PCK_CRL, PCS_ROOT_CRL,
					       PCS_QE_IDENTITY };
	struct out chain CLEANUP(out_done) = { 0 };

	_Static_assert(ARRAY_LEN(kinds) <= FRESH_MAX, "room for all");
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		TRY(get(fetcher, kinds[i], root, &chain, out, err));
	return CELLA_OK;
}

/* A certificate that nobody checks is for a PCCS on this machine alone. */
static bool is_insecure(const struct pccs_facts *pccs)
{
	struct url parts = { 0 };

	return pccs->is_insecure && url_parse(pccs->url, &parts, NULL) == CELLA_OK &&
	       parts.is_loopback;
}

static enum cella_status fetch_from(const struct doctor_ways *ways,
				    const struct pccs_facts *pccs,
				    struct fresh_facts *out, struct cella_error *err)
{
	const struct source_args args = {
		.tls_ca = ways->args.tls_ca,
		.no_cache = true,
		.timeout = { true, PCCS_TIMEOUT_S },
	};
	const struct common_args common = { .quiet = true };
	struct fetcher *fetcher CLEANUP(fetcher_cleanup) = NULL;
	struct source source CLEANUP(source_done) = { 0 };

	TRY(source_find(&args, &common, pccs->url, ways->root, false, &source, err));
	source.options.client.attempts = 1;
	source.options.client.insecure_tls = is_insecure(pccs);
	source.options.tell = NULL;
	TRY(fetcher_new(&source.options, &fetcher, err));
	return get_all(fetcher, ways->root, out, err);
}

static void fetch(const void *context, const struct pccs_facts *pccs,
		  struct fresh_facts *out)
{
	struct cella_error err = { 0 };

	out->status = fetch_from(context, pccs, out, &err);
	out->fetched = out->status == CELLA_OK ? KNOWN_YES : KNOWN_NO;
	if (out->status != CELLA_OK)
		snprintf(out->why, sizeof out->why, "%s", err.text);
}

enum cella_status doctor_ways_set(const struct doctor_net_args *args,
				  struct doctor_ways *ways,
				  struct doctor_request *request, struct cella_error *err)
{
	ways->args = *args;
	TRY(trusted_key(args->trust_root, ways->root, err));
	request->resolve = resolve_by_system;
	request->fetch = fetch;
	request->context = ways;
	return CELLA_OK;
}
