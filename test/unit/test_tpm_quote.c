/* SPDX-License-Identifier: Apache-2.0 */
/* A conversation with a TPM, laid out beforehand and then changed byte by byte. */
#include "support.h"

#include "collect/tpm_quote.h"

#include <sys/socket.h>
#include <unistd.h>

enum {
	NUM_ANSWERS = 4, /* three of eight PCRs each, and the quote */
	ANSWER_MAX = 512,
	HEADER_LEN = 10,
	SELECTION_AT = HEADER_LEN + 4,
	COUNT_AT = SELECTION_AT + 10,
	DIGESTS_AT = COUNT_AT + 4,
	ATTEST_AT = HEADER_LEN + 4 + 2,
};

struct conversation {
	uint8_t answers[NUM_ANSWERS][ANSWER_MAX];
	size_t lens[NUM_ANSWERS];
};

static const struct cella_bytes nonce = { (const uint8_t *)"nonce", 5 };

static void keep(struct conversation *c, int i, struct out *out)
{
	assert_true(!out->failed && out->len <= ANSWER_MAX);
	memcpy(c->answers[i], out->data, out->len);
	c->answers[i][4] = (uint8_t)(out->len >> 8);
	c->answers[i][5] = (uint8_t)out->len;
	c->lens[i] = out->len;
	out_done(out);
}

static void put_header(struct out *out, uint16_t tag)
{
	out_u16be(out, tag);
	out_u32be(out, 0);
	out_u32be(out, 0);
}

static void put_selection(struct out *out, const char *mask)
{
	out_u32be(out, 1);
	out_u16be(out, TPM_ALG_SHA256);
	out_u8(out, 3);
	out_bytes(out, mask, 3);
}

static void put_pcrs(struct conversation *c, int i, uint8_t pcrs[][SHA256_LEN])
{
	char mask[3] = { 0 };
	struct out out = { 0 };

	mask[i] = (char)0xff;
	put_header(&out, TPM_TAG_NO_SESSIONS);
	out_u32be(&out, 77);
	put_selection(&out, mask);
	out_u32be(&out, 8);
	for (int k = 0; k < 8; k++) {
		memset(pcrs[8 * i + k], 8 * i + k, SHA256_LEN);
		out_u16be(&out, SHA256_LEN);
		out_bytes(&out, pcrs[8 * i + k], SHA256_LEN);
	}
	keep(c, i, &out);
}

static void put_quote(struct conversation *c, uint8_t pcrs[][SHA256_LEN])
{
	struct cella_error err = { 0 };
	struct out attest CLEANUP(out_done) = { 0 };
	struct out out = { 0 };
	uint8_t digest[SHA256_LEN];

	CHECK_OK(crypto_sha256(bytes_of(pcrs, (size_t)TPM_NUM_PCRS * SHA256_LEN), digest,
			       &err));
	out_u32be(&attest, 0xff544347);
	out_u16be(&attest, 0x8018);
	out_u16be(&attest, 2);
	out_text(&attest, "me");
	out_u16be(&attest, 5);
	out_text(&attest, "nonce");
	out_zeros(&attest, 25);
	put_selection(&attest, "\xff\xff\xff");
	out_u16be(&attest, SHA256_LEN);
	out_bytes(&attest, digest, sizeof digest);
	put_header(&out, TPM_TAG_SESSIONS);
	out_u32be(&out, 0);
	out_u16be(&out, (uint16_t)attest.len);
	out_bytes(&out, attest.data, attest.len);
	out_u16be(&out, 0x14);
	out_u16be(&out, TPM_ALG_SHA256);
	out_u16be(&out, 9);
	out_text(&out, "signature");
	keep(c, 3, &out);
}

static struct conversation good_conversation(void)
{
	struct conversation c = { 0 };
	uint8_t pcrs[TPM_NUM_PCRS][SHA256_LEN];

	for (int i = 0; i < NUM_ANSWERS - 1; i++)
		put_pcrs(&c, i, pcrs);
	put_quote(&c, pcrs);
	return c;
}

/* A packet an answer, so that one read does not take two. */
static enum cella_status run(const struct conversation *c, int num_rounds,
			     struct tpm_quote *out, struct cella_error *err)
{
	struct tpm tpm = { .deadline = deadline_in(60) };
	enum cella_status status;
	int ends[2];

	assert_int_equal(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
	tpm.fd = ends[0];
	for (int i = 0; i < NUM_ANSWERS * num_rounds; i++)
		assert_int_equal((int)c->lens[i % NUM_ANSWERS],
				 (int)write(ends[1], c->answers[i % NUM_ANSWERS],
					    c->lens[i % NUM_ANSWERS]));
	shutdown(ends[1], SHUT_WR);
	status = tpm_quote_make(&tpm, 0x81000003, nonce, out, err);
	close(ends[0]);
	close(ends[1]);
	return status;
}

static void takes_a_good_quote(void **state UNUSED)
{
	const struct conversation c = good_conversation();
	struct cella_error err = { 0 };
	struct tpm_quote quote = { 0 };
	struct out json CLEANUP(out_done) = { 0 };

	CHECK_OK(run(&c, 1, &quote, &err));
	CHECK_BYTES("signature", 9, out_view(&quote.signature));
	CHECK_BYTES("\xff\x54\x43\x47\x80\x18", 6,
		    bytes_slice(out_view(&quote.message), 0, 6));
	CHECK_INT(23, quote.pcrs[23][31]);
	CHECK_OK(tpm_quote_write(&quote, &json, &err));
	out_u8(&json, 0);
	CHECK_TEXT_HAS((const char *)json.data, "\"signature\": \"7369676e6174757265\"");
	CHECK_TEXT_HAS((const char *)json.data, "\"message\": \"ff54434780180002");
	CHECK_TEXT_HAS((const char *)json.data, "\"1717171717171717");
	tpm_quote_done(&quote);
}

static const struct {
	const char *name;
	int answer;
	size_t at;
	uint8_t value;
	enum cella_status status;
	const char *says;
} edits[] = {
	{ "two banks", 0, SELECTION_AT + 3, 2, CELLA_MALFORMED, "count: is not 1" },
	{ "another bank", 0, SELECTION_AT + 5, 4, CELLA_MALFORMED, "is not SHA-256" },
	{ "more PCRs than there are", 0, SELECTION_AT + 6, 4, CELLA_MALFORMED,
	  "is not 3" },
	{ "no PCRs", 0, SELECTION_AT + 7, 0, CELLA_UNSUPPORTED, "has it a bank" },
	{ "the same PCRs again", 1, SELECTION_AT + 7, 0xff, CELLA_UNSUPPORTED,
	  "PCRs 0x00ffff, of 0xffff00" },
	{ "fewer than it says", 0, SELECTION_AT + 7, 0xfe, CELLA_MALFORMED,
	  "pcrValues.count: 8" },
	{ "more than it says", 0, COUNT_AT + 3, 9, CELLA_MALFORMED,
	  "pcrValues.count: 9" },
	{ "any number", 0, COUNT_AT, 0xff, CELLA_MALFORMED, "pcrValues.count" },
	{ "a short digest", 0, DIGESTS_AT + 1, 20, CELLA_MALFORMED,
	  "pcrValues.digest: is not of SHA-256" },
	{ "a long digest", 0, DIGESTS_AT, 1, CELLA_MALFORMED, "longer than it can be" },
	{ "not from within the TPM", 3, ATTEST_AT, 0, CELLA_MALFORMED,
	  "magic: is not TPM_GENERATED" },
	{ "not a quote", 3, ATTEST_AT + 5, 0x17, CELLA_MALFORMED, "is not a quote's" },
	{ "another nonce", 3, ATTEST_AT + 12, 'N', CELLA_MALFORMED,
	  "extraData: is not the nonce" },
	{ "a longer nonce", 3, ATTEST_AT + 11, 6, CELLA_MALFORMED, "the TPM's quote" },
	{ "not all PCRs", 3, ATTEST_AT + 17 + 25 + 7, 0xfe, CELLA_MALFORMED,
	  "are not all PCRs" },
	{ "a huge message", 3, ATTEST_AT - 2, 0xff, CELLA_MALFORMED,
	  "quoted: is longer" },
	{ "a shorter message", 3, ATTEST_AT - 1, 60, CELLA_MALFORMED, "sigAlg" },
};

static void refuses_what_does_not_fit(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(edits); i++) {
		struct conversation c = good_conversation();
		struct cella_error err = { 0 };
		struct tpm_quote quote = { 0 };

		CASE(edits[i].name);
		c.answers[edits[i].answer][edits[i].at] = edits[i].value;
		CHECK_STATUS(edits[i].status, run(&c, 1, &quote, &err));
		CHECK_TEXT_HAS(err.text, edits[i].says);
		CHECK_TRUE(quote.message.data == NULL);
	}
}

static void every_shorter_answer_is_refused(void **state UNUSED)
{
	/* The session's part at the end is not read. */
	for (int i = 0; i < NUM_ANSWERS; i++) {
		for (size_t len = HEADER_LEN; len < good_conversation().lens[i]; len++) {
			struct conversation c = good_conversation();
			struct cella_error err = { 0 };
			struct tpm_quote quote = { 0 };

			c.lens[i] = len;
			c.answers[i][4] = (uint8_t)(len >> 8);
			c.answers[i][5] = (uint8_t)len;
			CHECK_STATUS(CELLA_MALFORMED, run(&c, 1, &quote, &err));
		}
	}
}

/* PCRs that never agree with what was signed are given up. */
static void races_end(void **state UNUSED)
{
	struct conversation c = good_conversation();
	struct cella_error err = { 0 };
	struct tpm_quote quote = { 0 };

	c.answers[1][DIGESTS_AT + 5] ^= 1;
	CHECK_STATUS(CELLA_IO, run(&c, 5, &quote, &err));
	CHECK_TEXT_HAS(err.text, "pcrDigest: is not that of its PCRs");
	CHECK_TRUE(quote.message.data == NULL);
}

static void a_nonce_has_a_limit(void **state UNUSED)
{
	const struct tpm none = TPM_NONE;
	const uint8_t bytes[TPM_NONCE_MAX + 1] = { 0 };
	struct cella_error err = { 0 };
	struct tpm_quote quote = { 0 };

	CHECK_STATUS(CELLA_LIMIT, tpm_quote_make(&none, 1, bytes_of(bytes, sizeof bytes),
						 &quote, &err));
	CHECK_TEXT_HAS(err.text, "65 bytes, at most 64");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_good_quote),
		cmocka_unit_test(refuses_what_does_not_fit),
		cmocka_unit_test(every_shorter_answer_is_refused),
		cmocka_unit_test(races_end),
		cmocka_unit_test(a_nonce_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
