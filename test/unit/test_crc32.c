/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRC-32: the check value of its definition, and one value whatever the parts.
 */
#include "support.h"

#include "base/crc32.h"

static void known_values(void **state)
{
	const struct {
		const char *text;
		uint32_t value;
	} rows[] = {
		{ "", 0 },
		{ "a", 0xe8b7be43 },
		{ "123456789", 0xcbf43926 },
		{ "The quick brown fox jumps over the lazy dog", 0x414fa339 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct cella_bytes text = bytes_from_text(rows[i].text);

		CASE(rows[i].text);
		CHECK_INT(rows[i].value, crc32_of(&text, 1));
	}
}

static void parts_do_not_matter(void **state)
{
	const struct cella_bytes whole =
		bytes_from("The quick brown fox jumps over the lazy dog");

	(void)state;
	for (size_t cut = 0; cut <= whole.len; cut++) {
		const struct cella_bytes parts[] = {
			bytes_slice(whole, 0, cut),
			bytes_slice(whole, cut, whole.len - cut),
		};

		CHECK_INT(0x414fa339, crc32_of(parts, ARRAY_LEN(parts)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_values),
		cmocka_unit_test(parts_do_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
