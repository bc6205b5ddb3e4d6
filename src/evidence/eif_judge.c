/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judging the signature of an enclave image.
 */
#include "evidence/eif_signature.h"

#include "base/civil.h"
#include "base/encode.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const names[EIF_NUM_QUESTIONS] = {
	[EIF_SIGNED] = "signed",   [EIF_COVERS] = "covers_image", [EIF_VALID] = "valid",
	[EIF_CHAINED] = "chained", [EIF_TRUSTED] = "trusted",
};

const char *eif_question_name(enum eif_question question)
{
	return names[question];
}

static void PRINTF(3, 4)
	say(struct eif_answer *answer, enum eif_outcome outcome, const char *format, ...)
{
	va_list args;

	answer->outcome = outcome;
	va_start(args, format);
	vsnprintf(answer->text, sizeof answer->text, format, args);
	va_end(args);
}

static const char *name_of(const struct ec_cert *cert)
{
	return cert->subject_cn[0] != '\0' ? cert->subject_cn : "(no plain name)";
}

static enum cella_status ask_signed(const struct eif_signature *s, struct eif_answer *out,
				    struct cella_error *err)
{
	const struct ec_cert *const cert = s->chain.certs[0];
	struct out message CLEANUP(out_done) = { 0 };
	bool good = false;

	if (cert->curve != s->curve) {
		say(out, EIF_NO, "the algorithm is not that of the certificate's key");
		return CELLA_OK;
	}
	eif_signed_bytes(s->protected_header, s->payload, &message);
	TRY(out_status(&message, err));
	TRY(ec_cert_check(cert, out_view(&message), s->signature, &good, err));
	if (good)
		say(out, EIF_YES, "by \"%s\", %s", name_of(cert),
		    s->curve == CRYPTO_P256 ? "ES256" : "ES384");
	else
		say(out, EIF_NO, "the signature is not by the key of \"%s\"",
		    name_of(cert));
	return CELLA_OK;
}

static void ask_covers(const struct eif_signature *s, const uint8_t pcr0[SHA384_LEN],
		       struct eif_answer *out)
{
	if (bytes_equal(bytes_of(s->pcr0, SHA384_LEN), bytes_of(pcr0, SHA384_LEN)))
		say(out, EIF_YES, "kernel, command line and ramdisks");
	else
		say(out, EIF_NO,
		    "kernel, command line or ramdisks are not those that were signed");
}

static void ask_valid(const struct eif_certs *chain, int64_t time, struct eif_answer *out)
{
	char date[CIVIL_TEXT_LEN];
	int64_t end = INT64_MAX;

	for (size_t i = 0; i < chain->num_certs; i++) {
		const struct ec_cert *const cert = chain->certs[i];

		if (time < cert->not_before) {
			say(out, EIF_NO,
			    "the certificate of \"%s\" is valid only from %s",
			    name_of(cert), civil_format(cert->not_before, date));
			return;
		}
		if (time > cert->not_after) {
			say(out, EIF_NO,
			    "the certificate of \"%s\" expired on %s: sign the image "
			    "again with a new one",
			    name_of(cert), civil_format(cert->not_after, date));
			return;
		}
		if (cert->not_after < end)
			end = cert->not_after;
	}
	say(out, EIF_YES, "until %s", civil_format(end, date));
}

/* Why a certificate may not stand where it does; NULL when it may. */
static const char *misuse(const struct ec_cert *cert, size_t index)
{
	if (cert->has_unknown_critical)
		return "has a critical extension that is not known";
	if (index == 0)
		return cert->has_key_usage &&
				       (cert->key_usage & CERT_USAGE_SIGNATURE) == 0
			       ? "may not sign (keyUsage)"
			       : NULL;
	if (!cert->is_ca)
		return "is no authority's (basicConstraints)";
	if (cert->path_len >= 0 && (size_t)cert->path_len + 1 < index)
		return "may not have so many authorities below it (pathLenConstraint)";
	if (cert->has_key_usage && (cert->key_usage & CERT_USAGE_CERT_SIGN) == 0)
		return "may not certify (keyUsage)";
	return NULL;
}

static enum cella_status issued_by(const struct ec_cert *cert,
				   const struct ec_cert *issuer, bool *good,
				   struct cella_error *err)
{
	*good = false;
	if (!bytes_equal(cert->issuer, issuer->subject))
		return CELLA_OK;
	return ec_cert_signed_by(cert, issuer, good, err);
}

static enum cella_status ask_chained(const struct eif_certs *chain,
				     struct eif_answer *out, struct cella_error *err)
{
	for (size_t i = 0; i < chain->num_certs; i++) {
		const struct ec_cert *const cert = chain->certs[i];
		const char *const fault = misuse(cert, i);
		bool good = true;

		if (fault != NULL) {
			say(out, EIF_NO, "the certificate of \"%s\" %s", name_of(cert),
			    fault);
			return CELLA_OK;
		}
		if (i + 1 < chain->num_certs)
			TRY(issued_by(cert, chain->certs[i + 1], &good, err));
		if (!good) {
			say(out, EIF_NO,
			    "the certificate of \"%s\" is not issued by the one that "
			    "follows it",
			    name_of(cert));
			return CELLA_OK;
		}
	}
	say(out, EIF_YES, "%zu certificate%s", chain->num_certs,
	    chain->num_certs == 1 ? "" : "s");
	return CELLA_OK;
}

/* The last of the chain may itself be trusted, or be issued by one that is. */
static enum cella_status leads_to(const struct eif_certs *chain,
				  const struct ec_cert *trusted, int64_t time, bool *good,
				  struct cella_error *err)
{
	const size_t last = chain->num_certs - 1;

	*good = false;
	for (size_t i = 0; i < chain->num_certs && !*good; i++)
		*good = bytes_equal(chain->certs[i]->der, trusted->der);
	if (*good || misuse(trusted, last + 1) != NULL || time < trusted->not_before ||
	    time > trusted->not_after)
		return CELLA_OK;
	return issued_by(chain->certs[last], trusted, good, err);
}

static enum cella_status ask_trusted(const struct eif_certs *chain,
				     const struct eif_certs *trusted, int64_t time,
				     struct eif_answer *out, struct cella_error *err)
{
	if (trusted == NULL || trusted->num_certs == 0) {
		say(out, EIF_NOT_ASKED, "compared with nobody");
		return CELLA_OK;
	}
	for (size_t i = 0; i < trusted->num_certs; i++) {
		bool good = false;

		TRY(leads_to(chain, trusted->certs[i], time, &good, err));
		if (good) {
			say(out, EIF_YES, "\"%s\" is trusted",
			    name_of(trusted->certs[i]));
			return CELLA_OK;
		}
	}
	say(out, EIF_NO, "\"%s\" is nobody who is trusted, nor leads to one",
	    name_of(chain->certs[0]));
	return CELLA_OK;
}

enum cella_status eif_signature_judge(const struct eif_signature *signature,
				      const uint8_t pcr0[SHA384_LEN], int64_t time,
				      const struct eif_certs *trusted,
				      struct eif_judgement *out, struct cella_error *err)
{
	const struct eif_certs *const chain = &signature->chain;
	struct eif_judgement judgement = { 0 };
	struct eif_answer *const answers = judgement.answers;

	TRY(ask_signed(signature, &answers[EIF_SIGNED], err));
	ask_covers(signature, pcr0, &answers[EIF_COVERS]);
	ask_valid(chain, time, &answers[EIF_VALID]);
	TRY(ask_chained(chain, &answers[EIF_CHAINED], err));
	TRY(ask_trusted(chain, trusted, time, &answers[EIF_TRUSTED], err));
	*out = judgement;
	return CELLA_OK;
}

bool eif_judgement_is_good(const struct eif_judgement *judgement)
{
	for (size_t i = 0; i < EIF_NUM_QUESTIONS; i++)
		if (judgement->answers[i].outcome == EIF_NO)
			return false;
	return true;
}
