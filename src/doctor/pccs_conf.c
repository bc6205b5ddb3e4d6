/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sgx_default_qcnl.conf.
 */
#include "doctor/pccs_conf.h"

#include "base/encode.h"
#include "base/json.h"
#include "doctor/lines.h"

static void out_cleanup(struct out *out)
{
	out_done(out);
}

/* The length of a comment that begins here; 0 where none does. */
static size_t comment_len(struct cella_bytes text)
{
	const uint8_t *end;

	if (line_starts_with(text, "//")) {
		end = memchr(text.data, '\n', text.len);
		return end != NULL ? (size_t)(end - text.data) : text.len;
	}
	if (!line_starts_with(text, "/*"))
		return 0;
	end = memmem(text.data + 2, text.len - 2, "*/", 2);
	return end != NULL ? (size_t)(end - text.data) + 2 : text.len;
}

/* JSON with the comments blotted out, so that offsets stay. Strings may hold slashes. */
static void blot_comments(struct cella_bytes text, struct out *out)
{
	bool in_string = false;

	for (size_t i = 0; i < text.len; i++) {
		const uint8_t c = text.data[i];
		const size_t len =
			in_string ? 0 : comment_len(bytes_slice(text, i, text.len - i));

		if (len > 0) {
			for (size_t k = 0; k < len; k++)
				out_u8(out, ' ');
			i += len - 1;
			continue;
		}
		out_u8(out, c);
		if (in_string && c == '\\' && i + 1 < text.len)
			out_u8(out, text.data[++i]);
		else if (c == '"')
			in_string = !in_string;
	}
}

static void copy_text(const char *text, char *url, size_t size)
{
	text_copy(bytes_of(text, strlen(text)), url, size);
}

static enum cella_status read_json(struct cella_bytes text, char *url, size_t size,
				   struct cella_error *err)
{
	struct {
		const char *pccs;
		const char *service;
	} urls = { "", "" };
	const struct json_field fields[] = {
		{ "pccs_url", JSON_FIELD_TEXT, offsetof(__typeof__(urls), pccs),
		  .optional = true },
		{ "collateral_service", JSON_FIELD_TEXT,
		  offsetof(__typeof__(urls), service), .optional = true },
	};
	struct out plain CLEANUP(out_cleanup) = { 0 };
	json_t *root CLEANUP_JSON = NULL;

	blot_comments(text, &plain);
	TRY(out_status(&plain, err));
	TRY(json_parse(out_view(&plain), "JSON", &root, err));
	TRY(json_read(root, fields, ARRAY_LEN(fields), &urls, "JSON", err));
	copy_text(urls.service[0] != '\0' ? urls.service : urls.pccs, url, size);
	return CELLA_OK;
}

enum cella_status pccs_conf_read(struct cella_bytes text, char *url, size_t size,
				 struct cella_error *err)
{
	const struct cella_bytes trimmed = text_trim(text);
	struct cella_bytes value;

	*url = '\0';
	if (trimmed.len > 0 && (trimmed.data[0] == '{' || comment_len(trimmed) > 0))
		return read_json(text, url, size, err);
	if ((lines_find(text, "COLLATERAL_SERVICE", &value) && value.len > 0) ||
	    lines_find(text, "PCCS_URL", &value))
		text_copy(value, url, size);
	return CELLA_OK;
}
