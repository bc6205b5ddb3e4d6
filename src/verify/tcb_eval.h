/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCB evaluation: at which security level does a platform stand? The rules are those of
 * Intel's quote verification library (2026): levels sorted by falling numbers, the
 * certificate's components decide, module and QE converge into the platform's status, TDX
 * 1.5 bodies are evaluated twice.
 */
#ifndef VERIFY_TCB_EVAL_H
#define VERIFY_TCB_EVAL_H

#include "collateral/qe_identity.h"
#include "collateral/tcb_info.h"
#include "evidence/td_report.h"

/* What a platform has. */
struct tcb_have {
	const struct pck_ext *pck;
	const uint8_t *tee_tcb_svn; /* TD_SVN_LEN bytes; NULL for SGX */
	uint16_t qe_isv_svn;
};

/* struct tcb_evaluation - one evaluation; views into the documents. */
struct tcb_evaluation {
	const struct tcb_level *level;        /* NULL: below every level */
	bool has_module;                      /* the module has a version above 0 */
	const struct tdx_module *module;      /* NULL: its identity is unknown */
	const struct isv_level *module_level; /* NULL: below every level */
	const struct isv_level *qe_level;     /* NULL: below every level */
	enum cella_tcb_status status;         /* converged */
	int64_t date;                         /* the oldest of the levels' */
	const char *const *advisories;        /* their union, sorted */
	size_t num_advisories;
};

/* tcb_first_component() is the first TDX component that counts: 2 with a module's own
 * identity, which takes the place of the first two. */
size_t tcb_first_component(const uint8_t tee_tcb_svn[TD_SVN_LEN]);

/* tcb_evaluate() fails only for want of memory. */
enum cella_status tcb_evaluate(const struct tcb_info *info,
			       const struct qe_identity *identity,
			       const struct tcb_have *have, struct arena *arena,
			       struct tcb_evaluation *out,
			       struct cella_error *err) MUST_CHECK;

/* Statuses without what else they ask for: "UpToDate" in any form, "OutOfDate" in any. */
bool tcb_is_in_date(enum cella_tcb_status status);
bool tcb_is_out_of_date(enum cella_tcb_status status);

/*
 * tcb_relaunch() joins the status at launch with the one of the module that runs now: a TD
 * that was launched on an old module, on a platform that is up to date by now, is advised
 * to launch again.
 */
enum cella_tcb_status tcb_relaunch(enum cella_tcb_status launch,
				   enum cella_tcb_status current);

/*
 * tcb_status_parts() splits a status into the names that Intel's results list, at most
 * three; returns their number.
 */
size_t tcb_status_parts(enum cella_tcb_status status, const char *parts[3]);

#endif
