/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a service finds on its host: its file, and the host's key.
 */
#include "vm/keeper_parts.h"

#include "vm/host_key.h"
#include "vm/signers.h"

#include <time.h>

static enum cella_status check_signers(const struct keeper *keeper,
				       const struct enclave_conf *conf,
				       struct cella_error *err)
{
	struct eif_certs certs CLEANUP(eif_certs_done) = { .num_certs = 0 };

	if (conf->trusted_signers == NULL)
		return CELLA_OK;
	return signers_read(conf->trusted_signers, keeper->options.who, &certs, err);
}

enum cella_status keeper_load_conf(struct keeper *keeper, struct cella_error *err)
{
	struct enclave_conf conf CLEANUP(enclave_conf_done) = { .text = NULL };

	TRY(enclave_conf_read(keeper->options.conf, keeper->options.who, &conf, err));
	TRY(check_signers(keeper, &conf, err));
	enclave_conf_done(&keeper->conf);
	keeper->conf = conf;
	conf = (struct enclave_conf){ .text = NULL };
	return CELLA_OK;
}

/* The first start of all makes the host's key. */
enum cella_status keeper_ensure_host_key(struct keeper *keeper, struct cella_error *err)
{
	const char *const folder = keeper->conf.host;
	struct host_key *key CLEANUP(host_key_cleanup) = NULL;
	const enum cella_status status = host_key_load(folder, &key, err);

	if (status != CELLA_MISSING)
		return status;
	TRY(host_key_make(folder, (int64_t)time(NULL), err));
	keeper_say(keeper, "has made this host's key; verifiers pin %s/%s", folder,
		   HOST_ROOT_FILE);
	return CELLA_OK;
}
