/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of a measured launch, and the PCR values that follow from it (TPM 2.0 Library,
 * part 1, "H-CRTM": PCR0 starts at the locality of the sequence; every other PCR at zero).
 */
#include "evidence/launch.h"

#include <assert.h>
#include <string.h>

enum cella_status launch_digest_of(const struct cella_bytes *parts, size_t num_parts,
				   struct launch_digest *out, struct cella_error *err)
{
	struct launch_digest digest;

	TRY(crypto_digest(CRYPTO_SHA256, parts, num_parts, digest.sha256, err));
	TRY(crypto_digest(CRYPTO_SHA384, parts, num_parts, digest.sha384, err));
	*out = digest;
	return CELLA_OK;
}

/* --- the plan ------------------------------------------------------------------------ */

/* Whoever pins any of these alone does not accept a launch for debugging. */
static const unsigned debug_pcrs[] = {
	LAUNCH_PCR_KERNEL, LAUNCH_PCR_CMDLINE, LAUNCH_PCR_RAMDISKS,
	LAUNCH_PCR_IMAGE,  LAUNCH_PCR_SIGNER,  LAUNCH_PCR_CONFIG,
};

_Static_assert(LAUNCH_MAX_EVENTS >= 1 + ARRAY_LEN(debug_pcrs) + 5 + LAUNCH_MAX_RAMDISKS,
	       "room for the largest plan");

/* A plan in the making. */
struct maker {
	struct launch_plan *plan;
	struct arena *arena;
};

static void add(struct maker *m, unsigned pcr, uint32_t type,
		const struct launch_digest *digest, const char *text)
{
	assert(m->plan->num_events < LAUNCH_MAX_EVENTS);
	m->plan->events[m->plan->num_events++] = (struct launch_event){
		.pcr = pcr,
		.type = type,
		.digest = *digest,
		.data = bytes_of(text, strlen(text)),
	};
}

/* An event that measures its own text. */
static enum cella_status add_text(struct maker *m, unsigned pcr, uint32_t type,
				  const char *text, struct cella_error *err)
{
	const struct cella_bytes data = bytes_of(text, strlen(text));
	struct launch_digest digest;

	TRY(launch_digest_of(&data, 1, &digest, err));
	add(m, pcr, type, &digest, text);
	return CELLA_OK;
}

static enum cella_status add_runtime(struct maker *m, const char *machine,
				     struct cella_error *err)
{
	const size_t len = strlen(machine);

	for (size_t i = 0; i < len; i++)
		if (machine[i] <= ' ' || machine[i] > '~')
			return error_set(err, CELLA_USAGE,
					 "launch: machine: byte %zu is not printable", i);
	if (len == 0 || len > LAUNCH_TEXT_MAX)
		return error_set(err, CELLA_USAGE,
				 "launch: machine: %zu characters, not 1 to %d", len,
				 LAUNCH_TEXT_MAX);
	return add_text(
		m, LAUNCH_PCR_RUNTIME, EV_EFI_HCRTM_EVENT,
		arena_text(m->arena, LAUNCH_MACHINE_FORMAT, LAUNCH_FORMAT, machine), err);
}

static enum cella_status add_debug(struct maker *m, struct cella_error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(debug_pcrs); i++)
		TRY(add_text(m, debug_pcrs[i], EV_ACTION, LAUNCH_DEBUG_TEXT, err));
	return CELLA_OK;
}

/* The command line is told in full, after a prefix that readers of boot logs know. */
static enum cella_status add_cmdline(struct maker *m, struct cella_bytes cmdline,
				     struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };
	struct launch_digest digest;

	if (cmdline.len > LAUNCH_CMDLINE_MAX)
		return error_set(err, CELLA_LIMIT,
				 "launch: command line: %zu bytes, at most %d",
				 cmdline.len, LAUNCH_CMDLINE_MAX);
	for (size_t i = 0; i < cmdline.len; i++)
		if (cmdline.data[i] == 0)
			return error_set(err, CELLA_USAGE,
					 "launch: command line: byte %zu is a NUL", i);
	TRY(launch_digest_of(&cmdline, 1, &digest, err));
	out_text(&text, LAUNCH_CMDLINE_PREFIX);
	out_bytes(&text, cmdline.data, cmdline.len);
	add(m, LAUNCH_PCR_CMDLINE, EV_IPL, &digest, arena_out(m->arena, &text));
	return CELLA_OK;
}

static enum cella_status add_image(struct maker *m, const struct launch_image *image,
				   struct cella_error *err)
{
	if (image->num_ramdisks > LAUNCH_MAX_RAMDISKS)
		return error_set(err, CELLA_LIMIT, "launch: %zu ramdisks, at most %d",
				 image->num_ramdisks, LAUNCH_MAX_RAMDISKS);
	add(m, LAUNCH_PCR_KERNEL, EV_IPL, &image->kernel, LAUNCH_KERNEL_TEXT);
	TRY(add_cmdline(m, image->cmdline, err));
	for (size_t i = 0; i < image->num_ramdisks; i++)
		add(m, LAUNCH_PCR_RAMDISKS, EV_IPL, &image->ramdisks[i],
		    arena_text(m->arena, LAUNCH_RAMDISK_PREFIX "%zu", i + 1));
	add(m, LAUNCH_PCR_IMAGE, EV_IPL, &image->whole, LAUNCH_IMAGE_TEXT);
	if (image->is_signed)
		add(m, LAUNCH_PCR_SIGNER, EV_IPL, &image->signer, LAUNCH_SIGNER_TEXT);
	return CELLA_OK;
}

static enum cella_status add_config(struct maker *m, const struct launch_config *config,
				    struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };

	TRY(launch_config_write(config, &text, err));
	return add_text(m, LAUNCH_PCR_CONFIG, EV_PLATFORM_CONFIG_FLAGS,
			arena_out(m->arena, &text), err);
}

enum cella_status launch_plan_make(const char *machine, const struct launch_image *image,
				   const struct launch_config *config,
				   struct arena *arena, struct launch_plan *out,
				   struct cella_error *err)
{
	struct launch_plan plan = { .num_events = 0 };
	struct maker m = { &plan, arena };

	TRY(add_runtime(&m, machine, err));
	if (config != NULL && config->debug)
		TRY(add_debug(&m, err));
	TRY(add_image(&m, image, err));
	if (config != NULL)
		TRY(add_config(&m, config, err));
	TRY(arena_status(arena, err));
	*out = plan;
	return CELLA_OK;
}

/* --- prediction ---------------------------------------------------------------------- */

enum cella_status launch_predict(const struct launch_plan *plan, struct launch_pcrs *out,
				 struct cella_error *err)
{
	struct launch_pcrs pcrs = { 0 };

	pcrs.pcr[0].sha256[SHA256_LEN - 1] = LAUNCH_LOCALITY;
	pcrs.pcr[0].sha384[SHA384_LEN - 1] = LAUNCH_LOCALITY;
	for (size_t i = 0; i < plan->num_events; i++) {
		const struct launch_event *const event = &plan->events[i];
		struct launch_digest *const pcr = &pcrs.pcr[event->pcr];

		assert(event->pcr < LAUNCH_NUM_PCRS);
		TRY(register_extend(CELLA_HASH_SHA256, pcr->sha256, SHA256_LEN,
				    event->digest.sha256, err));
		TRY(register_extend(CELLA_HASH_SHA384, pcr->sha384, SHA384_LEN,
				    event->digest.sha384, err));
	}
	*out = pcrs;
	return CELLA_OK;
}
