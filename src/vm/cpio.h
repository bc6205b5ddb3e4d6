/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Initial ramdisks: cpio archives in the "newc" form, not compressed.
 *
 * The same tree makes the same bytes: directories before what is in them, names in the order
 * of bytes, everything root's, all times 0, modes 0755 or 0644 (links 0777), inode numbers
 * counted from 1, no link counts but 1 and 2, no devices.
 */
#ifndef VM_CPIO_H
#define VM_CPIO_H

#include "vm/rootfs.h"

enum { CPIO_HEADER_LEN = 110, CPIO_ALIGNMENT = 4 };

/*
 * cpio_write() appends the archive of a tree, whose paths stand below prefix ("rootfs", or
 * "" for none), padded to whole blocks so that another one can follow.
 */
enum cella_status cpio_write(const struct rootfs *tree, const char *prefix,
			     struct out *out, struct cella_error *err) MUST_CHECK;

/* What an archive is made of: views into it. */
struct cpio_entry {
	struct cella_bytes path;
	uint32_t mode; /* type and permissions */
	struct cella_bytes data;
};

/* struct cpio_reader - reads an archive as strictly as cpio_write() writes it. */
struct cpio_reader {
	struct in in;
	bool at_end;
};

void cpio_begin(struct cpio_reader *reader, struct cella_bytes archive);

/* cpio_next() reads the next entry; *found is false behind the last. */
enum cella_status cpio_next(struct cpio_reader *reader, struct cpio_entry *out,
			    bool *found, struct cella_error *err) MUST_CHECK;

/* cpio_is_one() tells an archive by its first bytes. */
bool cpio_is_one(struct cella_bytes archive);

/* What a ramdisk takes when it is unpacked. */
struct cpio_size {
	uint64_t unpacked; /* whole pages of all files, and what each entry costs */
	size_t num_entries;
};

enum cella_status cpio_measure(struct cella_bytes archive, struct cpio_size *out,
			       struct cella_error *err) MUST_CHECK;

#endif
