/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts made by hand.
 */
#include "judged.h"

#include "appraise/judge.h"

static const uint8_t ppid[PPID_LEN] = { 0xa1, 0xb2, 0xc3, 0xd4, 5,  6,  7,  8,
					9,    10,   11,   12,   13, 14, 15, 16 };
static const uint8_t fmspc[FMSPC_LEN] = { 0x90, 0xc0, 0x6f, 0, 0, 0 };
static const uint8_t root_key_id[48] = { 0x46, 0xe4, 0x03, [47] = 0x93 };

static const struct layout *layout_of(enum judged_kind kind)
{
	static const struct layout *const layouts[] = {
		[JUDGED_TD_15] = &td_body_15_layout,
		[JUDGED_TD_10] = &td_body_10_layout,
		[JUDGED_ENCLAVE] = &sgx_report_layout,
	};

	return layouts[kind];
}

static const struct field *field_with(const struct layout *layout, enum cella_fact fact)
{
	for (size_t i = 0; i < layout->num_fields; i++)
		if (layout->fields[i].fact == fact)
			return &layout->fields[i];
	return NULL;
}

uint8_t *judged_body(struct judged *j, enum cella_fact fact, size_t *len)
{
	const struct field *const field =
		field_with(j->v->evidence->quote.body_layout, fact);

	assert_non_null(field);
	if (len != NULL)
		*len = field->len;
	return j->v->evidence->data + field->offset;
}

static struct cella_evidence *make_evidence(enum judged_kind kind)
{
	const struct layout *const layout = layout_of(kind);
	struct cella_evidence *const ev = calloc(1, sizeof *ev);

	assert_non_null(ev);
	atomic_init(&ev->refs, 1);
	ev->data = malloc(layout->size);
	assert_non_null(ev->data);
	ev->len = layout->size;
	for (size_t i = 0; i < ev->len; i++)
		ev->data[i] = (uint8_t)(7 * i + 1);
	ev->kind = kind == JUDGED_ENCLAVE ? CELLA_EVIDENCE_SGX_QUOTE
					  : CELLA_EVIDENCE_TDX_QUOTE;
	ev->quote.version = kind == JUDGED_ENCLAVE ? 3 : kind == JUDGED_TD_10 ? 4 : 5;
	ev->quote.body_layout = layout;
	ev->quote.body = bytes_of(ev->data, ev->len);
	return ev;
}

/* Attributes that are accepted by default. */
static void set_attributes(struct judged *j, enum judged_kind kind)
{
	static const uint8_t td[8] = { 0, 0, 0, 0x10 };
	static const uint8_t xfam[8] = { 0xe7, 0x42, 6 };
	static const uint8_t sgx[16] = { 5, [8] = 0xe7 };
	uint8_t *svn;

	if (kind == JUDGED_ENCLAVE) {
		memcpy(judged_body(j, CELLA_FACT_SGX_ATTRIBUTES, NULL), sgx, sizeof sgx);
		return;
	}
	memcpy(judged_body(j, CELLA_FACT_TD_ATTRIBUTES, NULL), td, sizeof td);
	memcpy(judged_body(j, CELLA_FACT_XFAM, NULL), xfam, sizeof xfam);
	svn = judged_body(j, CELLA_FACT_TEE_TCB_SVN, NULL);
	svn[1] = kind == JUDGED_TD_15;
	if (kind == JUDGED_TD_15)
		memset(judged_body(j, CELLA_FACT_MR_SERVICETD, NULL), 0, MR_LEN);
}

static void set_dates(struct cella_verdict *v)
{
	static const char *const names[DATES_COUNT] = { "pck", "tcb_info", "qe_identity",
							"root_ca_crl", "pck_crl" };

	for (size_t i = 0; i < DATES_COUNT; i++) {
		v->dates[i].known = true;
		v->dates[i].where = names[i];
		v->dates[i].begins.what = names[i];
		v->dates[i].begins.from = JUDGED_TIME - 1000000;
		v->dates[i].expires.what = names[i];
		v->dates[i].expires.to = JUDGED_EXPIRY;
	}
}

static void set_platform(struct cella_verdict *v)
{
	facts_set_bytes(&v->facts, CELLA_FACT_PPID, bytes_of(ppid, sizeof ppid));
	facts_set_bytes(&v->facts, CELLA_FACT_FMSPC, bytes_of(fmspc, sizeof fmspc));
	facts_set_bytes(&v->facts, CELLA_FACT_ROOT_KEY_ID,
			bytes_of(root_key_id, sizeof root_key_id));
	facts_set_number(&v->facts, CELLA_FACT_SGX_TYPE, 1);
	facts_set_text(&v->facts, CELLA_FACT_PCK_CA, "platform");
	facts_set_bool(&v->facts, CELLA_FACT_DYNAMIC_PLATFORM, true);
	facts_set_bool(&v->facts, CELLA_FACT_CACHED_KEYS, true);
	facts_set_bool(&v->facts, CELLA_FACT_SMT_ENABLED, true);
	facts_set_number(&v->facts, CELLA_FACT_PCK_CRL_NUM, 1);
	facts_set_number(&v->facts, CELLA_FACT_ROOT_CA_CRL_NUM, 1);
	facts_set_time(&v->facts, CELLA_FACT_EARLIEST_ISSUE_DATE, JUDGED_TIME - 5000000);
	facts_set_time(&v->facts, CELLA_FACT_LATEST_ISSUE_DATE, JUDGED_TIME - 1000000);
	facts_set_time(&v->facts, CELLA_FACT_EARLIEST_EXPIRATION_DATE, JUDGED_EXPIRY);
	facts_set_time(&v->facts, CELLA_FACT_QE_EARLIEST_ISSUE_DATE,
		       JUDGED_TIME - 5000000);
	facts_set_time(&v->facts, CELLA_FACT_QE_LATEST_ISSUE_DATE, JUDGED_TIME - 1000000);
	facts_set_time(&v->facts, CELLA_FACT_QE_EARLIEST_EXPIRATION_DATE, JUDGED_EXPIRY);
}

static void set_tcb(struct judged *j)
{
	struct cella_verdict *const v = j->v;

	v->has_tcb = true;
	v->launch.qe_level = &j->qe_level;
	j->qe_level.standing.date = JUDGED_LEVEL_DATE;
	facts_set_time(&v->facts, CELLA_FACT_TCB_DATE, JUDGED_LEVEL_DATE);
	facts_set_time(&v->facts, CELLA_FACT_QE_TCB_DATE, JUDGED_LEVEL_DATE);
	facts_set_number(&v->facts, CELLA_FACT_TCB_EVAL_NUM, JUDGED_EVAL_NUM);
	facts_set_number(&v->facts, CELLA_FACT_QE_TCB_EVAL_NUM, JUDGED_EVAL_NUM);
	facts_set_texts(&v->facts, CELLA_FACT_ADVISORY_IDS, NULL, 0);
	judged_status(j, CELLA_TCB_UP_TO_DATE, CELLA_TCB_UP_TO_DATE);
}

void judged_new(struct judged *j, enum judged_kind kind)
{
	*j = (struct judged){ 0 };
	j->v = calloc(1, sizeof *j->v);
	assert_non_null(j->v);
	j->v->evidence = make_evidence(kind);
	j->v->time = JUDGED_TIME;
	set_attributes(j, kind);
	set_dates(j->v);
	set_platform(j->v);
	set_tcb(j);
	j->options = (struct cella_verify_options){
		.size = sizeof j->options,
		.time_choice = CELLA_TIME_AT,
		.time = JUDGED_TIME,
		.root_choice = CELLA_ROOT_INTEL,
		.report_data_expect = CELLA_EXPECT_ANY,
		.policy_expect = CELLA_EXPECT_ANY,
		.policies = j->policies,
	};
	verdict_check(j->v, CHECK_QUOTE_SIGNATURE, CELLA_CHECK_PASS, NULL, NULL, "quote");
	verdict_check(j->v, CHECK_QE_IDENTITY, CELLA_CHECK_PASS, NULL, NULL,
		      "qe_identity");
}

void judged_done(struct judged *j)
{
	for (size_t i = 0; i < j->options.num_policies; i++)
		cella_policy_unref(j->policies[i]);
	cella_verdict_free(j->v);
	j->v = NULL;
}

void judged_status(struct judged *j, enum cella_tcb_status platform,
		   enum cella_tcb_status qe)
{
	j->v->status = platform;
	j->v->launch.status = platform;
	j->qe_level.standing.status = qe;
	facts_set_text(&j->v->facts, CELLA_FACT_TCB_STATUS,
		       cella_tcb_status_name(platform));
}

void judged_forget_tcb(struct judged *j)
{
	static const enum cella_fact facts[] = {
		CELLA_FACT_TCB_STATUS,
		CELLA_FACT_TCB_DATE,
		CELLA_FACT_QE_TCB_DATE,
		CELLA_FACT_TCB_EVAL_NUM,
		CELLA_FACT_QE_TCB_EVAL_NUM,
		CELLA_FACT_ADVISORY_IDS,
		CELLA_FACT_PPID,
		CELLA_FACT_SGX_TYPE,
		CELLA_FACT_DYNAMIC_PLATFORM,
		CELLA_FACT_CACHED_KEYS,
		CELLA_FACT_SMT_ENABLED,
		CELLA_FACT_PCK_CA,
	};

	j->v->has_tcb = false;
	j->v->status = CELLA_TCB_NONE;
	for (size_t i = 0; i < DATES_COUNT; i++)
		j->v->dates[i].known = false;
	for (size_t i = 0; i < ARRAY_LEN(facts); i++)
		j->v->facts.values[facts[i]].type = FACT_ABSENT;
}

void judged_take(struct judged *j, struct cella_policy *policy)
{
	j->policies[j->options.num_policies++] = policy;
	j->options.policy_expect = CELLA_EXPECT_EXACT;
}

void judged_add(struct judged *j, const char *text, const struct cella_keys *owners)
{
	const struct cella_policy_options options = { .size = sizeof options,
						      .source = CELLA_POLICY_LOCAL,
						      .owners = owners };
	struct cella_policy *policy = NULL;
	struct cella_error err = { 0 };

	CHECK_OK(cella_policy_parse(text, strlen(text), &options, &policy, &err));
	judged_take(j, policy);
}

char *element_text(enum policy_class_id class, const char *reference)
{
	char *text = NULL;

	assert_true(asprintf(&text,
			     "{\"policy_array\":[{\"environment\":{\"class_id\":\"%s\"},"
			     "\"reference\":%s}]}",
			     policy_classes[class].uuid, reference) > 0);
	return text;
}

void judged_element(struct judged *j, enum policy_class_id class, const char *reference)
{
	char *const text = element_text(class, reference);

	judged_add(j, text, NULL);
	free(text);
}

/* Facts of the body are taken as late as possible, so that tests can change it. */
void judged_run(struct judged *j)
{
	struct cella_verdict *const v = j->v;
	const struct quote *const q = &v->evidence->quote;
	struct cella_error err = { 0 };

	facts_add_layout(&v->facts, q->body_layout, q->body);
	if (q->version == 5)
		facts_set_number(&v->facts, CELLA_FACT_BODY_TYPE, QUOTE_BODY_TD_15);
	if (v->evidence->kind == CELLA_EVIDENCE_TDX_QUOTE)
		td_body_read(q->body, &v->td);
	v->accept = j->options.accept;
	v->grace_s = j->options.grace_s;
	v->flags = j->options.flags;
	CHECK_OK(judge(v, &j->options, &err));
}

const struct cella_check *judged_check(const struct judged *j, const char *id)
{
	for (size_t i = 0; i < j->v->num_checks; i++)
		if (strcmp(j->v->checks[i].id, id) == 0)
			return &j->v->checks[i];
	return NULL;
}

enum cella_outcome judged_outcome(const struct judged *j, const char *id)
{
	const struct cella_check *const check = judged_check(j, id);

	if (check != NULL)
		return check->outcome;
	fail_msg("there is no check %s", id);
	return CELLA_CHECK_FAIL;
}
