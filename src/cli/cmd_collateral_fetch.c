/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella collateral fetch: what the vendor says about platforms, from a PCS, a PCCS or the
 * cache.
 */
#include "cli/commands.h"

#include "base/encode.h"
#include "cli/policy_input.h"
#include "cli/source.h"
#include "cli/trust.h"
#include "collateral/bundle.h"
#include "evidence/evidence.h"
#include "fetch/files.h"

#include <stdio.h>
#include <string.h>

struct fetch_args {
	struct common_args common;
	struct source_args source;
	const char *url;
	const char *fmspc;
	const char *tee;
	const char *ca;
	const char *trust_root;
	const char *output;
	struct moment time;
	bool refresh;
};

#define ARG(member) offsetof(struct fetch_args, member)
static const struct option_def options[] = {
	{ "url", 'u', "URL", OPTION_TEXT, ARG(url),
	  "ask this service instead of the configured one" },
	{ "fmspc", 0, "HEX", OPTION_TEXT, ARG(fmspc),
	  "fetch for platforms of this family instead of a quote's" },
	{ "tee", 0, "tdx|sgx", OPTION_TEXT, ARG(tee), "with --fmspc: the TEE (tdx)" },
	{ "ca", 0, "platform|processor", OPTION_TEXT, ARG(ca),
	  "with --fmspc: who issues its PCK certificates (platform)" },
	EDITION_OPTIONS(ARG(source)),
	{ "refresh", 0, NULL, OPTION_FLAG, ARG(refresh),
	  "ask the service, however fresh what was kept is" },
	SOURCE_OPTIONS(ARG(source)),
	{ "trust-root", 0, "FILE", OPTION_TEXT, ARG(trust_root),
	  "trust this root certificate instead of Intel's" },
	{ "output", 'o', "FILE", OPTION_TEXT, ARG(output),
	  "write a bundle there instead of listing what was fetched" },
	{ "time", 't', "TIME", OPTION_TIME, ARG(time),
	  "tell what is valid at this time instead of now" },
	COMMON_OPTIONS,
};

static enum cella_status named_platform(const struct fetch_args *args,
					struct platform *out, struct cella_error *err)
{
	const char *const tee = args->tee != NULL ? args->tee : "tdx";
	const char *const ca = args->ca != NULL ? args->ca : "platform";

	if ((strcmp(tee, "tdx") != 0 && strcmp(tee, "sgx") != 0) ||
	    (strcmp(ca, "platform") != 0 && strcmp(ca, "processor") != 0))
		return error_set(err, CELLA_USAGE,
				 "--tee is tdx or sgx, --ca is platform or processor");
	if (hex_read(bytes_of(args->fmspc, strlen(args->fmspc)), out->fmspc, FMSPC_LEN,
		     "--fmspc", err) != CELLA_OK)
		return error_set(
			err, CELLA_USAGE,
			"--fmspc: expected 12 hexadecimal digits, found \"%.40s\"",
			args->fmspc);
	out->tee = strcmp(tee, "tdx") == 0 ? TCB_TEE_TDX : TCB_TEE_SGX;
	out->is_platform_ca = strcmp(ca, "platform") == 0;
	return CELLA_OK;
}

static void builder_cleanup(struct cella_collateral_builder **builder)
{
	cella_collateral_builder_free(*builder);
}

static enum cella_status fetch_for(const char *path, const struct source *source,
				   struct fetcher *fetcher,
				   struct cella_collateral_builder *builder,
				   struct cella_error *err)
{
	struct cella_evidence *evidence CLEANUP(evidence_cleanup) = NULL;
	struct platform platform;
	enum cella_status status;

	TRY(evidence_read(path, &evidence, err));
	status = fetcher_platform(fetcher, evidence, &platform, builder, err);
	if (status == CELLA_OK)
		return fetcher_add(fetcher, &platform, source->edition, builder, err);
	error_prefix(err, "%s", path);
	return status;
}

static enum cella_status fetch_all(const struct fetch_args *args,
				   const struct source *source,
				   struct cella_collateral **out, struct cella_error *err)
{
	const struct texts *const quotes = &args->common.operands;
	struct cella_collateral_builder *builder CLEANUP(builder_cleanup) = NULL;
	struct fetcher *fetcher CLEANUP(fetcher_cleanup) = NULL;
	struct platform platform;

	TRY(fetcher_new(&source->options, &fetcher, err));
	TRY(cella_collateral_builder_new(&builder, err));
	if (args->fmspc != NULL) {
		TRY(named_platform(args, &platform, err));
		TRY(fetcher_add(fetcher, &platform, source->edition, builder, err));
	}
	for (size_t i = 0; i < quotes->num_items; i++)
		TRY(fetch_for(quotes->items[i], source, fetcher, builder, err));
	return cella_collateral_builder_finish(builder, out, err);
}

static enum cella_status print(const struct fetch_args *args,
			       const struct cella_collateral *collateral,
			       struct cella_error *err)
{
	struct out bundle CLEANUP(out_done) = { 0 };
	char *text CLEANUP_FREE = NULL;

	if (args->output == NULL) {
		TRY(cella_collateral_describe(collateral, time_or_now(&args->time),
					      args->common.json, &text, err));
		printf("%s%s", text, args->common.json ? "\n" : "");
		return CELLA_OK;
	}
	TRY(cella_collateral_write(collateral, &text, err));
	out_format(&bundle, "%s\n", text);
	TRY(out_status(&bundle, err));
	return file_write(args->output, out_view(&bundle), 0644, err);
}

static enum cella_status fetch(const struct fetch_args *args, struct cella_error *err)
{
	struct cella_collateral *collateral CLEANUP(collateral_cleanup) = NULL;
	struct source source CLEANUP(source_done) = { 0 };
	enum cella_status status;
	uint8_t root[64];

	if ((args->fmspc == NULL) == (args->common.operands.num_items == 0))
		return error_set(err, CELLA_USAGE,
				 "either quotes or --fmspc say what to fetch");
	TRY(trusted_key(args->trust_root, root, err));
	TRY(source_find(&args->source, &args->common, args->url, root,
			args->trust_root == NULL, &source, err));
	if (source.options.url == NULL && !args->source.offline)
		return error_set(err, CELLA_USAGE,
				 "from where? Give --url, or set PCCS_URL in "
				 "/etc/sgx_default_qcnl.conf");
	source.options.refresh = args->refresh;
	status = fetch_all(args, &source, &collateral, err);
	source_clear(&source);
	return status == CELLA_OK ? print(args, collateral, err) : status;
}

static int run(const void *args)
{
	struct cella_error err = { 0 };

	return fetch(args, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command cmd_collateral_fetch = {
	.name = "collateral fetch",
	.operands = "[QUOTE...]",
	.min_operands = 0,
	.max_operands = TEXTS_MAX,
	.summary = "Fetch what quotes of these platforms are judged by",
	.description =
		"Asks a PCS or PCCS for both revocation lists, TCB information and the quoting\n"
		"enclave's identity. Documents that are not signed up to the trusted root are\n"
		"refused. What is fetched is kept for 'cella verify', which finds it by itself.",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct fetch_args),
	.run = run,
};
