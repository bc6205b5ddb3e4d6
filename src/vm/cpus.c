/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bit a processor. Lists of the kernel's and lists of people's are held to one form, so
 * that a set has one text.
 */
#include "vm/cpus.h"

#include <stdio.h>
#include <string.h>

enum { NUM_WORDS = CPUS_MAX / CPUS_WORD_BITS };

void cpus_add(struct cpus *cpus, unsigned cpu)
{
	if (cpu < CPUS_MAX)
		cpus->words[cpu / CPUS_WORD_BITS] |= UINT64_C(1)
						     << (cpu % CPUS_WORD_BITS);
}

bool cpus_has(const struct cpus *cpus, unsigned cpu)
{
	return cpu < CPUS_MAX &&
	       (cpus->words[cpu / CPUS_WORD_BITS] >> (cpu % CPUS_WORD_BITS) & 1) != 0;
}

size_t cpus_count(const struct cpus *cpus)
{
	size_t count = 0;

	for (size_t i = 0; i < NUM_WORDS; i++)
		count += (size_t)__builtin_popcountll(cpus->words[i]);
	return count;
}

unsigned cpus_next(const struct cpus *cpus, unsigned from)
{
	while (from < CPUS_MAX && !cpus_has(cpus, from))
		from++;
	return from < CPUS_MAX ? from : CPUS_MAX;
}

struct cpus cpus_both(const struct cpus *a, const struct cpus *b)
{
	struct cpus both = { { 0 } };

	for (size_t i = 0; i < NUM_WORDS; i++)
		both.words[i] = a->words[i] & b->words[i];
	return both;
}

struct cpus cpus_either(const struct cpus *a, const struct cpus *b)
{
	struct cpus either = { { 0 } };

	for (size_t i = 0; i < NUM_WORDS; i++)
		either.words[i] = a->words[i] | b->words[i];
	return either;
}

struct cpus cpus_without(const struct cpus *a, const struct cpus *b)
{
	struct cpus left = { { 0 } };

	for (size_t i = 0; i < NUM_WORDS; i++)
		left.words[i] = a->words[i] & ~b->words[i];
	return left;
}

bool cpus_are_equal(const struct cpus *a, const struct cpus *b)
{
	return memcmp(a->words, b->words, sizeof a->words) == 0;
}

bool cpus_contain(const struct cpus *all, const struct cpus *some)
{
	const struct cpus rest = cpus_without(some, all);

	return cpus_count(&rest) == 0;
}

/* --- text ---------------------------------------------------------------------------- */

/* number = digit { digit }, without leading zeros */
static enum cella_status read_number(struct in *in, unsigned *out, const char *what,
				     struct cella_error *err)
{
	const size_t start = in->pos;
	unsigned value = 0;

	while (in_left(in) > 0 && in->data[in->pos] >= '0' && in->data[in->pos] <= '9') {
		value = value * 10 + (unsigned)(in_u8(in, "digit") - '0');
		if (value >= CPUS_MAX)
			return error_at(err, CELLA_LIMIT, start,
					"%s: a processor beyond %d", what, CPUS_MAX - 1);
	}
	if (in->pos == start || (in->data[start] == '0' && in->pos > start + 1))
		return error_at(err, CELLA_MALFORMED, start,
				"%s: expected a processor's number, as in \"0-3,8\"",
				what);
	*out = value;
	return CELLA_OK;
}

/* range = number [ "-" number ] */
static enum cella_status read_range(struct in *in, unsigned least, struct cpus *out,
				    unsigned *last, const char *what,
				    struct cella_error *err)
{
	const size_t start = in->pos;
	unsigned first = 0;

	TRY(read_number(in, &first, what, err));
	*last = first;
	if (in_left(in) > 0 && in->data[in->pos] == '-') {
		in_skip(in, 1, "dash");
		TRY(read_number(in, last, what, err));
	}
	if (first < least || *last < first)
		return error_at(err, CELLA_MALFORMED, start,
				"%s: expected processors in ascending order, each once",
				what);
	for (unsigned cpu = first; cpu <= *last; cpu++)
		cpus_add(out, cpu);
	return CELLA_OK;
}

/* list = [ range { "," range } ] */
enum cella_status cpus_read(struct cella_bytes text, const char *what, struct cpus *out,
			    struct cella_error *err)
{
	struct cpus cpus = { { 0 } };
	unsigned last = 0;
	struct in in;

	in_init(&in, text, what);
	while (in_left(&in) > 0) {
		const unsigned least = in.pos > 0 ? last + 1 : 0;

		if (in.pos > 0 && in_u8(&in, "comma") != ',')
			return error_at(err, CELLA_MALFORMED, in.pos - 1,
					"%s: expected a comma", what);
		TRY(read_range(&in, least, &cpus, &last, what, err));
	}
	*out = cpus;
	return CELLA_OK;
}

void cpus_write(const struct cpus *cpus, struct out *out)
{
	const char *separator = "";

	for (unsigned first = cpus_next(cpus, 0); first < CPUS_MAX;) {
		unsigned last = first;

		while (cpus_has(cpus, last + 1))
			last++;
		if (last > first)
			out_format(out, "%s%u-%u", separator, first, last);
		else
			out_format(out, "%s%u", separator, first);
		separator = ",";
		first = cpus_next(cpus, last + 1);
	}
}

const char *cpus_text(const struct cpus *cpus, char *text, size_t size)
{
	struct out out CLEANUP(out_done) = { 0 };

	cpus_write(cpus, &out);
	if (out.len == 0)
		snprintf(text, size, "none");
	else
		snprintf(text, size, "%.*s", (int)out.len, (const char *)out.data);
	return text;
}
