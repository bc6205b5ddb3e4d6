/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an image to what is measured and booted.
 */
#include "vm/evm.h"

#include "evidence/eif.h"
#include "guest/io.h"
#include "vm/sealed.h"

#include <stdlib.h>
#include <string.h>

/* Of a launch for debugging, whose measurements are like no other's. */
static const char debug_cmdline[] = " console=ttyS0";

void evm_launch_done(struct evm_launch *launch)
{
	io_close(&launch->log);
	io_close(&launch->kernel);
	io_close(&launch->ramdisk);
	free(launch->cmdline);
	launch->cmdline = NULL;
}

static enum cella_status make_cmdline(const struct eif *image, bool debug, char **out,
				      struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };

	out_bytes(&text, image->cmdline.data, image->cmdline.len);
	if (debug)
		out_text(&text, debug_cmdline);
	if (memchr(text.data, '\0', text.len) != NULL)
		return error_set(err, CELLA_MALFORMED,
				 "image: command line: has a NUL byte");
	return out_take_text(&text, out, err);
}

/* Digests of what runs: for debugging, the command line is another one. */
static enum cella_status digest_image(const struct eif *image, const char *cmdline,
				      struct launch_image *out, struct cella_error *err)
{
	struct cella_bytes parts[EIF_MAX_RAMDISKS + 2];
	const size_t num_parts = eif_measured(image, parts);

	out->cmdline = bytes_of(cmdline, strlen(cmdline));
	out->num_ramdisks = image->num_ramdisks;
	TRY(launch_digest_of(&image->kernel, 1, &out->kernel, err));
	for (size_t i = 0; i < image->num_ramdisks; i++)
		TRY(launch_digest_of(&image->ramdisks[i], 1, &out->ramdisks[i], err));
	return launch_digest_of(parts, num_parts, &out->whole, err);
}

static enum cella_status make_log(const struct evm_options *options,
				  const struct launch_image *image,
				  struct evm_launch *out, struct cella_error *err)
{
	const struct launch_config config = {
		.vcpus = options->vcpus,
		.memory_mib = options->memory_mib,
		.debug = options->debug,
	};
	struct arena arena CLEANUP(arena_done) = { 0 };
	struct launch_plan *const plan = arena_alloc(&arena, 1, sizeof *plan);
	struct out log CLEANUP(out_done) = { 0 };
	struct cella_bytes view;

	TRY(arena_status(&arena, err));
	TRY(launch_plan_make(QEMU_MACHINE, image, &config, &arena, plan, err));
	TRY(launch_predict(plan, &out->predicted, err));
	TRY(launch_log_write(plan, &log, err));
	view = out_view(&log);
	return sealed_make("launch", &view, 1, &out->log, err);
}

/* What is unpacked is in memory twice for a while; the image's header is no measure. */
static unsigned memory_for(const struct eif *image)
{
	size_t len = 0;
	size_t mib;

	for (size_t i = 0; i < image->num_ramdisks; i++)
		len += image->ramdisks[i].len;
	mib = EVM_MIN_MEMORY_MIB + 2 * (len >> 20) + 1;
	return mib > EVM_USUAL_MEMORY_MIB ? (unsigned)mib : EVM_USUAL_MEMORY_MIB;
}

static enum cella_status prepare(struct evm_options *options, const struct eif *image,
				 struct evm_launch *out, struct cella_error *err)
{
	struct launch_image digests = { 0 };

	if (image->is_arm64)
		return error_set(err, CELLA_UNSUPPORTED,
				 "image: is for arm64; this host runs x86-64");
	if (image->signature.len > 0)
		return error_set(err, CELLA_UNSUPPORTED,
				 "image: is signed, which cannot be checked yet");
	if (options->memory_mib == 0)
		options->memory_mib = memory_for(image);
	TRY(make_cmdline(image, options->debug, &out->cmdline, err));
	TRY(digest_image(image, out->cmdline, &digests, err));
	TRY(make_log(options, &digests, out, err));
	TRY(sealed_make("kernel", &image->kernel, 1, &out->kernel, err));
	return sealed_make("ramdisk", image->ramdisks, image->num_ramdisks, &out->ramdisk,
			   err);
}

enum cella_status evm_prepare(struct evm_options *options, struct evm_launch *out,
			      struct cella_error *err)
{
	struct evm_launch launch CLEANUP(
		evm_launch_done) = { .log = -1, .kernel = -1, .ramdisk = -1 };
	struct cella_bytes file CLEANUP(sealed_unmap) = { 0 };
	struct eif *image CLEANUP_FREE = calloc(1, sizeof *image);
	int sealed CLEANUP_CLOSE = -1;

	if (image == NULL)
		return error_nomem(err);
	TRY(sealed_copy(options->image, "image", EIF_MAX, &sealed, err));
	TRY(sealed_map(sealed, &file, err));
	TRY(eif_parse(file, image, err));
	TRY(prepare(options, image, &launch, err));
	*out = launch;
	launch = (struct evm_launch){ .log = -1, .kernel = -1, .ramdisk = -1 };
	return CELLA_OK;
}
