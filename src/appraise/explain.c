/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explanations: from an evaluation to levels, shortfalls and advice.
 */
#include "appraise/explain.h"

#include "base/encode.h"
#include "verify/dcap.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char *const meanings[CELLA_TCB_COUNT] = {
	[CELLA_TCB_NONE] = "The TCB was not evaluated.",
	[CELLA_TCB_UP_TO_DATE] = "Everything that counts is at the newest level.",
	[CELLA_TCB_SW_HARDENING_NEEDED] =
		"The platform is up to date, but the software in the TEE must itself be built "
		"against the advisories.",
	[CELLA_TCB_CONFIGURATION_NEEDED] =
		"The platform is up to date, but a setting of its firmware leaves it open to the "
		"advisories.",
	[CELLA_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED] =
		"The platform is up to date, but a setting of its firmware leaves it open, and "
		"the software in the TEE must be built against the advisories.",
	[CELLA_TCB_OUT_OF_DATE] =
		"Something on the platform is older than the fixes for the "
		"advisories.",
	[CELLA_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED] =
		"Something on the platform is older than the fixes, and a setting of its firmware "
		"leaves it open.",
	[CELLA_TCB_TD_RELAUNCH_ADVISED] =
		"The host was updated after this TD was launched: launch the TD again.",
	[CELLA_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED] =
		"The host was updated after this TD was launched: launch the TD again; a setting "
		"of the host's firmware leaves it open besides.",
	[CELLA_TCB_REVOKED] = "This level is revoked: it must not be trusted.",
	[CELLA_TCB_NOT_SUPPORTED] =
		"The platform is below every level that the vendor lists.",
};

const char *tcb_status_meaning(enum cella_tcb_status status)
{
	return meanings[status];
}

/* Categories and types are the TCB info's own words (PCS API, "Get TCB Info"). */
static const struct {
	const char *category; /* NULL: any */
	const char *type;     /* NULL: any */
	const char *advice;
} advices[] = {
	{ NULL, "TDX Module", "a newer TDX module on the host" },
	{ NULL, "SEAMLDR ACM", "a newer SEAM loader on the host" },
	{ NULL, "TXT SINIT", "a newer TXT SINIT module on the host" },
	{ NULL, "Early Microcode Update", "newer microcode in the host's BIOS" },
	{ NULL, "SGX Late Microcode Update", "newer microcode in the host's OS" },
	{ NULL, "TDX Late Microcode Update", "newer microcode in the host's OS" },
	{ "BIOS", NULL, "a newer BIOS of the host" },
	{ "OS/VMM", NULL, "an update of the host's OS or VMM" },
	{ "PCE", NULL, "newer SGX platform software (PCE) on the host" },
	{ "QE", NULL, "a newer quoting enclave on the host" },
};

const char *update_advice(const struct shortfall *shortfall)
{
	for (size_t i = 0; i < ARRAY_LEN(advices); i++) {
		if (advices[i].type != NULL
			    ? shortfall->type != NULL &&
				      strcmp(shortfall->type, advices[i].type) == 0
			    : shortfall->category != NULL &&
				      strcmp(shortfall->category, advices[i].category) ==
					      0)
			return advices[i].advice;
	}
	return "the TCB info does not say";
}

static void add_shortfall(struct standing *s, const char *component, size_t number,
			  unsigned has, const struct tcb_component *needs)
{
	struct shortfall *const shortfall = &s->shortfalls[s->num_shortfalls];

	if (has >= needs->svn)
		return;
	*shortfall = (struct shortfall){ .has = has,
					 .needs = needs->svn,
					 .category = needs->category,
					 .type = needs->type };
	snprintf(shortfall->component, sizeof shortfall->component, "%s %zu", component,
		 number);
	s->num_shortfalls++;
}

static void add_svn(struct standing *s, const char *component, unsigned has,
		    unsigned needs, const char *category, const char *type)
{
	struct shortfall *const shortfall = &s->shortfalls[s->num_shortfalls];

	if (has >= needs)
		return;
	*shortfall = (struct shortfall){
		.has = has, .needs = needs, .category = category, .type = type
	};
	snprintf(shortfall->component, sizeof shortfall->component, "%s", component);
	s->num_shortfalls++;
}

/* The level to compare with: the newest, or the lowest when even that is out of reach. */
static size_t target_of(size_t level, size_t num_levels)
{
	if (level == 1)
		return 0;
	return level == 0 ? num_levels : 1;
}

static void explain_platform(const struct cella_verdict *v,
			     const struct tcb_evaluation *e, const uint8_t *tee_tcb_svn,
			     struct standing *s)
{
	const struct tcb_info *const info = &v->tcb_info->info;
	const struct pck_ext *const have = &v->pck->ext;
	char fmspc[2 * FMSPC_LEN + 1];
	const struct tcb_level *target;

	*s = (struct standing){ .what = "platform",
				.is_known = true,
				.num_levels = info->num_levels };
	snprintf(s->name, sizeof s->name, "FMSPC %s",
		 hex_format(bytes_of(info->fmspc, FMSPC_LEN), fmspc));
	if (e->level != NULL) {
		s->level = (size_t)(e->level - info->levels) + 1;
		s->at = &e->level->standing;
	}
	s->target = target_of(s->level, s->num_levels);
	if (s->target == 0)
		return;
	target = &info->levels[s->target - 1];
	s->target_at = &target->standing;
	for (size_t i = 0; i < TCB_COMPONENTS; i++)
		add_shortfall(s, "SGX component", i + 1, have->components[i],
			      &target->sgx[i]);
	add_svn(s, "PCE", have->pce_svn, target->pce_svn, "PCE", NULL);
	if (tee_tcb_svn == NULL)
		return;
	for (size_t i = tcb_first_component(tee_tcb_svn); i < TCB_COMPONENTS; i++)
		add_shortfall(s, "TDX component", i + 1, tee_tcb_svn[i], &target->tdx[i]);
}

static void explain_isv(struct standing *s, const struct isv_level *levels,
			size_t num_levels, const struct isv_level *at, unsigned has,
			const char *category, const char *type)
{
	s->is_known = true;
	s->num_levels = num_levels;
	if (at != NULL) {
		s->level = (size_t)(at - levels) + 1;
		s->at = &at->standing;
	}
	s->target = target_of(s->level, num_levels);
	if (s->target == 0)
		return;
	s->target_at = &levels[s->target - 1].standing;
	add_svn(s, s->what, has, levels[s->target - 1].isv_svn, category, type);
}

static void explain_evaluation(const struct cella_verdict *v,
			       const struct tcb_evaluation *e, const uint8_t *tee_tcb_svn,
			       struct standing ladders[LADDER_COUNT])
{
	const struct qe_identity *const identity = &v->identity->identity;
	struct standing *const module = &ladders[LADDER_MODULE];
	struct standing *const qe = &ladders[LADDER_QE];

	explain_platform(v, e, tee_tcb_svn, &ladders[LADDER_PLATFORM]);
	*module = (struct standing){ .what = "TDX module" };
	if (e->has_module) {
		assert(tee_tcb_svn != NULL);
		snprintf(module->name, sizeof module->name, "TDX_%02X", tee_tcb_svn[1]);
		if (e->module != NULL)
			explain_isv(module, e->module->levels, e->module->num_levels,
				    e->module_level, tee_tcb_svn[0], NULL, "TDX Module");
	}
	*qe = (struct standing){ .what = "quoting enclave" };
	snprintf(qe->name, sizeof qe->name, "%s", identity_name(identity->id));
	explain_isv(qe, identity->levels, identity->num_levels, e->qe_level,
		    v->qe.isv_svn, "QE", NULL);
}

void explain(const struct cella_verdict *v, struct explanation *out)
{
	*out = (struct explanation){ .verdict = v };
	explain_evaluation(v, &v->launch, verdict_is_tdx(v) ? v->td.tee_tcb_svn : NULL,
			   out->ladders);
	if (v->has_current)
		explain_evaluation(v, &v->current, v->td.tee_tcb_svn2, out->current);
}
