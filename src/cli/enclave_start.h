/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a supervisor, or a service, in the background.
 */
#ifndef CLI_ENCLAVE_START_H
#define CLI_ENCLAVE_START_H

#include <jansson.h>

#include "cli/cli.h"
#include "vm/argv.h"

/* What is said of it while it starts, unless the user wants quiet. */
enum enclave_telling { ENCLAVE_TELLS_STATES, ENCLAVE_TELLS_WORDS };

/*
 * enclave_start() starts cellad with these arguments, which are to have --ready 2 among
 * them, and hears of it until it tells a state that lasts: *status is that then, which the
 * caller owns. CELLA_IO with the cause when it fails, or is not so far in time.
 */
enum cella_status enclave_start(const struct common_args *common, const struct argv *argv,
				enum enclave_telling telling, int64_t seconds,
				json_t **status, struct cella_error *err) MUST_CHECK;

/* enclave_execute() becomes it. Returns only when it cannot. */
enum cella_status enclave_execute(const struct argv *argv,
				  struct cella_error *err) MUST_CHECK;

#endif
