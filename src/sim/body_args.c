/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measurements from options.
 */
#include "sim/body_args.h"

#include "base/encode.h"
#include "base/number.h"
#include "sim/platform.h"

#include <string.h>

struct row {
	const char *option;
	const char *field;
	size_t offset;
};

#define TD_ROW(option, field, help) \
	{ option, #field, offsetof(struct sim_td_args, field) },
#define ENCLAVE_ROW(option, field, help) \
	{ option, #field, offsetof(struct sim_enclave_args, field) },

static const struct row td_rows[] = { SIM_TD_FIELDS(TD_ROW) };
static const struct row enclave_rows[] = { SIM_ENCLAVE_FIELDS(ENCLAVE_ROW) };

static const struct field *find_field(const struct layout *layout, const char *name)
{
	for (size_t i = 0; i < layout->num_fields; i++)
		if (strcmp(layout->fields[i].name, name) == 0)
			return &layout->fields[i];
	return NULL;
}

/* "0x…": the digits of a number, whose last byte comes first on the wire. */
static enum cella_status read_word(const char *digits, const char *option, uint8_t *place,
				   size_t len, struct cella_error *err)
{
	struct out padded CLEANUP(out_done) = { 0 };
	struct out bytes CLEANUP(out_done) = { 0 };

	for (size_t i = strlen(digits); i < 2 * len; i++)
		out_u8(&padded, '0');
	out_text(&padded, digits);
	TRY(hex_append(out_view(&padded), &bytes, option, err));
	if (bytes.len != len)
		return error_set(err, CELLA_MALFORMED, "%s: more than %zu bytes", option,
				 len);
	bytes_reverse(out_view(&bytes), place);
	return CELLA_OK;
}

static enum cella_status read_value(const char *text, const char *option,
				    const struct field *field, uint8_t *place,
				    struct cella_error *err)
{
	uint64_t number = 0;

	if (field->kind == FIELD_NUMBER) {
		TRY(number_read(text, UINT64_MAX >> (64 - 8 * field->len), &number,
				option, err));
		for (size_t i = 0; i < field->len; i++)
			place[i] = (uint8_t)(number >> (8 * i));
		return CELLA_OK;
	}
	if (strncmp(text, "0x", 2) == 0)
		return read_word(text + 2, option, place, field->len, err);
	return hex_read(bytes_of(text, strlen(text)), place, field->len, option, err);
}

static enum cella_status apply(const struct row *rows, size_t num_rows, const void *args,
			       const struct layout *layout, uint8_t *body,
			       struct cella_error *err)
{
	for (size_t i = 0; i < num_rows; i++) {
		const char *const text =
			*(const char *const *)(const void *)((const uint8_t *)args +
							     rows[i].offset);
		const struct field *const field = find_field(layout, rows[i].field);
		enum cella_status status;

		if (text == NULL)
			continue;
		if (field == NULL)
			return error_set(err, CELLA_USAGE,
					 "--%s: evidence of this kind has no such field",
					 rows[i].option);
		status = read_value(text, rows[i].option, field, body + field->offset,
				    err);
		if (status == CELLA_MALFORMED)
			status = err->status = CELLA_USAGE;
		TRY(status);
	}
	return CELLA_OK;
}

enum cella_status sim_td_args_apply(const struct sim_td_args *args,
				    const struct layout *layout, uint8_t *body,
				    struct cella_error *err)
{
	return apply(td_rows, ARRAY_LEN(td_rows), args, layout, body, err);
}

enum cella_status sim_enclave_args_apply(const struct sim_enclave_args *args,
					 const struct layout *layout, uint8_t *body,
					 struct cella_error *err)
{
	return apply(enclave_rows, ARRAY_LEN(enclave_rows), args, layout, body, err);
}
