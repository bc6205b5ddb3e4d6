/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What TCB information and identities share: statuses, and levels of security version
 * numbers.
 */
#ifndef COLLATERAL_TCB_H
#define COLLATERAL_TCB_H

#include <cella/verify.h>

#include "base/arena.h"
#include "base/json.h"

enum {
	TCB_MAX_LEVELS = 256,
	TCB_MAX_ADVISORIES = 512,
	TCB_MAX_MODULES = 64,
};

/* A status and its reasons, common to all levels. */
struct tcb_standing {
	enum cella_tcb_status status;
	int64_t date;
	const char *const *advisories;
	size_t num_advisories;
};

/* A level of one security version number: of a QE, or of a TDX module. */
struct isv_level {
	uint16_t isv_svn;
	struct tcb_standing standing;
};

/*
 * tcb_standing_read() reads tcbDate, tcbStatus and advisoryIDs of a level. Texts are
 * borrowed from the document, arrays come from the arena.
 */
enum cella_status tcb_standing_read(const json_t *level, const char *where,
				    struct arena *arena, struct tcb_standing *out,
				    struct cella_error *err) MUST_CHECK;

/*
 * isv_levels_read() reads [{"tcb":{"isvsvn":N},…}], sorted by falling number. Only
 * UpToDate, OutOfDate and Revoked may stand here. Duplicates and an empty list are
 * CELLA_MALFORMED.
 */
enum cella_status isv_levels_read(const json_t *levels, const char *where,
				  struct arena *arena, struct isv_level **out,
				  size_t *num_levels, struct cella_error *err) MUST_CHECK;

#endif
