/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical text of what the host decides:
 *
 *   cella config 1
 *   vcpus 2
 *   memory_mib 512
 *   debug no
 *   to_guest 5000,7001-7003             "any", "none", or ranges that do not touch, in order
 *   from_guest 9000,9443
 *   forward 127.0.0.1:8080:5000         "none", or a line each, in the order of their
 *   egress example.org:443              bytes, none twice
 *
 * One decision has one text, so that a verifier can predict PCR13 from what it expects.
 */
#include "evidence/launch.h"

#include "base/number.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TEXTS = LAUNCH_MAX_EGRESS };
_Static_assert((int)LAUNCH_MAX_FORWARDS <= (int)MAX_TEXTS, "room for either list");

static const char nothing[] = "none";

/* --- writing ------------------------------------------------------------------------- */

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t launch_texts_settle(const struct launch_texts *texts, const char **out)
{
	size_t num = 0;

	for (size_t i = 0; i < texts->num_items; i++)
		out[i] = texts->items[i];
	qsort(out, texts->num_items, sizeof *out, by_bytes);
	for (size_t i = 0; i < texts->num_items; i++)
		if (num == 0 || strcmp(out[num - 1], out[i]) != 0)
			out[num++] = out[i];
	return num;
}

/* Each has a port, so that none reads "none". */
static bool is_way(const char *text)
{
	const size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~' || (text[i] >= 'A' && text[i] <= 'Z'))
			return false;
	return len <= LAUNCH_TEXT_MAX && strchr(text, ':') != NULL;
}

static enum cella_status write_texts(const struct launch_texts *texts, size_t max,
				     const char *name, struct out *out,
				     struct cella_error *err)
{
	const char *settled[MAX_TEXTS];
	size_t num;

	if (texts->num_items > max)
		return error_set(err, CELLA_LIMIT, "launch: config: %s: %zu, at most %zu",
				 name, texts->num_items, max);
	num = launch_texts_settle(texts, settled);
	if (num == 0)
		out_format(out, "%s %s\n", name, nothing);
	for (size_t i = 0; i < num; i++) {
		if (!is_way(settled[i]))
			return error_set(
				err, CELLA_USAGE,
				"launch: config: %s: \"%.64s\": expected a name or an "
				"address and a port in at most %d characters, in lower "
				"case",
				name, settled[i], LAUNCH_TEXT_MAX);
		out_format(out, "%s %s\n", name, settled[i]);
	}
	return CELLA_OK;
}

static void write_ports(const struct ports *ports, const char *name, struct out *out)
{
	struct ports settled = *ports;

	ports_settle(&settled);
	out_format(out, "%s ", name);
	ports_write(&settled, out);
	out_u8(out, '\n');
}

enum cella_status launch_config_write(const struct launch_config *config, struct out *out,
				      struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };

	if (config->vcpus == 0 || config->memory_mib == 0)
		return error_set(err, CELLA_USAGE,
				 "launch: config: %u vCPUs and %u MiB: neither may be 0",
				 config->vcpus, config->memory_mib);
	out_format(&text, "cella config %d\nvcpus %u\nmemory_mib %u\ndebug %s\n",
		   LAUNCH_FORMAT, config->vcpus, config->memory_mib,
		   config->debug ? "yes" : "no");
	write_ports(&config->to_guest, "to_guest", &text);
	write_ports(&config->from_guest, "from_guest", &text);
	TRY(write_texts(&config->forward, LAUNCH_MAX_FORWARDS, "forward", &text, err));
	TRY(write_texts(&config->egress, LAUNCH_MAX_EGRESS, "egress", &text, err));
	TRY(out_status(&text, err));
	out_bytes(out, text.data, text.len);
	return out_status(out, err);
}

/* --- reading ------------------------------------------------------------------------- */

/* The lines of a text, and the one that is next. */
struct lines {
	const char **items;
	size_t num;
	size_t next;
};

static void split(struct cella_bytes text, struct arena *arena, size_t max_lines,
		  struct lines *out)
{
	size_t start = 0;

	for (size_t i = 0; i < text.len && out->num < max_lines; i++) {
		if (text.data[i] != '\n')
			continue;
		out->items[out->num++] = arena_copy(arena, text.data + start, i - start);
		start = i + 1;
	}
}

/* What follows the name of the next line; NULL when that is another line, or none. */
static const char *take_line(struct lines *lines, const char *name)
{
	const size_t len = strlen(name);
	const char *line;

	if (lines->next == lines->num)
		return NULL;
	line = lines->items[lines->next];
	if (strncmp(line, name, len) != 0 || line[len] != ' ')
		return NULL;
	lines->next++;
	return line + len + 1;
}

static bool read_number(struct lines *lines, const char *name, unsigned *out)
{
	const char *const text = take_line(lines, name);
	uint64_t number;

	if (text == NULL || number_read(text, UINT_MAX, &number, name, NULL) != CELLA_OK)
		return false;
	*out = (unsigned)number;
	return true;
}

static bool read_ports(struct lines *lines, const char *name, struct ports *out)
{
	const char *const text = take_line(lines, name);

	return text != NULL && ports_read(text, out, name, NULL) == CELLA_OK;
}

/* The lines of a name, which are one another's neighbours, become their rests. */
static void read_texts(struct lines *lines, const char *name, struct launch_texts *out)
{
	const char **const first = lines->items + lines->next;
	const char *text;

	while ((text = take_line(lines, name)) != NULL)
		first[out->num_items++] = text;
	out->items = first;
	if (out->num_items == 1 && strcmp(first[0], nothing) == 0)
		out->num_items = 0;
}

static bool read_lines(struct lines *lines, struct launch_config *out)
{
	const char *debug;

	if (take_line(lines, "cella") == NULL ||
	    !read_number(lines, "vcpus", &out->vcpus) ||
	    !read_number(lines, "memory_mib", &out->memory_mib))
		return false;
	debug = take_line(lines, "debug");
	if (debug == NULL || !read_ports(lines, "to_guest", &out->to_guest) ||
	    !read_ports(lines, "from_guest", &out->from_guest))
		return false;
	out->debug = strcmp(debug, "yes") == 0;
	read_texts(lines, "forward", &out->forward);
	read_texts(lines, "egress", &out->egress);
	return lines->next == lines->num;
}

enum cella_status launch_config_read(struct cella_bytes text, struct arena *arena,
				     struct launch_config *out, struct cella_error *err)
{
	enum { MAX_LINES = 6 + LAUNCH_MAX_FORWARDS + LAUNCH_MAX_EGRESS };
	struct out again CLEANUP(out_done) = { 0 };
	struct launch_config config = { 0 };
	struct lines lines = { .items = arena_alloc(arena, MAX_LINES, sizeof(char *)) };
	struct cella_error why = { 0 };
	enum cella_status status;

	TRY(arena_status(arena, err));
	split(text, arena, MAX_LINES, &lines);
	TRY(arena_status(arena, err));
	/* Whatever was overlooked is not in the text that is written again. */
	status = read_lines(&lines, &config) ? launch_config_write(&config, &again, &why)
					     : CELLA_MALFORMED;
	if (status == CELLA_NOMEM)
		return error_nomem(err);
	if (status != CELLA_OK || !bytes_equal(out_view(&again), text))
		return error_set(
			err, CELLA_MALFORMED,
			"launch: config: is not the canonical text of version %d",
			LAUNCH_FORMAT);
	*out = config;
	return CELLA_OK;
}
