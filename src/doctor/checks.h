/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks: from facts to findings. A check looks at facts and at nothing else.
 */
#ifndef DOCTOR_CHECKS_H
#define DOCTOR_CHECKS_H

#include "doctor/facts.h"

/* From bad to good but for the first: what nobody set is not known. */
enum doctor_state {
	DOCTOR_UNKNOWN, /* could not be decided */
	DOCTOR_FAIL,    /* something that is needed does not work */
	DOCTOR_WARN,    /* it works, and will or may hurt */
	DOCTOR_NOTE,    /* worth knowing */
	DOCTOR_OK,
	DOCTOR_NOT_APPLICABLE, /* not a question here */
};

enum { DOCTOR_NUM_STATES = DOCTOR_NOT_APPLICABLE + 1 };

/* What machines are looked at for. */
enum doctor_group {
	GROUP_EVIDENCE,   /* can it prove what it is? */
	GROUP_COLLATERAL, /* can it judge what others prove? */
	GROUP_INSTANCE,   /* the limits and known issues of trust domains */
	GROUP_ENCLAVE,    /* can it run enclaves? */
};

enum { DOCTOR_NUM_GROUPS = GROUP_ENCLAVE + 1 };

/* The texts are empty or NULL where there is nothing to say. */
struct finding {
	enum doctor_state state;
	char found[256];
	const char *meaning;
	char remedy[768];
	const char *as_root; /* what root would see here */
};

struct doctor_check {
	const char *id; /* stable */
	enum doctor_group group;
	const char *title;
	bool is_of_td; /* not a question on machines that are no TD */
	size_t known;  /* offset in struct facts of a bool: its facts were gathered */
	void (*evaluate)(const struct facts *facts, struct finding *out);
};

/* doctor_checks() is the table, in the order in which checks are told. */
const struct doctor_check *doctor_checks(size_t *num);

/* doctor_check_find() returns NULL for an unknown id. */
const struct doctor_check *doctor_check_find(const char *id);

/* doctor_evaluate() evaluates one check, whatever is known. */
void doctor_evaluate(const struct doctor_check *check, const struct facts *facts,
		     struct finding *out);

const char *doctor_state_name(enum doctor_state state);
const char *doctor_group_name(enum doctor_group group);
const char *doctor_group_title(enum doctor_group group);

/* --- for checks ---------------------------------------------------------------------- */

/* found_set() sets the state and what was found; remedy_set() what to do about it. */
void found_set(struct finding *out, enum doctor_state state, const char *format, ...)
	PRINTF(3, 4);
void remedy_set(struct finding *out, const char *format, ...) PRINTF(2, 3);

/* found_hidden() is for what could not be read: says why, and whether root could. */
void found_hidden(struct finding *out, const struct facts *facts, int sys_errno,
		  const char *what, const char *as_root);

/* found_contact() says what came of trying an address. */
void found_contact(struct finding *out, const struct contact *contact);

void check_cpu(const struct facts *facts, struct finding *out);
void check_kernel(const struct facts *facts, struct finding *out);
void check_driver(const struct facts *facts, struct finding *out);
void check_device(const struct facts *facts, struct finding *out);
void check_configfs(const struct facts *facts, struct finding *out);
void check_tsm(const struct facts *facts, struct finding *out);
void check_qgs_conf(const struct facts *facts, struct finding *out);
void check_qgs(const struct facts *facts, struct finding *out);
void check_quote_path(const struct facts *facts, struct finding *out);
void check_event_log(const struct facts *facts, struct finding *out);
void check_measurements(const struct facts *facts, struct finding *out);

void check_clock(const struct facts *facts, struct finding *out);
void check_clock_sync(const struct facts *facts, struct finding *out);
void check_clock_source(const struct facts *facts, struct finding *out);
void check_pccs_conf(const struct facts *facts, struct finding *out);
void check_pccs(const struct facts *facts, struct finding *out);
void check_pccs_fresh(const struct facts *facts, struct finding *out);

void check_swiotlb_size(const struct facts *facts, struct finding *out);
void check_swiotlb_full(const struct facts *facts, struct finding *out);
void check_swiotlb_queues(const struct facts *facts, struct finding *out);
void check_swiotlb_set(const struct facts *facts, struct finding *out);
void check_uefi(const struct facts *facts, struct finding *out);
void check_reboot(const struct facts *facts, struct finding *out);
void check_console(const struct facts *facts, struct finding *out);
void check_rdma(const struct facts *facts, struct finding *out);
void check_accelerators(const struct facts *facts, struct finding *out);

void check_kvm(const struct facts *facts, struct finding *out);
void check_kvm_runs(const struct facts *facts, struct finding *out);
void check_vsock(const struct facts *facts, struct finding *out);
void check_hugepages(const struct facts *facts, struct finding *out);

#endif
