/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence of this machine, a trust domain: TD reports and quotes from the kernel.
 */
#ifndef TDX_GUEST_H
#define TDX_GUEST_H

#include "sample.h"

/* tdx_report() has the TDX module make a TD report: the ioctl of /dev/tdx_guest. */
bool tdx_report(const uint8_t report_data[64], struct buffer *out);

/*
 * tdx_quote() has the platform's quoting enclave make a quote, through configfs-tsm (Linux
 * 6.7 or newer, Documentation/ABI/testing/configfs-tsm).
 */
bool tdx_quote(const uint8_t report_data[64], struct buffer *out);

#endif
