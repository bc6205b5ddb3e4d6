/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The corpus of forgeries: named cases, each made from a good one by changing one thing,
 * re-signed wherever the attack is not the signature itself, with the verdict that a
 * verifier must give and the one check that must fail.
 *
 * A case is a row of a table: its changes are operations with arguments, which run at
 * their stage while the case is built.
 */
#ifndef SIM_CORPUS_H
#define SIM_CORPUS_H

#include "sim/collateral.h"
#include "sim/quote.h"

/* --- the world in which the cases play ----------------------------------------------- */

enum sim_actor {
	SIM_SELF,      /* the platform that most cases are about */
	SIM_PROCESSOR, /* another, certified by the processor CA; same root and signer */
	SIM_SIBLING,   /* another family of the same authorities */
	SIM_OLD,       /* a platform with a TDX module of version 1.0 */
	SIM_IMPOSTOR,  /* all names and numbers equal, another root */
	SIM_NUM_ACTORS
};

struct sim_world {
	struct sim_platform *actors[SIM_NUM_ACTORS];
	struct private_key *attacker;      /* P-256 */
	struct private_key *attacker_p384; /* P-384 */
	struct private_key *owner;         /* P-384: of policies */
};

enum cella_status sim_world_init(struct sim_world *world,
				 struct cella_error *err) MUST_CHECK;
void sim_world_done(struct sim_world *world);

/* --- cases --------------------------------------------------------------------------- */

/* When an operation runs. */
enum sim_stage {
	SIM_STAGE_SPEC,    /* what the collateral shall say; what certificates say */
	SIM_STAGE_CONTENT, /* parts of the quote; JSON trees; lists */
	SIM_STAGE_TEXT,    /* the documents' texts, before they are signed */
	SIM_STAGE_BOUND, /* the QE's report names the attestation key; nothing is signed */
	SIM_STAGE_SIGNED, /* everything is signed, nothing put together */
	SIM_STAGE_BYTES,  /* the quote's bytes, the bundle's text */
	SIM_NUM_STAGES
};

/* The places where chains stand. A certificate may differ from place to place. */
enum sim_chain_id {
	SIM_CHAIN_PCK,      /* in the quote: PCK, CA, root */
	SIM_CHAIN_PCK_CRL,  /* CA, root */
	SIM_CHAIN_TCB_INFO, /* signer, root */
	SIM_CHAIN_IDENTITY, /* signer, root */
	SIM_NUM_CHAINS
};

enum { SIM_MAX_LINKS = 3, SIM_MAX_CHANGES = 3 };

/* A certificate at its place. */
struct sim_link {
	struct sim_cert_spec spec;
	const struct private_key *issuer; /* who signs it */
	struct pck_ext ext;               /* of a PCK */
	enum sim_ext_oddity ext_oddity;
	bool has_ext;
	struct out ext_der;
	struct out der;
};

struct sim_chain {
	struct sim_link links[SIM_MAX_LINKS];
	size_t num_links;
};

struct sim_case;
struct sim_change;

struct sim_op {
	enum sim_stage stage;
	enum cella_status (*run)(struct sim_case *c, const struct sim_change *change,
				 struct cella_error *err);
};

/* One change: an operation and what it needs of these. */
struct sim_change {
	const struct sim_op *op; /* NULL: no more changes */
	int target;              /* a chain, a document, a list, an actor, a length … */
	int number;
	const char *text;
	const char *with;
};

enum sim_base {
	SIM_BASE_TDX_V4,
	SIM_BASE_TDX_V5,
	SIM_BASE_TDX_V5_TD10,
	SIM_BASE_TDX_V5_TD15EX,
	SIM_BASE_TDX_10,
	SIM_BASE_SGX_V3,
	SIM_BASE_SGX_V4,
	SIM_BASE_SGX_V5,
	SIM_BASE_SGX_PROCESSOR,
	SIM_NUM_BASES
};

extern const char *const sim_base_names[SIM_NUM_BASES];

enum sim_result { SIM_ACCEPTED, SIM_REJECTED, SIM_UNKNOWN, SIM_ERROR };

/* What the verifier is told beside evidence, collateral and root. */
struct sim_case_options {
	int time_hours;          /* after the corpus's time */
	const char *report_data; /* hex, padded with zeros; NULL: not asked */
	const char *nonce;       /* hex */
	const char *data;        /* a text that the report data binds */
	/*
	 * A policy's text. <field> stands for the quote's field of that name as policies
	 * write it, reversed; <=field> for it in wire order; <!field> for another value.
	 */
	const char *policy;
	bool strict;
	const char *accept; /* statuses, separated by commas */
	int64_t grace_s;
};

/* A row of the corpus. */
struct sim_case_row {
	const char *name;
	const char *why;
	enum sim_base base;
	struct sim_change changes[SIM_MAX_CHANGES];
	struct sim_case_options options;
	enum sim_result result;
	const char *check; /* SIM_REJECTED: the id of the check that must fail */
	bool others;       /* it is not the only one that fails */
	/* genuine, current, mine, fresh: y(es), n(o), u(nknown), -: not asked */
	const char *answers;
	/* SIM_ERROR: what is wrong, and a part of what the message must say */
	enum cella_status status;
	const char *field;
};

/* struct sim_case - a case under construction, and what comes of it. */
struct sim_case {
	const struct sim_world *world;
	const struct sim_case_row *row;
	const struct sim_platform *platform;       /* the base's */
	const struct sim_platform *quote_platform; /* who makes the quote */
	struct sim_chain chains[SIM_NUM_CHAINS];
	struct sim_quote quote;
	struct sim_collateral_spec spec;
	struct sim_collateral collateral;
	/* the result */
	struct out quote_bytes;
	struct out bundle; /* empty: there is none */
	struct out root;   /* PEM */
	struct out policy; /* empty: there is none */
	struct out owner;  /* PEM: the key that policies must be signed by; or empty */
	int64_t time;
};

/* sim_policy_expand() writes a row's policy with the quote's values in place. */
enum cella_status sim_policy_expand(struct sim_case *c,
				    struct cella_error *err) MUST_CHECK;

/* sim_chain_fill() makes the certificates of a chain an actor's. */
void sim_chain_fill(struct sim_chain *chain, enum sim_chain_id id,
		    const struct sim_platform *platform);

/* The time of the corpus: 2026-01-01T00:00:00Z. */
extern const int64_t sim_corpus_time;

/* sim_case_build() makes a case of a row; out is for the caller to sim_case_done(). */
enum cella_status sim_case_build(const struct sim_world *world,
				 const struct sim_case_row *row, struct sim_case *out,
				 struct cella_error *err) MUST_CHECK;
void sim_case_done(struct sim_case *c);

/* --- the tables ---------------------------------------------------------------------- */

/* A class of cases: one file of rows. */
struct sim_class {
	const char *name;
	const char *about;
	const struct sim_case_row *rows;
	size_t num_rows;
};

extern const struct sim_class sim_class_good;
extern const struct sim_class sim_class_structure;
extern const struct sim_class sim_class_pem;
extern const struct sim_class sim_class_chain;
extern const struct sim_class sim_class_crl;
extern const struct sim_class sim_class_json;
extern const struct sim_class sim_class_members;
extern const struct sim_class sim_class_mixed;
extern const struct sim_class sim_class_missing;
extern const struct sim_class sim_class_tcb;
extern const struct sim_class sim_class_qe;
extern const struct sim_class sim_class_attributes;
extern const struct sim_class sim_class_fresh;
extern const struct sim_class sim_class_policy;

extern const struct sim_class *const sim_classes[];
extern const size_t sim_num_classes;

/* sim_result_name() is "accepted", "rejected", "unknown" or "error". */
const char *sim_result_name(enum sim_result result);
/* sim_result_exit() is the exit code of `cella verify`. */
int sim_result_exit(enum sim_result result);

/*
 * sim_corpus_write() writes every case into a directory of its own below dir, with an
 * index and a README. *num_cases tells how many.
 */
enum cella_status sim_corpus_write(const char *dir, size_t *num_cases,
				   struct cella_error *err) MUST_CHECK;

#endif
