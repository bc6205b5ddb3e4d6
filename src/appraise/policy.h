/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy behind the public handle: its document, who signed it, and its elements as
 * lists of conditions. Immutable once made.
 */
#ifndef APPRAISE_POLICY_H
#define APPRAISE_POLICY_H

#include <stdatomic.h>

#include <cella/policy.h>

#include "appraise/policy_key.h"
#include "base/arena.h"
#include "base/json.h"
#include "jose/jwk.h"

enum {
	POLICY_MAX_ELEMENTS = 64,
	POLICY_MAX_KEYS = 40,     /* of an element, comments not counted */
	POLICY_MAX_VALUES = 256,  /* of a key */
	POLICY_MAX_EVENTS = 4096, /* of a register */
	POLICY_NAME_SHOWN = 48,   /* characters of foreign texts in messages */
	POLICY_TEXT_SHOWN = 120,
	POLICY_EVENT_SHOWN = 500,
};

/* struct policy_event - an event of a register, as a policy names it. */
struct policy_event {
	const uint8_t *digests; /* key->len each, one after the other, in wire order */
	size_t num_digests;     /* one of them is needed; 0: any digest at all */
	const char *text;       /* printable: what was measured, for people */
};

/* struct policy_condition - one key of an element with its value. */
struct policy_condition {
	const struct policy_key *key; /* NULL: a key that is not known */
	const char *name;             /* as written, printable */
	enum condition_kind kind;

	/* The values, of which one is needed; which array is filled in depends on kind. */
	size_t num_values;
	const uint8_t *const *bytes; /* key->len each, in wire order */
	const uint64_t *numbers;
	const char *const *texts; /* borrowed from the document */
	const struct policy_event *events;
	const uint8_t *replayed; /* of events: the register; NULL: they leave a choice */

	const uint8_t *mask; /* key->len, in wire order; NULL: all ones */
	int64_t seconds;     /* a period or a date */
	uint64_t minimum;
	bool allow;
};

struct policy_element {
	const struct policy_class *class;
	const char *description;   /* as written; "" when there is none */
	const char *where;         /* printable: which element of which policy */
	const json_t *environment; /* borrowed from the document */
	const json_t *reference;
	struct policy_condition *conditions; /* in the order of the table of keys */
	size_t num_conditions;
};

struct cella_policy {
	atomic_uint refs;
	enum cella_policy_source source;
	enum cella_policy_standing standing;
	size_t num_pins; /* owners that were pinned when it was taken */
	uint8_t digest[SHA256_LEN];
	const char *short_digest; /* eight digits of it, for people */

	char *text; /* the policy's own text, owned */
	size_t text_len;
	json_t *json; /* of the text */
	bool has_comments;

	/* of a signed one */
	char owner[JWK_THUMBPRINT_LEN + 1]; /* "" when it is not signed */
	json_t *signing_key;                /* as it stands in the header */
	const char *signature;              /* base64url, as it stands */

	struct policy_element *elements;
	size_t num_elements;
	struct arena arena;
};

/* policy_read_elements() fills in json and the elements from text. */
enum cella_status policy_read_elements(struct cella_policy *policy,
				       struct cella_error *err) MUST_CHECK;

/* element_find() finds the first condition of a kind; NULL when there is none. */
const struct policy_condition *element_find(const struct policy_element *element,
					    enum condition_kind kind);

/* element_names_a_measurement() is false when any workload with like attributes meets it. */
bool element_names_a_measurement(const struct policy_element *element);

/* policy_printable() copies a foreign text for people: no control characters, bounded. */
const char *policy_printable(struct arena *arena, const char *text, size_t max_len);

static inline void policy_cleanup(struct cella_policy **policy)
{
	cella_policy_unref(*policy);
}

#endif
