/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration, fetcher, logger and numbers.
 */
#include "compat/quoteprov_session.h"

#include "compat/quoteprov_place.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_MAX = 512, STATUS_OK = 200 };

/* Where the vendor's library asks, too, when nothing is configured. */
static const char default_url[] = "https://localhost:8081/sgx/certification/v4/";

/* --- the logger ---------------------------------------------------------------------- */

static _Atomic(sgx_ql_logging_callback_t) the_logger;
static atomic_int the_level;

/* Callers of an older interface give no level: what is found in its place may be anything. */
void log_set(sgx_ql_logging_callback_t logger, sgx_ql_log_level_t level)
{
	const unsigned number = (unsigned)level;

	atomic_store(&the_level,
		     number <= SGX_QL_LOG_TRACE ? (int)number : (int)SGX_QL_LOG_INFO);
	atomic_store(&the_logger, logger);
}

void log_write(sgx_ql_log_level_t level, const char *format, ...)
{
	const sgx_ql_logging_callback_t logger = atomic_load(&the_logger);
	char message[MESSAGE_MAX];
	va_list args;

	if (logger == NULL || (int)level > atomic_load(&the_level))
		return;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	logger(level, message);
}

quote3_error_t log_refuse(quote3_error_t number, const char *why)
{
	log_write(SGX_QL_LOG_ERROR, "cella: 0x%04x: %s\n", (unsigned)number, why);
	return number;
}

static void tell(void *context UNUSED, enum fetch_event event UNUSED, const char *text)
{
	log_write(SGX_QL_LOG_INFO, "cella: %s\n", text);
}

/* --- numbers ------------------------------------------------------------------------- */

/* A server's status has a number of its own. */
static const struct {
	unsigned code;
	quote3_error_t number;
} numbers_of_codes[] = {
	{ 403, SGX_QL_NETWORK_ERROR },
	{ 461, SGX_QL_PLATFORM_UNKNOWN },
	{ 462, SGX_QL_CERTS_UNAVAILABLE },
	{ 503, SGX_QL_SERVICE_UNAVAILABLE },
};

/* What is left without one; CELLA_MISSING is the session's. */
static const quote3_error_t numbers_of_statuses[] = {
	[CELLA_OK] = SGX_QL_SUCCESS,
	[CELLA_MALFORMED] = SGX_QL_ERROR_MESSAGE_PARSING_ERROR,
	[CELLA_UNSUPPORTED] = SGX_QL_PLATFORM_LIB_UNAVAILABLE,
	[CELLA_MISSING] = SGX_QL_NO_QUOTE_COLLATERAL_DATA,
	[CELLA_LIMIT] = SGX_QL_ERROR_MESSAGE_PARSING_ERROR,
	[CELLA_IO] = SGX_QL_NETWORK_ERROR,
	[CELLA_NOMEM] = SGX_QL_ERROR_OUT_OF_MEMORY,
	[CELLA_USAGE] = SGX_QL_ERROR_UNEXPECTED,
	[CELLA_INTERNAL] = SGX_QL_ERROR_UNEXPECTED,
};
_Static_assert(ARRAY_LEN(numbers_of_statuses) == CELLA_INTERNAL + 1, "all statuses");

static quote3_error_t number_of(const struct session *session,
				const struct cella_error *err)
{
	const unsigned code = session->fetcher != NULL ? fetcher_code(session->fetcher)
						       : 0;

	if (err->status == CELLA_NOMEM || err->status == CELLA_INTERNAL)
		return numbers_of_statuses[err->status];
	if (code == STATUS_OK)
		return SGX_QL_ERROR_MESSAGE_PARSING_ERROR;
	for (size_t i = 0; i < ARRAY_LEN(numbers_of_codes); i++)
		if (numbers_of_codes[i].code == code)
			return numbers_of_codes[i].number;
	if (err->status == CELLA_MISSING)
		return session->nothing;
	return code != 0 ? SGX_QL_UNKNOWN_MESSAGE_RESPONSE
			 : numbers_of_statuses[err->status];
}

quote3_error_t session_fail(const struct session *session, const struct cella_error *err)
{
	const quote3_error_t number = number_of(session, err);

	log_write(SGX_QL_LOG_ERROR, "cella: 0x%04x: %s\n", (unsigned)number, err->text);
	return number;
}

/* A configuration that cannot be read. */
static quote3_error_t fail_config(const struct session *session,
				  const struct cella_error *err)
{
	const quote3_error_t number = session->config.is_json ? SGX_QL_CONFIG_INVALID_JSON
							      : SGX_QL_ERROR_UNEXPECTED;

	log_write(SGX_QL_LOG_ERROR, "cella: 0x%04x: %s\n", (unsigned)number, err->text);
	return number;
}

/* --- opening ------------------------------------------------------------------------- */

static enum cella_status configure(enum session_service service, struct session *s,
				   struct cella_error *err)
{
	bool is_ignored = false;

	TRY(config_read(&s->config, err));
	if (service == SERVICE_OF_PLATFORM)
		s->config.qcnl.collateral_service[0] = '\0';
	TRY(config_use(&s->config, &s->options, &s->edition, &is_ignored, err));
	if (is_ignored)
		log_write(
			SGX_QL_LOG_INFO,
			"cella: %s: use_secure_cert is false, but the server is not this "
			"machine: its certificate is checked; add its issuer's to the "
			"system's\n",
			s->config.path);
	if (s->options.url == NULL)
		s->options.url = default_url;
	if (config_cache(s->cache, sizeof s->cache))
		s->options.cache = s->cache;
	return CELLA_OK;
}

quote3_error_t session_open(enum session_service service, quote3_error_t nothing,
			    struct session *out)
{
	struct cella_error err = { 0 };

	*out = (struct session){
		.options = { .client = { .program = quoteprov_fetch(), .is_quiet = true },
			     .tell = tell },
		.nothing = nothing,
	};
	if (configure(service, out, &err) != CELLA_OK)
		return fail_config(out, &err);
	if (quoteprov_root(out->options.root, &err) != CELLA_OK ||
	    fetcher_new(&out->options, &out->fetcher, &err) != CELLA_OK)
		return session_fail(out, &err);
	return SGX_QL_SUCCESS;
}

void session_close(struct session *session)
{
	fetcher_free(session->fetcher);
	session->fetcher = NULL;
}
