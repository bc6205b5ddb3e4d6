/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tidying a disk cache: what writers that died left behind, and contents that no record
 * names any more.
 */
#ifndef FETCH_CACHE_SWEEP_H
#define FETCH_CACHE_SWEEP_H

#include "base/bytes.h"

/*
 * cache_enter() keeps others from sweeping while this process writes, as long as the
 * descriptor that it returns is open; -1 where that cannot be had, which costs a request
 * at worst. dir is the cache's folder.
 */
int cache_enter(int dir);
void cache_leave(const int *fd);

/*
 * cache_sweep() removes, once a day at most and only while nobody writes, contents that no
 * record names. now is in seconds since 1970.
 */
void cache_sweep(int dir, int64_t now);

/* cache_drop_leftovers() removes what has lain in tmp/ for longer than a writer takes. */
void cache_drop_leftovers(int dir, int64_t now);

#endif
