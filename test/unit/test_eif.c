/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enclave images: what is written is read, and every other image is refused by name.
 */
#include "support.h"

#include "base/crc32.h"
#include "base/encode.h"
#include "evidence/eif.h"

static const struct eif parts = {
	.default_memory = 128 << 20,
	.default_cpus = 1,
	.kernel = { (const uint8_t *)"kernel bytes", 12 },
	.cmdline = { (const uint8_t *)"quiet", 5 },
	.ramdisks = { { (const uint8_t *)"first", 5 },
		      { (const uint8_t *)"second!", 7 } },
	.num_ramdisks = 2,
	.metadata = { (const uint8_t *)"{}", 2 },
	.signature = { (const uint8_t *)"sig", 3 },
};

static struct out make(const struct eif *of)
{
	struct cella_error err = { 0 };
	struct out file = { 0 };

	CHECK_OK(eif_write(of, &file, &err));
	return file;
}

/* Makes the checksum right again, so that something else is what is wrong. */
static void mend(struct cella_bytes file, uint8_t *data)
{
	const struct cella_bytes checked[] = {
		bytes_slice(file, 0, EIF_CRC_AT),
		bytes_slice(file, EIF_HEADER_LEN, file.len - EIF_HEADER_LEN),
	};
	const uint32_t crc32 = crc32_of(checked, 2);

	for (size_t i = 0; i < 4; i++)
		data[EIF_CRC_AT + i] = (uint8_t)(crc32 >> (24 - 8 * i));
}

static void written_and_read(void **state)
{
	struct out file CLEANUP(out_done) = make(&parts);
	struct out again CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	struct eif image = { 0 };

	(void)state;
	CHECK_OK(eif_parse(out_view(&file), &image, &err));
	CHECK_INT(6, image.num_sections);
	CHECK_INT(560, image.sections[0].offset);
	CHECK_INT(EIF_METADATA, image.sections[2].type);
	CHECK_BYTES("kernel bytes", 12, image.kernel);
	CHECK_BYTES("quiet", 5, image.cmdline);
	CHECK_INT(2, image.num_ramdisks);
	CHECK_BYTES("second!", 7, image.ramdisks[1]);
	CHECK_BYTES("{}", 2, image.metadata);
	CHECK_BYTES("sig", 3, image.signature);
	CHECK_INT(128 << 20, image.default_memory);
	CHECK_INT(1, image.default_cpus);
	CHECK_TRUE(!image.is_arm64);
	CHECK_OK(eif_write(&image, &again, &err));
	CHECK_BYTES(file.data, file.len, out_view(&again));
}

static void every_prefix_is_refused(void **state)
{
	struct out file CLEANUP(out_done) = make(&parts);
	struct eif image = { 0 };

	(void)state;
	for (size_t len = 0; len < file.len; len++) {
		struct cella_error err = { 0 };
		const struct cella_bytes prefix = bytes_of(file.data, len);
		const size_t wanted = len < EIF_HEADER_LEN ? EIF_HEADER_LEN : file.len;

		CHECK_STATUS(CELLA_MALFORMED, eif_parse(prefix, &image, &err));
		CHECK_INT(wanted - len, eif_missing(prefix));
	}
	CHECK_INT(0, eif_missing(out_view(&file)));
	CHECK_INT(0, image.num_sections);
}

/* A changed bit changes the checksum at least. */
static void every_byte_matters(void **state)
{
	struct out file CLEANUP(out_done) = make(&parts);
	struct eif image = { 0 };

	(void)state;
	for (size_t i = 0; i < file.len; i++)
		for (int bit = 0; bit < 8; bit++) {
			struct cella_error err = { 0 };

			file.data[i] ^= (uint8_t)(1 << bit);
			CHECK_TRUE(eif_parse(out_view(&file), &image, &err) != CELLA_OK);
			file.data[i] ^= (uint8_t)(1 << bit);
		}
}

/* Changes one byte of a good image, and the checksum with it. */
static void hostile_images(void **state)
{
	const size_t kernel = EIF_HEADER_LEN;
	const size_t cmdline = kernel + 12 + 12;
	const size_t metadata = cmdline + 12 + 5;
	const size_t ramdisk = metadata + 12 + 2;
	const size_t second = ramdisk + 12 + 5;
	const size_t signature = second + 12 + 7;
	const struct {
		const char *name;
		size_t at;
		uint8_t value;
		enum cella_status status;
		size_t offset;
		const char *text;
	} rows[] = {
		{ "other magic", 0, 'E', CELLA_MALFORMED, 0, "no enclave image" },
		{ "old version", 5, 3, CELLA_UNSUPPORTED, 4, "version: 3" },
		{ "unknown flag", 7, 2, CELLA_MALFORMED, 6, "0x2 has bits" },
		{ "no sections", 27, 0, CELLA_MALFORMED, 26, "between 1 and 32" },
		{ "33 sections", 27, 33, CELLA_MALFORMED, 26, "between 1 and 32" },
		{ "sections that are not there", 27, 7, CELLA_MALFORMED, signature + 15,
		  "section.type: needs 2 bytes, 0 left" },
		{ "sections that are not told", 27, 5, CELLA_MALFORMED, signature,
		  "bytes are left over" },
		{ "section overlaps the header", 28 + 7, 0, CELLA_MALFORMED, 28,
		  "section_offset[0]" },
		{ "sections overlap", 28 + 8 + 7, 0x25, CELLA_MALFORMED, 36,
		  "section_offset[1]" },
		{ "sizes differ", 284 + 7, 13, CELLA_MALFORMED, kernel,
		  "13 in the header" },
		{ "size beyond the file", kernel + 6, 1, CELLA_MALFORMED, kernel,
		  "in the header" },
		{ "place of no section", 28 + 8 * 31 + 7, 1, CELLA_MALFORMED, 28 + 8 * 31,
		  "section[31] has a place" },
		{ "no type", kernel + 1, 0, CELLA_MALFORMED, kernel, "0 is no type" },
		{ "unknown type", kernel + 1, 6, CELLA_MALFORMED, kernel,
		  "6 is no type" },
		{ "section flags", kernel + 3, 1, CELLA_MALFORMED, kernel, "flags: 0x1" },
		{ "no kernel first", kernel + 1, EIF_RAMDISK, CELLA_MALFORMED,
		  kernel + 12, "where the kernel is to be" },
		{ "no command line second", cmdline + 1, EIF_KERNEL, CELLA_MALFORMED,
		  cmdline + 12, "where the command line is to be" },
		{ "two kernels", second + 1, EIF_KERNEL, CELLA_MALFORMED, second + 12,
		  "one kernel too many" },
		{ "two command lines", second + 1, EIF_CMDLINE, CELLA_MALFORMED,
		  second + 12, "one command line too many" },
		{ "two signatures", second + 1, EIF_SIGNATURE, CELLA_MALFORMED,
		  signature + 12, "one signature too many" },
		{ "no metadata", metadata + 1, EIF_RAMDISK, CELLA_MALFORMED, 0,
		  "has no metadata" },
		{ "NUL in the command line", cmdline + 14, 0, CELLA_MALFORMED,
		  cmdline + 14, "byte 0x00 at 2" },
		{ "line end in the command line", cmdline + 12, '\n', CELLA_MALFORMED,
		  cmdline + 12, "byte 0x0a at 0" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct out file CLEANUP(out_done) = make(&parts);
		struct cella_error err = { 0 };
		struct eif image = { 0 };

		CASE(rows[i].name);
		file.data[rows[i].at] = rows[i].value;
		mend(out_view(&file), file.data);
		CHECK_ERROR(rows[i].status, rows[i].offset, rows[i].text,
			    eif_parse(out_view(&file), &image, &err));
	}
}

static void not_larger_than_it_may_be(void **state)
{
	struct out file CLEANUP(out_done) = make(&parts);
	struct cella_error err = { 0 };
	struct eif image = { 0 };
	const size_t cmdline = EIF_HEADER_LEN + 12 + 12;

	(void)state;
	/* 2053 bytes, told in both places. */
	file.data[284 + 8 + 6] = 8;
	file.data[cmdline + 10] = 8;
	mend(out_view(&file), file.data);
	CHECK_ERROR(CELLA_LIMIT, cmdline, "a command line of 2053 bytes, at most 2047",
		    eif_parse(out_view(&file), &image, &err));
	CHECK_ERROR(CELLA_LIMIT, 0, "at most 2147483648",
		    eif_parse(bytes_of(file.data, EIF_MAX + 1), &image, &err));
	CHECK_INT(0, eif_missing(bytes_of("zzz", 3)));
	CHECK_INT(EIF_HEADER_LEN, eif_missing(bytes_of(NULL, 0)));
}

static void not_written(void **state)
{
	static uint8_t long_line[EIF_CMDLINE_MAX + 1];
	const struct {
		const char *name;
		struct eif parts;
		enum cella_status status;
		const char *text;
	} rows[] = {
		{ "no kernel",
		  { .cmdline = parts.cmdline, .num_ramdisks = 1 },
		  CELLA_MALFORMED,
		  "the kernel is empty" },
		{ "no ramdisk", { .kernel = parts.kernel }, CELLA_USAGE, "no ramdisk" },
		{ "an empty ramdisk",
		  { .kernel = parts.kernel,
		    .metadata = parts.metadata,
		    .num_ramdisks = 1 },
		  CELLA_MALFORMED,
		  "the ramdisk is empty" },
		{ "29 ramdisks", { .num_ramdisks = 29 }, CELLA_LIMIT, "at most 28" },
		{ "a long command line",
		  { .kernel = parts.kernel,
		    .cmdline = bytes_of(long_line, sizeof long_line),
		    .metadata = parts.metadata,
		    .ramdisks = { parts.kernel },
		    .num_ramdisks = 1 },
		  CELLA_LIMIT,
		  "at most 2047" },
		{ "control characters",
		  { .kernel = parts.kernel,
		    .cmdline = bytes_of("a\nb", 3),
		    .metadata = parts.metadata,
		    .ramdisks = { parts.kernel },
		    .num_ramdisks = 1 },
		  CELLA_MALFORMED,
		  "byte 0x0a at 1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct out file CLEANUP(out_done) = { 0 };
		struct cella_error err = { 0 };

		CASE(rows[i].name);
		CHECK_STATUS(rows[i].status, eif_write(&rows[i].parts, &file, &err));
		CHECK_TEXT_HAS(err.text, rows[i].text);
		CHECK_INT(0, file.len);
	}
}

static void extended(const char *contents, uint8_t out[SHA384_LEN])
{
	const struct cella_bytes view = bytes_from_text(contents);
	uint8_t both[2 * SHA384_LEN] = { 0 };
	const struct cella_bytes extension = bytes_of(both, sizeof both);
	struct cella_error err = { 0 };

	CHECK_OK(crypto_digest(CRYPTO_SHA384, &view, 1, both + SHA384_LEN, &err));
	CHECK_OK(crypto_digest(CRYPTO_SHA384, &extension, 1, out, &err));
}

static void nitro_pcrs(void **state)
{
	struct cella_error err = { 0 };
	struct eif_nitro pcrs = { 0 };
	uint8_t expected[SHA384_LEN];
	struct eif one = parts;

	(void)state;
	CHECK_OK(eif_nitro(&parts, &pcrs, &err));
	extended("kernel bytesquietfirstsecond!", expected);
	CHECK_BYTES(expected, SHA384_LEN, bytes_of(pcrs.pcr0, SHA384_LEN));
	extended("kernel bytesquietfirst", expected);
	CHECK_BYTES(expected, SHA384_LEN, bytes_of(pcrs.pcr1, SHA384_LEN));
	extended("second!", expected);
	CHECK_BYTES(expected, SHA384_LEN, bytes_of(pcrs.pcr2, SHA384_LEN));
	one.num_ramdisks = 1;
	CHECK_OK(eif_nitro(&one, &pcrs, &err));
	extended("", expected);
	CHECK_BYTES(expected, SHA384_LEN, bytes_of(pcrs.pcr2, SHA384_LEN));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_and_read),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(every_byte_matters),
		cmocka_unit_test(hostile_images),
		cmocka_unit_test(not_larger_than_it_may_be),
		cmocka_unit_test(not_written),
		cmocka_unit_test(nitro_pcrs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
