/* SPDX-License-Identifier: Apache-2.0 */
/* The vendor's configuration file, and the URL in it. */
#include "fuzz.h"

#include "fetch/pcs.h"
#include "fetch/qcnl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct pcs_question question = { .kind = PCS_TCB_INFO };
	char url[URL_MAX + 1];
	struct cella_error err = { 0 };
	struct qcnl qcnl = { 0 };
	struct url parts;

	if (fuzz_failed(qcnl_parse(bytes_of(data, size), "file", &qcnl, &err), &err,
			size) ||
	    qcnl_url(&qcnl) == NULL ||
	    pcs_url(qcnl_url(&qcnl), &question, url, NULL) != CELLA_OK)
		return 0;
	/* What is asked is on the host that the file names, over TLS unless it is ours. */
	MUST(url_parse(url, &parts, NULL) == CELLA_OK);
	MUST(parts.is_https || parts.is_loopback);
	MUST(strstr(qcnl_url(&qcnl), parts.host) != NULL);
	return 0;
}
