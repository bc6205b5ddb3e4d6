/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /etc/tdx-attest.conf, where Intel's libtdx_attest finds the port of the host's QGS.
 */
#ifndef COLLECT_ATTEST_CONF_H
#define COLLECT_ATTEST_CONF_H

#include "base/bytes.h"

/*
 * attest_conf_read() finds "port = NUMBER"; the last one counts. Lines that begin with '#'
 * are comments, and other keys are passed over. CELLA_MALFORMED names the line that is not
 * understood; CELLA_MISSING when no line names a port.
 */
enum cella_status attest_conf_read(struct cella_bytes text, const char *what,
				   uint32_t *out_port,
				   struct cella_error *err) MUST_CHECK;

#endif
