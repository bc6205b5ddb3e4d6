/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings as a person reads them, on a terminal of eighty columns.
 */
#include "doctor/diagnosis.h"

#include <string.h>

enum {
	WIDTH = 79,
	STATE_WIDTH = 7,
	TITLE_WIDTH = 19,
	BELOW_COLUMN = 2 + STATE_WIDTH + 2,
	FOUND_COLUMN = BELOW_COLUMN + TITLE_WIDTH + 2,
};

struct style {
	const char *states[DOCTOR_NUM_STATES];
	const char *bold, *reset;
};

static const struct style plain = { { "", "", "", "", "", "" }, "", "" };
static const struct style coloured = {
	.states = { [DOCTOR_UNKNOWN] = "\033[35m",
		    [DOCTOR_FAIL] = "\033[31m",
		    [DOCTOR_WARN] = "\033[33m",
		    [DOCTOR_NOTE] = "\033[36m",
		    [DOCTOR_OK] = "\033[32m",
		    [DOCTOR_NOT_APPLICABLE] = "\033[2m" },
	.bold = "\033[1m",
	.reset = "\033[0m",
};

static const char *const marks[] = {
	[DOCTOR_UNKNOWN] = "UNKNOWN", [DOCTOR_FAIL] = "FAIL",
	[DOCTOR_WARN] = "warn",       [DOCTOR_NOTE] = "note",
	[DOCTOR_OK] = "ok",           [DOCTOR_NOT_APPLICABLE] = "n/a",
};

_Static_assert(ARRAY_LEN(marks) == DOCTOR_NUM_STATES, "a state lacks its mark");

/* The length of the next word: what is to be typed, `in these`, stays on a line. */
static int word_len(const char *words)
{
	const char *const end = *words == '`' ? strchr(words + 1, '`') : NULL;
	const size_t start = end != NULL ? (size_t)(end - words) : 0;

	return (int)(start + strcspn(words + start, " "));
}

/* Words in a column that begins where the line is now; longer ones stand out. */
static void write_words(struct out *out, const char *words, int column)
{
	int used = column;

	while (*words != '\0') {
		const int len = word_len(words);

		if (used > column && used + 1 + len > WIDTH) {
			out_format(out, "\n%*s", column, "");
			used = column;
		} else if (used > column) {
			out_u8(out, ' ');
			used++;
		}
		out_format(out, "%.*s", len, words);
		used += len;
		words += len + (int)strspn(words + len, " ");
	}
}

static void write_below(struct out *out, const char *mark, const char *words)
{
	if (words == NULL || *words == '\0')
		return;
	out_format(out, "%*s%s", BELOW_COLUMN, "", mark);
	write_words(out, words, BELOW_COLUMN + (int)strlen(mark));
	out_u8(out, '\n');
}

static void write_finding(const struct doctor_check *check, const struct finding *finding,
			  const struct style *s, struct out *out)
{
	const bool is_quiet = finding->state == DOCTOR_OK ||
			      finding->state == DOCTOR_NOT_APPLICABLE;

	/* What is no question here stays in the background as a whole. */
	const char *const end = finding->state == DOCTOR_NOT_APPLICABLE ? s->reset : "";

	out_format(out, "  %s%-*s%s  %-*s  ", s->states[finding->state], STATE_WIDTH,
		   marks[finding->state], *end == '\0' ? s->reset : "", TITLE_WIDTH,
		   check->title);
	write_words(out, finding->found, FOUND_COLUMN);
	out_format(out, "%s\n", end);
	if (is_quiet)
		return;
	write_below(out, "", finding->meaning);
	write_below(out, "-> ", finding->remedy);
}

static size_t count(const struct diagnosis *d, enum doctor_state state)
{
	size_t num = 0;

	for (size_t i = 0; i < d->num; i++)
		num += d->findings[i].state == state ? 1 : 0;
	return num;
}

static void write_sum(const struct diagnosis *d, const struct style *s, struct out *out)
{
	static const struct {
		enum doctor_state state;
		const char *text;
	} parts[] = {
		{ DOCTOR_FAIL, "failed" },
		{ DOCTOR_UNKNOWN, "could not be decided" },
		{ DOCTOR_WARN, "to be warned of" },
	};

	out_format(out, "\n%s%zu checks%s", s->bold, d->num, s->reset);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const size_t num = count(d, parts[i].state);

		if (num > 0)
			out_format(out, ", %s%zu %s%s", s->states[parts[i].state], num,
				   parts[i].text, s->reset);
	}
	out_text(out, ".\n");
}

/* What root would see, each thing once. */
static void write_as_root(const struct diagnosis *d, struct out *out)
{
	struct out words = { 0 };

	for (size_t i = 0; i < d->num; i++) {
		const char *const what = d->findings[i].as_root;
		bool is_new = what != NULL;

		for (size_t k = 0; k < i && is_new; k++)
			is_new = d->findings[k].as_root == NULL ||
				 strcmp(d->findings[k].as_root, what) != 0;
		if (is_new)
			out_format(&words, "%s%s",
				   words.len == 0 ? "As root it would also see: " : ", ",
				   what);
	}
	if (words.len > 0) {
		out_text(&words, ".");
		out_u8(&words, 0);
		if (!words.failed)
			write_words(out, (const char *)words.data, 0);
		out_u8(out, '\n');
	}
	out_done(&words);
}

void diagnosis_text(const struct diagnosis *diagnosis, bool colour, struct out *out)
{
	const struct style *const s = colour ? &coloured : &plain;

	for (size_t i = 0; i < diagnosis->num; i++) {
		const struct doctor_check *const check = diagnosis->checks[i];

		if (i == 0 || diagnosis->checks[i - 1]->group != check->group)
			out_format(out, "%s%s%s%s\n", i == 0 ? "" : "\n", s->bold,
				   doctor_group_title(check->group), s->reset);
		write_finding(check, &diagnosis->findings[i], s, out);
	}
	write_sum(diagnosis, s, out);
	write_as_root(diagnosis, out);
}
