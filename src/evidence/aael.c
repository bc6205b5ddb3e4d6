/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing application events, and logs of them.
 */
#include "evidence/aael.h"

#include <string.h>

static bool is_word(const char *text)
{
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

static bool is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

enum cella_status aael_write(const struct aael *event, struct out *out,
			     uint8_t digest[SHA384_LEN], struct cella_error *err)
{
	const size_t start = out->len;
	struct out text CLEANUP(out_done) = { 0 };
	struct cella_bytes all;

	if (!is_word(event->domain) || !is_word(event->operation) ||
	    !is_plain(event->content))
		return error_set(err, CELLA_USAGE,
				 "event: domain and operation are words, the content is "
				 "one line");
	out_format(&text, "%s %s %s", event->domain, event->operation, event->content);
	TRY(out_status(&text, err));
	if (text.len > AAEL_TEXT_MAX)
		return error_set(err, CELLA_LIMIT,
				 "event: its text has %zu bytes, at most %d", text.len,
				 AAEL_TEXT_MAX);
	out_u32le(out, AAEL_TAG);
	out_u32le(out, (uint32_t)text.len);
	out_bytes(out, text.data, text.len);
	TRY(out_status(out, err));
	all = bytes_of(out->data + start, out->len - start);
	return crypto_digest(CRYPTO_SHA384, &all, 1, digest, err);
}

void event_log_write_start(struct out *out)
{
	static const uint8_t version[] = { 0, 0, 0, 0, 0, 2, 0, 2 };
	static const char signature[16] = "Spec ID Event03";

	out_u32le(out, 1);
	out_u32le(out, EV_NO_ACTION);
	out_zeros(out, 20);
	out_u32le(out, sizeof signature + sizeof version + 4 + 2 + 2 + 1);
	out_bytes(out, signature, sizeof signature);
	out_bytes(out, version, sizeof version);
	out_u32le(out, 1);
	out_u16le(out, CELLA_HASH_SHA384);
	out_u16le(out, SHA384_LEN);
	out_u8(out, 0);
}

void event_log_write_event(struct out *out, uint32_t index, uint32_t type,
			   const uint8_t digest[SHA384_LEN], struct cella_bytes data)
{
	out_u32le(out, index);
	out_u32le(out, type);
	out_u32le(out, 1);
	out_u16le(out, CELLA_HASH_SHA384);
	out_bytes(out, digest, SHA384_LEN);
	out_u32le(out, (uint32_t)data.len);
	out_bytes(out, data.data, data.len);
}
