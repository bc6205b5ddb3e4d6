/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing certificates and revocation lists. The order of the attributes of names and of
 * the extensions, and the types of strings, are those of the service's certificates, byte
 * for byte.
 */
#include "sim/cert_write.h"

#include "base/der.h"
#include "sim/der_write.h"

#include <string.h>

static const uint8_t oid_cn[] = { 0x55, 0x04, 0x03 };
static const uint8_t oid_country[] = { 0x55, 0x04, 0x06 };
static const uint8_t oid_locality[] = { 0x55, 0x04, 0x07 };
static const uint8_t oid_state[] = { 0x55, 0x04, 0x08 };
static const uint8_t oid_organisation[] = { 0x55, 0x04, 0x0a };
static const uint8_t oid_subject_key[] = { 0x55, 0x1d, 0x0e };
static const uint8_t oid_key_usage[] = { 0x55, 0x1d, 0x0f };
static const uint8_t oid_basic_constraints[] = { 0x55, 0x1d, 0x13 };
static const uint8_t oid_crl_number[] = { 0x55, 0x1d, 0x14 };
static const uint8_t oid_reason[] = { 0x55, 0x1d, 0x15 };
static const uint8_t oid_certificate_issuer[] = { 0x55, 0x1d, 0x1d };
static const uint8_t oid_crl_points[] = { 0x55, 0x1d, 0x1f };
static const uint8_t oid_authority_key[] = { 0x55, 0x1d, 0x23 };
static const uint8_t oid_sgx[] = { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01 };
/* 1.3.6.1.4.1.99999.1: nobody's, so that nobody can understand it */
static const uint8_t oid_nobody[] = {
	0x2b, 0x06, 0x01, 0x04, 0x01, 0x86, 0x8d, 0x1f, 0x01
};
static const uint8_t oid_ec_key[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 };
static const uint8_t oid_p256[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
static const uint8_t oid_p384[] = { 0x2b, 0x81, 0x04, 0x00, 0x22 };

static const struct {
	uint8_t oid[8];
	size_t len;
} signature_oids[] = {
	[SIM_ISSUE_SHA256] = { { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 }, 8 },
	[SIM_ISSUE_SHA384] = { { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03 }, 8 },
	[SIM_ISSUE_SHA1] = { { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01 }, 7 },
};

static void write_algorithm(struct out *out, enum sim_issue_hash hash)
{
	const size_t algorithm = sim_der_open(out, DER_SEQUENCE);

	sim_der_element(out, DER_OID, signature_oids[hash].oid, signature_oids[hash].len);
	sim_der_close(out, algorithm);
}

/* --- names --------------------------------------------------------------------------- */

static void write_attribute(struct out *out, const uint8_t oid[3], int tag,
			    const char *text)
{
	const size_t set = sim_der_open(out, SIM_DER_SET);
	const size_t pair = sim_der_open(out, DER_SEQUENCE);

	sim_der_element(out, DER_OID, oid, 3);
	sim_der_text(out, tag, text);
	sim_der_close(out, pair);
	sim_der_close(out, set);
}

static void write_name(struct out *out, const struct sim_name *name, bool two_names)
{
	const size_t sequence = sim_der_open(out, DER_SEQUENCE);

	write_attribute(out, oid_cn, SIM_DER_UTF8_STRING, name->cn);
	if (two_names)
		write_attribute(out, oid_cn, SIM_DER_UTF8_STRING, "another name");
	write_attribute(out, oid_organisation, SIM_DER_UTF8_STRING, name->organisation);
	write_attribute(out, oid_locality, SIM_DER_UTF8_STRING, "Santa Clara");
	write_attribute(out, oid_state, SIM_DER_UTF8_STRING, "CA");
	write_attribute(out, oid_country, SIM_DER_PRINTABLE_STRING, "US");
	sim_der_close(out, sequence);
}

/* --- extensions ---------------------------------------------------------------------- */

struct extension {
	size_t whole;
	size_t value;
};

static struct extension open_extension(struct out *out, const uint8_t *oid, size_t len,
				       bool is_critical)
{
	struct extension extension;

	extension.whole = sim_der_open(out, DER_SEQUENCE);
	sim_der_element(out, DER_OID, oid, len);
	if (is_critical)
		sim_der_boolean(out, true);
	extension.value = sim_der_open(out, DER_OCTET_STRING);
	return extension;
}

static void close_extension(struct out *out, const struct extension *extension)
{
	sim_der_close(out, extension->value);
	sim_der_close(out, extension->whole);
}

static void write_authority_key(struct out *out, const uint8_t id[SIM_KEY_ID_LEN])
{
	const struct extension e =
		open_extension(out, oid_authority_key, sizeof oid_authority_key, false);
	const size_t sequence = sim_der_open(out, DER_SEQUENCE);

	sim_der_element(out, SIM_DER_CONTEXT, id, SIM_KEY_ID_LEN);
	sim_der_close(out, sequence);
	close_extension(out, &e);
}

/* CRLDistributionPoints of one point with one URI as its full name. */
static void write_crl_point(struct out *out, const char *url)
{
	const struct extension e =
		open_extension(out, oid_crl_points, sizeof oid_crl_points, false);
	const size_t points = sim_der_open(out, DER_SEQUENCE);
	const size_t point = sim_der_open(out, DER_SEQUENCE);
	const size_t name = sim_der_open(out, SIM_DER_CONSTRUCTED);
	const size_t full_name = sim_der_open(out, SIM_DER_CONSTRUCTED);

	sim_der_text(out, SIM_DER_CONTEXT + 6, url);
	sim_der_close(out, full_name);
	sim_der_close(out, name);
	sim_der_close(out, point);
	sim_der_close(out, points);
	close_extension(out, &e);
}

static void write_subject_key(struct out *out, const uint8_t id[SIM_KEY_ID_LEN])
{
	const struct extension e =
		open_extension(out, oid_subject_key, sizeof oid_subject_key, false);

	sim_der_element(out, DER_OCTET_STRING, id, SIM_KEY_ID_LEN);
	close_extension(out, &e);
}

/* A named bit list ends with its last set bit (X.690 11.2.2). */
static void write_key_usage(struct out *out, uint8_t usage)
{
	const struct extension e =
		open_extension(out, oid_key_usage, sizeof oid_key_usage, true);
	uint8_t bits[2] = { 0, usage };

	while (bits[0] < 7 && (usage >> bits[0] & 1) == 0)
		bits[0]++;
	sim_der_element(out, SIM_DER_BIT_STRING, bits, sizeof bits);
	close_extension(out, &e);
}

static void write_basic_constraints(struct out *out, const struct sim_cert_spec *spec)
{
	const struct extension e = open_extension(out, oid_basic_constraints,
						  sizeof oid_basic_constraints, true);
	const size_t sequence = sim_der_open(out, DER_SEQUENCE);

	if (spec->is_ca)
		sim_der_boolean(out, true);
	if (spec->path_len >= 0)
		sim_der_number(out, DER_INTEGER, (uint64_t)spec->path_len);
	sim_der_close(out, sequence);
	close_extension(out, &e);
}

static void write_sgx_extension(struct out *out, struct cella_bytes contents)
{
	const struct extension e = open_extension(out, oid_sgx, sizeof oid_sgx, false);

	out_bytes(out, contents.data, contents.len);
	close_extension(out, &e);
}

static void write_unknown_critical(struct out *out)
{
	const struct extension e =
		open_extension(out, oid_nobody, sizeof oid_nobody, true);

	sim_der_text(out, SIM_DER_UTF8_STRING, "must be understood");
	close_extension(out, &e);
}

static void write_extensions(struct out *out, const struct sim_cert_spec *spec)
{
	const size_t tagged = sim_der_open(out, SIM_DER_CONSTRUCTED + 3);
	const size_t list = sim_der_open(out, DER_SEQUENCE);

	write_authority_key(out, spec->issuer_key_id);
	write_crl_point(out, spec->crl_url);
	write_subject_key(out, spec->key_id);
	if ((spec->oddities & SIM_CERT_NO_KEY_USAGE) == 0)
		write_key_usage(out, spec->key_usage);
	if ((spec->oddities & SIM_CERT_NO_BASIC_CONSTRAINTS) == 0)
		write_basic_constraints(out, spec);
	if (spec->sgx_ext.len > 0)
		write_sgx_extension(out, spec->sgx_ext);
	if ((spec->oddities & SIM_CERT_SGX_TWICE) != 0)
		write_sgx_extension(out, spec->sgx_ext);
	if ((spec->oddities & SIM_CERT_UNKNOWN_CRITICAL) != 0)
		write_unknown_critical(out);
	sim_der_close(out, list);
	sim_der_close(out, tagged);
}

/* --- certificates -------------------------------------------------------------------- */

static void write_validity(struct out *out, int64_t from, int64_t to)
{
	const size_t validity = sim_der_open(out, DER_SEQUENCE);

	sim_der_time(out, from);
	sim_der_time(out, to);
	sim_der_close(out, validity);
}

static void write_key(struct out *out, const struct sim_cert_spec *spec)
{
	const bool is_p256 = spec->point.len == P256_POINT_LEN;
	const size_t info = sim_der_open(out, DER_SEQUENCE);
	const size_t algorithm = sim_der_open(out, DER_SEQUENCE);
	uint8_t point[1 + CRYPTO_POINT_MAX] = { 0x04 };
	size_t len = spec->point.len;

	sim_der_element(out, DER_OID, oid_ec_key, sizeof oid_ec_key);
	sim_der_element(out, DER_OID, is_p256 ? oid_p256 : oid_p384,
			is_p256 ? sizeof oid_p256 : sizeof oid_p384);
	sim_der_close(out, algorithm);
	memcpy(point + 1, spec->point.data, len);
	if ((spec->oddities & SIM_CERT_COMPRESSED_POINT) != 0) {
		point[0] = 0x02 | (point[len] & 1);
		len /= 2;
	}
	sim_der_bits(out, point, 1 + len);
	sim_der_close(out, info);
}

void sim_cert_write_tbs(const struct sim_cert_spec *spec, struct out *out)
{
	const bool is_version_1 = (spec->oddities & SIM_CERT_VERSION_1) != 0;
	const size_t tbs = sim_der_open(out, DER_SEQUENCE);

	if (!is_version_1) {
		const size_t version = sim_der_open(out, SIM_DER_CONSTRUCTED);

		sim_der_number(out, DER_INTEGER, 2);
		sim_der_close(out, version);
	}
	sim_der_integer(out, bytes_of(spec->serial, sizeof spec->serial));
	write_algorithm(out, spec->hash);
	write_name(out, &spec->issuer, false);
	write_validity(out, spec->not_before, spec->not_after);
	write_name(out, &spec->subject, (spec->oddities & SIM_CERT_TWO_NAMES) != 0);
	write_key(out, spec);
	if (!is_version_1)
		write_extensions(out, spec);
	sim_der_close(out, tbs);
}

/* SEQUENCE { what is signed, the algorithm, the signature } */
static enum cella_status write_signed(const struct out *tbs, enum sim_issue_hash hash,
				      const struct private_key *issuer, struct out *out,
				      struct cella_error *err)
{
	struct out signature CLEANUP(out_done) = { 0 };
	size_t sequence;

	TRY(out_status(tbs, err));
	TRY(sim_issue_signature(issuer, hash, out_view(tbs), &signature, err));
	sequence = sim_der_open(out, DER_SEQUENCE);
	out_bytes(out, tbs->data, tbs->len);
	write_algorithm(out, hash);
	sim_der_bits(out, signature.data, signature.len);
	sim_der_close(out, sequence);
	return out_status(out, err);
}

enum cella_status sim_cert_issue(const struct sim_cert_spec *spec,
				 const struct private_key *issuer, struct out *out,
				 struct cella_error *err)
{
	struct out tbs CLEANUP(out_done) = { 0 };

	sim_cert_write_tbs(spec, &tbs);
	return write_signed(&tbs, spec->hash, issuer, out, err);
}

/* --- revocation lists ---------------------------------------------------------------- */

static void write_reason(struct out *out)
{
	enum { KEY_COMPROMISE = 1 };
	const struct extension e =
		open_extension(out, oid_reason, sizeof oid_reason, false);

	sim_der_number(out, DER_ENUMERATED, KEY_COMPROMISE);
	close_extension(out, &e);
}

/* A certificate issuer (RFC 5280 5.3.3): the entry is another authority's. */
static void write_other_issuer(struct out *out, const struct sim_name *issuer)
{
	const struct extension e = open_extension(out, oid_certificate_issuer,
						  sizeof oid_certificate_issuer, true);
	const size_t names = sim_der_open(out, DER_SEQUENCE);
	const size_t directory = sim_der_open(out, SIM_DER_CONSTRUCTED + 4);

	write_name(out, issuer, false);
	sim_der_close(out, directory);
	sim_der_close(out, names);
	close_extension(out, &e);
}

static void write_entry(struct out *out, const struct sim_crl_spec *spec, size_t index)
{
	const size_t entry = sim_der_open(out, DER_SEQUENCE);
	size_t extensions;

	sim_der_integer(out, bytes_of(spec->revoked[index], SIM_SERIAL_LEN));
	sim_der_time(out, spec->this_update);
	if ((spec->oddities & SIM_CRL_VERSION_1) == 0) {
		extensions = sim_der_open(out, DER_SEQUENCE);
		write_reason(out);
		if (index == 0 && (spec->oddities & SIM_CRL_ENTRY_CRITICAL) != 0)
			write_other_issuer(out, &spec->issuer);
		sim_der_close(out, extensions);
	}
	sim_der_close(out, entry);
}

static void write_entries(struct out *out, const struct sim_crl_spec *spec)
{
	size_t list;

	if (spec->num_revoked == 0)
		return;
	list = sim_der_open(out, DER_SEQUENCE);
	for (size_t i = 0; i < spec->num_revoked; i++)
		write_entry(out, spec, i);
	sim_der_close(out, list);
}

static void write_crl_number(struct out *out, uint64_t number)
{
	const struct extension e =
		open_extension(out, oid_crl_number, sizeof oid_crl_number, false);

	sim_der_number(out, DER_INTEGER, number);
	close_extension(out, &e);
}

static void write_crl_extensions(struct out *out, const struct sim_crl_spec *spec)
{
	const size_t tagged = sim_der_open(out, SIM_DER_CONSTRUCTED);
	const size_t list = sim_der_open(out, DER_SEQUENCE);

	if ((spec->oddities & SIM_CRL_NO_NUMBER) == 0)
		write_crl_number(out, spec->number);
	if ((spec->oddities & SIM_CRL_NO_AUTHORITY_KEY) == 0)
		write_authority_key(out, spec->issuer_key_id);
	if ((spec->oddities & SIM_CRL_UNKNOWN_CRITICAL) != 0)
		write_unknown_critical(out);
	sim_der_close(out, list);
	sim_der_close(out, tagged);
}

enum cella_status sim_crl_issue(const struct sim_crl_spec *spec,
				const struct private_key *issuer, struct out *out,
				struct cella_error *err)
{
	const bool is_version_1 = (spec->oddities & SIM_CRL_VERSION_1) != 0;
	struct out tbs CLEANUP(out_done) = { 0 };
	const size_t list = sim_der_open(&tbs, DER_SEQUENCE);

	if (!is_version_1)
		sim_der_number(&tbs, DER_INTEGER, 1);
	write_algorithm(&tbs, spec->hash);
	write_name(&tbs, &spec->issuer, false);
	sim_der_time(&tbs, spec->this_update);
	sim_der_time(&tbs, spec->next_update);
	write_entries(&tbs, spec);
	if (!is_version_1)
		write_crl_extensions(&tbs, spec);
	sim_der_close(&tbs, list);
	return write_signed(&tbs, spec->hash, issuer, out, err);
}

enum cella_status sim_key_id(struct cella_bytes point, uint8_t out[SIM_KEY_ID_LEN],
			     struct cella_error *err)
{
	uint8_t hash[SHA256_LEN];

	TRY(crypto_sha256(point, hash, err));
	memcpy(out, hash, SIM_KEY_ID_LEN);
	/* Positive and never short, as a serial number of 20 bytes should be. */
	out[0] = (out[0] & 0x7f) | 0x40;
	return CELLA_OK;
}
