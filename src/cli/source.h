/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a command line's collateral comes from when it is not a file: options, the
 * vendor's configuration file, the user's cache, and what is said on the way.
 */
#ifndef CLI_SOURCE_H
#define CLI_SOURCE_H

#include "cli/cli.h"
#include "fetch/fetcher.h"
#include "fetch/qcnl.h"

/* The options that every command which fetches has. */
struct source_args {
	const char *cache;
	const char *tls_ca;
	const char *update;
	struct moment evaluation;
	struct moment timeout;
	bool no_cache;
	bool offline;
	bool insecure_tls;
};

/* Rows for a struct source_args that stands at an offset, without the edition's. */
#define SOURCE_OPTIONS(at) \
	{ "cache", \
	  0, \
	  "DIR", \
	  OPTION_TEXT, \
	  (at) + offsetof(struct source_args, cache), \
	  "keep fetched documents there" }, \
		{ "no-cache", \
		  0, \
		  NULL, \
		  OPTION_FLAG, \
		  (at) + offsetof(struct source_args, no_cache), \
		  "keep nothing, and use nothing that was kept" }, \
		{ "offline", \
		  0, \
		  NULL, \
		  OPTION_FLAG, \
		  (at) + offsetof(struct source_args, offline), \
		  "ask no server; what was kept will do, however old" }, \
		{ "tls-ca", \
		  0, \
		  "FILE", \
		  OPTION_TEXT, \
		  (at) + offsetof(struct source_args, tls_ca), \
		  "trust a server whose TLS certificate these authorities issued" }, \
		{ "insecure-tls", \
		  0, \
		  NULL, \
		  OPTION_FLAG, \
		  (at) + offsetof(struct source_args, insecure_tls), \
		  "believe whoever answers to be the server" }, \
	{ \
		"timeout", 0, "DURATION", OPTION_DURATION, \
			(at) + offsetof(struct source_args, timeout), \
			"give up fetching after so long instead of 30s" \
	}

/* Rows for which of the vendor's evaluations is asked for. */
#define EDITION_OPTIONS(at) \
	{ "update", \
	  0, \
	  "early|standard", \
	  OPTION_TEXT, \
	  (at) + offsetof(struct source_args, update), \
	  "ask for the vendor's early or standard evaluation" }, \
	{ \
		"tcb-evaluation", 0, "NUMBER", OPTION_NUMBER, \
			(at) + offsetof(struct source_args, evaluation), \
			"ask for the evaluation of this number" \
	}

/* struct source - a fetcher's options with the memory behind them. */
struct source {
	struct fetcher_options options;
	struct pcs_edition edition;
	struct qcnl qcnl;
	char cache[4096];
	const struct common_args *common;
	bool has_nowhere;  /* no service is known, nor was it meant to be left out */
	bool has_progress; /* a line on the terminal that is to be wiped */
};

/*
 * source_find() fills in where to fetch from: url if it is not NULL; otherwise what the
 * vendor's configuration file says, if the platforms are real ones (root is Intel's). It
 * is not an error that there is neither: options.url is NULL then. out must stay where
 * it is.
 */
enum cella_status source_find(const struct source_args *args,
			      const struct common_args *common, const char *url,
			      const uint8_t root[64], bool is_real, struct source *out,
			      struct cella_error *err) MUST_CHECK;

/* source_clear() wipes the progress line. */
void source_clear(struct source *source);

/* source_is_used() is true for arguments that only make sense for fetching. */
bool source_is_used(const struct source_args *args);

/* source_cache() writes the path of the user's cache; false when there is nowhere to keep it. */
bool source_cache(char *out, size_t len);

#endif
