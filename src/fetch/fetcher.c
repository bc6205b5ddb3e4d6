/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a question to a document: cache, lock, cache again, server, check, cache.
 */
#include "fetch/fetcher.h"

#include "base/civil.h"
#include "base/encode.h"
#include "evidence/evidence.h"
#include "fetch/clock.h"
#include "fetch/disk_cache.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	TIMEOUT_MS = 30000,
	DAY_S = 86400,
	KEEP_MAX_S = 7 * DAY_S,
	SKEW_S = 300, /* between clocks, ours of yesterday among them */
	DOCUMENT_MAX = 256 << 10,
};

struct fetcher {
	struct fetcher_options options;
	struct disk_cache *cache; /* NULL: none */
	struct client *client;    /* NULL: no server */
	int64_t deadline_ms;
	struct out chain; /* a response whose chain ends in the root */
	bool told_of_cache;
};

static void tell(const struct fetcher *f, enum fetch_event event, const char *format, ...)
	PRINTF(3, 4);

static void tell(const struct fetcher *f, enum fetch_event event, const char *format, ...)
{
	char text[320];
	va_list args;

	if (f->options.tell == NULL)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	f->options.tell(f->options.context, event, text);
}

/* Once is enough: the next document would fail alike. */
static void tell_of_cache(struct fetcher *f, const struct cella_error *err)
{
	if (!f->told_of_cache)
		tell(f, FETCH_WARNING, "cache: %s; going on without it", err->text);
	f->told_of_cache = true;
}

enum cella_status fetcher_new(const struct fetcher_options *options, struct fetcher **out,
			      struct cella_error *err)
{
	struct fetcher *f CLEANUP(fetcher_cleanup) = calloc(1, sizeof *f);
	struct cella_error cache_err = { 0 };

	if (f == NULL)
		return error_nomem(err);
	f->options = *options;
	f->deadline_ms = clock_ms() + (options->timeout_ms > 0 ? options->timeout_ms
							       : (int64_t)TIMEOUT_MS);
	if (options->cache != NULL &&
	    disk_cache_open(options->cache, options->url != NULL, &f->cache,
			    &cache_err) != CELLA_OK &&
	    cache_err.sys_errno != ENOENT)
		tell_of_cache(f, &cache_err);
	if (options->url != NULL && !options->offline)
		TRY(client_new(&options->client, &f->client, err));
	if (f->cache == NULL && f->client == NULL)
		return error_set(err, CELLA_MISSING,
				 "neither a cache nor a server to fetch collateral from");
	*out = take(&f);
	return CELLA_OK;
}

void fetcher_free(struct fetcher *f)
{
	if (f == NULL)
		return;
	client_free(f->client);
	disk_cache_close(f->cache);
	out_done(&f->chain);
	free(f);
}

unsigned fetcher_code(const struct fetcher *f)
{
	return f->client != NULL ? client_code(f->client) : 0;
}

/* The same document may be asked of several servers; what counts is who signed it. */
static enum cella_status write_key(const struct fetcher *f, const struct pcs_question *q,
				   char key[CACHE_KEY_MAX], struct cella_error *err)
{
	char path[PCS_PATH_MAX];
	char root[2 * sizeof f->options.root + 1];

	TRY(pcs_path(q, path, err));
	snprintf(key, CACHE_KEY_MAX, "%s root=%s", path,
		 hex_format(bytes_of(f->options.root, sizeof f->options.root), root));
	return CELLA_OK;
}

/* --- from the cache ------------------------------------------------------------------ */

static bool find_cached(struct fetcher *f, const char *key, struct cache_entry *out)
{
	struct cella_error err = { 0 };
	bool found = false;

	if (f->cache == NULL)
		return false;
	if (disk_cache_find(f->cache, key, out, &found, &err) != CELLA_OK)
		tell_of_cache(f, &err);
	return found;
}

/* A record from the future is one of a clock that was wrong. */
static bool is_fresh(const struct cache_entry *entry, int64_t now)
{
	return entry->fetched <= now + SKEW_S && now < entry->stale &&
	       now < entry->expires;
}

/* --- from the server ----------------------------------------------------------------- */

static int64_t keep_for(const struct fetcher *f, struct cella_bytes response)
{
	int64_t age = 0;

	if (!pcs_max_age(response, &age))
		age = f->options.keep_s > 0 ? f->options.keep_s : (int64_t)DAY_S;
	return age < KEEP_MAX_S ? age : (int64_t)KEEP_MAX_S;
}

static enum cella_status ask(struct fetcher *f, const struct pcs_question *q,
			     struct cache_entry *entry, struct pcs_answer *answer,
			     struct cella_error *err)
{
	const int64_t now = (int64_t)time(NULL);
	enum cella_status status;
	struct url parts;

	TRY(pcs_url(f->options.url, q, entry->source, err));
	TRY(url_parse(entry->source, &parts, err));
	tell(f, FETCH_ASKING, "%s from %s", pcs_name(q->kind), parts.host);
	TRY(client_get(f->client,
		       &(struct request){
			       .url = entry->source,
			       .key = pcs_needs_key(q->kind) ? f->options.key : NULL,
			       .max_len = DOCUMENT_MAX,
			       .deadline_ms = f->deadline_ms,
		       },
		       &entry->response, err));
	status = pcs_check(q, out_view(&entry->response), out_view(&f->chain),
			   f->options.root, answer, err);
	if (status != CELLA_OK) {
		error_prefix(err, "%.110s", entry->source);
		return status;
	}
	entry->fetched = now;
	entry->stale = now + keep_for(f, out_view(&entry->response));
	entry->expires = answer->to;
	return CELLA_OK;
}

/*
 * Somebody between could bring back a list from before a revocation, or an evaluation from
 * before a recovery, which the vendor may still be signing.
 */
static bool is_older(struct fetcher *f, const struct pcs_question *q,
		     const struct cache_entry *cached, const struct pcs_answer *answer)
{
	struct pcs_answer old = { 0 };

	return pcs_check(q, out_view(&cached->response), out_view(&f->chain),
			 f->options.root, &old, NULL) == CELLA_OK &&
	       old.fits && (old.from > answer->from || old.number > answer->number);
}

static void keep(struct fetcher *f, const char *key, const struct cache_entry *entry)
{
	struct cella_error err = { 0 };

	if (f->cache != NULL && disk_cache_put(f->cache, key, entry, &err) != CELLA_OK)
		tell_of_cache(f, &err);
}

/*
 * Asks the server. Where it cannot be reached, or has only an older document, the cached
 * one still does as long as it says so itself.
 */
static enum cella_status ask_or_do_without(struct fetcher *f, const char *key,
					   const struct pcs_question *q,
					   const struct cache_entry *cached,
					   bool has_cached, struct out *out,
					   struct cella_error *err)
{
	struct cache_entry entry CLEANUP(cache_entry_done) = { 0 };
	struct cella_error failure = { 0 };
	struct pcs_answer answer = { 0 };
	const bool cached_will_do = has_cached && (int64_t)time(NULL) < cached->expires;
	char date[CIVIL_TEXT_LEN];
	enum cella_status status = ask(f, q, &entry, &answer, &failure);

	if (status == CELLA_OK && cached_will_do && is_older(f, q, cached, &answer))
		status = error_set(&failure, CELLA_IO,
				   "%.110s: older than what was there before (--no-cache "
				   "takes it all the same)",
				   entry.source);
	if (status == CELLA_OK) {
		if (answer.fits)
			keep(f, key, &entry);
		out_bytes(out, entry.response.data, entry.response.len);
		return out_status(out, err);
	}
	if (!cached_will_do) {
		if (err != NULL)
			*err = failure;
		return status;
	}
	tell(f, FETCH_WARNING, "%s; using what was fetched on %s", failure.text,
	     civil_format(cached->fetched, date));
	out_bytes(out, cached->response.data, cached->response.len);
	return out_status(out, err);
}

static enum cella_status nowhere(const struct fetcher *f, const struct pcs_question *q,
				 struct cella_error *err)
{
	char path[PCS_PATH_MAX];

	TRY(pcs_path(q, path, err));
	return error_set(err, CELLA_MISSING, "%s (%.80s) is not in the cache, and %s",
			 pcs_name(q->kind), path,
			 f->options.offline
				 ? "--offline or local_cache_only forbids to ask"
				 : "no server is known");
}

/* Half of the time is for waiting; who was waited for may have been stopped. */
static int64_t patience(const struct fetcher *f)
{
	const int64_t now_ms = clock_ms();

	return now_ms + (f->deadline_ms - now_ms) / 2;
}

/* Another process may be asking the same: it is waited for, and its answer taken. */
static enum cella_status fetch(struct fetcher *f, const char *key,
			       const struct pcs_question *q, struct out *out,
			       struct cella_error *err)
{
	struct cache_entry cached CLEANUP(cache_entry_done) = { 0 };
	int lock CLEANUP(disk_cache_unlock) = -1;
	const int64_t asked_at = (int64_t)time(NULL);
	bool waited = false;
	bool found;

	if (f->cache != NULL)
		waited = disk_cache_lock(f->cache, key, patience(f), &lock);
	found = find_cached(f, key, &cached);
	if (found && is_fresh(&cached, (int64_t)time(NULL)) &&
	    (!f->options.refresh || (waited && cached.fetched >= asked_at))) {
		out_bytes(out, cached.response.data, cached.response.len);
		return out_status(out, err);
	}
	return ask_or_do_without(f, key, q, &cached, found, out, err);
}

/* As of an earlier time it may be just what is wanted: the verdict says. */
static void tell_of_expiry(const struct fetcher *f, const struct pcs_question *q,
			   const struct cache_entry *cached)
{
	char date[CIVIL_TEXT_LEN];

	if ((int64_t)time(NULL) >= cached->expires)
		tell(f, FETCH_WARNING,
		     "cache: %s expired on %s, and nobody is asked for a newer one",
		     pcs_name(q->kind), civil_format(cached->expires, date));
}

static enum cella_status find_or_fetch(struct fetcher *f, const struct pcs_question *q,
				       struct out *out, struct cella_error *err)
{
	struct cache_entry cached CLEANUP(cache_entry_done) = { 0 };
	char key[CACHE_KEY_MAX];
	bool found;

	TRY(write_key(f, q, key, err));
	found = find_cached(f, key, &cached);
	if (found && f->client == NULL)
		tell_of_expiry(f, q, &cached);
	if (found && (f->client == NULL ||
		      (!f->options.refresh && is_fresh(&cached, (int64_t)time(NULL))))) {
		out_bytes(out, cached.response.data, cached.response.len);
		return out_status(out, err);
	}
	return f->client == NULL ? nowhere(f, q, err) : fetch(f, key, q, out, err);
}

enum cella_status fetcher_get(struct fetcher *f, const struct pcs_question *q,
			      struct out *out, struct cella_error *err)
{
	struct out response CLEANUP(out_done) = { 0 };

	TRY(find_or_fetch(f, q, &response, err));
	if (q->kind == PCS_PCK_CRL) {
		out_done(&f->chain);
		out_init(&f->chain);
		out_bytes(&f->chain, response.data, response.len);
		TRY(out_status(&f->chain, err));
	}
	out_bytes(out, response.data, response.len);
	return out_status(out, err);
}

/* --- sets ---------------------------------------------------------------------------- */

static void responses_done(struct out (*responses)[PCS_NUM_SETS])
{
	for (size_t i = 0; i < PCS_NUM_SETS; i++)
		out_done(&(*responses)[i]);
}

static enum cella_status get_all(struct fetcher *f, const struct pcs_question *question,
				 struct out responses[PCS_NUM_SETS],
				 struct cella_error *err)
{
	struct pcs_question q = *question;

	for (size_t i = 0; i < PCS_NUM_SETS; i++) {
		q.kind = (enum pcs_kind)i;
		TRY(fetcher_get(f, &q, &responses[i], err));
	}
	return CELLA_OK;
}

/* The text of a response's evaluation number, whose digits end with it; it only decides
 * whether to ask once more. */
static struct cella_bytes number_of(const struct out *response)
{
	static const char member[] = "\"tcbEvaluationDataNumber\":";
	const uint8_t *const at =
		memmem(response->data, response->len, member, sizeof member - 1);
	const uint8_t *const end = response->data + response->len;
	const uint8_t *stop;

	if (at == NULL)
		return bytes_of(NULL, 0);
	stop = at + sizeof member - 1;
	while (stop < end && *stop >= '0' && *stop <= '9')
		stop++;
	return bytes_of(at, (size_t)(stop - at));
}

static bool is_mixed(const struct out responses[PCS_NUM_SETS])
{
	return !bytes_equal(number_of(&responses[PCS_TCB_INFO]),
			    number_of(&responses[PCS_QE_IDENTITY]));
}

/* The cache may hold one of today and one of yesterday. */
static enum cella_status get_anew(struct fetcher *f, const struct pcs_question *question,
				  struct out responses[PCS_NUM_SETS],
				  struct cella_error *err)
{
	static const enum pcs_kind kinds[] = { PCS_TCB_INFO, PCS_QE_IDENTITY };
	const bool refresh = f->options.refresh;
	struct pcs_question q = *question;
	enum cella_status status = CELLA_OK;

	f->options.refresh = true;
	for (size_t i = 0; i < ARRAY_LEN(kinds) && status == CELLA_OK; i++) {
		q.kind = kinds[i];
		out_done(&responses[q.kind]);
		out_init(&responses[q.kind]);
		status = fetcher_get(f, &q, &responses[q.kind], err);
	}
	f->options.refresh = refresh;
	return status;
}

enum cella_status fetcher_add(struct fetcher *f, const struct platform *platform,
			      struct pcs_edition edition,
			      struct cella_collateral_builder *builder,
			      struct cella_error *err)
{
	struct out responses[PCS_NUM_SETS] CLEANUP(responses_done) = { { 0 } };
	const struct pcs_question q = { .platform = *platform, .edition = edition };

	TRY(get_all(f, &q, responses, err));
	if (f->client != NULL && !f->options.refresh && is_mixed(responses))
		TRY(get_anew(f, &q, responses, err));
	if (is_mixed(responses))
		tell(f, FETCH_WARNING,
		     "TCB information and identity are of different evaluations");
	for (size_t i = 0; i < PCS_NUM_SETS; i++)
		TRY(cella_collateral_builder_add(builder, pcs_name((enum pcs_kind)i),
						 responses[i].data, responses[i].len,
						 err));
	return CELLA_OK;
}

static enum cella_status get_checked(struct fetcher *f, const struct pcs_question *q,
				     struct out *out, struct pcs_answer *answer,
				     struct cella_error *err)
{
	out_done(out);
	out_init(out);
	TRY(fetcher_get(f, q, out, err));
	return pcs_check(q, out_view(out), bytes_of(NULL, 0), f->options.root, answer,
			 err);
}

/*
 * A certificate that is not the quote's is a server's mistake, or the quote lies about its
 * platform. It is not kept, and one that was kept for another quote of the same name is
 * asked for anew; the verdict says what it is worth.
 */
static enum cella_status get_pck_cert(struct fetcher *f, const struct pcs_question *q,
				      struct out *out, struct cella_error *err)
{
	const bool refresh = f->options.refresh;
	struct pcs_answer answer = { 0 };
	enum cella_status status = get_checked(f, q, out, &answer, err);

	if (status == CELLA_OK && !answer.fits && f->client != NULL && !refresh) {
		f->options.refresh = true;
		status = get_checked(f, q, out, &answer, err);
		f->options.refresh = refresh;
	}
	if (status == CELLA_OK && !answer.fits)
		tell(f, FETCH_WARNING,
		     "%s that was served is another one: its key did not sign this quote's "
		     "QE report",
		     pcs_name(q->kind));
	return status;
}

enum cella_status fetcher_platform(struct fetcher *f,
				   const struct cella_evidence *evidence,
				   struct platform *out,
				   struct cella_collateral_builder *builder,
				   struct cella_error *err)
{
	struct out response CLEANUP(out_done) = { 0 };
	struct pcs_question q = { .kind = PCS_PCK_CERT };

	if (!evidence_is_quote(evidence) || cella_evidence_pck_chain(evidence).len > 0 ||
	    evidence->quote.cert_type > CERT_DATA_PPID_RSA3072)
		return platform_of(evidence, f->options.root, out, err);
	q.quote = &evidence->quote;
	TRY(get_pck_cert(f, &q, &response, err));
	TRY(pcs_platform(out_view(&response), evidence, f->options.root, out, err));
	return cella_collateral_builder_add(builder, pcs_name(q.kind), response.data,
					    response.len, err);
}
