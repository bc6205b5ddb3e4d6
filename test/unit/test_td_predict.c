/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers of trust domains, before there is one: the kernel's digest is compared with what a
 * real kernel's signature says, the order of events with a real log, MRTD with a value that
 * another program has calculated.
 */
#include "log_maker.h"

#include "base/encode.h"
#include "vm/td_predict.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

/* --- firmware ------------------------------------------------------------------------ */

enum {
	FIRMWARE_LEN = 16384,
	METADATA_AT = 0x100,
	NUM_AT = METADATA_AT + 12,
	VERSION_AT = METADATA_AT + 8,
	FIRST_SECTION_AT = METADATA_AT + 16,
	FOOTER_AT = FIRMWARE_LEN - 48,
	TABLE_LEN_AT = FOOTER_AT - 2,
	OTHER_LEN_AT = TABLE_LEN_AT - 18,
	TDVF_GUID_AT = TABLE_LEN_AT - 22 - 16,
	PLACE_AT = TABLE_LEN_AT - 44,
};

static void put(uint8_t *at, uint64_t value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static void put_hex(uint8_t *at, const char *hex)
{
	for (size_t i = 0; hex[2 * i] != '\0'; i++) {
		const char digits[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		at[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
}

/* A measured section that the file fills in part, one that is added alone, one that is not. */
static uint8_t *make_firmware(void)
{
	static const uint64_t sections[][6] = {
		{ 0x1000, 0x1200, 0xffffc000, 0x2000, 0, 1 },
		{ 0, 0, 0x809000, 0x1000, 2, 0 },
		{ 0, 0, 0x810000, 0x1000, 3, 2 },
	};
	static const size_t lens[] = { 4, 4, 8, 8, 4, 4 };
	uint8_t *const firmware = malloc(FIRMWARE_LEN);
	uint8_t *at;

	for (size_t i = 0; i < FIRMWARE_LEN; i++)
		firmware[i] = (uint8_t)(i * 7 + 3);
	memcpy(firmware + METADATA_AT, "TDVF", 4);
	put(firmware + METADATA_AT + 4, 16 + 32 * ARRAY_LEN(sections), 4);
	put(firmware + VERSION_AT, 1, 4);
	put(firmware + NUM_AT, ARRAY_LEN(sections), 4);
	at = firmware + FIRST_SECTION_AT;
	for (size_t i = 0; i < ARRAY_LEN(sections); i++)
		for (size_t j = 0; j < ARRAY_LEN(lens); j++) {
			put(at, sections[i][j], lens[j]);
			at += lens[j];
		}
	put(firmware + PLACE_AT, FIRMWARE_LEN - METADATA_AT, 4);
	put(firmware + PLACE_AT + 4, 22, 2);
	put_hex(firmware + TDVF_GUID_AT, "35657ae44a989847865e4685a7bf8ec2");
	put(firmware + OTHER_LEN_AT - 4, 1, 4);
	put(firmware + OTHER_LEN_AT, 22, 2);
	put_hex(firmware + OTHER_LEN_AT + 2, "666588dc4a989847a75e5585a7bf67cc");
	put(firmware + TABLE_LEN_AT, 44 + 18, 2);
	put_hex(firmware + FOOTER_AT, "de82b596b21ff745baeaa366c55a082d");
	return firmware;
}

static void firmware_measures_to_mrtd(void **state)
{
	static const char expected[] =
		"cd3f3ad2c8e2a4363267402d2966738ffa19a61363df365ea7d4fe89202107e5729e8d97c3e8195188de3061d471f662";
	uint8_t *firmware CLEANUP_FREE = make_firmware();
	struct td_digest mrtd = { { 0 } };
	struct cella_error err = { 0 };
	char hex[2 * SHA384_LEN + 1];

	(void)state;
	CHECK_OK(td_firmware_mrtd(bytes_of(firmware, FIRMWARE_LEN), &mrtd, &err));
	CHECK_TEXT(expected, hex_format(bytes_of(mrtd.bytes, SHA384_LEN), hex));
}

static const struct {
	const char *name;
	size_t at;
	uint64_t value;
	size_t len;
	enum cella_status status;
	const char *text;
} bad_firmware[] = {
	{ "no footer", FOOTER_AT, 0, 1, CELLA_UNSUPPORTED, "no table of GUIDs" },
	{ "empty table", TABLE_LEN_AT, 0, 2, CELLA_UNSUPPORTED, "no metadata" },
	{ "short entry", OTHER_LEN_AT, 17, 2, CELLA_MALFORMED, "an entry of 17" },
	{ "long entry", OTHER_LEN_AT, 45, 2, CELLA_MALFORMED, "an entry of 45" },
	{ "no entry", TDVF_GUID_AT, 0, 1, CELLA_UNSUPPORTED, "no metadata" },
	{ "place before", PLACE_AT, FIRMWARE_LEN + 1, 4, CELLA_MALFORMED,
	  "before its beginning" },
	{ "place at the end", PLACE_AT, 0, 4, CELLA_MALFORMED, "begin with TDVF" },
	{ "signature", METADATA_AT, 0, 1, CELLA_MALFORMED, "begin with TDVF" },
	{ "version", VERSION_AT, 2, 4, CELLA_UNSUPPORTED, "another version" },
	{ "no section", NUM_AT, 0, 4, CELLA_LIMIT, "0 sections" },
	{ "many sections", NUM_AT, 65, 4, CELLA_LIMIT, "65 sections" },
	{ "behind the end", FIRST_SECTION_AT, FIRMWARE_LEN - 0x11ff, 4, CELLA_MALFORMED,
	  "section 0 ends behind" },
	{ "far behind", FIRST_SECTION_AT + 4, UINT32_MAX, 4, CELLA_MALFORMED,
	  "section 0 ends behind" },
	{ "no whole page", FIRST_SECTION_AT + 16, 0x1800, 8, CELLA_MALFORMED,
	  "section 0: 6144 bytes" },
	{ "at no page", FIRST_SECTION_AT + 8, 0x10, 8, CELLA_MALFORMED, "at 0x10" },
	{ "too much", FIRST_SECTION_AT + 16, 1ULL << 40, 8, CELLA_MALFORMED,
	  "section 0" },
	{ "less than the file's", FIRST_SECTION_AT + 16, 0x1000, 8, CELLA_MALFORMED,
	  "for 4608 bytes" },
};

static void firmware_of_other_kinds_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad_firmware); i++) {
		uint8_t *firmware CLEANUP_FREE = make_firmware();
		struct td_digest mrtd = { { 0x5a } };
		struct cella_error err = { 0 };

		CASE(bad_firmware[i].name);
		put(firmware + bad_firmware[i].at, bad_firmware[i].value,
		    bad_firmware[i].len);
		CHECK_STATUS(
			bad_firmware[i].status,
			td_firmware_mrtd(bytes_of(firmware, FIRMWARE_LEN), &mrtd, &err));
		CHECK_TEXT_HAS(err.text, bad_firmware[i].text);
		CHECK_INT(0x5a, mrtd.bytes[0]);
	}
}

/* Its table is at its end: a part of it may be a firmware, but not the same one. */
static void no_part_of_firmware_does_harm(void **state)
{
	uint8_t *firmware CLEANUP_FREE = make_firmware();
	struct td_digest whole;
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(td_firmware_mrtd(bytes_of(firmware, FIRMWARE_LEN), &whole, &err));
	for (size_t len = 0; len < FIRMWARE_LEN; len += len < 200 ? 1 : 97) {
		uint8_t *copy CLEANUP_FREE = malloc(len + 1);
		struct td_digest mrtd;

		memcpy(copy, firmware + FIRMWARE_LEN - len, len);
		if (td_firmware_mrtd(bytes_of(copy, len), &mrtd, &err) == CELLA_OK)
			CHECK_TRUE(memcmp(&whole, &mrtd, sizeof mrtd) != 0);
		err = (struct cella_error){ 0 };
	}
}

/* --- kernels ------------------------------------------------------------------------- */

enum {
	PE_LEN = 0x600,
	PE_AT = 0x40,
	OPTIONAL_AT = PE_AT + 24,
	SECTIONS_AT = OPTIONAL_AT + 240,
	HEADERS_LEN = 0x200,
	SIGNATURE_LEN = 0x80,
};

/* Two sections, against their order in the file; 0x80 bytes behind them, and a signature. */
static void make_kernel(uint8_t kernel[PE_LEN])
{
	static const uint32_t sections[][2] = { { 0x100, 0x400 }, { 0x200, 0x200 } };

	for (size_t i = 0; i < PE_LEN; i++)
		kernel[i] = (uint8_t)(i * 5 + 1);
	put(kernel + 0x3c, PE_AT, 4);
	memcpy(kernel + PE_AT, "PE\0\0", 4);
	put(kernel + PE_AT + 6, ARRAY_LEN(sections), 2);
	put(kernel + PE_AT + 20, SECTIONS_AT - OPTIONAL_AT, 2);
	put(kernel + OPTIONAL_AT, 0x20b, 2);
	put(kernel + OPTIONAL_AT + 60, HEADERS_LEN, 4);
	put(kernel + OPTIONAL_AT + 108, 16, 4);
	put(kernel + OPTIONAL_AT + 112 + 4 * 8, PE_LEN - SIGNATURE_LEN, 4);
	put(kernel + OPTIONAL_AT + 112 + 4 * 8 + 4, SIGNATURE_LEN, 4);
	for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
		put(kernel + SECTIONS_AT + 40 * i + 16, sections[i][0], 4);
		put(kernel + SECTIONS_AT + 40 * i + 20, sections[i][1], 4);
	}
}

static void a_kernel_is_hashed_without_its_signature(void **state)
{
	uint8_t kernel[PE_LEN];
	uint8_t digest[SHA384_LEN];
	uint8_t expected[SHA384_LEN];
	uint8_t signed_again[SHA384_LEN];
	struct cella_error err = { 0 };
	struct cella_bytes parts[3];

	(void)state;
	make_kernel(kernel);
	parts[0] = bytes_of(kernel, OPTIONAL_AT + 64);
	parts[1] = bytes_of(kernel + OPTIONAL_AT + 68, 112 + 32 - 68);
	parts[2] = bytes_of(kernel + OPTIONAL_AT + 112 + 40,
			    PE_LEN - SIGNATURE_LEN - OPTIONAL_AT - 112 - 40);
	CHECK_OK(crypto_digest(CRYPTO_SHA384, parts, 3, expected, &err));
	CHECK_OK(td_kernel_digest(bytes_of(kernel, PE_LEN), CRYPTO_SHA384, digest, &err));
	CHECK_INT(0, memcmp(expected, digest, sizeof digest));
	/* Another signature, another checksum: the same kernel. */
	kernel[PE_LEN - 1] ^= 1;
	kernel[OPTIONAL_AT + 64] ^= 1;
	CHECK_OK(td_kernel_digest(bytes_of(kernel, PE_LEN), CRYPTO_SHA384, signed_again,
				  &err));
	CHECK_INT(0, memcmp(digest, signed_again, sizeof digest));
	kernel[0x300] ^= 1;
	CHECK_OK(td_kernel_digest(bytes_of(kernel, PE_LEN), CRYPTO_SHA384, signed_again,
				  &err));
	CHECK_TRUE(memcmp(digest, signed_again, sizeof digest) != 0);
}

static const struct {
	const char *name;
	size_t at;
	uint64_t value;
	size_t len;
	enum cella_status status;
	const char *text;
} bad_kernels[] = {
	{ "no header", 0x3c, PE_LEN, 4, CELLA_UNSUPPORTED, "is no PE file" },
	{ "another header", PE_AT, 0, 1, CELLA_UNSUPPORTED, "is no PE file" },
	{ "of 32 bits", OPTIONAL_AT, 0x10b, 2, CELLA_UNSUPPORTED, "no 64-bit PE" },
	{ "no directory", OPTIONAL_AT + 108, 4, 4, CELLA_UNSUPPORTED, "no place" },
	{ "short headers", OPTIONAL_AT + 60, 0x40, 4, CELLA_MALFORMED, "headers of 64" },
	{ "long headers", OPTIONAL_AT + 60, PE_LEN + 1, 4, CELLA_MALFORMED,
	  "headers of" },
	{ "many sections", PE_AT + 6, 33, 2, CELLA_LIMIT, "33 sections" },
	{ "section behind", SECTIONS_AT + 20, PE_LEN - 0xff, 4, CELLA_MALFORMED,
	  "section 0 ends behind" },
	{ "sections overlap", SECTIONS_AT + 16, PE_LEN - 0x400, 4, CELLA_MALFORMED,
	  "overlap" },
	{ "signature too long", OPTIONAL_AT + 112 + 36, PE_LEN, 4, CELLA_MALFORMED,
	  "overlap" },
};

static void kernels_of_other_kinds_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad_kernels); i++) {
		uint8_t kernel[PE_LEN];
		uint8_t digest[SHA384_LEN];
		struct cella_error err = { 0 };

		CASE(bad_kernels[i].name);
		make_kernel(kernel);
		put(kernel + bad_kernels[i].at, bad_kernels[i].value, bad_kernels[i].len);
		CHECK_STATUS(bad_kernels[i].status,
			     td_kernel_digest(bytes_of(kernel, PE_LEN), CRYPTO_SHA384,
					      digest, &err));
		CHECK_TEXT_HAS(err.text, bad_kernels[i].text);
	}
}

static void no_beginning_of_a_kernel_does_harm(void **state)
{
	uint8_t kernel[PE_LEN];

	(void)state;
	make_kernel(kernel);
	for (size_t len = 0; len < PE_LEN - SIGNATURE_LEN; len++) {
		uint8_t *copy CLEANUP_FREE = malloc(len + 1);
		uint8_t digest[SHA384_LEN];
		struct cella_error err = { 0 };

		memcpy(copy, kernel, len);
		CHECK_TRUE(td_kernel_digest(bytes_of(copy, len), CRYPTO_SHA384, digest,
					    &err) != CELLA_OK);
	}
}

static uint32_t u32_at(struct cella_bytes file, size_t at)
{
	return file.data[at] | (uint32_t)file.data[at + 1] << 8 |
	       (uint32_t)file.data[at + 2] << 16 | (uint32_t)file.data[at + 3] << 24;
}

static bool is_signed(struct cella_bytes kernel)
{
	return u32_at(kernel, u32_at(kernel, 0x3c) + 24 + 112 + 4 * 8 + 4) > 0;
}

/* What a distribution has signed says its own digest, which is of the same bytes. */
static void a_real_kernel_s_signature_says_the_same(void **state)
{
	const char *const folder = getenv("CELLA_KERNEL");
	char pattern[512];
	glob_t found = { 0 };
	struct out file CLEANUP(out_done) = { 0 };
	uint8_t digest[SHA256_LEN];
	uint8_t chunk[4096];
	struct cella_error err = { 0 };
	FILE *stream;
	size_t got;

	(void)state;
	assert_non_null(folder);
	snprintf(pattern, sizeof pattern, "%s/boot/vmlinuz-*", folder);
	CHECK_INT(0, glob(pattern, 0, NULL, &found));
	stream = fopen(found.gl_pathv[0], "re");
	globfree(&found);
	CHECK_TRUE(stream != NULL);
	while ((got = fread(chunk, 1, sizeof chunk, stream)) > 0)
		out_bytes(&file, chunk, got);
	fclose(stream);
	CHECK_OK(td_kernel_digest(out_view(&file), CRYPTO_SHA256, digest, &err));
	if (!is_signed(out_view(&file)))
		skip();
	CHECK_TRUE(memmem(file.data, file.len, digest, sizeof digest) != NULL);
}

/* --- registers ----------------------------------------------------------------------- */

static void nth_of(const struct cella_event_log *log, unsigned reg, size_t skipped,
		   struct td_digest *out)
{
	const struct event *event = NULL;
	size_t pos = 0;

	for (size_t i = 0; i <= skipped; i++)
		event = event_log_next(log, reg, &pos);
	CHECK_TRUE(event != NULL);
	memcpy(out->bytes, event_digest(log, event, 0).data, SHA384_LEN);
}

/* The log of a real trust domain that was booted so: by its three digests, its registers. */
static void a_real_log_has_this_order(void **state)
{
	struct out bytes = vector_read("ccel/ovmf.ccel");
	struct cella_event_log *const log = log_parse(&bytes);
	struct td_events events;
	struct td_rtmrs rtmrs;
	struct cella_error err = { 0 };

	(void)state;
	nth_of(log, 1, 0, &events.kernel);
	nth_of(log, 2, 0, &events.cmdline);
	nth_of(log, 2, 1, &events.ramdisk);
	CHECK_OK(td_fold(&events, &rtmrs, &err));
	/* As the registers of its quote begin. */
	CHECK_INT(0, memcmp(rtmrs.rtmr1.bytes, "\x77\x5b\x9f", 3));
	CHECK_INT(0, memcmp(rtmrs.rtmr2.bytes, "\x94\xea\xf7", 3));
	cella_event_log_unref(log);
	out_done(&bytes);
}

/* Each part is in its own digest, and in no other. */
static void each_part_has_its_digest(void **state)
{
	uint8_t kernel[PE_LEN];
	const struct cella_bytes ramdisks[] = { bytes_from_text("one"),
						bytes_from_text("two") };
	const struct cella_bytes both = bytes_from_text("onetwo");
	const struct cella_bytes wide = bytes_of(
		"q\0u\0i\0e\0t\0 \0i\0n\0i\0t\0r\0d\0=\0i\0n\0i\0t\0r\0d\0\0\0", 40);
	uint8_t expected[SHA384_LEN];
	struct td_events events;
	struct cella_error err = { 0 };

	(void)state;
	make_kernel(kernel);
	CHECK_OK(td_events_of(bytes_of(kernel, PE_LEN), bytes_from_text("quiet"),
			      ramdisks, ARRAY_LEN(ramdisks), &events, &err));
	CHECK_OK(crypto_digest(CRYPTO_SHA384, &both, 1, expected, &err));
	CHECK_INT(0, memcmp(expected, events.ramdisk.bytes, SHA384_LEN));
	CHECK_OK(crypto_digest(CRYPTO_SHA384, &wide, 1, expected, &err));
	CHECK_INT(0, memcmp(expected, events.cmdline.bytes, SHA384_LEN));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(firmware_measures_to_mrtd),
		cmocka_unit_test(firmware_of_other_kinds_is_refused),
		cmocka_unit_test(no_part_of_firmware_does_harm),
		cmocka_unit_test(a_kernel_is_hashed_without_its_signature),
		cmocka_unit_test(kernels_of_other_kinds_are_refused),
		cmocka_unit_test(no_beginning_of_a_kernel_does_harm),
		cmocka_unit_test(each_part_has_its_digest),
	};
	const struct CMUnitTest real[] = {
		cmocka_unit_test(a_real_log_has_this_order),
	};

	const struct CMUnitTest kernel[] = {
		cmocka_unit_test(a_real_kernel_s_signature_says_the_same),
	};

	if (asks_for_real(argc, argv))
		return has_folder("CELLA_VECTORS")
			       ? cmocka_run_group_tests(real, NULL, NULL)
			       : 0;
	if (argc == 2 && strcmp(argv[1], "kernel") == 0)
		return has_folder("CELLA_KERNEL")
			       ? cmocka_run_group_tests(kernel, NULL, NULL)
			       : 0;

	return cmocka_run_group_tests(tests, NULL, NULL);
}
