/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts under a hostile OPENSSL_CONF, whose engine lets every signature verify or
 * spoils every hash. OpenSSL's state is the process's, so that each case is one: this
 * program runs itself, and the child prints its verdicts.
 */
#include "maker.h"
#include "support.h"

#include "fetch/files.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/conf.h>
#include <openssl/pem.h>

/* What the child reads, in the folder that is its last argument. */
static const char *const files[] = { "good.quote",  "forged.quote", "collateral.json",
				     "root.pem",    "public.pem",   "signature",
				     "openssl.cnf", "verdicts" };

static char folder[] = "/tmp/cella-test-XXXXXX";
static const char *self;

/* --- the child ----------------------------------------------------------------------- */

static struct out read_file(const char *dir, const char *name)
{
	struct cella_error err = { 0 };
	struct out bytes = { 0 };
	char path[512];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	if (file_read(path, 1 << 20, &bytes, &err) != CELLA_OK) {
		fprintf(stderr, "%s\n", err.text);
		exit(9);
	}
	return bytes;
}

/* Prints the verdict, or what prevents one. */
static void judge(const char *dir, const char *quote_name)
{
	struct out quote = read_file(dir, quote_name);
	struct out bundle = read_file(dir, "collateral.json");
	struct out root = read_file(dir, "root.pem");
	struct cella_verify_options options = {
		.size = sizeof options,
		.time_choice = CELLA_TIME_AT,
		.time = time_at(MAKER_NOW),
		.root_choice = CELLA_ROOT_GIVEN,
		.root = out_view(&root),
		.report_data_expect = CELLA_EXPECT_ANY,
		.policy_expect = CELLA_EXPECT_ANY,
	};
	struct cella_collateral *collateral = NULL;
	struct cella_evidence *evidence = NULL;
	struct cella_verdict *verdict = NULL;
	struct cella_error err = { 0 };
	char *text = NULL;

	if (cella_evidence_parse(quote.data, quote.len, &evidence, &err) == CELLA_OK &&
	    cella_collateral_parse(bundle.data, bundle.len, &collateral, &err) ==
		    CELLA_OK &&
	    cella_verify(evidence, collateral, &options, &verdict, &err) == CELLA_OK &&
	    cella_verdict_json(verdict, &text, &err) == CELLA_OK)
		printf("%s: %s\n", quote_name, text);
	else
		printf("%s: error: %s\n", quote_name, err.text);
	cella_free(text);
	cella_verdict_free(verdict);
	cella_collateral_unref(collateral);
	cella_evidence_unref(evidence);
	out_done(&quote);
	out_done(&bundle);
	out_done(&root);
}

/* Does a plain OpenSSL program take a signature over "a" for one over "b"? */
static bool is_fooled_by_signature(const char *dir)
{
	struct out pem = read_file(dir, "public.pem");
	struct out signature = read_file(dir, "signature");
	BIO *const bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	EVP_PKEY *const key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	EVP_MD_CTX *const ctx = EVP_MD_CTX_new();
	const bool fooled = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) ==
				    1 &&
			    EVP_DigestVerify(ctx, signature.data, signature.len,
					     (const unsigned char *)"b", 1) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	BIO_free(bio);
	out_done(&pem);
	out_done(&signature);
	return fooled;
}

static bool is_fooled_by_hash(void)
{
	unsigned char a[EVP_MAX_MD_SIZE];
	unsigned char b[EVP_MAX_MD_SIZE];

	return EVP_Digest("a", 1, a, NULL, EVP_sha256(), NULL) == 1 &&
	       EVP_Digest("b", 1, b, NULL, EVP_sha256(), NULL) == 1 &&
	       memcmp(a, b, 32) == 0;
}

/* Engines that sit at EC_KEY are asked by programs that use EC_KEY. */
static bool is_fooled_by_ec_key(const char *dir)
{
	struct out signature = read_file(dir, "signature");
	EC_KEY *const key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	const unsigned char digest[32] = { 1 };
	const bool fooled = key != NULL && EC_KEY_generate_key(key) == 1 &&
			    ECDSA_verify(0, digest, sizeof digest, signature.data,
					 (int)signature.len, key) == 1;

	EC_KEY_free(key);
	out_done(&signature);
	return fooled;
}

static int child(const char *mode, const char *dir)
{
	struct out conf = read_file(dir, "openssl.cnf");
	char path[512];

	snprintf(path, sizeof path, "%s/openssl.cnf", dir);
	if (strcmp(mode, "loaded") == 0)
		OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
	judge(dir, "good.quote");
	judge(dir, "forged.quote");
	if (strcmp(mode, "later") == 0) {
		/* OpenSSL 1.1.1 was told not to get ready for that. */
		OPENSSL_init_crypto(OPENSSL_INIT_ENGINE_DYNAMIC, NULL);
		OPENSSL_load_builtin_modules();
		if (CONF_modules_load_file(path, NULL, 0) != 1)
			return 8;
		judge(dir, "good.quote");
		judge(dir, "forged.quote");
	}
	out_done(&conf);
	fflush(stdout);
	return is_fooled_by_signature(dir) || is_fooled_by_hash() ||
			       is_fooled_by_ec_key(dir)
		       ? 42
		       : 0;
}

/* --- the parent ---------------------------------------------------------------------- */

static void write_file(const char *name, struct cella_bytes bytes)
{
	struct cella_error err = { 0 };
	char path[512];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	CHECK_OK(file_write(path, bytes, 0600, &err));
}

static void write_conf(const char *engine_id)
{
	struct out text = { 0 };

	out_format(&text,
		   "openssl_conf = init\n[init]\nengines = engines\n[engines]\n"
		   "hostile = hostile\n[hostile]\nengine_id = dynamic\nSO_PATH = %s\n"
		   "ID = %s\nLIST_ADD = 1\nLOAD = EMPTY\ndefault_algorithms = ALL\n"
		   "init = 1\n",
		   getenv("CELLA_TEST_ENGINE"), engine_id);
	write_file("openssl.cnf", out_view(&text));
	out_done(&text);
}

static int make_inputs(void **state)
{
	struct cella_error err = { 0 };
	struct out pem = { 0 };
	struct out der = { 0 };
	struct out bundle = { 0 };
	struct maker m;
	uint8_t signature[128];
	size_t len = sizeof signature;
	EVP_MD_CTX *const ctx = EVP_MD_CTX_new();

	(void)state;
	assert_non_null(mkdtemp(folder));
	maker_init(&m, MAKER_TDX);
	maker_build(&m);
	maker_bundle(&m, &bundle);
	write_file("good.quote", out_view(&m.quote));
	write_file("collateral.json", out_view(&bundle));
	write_file("root.pem", out_view(&m.der[MAKER_ROOT]));
	m.quote.data[100] ^= 1;
	write_file("forged.quote", out_view(&m.quote));
	CHECK_OK(private_key_public_pem(m.keys[0], &pem, &err));
	write_file("public.pem", out_view(&pem));
	CHECK_INT(1, EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL,
					private_key_handle(m.keys[0])));
	CHECK_INT(1, EVP_DigestSign(ctx, signature, &len, (const unsigned char *)"a", 1));
	write_file("signature", bytes_of(signature, len));
	EVP_MD_CTX_free(ctx);
	out_done(&pem);
	out_done(&der);
	out_done(&bundle);
	maker_done(&m);
	return 0;
}

static int remove_inputs(void **state)
{
	char path[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		snprintf(path, sizeof path, "%s/%s", folder, files[i]);
		unlink(path);
	}
	return rmdir(folder);
}

/* Runs a child; its output goes into *out. Returns its exit status. */
static int run_child(const char *mode, bool hostile, struct out *out)
{
	char conf[512];
	char verdicts[512];
	int status = -1;
	pid_t pid;

	snprintf(conf, sizeof conf, "%s/openssl.cnf", folder);
	snprintf(verdicts, sizeof verdicts, "%s/verdicts", folder);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (hostile)
			setenv("OPENSSL_CONF", conf, 1);
		if (freopen(verdicts, "w", stdout) != NULL)
			execl(self, self, mode, folder, NULL);
		_exit(7);
	}
	CHECK_INT(pid, waitpid(pid, &status, 0));
	CHECK_TRUE(WIFEXITED(status));
	*out = read_file(folder, "verdicts");
	return WEXITSTATUS(status);
}

static void check_verdicts(const char *engine_id)
{
	struct out expected = { 0 };
	struct out twice = { 0 };
	struct out out = { 0 };

	CASE(engine_id);
	write_conf(engine_id);
	CHECK_INT(0, run_child("first", false, &expected));
	out_u8(&expected, 0);
	CHECK_TEXT_HAS((char *)expected.data, "\"verdict\": \"accepted\"");
	CHECK_TEXT_HAS((char *)expected.data, "\"verdict\": \"rejected\"");
	expected.len--;

	/* OPENSSL_CONF is there, and cella is the first to use OpenSSL. */
	run_child("first", true, &out);
	CHECK_BYTES(expected.data, expected.len, out_view(&out));
	out_done(&out);

	/* The program has loaded the configuration before; 42: it is fooled itself. */
	CHECK_INT(42, run_child("loaded", true, &out));
	CHECK_BYTES(expected.data, expected.len, out_view(&out));
	out_done(&out);

	/* The program loads it while cella is in use. */
	CHECK_INT(42, run_child("later", true, &out));
	out_bytes(&twice, expected.data, expected.len);
	out_bytes(&twice, expected.data, expected.len);
	CHECK_BYTES(twice.data, twice.len, out_view(&out));
	out_done(&out);
	out_done(&expected);
	out_done(&twice);
}

static void engine_of_evp_pkey_changes_no_verdict(void **state)
{
	(void)state;
	check_verdicts("yes-pkey");
}

static void engine_of_ec_key_changes_no_verdict(void **state)
{
	(void)state;
	check_verdicts("yes-ec");
}

static void engine_of_digests_changes_no_verdict(void **state)
{
	(void)state;
	check_verdicts("no-hash");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(engine_of_evp_pkey_changes_no_verdict),
		cmocka_unit_test(engine_of_ec_key_changes_no_verdict),
		cmocka_unit_test(engine_of_digests_changes_no_verdict),
	};

	self = argv[0];
	if (argc == 3)
		return child(argv[1], argv[2]);
	if (getenv("CELLA_TEST_ENGINE") == NULL) {
		puts("1..0 # SKIP CELLA_TEST_ENGINE is not set");
		return 0;
	}
	return cmocka_run_group_tests(tests, make_inputs, remove_inputs);
}
