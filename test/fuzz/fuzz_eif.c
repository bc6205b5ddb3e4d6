/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enclave images. What parses is written again and must be the same image, and is described
 * in every way. The checksum is made right first, or no change would ever get past it.
 */
#include "fuzz.h"

#include "base/crc32.h"
#include "vm/image_diff.h"
#include "vm/image_facts.h"

#include <string.h>

static void mend(uint8_t *data, size_t size)
{
	const struct cella_bytes parts[] = {
		bytes_of(data, EIF_CRC_AT),
		bytes_of(data + EIF_HEADER_LEN, size - EIF_HEADER_LEN),
	};
	const uint32_t crc32 = crc32_of(parts, ARRAY_LEN(parts));

	for (size_t i = 0; i < 4; i++)
		data[EIF_CRC_AT + i] = (uint8_t)(crc32 >> (24 - 8 * i));
}

static void describe(const struct eif *image, size_t size)
{
	const struct image_question question = { .time = FUZZ_TIME };
	struct image_facts facts = { .image = NULL };
	struct out text CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	json_t *json CLEANUP_JSON = NULL;
	char *printed = NULL;

	if (!fuzz_failed(image_facts_read(image, &question, &facts, &err), &err, size)) {
		MUST(image_facts_json(&facts, &json, NULL) == CELLA_OK);
		MUST(json_write(json, true, &printed, NULL) == CELLA_OK);
		fuzz_json(printed);
		MUST(image_facts_text(&facts, &text, NULL) == CELLA_OK);
		MUST(!facts.is_signed || facts.signature.chain.num_certs > 0);
	}
	image_facts_done(&facts);
}

static void write_again(const struct eif *image)
{
	struct out again CLEANUP(out_done) = { 0 };
	json_t *diff CLEANUP_JSON = NULL;
	struct eif copy = { 0 };
	bool same = false;

	MUST(eif_write(image, &again, NULL) == CELLA_OK);
	MUST(eif_parse(out_view(&again), &copy, NULL) == CELLA_OK);
	MUST(copy.num_sections == image->num_sections);
	if (image_diff(image, &copy, &same, &diff, NULL) == CELLA_OK)
		MUST(same);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *file CLEANUP_FREE = malloc(size + 1);
	struct cella_error err = { 0 };
	struct eif image = { 0 };

	MUST(file != NULL);
	memcpy(file, data, size);
	if (size >= EIF_HEADER_LEN)
		mend(file, size);
	(void)eif_missing(bytes_of(file, size));
	if (fuzz_failed(eif_parse(bytes_of(file, size), &image, &err), &err, size))
		return 0;
	for (size_t i = 0; i < image.num_sections; i++)
		MUST(fuzz_inside(image.sections[i].data, file, size));
	describe(&image, size);
	write_again(&image);
	return 0;
}
