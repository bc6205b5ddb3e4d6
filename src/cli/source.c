/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where collateral comes from, and what is said of it.
 */
#include "cli/source.h"

#include "cli/pcs_key.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PROGRESS_WIDTH = 78, TIMEOUT_MAX_S = 3600 };

/* --- what is said -------------------------------------------------------------------- */

void source_clear(struct source *source)
{
	if (source->has_progress)
		fprintf(stderr, "\r\033[K");
	source->has_progress = false;
}

void source_done(struct source *source)
{
	source_clear(source);
	explicit_bzero(source->key, sizeof source->key);
}

static void tell(void *context, enum fetch_event event, const char *text)
{
	struct source *const source = context;

	source_clear(source);
	if (event == FETCH_WARNING) {
		note(source->common, "%s", text);
		return;
	}
	if (source->common->quiet || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "fetching %.*s", PROGRESS_WIDTH, text);
	source->has_progress = true;
}

/* --- where from ---------------------------------------------------------------------- */

static enum cella_status use_config(struct source *source, struct cella_error *err)
{
	bool is_ignored = false;

	TRY(config_read(&source->config, err));
	TRY(config_use(&source->config, &source->options, &source->edition, &is_ignored,
		       err));
	if (is_ignored && source->options.client.tls_ca == NULL)
		note(source->common,
		     "%s: use_secure_cert is false, but the server is not this machine: "
		     "its certificate is checked (--tls-ca FILE, or --insecure-tls)",
		     source->config.path);
	return CELLA_OK;
}

static enum cella_status use_edition(const struct source_args *args,
				     struct source *source, struct cella_error *err)
{
	if (args->evaluation.is_set && args->update != NULL)
		return error_set(err, CELLA_USAGE, "--tcb-evaluation excludes --update");
	if (args->evaluation.is_set && args->evaluation.value == 0)
		return error_set(err, CELLA_USAGE,
				 "--tcb-evaluation: numbers begin with 1");
	if (args->update != NULL && strcmp(args->update, "early") != 0 &&
	    strcmp(args->update, "standard") != 0)
		return error_set(err, CELLA_USAGE,
				 "--update: expected early or standard, found \"%.40s\"",
				 args->update);
	if (args->update != NULL)
		source->edition.early = strcmp(args->update, "early") == 0;
	if (args->evaluation.is_set)
		source->edition = (struct pcs_edition){
			.number = (uint32_t)args->evaluation.value,
		};
	return CELLA_OK;
}

/* Whoever could listen, or pass for the server, is not to have it. */
static enum cella_status use_key(const struct source_args *args, struct source *source,
				 struct cella_error *err)
{
	struct url parts;

	if (args->pcs_key == NULL || source->options.url == NULL)
		return CELLA_OK;
	TRY(url_parse(source->options.url, &parts, err));
	if (!parts.is_https || source->options.client.insecure_tls)
		return error_set(err, CELLA_USAGE,
				 "--pcs-key: a key is not sent where the server's TLS "
				 "certificate is not checked");
	TRY(pcs_key_read(args->pcs_key, source->key, err));
	source->options.key = source->key;
	return CELLA_OK;
}

enum cella_status source_find(const struct source_args *args,
			      const struct common_args *common, const char *url,
			      const uint8_t root[64], bool is_real, struct source *out,
			      struct cella_error *err)
{
	*out = (struct source){
		.options = {
			.url = url,
			.offline = args->offline,
			.client = { .tls_ca = args->tls_ca,
				    .insecure_tls = args->insecure_tls },
			.timeout_ms = args->timeout.value * 1000,
			.tell = tell,
			.context = out,
		},
		.common = common,
	};
	memcpy(out->options.root, root, sizeof out->options.root);
	if (args->insecure_tls)
		note(common,
		     "--insecure-tls: whoever answers is believed to be the server");
	if (url == NULL && is_real)
		TRY(use_config(out, err));
	out->has_nowhere = out->options.url == NULL && !out->options.offline;
	TRY(use_edition(args, out, err));
	TRY(use_key(args, out, err));
	if (args->timeout.value > TIMEOUT_MAX_S)
		return error_set(err, CELLA_USAGE, "--timeout: at most an hour");
	if (args->cache != NULL && args->no_cache)
		return error_set(err, CELLA_USAGE, "--cache excludes --no-cache");
	if (args->cache != NULL)
		out->options.cache = args->cache;
	else if (!args->no_cache && config_cache(out->cache, sizeof out->cache))
		out->options.cache = out->cache;
	return CELLA_OK;
}

bool source_is_used(const struct source_args *args)
{
	return args->cache != NULL || args->tls_ca != NULL || args->update != NULL ||
	       args->pcs_key != NULL || args->evaluation.is_set || args->timeout.is_set ||
	       args->no_cache || args->offline || args->insecure_tls;
}
