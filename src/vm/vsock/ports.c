/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of ports. The highest number means "any port" to programs, and is none itself.
 */
#include "vm/vsock/ports.h"

#include "base/error.h"
#include "base/number.h"

#include <string.h>

enum { RANGE_TEXT_LEN = 32 };

#define PORT_LAST (UINT32_MAX - 1)

static enum cella_status add(struct ports *ports, uint64_t first, uint64_t last,
			     const char *what, struct cella_error *err)
{
	if (first > last)
		return error_set(err, CELLA_USAGE, "%s: %llu-%llu is the wrong way round",
				 what, (unsigned long long)first,
				 (unsigned long long)last);
	if (ports->num == PORTS_MAX_RANGES)
		return error_set(err, CELLA_USAGE, "%s: more than %d ranges", what,
				 PORTS_MAX_RANGES);
	ports->ranges[ports->num].first = (uint32_t)first;
	ports->ranges[ports->num++].last = (uint32_t)last;
	return CELLA_OK;
}

/* range = port [ "-" port ] */
static enum cella_status read_range(struct cella_bytes text, struct ports *out,
				    const char *what, struct cella_error *err)
{
	char copy[RANGE_TEXT_LEN];
	uint64_t first = 0, last = 0;
	char *dash;

	if (text.len >= sizeof copy)
		return error_set(err, CELLA_USAGE, "%s: \"%.*s\" is no range of ports",
				 what, RANGE_TEXT_LEN, (const char *)text.data);
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	dash = strchr(copy, '-');
	if (dash != NULL)
		*dash = '\0';
	if (number_read(copy, PORT_LAST, &first, what, err) != CELLA_OK ||
	    number_read(dash != NULL ? dash + 1 : copy, PORT_LAST, &last, what, err) !=
		    CELLA_OK) {
		if (err != NULL)
			err->status = CELLA_USAGE;
		return CELLA_USAGE;
	}
	return add(out, first, last, what, err);
}

enum cella_status ports_read(const char *text, struct ports *out, const char *what,
			     struct cella_error *err)
{
	struct ports ports = { 0 };

	if (strcmp(text, "any") == 0) {
		TRY(add(&ports, 0, PORT_LAST, what, err));
	} else if (strcmp(text, "none") != 0) {
		for (;;) {
			const size_t len = strcspn(text, ",");

			TRY(read_range(bytes_of(text, len), &ports, what, err));
			text += len;
			if (*text++ == '\0')
				break;
		}
	}
	*out = ports;
	return CELLA_OK;
}

bool ports_admit(const struct ports *ports, uint32_t port)
{
	for (size_t i = 0; i < ports->num; i++)
		if (port >= ports->ranges[i].first && port <= ports->ranges[i].last)
			return true;
	return false;
}
