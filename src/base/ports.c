/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of ports. The highest number means "any port" to programs, and is none itself.
 */
#include "base/ports.h"

#include "base/error.h"
#include "base/number.h"

#include <stdlib.h>
#include <string.h>

enum { RANGE_TEXT_LEN = 32 };

#define PORT_LAST (UINT32_MAX - 1)

enum cella_status ports_add(struct ports *ports, uint64_t first, uint64_t last,
			    const char *what, struct cella_error *err)
{
	if (last > PORT_LAST)
		return error_set(err, CELLA_USAGE, "%s: there is no port %llu", what,
				 (unsigned long long)last);
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
	return ports_add(out, first, last, what, err);
}

enum cella_status ports_read(const char *text, struct ports *out, const char *what,
			     struct cella_error *err)
{
	struct ports ports = { 0 };

	if (strcmp(text, "any") == 0) {
		TRY(ports_add(&ports, 0, PORT_LAST, what, err));
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

static int by_first(const void *a, const void *b)
{
	const struct port_range *const left = a;
	const struct port_range *const right = b;

	return (left->first > right->first) - (left->first < right->first);
}

void ports_settle(struct ports *ports)
{
	size_t num = 0;

	qsort(ports->ranges, ports->num, sizeof *ports->ranges, by_first);
	for (size_t i = 0; i < ports->num; i++) {
		const struct port_range next = ports->ranges[i];
		struct port_range *const last = num > 0 ? &ports->ranges[num - 1] : NULL;

		if (last == NULL || next.first > (uint64_t)last->last + 1)
			ports->ranges[num++] = next;
		else if (next.last > last->last)
			last->last = next.last;
	}
	memset(&ports->ranges[num], 0, (ports->num - num) * sizeof *ports->ranges);
	ports->num = num;
}

void ports_write(const struct ports *ports, struct out *out)
{
	if (ports->num == 0)
		out_text(out, "none");
	else if (ports->ranges[0].first == 0 && ports->ranges[0].last == PORT_LAST)
		out_text(out, "any");
	else
		for (size_t i = 0; i < ports->num; i++) {
			const struct port_range *const range = &ports->ranges[i];

			out_format(out, "%s%u", i > 0 ? "," : "", range->first);
			if (range->last > range->first)
				out_format(out, "-%u", range->last);
		}
}
