/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella collateral show|bundle|import: what the platforms' vendor says about its platforms.
 */
#include "cli/commands.h"

#include "base/civil.h"
#include "cli/policy_input.h"
#include "cli/trust.h"
#include "collateral/document.h"
#include "fetch/files.h"
#include "token/signed_bundle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct collateral_args {
	struct common_args common;
	struct moment time;
	const char *trust_root;
	const char *output;
	const char *sign;
	struct texts owners;
	bool allow_older;
};

enum { SIGNED_MAX = 4 << 20 };

#define ARG(member) offsetof(struct collateral_args, member)

static void builder_cleanup(struct cella_collateral_builder **builder)
{
	cella_collateral_builder_free(*builder);
}

/* One set of everything at these paths. */
static enum cella_status load_all(const char *const *paths, size_t num_paths,
				  struct cella_collateral **out, struct cella_error *err)
{
	struct cella_collateral_builder *builder CLEANUP(builder_cleanup) = NULL;

	TRY(cella_collateral_builder_new(&builder, err));
	for (size_t i = 0; i < num_paths; i++)
		TRY(collateral_add_path(builder, paths[i], err));
	return cella_collateral_builder_finish(builder, out, err);
}

/* Names every document that its signer does not vouch for, up to the trusted root. */
static bool all_are_sound(const struct cella_collateral *collateral,
			  const uint8_t root[64])
{
	struct document d;
	bool sound = true;

	for (size_t i = 0; document_at(collateral, i, &d); i++) {
		const char *const fault = document_fault(&d, root);

		if (fault == NULL)
			continue;
		fprintf(stderr, "cella: %s %s: %s\n", d.type, d.name, fault);
		sound = false;
	}
	return sound;
}

/* --- show ---------------------------------------------------------------------------- */

static enum cella_status show(const struct collateral_args *args, struct cella_error *err)
{
	struct cella_collateral *collateral CLEANUP(collateral_cleanup) = NULL;
	char *text CLEANUP_FREE = NULL;

	TRY(load_all(args->common.operands.items, args->common.operands.num_items,
		     &collateral, err));
	TRY(cella_collateral_describe(collateral, time_or_now(&args->time),
				      args->common.json, &text, err));
	printf("%s%s", text, args->common.json ? "\n" : "");
	return CELLA_OK;
}

static int run_show(const void *args)
{
	struct cella_error err = { 0 };

	return show(args, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

static const struct option_def show_options[] = {
	{ "time", 't', "TIME", OPTION_TIME, ARG(time),
	  "tell what is valid at this time instead of now" },
	COMMON_OPTIONS,
};

const struct command cmd_collateral_show = {
	.name = "collateral show",
	.operands = "FILE|DIR...",
	.min_operands = 1,
	.max_operands = TEXTS_MAX,
	.summary = "List documents with their dates, numbers and signers",
	.options = show_options,
	.num_options = ARRAY_LEN(show_options),
	.args_size = sizeof(struct collateral_args),
	.run = run_show,
};

/* --- bundle -------------------------------------------------------------------------- */

/* Puts a signed bundle in the bundle's place. */
static enum cella_status sign_bundle(const struct collateral_args *args, char **text,
				     struct cella_error *err)
{
	struct private_key *key CLEANUP(private_key_cleanup) = NULL;
	struct cella_signer signer;
	char *token = NULL;

	TRY(private_key_read(args->sign, &key, err));
	private_key_signer(key, &signer);
	TRY(signed_bundle_write(*text, time_or_now(&args->time), &signer, &token, err));
	free(*text);
	*text = token;
	return CELLA_OK;
}

static enum cella_status bundle(const struct collateral_args *args, bool *sound,
				struct cella_error *err)
{
	struct cella_collateral *collateral CLEANUP(collateral_cleanup) = NULL;
	struct out text CLEANUP(out_done) = { 0 };
	char *json CLEANUP_FREE = NULL;
	uint8_t root[64];

	TRY(trusted_key(args->trust_root, root, err));
	TRY(load_all(args->common.operands.items, args->common.operands.num_items,
		     &collateral, err));
	*sound = all_are_sound(collateral, root);
	if (!*sound)
		return CELLA_OK;
	TRY(cella_collateral_write(collateral, &json, err));
	if (args->sign != NULL)
		TRY(sign_bundle(args, &json, err));
	out_format(&text, "%s\n", json);
	TRY(out_status(&text, err));
	return file_write(args->output != NULL ? args->output : "-", out_view(&text),
			  0644, err);
}

static int run_bundle(const void *args)
{
	struct cella_error err = { 0 };
	bool sound = false;

	if (bundle(args, &sound, &err) != CELLA_OK)
		return fail(&err);
	return sound ? EXIT_YES : EXIT_NO;
}

static const struct option_def bundle_options[] = {
	{ "output", 'o', "FILE", OPTION_TEXT, ARG(output),
	  "write the bundle there instead of to standard output" },
	{ "sign", 0, "KEYFILE", OPTION_TEXT, ARG(sign),
	  "sign the bundle with this private key (P-256 or P-384)" },
	{ "trust-root", 0, "FILE", OPTION_TEXT, ARG(trust_root),
	  "trust this root certificate instead of Intel's" },
	COMMON_OPTIONS,
};

const struct command cmd_collateral_bundle = {
	.name = "collateral bundle",
	.operands = "FILE|DIR...",
	.min_operands = 1,
	.max_operands = TEXTS_MAX,
	.summary = "Check documents of any form and put them into one file",
	.description =
		"Reads bundles, single documents, revocation lists in PEM, DER or hexadecimal,\n"
		"chains in PEM, and HTTP responses of a PCS or PCCS with their issuer-chain\n"
		"headers. Of two documents of the same kind and platform the newer one is kept.\n"
		"Exit status 1: a document is not signed by whom it should be; nothing is\n"
		"written.",
	.options = bundle_options,
	.num_options = ARRAY_LEN(bundle_options),
	.args_size = sizeof(struct collateral_args),
	.run = run_bundle,
};

/* --- import -------------------------------------------------------------------------- */

/* "tcb_info TDX b0c06f000000 0000" -> "tcb_info-tdx-b0c06f000000-0000.json" */
static void file_name(const struct document *d, const char *suffix, char *out, size_t len)
{
	snprintf(out, len, "%s-%s.%s", d->type, d->name, suffix);
	for (char *c = out; *c != '\0'; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
		else if (strchr("abcdefghijklmnopqrstuvwxyz0123456789_.-", *c) == NULL)
			*c = '-';
	}
}

static enum cella_status write_part(const char *dir, const char *name,
				    struct cella_bytes text, struct cella_error *err)
{
	char path[4096];

	if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path)
		return error_set(err, CELLA_LIMIT, "%s: path is too long", dir);
	return file_write(path, text, 0644, err);
}

/* A document and the chain that signs it, as two files that readers put together again. */
static enum cella_status write_document(const char *dir, const struct document *d,
					struct cella_error *err)
{
	const bool is_json = d->kind == DOCUMENT_TCB_INFO ||
			     d->kind == DOCUMENT_QE_IDENTITY ||
			     d->kind == DOCUMENT_NUMBERS;
	const bool is_chain = d->kind == DOCUMENT_PCK_CHAIN;
	char name[160];

	if (!is_chain && d->kind != DOCUMENT_ROOT_CRL) {
		snprintf(name, sizeof name, "issuer-%s.pem",
			 is_json                                ? "signing"
			 : strstr(d->name, "Processor") != NULL ? "processor-ca"
								: "platform-ca");
		TRY(write_part(dir, name, bytes_of(d->chain->text, d->chain->text_len),
			       err));
	}
	file_name(d, is_json ? "json" : is_chain ? "pem" : "crl", name, sizeof name);
	return write_part(dir, name, d->text, err);
}

/* The documents of a set, by what they are about. */
static bool find_same(const struct cella_collateral *collateral, const struct document *d,
		      struct document *out)
{
	for (size_t i = 0; document_at(collateral, i, out); i++)
		if (out->kind == d->kind && strcmp(out->name, d->name) == 0)
			return true;
	return false;
}

/* Older documents could hide a later revocation or a lower standing. */
static bool is_older(const struct document *d, const struct document *old)
{
	const bool has_evaluation = d->kind == DOCUMENT_TCB_INFO ||
				    d->kind == DOCUMENT_QE_IDENTITY;

	return (has_evaluation && d->number < old->number) || d->from < old->from;
}

static bool none_is_older(const struct cella_collateral *collateral,
			  const struct cella_collateral *present)
{
	struct document d;
	struct document old;
	bool none = true;

	for (size_t i = 0; document_at(collateral, i, &d); i++) {
		if (!find_same(present, &d, &old) || !is_older(&d, &old))
			continue;
		fprintf(stderr,
			"cella: %s %s: older than the one that is there "
			"(--allow-older replaces it)\n",
			d.type, d.name);
		none = false;
	}
	return none;
}

/* What the folder holds already; NULL when it is new or empty. */
static enum cella_status load_present(const char *dir, struct cella_collateral **out,
				      struct cella_error *err)
{
	const enum cella_status status = collateral_load(dir, out, err);

	if (status == CELLA_MISSING || (status == CELLA_IO && err->sys_errno == ENOENT))
		return CELLA_OK;
	return status;
}

/* *good is false when a file is not a bundle that a pinned owner has signed. */
static enum cella_status add_signed(const struct collateral_args *args, const char *path,
				    const struct cella_keys *owners,
				    struct cella_collateral_builder *builder, bool *good,
				    struct cella_error *err)
{
	struct signed_bundle bundle CLEANUP(signed_bundle_done) = { 0 };
	struct out text CLEANUP(out_done) = { 0 };
	char date[CIVIL_TEXT_LEN];

	TRY(file_read(path, SIGNED_MAX, &text, err));
	*good = signed_bundle_is_one(out_view(&text));
	if (*good &&
	    signed_bundle_read(out_view(&text), owners, &bundle, good, err) != CELLA_OK) {
		error_prefix(err, "%s", path);
		return err->status;
	}
	if (!*good) {
		fprintf(stderr, "cella: %s: is not signed by a pinned owner\n", path);
		return CELLA_OK;
	}
	note(&args->common, "%s: signed on %s by %s", path,
	     civil_format(bundle.time, date), bundle.signer);
	return cella_collateral_builder_add(builder, path, bundle.collateral.data,
					    bundle.collateral.len, err);
}

/* Everything that pinned owners have signed; *out stays NULL when something is not. */
static enum cella_status load_signed(const struct collateral_args *args,
				     struct cella_collateral **out,
				     struct cella_error *err)
{
	const struct texts *const operands = &args->common.operands;
	struct cella_collateral_builder *builder CLEANUP(builder_cleanup) = NULL;
	struct cella_keys *owners CLEANUP(keys_cleanup) = NULL;
	bool all_good = true;

	TRY(keys_read(&args->owners, &owners, err));
	TRY(cella_collateral_builder_new(&builder, err));
	for (size_t i = 0; i + 1 < operands->num_items; i++) {
		bool good = false;

		TRY(add_signed(args, operands->items[i], owners, builder, &good, err));
		all_good = all_good && good;
	}
	return all_good ? cella_collateral_builder_finish(builder, out, err) : CELLA_OK;
}

static enum cella_status import(const struct collateral_args *args, bool *sound,
				struct cella_error *err)
{
	const struct texts *const operands = &args->common.operands;
	const char *const dir = operands->items[operands->num_items - 1];
	struct cella_collateral *collateral CLEANUP(collateral_cleanup) = NULL;
	struct cella_collateral *present CLEANUP(collateral_cleanup) = NULL;
	struct document d;
	uint8_t root[64];

	TRY(trusted_key(args->trust_root, root, err));
	if (args->owners.num_items > 0)
		TRY(load_signed(args, &collateral, err));
	else
		TRY(load_all(operands->items, operands->num_items - 1, &collateral, err));
	TRY(load_present(dir, &present, err));
	*sound = collateral != NULL && all_are_sound(collateral, root) &&
		 (present == NULL || args->allow_older ||
		  none_is_older(collateral, present));
	if (!*sound)
		return CELLA_OK;
	if (mkdir(dir, 0755) != 0 && errno != EEXIST)
		return error_errno(err, errno, "%s", dir);
	for (size_t i = 0; document_at(collateral, i, &d); i++) {
		TRY(write_document(dir, &d, err));
		note(&args->common, "imported %s %s", d.type, d.name);
	}
	return CELLA_OK;
}

static int run_import(const void *args)
{
	struct cella_error err = { 0 };
	bool sound = false;

	if (import(args, &sound, &err) != CELLA_OK)
		return fail(&err);
	return sound ? EXIT_YES : EXIT_NO;
}

static const struct option_def import_options[] = {
	{ "owner", 0, "KEYFILE", OPTION_TEXTS, ARG(owners),
	  "pin a public key: every file must be a bundle that a pinned owner signed" },
	{ "trust-root", 0, "FILE", OPTION_TEXT, ARG(trust_root),
	  "trust this root certificate instead of Intel's" },
	{ "allow-older", 0, NULL, OPTION_FLAG, ARG(allow_older),
	  "let older documents take the place of newer ones" },
	COMMON_OPTIONS,
};

const struct command cmd_collateral_import = {
	.name = "collateral import",
	.operands = "FILE|DIR... DIRECTORY",
	.min_operands = 2,
	.max_operands = TEXTS_MAX,
	.summary = "Check documents and add them to a folder of collateral",
	.description =
		"Every document becomes a file of the folder, which 'cella verify --collateral'\n"
		"reads as a whole. Exit status 1: a document is not signed by whom it should be,\n"
		"or is older than the one that is there; nothing is written.",
	.options = import_options,
	.num_options = ARRAY_LEN(import_options),
	.args_size = sizeof(struct collateral_args),
	.run = run_import,
};
