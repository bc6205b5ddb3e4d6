/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where collateral comes from, and what is said of it.
 */
#include "cli/source.h"

#include "fetch/files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PROGRESS_WIDTH = 78, ATTEMPTS_MAX = 6, HOUR_S = 3600, TIMEOUT_MAX_S = HOUR_S };

static const char qcnl_default[] = "/etc/sgx_default_qcnl.conf";

/* --- what is said -------------------------------------------------------------------- */

void source_clear(struct source *source)
{
	if (source->has_progress)
		fprintf(stderr, "\r\033[K");
	source->has_progress = false;
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

static enum cella_status read_qcnl(struct qcnl *out, const char **path, bool *found,
				   struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };
	struct cella_error read_err = { 0 };
	const char *const other = getenv("QCNL_CONF_PATH");

	*path = other != NULL && *other != '\0' ? other : qcnl_default;
	*found = false;
	if (file_read(*path, QCNL_FILE_MAX, &text, &read_err) != CELLA_OK) {
		if (read_err.sys_errno == ENOENT)
			return CELLA_OK;
		return error_set(err, read_err.status, "%s", read_err.text);
	}
	TRY(qcnl_parse(out_view(&text), *path, out, err));
	*found = true;
	return CELLA_OK;
}

/*
 * A PCCS on this machine usually signs for itself, and the vendor's file says so; for
 * another machine the word of a file is not enough to believe whoever answers.
 */
static void use_insecure(struct source *source, const char *path, bool is_loopback)
{
	if (!source->qcnl.insecure)
		return;
	if (is_loopback)
		source->options.client.insecure_tls = true;
	else if (!source->options.client.insecure_tls &&
		 source->options.client.tls_ca == NULL)
		note(source->common,
		     "%s: use_secure_cert is false, but the server is not this machine: "
		     "its certificate is checked (--tls-ca FILE, or --insecure-tls)",
		     path);
}

/* A broken file is broken input, whatever it breaks. */
static enum cella_status check_url(const char *url, const char *path, struct url *parts,
				   struct cella_error *err)
{
	struct cella_error url_err = { 0 };

	if (url_parse(url, parts, &url_err) == CELLA_OK)
		return CELLA_OK;
	return error_set(err, CELLA_MALFORMED, "%s: PCCS_URL: %s", path, url_err.text);
}

static enum cella_status use_qcnl(struct source *source, struct cella_error *err)
{
	const struct qcnl *const qcnl = &source->qcnl;
	struct url parts = { 0 };
	const char *path;
	bool found = false;

	TRY(read_qcnl(&source->qcnl, &path, &found, err));
	if (!found || qcnl_url(qcnl) == NULL)
		return CELLA_OK;
	TRY(check_url(qcnl_url(qcnl), path, &parts, err));
	source->options.url = qcnl_url(qcnl);
	source->edition.early = strcmp(qcnl->update, "early") == 0;
	source->options.offline |= qcnl->cache_only;
	if (qcnl->has_retries)
		source->options.client.attempts = qcnl->retries < ATTEMPTS_MAX
							  ? (unsigned)qcnl->retries + 1
							  : ATTEMPTS_MAX;
	if (qcnl->has_hours)
		source->options.keep_s = (int64_t)qcnl->hours * HOUR_S;
	use_insecure(source, path, parts.is_loopback);
	return CELLA_OK;
}

/* --- the cache ----------------------------------------------------------------------- */

/* XDG Base Directory Specification: a relative path is ignored. */
bool source_cache(char *out, size_t len)
{
	const char *const xdg = getenv("XDG_CACHE_HOME");
	const char *const home = getenv("HOME");
	int used = 0;

	if (xdg != NULL && *xdg == '/')
		used = snprintf(out, len, "%s/cella", xdg);
	else if (geteuid() == 0)
		used = snprintf(out, len, "/var/cache/cella");
	else if (home != NULL && *home == '/')
		used = snprintf(out, len, "%s/.cache/cella", home);
	return used > 0 && (size_t)used < len;
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
		TRY(use_qcnl(out, err));
	out->has_nowhere = out->options.url == NULL && !out->options.offline;
	TRY(use_edition(args, out, err));
	if (args->timeout.value > TIMEOUT_MAX_S)
		return error_set(err, CELLA_USAGE, "--timeout: at most an hour");
	if (args->cache != NULL && args->no_cache)
		return error_set(err, CELLA_USAGE, "--cache excludes --no-cache");
	if (args->cache != NULL)
		out->options.cache = args->cache;
	else if (!args->no_cache && source_cache(out->cache, sizeof out->cache))
		out->options.cache = out->cache;
	return CELLA_OK;
}

bool source_is_used(const struct source_args *args)
{
	return args->cache != NULL || args->tls_ca != NULL || args->update != NULL ||
	       args->evaluation.is_set || args->timeout.is_set || args->no_cache ||
	       args->offline || args->insecure_tls;
}
