/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents on disk, between runs and for all processes of a user (doc/cache.md).
 *
 * Contents are files named by their own SHA-256; small records say which content answers
 * which question and for how long. Both appear whole or not at all, at whatever moment a
 * writer dies, and both are checked by digest whenever they are read: what does not fit is
 * as good as absent. The cache adds speed, never trust.
 */
#ifndef FETCH_DISK_CACHE_H
#define FETCH_DISK_CACHE_H

#include "base/bytes.h"

enum { CACHE_KEY_MAX = 1280, CACHE_SOURCE_MAX = 2048 };

struct disk_cache;

/* struct cache_entry - an answer and what is known of it. */
struct cache_entry {
	struct out response; /* owned */
	char source[CACHE_SOURCE_MAX + 1];
	int64_t fetched; /* seconds since 1970 */
	int64_t stale;   /* from when on the server wants to be asked again */
	int64_t expires; /* the document's own end */
};

static inline void cache_entry_done(struct cache_entry *entry)
{
	out_done(&entry->response);
}

/*
 * disk_cache_open() opens a cache, and makes it if asked to. CELLA_IO when it cannot be used: it
 * belongs to somebody else, others may write to it, or it is not there and cannot be made.
 * One that can only be read is good for reading.
 */
enum cella_status disk_cache_open(const char *path, bool make, struct disk_cache **out,
				  struct cella_error *err) MUST_CHECK;
void disk_cache_close(struct disk_cache *cache);

static inline void disk_cache_cleanup(struct disk_cache **cache)
{
	disk_cache_close(*cache);
}

/*
 * disk_cache_find() reads the answer to a question; *found is false when there is none, or none
 * that is whole.
 */
enum cella_status disk_cache_find(const struct disk_cache *cache, const char *key,
				  struct cache_entry *out, bool *found,
				  struct cella_error *err) MUST_CHECK;

/* disk_cache_put() keeps an answer in the place of an older one. */
enum cella_status disk_cache_put(const struct disk_cache *cache, const char *key,
				 const struct cache_entry *entry,
				 struct cella_error *err) MUST_CHECK;

/*
 * disk_cache_lock() keeps other processes from asking the same question meanwhile. *fd is for
 * disk_cache_unlock(); -1 when the cache has no room for locks, or when another has held this
 * one until deadline_ms, a moment of CLOCK_MONOTONIC. True when another had it before.
 */
bool disk_cache_lock(const struct disk_cache *cache, const char *key, int64_t deadline_ms,
		     int *fd);
void disk_cache_unlock(const int *fd);

#endif
