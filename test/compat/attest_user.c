/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program as users of the vendor's tdx_attest.h write them: it knows that header and
 * -ltdx_attest, and nothing of cella. It is built against the installed tree, too.
 *
 *	attest_user sample			a report, a quote, both registers extended
 *	attest_user arguments			all that callers can do wrong
 *	attest_user report CODE [WORDS]		one call each, with the number that it returns
 *	attest_user quote CODE [WORDS]		and, where the library has them, words of why
 *	attest_user extend INDEX CODE [WORDS]
 *	attest_user guest			many threads; the process is left as it was
 *
 * Quotes and reports bind 64 bytes of 7, and go to quote.dat and report.dat.
 */
#include <tdx_attest.h>

#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { NUM_THREADS = 8, NUM_ROUNDS = 3 };

static int failed;

static void expect(int holds, const char *what)
{
	if (holds)
		return;
	printf("not so: %s\n", what);
	failed = 1;
}

static tdx_report_data_t data_of(uint8_t byte)
{
	tdx_report_data_t data;

	memset(data.d, byte, sizeof data.d);
	return data;
}

static void save(const char *path, const void *bytes, size_t len)
{
	FILE *const file = fopen(path, "wb");

	expect(file != NULL && fwrite(bytes, 1, len, file) == len, path);
	if (file != NULL)
		fclose(file);
}

/* --- one call ------------------------------------------------------------------------ */

/* The words, as a program finds them that may run with the vendor's library. */
static const char *why(void)
{
	const char *(*reason)(void) = NULL;

	*(void **)&reason = dlsym(RTLD_DEFAULT, "cella_tdx_att_reason");
	return reason != NULL ? reason() : "";
}

static void compare(tdx_attest_error_t got, const char *expected, const char *words)
{
	const unsigned long code = strtoul(expected, NULL, 16);

	printf("0x%04x %s\n", (unsigned)got, why());
	expect((unsigned long)got == code, expected);
	expect(words == NULL || strstr(why(), words) != NULL, words);
	expect((got == TDX_ATTEST_SUCCESS) == (*why() == '\0'), "words where it fails");
}

static void call_report(const char *code, const char *words)
{
	const tdx_report_data_t data = data_of(7);
	tdx_report_t report = { { 0 } };
	const tdx_attest_error_t got = tdx_att_get_report(&data, &report);

	compare(got, code, words);
	if (got == TDX_ATTEST_SUCCESS)
		save("report.dat", report.d, sizeof report.d);
}

static void call_quote(const char *code, const char *words)
{
	static const tdx_uuid_t ecdsa = { TDX_SGX_ECDSA_ATTESTATION_ID };
	const tdx_report_data_t data = data_of(7);
	uint8_t nothing = 0;
	uint8_t *quote = &nothing;
	uint32_t len = 0;
	tdx_uuid_t selected = { { 0 } };
	const tdx_attest_error_t got =
		tdx_att_get_quote(&data, NULL, 0, &selected, &quote, &len, 0);

	compare(got, code, words);
	if (got == TDX_ATTEST_SUCCESS) {
		save("quote.dat", quote, len);
		expect(memcmp(&selected, &ecdsa, sizeof ecdsa) == 0, "the key's id");
		expect(tdx_att_free_quote(quote) == TDX_ATTEST_SUCCESS, "it is freed");
	} else {
		expect(quote == NULL, "no quote where it fails");
	}
}

static void call_extend(const char *index, const char *code, const char *words)
{
	tdx_rtmr_event_t event = { .version = 1, .rtmr_index = strtoul(index, NULL, 10) };

	memset(event.extend_data, 1, sizeof event.extend_data);
	compare(tdx_att_extend(&event), code, words);
}

/* --- arguments ----------------------------------------------------------------------- */

static void check_quote_arguments(void)
{
	static const tdx_uuid_t ecdsa = { TDX_SGX_ECDSA_ATTESTATION_ID };
	const tdx_uuid_t keys[] = { { { 1 } }, ecdsa };
	const tdx_report_data_t data = data_of(7);
	uint8_t *quote = NULL;
	uint32_t len = 0;

	expect(tdx_att_get_quote(NULL, NULL, 0, NULL, &quote, &len, 0) ==
		       TDX_ATTEST_ERROR_INVALID_PARAMETER,
	       "a quote of nothing");
	expect(tdx_att_get_quote(&data, NULL, 0, NULL, NULL, &len, 0) ==
		       TDX_ATTEST_ERROR_INVALID_PARAMETER,
	       "a quote to nowhere");
	expect(tdx_att_get_quote(&data, NULL, 0, NULL, &quote, &len, 1) ==
		       TDX_ATTEST_ERROR_INVALID_PARAMETER,
	       "flags");
	expect(tdx_att_get_quote(&data, NULL, 1, NULL, &quote, &len, 0) ==
		       TDX_ATTEST_ERROR_INVALID_PARAMETER,
	       "a size without a list");
	expect(tdx_att_get_quote(&data, keys, 0, NULL, &quote, &len, 0) ==
		       TDX_ATTEST_ERROR_INVALID_PARAMETER,
	       "a list without a size");
	expect(tdx_att_get_quote(&data, keys, 1, NULL, &quote, &len, 0) ==
		       TDX_ATTEST_ERROR_UNSUPPORTED_ATT_KEY_ID,
	       "another key");
	expect(tdx_att_free_quote(NULL) == TDX_ATTEST_SUCCESS, "no quote is freed");
}

static void check_key_arguments(void)
{
	static const tdx_uuid_t ecdsa = { TDX_SGX_ECDSA_ATTESTATION_ID };
	tdx_uuid_t keys[2] = { { { 0 } } };
	uint32_t num = 0;

	expect(tdx_att_get_supported_att_key_ids(NULL, NULL) ==
		       TDX_ATTEST_ERROR_INVALID_PARAMETER,
	       "no size");
	expect(tdx_att_get_supported_att_key_ids(keys, &num) ==
		       TDX_ATTEST_ERROR_INVALID_PARAMETER,
	       "a list with room for none");
	expect(tdx_att_get_supported_att_key_ids(NULL, &num) == TDX_ATTEST_SUCCESS,
	       "how many keys");
	expect(num == 1, "one key");
	expect(tdx_att_get_supported_att_key_ids(NULL, &num) ==
		       TDX_ATTEST_ERROR_INVALID_PARAMETER,
	       "room for one nowhere");
	num = 2;
	expect(tdx_att_get_supported_att_key_ids(keys, &num) == TDX_ATTEST_SUCCESS,
	       "which keys");
	expect(num == 1 && memcmp(&keys[0], &ecdsa, sizeof ecdsa) == 0, "that key");
}

static void check_arguments(void)
{
	const tdx_report_data_t data = data_of(7);
	tdx_report_t report;
	tdx_rtmr_event_t event = { .version = 1, .rtmr_index = 2 };

	check_quote_arguments();
	check_key_arguments();
	expect(tdx_att_get_report(NULL, &report) == TDX_ATTEST_ERROR_INVALID_PARAMETER,
	       "a report of nothing");
	expect(tdx_att_get_report(&data, NULL) == TDX_ATTEST_ERROR_INVALID_PARAMETER,
	       "a report to nowhere");
	expect(tdx_att_extend(NULL) == TDX_ATTEST_ERROR_INVALID_PARAMETER, "no event");
	event.event_data_size = 1;
	expect(tdx_att_extend(&event) == TDX_ATTEST_ERROR_NOT_SUPPORTED,
	       "an event with data");
	event.version = 2;
	expect(tdx_att_extend(&event) == TDX_ATTEST_ERROR_INVALID_PARAMETER,
	       "an event of another version");
	expect(sizeof event == 68 && sizeof report == 1024 && sizeof data == 64,
	       "layouts have no gaps");
	expect(TDX_ATTEST_ERROR_MAX == 13, "codes are numbered as they were");
}

/* --- a good guest -------------------------------------------------------------------- */

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

static void on_signal(int number)
{
	(void)number;
	_exit(9);
}

static const int signals[] = { SIGALRM, SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGPIPE };

static void set_signals(void)
{
	const struct itimerval timer = { .it_value = { .tv_sec = 1000 } };

	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		signal(signals[i], on_signal);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void check_signals(void)
{
	struct itimerval timer = { { 0, 0 }, { 0, 0 } };
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		struct sigaction now;

		expect(sigaction(signals[i], NULL, &now) == 0 &&
			       now.sa_handler == on_signal,
		       "a signal's handler stays");
		expect(sigismember(&mask, signals[i]) == 0, "no signal is blocked");
	}
	getitimer(ITIMER_REAL, &timer);
	expect(timer.it_value.tv_sec > 100, "the timer runs on");
}

/* Each thread binds its own byte, which must be in its own quote. */
static void *collect(void *context)
{
	const uint8_t byte = *(uint8_t *)context;
	const tdx_report_data_t data = data_of(byte);

	for (int i = 0; i < NUM_ROUNDS; i++) {
		uint8_t *quote = NULL;
		uint32_t len = 0;
		const tdx_attest_error_t code =
			tdx_att_get_quote(&data, NULL, 0, NULL, &quote, &len, 0);

		if (code != TDX_ATTEST_SUCCESS)
			printf("thread %d: 0x%04x %s\n", byte, (unsigned)code, why());
		if (code != TDX_ATTEST_SUCCESS ||
		    memmem(quote, len, data.d, sizeof data.d) == NULL)
			return context;
		tdx_att_free_quote(quote);
	}
	return NULL;
}

static void check_threads(void)
{
	pthread_t threads[NUM_THREADS];
	uint8_t bytes[NUM_THREADS];

	for (int i = 0; i < NUM_THREADS; i++) {
		bytes[i] = (uint8_t)(i + 1);
		expect(pthread_create(&threads[i], NULL, collect, &bytes[i]) == 0,
		       "threads");
	}
	for (int i = 0; i < NUM_THREADS; i++) {
		void *bad = NULL;

		pthread_join(threads[i], &bad);
		expect(bad == NULL, "every thread has its own quote");
	}
}

static void check_guest(void)
{
	int before;

	/* What is set up once, is. */
	call_report("0", NULL);
	before = num_open();
	set_signals();
	check_threads();
	check_signals();
	call_report("0", NULL);
	expect(num_open() == before, "no descriptor is left open");
}

static void run_sample(void)
{
	call_report("0", NULL);
	call_quote("0", NULL);
	call_extend("2", "0", NULL);
	call_extend("3", "0", NULL);
}

int main(int argc, char **argv)
{
	const char *const verb = argc > 1 ? argv[1] : "";

	if (strcmp(verb, "sample") == 0)
		run_sample();
	else if (strcmp(verb, "arguments") == 0)
		check_arguments();
	else if (strcmp(verb, "guest") == 0)
		check_guest();
	else if (strcmp(verb, "report") == 0 && argc >= 3)
		call_report(argv[2], argc > 3 ? argv[3] : NULL);
	else if (strcmp(verb, "quote") == 0 && argc >= 3)
		call_quote(argv[2], argc > 3 ? argv[3] : NULL);
	else if (strcmp(verb, "extend") == 0 && argc >= 4)
		call_extend(argv[2], argv[3], argc > 4 ? argv[4] : NULL);
	else
		return 2;
	return failed;
}
