/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verdict as a person reads it: the result, the four answers, and what stands against.
 */
#include "appraise/appraise.h"
#include "base/civil.h"
#include "verify/evm_check.h"

#include <string.h>

struct style {
	const char *good, *bad, *dim, *bold, *reset;
};

static const struct style plain = { "", "", "", "", "" };
static const struct style coloured = { "\033[32m", "\033[31m", "\033[2m", "\033[1m",
				       "\033[0m" };

static const char *answer_style(const struct style *s, enum cella_answer answer)
{
	switch (answer) {
	case CELLA_ANSWER_YES:
		return s->good;
	case CELLA_ANSWER_NO:
		return s->bad;
	case CELLA_ANSWER_NOT_ASKED:
	case CELLA_ANSWER_UNKNOWN:
		break;
	}
	return s->dim;
}

static const struct {
	const char *title;
	const char *question;
	const char *unasked;
} questions[CELLA_QUESTION_COUNT] = {
	[CELLA_QUESTION_GENUINE] = { "genuine", "signed by a platform of this root", "" },
	[CELLA_QUESTION_CURRENT] = { "current", "up to date, not revoked, not debuggable",
				     "" },
	[CELLA_QUESTION_MINE] = { "mine", "runs what the policy names",
				  "no policy was given" },
	[CELLA_QUESTION_FRESH] = { "fresh", "made for this request",
				   "no report data was expected" },
};

static void write_answers(const struct cella_verdict *v, const struct style *s,
			  struct out *out)
{
	static const char *const words[] = { "NO", "yes", "not asked", "UNKNOWN" };

	for (int q = 0; q < CELLA_QUESTION_COUNT; q++) {
		const enum cella_answer answer = v->answers[q];

		out_format(out, "  %-8s %s%-9s%s  %s%s%s\n", questions[q].title,
			   answer_style(s, answer), words[answer], s->reset, s->dim,
			   answer == CELLA_ANSWER_NOT_ASKED ? questions[q].unasked
							    : questions[q].question,
			   s->reset);
	}
}

static void write_line(struct out *out, const char *name, const char *value)
{
	if (value != NULL && *value != '\0')
		out_format(out, "      %-9s %s\n", name, value);
}

static void write_check(const struct cella_check *c, const struct style *s,
			struct out *out)
{
	static const char *const marks[] = { "FAIL", "ok", "?" };
	const char *const colours[] = { s->bad, s->good, s->dim };

	out_format(out, "  %s%-4s%s %-22s %s\n", colours[c->outcome], marks[c->outcome],
		   s->reset, c->id, c->title);
	if (c->outcome == CELLA_CHECK_PASS)
		return;
	write_line(out, "expected", c->expected);
	write_line(out, "found", c->actual);
	write_line(out, "where", c->where);
	write_line(out, "remedy", c->remedy);
}

static size_t count(const struct cella_verdict *v, enum cella_outcome outcome)
{
	size_t num = 0;

	for (size_t i = 0; i < v->num_checks; i++)
		num += v->checks[i].outcome == outcome;
	return num;
}

static void write_some(const struct cella_verdict *v, const struct style *s,
		       enum cella_outcome outcome, const char *heading, struct out *out)
{
	if (count(v, outcome) == 0)
		return;
	out_format(out, "\n%s\n", heading);
	for (size_t i = 0; i < v->num_checks; i++)
		if (v->checks[i].outcome == outcome)
			write_check(&v->checks[i], s, out);
}

/* Without collateral most checks cannot be made: only what else is missing is told. */
static void write_missing(const struct cella_verdict *v, const struct style *s,
			  struct out *out)
{
	size_t num = 0;

	for (size_t i = 0; i < v->num_checks; i++)
		num += v->checks[i].outcome == CELLA_CHECK_NOT_EVALUATED &&
		       v->checks[i].question != CELLA_QUESTION_MINE;
	out_format(out,
		   "\nNo collateral was given: %zu checks could not be made "
		   "(--collateral FILE|DIR|URL).\n",
		   num);
	for (size_t i = 0; i < v->num_checks; i++)
		if (v->checks[i].outcome == CELLA_CHECK_NOT_EVALUATED &&
		    v->checks[i].question == CELLA_QUESTION_MINE)
			write_check(&v->checks[i], s, out);
}

static void write_checks(const struct cella_verdict *v, const struct style *s, bool all,
			 struct out *out)
{
	write_some(v, s, CELLA_CHECK_FAIL, "Refused because:", out);
	if (all) {
		write_some(v, s, CELLA_CHECK_NOT_EVALUATED, "Not evaluated:", out);
		write_some(v, s, CELLA_CHECK_PASS, "Passed:", out);
	} else if (v->collateral == NULL && v->evidence->kind != CELLA_EVIDENCE_EVM) {
		write_missing(v, s, out);
	} else {
		write_some(v, s, CELLA_CHECK_NOT_EVALUATED, "Not evaluated:", out);
	}
	if (v->num_warnings > 0)
		out_text(out, "\nReported, not refused:\n");
	for (size_t i = 0; i < v->num_warnings; i++)
		out_format(out, "  %s\n", v->warnings[i]);
}

static void write_evm(const struct cella_verdict *v, const char *time, struct out *out)
{
	const char *const strength = evm_strength(v);

	out_format(out, "\n  %-11s as of %s\n", "Enclave VM", time);
	out_format(out, "  %-11s %s\n", "strength",
		   strength != NULL
			   ? "host: it does not protect from the root of its host"
			   : "none: no pinned root vouches for it");
}

static void write_summary(const struct cella_verdict *v, struct out *out)
{
	char time[CIVIL_TEXT_LEN];
	char when[CIVIL_TEXT_LEN];
	char span[32];

	if (v->evidence->kind == CELLA_EVIDENCE_EVM)
		write_evm(v, civil_format(v->time, time), out);
	else
		out_format(out, "\n  %-11s version %u, as of %s\n",
			   v->evidence->kind == CELLA_EVIDENCE_TDX_QUOTE ? "TDX quote"
									 : "SGX quote",
			   v->evidence->quote.version, civil_format(v->time, time));
	out_format(out, "  %-11s %s\n", "root",
		   v->root[0] != '\0' ? v->root : "no chain");
	if (v->status != CELLA_TCB_NONE)
		out_format(out, "  %-11s %s\n", "TCB", cella_tcb_status_name(v->status));
	if (v->has_tcb && v->launch.num_advisories > 0) {
		out_format(out, "  %-11s", "advisories");
		for (size_t i = 0; i < v->launch.num_advisories; i++)
			out_format(out, " %s", v->launch.advisories[i]);
		out_text(out, "\n");
	}
	if (v->first_expiry.what == NULL)
		return;
	out_format(out, "  %-11s %s on %s%s%s\n",
		   v->first_expiry.to < v->time ? "expired" : "expires first",
		   v->first_expiry.what, civil_format(v->first_expiry.to, when),
		   v->first_expiry.to < v->time ? "" : ", in ",
		   v->first_expiry.to < v->time
			   ? ""
			   : span_format(v->first_expiry.to - v->time, span));
}

static const char *const standing_words[] = {
	[CELLA_POLICY_BAD_SIGNATURE] = "BAD SIGNATURE",
	[CELLA_POLICY_FOREIGN_OWNER] = "signed by somebody who is not pinned",
	[CELLA_POLICY_UNSIGNED] = "not signed",
	[CELLA_POLICY_SELF_SIGNED] = "self-signed",
	[CELLA_POLICY_OWNER_PINNED] = "signed by a pinned owner",
};

static void write_policies(const struct cella_verdict *v, struct out *out)
{
	for (size_t i = 0; i < v->appraisal->num_policies; i++) {
		const struct cella_policy *const policy = v->appraisal->policies[i];

		out_format(out, "  %-11s %s, %s%s\n", "policy", policy->short_digest,
			   policy->source == CELLA_POLICY_REMOTE ? "from the network, "
								 : "",
			   standing_words[policy->standing]);
	}
}

enum cella_status cella_verdict_text(const struct cella_verdict *v, uint32_t flags,
				     char **text, struct cella_error *err)
{
	static const char *const results[] = { "REJECTED", "ACCEPTED", "UNDECIDED" };
	const struct style *const s = flags & CELLA_TEXT_COLOUR ? &coloured : &plain;
	struct out out CLEANUP(out_done) = { 0 };

	out_format(&out, "%s%s%s%s\n\n", s->bold,
		   v->result == CELLA_ACCEPTED   ? s->good
		   : v->result == CELLA_REJECTED ? s->bad
						 : "",
		   results[v->result], s->reset);
	write_answers(v, s, &out);
	write_summary(v, &out);
	write_policies(v, &out);
	write_checks(v, s, (flags & CELLA_TEXT_CHECKS) != 0, &out);
	return out_take_text(&out, text, err);
}
