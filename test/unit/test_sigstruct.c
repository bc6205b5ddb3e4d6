/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed enclaves, built here byte by byte.
 */
#include "support.h"

#include <cella/sigstruct.h>

#include "crypto/crypto.h"

enum {
	SIGSTRUCT_LEN = 1808,
	ELF_LEN = 64,
	SECTION_LEN = 64,
	NOTE_AT = 0x400,
	NOTE_LEN = 12 + 16 + 64 + SIGSTRUCT_LEN,
	NAMES_AT = 0x200,
	SECTIONS_AT = 0x1000,
	FILE_LEN = SECTIONS_AT + 3 * SECTION_LEN,
};

static const char names[] = "\0.shstrtab\0.note.sgxmeta";

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, (uint16_t)value);
	put16(at + 2, (uint16_t)(value >> 16));
}

static void put64(uint8_t *at, uint64_t value)
{
	put32(at, (uint32_t)value);
	put32(at + 4, (uint32_t)(value >> 32));
}

static void make_sigstruct(uint8_t *s)
{
	static const uint8_t header[12] = { 6, 0, 0, 0, 0xe1, 0, 0, 0, 0, 0, 1, 0 };
	static const uint8_t header2[16] = { 1,    1, 0, 0, 0x60, 0, 0, 0,
					     0x60, 0, 0, 0, 1,    0, 0, 0 };

	memset(s, 0, SIGSTRUCT_LEN);
	memcpy(s, header, sizeof header);
	memcpy(s + 24, header2, sizeof header2);
	memset(s + 128, 0xa5, 384);
	put32(s + 512, 3);
	put32(s + 900, 1);
	put32(s + 904, 0xfffffffe);
	memset(s + 912, 0x11, 16);
	s[928] = 4;
	s[936] = 3;
	memset(s + 944, 0xff, 16);
	s[944] = 0xfd;
	memset(s + 960, 0x22, 32);
	memset(s + 1008, 0x33, 16);
	put16(s + 1024, 7);
	put16(s + 1026, 9);
}

static void make_section(uint8_t *at, uint32_t name, uint64_t offset, uint64_t size)
{
	put32(at, name);
	put64(at + 24, offset);
	put64(at + 32, size);
}

static void make_enclave(uint8_t *file)
{
	uint8_t *const note = file + NOTE_AT;

	memset(file, 0, FILE_LEN);
	memcpy(file, "\177ELF\2\1\1", 7);
	put64(file + 40, SECTIONS_AT);
	put16(file + 58, SECTION_LEN);
	put16(file + 60, 3);
	put16(file + 62, 1);
	memcpy(file + NAMES_AT, names, sizeof names);
	make_section(file + SECTIONS_AT + SECTION_LEN, 1, NAMES_AT, sizeof names);
	make_section(file + SECTIONS_AT + 2 * SECTION_LEN, 11, NOTE_AT, NOTE_LEN);
	put32(note, 13);
	put32(note + 4, 64 + SIGSTRUCT_LEN);
	memcpy(note + 12, "sgx_metadata", 13);
	put64(note + 28, UINT64_C(0x86A80294635D0E4C));
	make_sigstruct(note + 28 + 64);
}

static void check_facts(const struct cella_sigstruct *sigstruct)
{
	const struct cella_facts *const facts = cella_sigstruct_facts(sigstruct);
	struct cella_bytes bytes = { 0 };
	uint8_t modulus[384];
	uint8_t mrsigner[SHA256_LEN];
	uint8_t mrenclave[32];
	uint64_t number = 0;

	memset(modulus, 0xa5, sizeof modulus);
	memset(mrenclave, 0x22, sizeof mrenclave);
	assert_int_equal(CELLA_OK, crypto_sha256(bytes_of(modulus, sizeof modulus),
						 mrsigner, NULL));
	assert_true(cella_facts_get(facts, CELLA_FACT_MRSIGNER, &bytes));
	CHECK_BYTES(mrsigner, SHA256_LEN, bytes);
	assert_true(cella_facts_get(facts, CELLA_FACT_MRENCLAVE, &bytes));
	CHECK_BYTES(mrenclave, 32, bytes);
	assert_true(cella_facts_get(facts, CELLA_FACT_SGX_ATTRIBUTES, &bytes));
	CHECK_BYTES("\4\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0", 16, bytes);
	assert_true(cella_facts_get_number(facts, CELLA_FACT_ISV_PROD_ID, &number));
	assert_int_equal(7, number);
	assert_true(cella_facts_get_number(facts, CELLA_FACT_ISV_SVN, &number));
	assert_int_equal(9, number);
	assert_true(cella_facts_get_number(facts, CELLA_FACT_MISCSELECT_MASK, &number));
	assert_int_equal(0xfffffffe, number);
}

static void an_enclave_and_its_sigstruct_tell_the_same(void **state)
{
	uint8_t file[FILE_LEN];
	uint8_t sigstruct_bytes[SIGSTRUCT_LEN];
	struct cella_sigstruct *sigstruct = NULL;
	struct cella_error err = { 0 };

	(void)state;
	make_enclave(file);
	CHECK_OK(cella_sigstruct_parse(file, sizeof file, &sigstruct, &err));
	check_facts(sigstruct);
	cella_sigstruct_free(sigstruct);
	make_sigstruct(sigstruct_bytes);
	CHECK_OK(cella_sigstruct_parse(sigstruct_bytes, sizeof sigstruct_bytes,
				       &sigstruct, &err));
	check_facts(sigstruct);
	cella_sigstruct_free(sigstruct);
}

struct change {
	const char *name;
	size_t at;
	uint32_t value;
	enum cella_status expected;
	const char *says;
};

static const struct change changes[] = {
	{ "not ELF", 0, 0, CELLA_MISSING, "neither a 64-bit ELF file" },
	{ "32 bits", 4, 0x00010101, CELLA_MISSING, "neither a 64-bit ELF file" },
	{ "sections outside", 40, 0xffffff00, CELLA_MALFORMED, "outside the file" },
	{ "sections at the end", 40, FILE_LEN - 100, CELLA_MALFORMED,
	  "outside the file" },
	{ "section size", 58, 0x00030028, CELLA_MISSING, "no usable table" },
	{ "too many sections", 60, 0x0001ffff, CELLA_MISSING, "no usable table" },
	{ "no names", 62, 9, CELLA_MISSING, "no usable table" },
	{ "names outside", SECTIONS_AT + SECTION_LEN + 24, 0xfffffff0, CELLA_MALFORMED,
	  "names of sections" },
	{ "name outside", SECTIONS_AT + 2 * SECTION_LEN, 0xfffffff0, CELLA_MISSING,
	  "no section .note.sgxmeta" },
	{ "another name", NAMES_AT + 12, 0x41414141, CELLA_MISSING,
	  "no section .note.sgxmeta" },
	{ "note outside", SECTIONS_AT + 2 * SECTION_LEN + 24, FILE_LEN, CELLA_MALFORMED,
	  ".note.sgxmeta" },
	{ "note too short", SECTIONS_AT + 2 * SECTION_LEN + 32, 100, CELLA_MALFORMED,
	  "needs" },
	{ "long name", NOTE_AT, 0xffffffff, CELLA_MALFORMED, "note.namesz" },
	{ "short name", NOTE_AT, 1, CELLA_MALFORMED, "note.namesz" },
	{ "foreign name", NOTE_AT + 12, 0x41414141, CELLA_MALFORMED, "note.name" },
	{ "not signed", NOTE_AT + 28, 0, CELLA_MALFORMED, "magic_num" },
	{ "header", NOTE_AT + 92, 0, CELLA_MALFORMED, "sigstruct: header" },
	{ "header2", NOTE_AT + 92 + 24, 0, CELLA_MALFORMED, "sigstruct: header2" },
	{ "exponent", NOTE_AT + 92 + 512, 65537, CELLA_MALFORMED, "exponent" },
};

static void broken_enclaves_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		uint8_t file[FILE_LEN];
		struct cella_sigstruct *sigstruct = NULL;
		struct cella_error err = { 0 };

		make_enclave(file);
		put32(file + changes[i].at, changes[i].value);
		CHECK_STATUS(changes[i].expected,
			     cella_sigstruct_parse(file, sizeof file, &sigstruct, &err));
		CHECK_TEXT_HAS(err.text, changes[i].says);
		assert_null(sigstruct);
	}
}

static void no_prefix_of_an_enclave_is_one(void **state)
{
	uint8_t file[FILE_LEN];

	(void)state;
	make_enclave(file);
	for (size_t len = 0; len < FILE_LEN; len++) {
		uint8_t *const copy = malloc(len + 1);
		struct cella_sigstruct *sigstruct = NULL;

		assert_non_null(copy);
		memcpy(copy, file, len);
		assert_int_not_equal(CELLA_OK,
				     cella_sigstruct_parse(copy, len, &sigstruct, NULL));
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_enclave_and_its_sigstruct_tell_the_same),
		cmocka_unit_test(broken_enclaves_are_refused),
		cmocka_unit_test(no_prefix_of_an_enclave_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
