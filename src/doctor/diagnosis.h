/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All findings together, what they amount to, and how they are told.
 */
#ifndef DOCTOR_DIAGNOSIS_H
#define DOCTOR_DIAGNOSIS_H

#include "doctor/checks.h"

enum { DIAGNOSIS_MAX_CHECKS = 64 };

enum doctor_result {
	DOCTOR_UNDECIDED, /* nothing fails, but something could not be decided */
	DOCTOR_FAILS,
	DOCTOR_FINE,
};

struct diagnosis {
	size_t num;
	const struct doctor_check *checks[DIAGNOSIS_MAX_CHECKS];
	struct finding findings[DIAGNOSIS_MAX_CHECKS];
};

/* diagnose() evaluates every check; or those of the group with this name, if not NULL. */
enum cella_status diagnose(const struct facts *facts, const char *group,
			   struct diagnosis *out, struct cella_error *err) MUST_CHECK;

/* diagnosis_result() goes by the worst finding: fail, then unknown, then the rest. */
enum doctor_result diagnosis_result(const struct diagnosis *diagnosis);

/* diagnosis_text() writes one line a check, with meaning and remedy where it is not ok. */
void diagnosis_text(const struct diagnosis *diagnosis, bool colour, struct out *out);

/* diagnosis_json() writes the document of doc/doctor.schema.json. The caller frees *text. */
enum cella_status diagnosis_json(const struct diagnosis *diagnosis,
				 const struct facts *facts, char **text,
				 struct cella_error *err) MUST_CHECK;

#endif
