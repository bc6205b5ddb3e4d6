/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a TCB stands where it stands: levels, shortfalls, and what would change them. Built
 * once from a verdict and shown as text or as JSON.
 */
#ifndef APPRAISE_EXPLAIN_H
#define APPRAISE_EXPLAIN_H

#include "base/json.h"
#include "verify/verdict.h"

enum { SHORTFALLS_MAX = 2 * TCB_COMPONENTS + 1 };

/* A security version number that is too low, and who can raise it. */
struct shortfall {
	char component[24]; /* "SGX component 7", "PCE" */
	unsigned has;
	unsigned needs;
	const char *category; /* "BIOS", "OS/VMM"; NULL: the TCB info does not say */
	const char *type;     /* "TDX Module", likewise */
};

/* One ladder of levels and the place on it. Levels are counted from 1, the newest. */
struct standing {
	const char *what; /* "platform", "TDX module", "quoting enclave" */
	char name[32];    /* "FMSPC 00a067110000", "TDX_01", "TD_QE" */
	bool is_known;    /* there is a ladder for it */
	size_t num_levels;
	size_t level; /* 0: below every level */
	const struct tcb_standing *at;
	size_t target; /* the newest level; the lowest one when below every level; 0: there */
	const struct tcb_standing *target_at;
	struct shortfall shortfalls[SHORTFALLS_MAX];
	size_t num_shortfalls;
};

enum { LADDER_PLATFORM, LADDER_MODULE, LADDER_QE, LADDER_COUNT };

/* struct explanation - of one evaluation; it borrows from the verdict. */
struct explanation {
	const struct cella_verdict *verdict;
	struct standing ladders[LADDER_COUNT];
	struct standing current[LADDER_COUNT]; /* by tee_tcb_svn2, when there is one */
};

/* explain() fills in an explanation; the verdict must have evaluated the TCB. */
void explain(const struct cella_verdict *verdict, struct explanation *out);

/* tcb_status_meaning() says in a sentence what a status means; never NULL. */
const char *tcb_status_meaning(enum cella_tcb_status status);

/* update_advice() says who raises a component and how; never NULL. */
const char *update_advice(const struct shortfall *shortfall);

/* explain_json() makes the JSON form; the caller owns *out. */
enum cella_status explain_json(const struct cella_verdict *verdict, json_t **out,
			       struct cella_error *err) MUST_CHECK;

#endif
