/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explanations as text.
 */
#include "appraise/explain.h"

#include "base/civil.h"
#include "verify/evm_check.h"

#include <stdio.h>
#include <string.h>

static const char *day(int64_t time, char text[CIVIL_TEXT_LEN])
{
	civil_format(time, text);
	text[sizeof "2025-06-25" - 1] = '\0';
	return text;
}

static void write_advisories(struct out *out, const char *indent, const char *title,
			     const char *const *ids, size_t num)
{
	if (num == 0)
		return;
	out_format(out, "%s%s", indent, title);
	for (size_t i = 0; i < num; i++)
		out_format(out, "%s%s", i > 0 && i % 4 == 0 ? "\n      " : " ", ids[i]);
	out_text(out, "\n");
}

static bool lists(const struct tcb_standing *standing, const char *id)
{
	for (size_t i = 0; i < standing->num_advisories; i++)
		if (strcmp(standing->advisories[i], id) == 0)
			return true;
	return false;
}

/* The advisories of a level that a newer level no longer has. */
static void write_settled(struct out *out, const struct tcb_standing *at,
			  const struct tcb_standing *target)
{
	size_t num = 0;

	for (size_t i = 0; i < at->num_advisories; i++) {
		if (lists(target, at->advisories[i]))
			continue;
		out_format(out, "%s%s",
			   num == 0       ? "    that settles: "
			   : num % 4 == 0 ? "\n      "
					  : " ",
			   at->advisories[i]);
		num++;
	}
	if (num > 0)
		out_text(out, "\n");
}

static void write_shortfalls(struct out *out, const struct standing *s)
{
	char date[CIVIL_TEXT_LEN];

	out_format(out, "  to reach level %zu (%s, %s) it lacks:\n", s->target,
		   cella_tcb_status_name(s->target_at->status),
		   day(s->target_at->date, date));
	out_format(out, "    %-18s %4s %6s  %s\n", "", "has", "needs", "raised by");
	for (size_t i = 0; i < s->num_shortfalls; i++) {
		const struct shortfall *const f = &s->shortfalls[i];

		out_format(out, "    %-18s %4u %6u  %s\n", f->component, f->has, f->needs,
			   update_advice(f));
	}
	if (s->at != NULL)
		write_settled(out, s->at, s->target_at);
}

static void write_ladder(struct out *out, const struct standing *s)
{
	char date[CIVIL_TEXT_LEN];

	if (s->name[0] == '\0')
		return;
	out_format(out, "\n%s %s\n", s->what, s->name);
	if (!s->is_known) {
		out_text(out, "  the TCB info lists no such identity\n");
		return;
	}
	if (s->level == 0)
		out_format(out, "  is below all of its %zu levels\n", s->num_levels);
	else
		out_format(out, "  stands on level %zu of %zu: %s, of %s\n", s->level,
			   s->num_levels, cella_tcb_status_name(s->at->status),
			   day(s->at->date, date));
	if (s->at != NULL)
		write_advisories(out, "  ", "advisories:", s->at->advisories,
				 s->at->num_advisories);
	if (s->num_shortfalls > 0)
		write_shortfalls(out, s);
	else if (s->level == 1 && s->at->status != CELLA_TCB_UP_TO_DATE)
		out_text(out, "  this is its newest level: no update raises it\n");
}

static void write_relaunch(struct out *out, const struct explanation *x)
{
	const struct cella_verdict *const v = x->verdict;

	if (!v->has_current)
		return;
	out_format(out, "\nat launch %s, by the module that runs now %s\n",
		   cella_tcb_status_name(v->launch.status),
		   cella_tcb_status_name(v->current.status));
	if (memcmp(v->td.tee_tcb_svn, v->td.tee_tcb_svn2, TD_SVN_LEN) == 0)
		return;
	for (size_t i = 0; i < LADDER_QE; i++) {
		out_text(out, "\nnow:");
		write_ladder(out, &x->current[i]);
	}
}

static void write_expiries(struct out *out, const struct cella_verdict *v)
{
	bool told[DATES_COUNT] = { false };
	char time[CIVIL_TEXT_LEN];
	char span[32];

	out_text(out, "\nexpires\n");
	for (size_t n = 0; n < DATES_COUNT; n++) {
		const struct dated *next = NULL;
		size_t at = 0;

		for (size_t i = 0; i < DATES_COUNT; i++) {
			const struct dated *const d = &v->dates[i];

			if (d->known && !told[i] &&
			    (next == NULL || d->expires.to < next->expires.to)) {
				next = d;
				at = i;
			}
		}
		if (next == NULL)
			return;
		told[at] = true;
		out_format(out, "  %s  %-28s %s%s\n",
			   civil_format(next->expires.to, time), next->expires.what,
			   next->expires.to < v->time ? "expired, since " : "in ",
			   span_format(next->expires.to < v->time
					       ? v->time - next->expires.to
					       : next->expires.to - v->time,
				       span));
	}
}

static void write_ways(struct out *out, const char *what,
		       const struct launch_texts *texts)
{
	out_format(out, "  %s: %s", what,
		   texts->num_items > 0 ? texts->items[0] : "none");
	for (size_t i = 1; i < texts->num_items; i++)
		out_format(out, ", %s", texts->items[i]);
	out_text(out, "\n");
}

/* There is no TCB that a vendor would rate: the host is believed, or it is not. */
static void write_evm(struct out *out, const struct cella_verdict *v)
{
	const struct evm *const evm = v->evidence->evm;
	const struct launch_told *const told = &evm->launch;

	out_text(out,
		 evm_strength(v) != NULL
			 ? "strength: host\n  the pinned root of a host vouches for the "
			   "vTPM; whoever is root on that\n  host has its key, and is "
			   "believed by whoever pins it\n"
			 : "strength: none\n  no pinned root vouches for the vTPM\n");
	if (evm->launch_fault.status != CELLA_OK)
		return;
	out_format(out, "launch: machine %s, %u vCPUs, %u MiB, %s, %s\n", told->machine,
		   told->config.vcpus, told->config.memory_mib,
		   told->config.debug ? "for debugging" : "not for debugging",
		   told->image.is_signed ? "a signed image"
					 : "an image without signature");
	write_ways(out, "ports of the guest for its host", &evm->to_guest);
	write_ways(out, "ports of the host for the guest", &evm->from_guest);
	write_ways(out, "forwarded to the guest", &told->config.forward);
	write_ways(out, "egress", &told->config.egress);
}

static void write_head(struct out *out, const struct cella_verdict *v)
{
	char date[CIVIL_TEXT_LEN];

	if (v->evidence->kind == CELLA_EVIDENCE_EVM) {
		write_evm(out, v);
		return;
	}
	out_format(out, "TCB status: %s\n",
		   v->has_tcb ? cella_tcb_status_name(v->status) : "not evaluated");
	out_format(out, "  %s\n", tcb_status_meaning(v->status));
	if (!v->has_tcb)
		return;
	out_format(out, "  by TCB info number %u of %s",
		   v->tcb_info->info.evaluation_number,
		   day(v->tcb_info->info.issue_date, date));
	out_format(out, " and %s identity number %u of %s\n",
		   identity_name(v->identity->identity.id),
		   v->identity->identity.evaluation_number,
		   day(v->identity->identity.issue_date, date));
}

/* --- two sets of collateral ---------------------------------------------------------- */

enum { ASPECT_LEN = 64 };

static void describe_result(const struct cella_verdict *v, size_t unused,
			    char out[ASPECT_LEN])
{
	(void)unused;
	snprintf(out, ASPECT_LEN, "%s", cella_result_name(v->result));
}

static void describe_status(const struct cella_verdict *v, size_t unused,
			    char out[ASPECT_LEN])
{
	(void)unused;
	snprintf(out, ASPECT_LEN, "%s",
		 v->has_tcb ? cella_tcb_status_name(v->status) : "not evaluated");
}

static void describe_ladder(const struct cella_verdict *v, size_t ladder,
			    char out[ASPECT_LEN])
{
	const struct standing *s;
	struct explanation x;

	snprintf(out, ASPECT_LEN, "unknown");
	if (!v->has_tcb)
		return;
	explain(v, &x);
	s = &x.ladders[ladder];
	if (s->at != NULL)
		snprintf(out, ASPECT_LEN, "%s, level %zu of %zu",
			 cella_tcb_status_name(s->at->status), s->level, s->num_levels);
	else if (s->is_known)
		snprintf(out, ASPECT_LEN, "below all %zu levels", s->num_levels);
}

static void describe_tcb_info(const struct cella_verdict *v, size_t unused,
			      char out[ASPECT_LEN])
{
	char date[CIVIL_TEXT_LEN];

	(void)unused;
	snprintf(out, ASPECT_LEN, "none");
	if (v->tcb_info != NULL)
		snprintf(out, ASPECT_LEN, "number %u of %s",
			 v->tcb_info->info.evaluation_number,
			 day(v->tcb_info->info.issue_date, date));
}

static void describe_identity(const struct cella_verdict *v, size_t unused,
			      char out[ASPECT_LEN])
{
	char date[CIVIL_TEXT_LEN];

	(void)unused;
	snprintf(out, ASPECT_LEN, "none");
	if (v->identity != NULL)
		snprintf(out, ASPECT_LEN, "number %u of %s",
			 v->identity->identity.evaluation_number,
			 day(v->identity->identity.issue_date, date));
}

static void describe_expiry(const struct cella_verdict *v, size_t unused,
			    char out[ASPECT_LEN])
{
	char time[CIVIL_TEXT_LEN];

	(void)unused;
	snprintf(out, ASPECT_LEN, "%.30s, %s",
		 v->first_expiry.what != NULL ? v->first_expiry.what : "nothing",
		 civil_format(v->first_expiry.to, time));
}

/* What is compared between two verdicts on the same evidence. */
static const struct {
	const char *what;
	void (*describe)(const struct cella_verdict *, size_t, char[ASPECT_LEN]);
	size_t argument;
} aspects[] = {
	{ "verdict", describe_result, 0 },
	{ "TCB status", describe_status, 0 },
	{ "platform", describe_ladder, LADDER_PLATFORM },
	{ "TDX module", describe_ladder, LADDER_MODULE },
	{ "quoting enclave", describe_ladder, LADDER_QE },
	{ "TCB info", describe_tcb_info, 0 },
	{ "QE identity", describe_identity, 0 },
	{ "expires first", describe_expiry, 0 },
};

static bool has_advisory(const struct cella_verdict *v, const char *id)
{
	for (size_t i = 0; i < v->launch.num_advisories; i++)
		if (strcmp(v->launch.advisories[i], id) == 0)
			return true;
	return false;
}

static void write_new_advisories(struct out *out, const char *title,
				 const struct cella_verdict *of,
				 const struct cella_verdict *not_of, size_t *num)
{
	for (size_t i = 0; i < of->launch.num_advisories; i++) {
		if (has_advisory(not_of, of->launch.advisories[i]))
			continue;
		out_format(out, "  %-16s %s\n", title, of->launch.advisories[i]);
		(*num)++;
	}
}

static void write_comparison(struct out *out, const struct cella_verdict *v,
			     const struct cella_verdict *other)
{
	size_t num = 0;

	out_text(out, "\nwith the other collateral\n");
	for (size_t i = 0; i < ARRAY_LEN(aspects); i++) {
		char before[ASPECT_LEN];
		char after[ASPECT_LEN];

		aspects[i].describe(v, aspects[i].argument, before);
		aspects[i].describe(other, aspects[i].argument, after);
		if (strcmp(before, after) == 0)
			continue;
		out_format(out, "  %-16s %-42s -> %s\n", aspects[i].what, before, after);
		num++;
	}
	write_new_advisories(out, "advisory comes", other, v, &num);
	write_new_advisories(out, "advisory goes", v, other, &num);
	if (num == 0)
		out_text(out, "  nothing changes\n");
}

enum cella_status cella_verdict_explain(const struct cella_verdict *verdict,
					const struct cella_verdict *other, char **text,
					struct cella_error *err)
{
	struct out out CLEANUP(out_done) = { 0 };
	struct explanation x;

	write_head(&out, verdict);
	if (verdict->has_tcb) {
		explain(verdict, &x);
		for (size_t i = 0; i < LADDER_COUNT; i++)
			write_ladder(&out, &x.ladders[i]);
		write_relaunch(&out, &x);
	}
	write_expiries(&out, verdict);
	if (other != NULL)
		write_comparison(&out, verdict, other);
	return out_take_text(&out, text, err);
}
