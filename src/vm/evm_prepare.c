/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an image to what is measured and booted.
 */
#include "vm/evm.h"

#include "base/json.h"
#include "evidence/eif_launch.h"
#include "guest/io.h"
#include "vm/resource_needs.h"
#include "vm/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FIRMWARE_MAX = 64 << 20 };

void evm_launch_done(struct evm_launch *launch)
{
	io_close(&launch->log);
	io_close(&launch->kernel);
	io_close(&launch->ramdisk);
	io_close(&launch->firmware);
	free(take(&launch->cmdline));
	free(take(&launch->image.metadata));
}

/* --- who signed it ------------------------------------------------------------------- */

/* Unless this host trusts certain signers, that is for verifiers: the signer is measured. */
static enum cella_status check_signature(const struct eif *image,
					 const struct eif_signature *signature,
					 const struct eif_certs *trusted,
					 struct cella_error *err)
{
	struct cella_bytes views[EIF_MAX_RAMDISKS + 2];
	struct eif_judgement judgement = { 0 };
	uint8_t pcr0[SHA384_LEN];

	TRY(eif_nitro_extend(views, eif_measured(image, views), pcr0, err));
	TRY(eif_signature_judge(signature, pcr0, (int64_t)time(NULL), trusted, &judgement,
				err));
	for (int i = 0; i < EIF_NUM_QUESTIONS; i++)
		if (judgement.answers[i].outcome == EIF_NO)
			return error_set(err, CELLA_MALFORMED, "image: signature: %s: %s",
					 eif_question_name((enum eif_question)i),
					 judgement.answers[i].text);
	/* What was not asked is not yes. */
	if (trusted != NULL && judgement.answers[EIF_TRUSTED].outcome != EIF_YES)
		return error_set(err, CELLA_INTERNAL, "image: signature: nobody asked");
	return CELLA_OK;
}

static enum cella_status digest_image(const struct eif *image,
				      const struct eif_certs *trusted,
				      struct launch_image *out, struct evm_image *told,
				      struct cella_error *err)
{
	struct eif_signature signature CLEANUP(eif_signature_done) = { 0 };

	if (image->signature.len == 0 && trusted != NULL)
		return error_set(err, CELLA_MALFORMED,
				 "image: is not signed; this host starts images of "
				 "trusted signers alone");
	if (image->signature.len == 0)
		return eif_launch(image, NULL, out, err);
	TRY(eif_signature_parse(image->signature, &signature, err));
	TRY(check_signature(image, &signature, trusted, err));
	told->is_signed = true;
	TRY(eif_nitro_extend(&signature.chain.certs[0]->der, 1, told->nitro_pcr8, err));
	return eif_launch(image, &signature, out, err);
}

/* As an image of two ramdisks: where others end does not matter. */
enum cella_status evm_launch_hash(struct evm_launch *launch, struct cella_error *err)
{
	struct evm_image *const told = &launch->image;
	struct cella_bytes kernel CLEANUP(sealed_unmap) = { 0 };
	struct cella_bytes ramdisk CLEANUP(sealed_unmap) = { 0 };
	struct eif *image CLEANUP_FREE = NULL;

	if (told->has_nitro)
		return CELLA_OK;
	image = calloc(1, sizeof *image);
	if (image == NULL)
		return error_nomem(err);
	TRY(sealed_map(launch->kernel, &kernel, err));
	TRY(sealed_map(launch->ramdisk, &ramdisk, err));
	image->kernel = kernel;
	image->cmdline = bytes_of(launch->cmdline, told->cmdline_len);
	image->ramdisks[0] = bytes_of(ramdisk.data, told->first_ramdisk);
	image->ramdisks[1] = bytes_of(ramdisk.data + told->first_ramdisk,
				      ramdisk.len - told->first_ramdisk);
	image->num_ramdisks = 2;
	TRY(eif_nitro(image, &told->nitro, err));
	told->has_nitro = true;
	return CELLA_OK;
}

/* As it will be told, which may be longer than it was: 4e-5 is written with 17 digits. */
static enum cella_status copy_metadata(const struct eif *image, char **out,
				       struct cella_error *err)
{
	json_t *json CLEANUP_JSON = NULL;
	char *text CLEANUP_FREE = NULL;
	enum cella_status status;

	if (image->metadata.len > EVM_METADATA_MAX)
		return CELLA_OK;
	status = json_parse(image->metadata, "metadata", &json, NULL);
	if (status != CELLA_OK)
		return status == CELLA_NOMEM ? error_nomem(err) : CELLA_OK;
	TRY(json_write(json, false, &text, err));
	if (strlen(text) <= EVM_METADATA_MAX)
		*out = take(&text);
	return CELLA_OK;
}

/* --- what is measured ---------------------------------------------------------------- */

static enum cella_status copy_cmdline(const struct eif *image, bool debug, char **out,
				      struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };

	if (memchr(image->cmdline.data, '\0', image->cmdline.len) != NULL)
		return error_set(err, CELLA_MALFORMED,
				 "image: command line: has a NUL byte");
	eif_cmdline(image, debug, &text);
	return out_take_text(&text, out, err);
}

static enum cella_status make_log(const struct evm_options *options,
				  const struct launch_image *image,
				  struct evm_launch *out, struct cella_error *err)
{
	struct launch_config config = options->ways;
	struct arena arena CLEANUP(arena_done) = { 0 };
	struct launch_plan *const plan = arena_alloc(&arena, 1, sizeof *plan);
	struct out log CLEANUP(out_done) = { 0 };
	struct cella_bytes view;

	config.vcpus = options->vcpus;
	config.memory_mib = options->memory_mib;
	config.debug = options->debug;
	TRY(arena_status(&arena, err));
	TRY(launch_plan_make(QEMU_MACHINE, image, &config, &arena, plan, err));
	TRY(launch_predict(plan, &out->predicted, err));
	TRY(launch_log_write(plan, &log, err));
	view = out_view(&log);
	return sealed_make("launch", &view, 1, &out->log, err);
}

/* What was left open is decided by the image, and measured from here on. */
static void complete(struct evm_options *options, const struct eif *image)
{
	struct resource_request *const request = &options->resources;

	request->vcpus = options->vcpus;
	request->memory_mib = options->memory_mib;
	request->code_mib = options->backend.backend == &backend_tcg ? RESOURCES_CODE_MIB
								     : 0;
	resource_needs(image, request);
	options->vcpus = request->vcpus;
	options->memory_mib = request->memory_mib;
}

static enum cella_status prepare(struct evm_options *options, const struct eif *image,
				 struct evm_launch *out, struct cella_error *err)
{
	struct launch_image digests = { 0 };

	if (image->is_arm64)
		return error_set(err, CELLA_UNSUPPORTED,
				 "image: is for arm64; this host runs x86-64");
	complete(options, image);
	TRY(copy_cmdline(image, options->debug, &out->cmdline, err));
	TRY(digest_image(image, options->trusted, &digests, &out->image, err));
	digests.cmdline = bytes_of(out->cmdline, strlen(out->cmdline));
	out->image.cmdline_len = image->cmdline.len;
	TRY(copy_metadata(image, &out->image.metadata, err));
	out->image.first_ramdisk = image->ramdisks[0].len;
	memcpy(out->image_sha384, digests.whole.sha384, SHA384_LEN);
	out->is_signed = digests.is_signed;
	memcpy(out->identity,
	       digests.is_signed ? digests.signer.sha256 : digests.whole.sha256,
	       SHA256_LEN);
	TRY(make_log(options, &digests, out, err));
	TRY(sealed_make("kernel", &image->kernel, 1, &out->kernel, err));
	return sealed_make("ramdisk", image->ramdisks, image->num_ramdisks, &out->ramdisk,
			   err);
}

static enum cella_status copy_firmware(const char *path, int *out,
				       struct cella_error *err)
{
	int fd CLEANUP_CLOSE = -1;

	if (path == NULL)
		return CELLA_OK;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "%s", path);
	return sealed_copy(fd, "firmware", FIRMWARE_MAX, out, err);
}

enum cella_status evm_prepare(struct evm_options *options, struct evm_launch *out,
			      struct cella_error *err)
{
	struct evm_launch launch CLEANUP(evm_launch_done) = EVM_LAUNCH_NONE;
	struct cella_bytes file CLEANUP(sealed_unmap) = { 0 };
	struct eif *image CLEANUP_FREE = calloc(1, sizeof *image);
	int sealed CLEANUP_CLOSE = -1;

	if (image == NULL)
		return error_nomem(err);
	TRY(sealed_copy(options->image, "image", EIF_MAX, &sealed, err));
	TRY(sealed_map(sealed, &file, err));
	TRY(eif_parse(file, image, err));
	TRY(prepare(options, image, &launch, err));
	TRY(copy_firmware(options->firmware, &launch.firmware, err));
	*out = launch;
	launch = EVM_LAUNCH_NONE;
	return CELLA_OK;
}
