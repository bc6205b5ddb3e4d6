/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence.h"

#include "simulated.h"
#include "tdx_guest.h"

static bool hint(bool done)
{
	if (!done)
		say("without TDX: 'make simulated-platform', to try it out");
	return done;
}

bool td_report(const uint8_t report_data[64], struct buffer *out)
{
	char platform[PATH_MAX];

	if (simulated_platform(platform))
		return simulated_report(platform, report_data, out);
	return hint(tdx_report(report_data, out));
}

bool td_quote(const uint8_t report_data[64], struct buffer *out)
{
	char platform[PATH_MAX];

	if (simulated_platform(platform))
		return simulated_quote(platform, report_data, out);
	return hint(tdx_quote(report_data, out));
}
