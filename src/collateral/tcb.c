/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCB statuses and levels of a single security version number.
 */
#include "collateral/tcb.h"

#include <stdio.h>
#include <string.h>

static const char *const status_names[] = {
	[CELLA_TCB_NONE] = "",
	[CELLA_TCB_UP_TO_DATE] = "UpToDate",
	[CELLA_TCB_SW_HARDENING_NEEDED] = "SWHardeningNeeded",
	[CELLA_TCB_CONFIGURATION_NEEDED] = "ConfigurationNeeded",
	[CELLA_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED] =
		"ConfigurationAndSWHardeningNeeded",
	[CELLA_TCB_OUT_OF_DATE] = "OutOfDate",
	[CELLA_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED] = "OutOfDateConfigurationNeeded",
	[CELLA_TCB_TD_RELAUNCH_ADVISED] = "TDRelaunchAdvised",
	[CELLA_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED] =
		"TDRelaunchAdvisedConfigurationNeeded",
	[CELLA_TCB_REVOKED] = "Revoked",
	[CELLA_TCB_NOT_SUPPORTED] = "NotSupported",
};
_Static_assert(ARRAY_LEN(status_names) == CELLA_TCB_COUNT, "a name per status");

const char *cella_tcb_status_name(enum cella_tcb_status status)
{
	return status > CELLA_TCB_NONE && status < CELLA_TCB_COUNT ? status_names[status]
								   : NULL;
}

enum cella_tcb_status cella_tcb_status_find(const char *name)
{
	for (int i = CELLA_TCB_NONE + 1; i < CELLA_TCB_COUNT; i++)
		if (strcmp(status_names[i], name) == 0)
			return (enum cella_tcb_status)i;
	return CELLA_TCB_NONE;
}

/* Statuses that a document may give; the others only arise from evaluating it. */
static bool is_document_status(enum cella_tcb_status status)
{
	return (status >= CELLA_TCB_UP_TO_DATE &&
		status <= CELLA_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED) ||
	       status == CELLA_TCB_REVOKED;
}

static enum cella_status read_advisories(const json_t *ids, const char *where,
					 struct arena *arena, struct tcb_standing *out,
					 struct cella_error *err)
{
	const size_t num = json_array_size(ids);
	const char **texts;
	char path[160];

	snprintf(path, sizeof path, "%s: advisoryIDs", where);
	if (num > TCB_MAX_ADVISORIES)
		return error_set(err, CELLA_LIMIT, "%s: %zu advisories, at most %d",
				 where, num, TCB_MAX_ADVISORIES);
	TRY(json_check_texts(ids, path, err));
	texts = arena_alloc(arena, num, sizeof *texts);
	TRY(arena_status(arena, err));
	for (size_t i = 0; i < num; i++)
		texts[i] = json_string_value(json_array_get(ids, i));
	out->advisories = texts;
	out->num_advisories = num;
	return CELLA_OK;
}

enum cella_status tcb_standing_read(const json_t *level, const char *where,
				    struct arena *arena, struct tcb_standing *out,
				    struct cella_error *err)
{
	struct raw {
		const char *status;
		int64_t date;
		const json_t *advisories;
	} raw = { 0 };
	static const struct json_field fields[] = {
		{ "tcbStatus", JSON_FIELD_TEXT, offsetof(struct raw, status), 0, false },
		{ "tcbDate", JSON_FIELD_TIME, offsetof(struct raw, date), 0, false },
		{ "advisoryIDs", JSON_FIELD_ARRAY, offsetof(struct raw, advisories), 0,
		  true },
	};

	TRY(json_read(level, fields, ARRAY_LEN(fields), &raw, where, err));
	*out = (struct tcb_standing){ .status = cella_tcb_status_find(raw.status),
				      .date = raw.date };
	if (!is_document_status(out->status))
		return error_set(err, CELLA_MALFORMED,
				 "%s: tcbStatus: \"%.40s\" is not a TCB status", where,
				 raw.status);
	return raw.advisories == NULL
		       ? CELLA_OK
		       : read_advisories(raw.advisories, where, arena, out, err);
}

static enum cella_status read_isv_level(const json_t *level, const char *where,
					struct arena *arena, struct isv_level *out,
					struct cella_error *err)
{
	static const struct json_field level_fields[] = {
		{ "tcb", JSON_FIELD_OBJECT, 0, 0, false },
	};
	static const struct json_field tcb_fields[] = {
		{ "isvsvn", JSON_FIELD_U16, offsetof(struct isv_level, isv_svn), 0,
		  false },
	};
	const json_t *tcb = NULL;

	TRY(json_read(level, level_fields, ARRAY_LEN(level_fields), &tcb, where, err));
	TRY(json_read(tcb, tcb_fields, ARRAY_LEN(tcb_fields), out, where, err));
	TRY(tcb_standing_read(level, where, arena, &out->standing, err));
	if (out->standing.status != CELLA_TCB_UP_TO_DATE &&
	    out->standing.status != CELLA_TCB_OUT_OF_DATE &&
	    out->standing.status != CELLA_TCB_REVOKED)
		return error_set(err, CELLA_MALFORMED,
				 "%s: tcbStatus: \"%s\" cannot stand here", where,
				 cella_tcb_status_name(out->standing.status));
	return CELLA_OK;
}

static int compare_falling(const void *left, const void *right)
{
	const struct isv_level *const a = left;
	const struct isv_level *const b = right;

	return (a->isv_svn < b->isv_svn) - (a->isv_svn > b->isv_svn);
}

enum cella_status isv_levels_read(const json_t *levels, const char *where,
				  struct arena *arena, struct isv_level **out,
				  size_t *num_levels, struct cella_error *err)
{
	const size_t num = json_array_size(levels);
	struct isv_level *list;

	if (num == 0)
		return error_set(err, CELLA_MALFORMED, "%s: has no levels", where);
	if (num > TCB_MAX_LEVELS)
		return error_set(err, CELLA_LIMIT, "%s: %zu levels, at most %d", where,
				 num, TCB_MAX_LEVELS);
	list = arena_alloc(arena, num, sizeof *list);
	TRY(arena_status(arena, err));
	for (size_t i = 0; i < num; i++) {
		char path[128];

		snprintf(path, sizeof path, "%s[%zu]", where, i);
		TRY(read_isv_level(json_array_get(levels, i), path, arena, &list[i],
				   err));
	}
	qsort(list, num, sizeof *list, compare_falling);
	for (size_t i = 1; i < num; i++)
		if (list[i].isv_svn == list[i - 1].isv_svn)
			return error_set(err, CELLA_MALFORMED,
					 "%s: level %u occurs twice", where,
					 list[i].isv_svn);
	*out = list;
	*num_levels = num;
	return CELLA_OK;
}
