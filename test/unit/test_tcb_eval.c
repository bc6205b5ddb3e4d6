/* SPDX-License-Identifier: Apache-2.0 */
#include "maker.h"
#include "support.h"

#include "verify/tcb_eval.h"

#include <stdio.h>

/* Statuses as Intel's tables abbreviate them. */
#define UTD "UpToDate"
#define SWH "SWHardeningNeeded"
#define CN "ConfigurationNeeded"
#define CN_SWH "ConfigurationAndSWHardeningNeeded"
#define OOD "OutOfDate"
#define OOD_CN "OutOfDateConfigurationNeeded"
#define RKD "Revoked"

#define OLD "2023-01-01T00:00:00Z"
#define MIDDLE "2024-01-01T00:00:00Z"
#define NEW "2025-01-01T00:00:00Z"

enum { LATEST = 5, EARLIER = 2 }; /* security version numbers of the two levels */

/* What is evaluated: documents with a latest and an earlier level, and a platform. */
struct scene {
	struct maker m;
	struct tcb_info info;
	struct qe_identity identity;
	struct pck_ext pck;
	uint8_t svn1[TD_SVN_LEN];
	uint8_t svn2[TD_SVN_LEN];
	uint16_t qe_isv_svn;
	struct arena arena;
};

static void scene_init(struct scene *s)
{
	*s = (struct scene){ .qe_isv_svn = 4 };
	maker_init(&s->m, MAKER_TDX);
	s->m.levels[0] = (struct make_level){ LATEST, 13, LATEST, UTD, NEW, "" };
	s->m.levels[1] = (struct make_level){ EARLIER, 5, EARLIER, OOD, MIDDLE, "" };
	s->m.module_id = "TDX_01";
	s->m.module_levels[0] = (struct make_isv_level){ LATEST, UTD, NEW, "" };
	s->m.module_levels[1] = (struct make_isv_level){ EARLIER, OOD, MIDDLE, "" };
	s->m.qe_levels[0] = (struct make_isv_level){ 4, UTD, NEW, "" };
	s->pck = s->m.ext;
	memset(s->svn1, LATEST, sizeof s->svn1);
	memset(s->svn2, LATEST, sizeof s->svn2);
	s->svn1[1] = s->svn2[1] = 1;
}

static void scene_parse(struct scene *s)
{
	struct cella_error err = { 0 };

	maker_documents(&s->m);
	CHECK_OK(tcb_info_parse(out_view(&s->m.tcb_info_text), &s->info, &err));
	CHECK_OK(qe_identity_parse(out_view(&s->m.identity_text), &s->identity, &err));
}

static void scene_done(struct scene *s)
{
	tcb_info_done(&s->info);
	qe_identity_done(&s->identity);
	arena_done(&s->arena);
	maker_done(&s->m);
}

static struct tcb_evaluation evaluate(struct scene *s, const uint8_t *tee_tcb_svn)
{
	const struct tcb_have have = { &s->pck, tee_tcb_svn, s->qe_isv_svn };
	struct tcb_evaluation evaluation;
	struct cella_error err = { 0 };

	CHECK_OK(tcb_evaluate(&s->info, &s->identity, &have, &s->arena, &evaluation,
			      &err));
	return evaluation;
}

static const char *status_of(struct scene *s)
{
	const enum cella_tcb_status launch = evaluate(s, s->svn1).status;

	return cella_tcb_status_name(tcb_relaunch(launch, evaluate(s, s->svn2).status));
}

/* Intel's own matrix: statuses of the latest and the earlier level, and who reaches which. */
static void status_matrix(void **state)
{
	static const struct {
		const char *platform[2]; /* latest, earlier */
		const char *module[2];
		unsigned cert, svn1, svn2;
		const char *qe;
		const char *expected;
	} rows[] = {
		{ { UTD, OOD }, { UTD, OOD }, LATEST, LATEST, LATEST, UTD, UTD },
		{ { UTD, RKD }, { UTD, OOD }, LATEST, LATEST, LATEST, UTD, UTD },
		{ { RKD, OOD }, { UTD, OOD }, LATEST, LATEST, LATEST, UTD, RKD },
		{ { RKD, OOD }, { UTD, OOD }, LATEST, LATEST, LATEST, OOD, RKD },
		{ { RKD, OOD }, { UTD, OOD }, LATEST, LATEST, LATEST, RKD, RKD },
		{ { UTD, OOD }, { RKD, OOD }, LATEST, LATEST, LATEST, UTD, RKD },
		{ { UTD, OOD }, { UTD, OOD }, LATEST, LATEST, LATEST, RKD, RKD },
		{ { UTD, OOD }, { UTD, OOD }, EARLIER, EARLIER, EARLIER, UTD, OOD },
		{ { UTD, OOD }, { UTD, OOD }, EARLIER, LATEST, LATEST, UTD, OOD },
		{ { RKD, OOD }, { OOD, OOD }, LATEST, EARLIER, LATEST, UTD, OOD },
		{ { OOD, OOD }, { UTD, OOD }, LATEST, LATEST, LATEST, UTD, OOD },
		{ { UTD, OOD }, { UTD, OOD }, LATEST, LATEST, LATEST, OOD, OOD },
		{ { UTD, OOD }, { OOD, OOD }, LATEST, EARLIER, LATEST, UTD, OOD },
		{ { UTD, OOD }, { OOD, OOD }, LATEST, EARLIER, LATEST, OOD, OOD },
		{ { SWH, OOD }, { UTD, OOD }, LATEST, LATEST, LATEST, UTD, SWH },
		{ { CN_SWH, OOD }, { UTD, OOD }, LATEST, LATEST, LATEST, UTD, CN_SWH },
		{ { UTD, OOD },
		  { UTD, OOD },
		  LATEST,
		  EARLIER,
		  LATEST,
		  UTD,
		  "TDRelaunchAdvised" },
		{ { UTD, OOD_CN },
		  { UTD, OOD },
		  LATEST,
		  EARLIER,
		  LATEST,
		  UTD,
		  "TDRelaunchAdvisedConfigurationNeeded" },
		{ { CN, OOD },
		  { UTD, OOD },
		  LATEST,
		  EARLIER,
		  LATEST,
		  UTD,
		  "TDRelaunchAdvisedConfigurationNeeded" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scene s;
		char name[100];

		snprintf(name, sizeof name, "row %zu: %s/%s, %s/%s", i,
			 rows[i].platform[0], rows[i].platform[1], rows[i].module[0],
			 rows[i].module[1]);
		CASE(name);
		scene_init(&s);
		for (size_t k = 0; k < 2; k++) {
			s.m.levels[k].status = rows[i].platform[k];
			s.m.module_levels[k].status = rows[i].module[k];
		}
		s.m.qe_levels[0].status = rows[i].qe;
		memset(s.pck.components, (int)rows[i].cert, sizeof s.pck.components);
		memset(s.svn1, (int)rows[i].svn1, sizeof s.svn1);
		memset(s.svn2, (int)rows[i].svn2, sizeof s.svn2);
		s.svn1[1] = s.svn2[1] = 1;
		scene_parse(&s);
		CHECK_TEXT(rows[i].expected, status_of(&s));
		scene_done(&s);
	}
}

/* How the standing of module and quoting enclave enters the platform's: nine pairs each. */
static void convergence(void **state)
{
	static const struct {
		const char *platform;
		const char *outdated; /* when one is out of date and none is revoked */
	} rows[] = {
		{ UTD, OOD }, { SWH, OOD },       { CN, OOD_CN }, { CN_SWH, OOD_CN },
		{ OOD, OOD }, { OOD_CN, OOD_CN }, { RKD, RKD },
	};
	static const char *const components[] = { UTD, OOD, RKD };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows) * 9; i++) {
		const char *const module = components[i % 3];
		const char *const qe = components[i / 3 % 3];
		const char *expected = rows[i / 9].platform;
		struct scene s;

		CASE(rows[i / 9].platform);
		if (strcmp(module, OOD) == 0 || strcmp(qe, OOD) == 0)
			expected = rows[i / 9].outdated;
		if (strcmp(module, RKD) == 0 || strcmp(qe, RKD) == 0)
			expected = RKD;
		scene_init(&s);
		s.m.levels[0].status = rows[i / 9].platform;
		s.m.module_levels[0].status = module;
		s.m.qe_levels[0].status = qe;
		scene_parse(&s);
		CHECK_TEXT(expected, cella_tcb_status_name(evaluate(&s, s.svn1).status));
		scene_done(&s);
	}
}

/* A platform in date now, of a TD that was launched out of date; all other pairs stand. */
static void relaunch(void **state)
{
	(void)state;
	for (int launch = CELLA_TCB_NONE; launch < CELLA_TCB_COUNT; launch++) {
		for (int now = CELLA_TCB_NONE; now < CELLA_TCB_COUNT; now++) {
			const bool was_outdated =
				launch == CELLA_TCB_OUT_OF_DATE ||
				launch == CELLA_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;
			const bool is_configured = launch == CELLA_TCB_OUT_OF_DATE &&
						   (now == CELLA_TCB_UP_TO_DATE ||
						    now == CELLA_TCB_SW_HARDENING_NEEDED);
			const bool is_in_date =
				now == CELLA_TCB_UP_TO_DATE ||
				now == CELLA_TCB_SW_HARDENING_NEEDED ||
				now == CELLA_TCB_CONFIGURATION_NEEDED ||
				now == CELLA_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED;
			int expected = launch;

			if (now == CELLA_TCB_NOT_SUPPORTED)
				expected = CELLA_TCB_NOT_SUPPORTED;
			else if (was_outdated && is_in_date)
				expected =
					is_configured
						? CELLA_TCB_TD_RELAUNCH_ADVISED
						: CELLA_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED;
			CHECK_INT(expected, tcb_relaunch((enum cella_tcb_status)launch,
							 (enum cella_tcb_status)now));
		}
	}
}

/* With a module of its own identity the first two TDX components do not count. */
static void components_that_count(void **state)
{
	static const struct {
		const char *name;
		uint8_t major;
		size_t low; /* the component that is below every level */
		bool reached;
	} rows[] = {
		{ "1.0: all enough", 0, 99, true },
		{ "1.0: component 0", 0, 0, false },
		{ "1.0: component 2", 0, 2, false },
		{ "1.0: component 15", 0, 15, false },
		{ "1.5: all enough", 1, 99, true },
		{ "1.5: component 2", 1, 2, false },
		{ "1.5: component 15", 1, 15, false },
	};

	(void)state;
	CHECK_INT(0, tcb_first_component((uint8_t[TD_SVN_LEN]){ 9, 0 }));
	CHECK_INT(2, tcb_first_component((uint8_t[TD_SVN_LEN]){ 0, 1 }));
	CHECK_INT(2, tcb_first_component((uint8_t[TD_SVN_LEN]){ 0, 255 }));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tcb_evaluation e;
		struct scene s;

		CASE(rows[i].name);
		scene_init(&s);
		s.m.levels[1].status = NULL; /* one level only */
		s.svn1[1] = rows[i].major;
		if (rows[i].low < TD_SVN_LEN)
			s.svn1[rows[i].low] = LATEST - 1;
		scene_parse(&s);
		e = evaluate(&s, s.svn1);
		CHECK_INT(rows[i].reached, e.level != NULL);
		CHECK_INT(rows[i].major > 0, e.has_module);
		scene_done(&s);
	}
}

/* With TDX 1.5 the minor version counts for the module's levels alone. */
static void module_minor_is_no_component(void **state)
{
	struct tcb_evaluation e;
	struct scene s;

	(void)state;
	scene_init(&s);
	s.svn1[0] = EARLIER;
	scene_parse(&s);
	e = evaluate(&s, s.svn1);
	assert_ptr_equal(&s.info.levels[0], e.level);
	assert_ptr_equal(&s.info.modules[0].levels[1], e.module_level);
	CHECK_INT(CELLA_TCB_OUT_OF_DATE, e.status);
	scene_done(&s);
}

static void each_number_can_keep_a_platform_from_a_level(void **state)
{
	(void)state;
	for (size_t i = 0; i < TCB_COMPONENTS + 1; i++) {
		struct tcb_evaluation e;
		struct scene s;

		scene_init(&s);
		if (i < TCB_COMPONENTS)
			s.pck.components[i] = LATEST - 1;
		else
			s.pck.pce_svn = 12;
		scene_parse(&s);
		e = evaluate(&s, s.svn1);
		assert_ptr_equal(&s.info.levels[1], e.level);
		CHECK_INT(CELLA_TCB_OUT_OF_DATE, e.status);
		/* An enclave's platform is measured by the same numbers. */
		e = evaluate(&s, NULL);
		assert_ptr_equal(&s.info.levels[1], e.level);
		assert_false(e.has_module);
		/* More than enough is enough. */
		memset(s.pck.components, 255, sizeof s.pck.components);
		s.pck.pce_svn = 65535;
		assert_ptr_equal(&s.info.levels[0], evaluate(&s, s.svn1).level);
		scene_done(&s);
	}
}

/* Nothing is said of it: not supported, whatever else is up to date. */
static void below_every_level(void **state)
{
	static const struct {
		const char *name;
		uint8_t component, svn0, major;
		uint16_t qe;
	} rows[] = {
		{ "platform", EARLIER - 1, LATEST, 1, 4 },
		{ "module", LATEST, EARLIER - 1, 1, 4 },
		{ "module_unknown", LATEST, LATEST, 7, 4 },
		{ "quoting enclave", LATEST, LATEST, 1, 3 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scene s;

		CASE(rows[i].name);
		scene_init(&s);
		s.pck.components[7] = rows[i].component;
		s.svn1[0] = rows[i].svn0;
		s.svn1[1] = rows[i].major;
		s.qe_isv_svn = rows[i].qe;
		scene_parse(&s);
		CHECK_INT(CELLA_TCB_NOT_SUPPORTED, evaluate(&s, s.svn1).status);
		scene_done(&s);
	}
}

/* A current module that nobody knows spoils a launch that was fine. */
static void current_module_unknown(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s);
	s.svn2[1] = 7;
	scene_parse(&s);
	CHECK_TEXT("NotSupported", status_of(&s));
	scene_done(&s);
}

static void dates_and_advisories_are_joined(void **state)
{
	static const char *const expected[] = { "INTEL-SA-00001", "INTEL-SA-00002",
						"INTEL-SA-00003" };
	struct tcb_evaluation e;
	struct scene s;

	(void)state;
	scene_init(&s);
	s.m.levels[0].advisories = "\"INTEL-SA-00003\",\"INTEL-SA-00001\"";
	s.m.levels[0].date = NEW;
	s.m.module_levels[0].advisories = "\"INTEL-SA-00001\"";
	s.m.module_levels[0].date = OLD;
	s.m.qe_levels[0].advisories = "\"INTEL-SA-00002\",\"INTEL-SA-00003\"";
	s.m.qe_levels[0].date = MIDDLE;
	scene_parse(&s);
	e = evaluate(&s, s.svn1);
	CHECK_INT(time_at(OLD), e.date);
	CHECK_INT(ARRAY_LEN(expected), e.num_advisories);
	for (size_t i = 0; i < ARRAY_LEN(expected); i++)
		CHECK_TEXT(expected[i], e.advisories[i]);
	/* Of an enclave, the module's do not count. */
	CHECK_INT(time_at(MIDDLE), evaluate(&s, NULL).date);
	scene_done(&s);
}

static void no_advisories(void **state)
{
	struct tcb_evaluation e;
	struct scene s;

	(void)state;
	scene_init(&s);
	scene_parse(&s);
	e = evaluate(&s, s.svn1);
	CHECK_INT(0, e.num_advisories);
	memset(s.pck.components, 0, sizeof s.pck.components);
	s.svn1[0] = 0;
	s.qe_isv_svn = 0;
	e = evaluate(&s, s.svn1);
	CHECK_TRUE(e.date == INT64_MAX);
	scene_done(&s);
}

static void statuses_in_parts(void **state)
{
	static const struct {
		enum cella_tcb_status status;
		const char *parts; /* joined with blanks */
	} rows[] = {
		{ CELLA_TCB_NONE, "" },
		{ CELLA_TCB_UP_TO_DATE, "UpToDate" },
		{ CELLA_TCB_SW_HARDENING_NEEDED, "UpToDate SWHardeningNeeded" },
		{ CELLA_TCB_CONFIGURATION_NEEDED, "UpToDate ConfigurationNeeded" },
		{ CELLA_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED,
		  "UpToDate SWHardeningNeeded ConfigurationNeeded" },
		{ CELLA_TCB_OUT_OF_DATE, "OutOfDate" },
		{ CELLA_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
		  "OutOfDate ConfigurationNeeded" },
		{ CELLA_TCB_TD_RELAUNCH_ADVISED, "TDRelaunchAdvised" },
		{ CELLA_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED,
		  "TDRelaunchAdvised ConfigurationNeeded" },
		{ CELLA_TCB_REVOKED, "Revoked" },
		{ CELLA_TCB_NOT_SUPPORTED, "NotSupported" },
		{ CELLA_TCB_COUNT, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *parts[3];
		const size_t num = tcb_status_parts(rows[i].status, parts);
		struct out joined = { 0 };

		for (size_t k = 0; k < num; k++)
			out_format(&joined, "%s%s", k > 0 ? " " : "", parts[k]);
		CASE(rows[i].parts);
		CHECK_BYTES(rows[i].parts, strlen(rows[i].parts), out_view(&joined));
		out_done(&joined);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_matrix),
		cmocka_unit_test(convergence),
		cmocka_unit_test(relaunch),
		cmocka_unit_test(components_that_count),
		cmocka_unit_test(module_minor_is_no_component),
		cmocka_unit_test(each_number_can_keep_a_platform_from_a_level),
		cmocka_unit_test(below_every_level),
		cmocka_unit_test(current_module_unknown),
		cmocka_unit_test(dates_and_advisories_are_joined),
		cmocka_unit_test(no_advisories),
		cmocka_unit_test(statuses_in_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
