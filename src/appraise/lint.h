/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings about policies that are well formed and yet not what they seem.
 */
#ifndef APPRAISE_LINT_H
#define APPRAISE_LINT_H

#include "appraise/intel_engine.h"

enum lint_level { LINT_ERROR, LINT_WARNING, LINT_NOTE, LINT_LEVEL_COUNT };

struct lint_finding {
	enum lint_level level;
	const char *id;
	const char *where; /* "policy_array[0] (guest TD 1.5)" */
	const char *key;   /* "" when it is about the whole element */
	const char *text;
	const char *remedy; /* NULL: nothing to do */
};

enum { LINT_MAX_FINDINGS = 1024 };

/* struct linter - a lint in progress; the texts live in its arena. */
struct linter {
	const struct cella_policy *policy;
	const struct cella_facts *facts; /* NULL: no evidence */
	struct arena arena;
	struct lint_finding findings[LINT_MAX_FINDINGS];
	size_t num_findings;
	size_t counts[LINT_LEVEL_COUNT];
	bool never_matches; /* the condition that is looked at, in cella's eyes too */
	struct cella_error *err;
};

/* lint_rules() adds every finding. It fails only for want of memory. */
enum cella_status lint_rules(struct linter *linter) MUST_CHECK;

/* lint_condition() adds what is to be said of one condition by itself. */
void lint_condition(struct linter *linter, const struct policy_element *element,
		    const struct policy_condition *condition);

/* lint_add() adds one; key may be NULL. Beyond the limit only the counts grow. */
void lint_add(struct linter *linter, enum lint_level level, const char *id,
	      const struct policy_element *element, const char *key, const char *text,
	      const char *remedy);

/* lint_quirk() says why Intel's engines differ about a key; NULL when nothing is known. */
const char *lint_quirk(const struct policy_element *element,
		       const struct policy_condition *condition);

#endif
