/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making, keeping and using the host's key. Structures of TPMs: TPM 2.0 Library, part 2,
 * TPMT_PUBLIC; big endian.
 */
#include "vm/host_key.h"

#include "base/civil.h"
#include "base/encode.h"
#include "crypto/host_cert.h"
#include "fetch/files.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FILE_MAX = 16 << 10,
	YEAR_S = 365 * 24 * 3600,
	NAME_DIGITS = 8, /* of the key's hash, in the root's name */
};

struct host_key {
	struct private_key *key;
	struct out root; /* DER */
	int64_t not_before;
	int64_t not_after;
};

void host_key_free(struct host_key *key)
{
	if (key == NULL)
		return;
	private_key_free(key->key);
	out_done(&key->root);
	free(key);
}

struct cella_bytes host_key_root(const struct host_key *key)
{
	return out_view(&key->root);
}

static void private_key_cleanup(struct private_key **key)
{
	private_key_free(*key);
}

static enum cella_status path_in(const char *folder, const char *name, char out[PATH_MAX],
				 struct cella_error *err)
{
	if (snprintf(out, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
		return error_set(err, CELLA_LIMIT, "%.64s…: a path of more than %d bytes",
				 folder, PATH_MAX);
	return CELLA_OK;
}

/* A positive number, so that it is as long for every certificate. */
static enum cella_status make_serial(uint8_t serial[HOST_CERT_SERIAL_LEN],
				     struct cella_error *err)
{
	TRY(random_bytes(serial, HOST_CERT_SERIAL_LEN, err));
	serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40);
	return CELLA_OK;
}

/* --- making -------------------------------------------------------------------------- */

/* Roots of different hosts have different names, so that no other is tried for one. */
static enum cella_status root_spec(const struct private_key *key, int64_t now,
				   char name[CERT_NAME_MAX + 1],
				   struct host_cert_spec *out, struct cella_error *err)
{
	uint8_t hash[SHA256_LEN];
	char digits[2 * SHA256_LEN + 1];

	TRY(crypto_sha256(private_key_point(key), hash, err));
	hex_format(bytes_of(hash, sizeof hash), digits);
	snprintf(name, CERT_NAME_MAX + 1, "cella enclave host %.*s", NAME_DIGITS, digits);
	*out = (struct host_cert_spec){
		.name = name,
		.not_before = now - HOST_CLOCK_SKEW_S,
		.not_after = now + (int64_t)HOST_ROOT_YEARS * YEAR_S,
	};
	return make_serial(out->serial, err);
}

static enum cella_status write_root(const struct private_key *key, const char *path,
				    int64_t now, struct cella_error *err)
{
	char name[CERT_NAME_MAX + 1];
	struct out der CLEANUP(out_done) = { 0 };
	struct out pem CLEANUP(out_done) = { 0 };
	struct host_cert_spec spec;

	TRY(root_spec(key, now, name, &spec, err));
	TRY(host_cert_root(&spec, key, &der, err));
	pem_write(&pem, "CERTIFICATE", out_view(&der));
	TRY(out_status(&pem, err));
	return file_write(path, out_view(&pem), 0644, err);
}

enum cella_status host_key_make(const char *folder, int64_t now, struct cella_error *err)
{
	struct private_key *key CLEANUP(private_key_cleanup) = NULL;
	struct out pem CLEANUP(out_done) = { 0 };
	char key_path[PATH_MAX];
	char root_path[PATH_MAX];
	enum cella_status status;

	TRY(path_in(folder, HOST_KEY_FILE, key_path, err));
	TRY(path_in(folder, HOST_ROOT_FILE, root_path, err));
	if (access(key_path, F_OK) == 0 || access(root_path, F_OK) == 0)
		return error_set(err, CELLA_USAGE,
				 "%s: has a host's key already; verifiers pin it",
				 folder);
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return error_errno(err, errno, "%s", folder);
	TRY(private_key_generate(CRYPTO_P256, &key, err));
	status = private_key_write(key, &pem, err);
	if (status == CELLA_OK)
		status = file_write(key_path, out_view(&pem), 0600, err);
	explicit_bzero(pem.data, pem.len);
	TRY(status);
	return write_root(key, root_path, now, err);
}

/* --- loading ------------------------------------------------------------------------- */

static enum cella_status check_mode(const char *path, struct cella_error *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return errno == ENOENT
			       ? error_set(err, CELLA_MISSING,
					   "%s: this host has no key yet: 'cella enclave "
					   "init-host %.*s' makes one",
					   path, (int)(strrchr(path, '/') - path), path)
			       : error_errno(err, errno, "%s", path);
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return error_set(err, CELLA_IO,
				 "%s: mode %04o: others than its owner may use the key",
				 path, (unsigned)(st.st_mode & 07777));
	return CELLA_OK;
}

static enum cella_status load_key(const char *path, struct private_key **out,
				  struct cella_error *err)
{
	struct out pem CLEANUP(out_done) = { 0 };
	enum cella_status status;

	TRY(check_mode(path, err));
	TRY(file_read(path, FILE_MAX, &pem, err));
	status = private_key_parse(out_view(&pem), out, err);
	explicit_bzero(pem.data, pem.len);
	if (status != CELLA_OK)
		error_prefix(err, "%s", path);
	return status;
}

static enum cella_status load_root(const char *path, struct host_key *key,
				   struct cella_error *err)
{
	struct out *const der = &key->root;
	struct out pem CLEANUP(out_done) = { 0 };
	struct crypto_cert *cert = NULL;
	struct cella_bytes text;
	bool found = false;
	bool same;

	TRY(file_read(path, FILE_MAX, &pem, err));
	text = out_view(&pem);
	TRY(pem_next(&text, "CERTIFICATE", der, &found, err));
	TRY(crypto_cert_parse(out_view(der), &cert, err));
	same = bytes_equal(bytes_of(cert->point, sizeof cert->point),
			   private_key_point(key->key));
	key->not_before = cert->not_before;
	key->not_after = cert->not_after;
	crypto_cert_free(cert);
	if (!same)
		return error_set(err, CELLA_MALFORMED, "%s: is not of the key beside it",
				 path);
	return CELLA_OK;
}

enum cella_status host_key_load(const char *folder, struct host_key **out,
				struct cella_error *err)
{
	struct host_key *key CLEANUP(host_key_cleanup) = calloc(1, sizeof *key);
	char path[PATH_MAX];

	if (key == NULL)
		return error_nomem(err);
	TRY(path_in(folder, HOST_KEY_FILE, path, err));
	TRY(load_key(path, &key->key, err));
	TRY(path_in(folder, HOST_ROOT_FILE, path, err));
	TRY(load_root(path, key, err));
	*out = take(&key);
	return CELLA_OK;
}

enum cella_status host_key_check_time(const struct host_key *key, int64_t now,
				      struct cella_error *err)
{
	char at[CIVIL_TEXT_LEN];
	char from[CIVIL_TEXT_LEN];
	char to[CIVIL_TEXT_LEN];

	if (now >= key->not_before && now <= key->not_after)
		return CELLA_OK;
	return error_set(err, CELLA_USAGE,
			 "clock: %s, but the host's certificate is valid from %s to %s",
			 civil_format(now, at), civil_format(key->not_before, from),
			 civil_format(key->not_after, to));
}

/* --- the secret ---------------------------------------------------------------------- */

/* Two that make one at the same time must end with the same: the first that links it wins. */
static enum cella_status make_secret(const char *path, struct cella_error *err)
{
	uint8_t secret[HOST_SECRET_LEN];
	char digits[2 * HOST_SECRET_LEN + 2];
	char beside[PATH_MAX];
	enum cella_status status;

	if (snprintf(beside, sizeof beside, "%s.%d", path, (int)getpid()) >= PATH_MAX)
		return error_set(err, CELLA_LIMIT, "%.64s…: too long a path", path);
	TRY(random_bytes(secret, sizeof secret, err));
	hex_format(bytes_of(secret, sizeof secret), digits);
	status = file_write(beside, bytes_of(digits, strlen(digits)), 0600, err);
	explicit_bzero(secret, sizeof secret);
	explicit_bzero(digits, sizeof digits);
	if (status == CELLA_OK && link(beside, path) != 0 && errno != EEXIST)
		status = error_errno(err, errno, "%s", path);
	unlink(beside);
	return status;
}

enum cella_status host_secret_load(const char *folder, uint8_t out[HOST_SECRET_LEN],
				   struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };
	char path[PATH_MAX];
	enum cella_status status;

	TRY(path_in(folder, HOST_SECRET_FILE, path, err));
	if (access(path, F_OK) != 0 && errno == ENOENT)
		TRY(make_secret(path, err));
	TRY(check_mode(path, err));
	TRY(file_read(path, FILE_MAX, &text, err));
	status = hex_read(text_trim(out_view(&text)), out, HOST_SECRET_LEN, path, err);
	explicit_bzero(text.data, text.len);
	return status;
}

/* --- certifying ---------------------------------------------------------------------- */

/*
 * All that is asked of an attestation key stands before its point: type, hash of the name,
 * attributes (fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, noDA, restricted,
 * sign), no policy, no symmetric part, ECDSA with SHA-256, P-256, no derivation.
 */
static const uint8_t ak_template[] = { 0x00, 0x23, 0x00, 0x0b, 0x00, 0x05, 0x04,
				       0x72, 0x00, 0x00, 0x00, 0x10, 0x00, 0x18,
				       0x00, 0x0b, 0x00, 0x03, 0x00, 0x10 };

static void read_coordinate(struct in *in, uint8_t out[32], const char *label)
{
	if (in_u16be(in, label) != 32 && in->failed == NULL)
		in_fail_at(in, in_offset(in) - 2, label, "is not of 32 bytes");
	in_copy(in, out, 32, label);
}

static enum cella_status read_public(struct cella_bytes public_area,
				     uint8_t point[P256_POINT_LEN],
				     struct cella_error *err)
{
	struct cella_bytes template;
	struct in in;

	in_init(&in, public_area, "attestation key");
	if (in_u16be(&in, "size") + (size_t)2 != public_area.len && in.failed == NULL)
		in_fail_at(&in, 0, "size", "is not that of what follows");
	template = in_bytes(&in, sizeof ak_template, "template");
	if (in.failed == NULL &&
	    memcmp(template.data, ak_template, sizeof ak_template) != 0)
		in_fail_at(&in, 2, "template",
			   "is not that of a restricted signing key on P-256");
	read_coordinate(&in, point, "unique.x");
	read_coordinate(&in, point + 32, "unique.y");
	in_end(&in, "end");
	return in_status(&in, err);
}

static enum cella_status check_id(const char *id, struct cella_error *err)
{
	const size_t len = strlen(id);

	if (len == 0 || len > HOST_ENCLAVE_ID_MAX)
		return error_set(err, CELLA_USAGE,
				 "enclave id: %zu characters, not 1 to %d", len,
				 HOST_ENCLAVE_ID_MAX);
	for (size_t i = 0; i < len; i++)
		if (id[i] <= ' ' || id[i] > '~')
			return error_set(err, CELLA_USAGE,
					 "enclave id: byte %zu is not printable", i);
	return CELLA_OK;
}

enum cella_status host_key_certify(const struct host_key *key,
				   struct cella_bytes public_area, const char *enclave_id,
				   int64_t now, struct out *der, struct cella_error *err)
{
	uint8_t point[P256_POINT_LEN];
	char name[CERT_NAME_MAX + 1];
	struct host_cert_spec spec = {
		.name = name,
		.not_before = now - HOST_CLOCK_SKEW_S,
		.not_after = now + HOST_AK_LIFETIME_S,
	};

	TRY(check_id(enclave_id, err));
	TRY(read_public(public_area, point, err));
	snprintf(name, sizeof name, "cella enclave %s", enclave_id);
	TRY(make_serial(spec.serial, err));
	return host_cert_ak(&spec, bytes_of(point, sizeof point), host_key_root(key),
			    key->key, der, err);
}
