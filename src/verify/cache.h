/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded, shared memory for facts that no date and no policy can change. Keys are
 * hashes of all inputs of the fact; values are reference-counted. A full set forgets the
 * entry that was used longest ago.
 */
#ifndef VERIFY_CACHE_H
#define VERIFY_CACHE_H

#include <pthread.h>

#include "base/bytes.h"
#include "crypto/crypto.h"

/* How a cache holds and drops its values. */
struct cache_kind {
	void *(*ref)(void *value);
	void (*unref)(void *value);
};

enum { CACHE_WAYS = 4, CACHE_LOCKS = 16 };

struct cache_entry {
	uint8_t key[SHA256_LEN];
	void *value; /* NULL: free */
	uint64_t used;
};

struct cache {
	const struct cache_kind *kind;
	struct cache_entry *entries; /* sets of CACHE_WAYS */
	size_t num_sets;             /* a power of two */
	pthread_mutex_t locks[CACHE_LOCKS];
	uint64_t clocks[CACHE_LOCKS];
};

/* cache_init() makes room for at least capacity entries. */
enum cella_status cache_init(struct cache *cache, const struct cache_kind *kind,
			     size_t capacity, struct cella_error *err) MUST_CHECK;
void cache_done(struct cache *cache);

/* cache_find() returns a new reference, or NULL. */
void *cache_find(struct cache *cache, const uint8_t key[SHA256_LEN]);

/* cache_put() remembers a value and takes a reference of its own. */
void cache_put(struct cache *cache, const uint8_t key[SHA256_LEN], void *value);

#endif
