/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparing images.
 */
#include "vm/image_diff.h"

#include "evidence/eif_launch.h"
#include "vm/cpio.h"
#include "vm/image_facts.h"

#include <stdlib.h>
#include <string.h>

/* --- files of a ramdisk -------------------------------------------------------------- */

/* Entries of a ramdisk, sorted by path. */
struct listing {
	struct cpio_entry *entries;
	size_t num_entries;
};

static void listing_done(struct listing *listing)
{
	free(listing->entries);
}

static int compare_paths(struct cella_bytes a, struct cella_bytes b)
{
	const size_t len = a.len < b.len ? a.len : b.len;
	const int order = len > 0 ? memcmp(a.data, b.data, len) : 0;

	if (order != 0)
		return order;
	return a.len < b.len ? -1 : a.len > b.len;
}

static int compare_entries(const void *a, const void *b)
{
	const struct cpio_entry *const left = a;
	const struct cpio_entry *const right = b;
	const int order = compare_paths(left->path, right->path);

	/* Of two of a name the later one counts for the kernel: keep them in order. */
	return order != 0 ? order : (left->data.data > right->data.data) * 2 - 1;
}

static enum cella_status list_files(struct cella_bytes ramdisk, struct listing *out,
				    struct cella_error *err)
{
	struct cpio_size size = { 0 };
	struct cpio_reader reader;
	bool found = true;

	TRY(cpio_measure(ramdisk, &size, err));
	out->entries = calloc(size.num_entries + 1, sizeof *out->entries);
	if (out->entries == NULL)
		return error_nomem(err);
	cpio_begin(&reader, ramdisk);
	for (size_t i = 0; i < size.num_entries; i++)
		TRY(cpio_next(&reader, &out->entries[i], &found, err));
	out->num_entries = size.num_entries;
	qsort(out->entries, out->num_entries, sizeof *out->entries, compare_entries);
	return CELLA_OK;
}

static enum cella_status add_file(json_t *files, const struct cpio_entry *entry,
				  const char *change, struct cella_error *err)
{
	json_t *const one = json_object();
	struct out path CLEANUP(out_done) = { 0 };

	/* A path need not be UTF-8; what is not is shown as its bytes are in C. */
	for (size_t i = 0; i < entry->path.len; i++) {
		const uint8_t c = entry->path.data[i];

		if (c < 0x20 || c > 0x7e || c == '\\')
			out_format(&path, "\\%03o", c);
		else
			out_u8(&path, c);
	}
	TRY(json_add(files, one, err));
	TRY(out_status(&path, err));
	TRY(json_put(one, "path", json_stringn((const char *)path.data, path.len), err));
	return json_put(one, "change", json_string(change), err);
}

static enum cella_status diff_files(const struct listing *a, const struct listing *b,
				    json_t *files, struct cella_error *err)
{
	size_t i = 0;
	size_t k = 0;

	while (i < a->num_entries || k < b->num_entries) {
		const struct cpio_entry *const left = &a->entries[i];
		const struct cpio_entry *const right = &b->entries[k];
		const int order = i == a->num_entries ? 1
				  : k == b->num_entries
					  ? -1
					  : compare_paths(left->path, right->path);

		if (order < 0)
			TRY(add_file(files, left, "only in the first", err));
		else if (order > 0)
			TRY(add_file(files, right, "only in the second", err));
		else if (left->mode != right->mode)
			TRY(add_file(files, left, "another type or mode", err));
		else if (!bytes_equal(left->data, right->data))
			TRY(add_file(files, left, "other contents", err));
		i += order <= 0;
		k += order >= 0;
	}
	return CELLA_OK;
}

static enum cella_status add_files(json_t *component, struct cella_bytes a,
				   struct cella_bytes b, struct cella_error *err)
{
	struct listing left CLEANUP(listing_done) = { 0 };
	struct listing right CLEANUP(listing_done) = { 0 };
	enum cella_status status = list_files(a, &left, err);
	json_t *files;

	if (status == CELLA_OK)
		status = list_files(b, &right, err);
	if (status == CELLA_NOMEM)
		return status;
	if (status != CELLA_OK)
		return json_put(component, "note",
				json_string("compressed or foreign: files not compared"),
				err);
	files = json_array();
	TRY(json_put(component, "files", files, err));
	return diff_files(&left, &right, files, err);
}

/* --- components ---------------------------------------------------------------------- */

/* Two images that are being compared. */
struct comparison {
	json_t *components;
	bool same;
	struct cella_error *err;
};

static enum cella_status compare(struct comparison *c, const char *name, unsigned pcr,
				 struct cella_bytes a, struct cella_bytes b,
				 json_t **component)
{
	const bool same = bytes_equal(a, b);
	json_t *const one = json_object();

	c->same = c->same && same;
	TRY(json_add(c->components, one, c->err));
	TRY(json_put(one, "component", json_string(name), c->err));
	TRY(json_put(one, "pcr", json_integer(pcr), c->err));
	TRY(json_put(one, "same", json_boolean(same), c->err));
	*component = one;
	return CELLA_OK;
}

static enum cella_status put_texts(json_t *component, struct cella_bytes a,
				   struct cella_bytes b, struct cella_error *err)
{
	TRY(json_put(component, "first", json_stringn((const char *)a.data, a.len), err));
	return json_put(component, "second", json_stringn((const char *)b.data, b.len),
			err);
}

static enum cella_status diff_kernels(struct comparison *c, const struct eif *a,
				      const struct eif *b)
{
	struct kernel_facts left = { .release = "?" };
	struct kernel_facts right = { .release = "?" };
	json_t *component = NULL;

	TRY(compare(c, "kernel", LAUNCH_PCR_KERNEL, a->kernel, b->kernel, &component));
	if (kernel_read(a->kernel, &left, NULL) != CELLA_OK ||
	    kernel_read(b->kernel, &right, NULL) != CELLA_OK)
		return CELLA_OK;
	return put_texts(component, bytes_of(left.release, strlen(left.release)),
			 bytes_of(right.release, strlen(right.release)), c->err);
}

static enum cella_status diff_ramdisks(struct comparison *c, const struct eif *a,
				       const struct eif *b)
{
	const size_t num = a->num_ramdisks > b->num_ramdisks ? a->num_ramdisks
							     : b->num_ramdisks;

	for (size_t i = 0; i < num; i++) {
		struct out name CLEANUP(out_done) = { 0 };
		json_t *component = NULL;

		out_format(&name, "ramdisk %zu", i + 1);
		out_u8(&name, 0);
		TRY(out_status(&name, c->err));
		TRY(compare(c, (const char *)name.data, LAUNCH_PCR_RAMDISKS,
			    a->ramdisks[i], b->ramdisks[i], &component));
		if (i < a->num_ramdisks && i < b->num_ramdisks &&
		    !bytes_equal(a->ramdisks[i], b->ramdisks[i]))
			TRY(add_files(component, a->ramdisks[i], b->ramdisks[i], c->err));
	}
	return CELLA_OK;
}

static const char *signer_name(const struct eif_signature *signature)
{
	if (signature->chain.num_certs == 0)
		return "nobody";
	return signature->chain.certs[0]->subject_cn;
}

static struct cella_bytes signer_der(const struct eif_signature *signature)
{
	return signature->chain.num_certs == 0 ? bytes_of(NULL, 0)
					       : signature->chain.certs[0]->der;
}

static enum cella_status diff_signers(struct comparison *c, const struct eif *a,
				      const struct eif *b)
{
	struct eif_signature left CLEANUP(eif_signature_done) = { 0 };
	struct eif_signature right CLEANUP(eif_signature_done) = { 0 };
	json_t *component = NULL;

	if (a->signature.len > 0)
		TRY(eif_signature_parse(a->signature, &left, c->err));
	if (b->signature.len > 0)
		TRY(eif_signature_parse(b->signature, &right, c->err));
	TRY(compare(c, "signer", LAUNCH_PCR_SIGNER, signer_der(&left), signer_der(&right),
		    &component));
	return put_texts(
		component, bytes_of(signer_name(&left), strlen(signer_name(&left))),
		bytes_of(signer_name(&right), strlen(signer_name(&right))), c->err);
}

static enum cella_status diff_all(struct comparison *c, const struct eif *a,
				  const struct eif *b)
{
	json_t *component = NULL;

	TRY(diff_kernels(c, a, b));
	TRY(compare(c, "command line", LAUNCH_PCR_CMDLINE, a->cmdline, b->cmdline,
		    &component));
	TRY(put_texts(component, a->cmdline, b->cmdline, c->err));
	TRY(diff_ramdisks(c, a, b));
	return diff_signers(c, a, b);
}

enum cella_status image_diff(const struct eif *a, const struct eif *b, bool *same,
			     json_t **out, struct cella_error *err)
{
	json_t *root CLEANUP_JSON = json_object();
	struct comparison comparison = { json_array(), true, err };

	TRY(json_put(root, "components", comparison.components, err));
	TRY(diff_all(&comparison, a, b));
	TRY(json_put(root, "same", json_boolean(comparison.same), err));
	TRY(json_put(root, "same_file", json_boolean(bytes_equal(a->file, b->file)),
		     err));
	*same = comparison.same;
	*out = take(&root);
	return CELLA_OK;
}

/* --- for people ---------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *name)
{
	const char *const text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "?";
}

static void put_component(const json_t *component, struct out *out)
{
	const json_t *const files = json_object_get(component, "files");
	const bool same = json_is_true(json_object_get(component, "same"));

	out_format(out, "%-13s PCR%-2lld %s\n", text_of(component, "component"),
		   (long long)json_integer_value(json_object_get(component, "pcr")),
		   same ? "same" : "DIFFERS");
	if (same)
		return;
	if (json_object_get(component, "first") != NULL)
		out_format(out, "  first:  %s\n  second: %s\n",
			   text_of(component, "first"), text_of(component, "second"));
	if (json_object_get(component, "note") != NULL)
		out_format(out, "  %s\n", text_of(component, "note"));
	for (size_t i = 0; i < json_array_size(files); i++) {
		const json_t *const file = json_array_get(files, i);

		out_format(out, "  %s: %s\n", text_of(file, "path"),
			   text_of(file, "change"));
	}
}

enum cella_status image_diff_text(const json_t *diff, struct out *out,
				  struct cella_error *err)
{
	const json_t *const components = json_object_get(diff, "components");

	for (size_t i = 0; i < json_array_size(components); i++)
		put_component(json_array_get(components, i), out);
	if (json_is_true(json_object_get(diff, "same_file")))
		out_text(out, "the files are the same\n");
	else if (json_is_true(json_object_get(diff, "same")))
		out_text(out, "all that is measured is the same; the files are not\n");
	return out_status(out, err);
}
