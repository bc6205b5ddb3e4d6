/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "verify/cache.h"

/* A value that knows how many hold it. */
struct value {
	int refs;
	int id;
};

static void *ref_value(void *value)
{
	((struct value *)value)->refs++;
	return value;
}

static void unref_value(void *value)
{
	((struct value *)value)->refs--;
}

static const struct cache_kind kind = { ref_value, unref_value };

/* Keys of one set differ only behind the bytes that choose the set. */
static void make_key(uint8_t key[SHA256_LEN], uint8_t set, uint8_t n)
{
	memset(key, 0, SHA256_LEN);
	key[7] = set;
	key[31] = n;
}

static void values_are_kept_and_released(void **state)
{
	struct value value = { 1, 7 };
	uint8_t key[SHA256_LEN];
	struct cella_error err = { 0 };
	struct cache cache;

	(void)state;
	CHECK_OK(cache_init(&cache, &kind, 100, &err));
	make_key(key, 1, 1);
	assert_null(cache_find(&cache, key));
	cache_put(&cache, key, &value);
	CHECK_INT(2, value.refs);
	assert_ptr_equal(&value, cache_find(&cache, key));
	CHECK_INT(3, value.refs);
	/* What is known already stays. */
	cache_put(&cache, key, &value);
	CHECK_INT(3, value.refs);
	make_key(key, 1, 2);
	assert_null(cache_find(&cache, key));
	cache_done(&cache);
	CHECK_INT(2, value.refs);
	cache_done(&cache);
}

static void first_value_of_a_key_stays(void **state)
{
	struct value first = { 1, 1 }, second = { 1, 2 };
	uint8_t key[SHA256_LEN];
	struct cella_error err = { 0 };
	struct cache cache;

	(void)state;
	CHECK_OK(cache_init(&cache, &kind, 1, &err));
	make_key(key, 0, 1);
	cache_put(&cache, key, &first);
	cache_put(&cache, key, &second);
	CHECK_INT(1, second.refs);
	assert_ptr_equal(&first, cache_find(&cache, key));
	cache_done(&cache);
}

static void full_set_forgets_what_was_used_longest_ago(void **state)
{
	struct value values[CACHE_WAYS + 1] = { 0 };
	uint8_t keys[CACHE_WAYS + 1][SHA256_LEN];
	struct cella_error err = { 0 };
	struct cache cache;

	(void)state;
	CHECK_OK(cache_init(&cache, &kind, 64, &err));
	for (size_t i = 0; i < CACHE_WAYS; i++) {
		make_key(keys[i], 3, (uint8_t)i);
		cache_put(&cache, keys[i], &values[i]);
	}
	/* Only 1 has not been used since. */
	for (size_t i = 0; i < CACHE_WAYS; i++)
		if (i != 1)
			assert_non_null(cache_find(&cache, keys[i]));
	make_key(keys[CACHE_WAYS], 3, CACHE_WAYS);
	cache_put(&cache, keys[CACHE_WAYS], &values[CACHE_WAYS]);
	for (size_t i = 0; i <= CACHE_WAYS; i++)
		CHECK_INT(i != 1, cache_find(&cache, keys[i]) != NULL);
	CHECK_INT(0, values[1].refs);
	cache_done(&cache);
}

/* However many are put in, no more are held than were asked for, rounded up. */
static void memory_is_bounded(void **state)
{
	static const size_t capacities[] = { 1, 4, 5, 100, 1000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(capacities); i++) {
		struct value value = { 0 };
		struct cella_error err = { 0 };
		struct cache cache;

		CHECK_OK(cache_init(&cache, &kind, capacities[i], &err));
		CHECK_TRUE(cache.num_sets * CACHE_WAYS >= capacities[i]);
		CHECK_TRUE(cache.num_sets * CACHE_WAYS < 2 * capacities[i] + CACHE_WAYS);
		for (uint32_t k = 0; k < 5000; k++) {
			uint8_t key[SHA256_LEN] = { 0 };

			memcpy(key + 4, &k, sizeof k);
			cache_put(&cache, key, &value);
		}
		CHECK_TRUE(value.refs <= (int)(cache.num_sets * CACHE_WAYS));
		cache_done(&cache);
		CHECK_INT(0, value.refs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_kept_and_released),
		cmocka_unit_test(first_value_of_a_key_stays),
		cmocka_unit_test(full_set_forgets_what_was_used_longest_ago),
		cmocka_unit_test(memory_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
