/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The corpus: its classes.
 */
#include "sim/corpus.h"

const struct sim_class *const sim_classes[] = {
	&sim_class_good,    &sim_class_structure, &sim_class_pem,
	&sim_class_chain,   &sim_class_crl,       &sim_class_json,
	&sim_class_members, &sim_class_mixed,     &sim_class_missing,
	&sim_class_tcb,     &sim_class_qe,        &sim_class_attributes,
	&sim_class_fresh,   &sim_class_policy,
};
const size_t sim_num_classes = ARRAY_LEN(sim_classes);

const char *sim_result_name(enum sim_result result)
{
	static const char *const names[] = {
		[SIM_ACCEPTED] = "accepted",
		[SIM_REJECTED] = "rejected",
		[SIM_UNKNOWN] = "unknown",
		[SIM_ERROR] = "error",
	};

	return names[result];
}

int sim_result_exit(enum sim_result result)
{
	static const int codes[] = {
		[SIM_ACCEPTED] = 0,
		[SIM_REJECTED] = 1,
		[SIM_UNKNOWN] = 3,
		[SIM_ERROR] = 3,
	};

	return codes[result];
}
