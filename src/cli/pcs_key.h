/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subscription key of the vendor's service. It comes from a file: arguments and
 * environments are read by other users, histories and crash reports.
 */
#ifndef CLI_PCS_KEY_H
#define CLI_PCS_KEY_H

#include "base/bytes.h"
#include "fetch/request.h"

/*
 * pcs_key_read() reads the one word of a file. CELLA_IO for a file that others than its
 * owner may read or write, CELLA_MALFORMED for something else than a key; what stands in
 * the file is in no error's text.
 */
enum cella_status pcs_key_read(const char *path, char out[REQUEST_KEY_MAX + 1],
			       struct cella_error *err) MUST_CHECK;

#endif
