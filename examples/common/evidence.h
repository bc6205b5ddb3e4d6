/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence of the hardware, or of the simulated platform where the samples are told so. A
 * product calls the functions of tdx_guest.h instead.
 */
#ifndef EVIDENCE_H
#define EVIDENCE_H

#include "sample.h"

bool td_report(const uint8_t report_data[64], struct buffer *out);
bool td_quote(const uint8_t report_data[64], struct buffer *out);

#endif
