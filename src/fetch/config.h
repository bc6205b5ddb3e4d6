/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this machine is set up to fetch from, and where it keeps what it has fetched: the
 * vendor's configuration file and the user's cache.
 */
#ifndef FETCH_CONFIG_H
#define FETCH_CONFIG_H

#include "fetch/fetcher.h"
#include "fetch/qcnl.h"

/* struct config - the file and what it says. */
struct config {
	const char *path; /* of the file, to be named in messages */
	bool found;
	bool is_json;
	struct qcnl qcnl;
};

/*
 * config_read() reads the file that QCNL_CONF_PATH names, or else
 * /etc/sgx_default_qcnl.conf. That there is none is no error. CELLA_MALFORMED for one that
 * is broken; path and is_json are set then, too.
 */
enum cella_status config_read(struct config *out, struct cella_error *err) MUST_CHECK;

/*
 * config_use() fills in what the configuration says of a service and an edition; nothing
 * without a URL. use_secure_cert counts for this machine's own service: *is_ignored is true
 * where it does not. The configuration must outlive the options.
 */
enum cella_status config_use(const struct config *config, struct fetcher_options *options,
			     struct pcs_edition *edition, bool *is_ignored,
			     struct cella_error *err) MUST_CHECK;

/* config_cache() writes where the user's cache is; false when that cannot be known. */
bool config_cache(char *out, size_t len);

#endif
