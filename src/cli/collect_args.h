/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where evidence comes from and what it binds, as the options of `quote` and `report` say.
 */
#ifndef CLI_COLLECT_ARGS_H
#define CLI_COLLECT_ARGS_H

#include "cli/binding.h"
#include "collect/collect.h"

/* Part of a command's arguments. */
struct collect_args {
	struct binding_args binding;
	const char *provider;
	const char *sim;
	const char *qgs;
	const char *imds;
	const char *sysroot;
	struct moment timeout;
};

/* The rows for it; start is where it begins in a command's struct of arguments. */
/* clang-format off */
#define COLLECT_ARG(start, name) (offsetof(struct collect_args, name) + (start))
#define COLLECT_OPTIONS(start) \
	{ "provider", 0, "NAME", OPTION_TEXT, COLLECT_ARG(start, provider), \
	  "where it comes from: auto (default), tsm, tdx-guest, qgs, vtpm, or sim" }, \
	{ "sim", 0, "DIR", OPTION_TEXT, COLLECT_ARG(start, sim), \
	  "the simulated platform that 'cella sim init' made" }, \
	{ "qgs", 0, "ADDRESS", OPTION_TEXT, COLLECT_ARG(start, qgs), \
	  "ask the QGS at unix:PATH, tcp:ADDRESS:PORT or vsock:CID:PORT" }, \
	{ "imds", 0, "ADDRESS", OPTION_TEXT, COLLECT_ARG(start, imds), \
	  "ask the metadata service at tcp:ADDRESS:PORT or unix:PATH" }, \
	{ "sysroot", 0, "DIR", OPTION_TEXT, COLLECT_ARG(start, sysroot), \
	  "look for the system's files and devices below DIR" }, \
	{ "timeout", 0, "DURATION", OPTION_DURATION, COLLECT_ARG(start, timeout), \
	  "give up after this time; 60s unless it is given" }
/* clang-format on */

/*
 * collect_args_read() fills a request. Its report data stays untouched, and is_bound false,
 * when no option says anything of it.
 */
enum cella_status collect_args_read(const struct collect_args *args,
				    struct collect_request *request,
				    struct cella_error *err) MUST_CHECK;

/* collect_progress() says on a terminal who is asked: some take their time to answer. */
void collect_progress(const char *provider);

/*
 * collect_for_args() is collect() with the provider of the arguments. Where all have failed
 * it says on standard error why each has.
 */
enum cella_status collect_for_args(const struct collect_args *args,
				   enum collect_kind kind,
				   const struct collect_request *request,
				   struct collected *out, struct attempts *attempts,
				   struct cella_error *err) MUST_CHECK;

#endif
