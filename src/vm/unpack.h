/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading foreign archives by a process apart.
 *
 * cella-unpack links libarchive, reads an archive on its standard input and tells what is in
 * it on its standard output, in records that are easy to check:
 *
 *   u8 kind  u8 executable  u32 length of path  u32 length of target  u64 size
 *   path  target  contents
 *
 * all little endian. A whole archive ends with a record UNPACK_END; UNPACK_FAILED has a
 * sentence for its path. The process may do nothing but read, write and allocate: whoever
 * takes it over has an archive's contents, which were foreign before.
 */
#ifndef VM_UNPACK_H
#define VM_UNPACK_H

#include "vm/rootfs.h"

enum { UNPACK_HEADER_LEN = 1 + 1 + 4 + 4 + 8, UNPACK_TEXT_MAX = ROOTFS_PATH_MAX };

enum unpack_kind {
	UNPACK_FILE = 'f',
	UNPACK_DIRECTORY = 'd',
	UNPACK_LINK = 'l',
	UNPACK_SAME = 'h',  /* another name of the file target */
	UNPACK_OTHER = 'o', /* a device, pipe or socket */
	UNPACK_END = 'e',
	UNPACK_FAILED = '!',
};

/* Names of the forms, as cella-unpack's first argument. */
#define UNPACK_TAR "tar" /* not compressed, or by gzip, zstd, xz */
#define UNPACK_AR "ar"   /* a Debian package's outer form */
#define UNPACK_RAW "raw" /* one compressed file of at most MODULE_MAX_LEN */

struct unpack_entry {
	enum unpack_kind kind;
	bool executable;
	const char *path;
	const char *target;       /* of UNPACK_LINK and UNPACK_SAME */
	struct contents contents; /* of UNPACK_FILE: stored already */
};

typedef enum cella_status (*unpack_visit)(void *context, const struct unpack_entry *entry,
					  struct cella_error *err);

/*
 * unpack() has the archive that is a part of a file told to visit(), entry by entry; files'
 * contents go into the tree's store, whose limit bounds them all. what names the archive in
 * errors. CELLA_MISSING when cella-unpack is not installed.
 */
enum cella_status unpack(struct rootfs *store, const char *form, int fd,
			 const struct contents *part, const char *what,
			 unpack_visit visit, void *context,
			 struct cella_error *err) MUST_CHECK;

#endif
