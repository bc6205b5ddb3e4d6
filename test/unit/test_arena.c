/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "base/arena.h"

static void memory_is_zeroed_aligned_and_apart(void **state)
{
	static const size_t sizes[] = { 1, 3, 16, 100, 4096, 5000, 1, 60000, 7 };
	uint8_t *blocks[ARRAY_LEN(sizes)];
	struct arena arena = { 0 };
	struct cella_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		blocks[i] = arena_alloc(&arena, sizes[i], 1);
		assert_non_null(blocks[i]);
		CHECK_INT(0, (uintptr_t)blocks[i] % _Alignof(max_align_t));
		CHECK_TRUE(bytes_are_zero(bytes_of(blocks[i], sizes[i])));
		memset(blocks[i], (int)i + 1, sizes[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		for (size_t k = 0; k < sizes[i]; k++)
			CHECK_INT(i + 1, blocks[i][k]);
	CHECK_OK(arena_status(&arena, &err));
	arena_done(&arena);
	assert_null(arena.chunks);
}

static void texts_of_any_length(void **state)
{
	struct arena arena = { 0 };
	struct cella_error err = { 0 };
	char expected[1000];

	(void)state;
	for (size_t len = 0; len < sizeof expected - 1; len++) {
		memset(expected, 'x', len);
		expected[len] = '\0';
		CHECK_TEXT(expected, arena_text(&arena, "%s", expected));
		CHECK_TEXT(expected, arena_copy(&arena, expected, len));
	}
	CHECK_TEXT("", arena_copy(&arena, NULL, 0));
	CHECK_TEXT("00ff7f", arena_hex(&arena, bytes_from("\0\xff\x7f")));
	CHECK_TEXT("", arena_hex(&arena, bytes_of(NULL, 0)));
	CHECK_OK(arena_status(&arena, &err));
	arena_done(&arena);
}

/* A product that wraps around must not look small. */
static void count_overflow(void **state)
{
	static const struct {
		size_t count, size;
	} rows[] = {
		{ SIZE_MAX, 2 },
		{ SIZE_MAX / 2 + 2, 2 },
		{ (size_t)1 << 33, (size_t)1 << 33 },
		{ SIZE_MAX / 4 + 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena arena = { 0 };
		struct cella_error err = { 0 };

		assert_null(arena_alloc(&arena, rows[i].count, rows[i].size));
		assert_null(arena_alloc(&arena, 1, 1));
		CHECK_TEXT("", arena_text(&arena, "%s", "text"));
		CHECK_TEXT("", arena_copy(&arena, "text", 4));
		CHECK_TEXT("", arena_hex(&arena, bytes_from("a")));
		CHECK_STATUS(CELLA_NOMEM, arena_status(&arena, &err));
		arena_done(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
		cmocka_unit_test(texts_of_any_length),
		cmocka_unit_test(count_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
