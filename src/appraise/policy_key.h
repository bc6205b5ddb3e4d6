/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vocabulary of policies: Intel's seven classes, that of Enclave VMs, and the keys of each. One row per key is
 * what the parser, judgement, results, lint, explanations and new policies go by.
 */
#ifndef APPRAISE_POLICY_KEY_H
#define APPRAISE_POLICY_KEY_H

#include <cella/evidence.h>

#include "base/bytes.h"

/* The reports that a quote amounts to; an element of a policy judges one of them. */
enum policy_slot {
	SLOT_TENANT,   /* the TD or the enclave */
	SLOT_PLATFORM, /* what it runs on */
	SLOT_QE,       /* what quoted it; TDX only */
	SLOT_COUNT
};

enum policy_class_id {
	CLASS_SGX_PLATFORM,
	CLASS_SGX_ENCLAVE,
	CLASS_TDX_PLATFORM_10,
	CLASS_TDX_PLATFORM_15,
	CLASS_TDQE,
	CLASS_TD_10,
	CLASS_TD_15,
	CLASS_EVM,
	CLASS_COUNT
};

#define CLASS_BIT(class_id) (UINT32_C(1) << (class_id))

enum { POLICY_MAX_FLAGS = 26 };

struct policy_class {
	const char *uuid;
	const char *name;
	enum policy_slot slot;
	bool is_tdx;
	/* How Intel's results describe the report, and under which name. */
	const char *report_description;
	const char *description_key;
	const char *draft_description; /* of a new policy's element */
	/* The members of detailed_result are <flag_prefix><flag>_check. */
	const char *flag_prefix;
	const char *flags[POLICY_MAX_FLAGS + 1];
	/* Not one of Intel's: bytes stand in natural order, and its engine is not asked. */
	bool is_ours;
};

extern const struct policy_class policy_classes[CLASS_COUNT];

/* policy_class_find() finds a class by its id in any case; NULL for no such class. */
const struct policy_class *policy_class_find(const char *uuid);

/* policy_class_id() is a class's place in the table. */
enum policy_class_id policy_class_id(const struct policy_class *class);

/* policy_class_flag() is a flag's place in the class's list; -1 when it is not there. */
int policy_class_flag(const struct policy_class *class, const char *flag);

/* What a key demands of its value's counterpart. */
enum condition_kind {
	CONDITION_UNKNOWN = 0,    /* nobody knows: never holds */
	CONDITION_BYTES,          /* one of several values, under a mask */
	CONDITION_NUMBER,         /* one of several numbers */
	CONDITION_NUMBER_MIN,     /* at least */
	CONDITION_STATUSES,       /* every part of the TCB status is listed */
	CONDITION_GRACE,          /* collateral expired at most so long ago */
	CONDITION_PLATFORM_GRACE, /* out of date for at most so long */
	CONDITION_MIN_DATE,       /* the TCB level's date is not before */
	CONDITION_MIN_EVAL,       /* evaluation number at least */
	CONDITION_ADVISORIES,     /* none of the advisories applies */
	CONDITION_FLAG,           /* when false: the platform's flag is not set */
	CONDITION_EVENTS,         /* these events, in this order, and no other */
	CONDITION_TEXTS,          /* these texts, in any order, and no other */
	CONDITION_NAME,           /* one of several texts */
	CONDITION_KIND_COUNT
};

struct policy_key {
	const char *name;
	const char *check_id; /* "policy.<name>", in the right spelling */
	const char *means; /* of a misspelling that is honoured: the key it stands for */
	uint32_t classes;  /* CLASS_BIT() */
	enum condition_kind kind;
	enum cella_fact fact;    /* of the tenant or the platform */
	enum cella_fact qe_fact; /* of the quoting enclave, where it differs */
	size_t len;              /* CONDITION_BYTES: of the value; _EVENTS: of a digest */
	bool has_mask;           /* <name>_mask may stand beside it */
	const char *flag;        /* of policy_class.flags */
	const char *demand;      /* in words: "the TD's attributes are" */
	const char *remedy;      /* what to do when it does not hold */
};

extern const struct policy_key policy_keys[];
extern const size_t num_policy_keys;

/* policy_key_find() finds a key of a class; NULL when the class has no such key. */
const struct policy_key *policy_key_find(const struct policy_class *class,
					 const char *name);

/* policy_key_of_mask() finds the key whose mask has this name; NULL when there is none. */
const struct policy_key *policy_key_of_mask(const struct policy_class *class,
					    const char *name);

/* policy_key_fact() is the fact that a key compares in a slot. */
enum cella_fact policy_key_fact(const struct policy_key *key, enum policy_slot slot);

/* policy_name_is_comment() is true for members that say nothing: '#…' and user_data. */
bool policy_name_is_comment(const char *name);

#endif
