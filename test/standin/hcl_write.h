/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reports of a paravisor that holds the simulated platform's trust domain.
 */
#ifndef STANDIN_HCL_WRITE_H
#define STANDIN_HCL_WRITE_H

#include "standin.h"

/*
 * hcl_write() names the attestation key whose modulus is, in hexadecimal, in the file of the
 * option --ak. It makes a report with that user data. Faults: snp (of other hardware), failed (its
 * status), unbound (its runtime data is not what the TD report hashes), no-user-data.
 */
enum cella_status hcl_write(struct standin *standin,
			    const uint8_t user_data[REPORT_DATA_LEN], struct out *out,
			    struct cella_error *err) MUST_CHECK;

#endif
