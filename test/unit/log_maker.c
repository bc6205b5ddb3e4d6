/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event logs for tests.
 */
#include "log_maker.h"

#include "crypto/crypto.h"

static const uint16_t cc_hash = CELLA_HASH_SHA384;

static size_t hash_bytes(uint16_t id, struct cella_bytes bytes, uint8_t out[64])
{
	static const struct {
		uint16_t id;
		enum crypto_hash hash;
	} rows[] = {
		{ CELLA_HASH_SHA256, CRYPTO_SHA256 },
		{ CELLA_HASH_SHA384, CRYPTO_SHA384 },
		{ CELLA_HASH_SHA512, CRYPTO_SHA512 },
	};
	struct cella_error err = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].id != id)
			continue;
		CHECK_OK(crypto_digest(rows[i].hash, &bytes, 1, out, &err));
		return crypto_hash_len(rows[i].hash);
	}
	/* SHA-1 and whatever else: nobody here computes it. */
	memset(out, 0x5a, 64);
	return 20;
}

void log_start(struct out *log, const uint16_t *hashes, size_t num_hashes)
{
	uint8_t digest[64];

	out_u32le(log, 0);
	out_u32le(log, EV_NO_ACTION);
	out_zeros(log, 20);
	out_u32le(log, (uint32_t)(16 + 8 + 4 + 4 * num_hashes + 1));
	out_bytes(log, "Spec ID Event03", 16);
	out_bytes(log, "\0\0\0\0\0\2\0\2", 8);
	out_u32le(log, (uint32_t)num_hashes);
	for (size_t i = 0; i < num_hashes; i++) {
		out_u16le(log, hashes[i]);
		out_u16le(log,
			  (uint16_t)hash_bytes(hashes[i], bytes_of(NULL, 0), digest));
	}
	out_u8(log, 0);
}

void log_start_cc(struct out *log)
{
	log_start(log, &cc_hash, 1);
}

void log_add(struct out *log, const uint16_t *hashes, size_t num_hashes, uint32_t index,
	     uint32_t type, struct cella_bytes hashed, struct cella_bytes data)
{
	out_u32le(log, index);
	out_u32le(log, type);
	out_u32le(log, (uint32_t)num_hashes);
	for (size_t i = 0; i < num_hashes; i++) {
		uint8_t digest[64];
		const size_t len = hash_bytes(hashes[i], hashed, digest);

		out_u16le(log, hashes[i]);
		out_bytes(log, digest, len);
	}
	out_u32le(log, (uint32_t)data.len);
	out_bytes(log, data.data, data.len);
}

void log_add_cc(struct out *log, uint32_t index, uint32_t type, struct cella_bytes data)
{
	log_add(log, &cc_hash, 1, index, type, data, data);
}

struct cella_event_log *log_parse(const struct out *log)
{
	struct cella_event_log *parsed = NULL;
	struct cella_error err = { 0 };

	CHECK_OK(cella_event_log_parse(log->data, log->len, &parsed, &err));
	return parsed;
}

void log_use(struct cella_event_log *log)
{
	struct cella_error err = { 0 };
	char *text = NULL;
	bool match = false;

	CHECK_OK(cella_event_log_describe(log, true, &text, &err));
	cella_free(text);
	CHECK_OK(cella_event_log_describe(log, false, &text, &err));
	cella_free(text);
	CHECK_OK(cella_event_log_compare(log, NULL, log, true, &text, &match, &err));
	cella_free(text);
	CHECK_TRUE(match);
}

void log_check_prefixes_and_bytes(struct cella_bytes good)
{
	for (size_t i = 0; i < 2 * good.len; i++) {
		struct cella_event_log *log = NULL;
		struct cella_error err = { 0 };
		uint8_t *const copy = malloc(good.len);
		const size_t len = i < good.len ? i : good.len;

		assert_non_null(copy);
		memcpy(copy, good.data, good.len);
		if (i >= good.len)
			copy[i - good.len] ^= 0x81;
		if (cella_event_log_parse(copy, len, &log, &err) == CELLA_OK)
			log_use(log);
		else
			CHECK_TRUE(err.text[0] != '\0' && err.offset <= len);
		cella_event_log_unref(log);
		free(copy);
	}
}
