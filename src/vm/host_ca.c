/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A root of one host, and what it signs. TPM structures: TCG, TPM 2.0 Library, part 2, 12.2.
 */
#include "vm/host_ca.h"

#include "base/encode.h"
#include "crypto/certify.h"
#include "fetch/files.h"
#include "guest/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	ALG_ECC = 0x23,
	ALG_SHA256 = 0x0b,
	ALG_ECDSA = 0x18,
	ALG_NULL = 0x10,
	CURVE_P256 = 3,
	POLICY_MAX = 64,
	COORDINATE_LEN = P256_POINT_LEN / 2,
	NAME_DIGITS = 16,
};

/* TPMA_OBJECT */
enum {
	FIXED_TPM = 1 << 1,
	FIXED_PARENT = 1 << 4,
	SENSITIVE_DATA_ORIGIN = 1 << 5,
	RESTRICTED = 1 << 16,
	DECRYPT = 1 << 17,
	SIGN = 1 << 18,
};

static const uint32_t must_be_set = FIXED_TPM | FIXED_PARENT | SENSITIVE_DATA_ORIGIN |
				    RESTRICTED | SIGN;
static const int64_t day = 24 * 60 * 60;
static const int64_t root_days = 3650;
static const int64_t key_days = 90;
static const int64_t clocks_differ = 60 * 60;

/* --- files --------------------------------------------------------------------------- */

/* The name tells roots apart; what counts is the key. */
static enum cella_status root_name(const struct private_key *key,
				   char name[CERT_NAME_MAX], struct cella_error *err)
{
	uint8_t hash[SHA256_LEN];
	char hex[2 * SHA256_LEN + 1];

	TRY(crypto_sha256(private_key_point(key), hash, err));
	hex_format(bytes_of(hash, sizeof hash), hex);
	snprintf(name, CERT_NAME_MAX, "cella enclave host %.*s", NAME_DIGITS, hex);
	return CELLA_OK;
}

static enum cella_status check_new(const char *path, struct cella_error *err)
{
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return CELLA_OK;
	return error_set(err, CELLA_USAGE, "%s: exists already", path);
}

enum cella_status host_ca_make(const char *key_path, const char *certificate_path,
			       int64_t now, struct cella_error *err)
{
	struct host_ca ca CLEANUP(host_ca_done) = { 0 };
	struct out key_pem CLEANUP(out_done) = { 0 };
	struct out pem CLEANUP(out_done) = { 0 };
	char name[CERT_NAME_MAX];
	const struct certify_spec spec = {
		.name = name,
		.not_before = now - clocks_differ,
		.not_after = now + root_days * day,
	};

	TRY(check_new(key_path, err));
	TRY(check_new(certificate_path, err));
	TRY(private_key_generate(CRYPTO_P256, &ca.key, err));
	TRY(root_name(ca.key, name, err));
	TRY(certify_root(ca.key, &spec, &ca.certificate, err));
	TRY(private_key_write(ca.key, &key_pem, err));
	pem_write(&pem, "CERTIFICATE", out_view(&ca.certificate));
	TRY(out_status(&pem, err));
	TRY(file_write(key_path, out_view(&key_pem), 0600, err));
	return file_write(certificate_path, out_view(&pem), 0644, err);
}

static enum cella_status check_owner(const char *path, struct cella_error *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return error_errno(err, errno, "%s", path);
	if ((st.st_uid != geteuid() && st.st_uid != 0) || (st.st_mode & 077) != 0)
		return error_set(err, CELLA_IO,
				 "%s: expected a key that nobody else may read (mode "
				 "0600)",
				 path);
	return CELLA_OK;
}

static enum cella_status read_certificate(const char *path, struct out *out,
					  struct cella_error *err)
{
	struct out pem CLEANUP(out_done) = { 0 };
	struct cella_bytes text;
	bool found = false;

	TRY(file_read(path, HOST_CA_FILE_MAX, &pem, err));
	text = out_view(&pem);
	TRY(pem_next(&text, "CERTIFICATE", out, &found, err));
	if (!found)
		return error_set(err, CELLA_MALFORMED, "%s: has no certificate", path);
	return CELLA_OK;
}

enum cella_status host_ca_load(const char *key_path, const char *certificate_path,
			       struct host_ca *out, struct cella_error *err)
{
	struct host_ca ca CLEANUP(host_ca_done) = { 0 };
	struct out pem CLEANUP(out_done) = { 0 };
	enum cella_status status;

	TRY(check_owner(key_path, err));
	TRY(file_read(key_path, HOST_CA_FILE_MAX, &pem, err));
	status = private_key_parse(out_view(&pem), &ca.key, err);
	if (status != CELLA_OK) {
		error_prefix(err, "%s", key_path);
		return status;
	}
	if (private_key_curve(ca.key) != CRYPTO_P256)
		return error_set(err, CELLA_UNSUPPORTED, "%s: expected a key on P-256",
				 key_path);
	TRY(read_certificate(certificate_path, &ca.certificate, err));
	*out = ca;
	ca = (struct host_ca){ 0 };
	return CELLA_OK;
}

/* --- attestation keys ---------------------------------------------------------------- */

static void expect16(struct in *in, uint16_t expected, const char *label)
{
	const uint16_t found = in_u16be(in, label);

	if (in->failed == NULL && found != expected)
		in_fail_at(in, in_offset(in) - 2, label,
			   "is not that of an attestation key");
}

static struct cella_bytes sized(struct in *in, size_t max, const char *label)
{
	const uint16_t len = in_u16be(in, label);

	if (in->failed == NULL && len > max)
		in_fail_at(in, in_offset(in) - 2, label, "is longer than it can be");
	return in_bytes(in, len, label);
}

/* A coordinate may come without its leading zeros. */
static void copy_coordinate(struct in *in, uint8_t out[COORDINATE_LEN], const char *label)
{
	const struct cella_bytes bytes = sized(in, COORDINATE_LEN, label);

	if (in->failed == NULL)
		memcpy(out + COORDINATE_LEN - bytes.len, bytes.data, bytes.len);
}

/* TPM2B_PUBLIC, of an attestation key as cella-vtpm makes it. */
static enum cella_status read_public(struct cella_bytes area,
				     uint8_t point[P256_POINT_LEN],
				     struct cella_error *err)
{
	uint32_t attributes;
	struct in in;

	in_init(&in, area, "attestation key");
	expect16(&in, (uint16_t)(area.len - 2), "size");
	expect16(&in, ALG_ECC, "type");
	expect16(&in, ALG_SHA256, "nameAlg");
	attributes = in_u32be(&in, "objectAttributes");
	if (in.failed == NULL &&
	    ((attributes & must_be_set) != must_be_set || (attributes & DECRYPT) != 0))
		in_fail_at(&in, in_offset(&in) - 4, "objectAttributes",
			   "are not those of a restricted key of its TPM");
	(void)sized(&in, POLICY_MAX, "authPolicy");
	expect16(&in, ALG_NULL, "symmetric");
	expect16(&in, ALG_ECDSA, "scheme");
	expect16(&in, ALG_SHA256, "scheme.hash");
	expect16(&in, CURVE_P256, "curveID");
	expect16(&in, ALG_NULL, "kdf");
	memset(point, 0, P256_POINT_LEN);
	copy_coordinate(&in, point, "x");
	copy_coordinate(&in, point + COORDINATE_LEN, "y");
	in_end(&in, "end");
	return in_status(&in, err);
}

enum cella_status host_ca_certify(const struct host_ca *ca,
				  struct cella_bytes public_area, int64_t now,
				  struct out *out, struct cella_error *err)
{
	const struct certify_spec spec = {
		.name = "cella enclave attestation key",
		.not_before = now - clocks_differ,
		.not_after = now + key_days * day,
	};
	uint8_t point[P256_POINT_LEN];

	TRY(read_public(public_area, point, err));
	return certify_key(ca->key, out_view(&ca->certificate),
			   bytes_of(point, sizeof point), &spec, out, err);
}

void host_ca_done(struct host_ca *ca)
{
	private_key_free(ca->key);
	out_done(&ca->certificate);
	*ca = (struct host_ca){ 0 };
}
