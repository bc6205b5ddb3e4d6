/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nearness is the number of characters that were left out, added, changed, or swapped with
 * the next one (optimal string alignment). A name that begins with the word, or ends with
 * it behind a hyphen, is nearer than any mistake.
 */
#include "cli/nearest.h"

#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 32, PREFIX_MIN = 2 };

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Of words of at most WORD_MAX characters. */
static size_t distance_of(struct cella_bytes a, struct cella_bytes b)
{
	size_t rows[WORD_MAX + 1][WORD_MAX + 1];

	for (size_t k = 0; k <= b.len; k++)
		rows[0][k] = k;
	for (size_t i = 1; i <= a.len; i++) {
		rows[i][0] = i;
		for (size_t k = 1; k <= b.len; k++) {
			const size_t changed = a.data[i - 1] != b.data[k - 1];
			const bool is_swapped = i > 1 && k > 1 &&
						a.data[i - 1] == b.data[k - 2] &&
						a.data[i - 2] == b.data[k - 1];
			size_t best = smaller(rows[i - 1][k] + 1, rows[i][k - 1] + 1);

			best = smaller(best, rows[i - 1][k - 1] + changed);
			if (is_swapped)
				best = smaller(best, rows[i - 2][k - 2] + 1);
			rows[i][k] = best;
		}
	}
	return rows[a.len][b.len];
}

/* The longer the word, the more mistakes. */
static size_t limit_of(struct cella_bytes word)
{
	return 1 + word.len / 6;
}

static bool is_part(struct cella_bytes word, struct cella_bytes name)
{
	size_t more;

	if (word.len < PREFIX_MIN || word.len >= name.len)
		return false;
	more = name.len - word.len;
	return memcmp(name.data, word.data, word.len) == 0 ||
	       (name.data[more - 1] == '-' &&
		memcmp(name.data + more, word.data, word.len) == 0);
}

void nearest_begin(struct nearest *nearest, const char *word)
{
	*nearest = (struct nearest){
		.word = word,
		.distance = limit_of(bytes_of(word, strlen(word))),
	};
}

static bool is_shown(const struct nearest *nearest, struct cella_bytes shown)
{
	for (size_t i = 0; i < nearest->num_shown; i++)
		if (bytes_equal(nearest->shown[i], shown))
			return true;
	return false;
}

void nearest_offer(struct nearest *nearest, struct cella_bytes name,
		   struct cella_bytes shown)
{
	const struct cella_bytes word = bytes_of(nearest->word, strlen(nearest->word));
	size_t distance;

	if (word.len > WORD_MAX || name.len > WORD_MAX)
		return;
	distance = is_part(word, name) ? 0 : distance_of(word, name);
	if (distance > nearest->distance || distance >= name.len)
		return;
	if (distance < nearest->distance)
		nearest->num_shown = 0;
	nearest->distance = distance;
	if (nearest->num_shown < NEAREST_MAX && !is_shown(nearest, shown))
		nearest->shown[nearest->num_shown++] = shown;
}

const char *nearest_text(const struct nearest *nearest, const char *before,
			 char buffer[NEAREST_TEXT_LEN])
{
	size_t len = 0;

	buffer[0] = '\0';
	for (size_t i = 0; i < nearest->num_shown; i++) {
		const bool is_last = i + 1 == nearest->num_shown;
		const char *const lead = i == 0    ? " (did you mean '"
					 : is_last ? "' or '"
						   : "', '";

		len += (size_t)snprintf(
			buffer + len, NEAREST_TEXT_LEN - len, "%s%s%.*s%s", lead, before,
			(int)nearest->shown[i].len, (const char *)nearest->shown[i].data,
			is_last ? "'?)" : "");
		if (len >= NEAREST_TEXT_LEN)
			break;
	}
	return buffer;
}
