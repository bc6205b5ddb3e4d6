/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical text of what the host decides:
 *
 *   cella config 1
 *   vcpus 2
 *   memory_mib 512
 *   debug no
 *   egress example.org:443      (routes, in the order of their bytes, none twice)
 *   ingress 8080:80
 *
 * One decision has one text, so that a verifier can predict PCR13 from what it expects.
 */
#include "evidence/launch.h"

#include "base/number.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char *const route_kinds[] = { "egress ", "ingress " };

static bool is_route(const char *route)
{
	bool is_known = false;

	for (size_t i = 0; i < ARRAY_LEN(route_kinds); i++) {
		const size_t len = strlen(route_kinds[i]);

		if (strncmp(route, route_kinds[i], len) == 0 && route[len] != '\0')
			is_known = true;
	}
	for (size_t i = 0; is_known && route[i] != '\0'; i++)
		if (route[i] < ' ' || route[i] > '~' || i >= LAUNCH_TEXT_MAX)
			return false;
	return is_known;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum cella_status write_routes(const struct launch_config *config, struct out *out,
				      struct cella_error *err)
{
	const char *sorted[LAUNCH_MAX_ROUTES];

	if (config->num_routes > LAUNCH_MAX_ROUTES)
		return error_set(err, CELLA_LIMIT,
				 "launch: config: %zu routes, at most %d",
				 config->num_routes, LAUNCH_MAX_ROUTES);
	for (size_t i = 0; i < config->num_routes; i++)
		sorted[i] = config->routes[i];
	qsort(sorted, config->num_routes, sizeof *sorted, by_bytes);
	for (size_t i = 0; i < config->num_routes; i++) {
		if (!is_route(sorted[i]))
			return error_set(
				err, CELLA_USAGE,
				"launch: config: route \"%.64s\": expected \"egress …\" "
				"or \"ingress …\" of at most %d printable characters",
				sorted[i], LAUNCH_TEXT_MAX);
		if (i > 0 && strcmp(sorted[i - 1], sorted[i]) == 0)
			return error_set(err, CELLA_USAGE,
					 "launch: config: route \"%.64s\" is there twice",
					 sorted[i]);
		out_format(out, "%s\n", sorted[i]);
	}
	return CELLA_OK;
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
	TRY(write_routes(config, &text, err));
	TRY(out_status(&text, err));
	out_bytes(out, text.data, text.len);
	return out_status(out, err);
}

/* --- reading ------------------------------------------------------------------------- */

/* What a line begins with, and its rest; NULL when it is another line, or none. */
static const char *line_after(const char **lines, size_t num_lines, size_t i,
			      const char *prefix)
{
	const size_t len = strlen(prefix);

	if (i >= num_lines || strncmp(lines[i], prefix, len) != 0)
		return NULL;
	return lines[i] + len;
}

static size_t split(struct cella_bytes text, struct arena *arena, const char **lines,
		    size_t max_lines)
{
	size_t num_lines = 0;
	size_t start = 0;

	for (size_t i = 0; i < text.len && num_lines < max_lines; i++) {
		if (text.data[i] != '\n')
			continue;
		lines[num_lines++] = arena_copy(arena, text.data + start, i - start);
		start = i + 1;
	}
	return num_lines;
}

static bool read_number(const char *text, unsigned *out)
{
	uint64_t number;

	if (text == NULL ||
	    number_read(text, UINT_MAX, &number, "number", NULL) != CELLA_OK)
		return false;
	*out = (unsigned)number;
	return true;
}

static bool read_lines(const char **lines, size_t num_lines, struct launch_config *out)
{
	enum { VCPUS = 1, MEMORY, DEBUG, ROUTES };
	const char *const debug = line_after(lines, num_lines, DEBUG, "debug ");

	if (num_lines < ROUTES || debug == NULL ||
	    !read_number(line_after(lines, num_lines, VCPUS, "vcpus "), &out->vcpus) ||
	    !read_number(line_after(lines, num_lines, MEMORY, "memory_mib "),
			 &out->memory_mib))
		return false;
	out->debug = strcmp(debug, "yes") == 0;
	out->routes = lines + ROUTES;
	out->num_routes = num_lines - ROUTES;
	return true;
}

enum cella_status launch_config_read(struct cella_bytes text, struct arena *arena,
				     struct launch_config *out, struct cella_error *err)
{
	enum { MAX_LINES = 4 + LAUNCH_MAX_ROUTES };
	struct out again CLEANUP(out_done) = { 0 };
	struct launch_config config = { 0 };
	const char **const lines = arena_alloc(arena, MAX_LINES, sizeof *lines);
	struct cella_error why = { 0 };
	enum cella_status status;
	size_t num_lines;

	TRY(arena_status(arena, err));
	num_lines = split(text, arena, lines, MAX_LINES);
	TRY(arena_status(arena, err));
	/* Whatever was overlooked is not in the text that is written again. */
	status = read_lines(lines, num_lines, &config)
			 ? launch_config_write(&config, &again, &why)
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
