/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the configuration of Intel's collateral client says that the PCCS is.
 */
#ifndef DOCTOR_PCCS_CONF_H
#define DOCTOR_PCCS_CONF_H

#include "base/bytes.h"

/*
 * pccs_conf_read() reads sgx_default_qcnl.conf in both forms: JSON with comments, and lines
 * KEY=VALUE. The collateral service is preferred to the PCCS, as Intel's client does. url is
 * empty when neither is named.
 */
enum cella_status pccs_conf_read(struct cella_bytes text, char *url, size_t size,
				 struct cella_error *err) MUST_CHECK;

#endif
