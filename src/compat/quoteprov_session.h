/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call of libdcap_quoteprov: what is configured, a fetcher for it, and what is said of
 * failures, in words to the user's logger and in the interface's numbers to the caller.
 */
#ifndef COMPAT_QUOTEPROV_SESSION_H
#define COMPAT_QUOTEPROV_SESSION_H

#include "compat/quoteprov.h"
#include "fetch/config.h"

struct session {
	struct config config;
	char cache[4096];
	struct fetcher_options options;
	struct pcs_edition edition;
	struct fetcher *fetcher;
	quote3_error_t nothing; /* what "the server does not have it" is to the caller */
};

/* Whom a call asks: the service for verifiers, where there is one apart, or the platform's. */
enum session_service { SERVICE_OF_COLLATERAL, SERVICE_OF_PLATFORM };

/* session_open() is to be followed by session_close() in any case. */
quote3_error_t session_open(enum session_service service, quote3_error_t nothing,
			    struct session *out);
void session_close(struct session *session);

/* session_fail() tells the logger what failed, and says which number that is. */
quote3_error_t session_fail(const struct session *session, const struct cella_error *err);

/* log_set() and log_write(): the logger is the process's, shared by its threads. */
void log_set(sgx_ql_logging_callback_t logger, sgx_ql_log_level_t level);
void log_write(sgx_ql_log_level_t level, const char *format, ...) PRINTF(2, 3);

/* log_refuse() tells the logger what is wrong with a call, and returns the number. */
quote3_error_t log_refuse(quote3_error_t number, const char *why);

#endif
