/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libcella does when memory runs out: each task is done once, and then again with
 * every single allocation failing, and with all of them failing from there on. It must
 * say that memory ran out, or say what it says otherwise; and leave nothing behind.
 *
 * nomem FOLDER [TASK AT NUM]: of the files that nomem.sh makes. Prints TAP. failmalloc.c
 * is linked in.
 */
#include <cella/collateral.h>
#include <cella/event_log.h>
#include <cella/policy.h>
#include <cella/sigstruct.h>
#include <cella/token.h>
#include <cella/verify.h>
#include <cella/vtpm.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void failmalloc_arm(size_t at, size_t num);
size_t failmalloc_count(void);
size_t failmalloc_live(void);

#define NOW INT64_C(1767225600) /* 2026-01-01T00:00:00Z */
#define TRY(expression) \
	do { \
		const enum cella_status status_ = (expression); \
		if (status_ != CELLA_OK) \
			return status_; \
	} while (0)

/* Files are read before memory fails. */
static struct file {
	const char *name;
	char *data;
	size_t len;
} files[] = {
	{ "quote", NULL, 0 },           { "collateral.json", NULL, 0 },
	{ "root.pem", NULL, 0 },        { "policy.json", NULL, 0 },
	{ "policy.jwt", NULL, 0 },      { "owner.pem", NULL, 0 },
	{ "token", NULL, 0 },           { "report", NULL, 0 },
	{ "tcb.http", NULL, 0 },        { "identity.http", NULL, 0 },
	{ "sigstruct", NULL, 0 },       { "eventlog", NULL, 0 },
	{ "azure.quote", NULL, 0 },     { "azure.hcl", NULL, 0 },
	{ "azure.tpm-quote", NULL, 0 }, { "evm.json", NULL, 0 },
	{ "host-ca.pem", NULL, 0 },     { "evm-policy.json", NULL, 0 },
};
enum {
	QUOTE,
	BUNDLE,
	ROOT,
	POLICY,
	JWT,
	OWNER,
	TOKEN,
	REPORT,
	TCB,
	IDENTITY,
	SIGSTRUCT,
	LOG,
	AZURE_QUOTE,
	AZURE_HCL,
	AZURE_TPM_QUOTE,
	EVM,
	HOST,
	EVM_POLICY
};
#define FILE_OF(id) files[id].data, files[id].len

/* What a task uses; whatever became of it is freed after the task. */
struct use {
	struct cella_evidence *evidence;
	struct cella_collateral_builder *builder;
	struct cella_collateral *collateral;
	struct cella_verifier *verifier;
	struct cella_verdict *verdict;
	struct cella_policy *policies[2];
	struct cella_keys *keys;
	struct cella_token *token;
	struct cella_sigstruct *sigstruct;
	struct cella_event_log *log;
	struct cella_vtpm *vtpm;
	char *texts[4];
	struct cella_error err;
};

static void release(struct use *u)
{
	for (size_t i = 0; i < 4; i++)
		cella_free(u->texts[i]);
	cella_vtpm_unref(u->vtpm);
	cella_event_log_unref(u->log);
	cella_sigstruct_free(u->sigstruct);
	cella_token_free(u->token);
	cella_keys_free(u->keys);
	for (size_t i = 0; i < 2; i++)
		cella_policy_unref(u->policies[i]);
	cella_verdict_free(u->verdict);
	cella_verifier_free(u->verifier);
	cella_collateral_unref(u->collateral);
	cella_collateral_builder_free(u->builder);
	cella_evidence_unref(u->evidence);
}

/* An answer that is not a text of cella's. */
static enum cella_status note(struct use *u, size_t index, const char *text)
{
	u->texts[index] = strdup(text);
	if (u->texts[index] != NULL)
		return CELLA_OK;
	snprintf(u->err.text, sizeof u->err.text, "the test is out of memory");
	return CELLA_NOMEM;
}

/* --- tasks --------------------------------------------------------------------------- */

static enum cella_status describe(struct use *u, int id)
{
	TRY(cella_evidence_parse(FILE_OF(id), &u->evidence, &u->err));
	TRY(cella_evidence_describe(u->evidence, true, &u->texts[0], &u->err));
	return cella_evidence_describe(u->evidence, false, &u->texts[1], &u->err);
}

static enum cella_status inspect_quote(struct use *u)
{
	return describe(u, QUOTE);
}

static enum cella_status inspect_report(struct use *u)
{
	return describe(u, REPORT);
}

static enum cella_status inspect_enclave(struct use *u)
{
	return describe(u, EVM);
}

static enum cella_status show_collateral(struct use *u)
{
	TRY(cella_collateral_describe(u->collateral, NOW, true, &u->texts[0], &u->err));
	TRY(cella_collateral_describe(u->collateral, NOW, false, &u->texts[1], &u->err));
	return cella_collateral_write(u->collateral, &u->texts[2], &u->err);
}

static enum cella_status import_bundle(struct use *u)
{
	TRY(cella_collateral_parse(FILE_OF(BUNDLE), &u->collateral, &u->err));
	return show_collateral(u);
}

static enum cella_status import_responses(struct use *u)
{
	TRY(cella_collateral_builder_new(&u->builder, &u->err));
	TRY(cella_collateral_builder_add(u->builder, "tcb", FILE_OF(TCB), &u->err));
	TRY(cella_collateral_builder_add(u->builder, "qe", FILE_OF(IDENTITY), &u->err));
	TRY(cella_collateral_builder_finish(u->builder, &u->collateral, &u->err));
	return show_collateral(u);
}

static enum cella_status read_policy(struct use *u, int id, size_t place)
{
	const struct cella_policy_options how = { .size = sizeof how,
						  .source = CELLA_POLICY_LOCAL,
						  .owners = u->keys };

	return cella_policy_parse(FILE_OF(id), &how, &u->policies[place], &u->err);
}

static void expect(struct use *u, struct cella_verify_options *options)
{
	*options = (struct cella_verify_options){
		.size = sizeof *options,
		.time_choice = CELLA_TIME_AT,
		.time = NOW,
		.root_choice = CELLA_ROOT_GIVEN,
		.root = { (const uint8_t *)files[ROOT].data, files[ROOT].len },
		.report_data_expect = CELLA_EXPECT_ANY,
		.policy_expect = CELLA_EXPECT_EXACT,
		.policies = u->policies,
		.num_policies = 2,
	};
}

static enum cella_status tell_verdict(struct use *u);

static enum cella_status verify_enclave(struct use *u)
{
	struct cella_verify_options how;

	TRY(cella_evidence_parse(FILE_OF(EVM), &u->evidence, &u->err));
	TRY(read_policy(u, EVM_POLICY, 0));
	expect(u, &how);
	how.num_policies = 1;
	how.root.data = (const uint8_t *)files[HOST].data;
	how.root.len = files[HOST].len;
	TRY(cella_verify(u->evidence, NULL, &how, &u->verdict, &u->err));
	return tell_verdict(u);
}

static enum cella_status tell_verdict(struct use *u)
{
	TRY(cella_verdict_json(u->verdict, &u->texts[0], &u->err));
	TRY(cella_verdict_text(u->verdict, CELLA_TEXT_CHECKS, &u->texts[1], &u->err));
	TRY(cella_verdict_explain(u->verdict, NULL, &u->texts[2], &u->err));
	return cella_verdict_result_json(u->verdict, 7, &u->texts[3], &u->err);
}

static enum cella_status read_all(struct use *u)
{
	TRY(cella_evidence_parse(FILE_OF(QUOTE), &u->evidence, &u->err));
	TRY(cella_collateral_parse(FILE_OF(BUNDLE), &u->collateral, &u->err));
	TRY(read_policy(u, POLICY, 0));
	return read_policy(u, JWT, 1);
}

static enum cella_status verify(struct use *u)
{
	struct cella_verify_options options;

	TRY(read_all(u));
	expect(u, &options);
	TRY(cella_verify(u->evidence, u->collateral, &options, &u->verdict, &u->err));
	return tell_verdict(u);
}

/* The second verification uses what the first one left in the caches. */
static enum cella_status verify_twice(struct use *u)
{
	struct cella_verify_options options;

	TRY(read_all(u));
	expect(u, &options);
	TRY(cella_verifier_new(2, &u->verifier, &u->err));
	cella_verifier_set_collateral(u->verifier, u->collateral);
	for (int i = 0; i < 2; i++) {
		cella_verdict_free(u->verdict);
		u->verdict = NULL;
		TRY(cella_verifier_verify(u->verifier, u->evidence, &options, &u->verdict,
					  &u->err));
	}
	return tell_verdict(u);
}

static enum cella_status tell_policy(struct use *u, int id)
{
	struct cella_policy_findings findings;

	TRY(read_policy(u, id, 0));
	if (cella_policy_standing(u->policies[0]) == CELLA_POLICY_BAD_SIGNATURE ||
	    cella_policy_standing(u->policies[0]) == CELLA_POLICY_FOREIGN_OWNER) {
		return note(u, 0, "not the owner's");
	}
	TRY(cella_policy_lint(u->policies[0], NULL, false, &u->texts[0], &findings,
			      &u->err));
	TRY(cella_policy_explain(u->policies[0], NULL, false, &u->texts[1], &u->err));
	return cella_policy_explain(u->policies[0], NULL, true, &u->texts[2], &u->err);
}

static enum cella_status policy(struct use *u)
{
	return tell_policy(u, POLICY);
}

static enum cella_status signed_policy(struct use *u)
{
	TRY(cella_keys_new(&u->keys, &u->err));
	TRY(cella_keys_add(u->keys, FILE_OF(OWNER), &u->err));
	return tell_policy(u, JWT);
}

static enum cella_status new_policy(struct use *u)
{
	struct cella_policy_draft draft = { .size = sizeof draft, .with_platform = true };
	const char *warning = NULL;

	TRY(cella_evidence_parse(FILE_OF(QUOTE), &u->evidence, &u->err));
	draft.facts = cella_evidence_facts(u->evidence);
	return cella_policy_write(&draft, &u->texts[0], &warning, &u->err);
}

static enum cella_status policy_of_enclave(struct use *u)
{
	struct cella_policy_draft draft = { .size = sizeof draft };
	const char *warning = NULL;

	TRY(cella_sigstruct_parse(FILE_OF(SIGSTRUCT), &u->sigstruct, &u->err));
	draft.facts = cella_sigstruct_facts(u->sigstruct);
	return cella_policy_write(&draft, &u->texts[0], &warning, &u->err);
}

static enum cella_status token(struct use *u)
{
	struct cella_token_expectations expected = {
		.size = sizeof expected,
		.audience = "nomem",
		.time_choice = CELLA_TIME_AT,
		.time = NOW,
		.nonce_expect = CELLA_EXPECT_ANY,
		.allow_unasked = CELLA_ALLOW(CELLA_QUESTION_FRESH),
	};

	TRY(cella_keys_new(&u->keys, &u->err));
	TRY(cella_keys_add(u->keys, FILE_OF(OWNER), &u->err));
	expected.keys = u->keys;
	TRY(cella_token_verify(FILE_OF(TOKEN), &expected, &u->token, &u->err));
	TRY(cella_token_json(u->token, &u->texts[0], &u->err));
	return cella_token_decode(FILE_OF(TOKEN), &u->texts[1], &u->err);
}

static enum cella_status replay(struct use *u)
{
	struct cella_verify_options options;
	const char *difference = NULL;

	TRY(cella_evidence_parse(FILE_OF(QUOTE), &u->evidence, &u->err));
	TRY(read_policy(u, JWT, 0));
	expect(u, &options);
	options.num_policies = 1;
	TRY(cella_token_replay(FILE_OF(TOKEN), u->evidence, &options, &difference,
			       &u->verdict, &u->err));
	TRY(cella_verdict_json(u->verdict, &u->texts[0], &u->err));
	return note(u, 1, difference != NULL ? difference : "as told");
}

static enum cella_status event_log(struct use *u)
{
	bool match = false;

	TRY(cella_event_log_parse(FILE_OF(LOG), &u->log, &u->err));
	TRY(cella_event_log_describe(u->log, true, &u->texts[0], &u->err));
	TRY(cella_event_log_describe(u->log, false, &u->texts[1], &u->err));
	TRY(cella_evidence_parse(FILE_OF(QUOTE), &u->evidence, &u->err));
	TRY(cella_event_log_compare(u->log, cella_evidence_facts(u->evidence), u->log,
				    true, &u->texts[2], &match, &u->err));
	return note(u, 3, match ? "match" : "no match");
}

static enum cella_status verify_by_events(struct use *u)
{
	struct cella_verify_options options;

	TRY(read_all(u));
	TRY(cella_event_log_parse(FILE_OF(LOG), &u->log, &u->err));
	expect(u, &options);
	options.event_log = u->log;
	TRY(cella_verify(u->evidence, u->collateral, &options, &u->verdict, &u->err));
	return tell_verdict(u);
}

/* A real set, to Intel's root, without collateral. */
static enum cella_status vtpm(struct use *u)
{
	struct cella_verify_options options = {
		.size = sizeof options,
		.time_choice = CELLA_TIME_AT,
		.time = NOW,
		.root_choice = CELLA_ROOT_INTEL,
		.report_data_expect = CELLA_EXPECT_ANY,
		.policy_expect = CELLA_EXPECT_ANY,
		.vtpm_nonce_expect = CELLA_EXPECT_ANY,
	};

	TRY(cella_evidence_parse(FILE_OF(AZURE_QUOTE), &u->evidence, &u->err));
	TRY(cella_vtpm_parse(FILE_OF(AZURE_HCL), FILE_OF(AZURE_TPM_QUOTE), &u->vtpm,
			     &u->err));
	options.vtpm = u->vtpm;
	TRY(cella_verify(u->evidence, NULL, &options, &u->verdict, &u->err));
	TRY(cella_verdict_json(u->verdict, &u->texts[0], &u->err));
	return cella_verdict_text(u->verdict, CELLA_TEXT_CHECKS, &u->texts[1], &u->err);
}

static const struct task {
	const char *name;
	enum cella_status (*run)(struct use *use);
	int needs; /* this file: where it is empty the task is skipped */
} tasks[] = {
	{ "inspect a quote", inspect_quote, QUOTE },
	{ "inspect a report", inspect_report, QUOTE },
	{ "import a bundle", import_bundle, QUOTE },
	{ "import responses", import_responses, QUOTE },
	{ "verify", verify, QUOTE },
	{ "verify twice", verify_twice, QUOTE },
	{ "inspect an enclave", inspect_enclave, EVM },
	{ "verify an enclave", verify_enclave, EVM },
	{ "policy", policy, QUOTE },
	{ "signed policy", signed_policy, QUOTE },
	{ "new policy", new_policy, QUOTE },
	{ "policy of an enclave", policy_of_enclave, QUOTE },
	{ "token", token, QUOTE },
	{ "replay a token", replay, QUOTE },
	{ "event log", event_log, LOG },
	{ "verify by events", verify_by_events, LOG },
	{ "vTPM", vtpm, AZURE_HCL },
};

/* --- running them -------------------------------------------------------------------- */

/* Long tasks are tried at so many places; an allocation each takes too long. */
enum { WRONG_SHOWN = 3, TRIES_MAX = 600, KEPT_ERRORS = 16 };

static struct use good; /* what a task says when there is memory */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool is_same(const struct use *u)
{
	for (size_t i = 0; i < 4; i++)
		if (!same_text(u->texts[i], good.texts[i]))
			return false;
	return true;
}

/* Runs a task, once, with num allocations failing from at on; NULL: all is well. */
static const char *attempt(const struct task *task, size_t at, size_t num, bool *ran_out)
{
	static char text[512];
	struct use u = { 0 };
	enum cella_status status;
	const char *wrong = NULL;

	failmalloc_arm(at, num);
	status = task->run(&u);
	failmalloc_arm(0, 0);
	*ran_out = status == CELLA_NOMEM;
	if (status == CELLA_NOMEM && strstr(u.err.text, "memory") == NULL)
		wrong = "CELLA_NOMEM without saying so";
	else if (status != CELLA_OK && status != CELLA_NOMEM)
		wrong = u.err.text;
	else if (status == CELLA_OK && !is_same(&u))
		wrong = "another answer";
	if (wrong != NULL) {
		snprintf(text, sizeof text, "%s: %s", cella_status_name(status), wrong);
		wrong = text;
	}
	release(&u);
	return wrong;
}

/* Once more: what the libraries below keep for later they have by now. */
static const char *check_leak(const struct task *task, size_t at, size_t num)
{
	size_t before = failmalloc_live();
	bool ran_out;

	(void)attempt(task, at, num, &ran_out);
	if (failmalloc_live() <= before)
		return NULL;
	/* OpenSSL keeps the texts of its last 16 errors. */
	for (int i = 0; i < 2 * KEPT_ERRORS; i++) {
		if (i == KEPT_ERRORS)
			before = failmalloc_live();
		(void)attempt(task, at, num, &ran_out);
	}
	return failmalloc_live() > before ? "something is left behind" : NULL;
}

/* For a debugger: one task, one allocation. */
static int try_one(const char *name, size_t at, size_t num)
{
	for (size_t i = 0; i < sizeof tasks / sizeof tasks[0]; i++) {
		bool ran_out;
		const char *wrong;

		if (strcmp(tasks[i].name, name) != 0)
			continue;
		if (tasks[i].run(&good) != CELLA_OK)
			return 2;
		wrong = attempt(&tasks[i], at, num, &ran_out);
		if (wrong == NULL)
			wrong = check_leak(&tasks[i], at, num);
		puts(wrong != NULL ? wrong : "good");
		return wrong != NULL;
	}
	return 2;
}

static size_t try_all(const struct task *task, size_t num_allocations, size_t num)
{
	const size_t step = 1 + num_allocations / TRIES_MAX;
	size_t num_wrong = 0;

	for (size_t at = 1; at <= num_allocations; at += step) {
		bool ran_out = false;
		const char *wrong = attempt(task, at, num, &ran_out);

		if (wrong == NULL)
			wrong = check_leak(task, at, num);
		if (wrong != NULL && num_wrong++ < WRONG_SHOWN)
			printf("# allocation %zu%s of %zu: %s\n", at,
			       num > 1 ? " and all that follow" : "", num_allocations,
			       wrong);
	}
	return num_wrong;
}

static bool try_task(const struct task *task, size_t number)
{
	size_t num_allocations, num_wrong;

	if (files[task->needs].len == 0) {
		printf("ok %zu - %s # SKIP CELLA_VECTORS is not set\n", number,
		       task->name);
		return true;
	}
	for (int i = 0; i < 2; i++) { /* the first time, libraries set themselves up */
		release(&good);
		good = (struct use){ 0 };
		failmalloc_arm(0, 0);
		if (task->run(&good) != CELLA_OK) {
			printf("not ok %zu - %s: %s\n", number, task->name,
			       good.err.text);
			return false;
		}
		num_allocations = failmalloc_count();
	}
	num_wrong = try_all(task, num_allocations, 1) +
		    try_all(task, num_allocations, SIZE_MAX);
	release(&good);
	good = (struct use){ 0 };
	printf("%s %zu - %s: %zu allocations, %zu wrong answers\n",
	       num_wrong == 0 ? "ok" : "not ok", number, task->name, num_allocations,
	       num_wrong);
	return num_wrong == 0;
}

static void slurp(const char *folder, struct file *file)
{
	char path[4096];
	FILE *in;

	snprintf(path, sizeof path, "%s/%s", folder, file->name);
	in = fopen(path, "rb");
	file->data = malloc(1 << 20);
	if (in == NULL || file->data == NULL) {
		perror(path);
		exit(2);
	}
	file->len = fread(file->data, 1, 1 << 20, in);
	fclose(in);
}

int main(int argc, char **argv)
{
	const size_t num_tasks = sizeof tasks / sizeof tasks[0];
	bool good_in_all = true;

	if (argc < 2)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		slurp(argv[1], &files[i]);
	if (argc == 5)
		return try_one(argv[2], strtoul(argv[3], NULL, 10),
			       strtoul(argv[4], NULL, 10));
	for (size_t i = 0; i < num_tasks; i++)
		good_in_all = try_task(&tasks[i], i + 1) && good_in_all;
	printf("1..%zu\n", num_tasks);
	return good_in_all ? 0 : 1;
}
