/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of facts: one slot per id. A set borrows every byte and text it is given.
 */
#ifndef EVIDENCE_FACTS_H
#define EVIDENCE_FACTS_H

#include "evidence/field.h"

enum fact_type {
	FACT_ABSENT = 0,
	FACT_BYTES,
	FACT_NUMBER,
	FACT_BOOL,
	FACT_TIME,
	FACT_TEXT,
	FACT_TEXTS,
};

struct fact_value {
	enum fact_type type;
	union {
		struct cella_bytes bytes;
		uint64_t number;
		bool truth;
		int64_t time;
		const char *text;
		struct {
			const char *const *items;
			size_t num_items;
		} texts;
	};
};

struct cella_facts {
	struct fact_value values[CELLA_FACT_COUNT];
};

void facts_set_bytes(struct cella_facts *facts, enum cella_fact fact,
		     struct cella_bytes bytes);
void facts_set_number(struct cella_facts *facts, enum cella_fact fact, uint64_t number);
void facts_set_bool(struct cella_facts *facts, enum cella_fact fact, bool truth);
void facts_set_time(struct cella_facts *facts, enum cella_fact fact, int64_t time);
void facts_set_text(struct cella_facts *facts, enum cella_fact fact, const char *text);
void facts_set_texts(struct cella_facts *facts, enum cella_fact fact,
		     const char *const *items, size_t num_items);

/* facts_add_layout() adds every field of a structure that has a fact's id. */
void facts_add_layout(struct cella_facts *facts, const struct layout *layout,
		      struct cella_bytes structure);

/* fact_type_of() is the type that a fact has when it is there. */
enum fact_type fact_type_of(const struct cella_facts *facts, enum cella_fact fact);

#endif
