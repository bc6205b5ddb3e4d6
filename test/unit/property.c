/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Properties of good files.
 */
#include "property.h"

#include "evidence/quote.h"
#include "verify/verdict.h"

#include <stdio.h>

static const uint8_t bits[] = { 0x01, 0x80 };

static struct quote parse_quote(struct cella_bytes bytes)
{
	struct cella_error err = { 0 };
	struct quote quote = { 0 };

	CHECK_OK(quote_parse(bytes, &quote, &err));
	return quote;
}

/* Where the quote ends by its own lengths. */
static size_t end_of(struct cella_bytes bytes)
{
	return bytes.len - parse_quote(bytes).tail.len;
}

/* The type of the certification data, which stands before its size. */
static size_t cert_type_of(struct cella_bytes bytes)
{
	return (size_t)(parse_quote(bytes).cert_data.data - bytes.data) - 6;
}

static struct cella_collateral *parse_collateral(struct cella_bytes bytes,
						 struct cella_error *err)
{
	struct cella_collateral *collateral = NULL;

	if (bytes.len == 0)
		return NULL;
	return cella_collateral_parse(bytes.data, bytes.len, &collateral, err) == CELLA_OK
		       ? collateral
		       : NULL;
}

/* A copy with its exact length on the heap, so that sanitizers see its end. */
static uint8_t *copy_of(struct cella_bytes bytes)
{
	uint8_t *const copy = malloc(bytes.len > 0 ? bytes.len : 1);

	assert_non_null(copy);
	if (bytes.len > 0)
		memcpy(copy, bytes.data, bytes.len);
	return copy;
}

void property_prefixes(const struct property_case *c)
{
	const size_t end = end_of(c->quote);

	for (size_t len = 0; len < end; len++) {
		uint8_t *const prefix = copy_of(bytes_of(c->quote.data, len));
		struct cella_evidence *evidence = NULL;
		struct cella_error err = { 0 };

		if (cella_evidence_parse(prefix, len, &evidence, &err) == CELLA_OK)
			fail_msg("%s: %zu of %zu bytes parse", c->name, len, end);
		assert_null(evidence);
		CHECK_INT(CELLA_MALFORMED, err.status);
		CHECK_TRUE(err.offset <= len);
		CHECK_TEXT_HAS(err.text, "quote: ");
		free(prefix);
	}
}

/* --- the quote ----------------------------------------------------------------------- */

/* The answer about genuineness, or NO when there is no verdict at all. */
static enum cella_answer is_genuine(struct cella_verifier *verifier, const uint8_t *quote,
				    size_t len,
				    const struct cella_verify_options *options)
{
	struct cella_evidence *evidence = NULL;
	struct cella_verdict *verdict = NULL;
	enum cella_answer answer = CELLA_ANSWER_NO;
	struct cella_error err = { 0 };

	if (cella_evidence_parse(quote, len, &evidence, &err) == CELLA_OK &&
	    cella_verifier_verify(verifier, evidence, options, &verdict, &err) ==
		    CELLA_OK) {
		answer = cella_verdict_answer(verdict, CELLA_QUESTION_GENUINE);
		if (answer == CELLA_ANSWER_NO)
			CHECK_INT(CELLA_REJECTED, cella_verdict_result(verdict));
	} else {
		CHECK_TRUE(err.status == CELLA_MALFORMED ||
			   err.status == CELLA_UNSUPPORTED || err.status == CELLA_LIMIT);
		CHECK_TRUE(err.text[0] != '\0');
	}
	cella_verdict_free(verdict);
	cella_evidence_unref(evidence);
	return answer;
}

void property_quote_bytes(const struct property_case *c)
{
	const size_t end = end_of(c->quote);
	const size_t cert_type = cert_type_of(c->quote);
	uint8_t *const quote = copy_of(c->quote);
	struct cella_verifier *verifier = NULL;
	struct cella_error err = { 0 };
	struct cella_collateral *const collateral = parse_collateral(c->collateral, &err);
	enum cella_answer before;

	CHECK_OK(cella_verifier_new(1000, &verifier, &err));
	cella_verifier_set_collateral(verifier, collateral);
	before = is_genuine(verifier, quote, c->quote.len, &c->options);
	CHECK_TRUE(before != CELLA_ANSWER_NO);
	for (size_t i = 0; i < 2 * c->quote.len; i++) {
		enum cella_answer after;

		quote[i / 2] ^= bits[i % 2];
		after = is_genuine(verifier, quote, c->quote.len, &c->options);
		/* With another type it carries no chain: then nothing is known. */
		if (i / 2 == cert_type && after == CELLA_ANSWER_UNKNOWN)
			after = CELLA_ANSWER_NO;
		if (after != (i / 2 < end ? CELLA_ANSWER_NO : before))
			fail_msg("%s: bit %02x of byte %zu of %zu: %s", c->name,
				 bits[i % 2], i / 2, end, cella_answer_name(after));
		quote[i / 2] ^= bits[i % 2];
	}
	cella_verifier_free(verifier);
	cella_collateral_unref(collateral);
	free(quote);
}

/* --- the collateral ------------------------------------------------------------------ */

static size_t num_passed(struct cella_evidence *evidence,
			 struct cella_collateral *collateral,
			 const struct cella_verify_options *options)
{
	struct cella_verdict *verdict = NULL;
	struct cella_error err = { 0 };
	size_t num = 0;

	CHECK_OK(cella_verify(evidence, collateral, options, &verdict, &err));
	for (size_t i = 0; i < cella_verdict_num_checks(verdict); i++)
		num += cella_verdict_check(verdict, i)->outcome == CELLA_CHECK_PASS;
	cella_verdict_free(verdict);
	return num;
}

void property_collateral_bytes(const struct property_case *c)
{
	uint8_t *const bundle = copy_of(c->collateral);
	struct cella_evidence *evidence = NULL;
	struct cella_error err = { 0 };
	struct cella_collateral *collateral;
	size_t before;

	CHECK_OK(cella_evidence_parse(c->quote.data, c->quote.len, &evidence, &err));
	collateral = parse_collateral(c->collateral, &err);
	before = num_passed(evidence, collateral, &c->options);
	cella_collateral_unref(collateral);
	for (size_t i = 0; i < 2 * c->collateral.len; i++) {
		bundle[i / 2] ^= bits[i % 2];
		collateral = parse_collateral(bytes_of(bundle, c->collateral.len), &err);
		if (collateral == NULL)
			CHECK_TRUE(err.text[0] != '\0');
		else if (num_passed(evidence, collateral, &c->options) >= before)
			fail_msg("%s: bit %02x of byte %zu ('%c') does not count",
				 c->name, bits[i % 2], i / 2, c->collateral.data[i / 2]);
		cella_collateral_unref(collateral);
		bundle[i / 2] ^= bits[i % 2];
	}
	cella_evidence_unref(evidence);
	free(bundle);
}

static char *json_of(struct cella_evidence *evidence, struct cella_collateral *collateral,
		     const struct cella_verify_options *options)
{
	struct cella_verdict *verdict = NULL;
	struct cella_error err = { 0 };
	char *json = NULL;

	CHECK_OK(cella_verify(evidence, collateral, options, &verdict, &err));
	CHECK_OK(cella_verdict_json(verdict, &json, &err));
	cella_verdict_free(verdict);
	return json;
}

void property_rewritten(const struct property_case *c)
{
	struct cella_evidence *evidence = NULL;
	struct cella_collateral *first, *second;
	struct cella_error err = { 0 };
	char *text = NULL, *again = NULL;
	char *before, *after;

	CASE(c->name);
	CHECK_OK(cella_evidence_parse(c->quote.data, c->quote.len, &evidence, &err));
	first = parse_collateral(c->collateral, &err);
	CHECK_OK(cella_collateral_write(first, &text, &err));
	second = parse_collateral(bytes_from_text(text), &err);
	assert_non_null(second);
	CHECK_OK(cella_collateral_write(second, &again, &err));
	CHECK_TEXT(text, again);
	before = json_of(evidence, first, &c->options);
	after = json_of(evidence, second, &c->options);
	CHECK_TEXT(before, after);
	free(before);
	free(after);
	free(text);
	free(again);
	cella_collateral_unref(first);
	cella_collateral_unref(second);
	cella_evidence_unref(evidence);
}
