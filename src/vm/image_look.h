/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for an image: what is at its path now, and being woken when that changes. An image
 * is told by its header here; whether it is one, who starts it finds out.
 */
#ifndef VM_IMAGE_LOOK_H
#define VM_IMAGE_LOOK_H

#include "base/bytes.h"

#include <limits.h>

enum { IMAGE_LOOK_TEXT_MAX = 200 };

enum image_presence {
	IMAGE_ABSENT, /* or not readable */
	IMAGE_HALF,   /* begins like one, and is still shorter than it says */
	IMAGE_OTHER,  /* is no image */
	IMAGE_WHOLE,
};

/* Two looks at the same, unchanged file have the same. Zero is none. */
struct image_identity {
	uint64_t device;
	uint64_t inode;
	uint64_t size;
	int64_t changed_s;
	int64_t changed_ns;
};

struct image_look {
	enum image_presence presence;
	struct image_identity identity;
	char text[IMAGE_LOOK_TEXT_MAX]; /* why there is none to start */
};

/* image_look() looks at what is there now. */
void image_look(const char *path, struct image_look *out);

bool image_identity_equal(const struct image_identity *a, const struct image_identity *b);

/* struct image_watch - wakes when something happens where the image is, or is to be. */
struct image_watch {
	int fd; /* readable then; -1: the host has none */
	int id;
	char folder[PATH_MAX]; /* the nearest that exists */
};

#define IMAGE_WATCH_NONE ((struct image_watch){ .fd = -1, .id = -1 })

/*
 * image_watch_set() watches for a path, and is called again after each look, for folders
 * come and go. A host that has no watches to give leaves fd -1, or silent: whoever waits
 * looks from time to time, too.
 */
void image_watch_set(struct image_watch *watch, const char *path);

/* image_watch_drain() takes what has come. */
void image_watch_drain(struct image_watch *watch);

void image_watch_done(struct image_watch *watch);

#endif
