/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations that the corpus's rows are made of. Macros give a row its arguments in
 * readable order.
 */
#ifndef SIM_CORPUS_OPS_H
#define SIM_CORPUS_OPS_H

#include "sim/corpus.h"

/* Named values for `target`. */
enum { SIM_LEAF = 0, SIM_INTERMEDIATE = 1, SIM_TOP = 2, SIM_SIGNER_ROOT = 1 };

/* Whose key, for operations that replace one. */
enum sim_whose {
	SIM_ATTACKERS,
	SIM_ATTACKERS_P384,
	SIM_OWNERS,
	SIM_PCKS,
	SIM_CAS,
	SIM_ROOTS,
	SIM_SIGNERS,
	SIM_SIBLINGS_PCK,
};

/* A change of a row: operation, target, number, text, with; what is left out is 0. */
#define CHANGE(op, ...) \
	{ \
		&sim_op_##op, __VA_ARGS__ \
	}

/* A certificate: chain and place in one number. */
#define AT(chain, place) ((chain)*SIM_MAX_LINKS + (place))

/* --- certificates (corpus_ops_cert.c) ------------------------------------------------ */

extern const struct sim_op sim_op_cert_cn, sim_op_cert_issuer_cn, sim_op_cert_issuer_o,
	sim_op_cert_is_ca, sim_op_cert_usage, sim_op_cert_path_len, sim_op_cert_oddity,
	sim_op_cert_hash, sim_op_cert_expired, sim_op_cert_future, sim_op_cert_signed_by,
	sim_op_cert_key, sim_op_cert_short_serial, sim_op_ext_oddity,
	sim_op_ext_no_platform, sim_op_ext_platform, sim_op_ext_missing,
	sim_op_ext_component, sim_op_ext_cpu_svn, sim_op_ext_pce_svn, sim_op_ext_fmspc,
	sim_op_chain_from, sim_op_chain_pem, sim_op_cert_trailing;

#define CERT_CN(at, cn) CHANGE(cert_cn, at, 0, cn)
#define CERT_ISSUER_CN(at, cn) CHANGE(cert_issuer_cn, at, 0, cn)
#define CERT_ISSUER_O(at, o) CHANGE(cert_issuer_o, at, 0, o)
#define CERT_IS_CA(at, is_ca) CHANGE(cert_is_ca, at, is_ca)
#define CERT_USAGE(at, usage) CHANGE(cert_usage, at, usage)
#define CERT_PATH_LEN(at, len) CHANGE(cert_path_len, at, len)
#define CERT_ODDITY(at, oddity) CHANGE(cert_oddity, at, oddity)
#define CERT_HASH(at, hash) CHANGE(cert_hash, at, hash)
#define CERT_EXPIRED(at) CHANGE(cert_expired, at)
#define CERT_FUTURE(at) CHANGE(cert_future, at)
#define CERT_SIGNED_BY(at, whose) CHANGE(cert_signed_by, at, whose)
#define CERT_KEY(at, whose) CHANGE(cert_key, at, whose)
#define CERT_SHORT_SERIAL(at) CHANGE(cert_short_serial, at)
#define EXT_ODDITY(oddity) CHANGE(ext_oddity, 0, oddity)
#define EXT_NO_PLATFORM CHANGE(ext_no_platform, 0)
#define EXT_PLATFORM CHANGE(ext_platform, 0)
#define EXT_MISSING CHANGE(ext_missing, 0)
#define EXT_COMPONENT(index, svn) CHANGE(ext_component, index, svn)
#define EXT_CPU_SVN(hex) CHANGE(ext_cpu_svn, 0, 0, hex)
#define EXT_PCE_SVN(svn) CHANGE(ext_pce_svn, 0, svn)
#define EXT_FMSPC(hex) CHANGE(ext_fmspc, 0, 0, hex)
/* A whole chain of another actor. */
#define CHAIN_FROM(chain, actor) CHANGE(chain_from, chain, actor)
/* The order of certificates in a chain's text: "10" swaps two, "012a": one more … */
#define CHAIN_PEM(chain, order) CHANGE(chain_pem, chain, 0, order)
#define CERT_TRAILING(at) CHANGE(cert_trailing, at)

/* --- quotes (corpus_ops_quote.c) ----------------------------------------------------- */

extern const struct sim_op sim_op_header, sim_op_body, sim_op_body_after, sim_op_qe,
	sim_op_qe_after, sim_op_qe_last_byte, sim_op_body_type, sim_op_len,
	sim_op_outer_type, sim_op_cert_type, sim_op_cert_data, sim_op_auth,
	sim_op_auth_after, sim_op_tail, sim_op_att_key_after, sim_op_att_point,
	sim_op_pck_signs_with, sim_op_qe_data, sim_op_signature, sim_op_qe_signature,
	sim_op_quote_cut, sim_op_report_instead, sim_op_quote_set, sim_op_pem_text,
	sim_op_quote_from;

/* Signed: header bytes at an offset; a field of the body or of the QE's report. */
#define HEADER(offset, hex) CHANGE(header, offset, 0, hex)
#define BODY(field, hex) CHANGE(body, 0, 0, field, hex)
#define QE_LAST_BYTE(field) CHANGE(qe_last_byte, 0, 0, field)
#define QE(field, hex) CHANGE(qe, 0, 0, field, hex)
/* After signing: the field's first byte changes in its lowest bit. */
#define BODY_AFTER(field) CHANGE(body_after, 0, 0, field)
#define QE_AFTER(field) CHANGE(qe_after, 0, 0, field)
#define BODY_TYPE(type) CHANGE(body_type, 0, type)
#define LEN(which, by) CHANGE(len, which, by)
#define OUTER_TYPE(type) CHANGE(outer_type, 0, type)
#define CERT_TYPE(type) CHANGE(cert_type, 0, type)
#define CERT_DATA(type) CHANGE(cert_data, SIM_SELF, type)
#define CERT_DATA_OF(actor, type) CHANGE(cert_data, actor, type)
#define AUTH(len) CHANGE(auth, 0, len)
#define AUTH_AFTER CHANGE(auth_after, 0)
#define TAIL(hex) CHANGE(tail, 0, 0, hex)
#define ATT_KEY_AFTER(whose) CHANGE(att_key_after, 0, whose)
#define ATT_POINT_OFF_CURVE CHANGE(att_point, 0)
#define PCK_SIGNS_WITH(whose) CHANGE(pck_signs_with, 0, whose)
#define QE_DATA(how) CHANGE(qe_data, 0, 0, how)
#define SIGNATURE(how) CHANGE(signature, 0, 0, how)
#define QE_SIGNATURE(how) CHANGE(qe_signature, 0, 0, how)
/* The finished bytes: cut to a length (from the end when negative), or overwritten. */
#define QUOTE_CUT(len) CHANGE(quote_cut, 0, len)
#define REPORT_INSTEAD CHANGE(report_instead, 0)
#define QUOTE_SET(offset, hex) CHANGE(quote_set, 0, offset, hex)
/* The certificates' text in the quote: the first occurrence of a text is replaced. */
#define PEM_TEXT(text, with) CHANGE(pem_text, 0, 0, text, with)
#define QUOTE_FROM(actor) CHANGE(quote_from, actor)

/* --- collateral (corpus_ops_doc.c) --------------------------------------------------- */

extern const struct sim_op sim_op_standing, sim_op_module_standing, sim_op_qe_standing,
	sim_op_revoke, sim_op_expired, sim_op_future, sim_op_set, sim_op_remove,
	sim_op_text, sim_op_text_after, sim_op_spaced_after, sim_op_doc_key,
	sim_op_doc_from, sim_op_doc_signature, sim_op_swap_signatures, sim_op_crl_key,
	sim_op_crl_issuer, sim_op_crl_oddity, sim_op_crl_hash, sim_op_crl_number,
	sim_op_crl_many, sim_op_crl_lists, sim_op_crl_from, sim_op_crl_bytes,
	sim_op_bundle_drop, sim_op_bundle_set, sim_op_bundle_text, sim_op_bundle_pem,
	sim_op_bundle_whole, sim_op_bundle_only, sim_op_no_collateral, sim_op_also,
	sim_op_root_from, sim_op_pck_chain;

#define STANDING(status) CHANGE(standing, 0, status)
#define MODULE_STANDING(status) CHANGE(module_standing, 0, status)
#define QE_STANDING(status) CHANGE(qe_standing, 0, status)
#define REVOKE(cert) CHANGE(revoke, cert)
/* What has dates: SIM_TCB_INFO …, or CRL_DATES(SIM_PCK_CRL). */
#define CRL_DATES(crl) (SIM_NUM_DOCUMENTS + (crl))
#define EXPIRED(dated) CHANGE(expired, dated)
#define FUTURE(dated) CHANGE(future, dated)
/* A value in a document's tree, by a path such as "tcbLevels.0.tcbStatus"; signed. */
#define SET(doc, path, json) CHANGE(set, doc, 0, path, json)
#define REMOVE(doc, path) CHANGE(remove, doc, 0, path)
/* A replacement in a document's text: before it is signed, or afterwards. */
#define TEXT(doc, old, with) CHANGE(text, doc, 0, old, with)
#define TEXT_AFTER(doc, text, with) CHANGE(text_after, doc, 0, text, with)
#define SPACED_AFTER(doc) CHANGE(spaced_after, doc)
#define DOC_KEY(doc, whose) CHANGE(doc_key, doc, whose)
#define DOC_FROM(doc, actor, tee) CHANGE(doc_from, doc, (actor)*2 + (tee))
#define DOC_SIGNATURE(doc, how) CHANGE(doc_signature, doc, 0, how)
#define SWAP_SIGNATURES CHANGE(swap_signatures, 0)
#define CRL_KEY(crl, whose) CHANGE(crl_key, crl, whose)
#define CRL_ISSUER(crl, cn) CHANGE(crl_issuer, crl, 0, cn)
#define CRL_ODDITY(crl, oddity) CHANGE(crl_oddity, crl, oddity)
#define CRL_HASH(crl, hash) CHANGE(crl_hash, crl, hash)
#define CRL_NUMBER_HUGE(crl) CHANGE(crl_number, crl)
#define CRL_MANY(crl) CHANGE(crl_many, crl)
#define CRL_LISTS(crl, at) CHANGE(crl_lists, crl, at)
#define CRL_FROM(crl, actor) CHANGE(crl_from, crl, actor)
#define CRL_BYTES(crl, hex) CHANGE(crl_bytes, crl, 0, hex)
/* The bundle: a member left out, its value replaced by JSON, raw text replaced. */
#define BUNDLE_DROP(member) CHANGE(bundle_drop, 0, 0, member)
#define BUNDLE_SET(member, json) CHANGE(bundle_set, 0, 0, member, json)
#define BUNDLE_TEXT(text, with) CHANGE(bundle_text, 0, 0, text, with)
/* The TCB info as a whole document by a template of %B, its body, and %S. */
#define BUNDLE_WHOLE(template) CHANGE(bundle_whole, 0, 0, template)
#define BUNDLE_PEM(crl) CHANGE(bundle_pem, crl)
#define BUNDLE_ONLY(text) CHANGE(bundle_only, 0, 0, text)
#define NO_COLLATERAL CHANGE(no_collateral, 0)
/* A second bundle in the set: an evaluation number and a standing. */
#define ALSO(number, standing) CHANGE(also, standing, number)
#define ALSO_FIRST(number, standing) CHANGE(also, standing, number, "first")
#define ROOT_FROM(actor) CHANGE(root_from, actor)
#define PCK_CHAIN_IN_COLLATERAL(actor) CHANGE(pck_chain, actor)

/* --- policies (corpus_ops_policy.c) -------------------------------------------------- */

extern const struct sim_op sim_op_policy_signed, sim_op_policy_owner, sim_op_policy_spoil,
	sim_op_policy_altered, sim_op_policy_header, sim_op_policy_tail;

#define POLICY_SIGNED(whose) CHANGE(policy_signed, 0, whose)
/* Whose signature the verifier demands. */
#define POLICY_OWNER(whose) CHANGE(policy_owner, 0, whose)
/* Of a signed policy: a character of the signature, a text of the signed policy. */
#define POLICY_SPOIL CHANGE(policy_spoil, 0)
#define POLICY_ALTERED(old, with) CHANGE(policy_altered, 0, 0, old, with)
/* The header's own text is altered before the owner signs. */
#define POLICY_HEADER(old, with) CHANGE(policy_header, 0, 0, old, with)
#define POLICY_TAIL(text) CHANGE(policy_tail, 0, 0, text)

/* --- expectations ------------------------------------------------------------------- */

/* Each gives the last members of a row; answers as in struct sim_case_row. */
#define ACCEPTED(yes) .result = SIM_ACCEPTED, .answers = (yes)
#define REJECTED(id, answer) .result = SIM_REJECTED, .check = (id), .answers = (answer)
#define REJECTED_TWICE(id, answer) \
	.result = SIM_REJECTED, .check = (id), .answers = (answer), .others = true
#define UNDECIDED(answer) .result = SIM_UNKNOWN, .answers = (answer)
#define BROKEN(kind, part) .result = SIM_ERROR, .status = (kind), .field = (part)

#define ROWS(name, about, table) \
	const struct sim_class sim_class_##name = { #name, about, table, \
						    ARRAY_LEN(table) }

/* The certificates by their places. */
enum {
	PCK = AT(SIM_CHAIN_PCK, SIM_LEAF),
	CA = AT(SIM_CHAIN_PCK, SIM_INTERMEDIATE),
	ROOT = AT(SIM_CHAIN_PCK, SIM_TOP),
	CRL_CA = AT(SIM_CHAIN_PCK_CRL, SIM_LEAF),
	CRL_ROOT = AT(SIM_CHAIN_PCK_CRL, SIM_SIGNER_ROOT),
	TCB_SIGNER = AT(SIM_CHAIN_TCB_INFO, SIM_LEAF),
	TCB_ROOT = AT(SIM_CHAIN_TCB_INFO, SIM_SIGNER_ROOT),
	ID_SIGNER = AT(SIM_CHAIN_IDENTITY, SIM_LEAF),
	ID_ROOT = AT(SIM_CHAIN_IDENTITY, SIM_SIGNER_ROOT),
};

/* The nonce in every quote's report data. */
#define CORPUS_NONCE "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"

/* --- for operations ------------------------------------------------------------------ */

/* SIM_OP() begins the definition of an operation's function. */
#define SIM_OP(stage, name) \
	static enum cella_status run_##name( \
		struct sim_case *, const struct sim_change *, struct cella_error *); \
	const struct sim_op sim_op_##name = { stage, run_##name }; \
	static enum cella_status run_##name(struct sim_case *c UNUSED, \
					    const struct sim_change *change UNUSED, \
					    struct cella_error *err UNUSED)

/* sim_key_of() is a key of the case's platform, or of the attacker. */
const struct private_key *sim_key_of(const struct sim_case *c, enum sim_whose whose);

/* sim_text_replace() replaces the first occurrence; CELLA_INTERNAL when there is none. */
enum cella_status sim_text_replace(struct out *text, const char *old, const char *with,
				   struct cella_error *err) MUST_CHECK;

/* sim_hex_at() overwrites bytes; CELLA_INTERNAL when they do not fit. */
enum cella_status sim_hex_at(uint8_t *place, size_t room, const char *hex,
			     struct cella_error *err) MUST_CHECK;

/* sim_link_of() is the certificate that AT() names. */
struct sim_link *sim_link_of(struct sim_case *c, int at);

/* sim_chain_place() is the text where a chain of the case stands. */
struct out *sim_chain_place(struct sim_case *c, enum sim_chain_id id);

/* sim_chain_text() writes a chain of the case as PEM, in an order of digits. */
enum cella_status sim_chain_text(const struct sim_chain *chain, const char *order,
				 struct out *out, struct cella_error *err) MUST_CHECK;

#endif
