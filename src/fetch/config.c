/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration that programs share with the vendor's.
 */
#include "fetch/config.h"

#include "fetch/files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ATTEMPTS_MAX = 6, HOUR_S = 3600 };

static const char default_path[] = "/etc/sgx_default_qcnl.conf";

static bool looks_like_json(struct cella_bytes text)
{
	size_t i = 0;

	while (i < text.len && strchr(" \t\r\n", text.data[i]) != NULL)
		i++;
	return i < text.len && text.data[i] == '{';
}

enum cella_status config_read(struct config *out, struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };
	struct cella_error read_err = { 0 };
	const char *const other = secure_getenv("QCNL_CONF_PATH");

	*out = (struct config){ .path = other != NULL && *other != '\0' ? other
									: default_path };
	if (file_read(out->path, QCNL_FILE_MAX, &text, &read_err) != CELLA_OK) {
		if (read_err.sys_errno == ENOENT)
			return CELLA_OK;
		return error_set(err, read_err.status, "%s", read_err.text);
	}
	out->is_json = looks_like_json(out_view(&text));
	TRY(qcnl_parse(out_view(&text), out->path, &out->qcnl, err));
	out->found = true;
	return CELLA_OK;
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

/*
 * A PCCS on this machine usually signs for itself, and the vendor's file says so; for
 * another machine the word of a file is not enough to believe whoever answers.
 */
static void use_insecure(const struct qcnl *qcnl, bool is_loopback,
			 struct fetcher_options *options, bool *is_ignored)
{
	if (qcnl->insecure && is_loopback)
		options->client.insecure_tls = true;
	*is_ignored = qcnl->insecure && !options->client.insecure_tls;
}

enum cella_status config_use(const struct config *config, struct fetcher_options *options,
			     struct pcs_edition *edition, bool *is_ignored,
			     struct cella_error *err)
{
	const struct qcnl *const qcnl = &config->qcnl;
	struct url parts = { 0 };

	*is_ignored = false;
	if (!config->found || qcnl_url(qcnl) == NULL)
		return CELLA_OK;
	TRY(check_url(qcnl_url(qcnl), config->path, &parts, err));
	options->url = qcnl_url(qcnl);
	edition->early = strcmp(qcnl->update, "early") == 0;
	options->offline |= qcnl->cache_only;
	if (qcnl->has_retries)
		options->client.attempts = qcnl->retries < ATTEMPTS_MAX
						   ? (unsigned)qcnl->retries + 1
						   : ATTEMPTS_MAX;
	if (qcnl->has_hours)
		options->keep_s = (int64_t)qcnl->hours * HOUR_S;
	use_insecure(qcnl, parts.is_loopback, options, is_ignored);
	return CELLA_OK;
}

/* XDG Base Directory Specification: a relative path is ignored. */
bool config_cache(char *out, size_t len)
{
	const char *const xdg = secure_getenv("XDG_CACHE_HOME");
	const char *const home = secure_getenv("HOME");
	int used = 0;

	if (xdg != NULL && *xdg == '/')
		used = snprintf(out, len, "%s/cella", xdg);
	else if (geteuid() == 0)
		used = snprintf(out, len, "/var/cache/cella");
	else if (home != NULL && *home == '/')
		used = snprintf(out, len, "%s/.cache/cella", home);
	return used > 0 && (size_t)used < len;
}
