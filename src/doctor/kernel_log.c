/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of the kernel (kernel/dma/swiotlb.c, arch/x86/coco/tdx), in a text that may hold
 * anything else.
 */
#include "doctor/kernel_log.h"

#include "doctor/lines.h"

#include <string.h>

/* A number that text ends in or that ends at another character; 0 when there is none. */
static uint64_t leading_number(const uint8_t *text, size_t len)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
		if (value > UINT32_MAX)
			return 0;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	return value;
}

static const uint8_t *find(struct cella_bytes line, const char *text)
{
	return line.len > 0 ? memmem(line.data, line.len, text, strlen(text)) : NULL;
}

/* The number behind a word of a line. */
static uint64_t number_after(struct cella_bytes line, const char *word)
{
	const uint8_t *const at = find(line, word);
	const uint8_t *const end = line.data + line.len;

	if (at == NULL)
		return 0;
	return leading_number(at + strlen(word), (size_t)(end - at) - strlen(word));
}

/* "mapped [mem 0x…-0x…] (64MB)" */
static uint64_t mapped_mib(struct cella_bytes line)
{
	const uint8_t *const at = find(line, "] (");
	const size_t skip = strlen("] (");

	if (at == NULL)
		return 0;
	return leading_number(at + skip, (size_t)(line.data + line.len - at) - skip);
}

static void scan_line(struct cella_bytes line, struct kernel_log *out)
{
	if (find(line, "swiotlb buffer is full") != NULL) {
		out->num_full++;
		out->total_slots = number_after(line, "total ");
	} else if (find(line, "software IO TLB: mapped [") != NULL) {
		out->mapped_mib = mapped_mib(line);
	} else if (find(line, "software IO TLB: Cannot allocate") != NULL ||
		   find(line, "software IO TLB: No low mem") != NULL) {
		out->no_memory = true;
	} else if (find(line, "Linux version ") != NULL) {
		/* What was before is another boot's. */
		*out = (struct kernel_log){ .has_start = true };
	} else if (find(line, "tdx: Guest detected") != NULL) {
		out->guest_detected = true;
	}
}

void kernel_log_scan(struct cella_bytes log, struct kernel_log *out)
{
	struct cella_bytes line;

	*out = (struct kernel_log){ 0 };
	while (lines_next(&log, &line))
		scan_line(line, out);
}

struct cella_bytes cmdline_find(const char *cmdline, const char *name)
{
	const size_t name_len = strlen(name);
	struct cella_bytes found = { 0 };

	while (*cmdline != '\0') {
		const size_t len = strcspn(cmdline, " \t\"'");

		if (len > name_len && cmdline[name_len] == '=' &&
		    memcmp(cmdline, name, name_len) == 0)
			found = bytes_of(cmdline + name_len + 1, len - name_len - 1);
		cmdline += len + strspn(cmdline + len, " \t\"'");
	}
	return found;
}

struct swiotlb_param swiotlb_param_read(const char *cmdline)
{
	const struct cella_bytes value = cmdline_find(cmdline, "swiotlb");
	struct swiotlb_param param = { 0 };

	if (value.len == 0)
		return param;
	param.is_given = true;
	param.slots = leading_number(value.data, value.len);
	param.is_off = find(value, "noforce") != NULL;
	return param;
}
