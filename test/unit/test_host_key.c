/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's key and the certificates it makes (src/vm/host_key.c, src/crypto/host_cert.c).
 */
#include "support.h"

#include "fetch/files.h"
#include "vm/host_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOW = 1767225600 };

static char folder[] = "/tmp/cella-host-key-XXXXXX";

static const char *path(const char *name)
{
	static char text[128];

	snprintf(text, sizeof text, "%s/%s", folder, name);
	return text;
}

static struct out public_area(const struct private_key *key)
{
	static const char head[] =
		"\x00\x58\x00\x23\x00\x0b\x00\x05\x04\x72\x00\x00\x00\x10"
		"\x00\x18\x00\x0b\x00\x03\x00\x10";
	const struct cella_bytes point = private_key_point(key);
	struct out out = { 0 };

	out_bytes(&out, head, sizeof head - 1);
	out_u16be(&out, 32);
	out_bytes(&out, point.data, 32);
	out_u16be(&out, 32);
	out_bytes(&out, point.data + 32, 32);
	return out;
}

static struct host_key *loaded(void)
{
	struct host_key *key = NULL;
	struct cella_error err = { 0 };

	CHECK_OK(host_key_load(folder, &key, &err));
	return key;
}

/* A machine without a clock's battery begins in 1970, and some are ahead by years. */
static void the_clock_must_fit(void **state)
{
	struct host_key *const host = loaded();
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(host_key_check_time(host, NOW, &err));
	CHECK_OK(host_key_check_time(host, NOW - HOST_CLOCK_SKEW_S, &err));
	CHECK_STATUS(CELLA_USAGE,
		     host_key_check_time(host, NOW - HOST_CLOCK_SKEW_S - 1, &err));
	CHECK_STATUS(CELLA_USAGE, host_key_check_time(host, 10, &err));
	CHECK_TEXT_HAS(err.text,
		       "clock: 1970-01-01T00:00:10Z, but the host's certificate");
	CHECK_STATUS(CELLA_USAGE,
		     host_key_check_time(
			     host, NOW + (HOST_ROOT_YEARS + 1LL) * 366 * 86400, &err));
	host_key_free(host);
}

static void certificates_say_what_verifiers_need(void **state)
{
	struct host_key *const host = loaded();
	struct private_key *ak = NULL;
	struct cella_error err = { 0 };
	struct out der CLEANUP(out_done) = { 0 };
	struct out public CLEANUP(out_done) = { 0 };
	struct crypto_cert *cert = NULL;
	struct crypto_cert *root = NULL;
	bool good = false;

	(void)state;
	CHECK_OK(private_key_generate(CRYPTO_P256, &ak, &err));
	public = public_area(ak);
	CHECK_OK(host_key_certify(host, out_view(&public), "evm-1", NOW, &der, &err));
	CHECK_OK(crypto_cert_parse(out_view(&der), &cert, &err));
	CHECK_OK(crypto_cert_parse(host_key_root(host), &root, &err));
	CHECK_OK(crypto_cert_verify(cert, root, &good, &err));
	CHECK_TRUE(good);
	CHECK_OK(crypto_cert_verify(root, root, &good, &err));
	CHECK_TRUE(good);
	CHECK_BYTES(private_key_point(ak).data, P256_POINT_LEN,
		    bytes_of(cert->point, sizeof cert->point));
	CHECK_TEXT("cella enclave evm-1", cert->subject_cn);
	CHECK_TRUE(bytes_equal(cert->issuer, root->subject));
	CHECK_TRUE(strncmp(root->subject_cn, "cella enclave host ", 19) == 0);
	CHECK_TRUE(cert->has_ak_usage && !cert->is_ca && !cert->has_unknown_critical);
	CHECK_INT(CERT_USAGE_SIGNATURE, cert->key_usage);
	CHECK_INT(NOW - HOST_CLOCK_SKEW_S, cert->not_before);
	CHECK_INT(NOW + HOST_AK_LIFETIME_S, cert->not_after);
	CHECK_TRUE(root->is_ca && root->path_len == 0 && root->has_ak_usage);
	CHECK_INT(16, cert->serial_len);
	crypto_cert_free(cert);
	crypto_cert_free(root);
	private_key_free(ak);
	host_key_free(host);
}

/* Only a key that signs nothing but what its TPM says is vouched for. */
static void every_other_kind_of_key_is_refused(void **state)
{
	enum { TEMPLATE_END = 22 };
	struct host_key *const host = loaded();
	struct private_key *ak = NULL;
	struct cella_error err = { 0 };
	struct out public CLEANUP(out_done) = { 0 };

	(void)state;
	CHECK_OK(private_key_generate(CRYPTO_P256, &ak, &err));
	public = public_area(ak);
	for (size_t bit = 0; bit < 8 * (size_t)TEMPLATE_END; bit++) {
		struct out der CLEANUP(out_done) = { 0 };

		public.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK_STATUS(CELLA_MALFORMED, host_key_certify(host, out_view(&public),
							       "e", NOW, &der, &err));
		CHECK_INT(0, der.len);
		public.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = 0; len < public.len; len++) {
		struct out der CLEANUP(out_done) = { 0 };

		CHECK_STATUS(CELLA_MALFORMED,
			     host_key_certify(host, bytes_of(public.data, len), "e", NOW,
					      &der, &err));
	}
	/* Not a point of the curve. */
	public.data[TEMPLATE_END + 2] ^= 1;
	{
		struct out der CLEANUP(out_done) = { 0 };

		CHECK_STATUS(CELLA_MALFORMED, host_key_certify(host, out_view(&public),
							       "e", NOW, &der, &err));
	}
	private_key_free(ak);
	host_key_free(host);
}

static void names_of_enclaves_are_printable_and_short(void **state)
{
	static const char *const names[] = {
		"", "a b", "a\n", "0123456789012345678901234567890123456789012345678"
	};
	struct host_key *const host = loaded();
	struct cella_error err = { 0 };
	struct out der CLEANUP(out_done) = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		CHECK_STATUS(CELLA_USAGE, host_key_certify(host, bytes_of(NULL, 0),
							   names[i], NOW, &der, &err));
	host_key_free(host);
}

static void a_key_is_made_once(void **state)
{
	struct cella_error err = { 0 };

	(void)state;
	CHECK_STATUS(CELLA_USAGE, host_key_make(folder, NOW, &err));
	CHECK_TEXT_HAS(err.text, "has a host's key already");
}

static void its_folder_is_made_but_not_those_above(void **state)
{
	struct cella_error err = { 0 };
	struct stat st;
	char path[128];

	(void)state;
	snprintf(path, sizeof path, "%s/new/of/it", folder);
	CHECK_STATUS(CELLA_IO, host_key_make(path, NOW, &err));
	CHECK_TEXT_HAS(err.text, path);
	snprintf(path, sizeof path, "%s/new", folder);
	CHECK_OK(host_key_make(path, NOW, &err));
	CHECK_INT(0, stat(path, &st));
	CHECK_INT(0700, st.st_mode & 07777);
	snprintf(path, sizeof path, "%s/new/" HOST_KEY_FILE, folder);
	CHECK_INT(0, unlink(path));
	snprintf(path, sizeof path, "%s/new/" HOST_ROOT_FILE, folder);
	CHECK_INT(0, unlink(path));
	snprintf(path, sizeof path, "%s/new", folder);
	CHECK_INT(0, rmdir(path));
}

static void the_key_is_its_owners_alone(void **state)
{
	struct host_key *key = NULL;
	struct cella_error err = { 0 };
	struct stat st;

	(void)state;
	CHECK_INT(0, stat(path(HOST_KEY_FILE), &st));
	CHECK_INT(0600, st.st_mode & 07777);
	CHECK_INT(0, chmod(path(HOST_KEY_FILE), 0640));
	CHECK_STATUS(CELLA_IO, host_key_load(folder, &key, &err));
	CHECK_TEXT_HAS(err.text, "mode 0640");
	CHECK_INT(0, chmod(path(HOST_KEY_FILE), 0600));
	CHECK_STATUS(CELLA_MISSING, host_key_load("/nonexistent", &key, &err));
}

/* The certificate of another key would vouch for nothing. */
static void key_and_root_belong_together(void **state)
{
	static char other[] = "/tmp/cella-host-other-XXXXXX";
	struct out root CLEANUP(out_done) = { 0 };
	struct out own CLEANUP(out_done) = { 0 };
	struct host_key *key = NULL;
	struct cella_error err = { 0 };
	char text[128];

	(void)state;
	CHECK_TRUE(mkdtemp(other) != NULL);
	CHECK_OK(host_key_make(other, NOW, &err));
	snprintf(text, sizeof text, "%s/" HOST_ROOT_FILE, other);
	CHECK_OK(file_read(text, 65536, &root, &err));
	unlink(text);
	snprintf(text, sizeof text, "%s/" HOST_KEY_FILE, other);
	unlink(text);
	rmdir(other);
	CHECK_OK(file_read(path(HOST_ROOT_FILE), 65536, &own, &err));
	CHECK_OK(file_write(path(HOST_ROOT_FILE), out_view(&root), 0644, &err));
	CHECK_STATUS(CELLA_MALFORMED, host_key_load(folder, &key, &err));
	CHECK_TEXT_HAS(err.text, "is not of the key beside it");
	CHECK_OK(file_write(path(HOST_ROOT_FILE), out_view(&own), 0644, &err));
}

static int make_folder(void **state)
{
	struct cella_error err = { 0 };

	(void)state;
	return mkdtemp(folder) != NULL && host_key_make(folder, NOW, &err) == CELLA_OK
		       ? 0
		       : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path(HOST_KEY_FILE));
	unlink(path(HOST_ROOT_FILE));
	return rmdir(folder);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificates_say_what_verifiers_need),
		cmocka_unit_test(the_clock_must_fit),
		cmocka_unit_test(every_other_kind_of_key_is_refused),
		cmocka_unit_test(names_of_enclaves_are_printable_and_short),
		cmocka_unit_test(a_key_is_made_once),
		cmocka_unit_test(its_folder_is_made_but_not_those_above),
		cmocka_unit_test(the_key_is_its_owners_alone),
		cmocka_unit_test(key_and_root_belong_together),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
