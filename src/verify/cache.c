/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The set-associative cache.
 */
#include "verify/cache.h"

#include <string.h>

enum cella_status cache_init(struct cache *cache, const struct cache_kind *kind,
			     size_t capacity, struct cella_error *err)
{
	size_t num_sets = 1;

	*cache = (struct cache){ .kind = kind };
	while (num_sets < (capacity + CACHE_WAYS - 1) / CACHE_WAYS)
		num_sets *= 2;
	cache->entries = calloc(num_sets * CACHE_WAYS, sizeof *cache->entries);
	if (cache->entries == NULL)
		return error_nomem(err);
	cache->num_sets = num_sets;
	for (size_t i = 0; i < CACHE_LOCKS; i++)
		pthread_mutex_init(&cache->locks[i], NULL);
	return CELLA_OK;
}

void cache_done(struct cache *cache)
{
	if (cache->entries == NULL)
		return;
	for (size_t i = 0; i < cache->num_sets * CACHE_WAYS; i++)
		if (cache->entries[i].value != NULL)
			cache->kind->unref(cache->entries[i].value);
	for (size_t i = 0; i < CACHE_LOCKS; i++)
		pthread_mutex_destroy(&cache->locks[i]);
	free(cache->entries);
	*cache = (struct cache){ 0 };
}

static size_t set_of(const struct cache *cache, const uint8_t *key)
{
	size_t hash = 0;

	for (size_t i = 0; i < sizeof hash; i++)
		hash = hash << 8 | key[i];
	return hash & (cache->num_sets - 1);
}

static struct cache_entry *find(struct cache_entry *set, const uint8_t *key)
{
	for (size_t i = 0; i < CACHE_WAYS; i++)
		if (set[i].value != NULL && memcmp(set[i].key, key, SHA256_LEN) == 0)
			return &set[i];
	return NULL;
}

static struct cache_entry *oldest(struct cache_entry *set)
{
	struct cache_entry *victim = &set[0];

	for (size_t i = 0; i < CACHE_WAYS; i++) {
		if (set[i].value == NULL)
			return &set[i];
		if (set[i].used < victim->used)
			victim = &set[i];
	}
	return victim;
}

void *cache_find(struct cache *cache, const uint8_t key[SHA256_LEN])
{
	const size_t index = set_of(cache, key);
	const size_t lock = index % CACHE_LOCKS;
	struct cache_entry *entry;
	void *value = NULL;

	pthread_mutex_lock(&cache->locks[lock]);
	entry = find(&cache->entries[index * CACHE_WAYS], key);
	if (entry != NULL) {
		entry->used = ++cache->clocks[lock];
		value = cache->kind->ref(entry->value);
	}
	pthread_mutex_unlock(&cache->locks[lock]);
	return value;
}

void cache_put(struct cache *cache, const uint8_t key[SHA256_LEN], void *value)
{
	const size_t index = set_of(cache, key);
	const size_t lock = index % CACHE_LOCKS;
	void *dropped = NULL;

	pthread_mutex_lock(&cache->locks[lock]);
	/* Two threads may have worked out the same fact: the first one's stays. */
	if (find(&cache->entries[index * CACHE_WAYS], key) == NULL) {
		struct cache_entry *const entry =
			oldest(&cache->entries[index * CACHE_WAYS]);

		dropped = entry->value;
		entry->value = cache->kind->ref(value);
		entry->used = ++cache->clocks[lock];
		memcpy(entry->key, key, SHA256_LEN);
	}
	pthread_mutex_unlock(&cache->locks[lock]);
	if (dropped != NULL)
		cache->kind->unref(dropped);
}
