/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an engine makes of a policy, found out by trying: a report that meets the element
 * as cella understands it, and the same report with one condition violated. So no table
 * of quirks can disagree with the rules.
 */
#include "appraise/intel_engine.h"

#include "appraise/condition.h"
#include "base/encode.h"

#include <string.h>

/* The moment of the imaginary reports: later than the longest period after 1970. */
static const int64_t now = INT64_C(7000000000);

static const struct {
	const char *name;
	const char *words;
} answers[] = {
	[ENGINE_NEVER] = { "never_passes", "never lets it pass" },
	[ENGINE_IGNORES] = { "ignored", "ignores it" },
	[ENGINE_PARTLY] = { "partly", "enforces it in part" },
	[ENGINE_STRICTER] = { "stricter", "takes it for more than it says" },
	[ENGINE_ENFORCES] = { "enforced", "enforces it" },
	[ENGINE_VACUOUS] = { "vacuous", "finds nothing in it" },
};
_Static_assert(ARRAY_LEN(answers) == ENGINE_VACUOUS + 1, "a row per answer");

const char *engine_answer_words(enum engine_answer answer)
{
	return answers[answer].words;
}

const char *engine_answer_name(enum engine_answer answer)
{
	return answers[answer].name;
}

/* --- samples ----------------------------------------------------------------------------- */

/* A key's name in reports, where it is not the policy's. */
static const char *measured_name(const struct policy_condition *c)
{
	static const struct {
		const char *key;
		const char *measured;
	} rows[] = {
		{ "sgx_isvsvn_min", "sgx_isvsvn" },
		{ "sgx_configsvn_min", "sgx_configsvn" },
		{ "accepted_sgx_types", "sgx_types" },
		{ "allow_dynamic_platform", "is_dynamic_platform" },
		{ "allow_dynamic_plaform", "is_dynamic_platform" },
		{ "allow_cached_keys", "is_cached_keys_policy" },
		{ "allow_smt_enabled", "is_smt_enabled" },
		{ "accepted_platform_provider_ids", "platform_provider_id" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(rows[i].key, c->key->name) == 0)
			return rows[i].measured;
	return c->key->means != NULL ? c->key->means : c->key->name;
}

/* The value that is wanted, with one bit changed unless bit is -1. */
static json_t *bytes_sample(const struct policy_condition *c, int bit)
{
	uint8_t value[POLICY_MAX_BYTES] = { 0 };

	if (c->num_values > 0)
		memcpy(value, c->bytes[0], c->key->len);
	if (bit >= 0)
		value[bit / 8] ^= (uint8_t)(1U << (bit % 8));
	return json_hex_reversed_upper(bytes_of(value, c->key->len));
}

static bool is_compared(const struct policy_condition *c, int bit)
{
	return c->mask == NULL || (c->mask[bit / 8] >> (bit % 8) & 1) != 0;
}

/* The lowest or the highest bit that is compared; -1 for none. */
static int compared_bit(const struct policy_condition *c, bool lowest)
{
	const int num = (int)(8 * c->key->len);

	for (int i = 0; i < num; i++) {
		const int bit = lowest ? i : num - 1 - i;

		if (is_compared(c, bit))
			return bit;
	}
	return -1;
}

static int free_bit(const struct policy_condition *c)
{
	for (int bit = 0; bit < (int)(8 * c->key->len); bit++)
		if (!is_compared(c, bit))
			return bit;
	return -1;
}

static enum cella_status put_baseline(json_t *out, struct cella_error *err)
{
	TRY(json_put(out, "tcb_status", json_pack("[s]", "UpToDate"), err));
	TRY(json_put(out, "earliest_expiration_date", json_time(now + 1), err));
	TRY(json_put(out, "tcb_level_date_tag", json_time(now), err));
	return json_put(out, "tcb_eval_num", json_integer(UINT32_MAX), err);
}

static enum cella_status put_good(json_t *out, const struct policy_condition *c,
				  struct cella_error *err)
{
	switch (c->kind) {
	case CONDITION_BYTES:
		return json_put(out, measured_name(c), bytes_sample(c, -1), err);
	case CONDITION_NUMBER:
		return json_put(
			out, measured_name(c),
			json_integer(c->num_values > 0 ? (json_int_t)c->numbers[0] : 0),
			err);
	case CONDITION_NUMBER_MIN:
		return json_put(out, measured_name(c),
				json_integer((json_int_t)c->minimum), err);
	case CONDITION_MIN_DATE:
		return json_put(out, "tcb_level_date_tag", json_time(c->seconds), err);
	case CONDITION_UNKNOWN:
	case CONDITION_STATUSES:
	case CONDITION_GRACE:
	case CONDITION_PLATFORM_GRACE:
	case CONDITION_MIN_EVAL:
	case CONDITION_ADVISORIES:
	case CONDITION_FLAG:
	case CONDITION_EVENTS:
	case CONDITION_TEXTS:
	case CONDITION_NAME:
	case CONDITION_KIND_COUNT:
		break;
	}
	return CELLA_OK;
}

static enum cella_status make_good(const struct policy_element *e, json_t **out,
				   struct cella_error *err)
{
	json_t *made CLEANUP_JSON = json_object();

	if (made == NULL)
		return error_nomem(err);
	TRY(put_baseline(made, err));
	for (size_t i = 0; i < e->num_conditions; i++)
		TRY(put_good(made, &e->conditions[i], err));
	*out = take(&made);
	return CELLA_OK;
}

/* --- violations ---------------------------------------------------------------------------- */

static uint64_t other_number(const struct policy_condition *c)
{
	uint64_t other = 0;
	size_t i = 0;

	while (i < c->num_values) {
		if (c->numbers[i] != other) {
			i++;
			continue;
		}
		other++;
		i = 0;
	}
	return other;
}

/* A status that the list does not name; NULL when it names all. */
static const char *other_status(const struct policy_condition *c)
{
	static const char *const parts[] = { "Revoked", "OutOfDate", "TDRelaunchAdvised",
					     "ConfigurationNeeded", "SWHardeningNeeded" };

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		bool is_listed = false;

		for (size_t k = 0; k < c->num_values; k++)
			is_listed = is_listed ||
				    text_equal_any_case(c->texts[k], parts[i]);
		if (!is_listed)
			return parts[i];
	}
	return NULL;
}

static enum cella_status put_status(json_t *out, const char *status, int64_t level_date,
				    struct cella_error *err)
{
	TRY(json_put(out, "tcb_status", json_pack("[s]", status), err));
	return json_put(out, "tcb_level_date_tag", json_time(level_date), err);
}

/*
 * Violates a condition in the first or the second of two ways; *possible is false when
 * there is no such way.
 */
static enum cella_status put_bad(json_t *out, const struct policy_condition *c,
				 int variant, bool *possible, struct cella_error *err)
{
	*possible = variant == 0;
	switch (c->kind) {
	case CONDITION_BYTES:
		*possible = compared_bit(c, variant == 0) >= 0;
		return !*possible
			       ? CELLA_OK
			       : json_put(out, measured_name(c),
					  bytes_sample(c, compared_bit(c, variant == 0)),
					  err);
	case CONDITION_NUMBER:
		return json_put(out, measured_name(c),
				json_integer((json_int_t)other_number(c)), err);
	case CONDITION_NUMBER_MIN:
	case CONDITION_MIN_EVAL:
		*possible = *possible && c->minimum > 0;
		return json_put(out,
				c->kind == CONDITION_MIN_EVAL ? "tcb_eval_num"
							      : measured_name(c),
				json_integer((json_int_t)c->minimum - 1), err);
	case CONDITION_STATUSES:
		*possible = *possible && other_status(c) != NULL;
		return !*possible ? CELLA_OK : put_status(out, other_status(c), now, err);
	case CONDITION_GRACE:
		return json_put(out, "earliest_expiration_date",
				json_time(now - c->seconds - 1), err);
	case CONDITION_PLATFORM_GRACE:
		return put_status(out, "OutOfDate", now - c->seconds - 1, err);
	case CONDITION_MIN_DATE:
		*possible = *possible && c->seconds > 0;
		return !*possible ? CELLA_OK
				  : json_put(out, "tcb_level_date_tag",
					     json_time(c->seconds - 1), err);
	case CONDITION_ADVISORIES:
		*possible = *possible && c->num_values > 0;
		return !*possible ? CELLA_OK
				  : json_put(out, "advisory_ids",
					     json_pack("[s]", c->texts[0]), err);
	case CONDITION_FLAG:
		*possible = *possible && !c->allow;
		return json_put(out, measured_name(c), json_true(), err);
	case CONDITION_NAME:
	case CONDITION_TEXTS: /* of Enclave VMs, of which they know nothing */
	case CONDITION_EVENTS:
		/* Nothing in a report tells of events: what violates it looks the same. */
		return CELLA_OK;
	case CONDITION_UNKNOWN:
	case CONDITION_KIND_COUNT:
		break;
	}
	*possible = false;
	return CELLA_OK;
}

static enum cella_status sees(enum engine_generation generation,
			      const struct policy_element *e,
			      const struct policy_condition *c, int variant,
			      bool *possible, bool *seen, struct cella_error *err)
{
	json_t *sample CLEANUP_JSON = NULL;
	bool flags[POLICY_MAX_FLAGS];

	TRY(make_good(e, &sample, err));
	TRY(put_bad(sample, c, variant, possible, err));
	intel_engine_appraise(generation, e->class, e->reference, sample, now, flags);
	*seen = *possible && !flags[policy_class_flag(e->class, c->key->flag)];
	return CELLA_OK;
}

/* Does an engine mind what the mask leaves open? */
static enum cella_status minds_free_bits(enum engine_generation generation,
					 const struct policy_element *e,
					 const struct policy_condition *c, bool *minds,
					 struct cella_error *err)
{
	json_t *sample CLEANUP_JSON = NULL;
	bool flags[POLICY_MAX_FLAGS];

	*minds = false;
	if (c->kind != CONDITION_BYTES || free_bit(c) < 0)
		return CELLA_OK;
	TRY(make_good(e, &sample, err));
	TRY(json_put(sample, measured_name(c), bytes_sample(c, free_bit(c)), err));
	intel_engine_appraise(generation, e->class, e->reference, sample, now, flags);
	*minds = !flags[policy_class_flag(e->class, c->key->flag)];
	return CELLA_OK;
}

/* --- answers --------------------------------------------------------------------------------- */

enum cella_status intel_engine_accepts(enum engine_generation generation,
				       const struct policy_element *e, bool *accepts,
				       const char **flag, struct cella_error *err)
{
	json_t *sample CLEANUP_JSON = NULL;
	bool flags[POLICY_MAX_FLAGS];

	TRY(make_good(e, &sample, err));
	*accepts = intel_engine_appraise(generation, e->class, e->reference, sample, now,
					 flags);
	*flag = NULL;
	for (size_t i = 0; e->class->flags[i] != NULL && *flag == NULL; i++)
		if (!flags[i])
			*flag = e->class->flags[i];
	return CELLA_OK;
}

enum cella_status intel_engine_probe(enum engine_generation generation,
				     const struct policy_element *e,
				     const struct policy_condition *c,
				     enum engine_answer *answer, struct cella_error *err)
{
	json_t *sample CLEANUP_JSON = NULL;
	bool flags[POLICY_MAX_FLAGS];
	int num_possible = 0;
	int num_seen = 0;
	bool minds = false;

	*answer = ENGINE_IGNORES;
	if (c->key == NULL)
		return CELLA_OK;
	TRY(make_good(e, &sample, err));
	intel_engine_appraise(generation, e->class, e->reference, sample, now, flags);
	if (!flags[policy_class_flag(e->class, c->key->flag)]) {
		*answer = ENGINE_NEVER;
		return CELLA_OK;
	}
	for (int variant = 0; variant < 2; variant++) {
		bool possible = false;
		bool seen = false;

		TRY(sees(generation, e, c, variant, &possible, &seen, err));
		num_possible += possible;
		num_seen += seen;
	}
	TRY(minds_free_bits(generation, e, c, &minds, err));
	if (minds)
		*answer = ENGINE_STRICTER;
	else if (num_possible == 0)
		*answer = ENGINE_VACUOUS;
	else if (num_seen > 0)
		*answer = num_seen == num_possible ? ENGINE_ENFORCES : ENGINE_PARTLY;
	return CELLA_OK;
}
