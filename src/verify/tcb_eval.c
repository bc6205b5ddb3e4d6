/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCB evaluation.
 */
#include "verify/tcb_eval.h"

#include <string.h>

size_t tcb_first_component(const uint8_t tee_tcb_svn[TD_SVN_LEN])
{
	return tee_tcb_svn[1] > 0 ? 2 : 0;
}

static bool reaches(const struct tcb_level *level, const struct tcb_have *have)
{
	for (size_t i = 0; i < TCB_COMPONENTS; i++)
		if (have->pck->components[i] < level->sgx[i].svn)
			return false;
	if (have->pck->pce_svn < level->pce_svn)
		return false;
	if (have->tee_tcb_svn == NULL)
		return true;
	for (size_t i = tcb_first_component(have->tee_tcb_svn); i < TCB_COMPONENTS; i++)
		if (have->tee_tcb_svn[i] < level->tdx[i].svn)
			return false;
	return true;
}

static const struct tcb_level *find_level(const struct tcb_info *info,
					  const struct tcb_have *have)
{
	for (size_t i = 0; i < info->num_levels; i++)
		if (reaches(&info->levels[i], have))
			return &info->levels[i];
	return NULL;
}

static const struct isv_level *find_isv_level(const struct isv_level *levels,
					      size_t num_levels, uint16_t isv_svn)
{
	for (size_t i = 0; i < num_levels; i++)
		if (isv_svn >= levels[i].isv_svn)
			return &levels[i];
	return NULL;
}

/* What a component's OutOfDate makes of the platform's status. */
static enum cella_tcb_status outdated(enum cella_tcb_status platform)
{
	switch (platform) {
	case CELLA_TCB_UP_TO_DATE:
	case CELLA_TCB_SW_HARDENING_NEEDED:
		return CELLA_TCB_OUT_OF_DATE;
	case CELLA_TCB_CONFIGURATION_NEEDED:
	case CELLA_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED:
		return CELLA_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;
	case CELLA_TCB_OUT_OF_DATE:
	case CELLA_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED:
	case CELLA_TCB_REVOKED:
	case CELLA_TCB_NONE:
	case CELLA_TCB_TD_RELAUNCH_ADVISED:
	case CELLA_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED:
	case CELLA_TCB_NOT_SUPPORTED:
	case CELLA_TCB_COUNT:
		break;
	}
	return platform;
}

static enum cella_tcb_status converge(const struct tcb_evaluation *e)
{
	const struct isv_level *const components[] = { e->module_level, e->qe_level };
	enum cella_tcb_status status;

	if (e->level == NULL || e->qe_level == NULL ||
	    (e->has_module && e->module_level == NULL))
		return CELLA_TCB_NOT_SUPPORTED;
	status = e->level->standing.status;
	for (size_t i = 0; i < ARRAY_LEN(components); i++) {
		if (components[i] == NULL)
			continue;
		if (components[i]->standing.status == CELLA_TCB_REVOKED)
			return CELLA_TCB_REVOKED;
		if (components[i]->standing.status == CELLA_TCB_OUT_OF_DATE)
			status = outdated(status);
	}
	return status;
}

static int compare_texts(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The union of the levels' advisories and the oldest of their dates. */
static enum cella_status join(struct tcb_evaluation *e, struct arena *arena,
			      struct cella_error *err)
{
	const struct tcb_standing *const standings[] = {
		e->level != NULL ? &e->level->standing : NULL,
		e->module_level != NULL ? &e->module_level->standing : NULL,
		e->qe_level != NULL ? &e->qe_level->standing : NULL,
	};
	size_t total = 0;
	const char **all;
	size_t num = 0;

	e->date = INT64_MAX;
	for (size_t i = 0; i < ARRAY_LEN(standings); i++) {
		if (standings[i] == NULL)
			continue;
		total += standings[i]->num_advisories;
		if (standings[i]->date < e->date)
			e->date = standings[i]->date;
	}
	all = arena_alloc(arena, total, sizeof *all);
	TRY(arena_status(arena, err));
	for (size_t i = 0; i < ARRAY_LEN(standings); i++)
		for (size_t k = 0;
		     standings[i] != NULL && k < standings[i]->num_advisories; k++)
			all[num++] = standings[i]->advisories[k];
	if (total > 0)
		qsort(all, total, sizeof *all, compare_texts);
	num = 0;
	for (size_t i = 0; i < total; i++)
		if (num == 0 || strcmp(all[num - 1], all[i]) != 0)
			all[num++] = all[i];
	e->advisories = all;
	e->num_advisories = num;
	return CELLA_OK;
}

enum cella_status tcb_evaluate(const struct tcb_info *info,
			       const struct qe_identity *identity,
			       const struct tcb_have *have, struct arena *arena,
			       struct tcb_evaluation *out, struct cella_error *err)
{
	struct tcb_evaluation e = { .level = find_level(info, have) };

	if (have->tee_tcb_svn != NULL && have->tee_tcb_svn[1] > 0) {
		e.has_module = true;
		e.module = tcb_info_module(info, have->tee_tcb_svn[1]);
		if (e.module != NULL)
			e.module_level = find_isv_level(e.module->levels,
							e.module->num_levels,
							have->tee_tcb_svn[0]);
	}
	e.qe_level =
		find_isv_level(identity->levels, identity->num_levels, have->qe_isv_svn);
	e.status = converge(&e);
	TRY(join(&e, arena, err));
	*out = e;
	return CELLA_OK;
}

bool tcb_is_out_of_date(enum cella_tcb_status status)
{
	return status == CELLA_TCB_OUT_OF_DATE ||
	       status == CELLA_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;
}

bool tcb_is_in_date(enum cella_tcb_status status)
{
	return status >= CELLA_TCB_UP_TO_DATE &&
	       status <= CELLA_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED;
}

static bool needs_configuration(enum cella_tcb_status status)
{
	return status == CELLA_TCB_CONFIGURATION_NEEDED ||
	       status == CELLA_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED ||
	       status == CELLA_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;
}

enum cella_tcb_status tcb_relaunch(enum cella_tcb_status launch,
				   enum cella_tcb_status current)
{
	/* An evaluation without an answer spoils the whole, as in Intel's library. */
	if (current == CELLA_TCB_NOT_SUPPORTED)
		return CELLA_TCB_NOT_SUPPORTED;
	if (!tcb_is_out_of_date(launch) || !tcb_is_in_date(current))
		return launch;
	return needs_configuration(launch) || needs_configuration(current)
		       ? CELLA_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED
		       : CELLA_TCB_TD_RELAUNCH_ADVISED;
}

size_t tcb_status_parts(enum cella_tcb_status status, const char *parts[3])
{
	static const char *const table[CELLA_TCB_COUNT][3] = {
		[CELLA_TCB_UP_TO_DATE] = { "UpToDate" },
		[CELLA_TCB_SW_HARDENING_NEEDED] = { "UpToDate", "SWHardeningNeeded" },
		[CELLA_TCB_CONFIGURATION_NEEDED] = { "UpToDate", "ConfigurationNeeded" },
		[CELLA_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED] = { "UpToDate",
								      "SWHardeningNeeded",
								      "ConfigurationNeeded" },
		[CELLA_TCB_OUT_OF_DATE] = { "OutOfDate" },
		[CELLA_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED] = { "OutOfDate",
								 "ConfigurationNeeded" },
		[CELLA_TCB_TD_RELAUNCH_ADVISED] = { "TDRelaunchAdvised" },
		[CELLA_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED] = { "TDRelaunchAdvised",
									 "ConfigurationNeeded" },
		[CELLA_TCB_REVOKED] = { "Revoked" },
		[CELLA_TCB_NOT_SUPPORTED] = { "NotSupported" },
	};
	size_t num = 0;

	while (num < 3 && status < CELLA_TCB_COUNT && table[status][num] != NULL) {
		parts[num] = table[status][num];
		num++;
	}
	return num;
}
