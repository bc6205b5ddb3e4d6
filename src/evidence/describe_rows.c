/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of a description.
 */
#include "evidence/describe.h"

#include "base/encode.h"
#include "crypto/crypto.h"
#include "evidence/td_report.h"

#include <stdio.h>

enum { VALUE_SHOWN_MAX = 64 }; /* longer values are shown by their length and hash */

/* One line of a description. */
struct row {
	size_t offset;
	size_t size;
	char name[48];
	const struct field *field; /* NULL: bytes */
	struct cella_bytes value;
	uint64_t number;
	bool is_number;
};

static void bits_text(uint64_t value, const struct bit_name *names, size_t num_names,
		      struct out *out)
{
	const uint64_t unknown = bits_unknown(value, names, num_names);

	for (size_t i = 0; i < num_names; i++)
		if (value >> names[i].bit & 1)
			out_format(out, "%s%s", out->len > 0 ? " " : "", names[i].name);
	if (unknown != 0)
		out_format(out, "%sreserved bits 0x%llx", out->len > 0 ? " " : "",
			   (unsigned long long)unknown);
}

static uint64_t low_word(struct cella_bytes bytes)
{
	uint64_t value = 0;

	for (size_t i = 8; i > 0; i--)
		value = value << 8 | bytes.data[i - 1];
	return value;
}

/* What the bits of an attribute field mean; nothing for other fields. */
static void meaning(const struct row *row, struct out *out)
{
	if (row->field == NULL)
		return;
	switch (row->field->kind) {
	case FIELD_TD_ATTR:
		td_attributes_text(low_word(row->value), out);
		break;
	case FIELD_XFAM:
		bits_text(low_word(row->value), xfam_bits, num_xfam_bits, out);
		break;
	case FIELD_SGX_ATTR:
		bits_text(low_word(row->value), sgx_attribute_bits,
			  num_sgx_attribute_bits, out);
		break;
	case FIELD_RESERVED:
		if (!bytes_are_zero(row->value))
			out_text(out, "should be zero");
		break;
	case FIELD_BYTES:
	case FIELD_NUMBER:
		break;
	}
}

static enum cella_status value_text(const struct row *row, struct out *out,
				    struct cella_error *err)
{
	uint8_t hash[SHA256_LEN];

	if (row->is_number) {
		out_format(out, "%llu", (unsigned long long)row->number);
		return CELLA_OK;
	}
	if (row->value.len <= VALUE_SHOWN_MAX) {
		hex_write(out, row->value);
		return out_status(out, err);
	}
	TRY(crypto_sha256(row->value, hash, err));
	out_text(out, "sha256:");
	hex_write(out, bytes_of(hash, sizeof hash));
	return out_status(out, err);
}

/* Intel's tools print byte strings with the last byte first. */
static bool has_reversed(const struct row *row)
{
	return row->field != NULL && row->field->claim != NULL && !row->is_number;
}

static enum cella_status write_text(struct describer *w, const struct row *row)
{
	struct out note CLEANUP(out_done) = { 0 };

	out_format(&w->text, "%6zu %5zu  %-24s ", row->offset, row->size, row->name);
	TRY(value_text(row, &w->text, w->err));
	out_text(&w->text, "\n");
	if (has_reversed(row) && !bytes_are_zero(row->value)) {
		out_format(&w->text, "%14s%-24s ", "", "  as Intel prints it");
		for (size_t i = row->value.len; i > 0; i--)
			hex_write_upper(&w->text, bytes_of(row->value.data + i - 1, 1));
		out_text(&w->text, "\n");
	}
	meaning(row, &note);
	if (note.len > 0)
		out_format(&w->text, "%14s%-24s %.*s\n", "", "  meaning", (int)note.len,
			   (const char *)note.data);
	return out_status(&note, w->err);
}

static enum cella_status write_json(struct describer *w, const struct row *row)
{
	json_t *const item = json_object();
	struct out note CLEANUP(out_done) = { 0 };
	struct out value CLEANUP(out_done) = { 0 };

	TRY(json_add(w->fields, item, w->err));
	TRY(json_put(item, "offset", json_integer((json_int_t)row->offset), w->err));
	TRY(json_put(item, "size", json_integer((json_int_t)row->size), w->err));
	TRY(json_put(item, "name", json_string(row->name), w->err));
	if (row->is_number) {
		TRY(json_put(item, "value", json_integer((json_int_t)row->number),
			     w->err));
	} else {
		TRY(value_text(row, &value, w->err));
		TRY(json_put(item, "value",
			     json_stringn(value.len > 0 ? (const char *)value.data : "",
					  value.len),
			     w->err));
	}
	if (has_reversed(row))
		TRY(json_put(item, "intel", json_hex_reversed_upper(row->value), w->err));
	meaning(row, &note);
	if (note.len > 0)
		TRY(json_put(item, "meaning",
			     json_stringn((const char *)note.data, note.len), w->err));
	return out_status(&note, w->err);
}

static enum cella_status write_row(struct describer *w, const struct row *row)
{
	return w->fields != NULL ? write_json(w, row) : write_text(w, row);
}

enum cella_status describe_layout(struct describer *w, const char *prefix,
				  const struct layout *layout, struct cella_bytes bytes)
{
	const size_t base = (size_t)(bytes.data - w->start);

	for (size_t i = 0; i < layout->num_fields; i++) {
		const struct field *const field = &layout->fields[i];
		struct row row = { .offset = base + field->offset,
				   .size = field->len,
				   .field = field,
				   .value = field_of(field, bytes),
				   .is_number = field->kind == FIELD_NUMBER };

		if (row.is_number)
			row.number = field_number(field, bytes);
		snprintf(row.name, sizeof row.name, "%s%s%s", prefix,
			 *prefix != '\0' ? "." : "", field->name);
		TRY(write_row(w, &row));
	}
	return CELLA_OK;
}

enum cella_status describe_bytes(struct describer *w, const char *name,
				 struct cella_bytes bytes)
{
	struct row row = { .offset = (size_t)(bytes.data - w->start),
			   .size = bytes.len,
			   .value = bytes };

	snprintf(row.name, sizeof row.name, "%s", name);
	return write_row(w, &row);
}

enum cella_status describe_number(struct describer *w, const char *name,
				  const uint8_t *place, size_t size, uint64_t number)
{
	struct row row = { .offset = (size_t)(place - w->start),
			   .size = size,
			   .is_number = true,
			   .number = number };

	snprintf(row.name, sizeof row.name, "%s", name);
	return write_row(w, &row);
}

enum cella_status describe_hashes_match(struct cella_bytes report, bool *out,
					struct cella_error *err)
{
	struct td_report_hashes parts;
	uint8_t tcb[SHA384_LEN];
	uint8_t info[SHA384_LEN];

	td_report_hashes(report, &parts);
	TRY(crypto_digest(CRYPTO_SHA384, &parts.tee_tcb_info, 1, tcb, err));
	TRY(crypto_digest(CRYPTO_SHA384, &parts.tee_info, 1, info, err));
	*out = bytes_equal(bytes_of(tcb, sizeof tcb), parts.tee_tcb_info_hash) &&
	       bytes_equal(bytes_of(info, sizeof info), parts.tee_info_hash);
	return CELLA_OK;
}
