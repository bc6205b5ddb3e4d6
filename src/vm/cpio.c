/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpio archives: "070701" and thirteen numbers of eight hexadecimal digits (inode, mode,
 * owner, group, links, time, size, device twice, device of a node twice, length of the
 * name, checksum), the name with its NUL, and the contents, both padded to four bytes.
 */
#include "vm/cpio.h"

#include "base/encode.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
	BLOCK_LEN = 512,
	PAGE_LEN = 4096,
	ENTRY_COST = 1024, /* an inode, its name, and a page's share of both */
	NUM_FIELDS = 13,
};

static const char magic[] = "070701";
static const char trailer[] = "TRAILER!!!";

/* --- writing ------------------------------------------------------------------------- */

/* An archive that is being written. */
struct writer {
	const struct rootfs *tree;
	struct out *out;
	size_t start;
	uint32_t inode;
	struct cella_error *err;
};

static void pad(struct writer *w, size_t to)
{
	const size_t over = (w->out->len - w->start) % to;

	out_zeros(w->out, over == 0 ? 0 : to - over);
}

static void write_header(struct writer *w, const char *path, uint32_t mode,
			 uint32_t links, uint32_t size)
{
	const uint32_t name_len = (uint32_t)strlen(path) + 1;
	const uint32_t fields[NUM_FIELDS] = { w->inode++, mode, 0, 0, links,    0, size,
					      0,          0,    0, 0, name_len, 0 };

	out_text(w->out, magic);
	for (size_t i = 0; i < NUM_FIELDS; i++)
		out_format(w->out, "%08x", fields[i]);
	out_bytes(w->out, path, name_len);
	pad(w, CPIO_ALIGNMENT);
}

static enum cella_status write_file(struct writer *w, const struct node *file,
				    const char *path)
{
	write_header(w, path, S_IFREG | (file->executable ? 0755 : 0644), 1,
		     (uint32_t)file->contents.len);
	TRY(rootfs_read_all(w->tree, file, ROOTFS_MAX_LEN, w->out, w->err));
	pad(w, CPIO_ALIGNMENT);
	return CELLA_OK;
}

static enum cella_status write_node(struct writer *w, const struct node *node,
				    const char *path)
{
	switch (node->type) {
	case NODE_DIRECTORY:
		write_header(w, path, S_IFDIR | 0755, 2, 0);
		return CELLA_OK;
	case NODE_FILE:
		return write_file(w, node, path);
	case NODE_LINK:
		write_header(w, path, S_IFLNK | 0777, 1, (uint32_t)strlen(node->target));
		out_text(w->out, node->target);
		pad(w, CPIO_ALIGNMENT);
		return CELLA_OK;
	}
	return error_set(w->err, CELLA_INTERNAL, "a node of no type");
}

static enum cella_status write_tree(struct writer *w, const char *prefix)
{
	const struct node *const root = &w->tree->root;
	const struct node *node = root;
	char below[ROOTFS_PATH_MAX];
	char path[ROOTFS_PATH_MAX];

	while ((node = node_next(root, node)) != NULL) {
		const char *const name = node_path(node, below);

		if (name == NULL ||
		    snprintf(path, sizeof path, "%s%s%s", prefix,
			     prefix[0] != '\0' ? "/" : "", name) >= (int)sizeof path)
			return error_set(w->err, CELLA_LIMIT,
					 "%.100s: its path is longer than %d bytes",
					 node->name, ROOTFS_PATH_MAX - 1);
		TRY(write_node(w, node, path));
		TRY(out_status(w->out, w->err));
	}
	return CELLA_OK;
}

enum cella_status cpio_write(const struct rootfs *tree, const char *prefix,
			     struct out *out, struct cella_error *err)
{
	struct writer w = { tree, out, out->len, 1, err };

	if (prefix[0] != '\0')
		write_header(&w, prefix, S_IFDIR | 0755, 2, 0);
	TRY(write_tree(&w, prefix));
	w.inode = 0;
	write_header(&w, trailer, 0, 1, 0);
	pad(&w, BLOCK_LEN);
	return out_status(out, err);
}

/* --- reading ------------------------------------------------------------------------- */

bool cpio_is_one(struct cella_bytes archive)
{
	return archive.len >= strlen(magic) &&
	       memcmp(archive.data, magic, strlen(magic)) == 0;
}

void cpio_begin(struct cpio_reader *reader, struct cella_bytes archive)
{
	in_init(&reader->in, archive, "ramdisk");
	reader->at_end = false;
}

static uint32_t read_field(struct in *in, const char *label)
{
	const struct cella_bytes digits = in_bytes(in, 8, label);
	uint8_t bytes[4] = { 0 };

	if (digits.len > 0 &&
	    hex_read(digits, bytes, sizeof bytes, label, NULL) != CELLA_OK)
		in_fail(in, label, "is no hexadecimal number");
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	       (uint32_t)bytes[2] << 8 | bytes[3];
}

static void skip_padding(struct in *in)
{
	const size_t over = in->pos % CPIO_ALIGNMENT;

	if (over != 0)
		in_skip(in, CPIO_ALIGNMENT - over, "padding");
}

static void read_entry(struct in *in, struct cpio_entry *out)
{
	static const char *const labels[NUM_FIELDS] = {
		"c_ino",       "c_mode",     "c_uid",      "c_gid",      "c_nlink",
		"c_mtime",     "c_filesize", "c_devmajor", "c_devminor", "c_rdevmajor",
		"c_rdevminor", "c_namesize", "c_check",
	};
	uint32_t fields[NUM_FIELDS];
	struct cella_bytes name;

	if (!bytes_equal(in_bytes(in, strlen(magic), "c_magic"),
			 bytes_of(magic, strlen(magic))))
		in_fail(in, "c_magic", "is not that of a newc archive");
	for (size_t i = 0; i < NUM_FIELDS; i++)
		fields[i] = read_field(in, labels[i]);
	if (fields[11] == 0 || fields[11] > ROOTFS_PATH_MAX)
		in_fail(in, "c_namesize", "is 0 or too large");
	if (in->failed != NULL)
		return;
	name = in_bytes(in, fields[11], "name");
	skip_padding(in);
	out->mode = fields[1];
	out->data = in_bytes(in, fields[6], "contents");
	skip_padding(in);
	if (in->failed == NULL &&
	    strnlen((const char *)name.data, name.len) != name.len - 1)
		in_fail(in, "name", "does not end where it should");
	out->path = in->failed != NULL ? name : bytes_slice(name, 0, name.len - 1);
}

/* Behind the trailer there are zeros to the end: another archive would go unseen. */
static enum cella_status read_end(struct cpio_reader *reader, struct cella_error *err)
{
	struct in *const in = &reader->in;

	if (!bytes_are_zero(in_bytes(in, in_left(in), "end")))
		return error_at(err, CELLA_UNSUPPORTED, in_offset(in),
				"ramdisk: something follows the archive's trailer");
	reader->at_end = true;
	return CELLA_OK;
}

enum cella_status cpio_next(struct cpio_reader *reader, struct cpio_entry *out,
			    bool *found, struct cella_error *err)
{
	struct cpio_entry entry = { 0 };

	*found = false;
	if (reader->at_end)
		return CELLA_OK;
	read_entry(&reader->in, &entry);
	TRY(in_status(&reader->in, err));
	if (bytes_equal(entry.path, bytes_of(trailer, strlen(trailer))))
		return read_end(reader, err);
	*found = true;
	*out = entry;
	return CELLA_OK;
}

enum cella_status cpio_measure(struct cella_bytes archive, struct cpio_size *out,
			       struct cella_error *err)
{
	struct cpio_size size = { 0 };
	struct cpio_reader reader;
	struct cpio_entry entry;
	bool found = true;

	cpio_begin(&reader, archive);
	for (;;) {
		TRY(cpio_next(&reader, &entry, &found, err));
		if (!found)
			break;
		size.num_entries++;
		size.unpacked += ENTRY_COST +
				 (entry.data.len + PAGE_LEN - 1) / PAGE_LEN * PAGE_LEN;
	}
	*out = size;
	return CELLA_OK;
}
