/* SPDX-License-Identifier: Apache-2.0 */
#include "maker.h"
#include "support.h"

#include "evidence/quote.h"

/* Where the parts of a quote stand, by the offset of its signature data. */
struct places {
	size_t body;
	size_t data_size; /* of the signature data */
	size_t signature, att_key;
	size_t outer_type, outer_size; /* 0: version 3 has none */
	size_t qe_report, qe_signature;
	size_t auth_size, auth_data;
	size_t cert_type, cert_size, cert_data;
	size_t end;
};

static void find_places(const struct maker *m, struct places *p)
{
	const size_t outer = m->version > 3 ? 6 : 0;

	*p = (struct places){ .body = m->version == 5 ? 54 : 48 };
	p->data_size = p->body + m->body_layout->size;
	p->signature = p->data_size + 4;
	p->att_key = p->signature + 64;
	p->outer_type = outer > 0 ? p->att_key + 64 : 0;
	p->outer_size = outer > 0 ? p->att_key + 66 : 0;
	p->qe_report = p->att_key + 64 + outer;
	p->qe_signature = p->qe_report + 384;
	p->auth_size = p->qe_signature + 64;
	p->auth_data = p->auth_size + 2;
	p->cert_type = p->auth_data + m->auth_len;
	p->cert_size = p->cert_type + 2;
	p->cert_data = p->cert_size + 4;
	p->end = m->quote.len;
}

static enum cella_status parse(struct cella_bytes bytes, struct quote *quote,
			       struct cella_error *err)
{
	*quote = (struct quote){ 0 };
	return quote_parse(bytes, quote, err);
}

/* Versions and bodies that there are. */
static const struct kind {
	const char *name;
	enum maker_tee tee;
	uint16_t version;
	uint16_t type;
} kinds[] = {
	{ "SGX v3", MAKER_SGX, 3, QUOTE_BODY_SGX },
	{ "SGX v4", MAKER_SGX, 4, QUOTE_BODY_SGX },
	{ "SGX v5", MAKER_SGX, 5, QUOTE_BODY_SGX },
	{ "TDX v4", MAKER_TDX, 4, QUOTE_BODY_TD_10 },
	{ "TDX v5, TD 1.0", MAKER_TDX, 5, QUOTE_BODY_TD_10 },
	{ "TDX v5, TD 1.5", MAKER_TDX, 5, QUOTE_BODY_TD_15 },
	{ "TDX v5, TD 1.5 extended", MAKER_TDX, 5, QUOTE_BODY_TD_15EX },
};

static void make(struct maker *m, const struct kind *kind)
{
	CASE(kind->name);
	maker_init(m, kind->tee);
	maker_set_version(m, kind->version, kind->type);
	maker_issue(m);
	maker_quote(m);
}

static void every_version_and_body(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct cella_error err = { 0 };
		struct quote q;
		struct places p;
		struct maker m;
		const uint8_t *data;

		make(&m, &kinds[i]);
		find_places(&m, &p);
		data = m.quote.data;
		CHECK_OK(parse(out_view(&m.quote), &q, &err));
		CHECK_INT(kinds[i].version, q.version);
		CHECK_INT(kinds[i].type, q.body_type);
		CHECK_INT(m.tee_type, q.tee_type);
		CHECK_BYTES(m.body, m.body_layout->size, q.body);
		CHECK_BYTES(data, p.data_size, q.signed_region);
		CHECK_BYTES(data + p.signature, 64, q.signature);
		CHECK_BYTES(data + p.att_key, 64, q.att_key);
		CHECK_BYTES(m.qe_report, 384, q.qe_report);
		CHECK_BYTES(data + p.qe_signature, 64, q.qe_report_signature);
		CHECK_BYTES(m.auth_data, 32, q.auth_data);
		CHECK_INT(CERT_DATA_PCK_CHAIN, q.cert_type);
		CHECK_BYTES(m.pck_chain.data, m.pck_chain.len, q.cert_data);
		CHECK_INT(0, q.tail.len);
		out_text(&m.quote, "tail");
		CHECK_OK(parse(out_view(&m.quote), &q, &err));
		CHECK_BYTES("tail", 4, q.tail);
		maker_done(&m);
	}
}

/* Everything before the declared end is needed; the error names a place in what is left. */
static void truncated_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct maker m;

		make(&m, &kinds[i]);
		for (size_t len = 0; len < m.quote.len; len++) {
			struct out prefix = { 0 };
			struct cella_error err = { 0 };
			struct quote q;

			out_bytes(&prefix, m.quote.data, len);
			CHECK_STATUS(CELLA_MALFORMED, parse(out_view(&prefix), &q, &err));
			CHECK_TRUE(err.offset <= len);
			CHECK_TEXT_HAS(err.text, "quote: ");
			CHECK_TEXT_HAS(err.text, "(offset ");
			assert_null(q.raw.data);
			out_done(&prefix);
		}
		maker_done(&m);
	}
}

#define PLACE(member) offsetof(struct places, member)
enum { AT_OFFSET = sizeof(struct places) }; /* a place of its own, not a member */

/* One value that is written over a good quote, and what comes of it. */
static const struct row {
	const char *name;
	size_t kind;
	size_t place;  /* of struct places, or AT_OFFSET + n */
	size_t size;   /* of the value: 1, 2 or 4 */
	int64_t value; /* or, with is_delta, what is added to the value there */
	bool is_delta;
	enum cella_status status;
	size_t error_place;
	const char *text;
} rows[] = {
	{ "version_2", 0, AT_OFFSET + 0, 2, 2, false, CELLA_UNSUPPORTED, AT_OFFSET + 0,
	  "header.version: expected 3, 4 or 5, found 2" },
	{ "version_6", 3, AT_OFFSET + 0, 2, 6, false, CELLA_UNSUPPORTED, AT_OFFSET + 0,
	  "header.version: expected 3, 4 or 5, found 6" },
	{ "version_65535", 3, AT_OFFSET + 0, 2, 65535, false, CELLA_UNSUPPORTED,
	  AT_OFFSET + 0, "found 65535" },
	{ "key_type_epid", 0, AT_OFFSET + 2, 2, 1, false, CELLA_UNSUPPORTED,
	  AT_OFFSET + 2, "header.att_key_type: expected 2 (ECDSA on P-256), found 1" },
	{ "key_type_p384", 3, AT_OFFSET + 2, 2, 3, false, CELLA_UNSUPPORTED,
	  AT_OFFSET + 2, "header.att_key_type: expected 2" },
	{ "tee_unknown", 3, AT_OFFSET + 4, 4, 0x82, false, CELLA_UNSUPPORTED,
	  AT_OFFSET + 4, "header.tee_type: expected 0 (SGX) or 129 (TDX), found 130" },
	{ "tee_large", 3, AT_OFFSET + 4, 4, 0x81000081, false, CELLA_UNSUPPORTED,
	  AT_OFFSET + 4, "header.tee_type" },
	{ "tdx_in_version_3", 0, AT_OFFSET + 4, 4, 0x81, false, CELLA_MALFORMED,
	  AT_OFFSET + 4, "header.tee_type: a quote of version 3 is SGX (0), not 129" },
	{ "vendor_unknown", 3, AT_OFFSET + 12, 1, 0, false, CELLA_UNSUPPORTED,
	  AT_OFFSET + 12, "header.vendor_id: not Intel's quoting enclave" },
	{ "vendor_ends_otherwise", 3, AT_OFFSET + 27, 1, 0, false, CELLA_UNSUPPORTED,
	  AT_OFFSET + 12, "header.vendor_id: not Intel's quoting enclave" },
	{ "body_type_0", 5, AT_OFFSET + 48, 2, 0, false, CELLA_UNSUPPORTED,
	  AT_OFFSET + 48, "body.type: expected 1 to 4, found 0" },
	{ "body_type_5", 5, AT_OFFSET + 48, 2, 5, false, CELLA_UNSUPPORTED,
	  AT_OFFSET + 48, "body.type: expected 1 to 4, found 5" },
	{ "sgx_body_in_tdx", 5, AT_OFFSET + 48, 2, 1, false, CELLA_MALFORMED,
	  AT_OFFSET + 48, "body.type: does not belong to the header's tee_type" },
	{ "td_body_in_sgx", 2, AT_OFFSET + 48, 2, 2, false, CELLA_MALFORMED,
	  AT_OFFSET + 48, "body.type: does not belong to the header's tee_type" },
	{ "body_type_of_another_size", 5, AT_OFFSET + 48, 2, 2, false, CELLA_MALFORMED,
	  AT_OFFSET + 50, "body.size: is not the size of a body of this type" },
	{ "body_size_short", 5, AT_OFFSET + 50, 4, -1, true, CELLA_MALFORMED,
	  AT_OFFSET + 50, "body.size: is not the size of a body of this type" },
	{ "body_size_huge", 5, AT_OFFSET + 50, 4, 0xffffffff, false, CELLA_MALFORMED,
	  AT_OFFSET + 50, "body.size: is not the size of a body of this type" },

	{ "data_size_huge", 3, PLACE(data_size), 4, 0xffffffff, false, CELLA_MALFORMED,
	  PLACE(signature), "signature_data: needs 4294967295 bytes" },
	{ "data_size_long", 3, PLACE(data_size), 4, 1, true, CELLA_MALFORMED,
	  PLACE(signature), "signature_data: needs" },
	{ "data_size_short", 3, PLACE(data_size), 4, -1, true, CELLA_MALFORMED,
	  PLACE(qe_report), "cert_data.data: needs" },
	{ "data_size_0", 3, PLACE(data_size), 4, 0, false, CELLA_MALFORMED,
	  PLACE(signature), "signature: needs 64 bytes, 0 left" },
	{ "data_size_ends_in_key", 3, PLACE(data_size), 4, 100, false, CELLA_MALFORMED,
	  PLACE(att_key), "attestation_key: needs 64 bytes, 36 left" },
	{ "data_size_short_v3", 0, PLACE(data_size), 4, -1, true, CELLA_MALFORMED,
	  PLACE(cert_data), "cert_data.data: needs" },

	{ "outer_type_5", 3, PLACE(outer_type), 2, 5, false, CELLA_MALFORMED,
	  PLACE(outer_type), "cert_data.type: version 4 has 6 (QE report) here, not 5" },
	{ "outer_type_0", 5, PLACE(outer_type), 2, 0, false, CELLA_MALFORMED,
	  PLACE(outer_type), "cert_data.type: version 5 has 6 (QE report) here, not 0" },
	{ "outer_size_long", 3, PLACE(outer_size), 4, 1, true, CELLA_MALFORMED,
	  PLACE(qe_report), "cert_data.data: needs" },
	{ "outer_size_short", 3, PLACE(outer_size), 4, -1, true, CELLA_MALFORMED,
	  PLACE(cert_data), "cert_data.data: needs" },
	{ "outer_size_huge", 3, PLACE(outer_size), 4, 0xffffffff, false, CELLA_MALFORMED,
	  PLACE(qe_report), "cert_data.data: needs 4294967295 bytes" },

	{ "auth_size_huge", 3, PLACE(auth_size), 2, 0xffff, false, CELLA_MALFORMED,
	  PLACE(auth_data), "auth_data: needs 65535 bytes" },

	{ "cert_type_0", 3, PLACE(cert_type), 2, 0, false, CELLA_UNSUPPORTED,
	  PLACE(cert_type), "cert_data.type: expected 1 to 5 or 7, found 0" },
	{ "cert_type_8", 0, PLACE(cert_type), 2, 8, false, CELLA_UNSUPPORTED,
	  PLACE(cert_type), "cert_data.type: expected 1 to 5 or 7, found 8" },
	{ "nested_qe_report", 3, PLACE(cert_type), 2, 6, false, CELLA_MALFORMED,
	  PLACE(cert_type), "cert_data.type: 6 (QE report) cannot stand here" },
	{ "qe_report_in_version_3", 0, PLACE(cert_type), 2, 6, false, CELLA_MALFORMED,
	  PLACE(cert_type), "cert_data.type: 6 (QE report) cannot stand here" },
	{ "cert_size_long", 3, PLACE(cert_size), 4, 1, true, CELLA_MALFORMED,
	  PLACE(cert_data), "cert_data.data: needs" },
	{ "cert_size_huge", 3, PLACE(cert_size), 4, 0xffffffff, false, CELLA_MALFORMED,
	  PLACE(cert_data), "cert_data.data: needs 4294967295 bytes" },
	{ "cert_size_0", 3, PLACE(cert_size), 4, 0, false, CELLA_MALFORMED,
	  PLACE(cert_size), "cert_data.size: is not the size of data of this type" },
	{ "cert_type_of_another_size", 3, PLACE(cert_type), 2, 3, false, CELLA_MALFORMED,
	  PLACE(cert_size), "cert_data.size: is not the size of data of this type" },
};

static size_t place_of(const struct places *places, size_t place)
{
	size_t offset;

	if (place >= AT_OFFSET)
		return place - AT_OFFSET;
	memcpy(&offset, (const uint8_t *)places + place, sizeof offset);
	return offset;
}

static void write_over(struct out *quote, size_t at, const struct row *row)
{
	int64_t value = row->value;

	for (size_t i = 0; row->is_delta && i < row->size; i++)
		value += (int64_t)quote->data[at + i] << (8 * i);
	for (size_t i = 0; i < row->size; i++)
		quote->data[at + i] = (uint8_t)(value >> (8 * i));
}

static void every_error_names_field_and_offset(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		struct places p;
		struct quote q;
		struct maker m;

		make(&m, &kinds[rows[i].kind]);
		CASE(rows[i].name);
		find_places(&m, &p);
		write_over(&m.quote, place_of(&p, rows[i].place), &rows[i]);
		CHECK_ERROR(rows[i].status, place_of(&p, rows[i].error_place),
			    rows[i].text, parse(out_view(&m.quote), &q, &err));
		maker_done(&m);
	}
}

/* The parts of the signature data must fill it: nothing can hide between them. */
static void bytes_between_the_parts(void **state)
{
	static const struct {
		const char *name;
		size_t kind;
		bool grow_outer; /* and the size of the QE report's data */
		const char *text;
	} gaps[] = {
		{ "after_the_certificates_v3", 0, false, "cert_data: bytes are left" },
		{ "after_the_certificates", 3, true, "cert_data: bytes are left over" },
		{ "after_the_qe_report", 3, false, "signature_data: bytes are left" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(gaps); i++) {
		const struct row grow = { .size = 4, .value = 1, .is_delta = true };
		struct cella_error err = { 0 };
		struct places p;
		struct quote q;
		struct maker m;

		make(&m, &kinds[gaps[i].kind]);
		CASE(gaps[i].name);
		find_places(&m, &p);
		out_u8(&m.quote, 0);
		write_over(&m.quote, p.data_size, &grow);
		if (gaps[i].grow_outer)
			write_over(&m.quote, p.outer_size, &grow);
		CHECK_ERROR(CELLA_MALFORMED, p.end, gaps[i].text,
			    parse(out_view(&m.quote), &q, &err));
		maker_done(&m);
	}
}

static void certification_data_of_every_type(void **state)
{
	static const struct {
		uint16_t type;
		size_t len;
		enum cella_status status;
		size_t ppid_len;
		bool has_pce_id;
	} types[] = {
		{ CERT_DATA_PPID_CLEAR, 36, CELLA_OK, 16, true },
		{ CERT_DATA_PPID_CLEAR, 34, CELLA_OK, 16, false },
		{ CERT_DATA_PPID_CLEAR, 35, CELLA_MALFORMED, 0, false },
		{ CERT_DATA_PPID_CLEAR, 37, CELLA_MALFORMED, 0, false },
		{ CERT_DATA_PPID_RSA2048, 276, CELLA_OK, 256, true },
		{ CERT_DATA_PPID_RSA2048, 274, CELLA_MALFORMED, 0, false },
		{ CERT_DATA_PPID_RSA3072, 404, CELLA_OK, 384, true },
		{ CERT_DATA_PPID_RSA3072, 405, CELLA_MALFORMED, 0, false },
		{ CERT_DATA_PCK_LEAF, 1, CELLA_OK, 0, false },
		{ CERT_DATA_PCK_CHAIN, 1, CELLA_OK, 0, false },
		{ CERT_DATA_PLATFORM_MANIFEST, 1, CELLA_OK, 0, false },
	};
	uint8_t bytes[405];

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct cert_data_ppid ppid;
		struct cella_error err = { 0 };
		struct quote q;
		struct maker m;

		maker_init(&m, MAKER_TDX);
		CASE("certification data");
		m.cert_type = types[i].type;
		m.cert_data = bytes_of(bytes, types[i].len);
		maker_issue(&m);
		maker_quote(&m);
		CHECK_STATUS(types[i].status, parse(out_view(&m.quote), &q, &err));
		if (types[i].ppid_len > 0) {
			const uint8_t *const rest = bytes + types[i].ppid_len;

			CHECK_OK(quote_ppid(&q, &ppid, &err));
			CHECK_BYTES(bytes, types[i].ppid_len, ppid.ppid);
			CHECK_BYTES(rest, 16, ppid.cpu_svn);
			CHECK_INT(rest[16] | rest[17] << 8, ppid.pce_svn);
			CHECK_INT(types[i].has_pce_id, ppid.has_pce_id);
			if (ppid.has_pce_id)
				assert_memory_equal(rest + 18, ppid.pce_id, 2);
		} else if (types[i].status == CELLA_OK) {
			CHECK_STATUS(CELLA_USAGE, quote_ppid(&q, &ppid, &err));
		}
		maker_done(&m);
	}
}

/* Any length of authentication data that fits, none included. */
static void authentication_data_of_any_length(void **state)
{
	static const uint16_t lens[] = { 0, 1, 31, 33, 64 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		struct cella_error err = { 0 };
		struct quote q;
		struct maker m;

		maker_init(&m, MAKER_SGX);
		m.auth_len = lens[i];
		maker_issue(&m);
		maker_quote(&m);
		CHECK_OK(parse(out_view(&m.quote), &q, &err));
		CHECK_BYTES(m.auth_data, lens[i], q.auth_data);
		maker_done(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_version_and_body),
		cmocka_unit_test(truncated_anywhere),
		cmocka_unit_test(every_error_names_field_and_offset),
		cmocka_unit_test(bytes_between_the_parts),
		cmocka_unit_test(certification_data_of_every_type),
		cmocka_unit_test(authentication_data_of_any_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
