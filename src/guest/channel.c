/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a guest ends, as a line.
 */
#include "guest/channel.h"

#include "base/number.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	const char *text;
} reasons[] = {
	[GUEST_END_UNKNOWN] = { "unknown", "the guest ended without a word" },
	[GUEST_END_STOPPED] = { "stopped", "stopped on request" },
	[GUEST_END_EXITED] = { "exited", "the application exited" },
	[GUEST_END_KILLED] = { "killed", "the application was killed by a signal" },
	[GUEST_END_MOUNT] = { "mount", "the guest could not mount its file systems" },
	[GUEST_END_POLICY] = { "policy", "the guest cannot use its policy" },
	[GUEST_END_MODULE] = { "module", "the guest could not load a module" },
	[GUEST_END_LOCKDOWN] = { "lockdown",
				 "the guest could not forbid loading modules" },
	[GUEST_END_CHANNEL] = { "channel", "the guest could not listen on vsock" },
	[GUEST_END_TPM] = { "tpm", "the guest cannot use its TPM" },
	[GUEST_END_APPLICATION] = { "application",
				    "the guest could not start the application" },
	[GUEST_END_INTERNAL] = { "internal", "the guest's init failed" },
};
_Static_assert(ARRAY_LEN(reasons) == GUEST_END_NUM, "a row a reason");

static const char what[] = "the guest's last line";

const char *guest_reason_name(enum guest_reason reason)
{
	return reasons[reason].name;
}

const char *guest_reason_text(enum guest_reason reason)
{
	return reasons[reason].text;
}

static bool is_printable(uint8_t c)
{
	return c >= ' ' && c <= '~';
}

void guest_end_write(const struct guest_end *end, struct out *out)
{
	out_format(out, "end %s %u", reasons[end->reason].name, end->number);
	if (end->detail[0] != '\0')
		out_u8(out, ' ');
	for (const char *c = end->detail; *c != '\0'; c++)
		out_u8(out, is_printable((uint8_t)*c) ? (uint8_t)*c : '?');
	out_u8(out, '\n');
}

/* The next word of a line, which is narrowed to what follows the blank behind it. */
static struct cella_bytes next_word(struct cella_bytes *line)
{
	const uint8_t *const blank = line->len > 0 ? memchr(line->data, ' ', line->len)
						   : NULL;
	const size_t len = blank != NULL ? (size_t)(blank - line->data) : line->len;
	const struct cella_bytes word = bytes_of(line->data, len);

	*line = bytes_slice(*line, blank != NULL ? len + 1 : len,
			    blank != NULL ? line->len - len - 1 : 0);
	return word;
}

static bool is_word(struct cella_bytes word, const char *text)
{
	return bytes_equal(word, bytes_of(text, strlen(text)));
}

static enum cella_status read_reason(struct cella_bytes word, enum guest_reason *out,
				     struct cella_error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (is_word(word, reasons[i].name)) {
			*out = (enum guest_reason)i;
			return CELLA_OK;
		}
	return error_set(err, CELLA_MALFORMED, "%s: there is no such reason", what);
}

static enum cella_status read_number(struct cella_bytes word, unsigned *out,
				     struct cella_error *err)
{
	char text[sizeof "4294967295"];
	uint64_t number = 0;

	if (word.len >= sizeof text)
		return error_set(err, CELLA_MALFORMED, "%s: its number is too long",
				 what);
	snprintf(text, sizeof text, "%.*s", (int)word.len, (const char *)word.data);
	TRY(number_read(text, UINT_MAX, &number, what, err));
	*out = (unsigned)number;
	return CELLA_OK;
}

enum cella_status guest_end_read(struct cella_bytes line, struct guest_end *out,
				 struct cella_error *err)
{
	struct guest_end end = { 0 };

	if (line.len >= GUEST_END_MAX)
		return error_set(err, CELLA_LIMIT, "%s: %zu bytes, at most %d", what,
				 line.len, GUEST_END_MAX - 1);
	for (size_t i = 0; i < line.len; i++)
		if (!is_printable(line.data[i]))
			return error_at(err, CELLA_MALFORMED, i,
					"%s: byte %zu cannot be printed", what, i);
	if (!is_word(next_word(&line), "end"))
		return error_set(err, CELLA_MALFORMED, "%s: does not begin with \"end\"",
				 what);
	TRY(read_reason(next_word(&line), &end.reason, err));
	TRY(read_number(next_word(&line), &end.number, err));
	if (line.len >= sizeof end.detail)
		return error_set(err, CELLA_LIMIT, "%s: a detail of %zu bytes", what,
				 line.len);
	if (line.len > 0)
		memcpy(end.detail, line.data, line.len);
	*out = end;
	return CELLA_OK;
}
