/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lint of single conditions: names, byte order, masks, and values that can never match or
 * match anything.
 */
#include "appraise/lint.h"

#include "appraise/condition.h"
#include "appraise/policy_events.h"
#include "base/encode.h"
#include "verify/dcap.h"

#include <string.h>

enum { DAY_S = 86400, GRACE_LONG_S = 90 * DAY_S };

/* --- likely names -------------------------------------------------------------------------- */

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance, of names of at most POLICY_NAME_SHOWN characters. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[POLICY_NAME_SHOWN + 8];
	const size_t len = strlen(b);

	if (strlen(a) >= ARRAY_LEN(row) || len >= ARRAY_LEN(row))
		return SIZE_MAX;
	for (size_t k = 0; k <= len; k++)
		row[k] = k;
	for (size_t i = 0; a[i] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t k = 0; k < len; k++) {
			const bool equal = ascii_lower(a[i]) == ascii_lower(b[k]);
			const size_t above = row[k + 1];

			row[k + 1] =
				smaller(diagonal + !equal, smaller(above, row[k]) + 1);
			diagonal = above;
		}
	}
	return row[len];
}

static const char *likely_key(const struct policy_class *class, const char *name)
{
	enum { DISTANCE_MAX = 4 };
	const char *best = NULL;
	size_t best_distance = DISTANCE_MAX;

	for (size_t i = 0; i < num_policy_keys; i++) {
		const char *const key = policy_keys[i].name;
		const size_t distance = edit_distance(name, key);

		if (policy_keys[i].means == NULL && policy_key_find(class, key) != NULL &&
		    distance < best_distance) {
			best = key;
			best_distance = distance;
		}
	}
	return best;
}

/* True when some other class has a key of this name. */
static bool is_misplaced(const char *name)
{
	for (size_t i = 0; i < CLASS_COUNT; i++)
		if (policy_key_find(&policy_classes[i], name) != NULL ||
		    policy_key_of_mask(&policy_classes[i], name) != NULL)
			return true;
	return false;
}

static void lint_unknown(struct linter *l, const struct policy_element *e,
			 const struct policy_condition *c)
{
	const char *const likely = likely_key(e->class, c->name);

	if (is_misplaced(c->name)) {
		lint_add(l, LINT_ERROR, "misplaced_key", e, c->name,
			 "is a key of another class: cella never lets it pass, Intel's "
			 "engines ignore it",
			 "move it to the element it belongs to");
		return;
	}
	lint_add(l, LINT_ERROR, "unknown_key", e, c->name,
		 "is not a key: cella never lets it pass, Intel's engines ignore it",
		 likely != NULL
			 ? arena_text(&l->arena, "did you mean %s?", likely)
			 : "remove it, or put '#' before its name if it is a comment");
}

/* --- byte order -------------------------------------------------------------------------------- */

static uint64_t word_at(const uint8_t *bytes)
{
	uint64_t value = 0;

	for (size_t i = 8; i > 0; i--)
		value = value << 8 | bytes[i - 1];
	return value;
}

static bool is_td_attributes(const uint8_t *bytes)
{
	return bits_unknown(word_at(bytes), td_attribute_bits, num_td_attribute_bits) ==
	       0;
}

/* Bits 0 and 1, x87 and SSE, are always set. */
static bool is_xfam(const uint8_t *bytes)
{
	return bits_unknown(word_at(bytes), xfam_bits, num_xfam_bits) == 0 &&
	       (word_at(bytes) & 3) == 3;
}

static bool is_sgx_attributes(const uint8_t *bytes)
{
	return bits_unknown(word_at(bytes), sgx_attribute_bits, num_sgx_attribute_bits) ==
		       0 &&
	       is_xfam(bytes + 8);
}

/* Fields whose bits tell their byte order. */
static const struct {
	enum cella_fact fact;
	bool (*makes_sense)(const uint8_t *bytes);
} patterns[] = {
	{ CELLA_FACT_TD_ATTRIBUTES, is_td_attributes },
	{ CELLA_FACT_XFAM, is_xfam },
	{ CELLA_FACT_SGX_ATTRIBUTES, is_sgx_attributes },
};

static bool looks_reversed(const struct policy_condition *c, const uint8_t *value,
			   const uint8_t *reversed)
{
	if (c->mask != NULL)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++)
		if (patterns[i].fact == c->key->fact)
			return !patterns[i].makes_sense(value) &&
			       patterns[i].makes_sense(reversed);
	return false;
}

static void lint_byte_order(struct linter *l, const struct policy_element *e,
			    const struct policy_condition *c)
{
	uint8_t actual[POLICY_MAX_BYTES];
	uint8_t reversed[POLICY_MAX_BYTES];
	const bool has_actual = l->facts != NULL &&
				condition_bytes(l->facts, c->key, actual);

	if (e->class->is_ours)
		return;
	for (size_t i = 0; i < c->num_values; i++) {
		const size_t len = c->key->len;
		const char *right;

		bytes_reverse(bytes_of(c->bytes[i], len), reversed);
		if (has_actual ? memcmp(c->bytes[i], actual, len) == 0 ||
					 memcmp(reversed, actual, len) != 0
			       : !looks_reversed(c, c->bytes[i], reversed))
			continue;
		right = intel_hex(&l->arena, bytes_of(reversed, len));
		lint_add(l, LINT_ERROR, "byte_reversed", e, c->key->name,
			 has_actual
				 ? "is the evidence's value in wire order; policies "
				   "write the last byte first"
				 : "makes sense in wire order only; policies write the "
				   "last byte first",
			 arena_text(&l->arena, "write %s", right));
	}
}

/* --- conditions that cannot hold, or hold for anything -------------------------------------------- */

static void add_never(struct linter *l, const struct policy_element *e,
		      const struct policy_condition *c, const char *text,
		      const char *remedy)
{
	lint_add(l, LINT_ERROR, "never_matches", e, c->key->name, text, remedy);
	l->never_matches = true;
}

/* The bits that every value demands to be set, and those it demands to be clear. */
static void demanded_bits(const struct policy_condition *c, uint64_t *set,
			  uint64_t *clear)
{
	const uint64_t mask = c->mask != NULL ? word_at(c->mask) : UINT64_MAX;

	*set = *clear = mask;
	for (size_t i = 0; i < c->num_values; i++) {
		*set &= word_at(c->bytes[i]);
		*clear &= ~word_at(c->bytes[i]);
	}
}

static void lint_td_attributes(struct linter *l, const struct policy_element *e,
			       const struct policy_condition *c)
{
	uint64_t set, clear;

	demanded_bits(c, &set, &clear);
	if ((set & TD_ATTR_UNTRUSTED) != 0)
		add_never(l, e, c,
			  "demands a TD that can be debugged or profiled, which cella "
			  "always refuses",
			  "demand NO_DEBUG");
	else if ((clear & TD_ATTR_DEBUG) == 0)
		lint_add(l, LINT_WARNING, "debug_open", e, c->key->name,
			 "does not demand NO_DEBUG: cella refuses debugging anyway, "
			 "Intel's engines do not",
			 "let the mask cover the lowest byte");
	if ((set & TD_ATTR_MIGRATABLE) != 0 && (set & TD_ATTR_UNTRUSTED) == 0)
		lint_add(l, LINT_NOTE, "migratable", e, c->key->name,
			 "demands MIGRATABLE, which cella refuses unless tdx_mrservicetd "
			 "names the service TD",
			 NULL);
}

static void lint_sgx_attributes(struct linter *l, const struct policy_element *e,
				const struct policy_condition *c)
{
	enum { SGX_ATTR_INIT = 1 };
	uint64_t set, clear;

	demanded_bits(c, &set, &clear);
	if ((set & SGX_ATTR_DEBUG) != 0)
		add_never(l, e, c,
			  "demands an enclave that can be debugged, which cella always "
			  "refuses",
			  "demand NO_DEBUG");
	else if ((clear & SGX_ATTR_DEBUG) == 0)
		lint_add(l, LINT_WARNING, "debug_open", e, c->key->name,
			 "does not demand NO_DEBUG: cella refuses debugging anyway, "
			 "Intel's engines do not",
			 "let the mask cover bit 1");
	if ((clear & SGX_ATTR_INIT) != 0)
		add_never(l, e, c, "lacks INIT, which every running enclave has",
			  "set the lowest bit");
}

static void lint_mask(struct linter *l, const struct policy_element *e,
		      const struct policy_condition *c)
{
	bool has_bits_outside = false;

	if (c->mask == NULL)
		return;
	if (bytes_are_zero(bytes_of(c->mask, c->key->len))) {
		lint_add(l, LINT_WARNING, "zero_mask", e, c->key->name,
			 "is compared under a mask of zeros: any value holds",
			 "leave key and mask out, or set the mask's bits");
		return;
	}
	for (size_t i = 0; i < c->num_values; i++)
		for (size_t k = 0; k < c->key->len; k++)
			has_bits_outside = has_bits_outside ||
					   (c->bytes[i][k] & ~c->mask[k]) != 0;
	if (has_bits_outside)
		lint_add(l, LINT_NOTE, "bits_outside_mask", e, c->key->name,
			 "has bits that its mask leaves out: they are not compared",
			 NULL);
}

static void lint_bytes(struct linter *l, const struct policy_element *e,
		       const struct policy_condition *c)
{
	lint_byte_order(l, e, c);
	lint_mask(l, e, c);
	if (c->num_values == 0)
		add_never(l, e, c, "is a list without values: nothing matches it",
			  "list a value, or leave the key out");
	else if (c->key->fact == CELLA_FACT_TD_ATTRIBUTES)
		lint_td_attributes(l, e, c);
	else if (c->key->fact == CELLA_FACT_SGX_ATTRIBUTES)
		lint_sgx_attributes(l, e, c);
	else if (c->key->fact == CELLA_FACT_NONE)
		add_never(l, e, c, "is not in any quote: cella never lets it pass",
			  "leave it out");
	else if (c->key->fact == CELLA_FACT_MR_SERVICETD &&
		 policy_class_id(e->class) == CLASS_TD_10)
		add_never(l, e, c, "is not in reports of this class", "leave it out");
}

static void lint_numbers(struct linter *l, const struct policy_element *e,
			 const struct policy_condition *c)
{
	size_t num_possible = c->num_values;

	if (c->key->fact == CELLA_FACT_SGX_TYPE)
		for (size_t i = 0; i < c->num_values; i++)
			num_possible -= c->numbers[i] > PCK_SGX_SCALABLE_INTEGRITY;
	if (num_possible == 0)
		add_never(l, e, c, "lists no value that there is",
			  "list one, or leave the key out");
}

/* --- statuses and periods ---------------------------------------------------------------------------- */

static bool lists(const struct policy_condition *c, const char *name)
{
	for (size_t i = 0; i < c->num_values; i++)
		if (text_equal_any_case(c->texts[i], name))
			return true;
	return false;
}

static const char *parts_text(struct linter *l, enum cella_tcb_status status)
{
	const char *parts[3];
	const size_t num = tcb_status_parts(status, parts);
	const char *text = parts[0];

	for (size_t i = 1; i < num; i++)
		text = arena_text(&l->arena, "%s, %s", text, parts[i]);
	return text;
}

static bool is_part(const char *name)
{
	static const char *const parts[] = { "UpToDate", "SWHardeningNeeded",
					     "ConfigurationNeeded", "OutOfDate",
					     "TDRelaunchAdvised" };

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (text_equal_any_case(parts[i], name))
			return true;
	return false;
}

static void lint_status_name(struct linter *l, const struct policy_element *e,
			     const struct policy_condition *c, const char *name)
{
	const char *const shown = policy_printable(&l->arena, name, POLICY_NAME_SHOWN);
	enum cella_tcb_status status = CELLA_TCB_NONE;

	if (is_part(name))
		return;
	for (int i = CELLA_TCB_NONE + 1; i < CELLA_TCB_COUNT; i++)
		if (text_equal_any_case(cella_tcb_status_name((enum cella_tcb_status)i),
					name))
			status = (enum cella_tcb_status)i;
	if (status == CELLA_TCB_REVOKED || status == CELLA_TCB_NOT_SUPPORTED)
		lint_add(l, LINT_WARNING, "unacceptable_status", e, c->key->name,
			 arena_text(&l->arena, "%s is accepted by no policy", shown),
			 "remove it");
	else if (status != CELLA_TCB_NONE)
		lint_add(
			l, LINT_WARNING, "whole_status", e, c->key->name,
			arena_text(&l->arena, "%s stands in reports as its parts", shown),
			arena_text(&l->arena, "list %s", parts_text(l, status)));
	else
		lint_add(l, LINT_WARNING, "unknown_status", e, c->key->name,
			 arena_text(&l->arena, "%s is not a TCB status", shown),
			 "remove or correct it");
}

static void lint_statuses(struct linter *l, const struct policy_element *e,
			  const struct policy_condition *c)
{
	if (!lists(c, "UpToDate"))
		add_never(l, e, c, "must list UpToDate, whatever else it lists",
			  "add UpToDate");
	for (size_t i = 0; i < c->num_values; i++)
		lint_status_name(l, e, c, c->texts[i]);
	if (lists(c, "OutOfDate") && element_find(e, CONDITION_PLATFORM_GRACE) == NULL)
		lint_add(
			l, LINT_WARNING, "out_of_date_forever", e, c->key->name,
			"accepts OutOfDate without an end",
			"bound it with platform_grace_period, and collateral_grace_period "
			"0");
}

static void lint_grace(struct linter *l, const struct policy_element *e,
		       const struct policy_condition *c)
{
	if (c->seconds > GRACE_LONG_S)
		lint_add(l, LINT_WARNING, "long_grace", e, c->key->name,
			 arena_text(&l->arena, "is %lld days",
				    (long long)(c->seconds / DAY_S)),
			 "revocations and new flaws stay unseen for that long");
}

/* The key that pins the same register as a whole; NULL when the element has none. */
static const struct policy_condition *whole_register(const struct policy_element *e,
						     const struct policy_condition *c)
{
	for (size_t i = 0; i < e->num_conditions; i++)
		if (e->conditions[i].kind == CONDITION_BYTES &&
		    e->conditions[i].key->fact == c->key->fact)
			return &e->conditions[i];
	return NULL;
}

static void lint_events(struct linter *l, const struct policy_element *e,
			const struct policy_condition *c)
{
	const struct policy_condition *const whole = whole_register(e, c);

	if (!e->class->is_ours)
		lint_add(
			l, whole != NULL ? LINT_NOTE : LINT_WARNING, "own_key", e,
			c->key->name,
			whole != NULL
				? "is cella's own: Intel's engines ignore it, and compare "
				  "the whole register"
				: "is cella's own: Intel's engines ignore it, and take any "
				  "register",
			whole != NULL
				? NULL
				: "let only cella judge by it, or pin the register, too");
	if (!policy_events_name_any(c))
		lint_add(l, LINT_WARNING, "any_event", e, c->key->name,
			 "names no digest: any events hold, so long as they are so many",
			 "name the digests that matter");
	if (whole != NULL && policy_events_leave_choice(c))
		lint_add(l, LINT_WARNING, "choice_without_effect", e, c->key->name,
			 arena_text(&l->arena,
				    "leaves a choice of events that %s beside it, of the "
				    "whole register, takes back",
				    whole->key->name),
			 arena_text(&l->arena, "leave %s out", whole->key->name));
	if (whole != NULL && c->replayed != NULL && whole->num_values == 1 &&
	    memcmp(whole->bytes[0], c->replayed, whole->key->len) != 0)
		add_never(l, e, c,
			  arena_text(&l->arena, "leads to another register than %s",
				     whole->key->name),
			  "write both anew: 'cella policy new --eventlog LOG'");
}

void lint_condition(struct linter *l, const struct policy_element *e,
		    const struct policy_condition *c)
{
	static void (*const rules[CONDITION_KIND_COUNT])(
		struct linter *, const struct policy_element *,
		const struct policy_condition *) = {
		[CONDITION_UNKNOWN] = lint_unknown, [CONDITION_BYTES] = lint_bytes,
		[CONDITION_NUMBER] = lint_numbers,  [CONDITION_STATUSES] = lint_statuses,
		[CONDITION_GRACE] = lint_grace,     [CONDITION_EVENTS] = lint_events,
	};

	if (rules[c->kind] != NULL)
		rules[c->kind](l, e, c);
}
