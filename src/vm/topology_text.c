/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammars of what the kernel says of processors, memory, limits and control groups.
 */
#include "vm/topology.h"

#include "base/encode.h"
#include "base/number.h"
#include "doctor/lines.h"

#include <stdio.h>
#include <string.h>

enum { NUMBER_TEXT_MAX = 24 };

static const struct {
	const char *name;
	unsigned mib;
} page_sizes[] = {
	[PAGES_ORDINARY] = { "no", 0 },
	[PAGES_2M] = { "2M", 2 },
	[PAGES_1G] = { "1G", 1024 },
};
_Static_assert(ARRAY_LEN(page_sizes) == NUM_PAGE_SIZES, "a name a size");

const char *page_size_name(enum page_size size)
{
	return page_sizes[size].name;
}

unsigned page_size_mib(enum page_size size)
{
	return page_sizes[size].mib;
}

const char *topology_controller_name(enum topology_controller controller)
{
	static const char *const names[] = {
		[CONTROLLER_CPUSET] = "cpuset",
		[CONTROLLER_CPU] = "cpu",
		[CONTROLLER_MEMORY] = "memory",
		[CONTROLLER_PIDS] = "pids",
	};

	_Static_assert(ARRAY_LEN(names) == NUM_CONTROLLERS, "a name a controller");
	return names[controller];
}

/* --- words and numbers --------------------------------------------------------------- */

/* The next word, taken off *rest; empty at the end. */
static struct cella_bytes next_word(struct cella_bytes *rest)
{
	size_t start = 0;
	size_t end;

	while (start < rest->len &&
	       (rest->data[start] == ' ' || rest->data[start] == '\t'))
		start++;
	end = start;
	while (end < rest->len && rest->data[end] != ' ' && rest->data[end] != '\t')
		end++;
	{
		const struct cella_bytes word = bytes_slice(*rest, start, end - start);

		*rest = bytes_slice(*rest, end, rest->len - end);
		return word;
	}
}

static bool is_word(struct cella_bytes word, const char *text)
{
	return word.len == strlen(text) && memcmp(word.data, text, word.len) == 0;
}

static enum cella_status read_number(struct cella_bytes word, const char *what,
				     uint64_t *out, struct cella_error *err)
{
	char text[NUMBER_TEXT_MAX];

	if (word.len >= sizeof text)
		return error_set(err, CELLA_MALFORMED, "%s: expected a number", what);
	text_copy(word, text, sizeof text);
	return number_read(text, INT64_MAX, out, what, err);
}

/* --- "NAME:  VALUE kB" --------------------------------------------------------------- */

/* Files of nodes begin each line with "Node 0 ". */
static struct cella_bytes without_node(struct cella_bytes line)
{
	struct cella_bytes rest = line;

	if (!is_word(next_word(&rest), "Node"))
		return line;
	next_word(&rest);
	return text_trim(rest);
}

enum cella_status topology_field(struct cella_bytes text, const char *name,
				 const char *what, uint64_t *out, struct cella_error *err)
{
	const size_t len = strlen(name);
	struct cella_bytes line;

	while (lines_next(&text, &line)) {
		struct cella_bytes rest = without_node(line);
		uint64_t value = 0;

		if (!line_starts_with(rest, name) || rest.len == len ||
		    rest.data[len] != ':')
			continue;
		rest = bytes_slice(rest, len + 1, rest.len - len - 1);
		TRY(read_number(next_word(&rest), what, &value, err));
		if (!is_word(next_word(&rest), "kB") || next_word(&rest).len > 0)
			return error_set(err, CELLA_MALFORMED,
					 "%s: %s: expected a number of kB", what, name);
		*out = value;
		return CELLA_OK;
	}
	return error_set(err, CELLA_MISSING, "%s: no line %s", what, name);
}

/* --- limits -------------------------------------------------------------------------- */

enum cella_status topology_limit(struct cella_bytes text, const char *what, uint64_t *out,
				 struct cella_error *err)
{
	const struct cella_bytes word = text_trim(text);

	if (!is_word(word, "max"))
		return read_number(word, what, out, err);
	*out = TOPOLOGY_UNLIMITED;
	return CELLA_OK;
}

enum cella_status topology_lock_limit(struct cella_bytes text, const char *what,
				      uint64_t *out, struct cella_error *err)
{
	static const char name[] = "Max locked memory ";
	struct cella_bytes line;

	while (lines_next(&text, &line)) {
		struct cella_bytes word;

		if (!line_starts_with(line, name))
			continue;
		line = bytes_slice(line, sizeof name - 1, line.len - (sizeof name - 1));
		word = next_word(&line);
		if (!is_word(word, "unlimited"))
			return read_number(word, what, out, err);
		*out = TOPOLOGY_UNLIMITED;
		return CELLA_OK;
	}
	return error_set(err, CELLA_MISSING, "%s: no line \"%s\"", what, name);
}

/* --- control groups ------------------------------------------------------------------ */

/* A path that leads down: no "..", nothing that a terminal or a log would stumble over. */
static bool is_path_down(struct cella_bytes path)
{
	if (path.len == 0 || path.data[0] != '/')
		return false;
	for (size_t i = 0; i < path.len; i++) {
		if (path.data[i] < ' ' || path.data[i] > '~')
			return false;
		if (path.data[i] == '/' && path.len - i >= 3 && path.data[i + 1] == '.' &&
		    path.data[i + 2] == '.' &&
		    (path.len - i == 3 || path.data[i + 3] == '/'))
			return false;
	}
	return true;
}

enum cella_status topology_cgroup_path(struct cella_bytes text, const char *what,
				       char path[TOPOLOGY_PATH_MAX],
				       struct cella_error *err)
{
	static const char start[] = "0::";
	struct cella_bytes line;

	while (lines_next(&text, &line)) {
		if (!line_starts_with(line, start))
			continue;
		line = bytes_slice(line, sizeof start - 1, line.len - (sizeof start - 1));
		if (line.len >= TOPOLOGY_PATH_MAX)
			return error_set(err, CELLA_LIMIT,
					 "%s: a path of more than %d bytes", what,
					 TOPOLOGY_PATH_MAX - 1);
		/* The kernel's form for what lies outside of this process's view. */
		if (line_starts_with(line, "/.."))
			break;
		if (!is_path_down(line))
			return error_set(err, CELLA_MALFORMED,
					 "%s: expected a path below the root", what);
		text_copy(line, path, TOPOLOGY_PATH_MAX);
		return CELLA_OK;
	}
	return error_set(err, CELLA_MISSING, "%s: no control group of version 2", what);
}
