/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collateral: what the platforms' vendor says about its platforms, signed. One set holds
 * any number of documents: TCB information, quoting-enclave identities, revocation lists,
 * and the certificate chains that sign them (Intel SGX and TDX Provisioning Certification
 * Service API, version 4).
 */
#ifndef CELLA_COLLATERAL_H
#define CELLA_COLLATERAL_H

#include <stdbool.h>

#include <cella/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The largest single document, in bytes. */
#define CELLA_COLLATERAL_PART_MAX ((size_t)1 << 20)

/*
 * struct cella_collateral - an immutable snapshot, reference-counted and shareable between
 * threads. Signatures were checked when it was made (their outcome is part of it); dates,
 * revocation and the root's trust are judged anew by each verification.
 */
struct cella_collateral;

/* struct cella_collateral_builder - a set that is being put together, by one thread. */
struct cella_collateral_builder;

/* cella_collateral_builder_new() returns CELLA_NOMEM or a builder for the caller to free. */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_collateral_builder_new(struct cella_collateral_builder **out,
			     struct cella_error *err);

/*
 * cella_collateral_builder_add() adds one document and finds out by itself what it is:
 *  - a bundle: a JSON object whose members are named as in Intel's collateral struct
 *    (tcb_info, tcb_info_issuer_chain, qe_identity, …, pck_crl); tcb_info and qe_identity
 *    are whole documents, or their inner objects beside tcb_info_signature and
 *    qe_identity_signature;
 *  - TCB information {"tcbInfo":…,"signature":…}, an identity {"enclaveIdentity":…}, or the
 *    list of evaluations {"tcbEvaluationDataNumbers":…};
 *  - a certificate revocation list in PEM, DER or hexadecimal DER;
 *  - a chain of PEM certificates;
 *  - an HTTP response of a PCS or PCCS, from its status line on, whose issuer-chain
 *    headers are percent-encoded PEM.
 * name is what errors call it (a file's name, for instance). CELLA_MALFORMED when the
 * document breaks its format; CELLA_UNSUPPORTED when it is none of these.
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_collateral_builder_add(struct cella_collateral_builder *builder, const char *name,
			     const void *data, size_t len, struct cella_error *err);

/*
 * cella_collateral_builder_finish() checks the signatures and makes the snapshot. What is
 * missing is not an error here: a verification that needs it says so. The builder is
 * empty afterwards and may be used again.
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_collateral_builder_finish(struct cella_collateral_builder *builder,
				struct cella_collateral **out, struct cella_error *err);

CELLA_EXPORT void cella_collateral_builder_free(struct cella_collateral_builder *builder);

/* cella_collateral_parse() makes a snapshot of a single document, a bundle usually. */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_collateral_parse(const void *data, size_t len, struct cella_collateral **out,
		       struct cella_error *err);

/* cella_collateral_ref() returns the snapshot, once more. */
CELLA_EXPORT struct cella_collateral *
cella_collateral_ref(struct cella_collateral *collateral);
/* cella_collateral_unref() gives one reference back; NULL is fine. */
CELLA_EXPORT void cella_collateral_unref(struct cella_collateral *collateral);

/*
 * cella_collateral_describe() lists the documents with their dates, issuers and numbers, as
 * text or JSON. time is a moment to compare with, in seconds since 1970. The caller frees
 * *text with cella_free().
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_collateral_describe(const struct cella_collateral *collateral, int64_t time,
			  bool as_json, char **text, struct cella_error *err);

/*
 * cella_collateral_write() writes the set as bundles: JSON with the members of Intel's
 * collateral struct and every document as it was received. One bundle per TCB
 * information; several are written as an array. The caller frees *text.
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_collateral_write(const struct cella_collateral *collateral, char **text,
		       struct cella_error *err);

#ifdef __cplusplus
}
#endif
#endif
