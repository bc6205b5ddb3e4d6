/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification: is this evidence genuine, is its platform current, is it mine, is it
 * fresh? The answer is a verdict that explains itself.
 *
 * Nothing here reads a file, the clock, the environment or the network: evidence,
 * collateral, time, trust root and expectations are arguments. No expectation is implied;
 * what is left unset is a usage error, what is not asked is named in the verdict.
 */
#ifndef CELLA_VERIFY_H
#define CELLA_VERIFY_H

#include <stdbool.h>

#include <cella/collateral.h>
#include <cella/error.h>
#include <cella/evidence.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cella_policy;
struct cella_event_log;
struct cella_vtpm;

/* enum cella_tcb_status - the standing of a trusted computing base, with Intel's names. */
enum cella_tcb_status {
	CELLA_TCB_NONE = 0, /* not evaluated */
	CELLA_TCB_UP_TO_DATE,
	CELLA_TCB_SW_HARDENING_NEEDED,
	CELLA_TCB_CONFIGURATION_NEEDED,
	CELLA_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED,
	CELLA_TCB_OUT_OF_DATE,
	CELLA_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
	CELLA_TCB_TD_RELAUNCH_ADVISED,
	CELLA_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED,
	CELLA_TCB_REVOKED,
	CELLA_TCB_NOT_SUPPORTED, /* no level of the TCB information matches */
	CELLA_TCB_COUNT
};

/* cella_tcb_status_name() returns "UpToDate" and so on; NULL for CELLA_TCB_NONE. */
CELLA_EXPORT const char *cella_tcb_status_name(enum cella_tcb_status status);

/* cella_tcb_status_find() finds a status by its name; CELLA_TCB_NONE for another text. */
CELLA_EXPORT enum cella_tcb_status cella_tcb_status_find(const char *name);

/* CELLA_ACCEPT() is a bit of struct cella_verify_options.accept. */
#define CELLA_ACCEPT(status) (UINT32_C(1) << (status))

enum cella_question {
	CELLA_QUESTION_GENUINE, /* signatures, chains, root, identity of the quoting enclave */
	CELLA_QUESTION_CURRENT, /* TCB, dates, revocation, debug and other attributes */
	CELLA_QUESTION_MINE,    /* measurements against a policy */
	CELLA_QUESTION_FRESH,   /* report data as expected */
	CELLA_QUESTION_COUNT
};

enum cella_answer {
	CELLA_ANSWER_NO = 0,
	CELLA_ANSWER_YES,
	CELLA_ANSWER_NOT_ASKED,
	CELLA_ANSWER_UNKNOWN, /* something needed for the answer is missing */
};

enum cella_result {
	CELLA_REJECTED = 0, /* some answer is no */
	CELLA_ACCEPTED,     /* every answer that was asked for is yes */
	CELLA_UNDECIDED,    /* no answer is no, but some is unknown */
};

enum cella_outcome {
	CELLA_CHECK_FAIL = 0,
	CELLA_CHECK_PASS,
	CELLA_CHECK_NOT_EVALUATED,
};

/* Each returns the name that JSON and texts use: "genuine", "yes", "rejected", "fail". */
CELLA_EXPORT const char *cella_question_name(enum cella_question question);
CELLA_EXPORT const char *cella_answer_name(enum cella_answer answer);
CELLA_EXPORT const char *cella_result_name(enum cella_result result);
CELLA_EXPORT const char *cella_outcome_name(enum cella_outcome outcome);

/* What is expected of something that a caller may or may not care about. */
enum cella_expect {
	CELLA_EXPECT_UNSET = 0, /* a usage error */
	CELLA_EXPECT_ANY,       /* not asked; the verdict says so */
	CELLA_EXPECT_EXACT,     /* exactly what the options give */
};

enum cella_root {
	CELLA_ROOT_UNSET = 0, /* a usage error */
	CELLA_ROOT_INTEL,     /* the compiled-in key of the Intel SGX Root CA */
	CELLA_ROOT_GIVEN,     /* the certificate in the options, and no other */
};

enum cella_time {
	CELLA_TIME_UNSET = 0, /* a usage error */
	CELLA_TIME_AT,        /* the moment in the options */
};

/* Bits of struct cella_verify_options.flags. */
enum {
	/*
	 * Refuse what is otherwise only reported: SEPT_VE_DISABLE clear, PERFMON set, a
	 * service TD that no policy names, bytes other than zero after the quote.
	 */
	CELLA_VERIFY_STRICT = 1,
};

#define CELLA_REPORT_DATA_LEN 64

/*
 * struct cella_verify_options - every expectation, spelt out. Set size to the size of the
 * struct; a size that this library does not know is CELLA_USAGE. Pointers are borrowed for
 * the call.
 */
struct cella_verify_options {
	size_t size;

	enum cella_time time_choice;
	int64_t time; /* seconds since 1970-01-01T00:00:00Z */

	enum cella_root root_choice;
	struct cella_bytes root; /* CELLA_ROOT_GIVEN: a certificate in PEM or DER */

	/* Is the report data what was asked for? EXACT compares all 64 bytes. */
	enum cella_expect report_data_expect;
	uint8_t report_data[CELLA_REPORT_DATA_LEN];

	/*
	 * Do policies judge? EXACT: these do (policy.h): of the elements for each class one
	 * must agree, and every policy must stand. The verdict keeps references to them.
	 */
	enum cella_expect policy_expect;
	struct cella_policy *const *policies;
	size_t num_policies;

	/*
	 * What the TD says it measured (event_log.h), or NULL: there is none. A log that does
	 * not lead to the quote's registers is not genuine; one that does tells policies
	 * which events the registers are made of. The verdict keeps a reference.
	 */
	struct cella_event_log *event_log;

	/*
	 * Evidence of a vTPM inside the TD (vtpm.h), or NULL: there is none. Then the TD's
	 * quote must vouch for the vTPM's key, and an event log may be the TPM's. Is its
	 * nonce what was asked for? To be said only when there is a vTPM. One of fewer than
	 * 8 bytes proves nothing: the answer is no.
	 */
	struct cella_vtpm *vtpm;
	enum cella_expect vtpm_nonce_expect;
	struct cella_bytes vtpm_nonce;

	/* TCB statuses that are accepted beside UpToDate: CELLA_ACCEPT(…) | …; never
	 * Revoked, NotSupported. */
	uint32_t accept;

	/* For how many seconds after its expiry collateral still counts. */
	int64_t grace_s;

	uint32_t flags;
};

/*
 * cella_report_data() computes the 64 bytes of report data that bind data and a nonce;
 * the rule for whoever makes a quote and whoever verifies it:
 *  - a nonce alone (8 to 64 bytes): the nonce, padded with zeros at the end;
 *  - data alone (any length, given as its SHA-512): that hash;
 *  - both: SHA-512 over the nonce followed by the data's SHA-512.
 * Either may be empty (len 0), not both.
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_report_data(struct cella_bytes data_sha512, struct cella_bytes nonce,
		  uint8_t out[CELLA_REPORT_DATA_LEN], struct cella_error *err);

/* cella_sha512() hashes data for cella_report_data(). */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_sha512(const void *data, size_t len, uint8_t out[64], struct cella_error *err);

/* struct cella_verdict - the answer; immutable. It keeps what it needs of its inputs. */
struct cella_verdict;

/*
 * cella_verify() judges a quote. collateral may be NULL: then no answer can be yes, but
 * what can be refused without it is refused. CELLA_OK means that there is a verdict, not
 * that it is favourable. CELLA_MALFORMED when a certificate in the quote is broken,
 * CELLA_UNSUPPORTED when the evidence is not a quote, CELLA_USAGE for options that do not
 * say everything. The caller frees *out with cella_verdict_free().
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_verify(struct cella_evidence *evidence, struct cella_collateral *collateral,
	     const struct cella_verify_options *options, struct cella_verdict **out,
	     struct cella_error *err);

CELLA_EXPORT void cella_verdict_free(struct cella_verdict *verdict);

CELLA_EXPORT enum cella_result cella_verdict_result(const struct cella_verdict *verdict);
CELLA_EXPORT enum cella_answer cella_verdict_answer(const struct cella_verdict *verdict,
						    enum cella_question question);

/* cella_verdict_status() is CELLA_TCB_NONE when the TCB was not evaluated. */
CELLA_EXPORT enum cella_tcb_status
cella_verdict_status(const struct cella_verdict *verdict);

/*
 * cella_verdict_root() names the root of the chain: "intel", only for a compiled-in key,
 * or "private:<SHA-256 of its key, hex>"; NULL when there is no chain.
 */
CELLA_EXPORT const char *cella_verdict_root(const struct cella_verdict *verdict);

/*
 * cella_root_name() writes the name that cella_verdict_root() gives a root certificate (PEM
 * or DER), for whoever has the certificate and reads tokens. CELLA_MALFORMED when it is
 * not the certificate of an authority. The caller frees *name with cella_free().
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_root_name(const void *cert, size_t len, char **name, struct cella_error *err);

/* cella_verdict_facts() lives as long as the verdict. */
CELLA_EXPORT const struct cella_facts *
cella_verdict_facts(const struct cella_verdict *verdict);

/* struct cella_check - one step of a verdict. Texts live as long as the verdict. */
struct cella_check {
	const char *id; /* "quote.signature"; stable */
	enum cella_question question;
	enum cella_outcome outcome;
	const char *title;    /* what was asked */
	const char *expected; /* NULL when there is nothing to say */
	const char *actual;
	const char *where;  /* which document or field */
	const char *remedy; /* what to do about a failure */
};

CELLA_EXPORT size_t cella_verdict_num_checks(const struct cella_verdict *verdict);
/* cella_verdict_check() borrows the check; NULL beyond the last one. */
CELLA_EXPORT const struct cella_check *
cella_verdict_check(const struct cella_verdict *verdict, size_t index);

/* cella_verdict_json() writes the verdict as doc/verdict.schema.json says. */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_verdict_json(const struct cella_verdict *verdict, char **text,
		   struct cella_error *err);

/* Bits of the flags of cella_verdict_text(). */
enum {
	CELLA_TEXT_COLOUR = 1, /* with terminal colours */
	CELLA_TEXT_CHECKS = 2, /* with every check, not only those that did not pass */
};

/* cella_verdict_text() writes the verdict as a person reads it. */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_verdict_text(const struct cella_verdict *verdict, uint32_t flags, char **text,
		   struct cella_error *err);

/*
 * cella_verdict_explain() writes why the TCB stands where it stands: the level that
 * matched, what each component has and needs for the best level, which advisories and
 * which kind of update would change it, and what expires first. other, which may be NULL,
 * is the verdict on the same evidence by other collateral: what changes is listed.
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_verdict_explain(const struct cella_verdict *verdict,
		      const struct cella_verdict *other, char **text,
		      struct cella_error *err);

/*
 * struct cella_verifier - a context for many verifications by many threads. Its bounded
 * caches hold only what neither a date nor a policy can change: parsed certificates and
 * signatures that were found good. It owns a snapshot of collateral that may be replaced
 * while others verify.
 */
struct cella_verifier;

/* cella_verifier_new() makes a context that remembers at most max_platforms platforms. */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_verifier_new(size_t max_platforms, struct cella_verifier **out,
		   struct cella_error *err);
CELLA_EXPORT void cella_verifier_free(struct cella_verifier *verifier);

/* cella_verifier_set_collateral() replaces the snapshot; NULL takes it away. */
CELLA_EXPORT void cella_verifier_set_collateral(struct cella_verifier *verifier,
						struct cella_collateral *collateral);

/* cella_verifier_verify() is cella_verify() with the context's collateral and caches. */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_verifier_verify(struct cella_verifier *verifier, struct cella_evidence *evidence,
		      const struct cella_verify_options *options,
		      struct cella_verdict **out, struct cella_error *err);

#ifdef __cplusplus
}
#endif
#endif
