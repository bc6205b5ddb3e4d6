/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding out what an image is.
 */
#include "vm/image_facts.h"

#include <string.h>

static const char *const pcr_names[LAUNCH_NUM_PCRS] = {
	[LAUNCH_PCR_RUNTIME] = "runtime",      [LAUNCH_PCR_KERNEL] = "kernel",
	[LAUNCH_PCR_CMDLINE] = "command line", [LAUNCH_PCR_RAMDISKS] = "ramdisks",
	[LAUNCH_PCR_IMAGE] = "whole image",    [LAUNCH_PCR_SIGNER] = "signer",
	[LAUNCH_PCR_CONFIG] = "configuration",
};

const char *image_pcr_name(unsigned pcr)
{
	return pcr < LAUNCH_NUM_PCRS ? pcr_names[pcr] : NULL;
}

void image_facts_done(struct image_facts *facts)
{
	arena_done(&facts->arena);
	json_decref(facts->policy);
	json_decref(facts->metadata);
	if (facts->is_signed)
		eif_signature_done(&facts->signature);
}

static void warn(struct image_facts *facts, const char *text)
{
	if (facts->num_warnings < IMAGE_MAX_WARNINGS)
		facts->warnings[facts->num_warnings++] = text;
}

/* --- contents ------------------------------------------------------------------------ */

/* A document that need not be one; but a lack of memory does not make it none. */
static enum cella_status try_json(struct cella_bytes text, const char *what, json_t **out,
				  struct cella_error *err)
{
	json_t *json = NULL;
	const enum cella_status status = json_parse(text, what, &json, err);

	if (status == CELLA_NOMEM)
		return status;
	if (status == CELLA_OK)
		*out = json;
	return CELLA_OK;
}

/* The guest's policy; what cannot be read as one is as good as none. */
static enum cella_status find_policy(struct image_facts *facts,
				     struct cella_bytes ramdisk, struct cella_error *err)
{
	const struct cella_bytes path =
		bytes_of(IMAGE_POLICY_PATH, strlen(IMAGE_POLICY_PATH));
	struct cpio_reader reader;
	struct cpio_entry entry;
	bool found = true;

	cpio_begin(&reader, ramdisk);
	while (cpio_next(&reader, &entry, &found, NULL) == CELLA_OK && found)
		if (bytes_equal(entry.path, path))
			return try_json(entry.data, IMAGE_POLICY_PATH, &facts->policy,
					err);
	return CELLA_OK;
}

static enum cella_status read_ramdisks(struct image_facts *facts, struct cella_error *err)
{
	const struct eif *const image = facts->image;

	for (size_t i = 0; i < image->num_ramdisks; i++)
		facts->has_files[i] = cpio_is_one(image->ramdisks[i]) &&
				      cpio_measure(image->ramdisks[i],
						   &facts->ramdisks[i], NULL) == CELLA_OK;
	facts->has_memory = image_memory(image, &facts->memory, NULL) == CELLA_OK;
	return facts->has_files[0] ? find_policy(facts, image->ramdisks[0], err)
				   : CELLA_OK;
}

/* --- warnings ------------------------------------------------------------------------ */

/* What a kernel's command line may hold that opens a machine. */
static const struct {
	const char *word;
	const char *warning;
} words[] = {
	{ "console=",
	  "the command line opens a console (console=): this is for debugging" },
	{ "earlyprintk", "the kernel prints early (earlyprintk): this is for debugging" },
	{ "debug", "the kernel is told to debug: this is not for production" },
	{ "init=",
	  "the command line starts another program than the guest's init (init=)" },
	{ "rdinit=",
	  "the command line starts another program than the guest's init (rdinit=)" },
	{ "mitigations=off", "the kernel's mitigations are off" },
	{ "nopti", "the kernel's page-table isolation is off (nopti)" },
};

static void find_warnings(struct image_facts *facts)
{
	const char *const log = json_string_value(json_object_get(facts->policy, "log"));

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (eif_has_word(facts->image, words[i].word))
			warn(facts, words[i].warning);
	if (log != NULL && strcmp(log, "full") == 0)
		warn(facts, "the host may read all that the guest writes (log: full)");
	if (facts->policy == NULL)
		warn(facts, "there is no " IMAGE_POLICY_PATH
			    " in the first ramdisk: this image was not built by cella");
	if (facts->image->is_arm64)
		warn(facts, "this image is for another processor (64-bit ARM)");
	if (facts->has_debug)
		warn(facts,
		     "a launch for debugging measures otherwise, and no policy for "
		     "production accepts it");
}

/* --- measurements -------------------------------------------------------------------- */

static enum cella_status read_signature(struct image_facts *facts,
					const struct image_question *question,
					struct cella_error *err)
{
	if (facts->image->signature.len == 0)
		return CELLA_OK;
	TRY(eif_signature_parse(facts->image->signature, &facts->signature, err));
	facts->is_signed = true;
	TRY(eif_nitro_extend(&facts->signature.chain.certs[0]->der, 1, facts->nitro_pcr8,
			     err));
	return eif_signature_judge(&facts->signature, facts->nitro.pcr0, question->time,
				   question->trusted, &facts->judgement, err);
}

static enum cella_status predict(struct image_facts *facts,
				 const struct image_question *question,
				 struct cella_error *err)
{
	struct out cmdline CLEANUP(out_done) = { 0 };
	const char *text;

	facts->has_config = question->config != NULL;
	facts->has_debug = question->config != NULL && question->config->debug;
	TRY(eif_launch(facts->image, facts->is_signed ? &facts->signature : NULL,
		       &facts->measured, err));
	eif_cmdline(facts->image, facts->has_debug, &cmdline);
	text = arena_out(&facts->arena, &cmdline);
	TRY(arena_status(&facts->arena, err)); /* without memory it is shorter */
	facts->measured.cmdline = bytes_of(text, cmdline.len);
	TRY(launch_plan_make(IMAGE_MACHINE, &facts->measured, question->config,
			     &facts->arena, &facts->plan, err));
	return launch_predict(&facts->plan, &facts->pcrs, err);
}

/* Of a launch as a trust domain. */
static enum cella_status predict_td(struct image_facts *facts,
				    struct cella_bytes firmware, struct cella_error *err)
{
	const struct eif *const image = facts->image;
	struct td_events events;

	if (firmware.len == 0)
		return CELLA_OK;
	TRY(td_firmware_mrtd(firmware, &facts->mrtd, err));
	TRY(td_events_of(image->kernel, facts->measured.cmdline, image->ramdisks,
			 image->num_ramdisks, &events, err));
	TRY(td_fold(&events, &facts->rtmrs, err));
	facts->has_td = true;
	return CELLA_OK;
}

enum cella_status image_facts_read(const struct eif *image,
				   const struct image_question *question,
				   struct image_facts *out, struct cella_error *err)
{
	*out = (struct image_facts){ .image = image };
	out->has_kernel = kernel_read(image->kernel, &out->kernel, NULL) == CELLA_OK;
	TRY(read_ramdisks(out, err));
	TRY(try_json(image->metadata, "metadata", &out->metadata, err));
	TRY(eif_nitro(image, &out->nitro, err));
	TRY(read_signature(out, question, err));
	TRY(predict(out, question, err));
	TRY(predict_td(out, question->firmware, err));
	find_warnings(out);
	return CELLA_OK;
}
