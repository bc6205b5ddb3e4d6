/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that opens libdcap_quoteprov.so.1 as the vendor's quoting and verifying
 * libraries do: by name, with declarations of its own, and nothing of cella.
 *
 *	quoteprov_user arguments			all that callers can do wrong
 *	quoteprov_user tdx|sgx FMSPC CA CODE FOLDER	one call each, with the number that it
 *	quoteprov_user params FMSPC CODE		returns; what it hands over goes into
 *	quoteprov_user qve CODE FOLDER			files, without the NUL that counts
 *	quoteprov_user root CODE FOLDER
 *	quoteprov_user config CPUSVN CODE FOLDER
 *	quoteprov_user guest FMSPC			many threads; the process is left as it was
 *
 * What the logger is told goes to standard output.
 */
#include <ctype.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { INVALID_PARAMETER = 0xe002, NUM_THREADS = 8, NUM_ROUNDS = 3 };

/* As sgx_ql_lib_common.h lays them out. */
struct collateral {
	union {
		uint32_t version;
		uint16_t versions[2];
	};
	uint32_t tee_type;
	struct {
		char *bytes;
		uint32_t size;
	} parts[7];
};

struct __attribute__((packed)) pck_cert_id {
	uint8_t *qe_id;
	uint32_t qe_id_size;
	uint8_t *cpu_svn;
	uint16_t *pce_svn;
	uint8_t *encrypted_ppid;
	uint32_t encrypted_ppid_size;
	uint8_t crypto_suite;
	uint16_t pce_id;
};

struct __attribute__((packed)) config {
	int version;
	uint8_t cpu_svn[16];
	uint16_t pce_svn;
	uint32_t cert_data_size;
	uint8_t *cert_data;
};

static const char *const part_names[] = {
	"pck_crl_issuer_chain.pem",  "root_ca_crl.der", "pck_crl.der",
	"tcb_info_issuer_chain.pem", "tcb_info.json",   "qe_identity_issuer_chain.pem",
	"qe_identity.json",
};

/* --- the library --------------------------------------------------------------------- */

typedef int get_collateral_fn(const uint8_t *fmspc, uint16_t size, const char *ca,
			      struct collateral **out);
typedef int get_with_params_fn(const uint8_t *fmspc, uint16_t size, const char *ca,
			       const void *params, uint16_t params_size,
			       struct collateral **out);
typedef int free_collateral_fn(struct collateral *collateral);
typedef void logger_fn(int level, const char *message);

static struct {
	get_collateral_fn *sgx_ql_get_quote_verification_collateral;
	get_collateral_fn *tdx_ql_get_quote_verification_collateral;
	get_with_params_fn *sgx_ql_get_quote_verification_collateral_with_params;
	get_with_params_fn *tdx_ql_get_quote_verification_collateral_with_params;
	free_collateral_fn *sgx_ql_free_quote_verification_collateral;
	free_collateral_fn *tdx_ql_free_quote_verification_collateral;
	int (*sgx_ql_get_qve_identity)(char **identity, uint32_t *size, char **chain,
				       uint32_t *chain_size);
	int (*sgx_ql_free_qve_identity)(char *identity, char *chain);
	int (*sgx_ql_get_root_ca_crl)(uint8_t **crl, uint16_t *size);
	int (*sgx_ql_free_root_ca_crl)(uint8_t *crl);
	int (*sgx_ql_get_quote_config)(const struct pck_cert_id *id, struct config **out);
	int (*sgx_ql_free_quote_config)(struct config *config);
	int (*sgx_ql_set_logging_callback)(logger_fn *logger, int level);
	int (*sgx_ql_set_logging_function)(logger_fn *logger);
} lib;

#define SYMBOL(name) \
	{ \
#name, (void **)(void *)&lib.name \
	}

static const struct {
	const char *name;
	void **place;
} symbols[] = {
	SYMBOL(sgx_ql_get_quote_verification_collateral),
	SYMBOL(tdx_ql_get_quote_verification_collateral),
	SYMBOL(sgx_ql_get_quote_verification_collateral_with_params),
	SYMBOL(tdx_ql_get_quote_verification_collateral_with_params),
	SYMBOL(sgx_ql_free_quote_verification_collateral),
	SYMBOL(tdx_ql_free_quote_verification_collateral),
	SYMBOL(sgx_ql_get_qve_identity),
	SYMBOL(sgx_ql_free_qve_identity),
	SYMBOL(sgx_ql_get_root_ca_crl),
	SYMBOL(sgx_ql_free_root_ca_crl),
	SYMBOL(sgx_ql_get_quote_config),
	SYMBOL(sgx_ql_free_quote_config),
	SYMBOL(sgx_ql_set_logging_callback),
	SYMBOL(sgx_ql_set_logging_function),
};

static int failed;

static void expect(int holds, const char *what)
{
	if (holds)
		return;
	printf("not so: %s\n", what);
	failed = 1;
}

static void on_message(int level, const char *message)
{
	expect(level >= 0 && level <= 1, "levels");
	printf("%s: %s", level == 0 ? "error" : "info", message);
}

static void open_library(void)
{
	void *const handle = dlopen("libdcap_quoteprov.so.1", RTLD_LAZY);

	if (handle == NULL) {
		printf("%s\n", dlerror());
		exit(70);
	}
	for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
		*symbols[i].place = dlsym(handle, symbols[i].name);
		if (*symbols[i].place == NULL) {
			printf("%s\n", dlerror());
			exit(70);
		}
	}
}

/* --- what is handed over ------------------------------------------------------------- */

static void save(const char *folder, const char *name, const void *bytes, size_t size)
{
	char path[4096];
	FILE *file;

	expect(bytes != NULL && size > 1 && ((const char *)bytes)[size - 1] == '\0',
	       name);
	if (bytes == NULL || size == 0)
		return;
	mkdir(folder, 0700);
	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "wb");
	expect(file != NULL && fwrite(bytes, 1, size - 1, file) == size - 1, path);
	if (file != NULL)
		fclose(file);
}

static void compare(int got, const char *code)
{
	printf("0x%04x\n", (unsigned)got);
	expect((unsigned long)got == strtoul(code, NULL, 16), code);
}

static void read_hex(const char *hex, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const char digits[] = { hex[2 * i], hex[2 * i + 1], '\0' };

		out[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
}

static void call_collateral(const char *tee, const char *fmspc, const char *ca,
			    const char *code, const char *folder)
{
	const int is_tdx = strcmp(tee, "tdx") == 0;
	struct collateral *collateral = NULL;
	uint8_t bytes[6];
	int got;

	read_hex(fmspc, bytes, sizeof bytes);
	got = (is_tdx ? lib.tdx_ql_get_quote_verification_collateral
		      : lib.sgx_ql_get_quote_verification_collateral)(bytes, sizeof bytes,
								      ca, &collateral);
	compare(got, code);
	expect((got == 0) == (collateral != NULL), "collateral where it succeeds");
	if (collateral == NULL)
		return;
	printf("version %u.%u tee 0x%x\n", collateral->versions[0],
	       collateral->versions[1], collateral->tee_type);
	for (size_t i = 0; i < sizeof part_names / sizeof *part_names; i++)
		save(folder, part_names[i], collateral->parts[i].bytes,
		     collateral->parts[i].size);
	got = (is_tdx ? lib.tdx_ql_free_quote_verification_collateral
		      : lib.sgx_ql_free_quote_verification_collateral)(collateral);
	expect(got == 0, "it is freed");
}

static void call_qve(const char *code, const char *folder)
{
	char *identity = NULL;
	char *chain = NULL;
	uint32_t size = 0;
	uint32_t chain_size = 0;
	const int got =
		lib.sgx_ql_get_qve_identity(&identity, &size, &chain, &chain_size);

	compare(got, code);
	expect((got == 0) == (identity != NULL && chain != NULL), "an identity");
	if (got != 0)
		return;
	save(folder, "qve_identity.json", identity, size);
	save(folder, "qve_chain.pem", chain, chain_size);
	expect(lib.sgx_ql_free_qve_identity(identity, chain) == 0, "it is freed");
}

static void call_root(const char *code, const char *folder)
{
	uint8_t *crl = NULL;
	uint16_t size = 0;
	const int got = lib.sgx_ql_get_root_ca_crl(&crl, &size);

	compare(got, code);
	expect((got == 0) == (crl != NULL), "a list");
	if (got != 0)
		return;
	save(folder, "root_ca_crl.der", crl, size);
	expect(lib.sgx_ql_free_root_ca_crl(crl) == 0, "it is freed");
}

static void call_config(const char *cpu_svn, const char *code, const char *folder)
{
	uint8_t qe_id[16] = { 0xab };
	uint8_t cpu[16];
	uint16_t pce_svn = 0x0102;
	uint8_t ppid[384] = { 0 };
	const struct pck_cert_id id = {
		.qe_id = qe_id,
		.qe_id_size = sizeof qe_id,
		.cpu_svn = cpu,
		.pce_svn = &pce_svn,
		.encrypted_ppid = ppid,
		.encrypted_ppid_size = sizeof ppid,
		.crypto_suite = 1,
		.pce_id = 0x0304,
	};
	struct config *config = NULL;
	int got;

	read_hex(cpu_svn, cpu, sizeof cpu);
	got = lib.sgx_ql_get_quote_config(&id, &config);
	compare(got, code);
	expect((got == 0) == (config != NULL), "a configuration");
	if (config == NULL)
		return;
	printf("version %d cpu_svn ", config->version);
	for (size_t i = 0; i < sizeof config->cpu_svn; i++)
		printf("%02x", config->cpu_svn[i]);
	printf(" pce_svn %u\n", config->pce_svn);
	save(folder, "pck.pem", config->cert_data, config->cert_data_size);
	expect(lib.sgx_ql_free_quote_config(config) == 0, "it is freed");
}

static void call_params(const char *hex, const char *code)
{
	uint8_t fmspc[6];
	struct collateral *collateral = NULL;

	read_hex(hex, fmspc, sizeof fmspc);
	compare(lib.tdx_ql_get_quote_verification_collateral_with_params(
			fmspc, sizeof fmspc, "platform", NULL, 0, &collateral),
		code);
	if (collateral != NULL)
		lib.tdx_ql_free_quote_verification_collateral(collateral);
	collateral = NULL;
	compare(lib.sgx_ql_get_quote_verification_collateral_with_params(
			fmspc, sizeof fmspc, "platform", NULL, 0, &collateral),
		code);
	if (collateral != NULL)
		lib.sgx_ql_free_quote_verification_collateral(collateral);
}

/* --- arguments ----------------------------------------------------------------------- */

static void check_collateral_arguments(void)
{
	static get_collateral_fn **const gets[] = {
		&lib.sgx_ql_get_quote_verification_collateral,
		&lib.tdx_ql_get_quote_verification_collateral,
	};
	const uint8_t fmspc[6] = { 0 };
	struct collateral *out = NULL;

	for (size_t i = 0; i < sizeof gets / sizeof *gets; i++) {
		get_collateral_fn *const get = *gets[i];

		expect(get(NULL, 6, "platform", &out) == INVALID_PARAMETER, "FMSPC");
		expect(get(fmspc, 5, "platform", &out) == INVALID_PARAMETER, "size");
		expect(get(fmspc, 6, NULL, &out) == INVALID_PARAMETER, "CA");
		expect(get(fmspc, 6, "root", &out) == INVALID_PARAMETER, "which CA");
		expect(get(fmspc, 6, "platform", NULL) == INVALID_PARAMETER, "place");
	}
	expect(out == NULL, "nothing is handed over");
}

static void check_params_arguments(void)
{
	static get_with_params_fn **const gets[] = {
		&lib.sgx_ql_get_quote_verification_collateral_with_params,
		&lib.tdx_ql_get_quote_verification_collateral_with_params,
	};
	const uint8_t fmspc[6] = { 0 };
	struct collateral *out = NULL;

	for (size_t i = 0; i < sizeof gets / sizeof *gets; i++) {
		get_with_params_fn *const get = *gets[i];

		expect(get(fmspc, 6, "platform", NULL, 1, &out) == INVALID_PARAMETER,
		       "a size without parameters");
		expect(get(fmspc, 6, "platform", "x", 0, &out) == INVALID_PARAMETER,
		       "parameters without a size");
		expect(get(fmspc, 6, "platform", "x", 1, &out) == 0xe03e,
		       "parameters of a service");
		expect(get(NULL, 6, "platform", NULL, 0, &out) == INVALID_PARAMETER,
		       "FMSPC");
	}
}

static void check_config_arguments(void)
{
	uint8_t bytes[384] = { 0 };
	uint16_t svn = 0;
	const struct pck_cert_id good = { bytes, 16, bytes, &svn, bytes, 384, 1, 0 };
	struct config *out = NULL;
	struct pck_cert_id id;

	expect(lib.sgx_ql_get_quote_config(NULL, &out) == INVALID_PARAMETER, "no id");
	expect(lib.sgx_ql_get_quote_config(&good, NULL) == INVALID_PARAMETER, "no place");
	id = good;
	id.qe_id = NULL;
	expect(lib.sgx_ql_get_quote_config(&id, &out) == INVALID_PARAMETER, "QE's id");
	id = good;
	id.qe_id_size = 15;
	expect(lib.sgx_ql_get_quote_config(&id, &out) == INVALID_PARAMETER, "its size");
	id = good;
	id.cpu_svn = NULL;
	expect(lib.sgx_ql_get_quote_config(&id, &out) == INVALID_PARAMETER, "CPUSVN");
	id = good;
	id.pce_svn = NULL;
	expect(lib.sgx_ql_get_quote_config(&id, &out) == INVALID_PARAMETER, "PCESVN");
	id = good;
	id.encrypted_ppid_size = 383;
	expect(lib.sgx_ql_get_quote_config(&id, &out) == INVALID_PARAMETER, "PPID");
}

static void check_arguments(void)
{
	char *text = NULL;
	uint32_t size = 0;
	uint8_t *crl = NULL;
	uint16_t crl_size = 0;

	check_collateral_arguments();
	check_params_arguments();
	check_config_arguments();
	expect(lib.sgx_ql_get_qve_identity(NULL, &size, &text, &size) ==
		       INVALID_PARAMETER,
	       "no place for an identity");
	expect(lib.sgx_ql_get_qve_identity(&text, NULL, &text, &size) ==
		       INVALID_PARAMETER,
	       "nor its size");
	expect(lib.sgx_ql_get_qve_identity(&text, &size, NULL, &size) ==
		       INVALID_PARAMETER,
	       "nor its chain");
	expect(lib.sgx_ql_get_qve_identity(&text, &size, &text, NULL) ==
		       INVALID_PARAMETER,
	       "nor the chain's size");
	expect(lib.sgx_ql_get_root_ca_crl(NULL, &crl_size) == INVALID_PARAMETER, "list");
	expect(lib.sgx_ql_get_root_ca_crl(&crl, NULL) == INVALID_PARAMETER, "its size");
	expect(lib.sgx_ql_free_quote_verification_collateral(NULL) == 0 &&
		       lib.tdx_ql_free_quote_verification_collateral(NULL) == 0 &&
		       lib.sgx_ql_free_quote_config(NULL) == 0 &&
		       lib.sgx_ql_free_qve_identity(NULL, NULL) == 0 &&
		       lib.sgx_ql_free_root_ca_crl(NULL) == 0,
	       "nothing is freed");
	expect(sizeof(struct collateral) == 120 && sizeof(struct pck_cert_id) == 43 &&
		       sizeof(struct config) == 34,
	       "layouts");
	/* Whoever wants no words gets none; a level that nobody gave is none, either. */
	expect(lib.sgx_ql_set_logging_callback(NULL, 0) == 0, "no logger");
	expect(lib.sgx_ql_get_root_ca_crl(NULL, NULL) == INVALID_PARAMETER, "silence");
	expect(lib.sgx_ql_set_logging_callback(on_message, 0x7fffffff) == 0, "a level");
	expect(lib.sgx_ql_set_logging_function(on_message) == 0, "the older logger");
}

/* --- a good guest -------------------------------------------------------------------- */

static uint8_t guest_fmspc[6];

static int num_open(void)
{
	DIR *const folder = opendir("/proc/self/fd");
	int num = 0;

	while (folder != NULL && readdir(folder) != NULL)
		num++;
	if (folder != NULL)
		closedir(folder);
	return num;
}

static void on_child(int number)
{
	static const char words[] = "not so: nobody is told of a child\n";

	(void)number;
	(void)!write(STDOUT_FILENO, words, sizeof words - 1);
	_exit(9);
}

static void *fetch(void *context)
{
	for (int i = 0; i < NUM_ROUNDS; i++) {
		struct collateral *collateral = NULL;

		if (lib.tdx_ql_get_quote_verification_collateral(
			    guest_fmspc, sizeof guest_fmspc, "platform", &collateral) !=
		    0)
			return context;
		lib.tdx_ql_free_quote_verification_collateral(collateral);
	}
	return NULL;
}

static void check_guest(const char *fmspc)
{
	pthread_t threads[NUM_THREADS];
	int before;

	read_hex(fmspc, guest_fmspc, sizeof guest_fmspc);
	signal(SIGCHLD, on_child);
	before = num_open();
	for (int i = 0; i < NUM_THREADS; i++)
		expect(pthread_create(&threads[i], NULL, fetch, threads) == 0, "threads");
	for (int i = 0; i < NUM_THREADS; i++) {
		void *bad = NULL;

		pthread_join(threads[i], &bad);
		expect(bad == NULL, "every thread has its collateral");
	}
	expect(num_open() == before, "no descriptor is left open");
	expect(waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD,
	       "no child is left");
}

int main(int argc, char **argv)
{
	const char *const verb = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	open_library();
	lib.sgx_ql_set_logging_callback(on_message, 1);
	if (strcmp(verb, "arguments") == 0)
		check_arguments();
	else if (strcmp(verb, "guest") == 0 && argc == 3)
		check_guest(argv[2]);
	else if (strcmp(verb, "qve") == 0 && argc == 4)
		call_qve(argv[2], argv[3]);
	else if (strcmp(verb, "root") == 0 && argc == 4)
		call_root(argv[2], argv[3]);
	else if (strcmp(verb, "params") == 0 && argc == 4)
		call_params(argv[2], argv[3]);
	else if (strcmp(verb, "config") == 0 && argc == 5)
		call_config(argv[2], argv[3], argv[4]);
	else if (argc == 6)
		call_collateral(verb, argv[2], argv[3], argv[4], argv[5]);
	else
		return 2;
	return failed;
}
