/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images and folders for commands about enclaves.
 */
#include "cli/enclave_input.h"

#include "cli/policy_input.h"
#include "cli/source.h"
#include "fetch/files.h"

#include <stdio.h>
#include <string.h>

enum { CACHE_PATH_MAX = 4096, CERTS_FILE_MAX = 64 << 10 };

enum cella_status enclave_cache_folder(const char *name, struct out *path,
				       struct cella_error *err)
{
	char cache[CACHE_PATH_MAX];

	if (!config_cache(cache, sizeof cache))
		return error_set(err, CELLA_MISSING,
				 "there is no folder to keep things in: neither "
				 "XDG_CACHE_HOME nor HOME is set");
	out_format(path, "%s/%s", cache, name);
	return out_status(path, err);
}

enum cella_status enclave_read(const char *path, struct out *file, struct eif *out,
			       struct cella_error *err)
{
	enum cella_status status;

	TRY(file_read(path, EIF_MAX, file, err));
	status = eif_parse(out_view(file), out, err);
	if (status != CELLA_OK)
		error_prefix(err, "%s", path);
	return status;
}

/* Adds the certificates of one file to those of others. */
static enum cella_status add_certs(const char *path, struct eif_certs *out,
				   struct cella_error *err)
{
	struct out pem CLEANUP(out_done) = { 0 };
	struct eif_certs certs = { .num_certs = 0 };

	TRY(file_read(path, CERTS_FILE_MAX, &pem, err));
	TRY(eif_certs_parse(out_view(&pem), path, &certs, err));
	if (certs.num_certs > EIF_MAX_CERTS - out->num_certs) {
		eif_certs_done(&certs);
		return error_set(err, CELLA_LIMIT, "%s: more than %d certificates", path,
				 EIF_MAX_CERTS);
	}
	for (size_t i = 0; i < certs.num_certs; i++)
		out->certs[out->num_certs++] = certs.certs[i];
	return CELLA_OK;
}

enum cella_status enclave_read_certs(const struct texts *files, struct eif_certs *out,
				     struct cella_error *err)
{
	for (size_t i = 0; i < files->num_items; i++)
		TRY(add_certs(files->items[i], out, err));
	return CELLA_OK;
}

/* --- telling ------------------------------------------------------------------------- */

enum cella_status enclave_tell(const struct image_facts *facts, bool as_json,
			       enum enclave_detail detail, struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };
	json_t *json CLEANUP_JSON = NULL;
	char *printed CLEANUP_FREE = NULL;

	if (as_json) {
		TRY(image_facts_json(facts, &json, err));
		TRY(json_write(json, true, &printed, err));
		puts(printed);
		return CELLA_OK;
	}
	TRY(detail == ENCLAVE_ALL ? image_facts_text(facts, &text, err)
				  : image_measurements_text(facts, &text, err));
	fwrite(text.data, 1, text.len, stdout);
	return CELLA_OK;
}

enum cella_status enclave_tell_file(const struct common_args *common, const char *path,
				    struct cella_bytes file, struct cella_error *err)
{
	const struct moment now = { 0 };
	const struct image_question question = { .time = time_or_now(&now) };
	struct image_facts facts CLEANUP(image_facts_done) = { .image = NULL };
	struct eif image = { 0 };

	if (common->quiet || strcmp(path, "-") == 0)
		return CELLA_OK;
	TRY(eif_parse(file, &image, err));
	TRY(image_facts_read(&image, &question, &facts, err));
	return enclave_tell(&facts, common->json, ENCLAVE_MEASUREMENTS, err);
}

/* --- signing ------------------------------------------------------------------------- */

/* What was signed is judged at once: a wrong certificate shows now, not at a start. */
static enum cella_status check_section(const struct out *section,
				       const uint8_t pcr0[SHA384_LEN], int64_t time,
				       struct cella_error *err)
{
	struct eif_signature signature CLEANUP(eif_signature_done) = { 0 };
	struct eif_judgement judgement = { 0 };

	TRY(eif_signature_parse(out_view(section), &signature, err));
	TRY(eif_signature_judge(&signature, pcr0, time, NULL, &judgement, err));
	for (size_t i = 0; i < EIF_NUM_QUESTIONS; i++)
		if (judgement.answers[i].outcome == EIF_NO)
			return error_set(err, CELLA_USAGE, "not signed: %s",
					 judgement.answers[i].text);
	return CELLA_OK;
}

enum cella_status enclave_sign(const struct eif *image, const char *key, const char *cert,
			       int64_t time, struct out *section, struct cella_error *err)
{
	struct private_key *private_key CLEANUP(private_key_cleanup) = NULL;
	struct out pem CLEANUP(out_done) = { 0 };
	struct cella_signer signer;
	struct eif_nitro nitro;

	TRY(eif_nitro(image, &nitro, err));
	TRY(file_read(cert, CERTS_FILE_MAX, &pem, err));
	TRY(private_key_read(key, &private_key, err));
	private_key_signer(private_key, &signer);
	TRY(eif_signature_write(&signer, out_view(&pem), nitro.pcr0, section, err));
	return check_section(section, nitro.pcr0, time, err);
}
