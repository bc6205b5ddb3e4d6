/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of providers, and what all of them must deliver.
 */
#include "collect/collect.h"

#include "collect/cpu.h"
#include "evidence/evidence.h"

#include <stdio.h>
#include <string.h>

/* In the order in which "auto" tries them; doc/collectors.md says why. */
static const struct provider *const providers[] = {
	&provider_tsm,  &provider_tdx_guest, &provider_qgs,
	&provider_vtpm, &provider_simulated,
};
_Static_assert(ARRAY_LEN(providers) <= PROVIDERS_MAX, "room for what each says");

static const char *const kind_names[COLLECT_NUM_KINDS] = {
	[COLLECT_QUOTE] = "quote",
	[COLLECT_REPORT] = "report",
};

void collected_done(struct collected *collected)
{
	out_done(&collected->bytes);
	for (size_t i = 0; i < EXTRAS_MAX; i++)
		out_done(&collected->extras[i].bytes);
}

enum cella_status collect_path(const struct collect_request *request, const char *path,
			       char out[COLLECT_PATH_MAX], struct cella_error *err)
{
	const char *const root = request->sysroot != NULL ? request->sysroot : "";

	if (snprintf(out, COLLECT_PATH_MAX, "%s%s", root, path) >= COLLECT_PATH_MAX)
		return error_set(err, CELLA_LIMIT, "%s%s: path is too long", root, path);
	return CELLA_OK;
}

/* A quote nobody can read, or of somebody else's report data, is worth nothing. */
static enum cella_status check_evidence(const struct provider *provider,
					enum collect_kind kind,
					const struct collect_request *request,
					const struct collected *got,
					struct cella_error *err)
{
	struct cella_evidence *evidence CLEANUP(evidence_cleanup) = NULL;
	const uint8_t *const expected = got->binds_extra ? got->report_data
							 : request->report_data;
	struct cella_bytes data = { 0 };

	TRY(cella_evidence_parse(got->bytes.data, got->bytes.len, &evidence, err));
	if (provider->is_real && kind == COLLECT_QUOTE &&
	    evidence->kind != CELLA_EVIDENCE_TDX_QUOTE)
		return error_set(err, CELLA_MALFORMED, "is no quote of a trust domain");
	if (kind == COLLECT_REPORT && evidence->kind != CELLA_EVIDENCE_TD_REPORT)
		return error_set(err, CELLA_MALFORMED, "is no TD report");
	if (!cella_facts_get(&evidence->facts, CELLA_FACT_REPORT_DATA, &data) ||
	    !bytes_equal(data, bytes_of(expected, REPORT_DATA_LEN)))
		return error_set(err, CELLA_MALFORMED,
				 "carries other report data than was asked for: somebody "
				 "else's was taken or given");
	return CELLA_OK;
}

static enum cella_status ask(const struct provider *provider, enum collect_kind kind,
			     const struct collect_request *request, struct collected *out,
			     struct cella_error *err)
{
	struct collected got CLEANUP(collected_done) = { 0 };
	enum cella_status status;

	if (provider->make[kind] == NULL)
		return error_set(err, CELLA_UNSUPPORTED, "%s: makes no %s: %s",
				 provider->name, kind_names[kind], provider->lacks);
	if (request->progress != NULL)
		request->progress(provider->name);
	status = provider->make[kind](request, &got, err);
	if (status == CELLA_OK) {
		status = check_evidence(provider, kind, request, &got, err);
		if (status != CELLA_OK)
			error_prefix(err, "what it gave");
	}
	if (status != CELLA_OK) {
		error_prefix(err, "%s", provider->name);
		return status;
	}
	*out = got;
	memset(&got, 0, sizeof got);
	return CELLA_OK;
}

/* A host that took all the time leaves none to others. */
static enum cella_status ask_in_time(const struct provider *provider,
				     enum collect_kind kind,
				     const struct collect_request *request,
				     struct collected *out, struct cella_error *err)
{
	if (deadline_left_ms(&request->deadline) == 0)
		return error_set(err, CELLA_IO,
				 "%s: not asked: the time is up (--timeout)",
				 provider->name);
	return ask(provider, kind, request, out, err);
}

static enum cella_status ask_all(enum collect_kind kind,
				 const struct collect_request *request,
				 struct collected *out, struct attempts *attempts,
				 struct cella_error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(providers); i++) {
		struct cella_error reason = { 0 };

		if (!providers[i]->is_real)
			continue;
		if (ask_in_time(providers[i], kind, request, out, &reason) == CELLA_OK) {
			attempts->chosen = providers[i]->name;
			return CELLA_OK;
		}
		attempts->items[attempts->num_items].provider = providers[i]->name;
		attempts->items[attempts->num_items++].err = reason;
	}
	return error_set(err, CELLA_MISSING, "nothing on this machine makes a %s%s",
			 kind_names[kind],
			 cpu_is_tdx_guest() ? ""
					    : ": its CPU does not say that it is a trust "
					      "domain");
}

enum cella_status collect(const char *name, enum collect_kind kind,
			  const struct collect_request *request, struct collected *out,
			  struct attempts *attempts, struct cella_error *err)
{
	memset(attempts, 0, sizeof *attempts);
	if (strcmp(name, "auto") == 0)
		return ask_all(kind, request, out, attempts, err);
	for (size_t i = 0; i < ARRAY_LEN(providers); i++) {
		if (strcmp(providers[i]->name, name) == 0) {
			attempts->chosen = name;
			return ask(providers[i], kind, request, out, err);
		}
	}
	return error_set(err, CELLA_USAGE, "there is no provider \"%.40s\"", name);
}
