/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The corpus on disk: a directory per case, an index, and a page that says how to use it.
 */
#include "sim/corpus.h"

#include "base/encode.h"
#include "fetch/files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { CORPUS_PATH_MAX = 4096 };

static const char readme[] =
	"# Forgeries of DCAP evidence\n"
	"\n"
	"Each directory holds a case for a verifier of SGX and TDX quotes:\n"
	"\n"
	"| file | what it is |\n"
	"|---|---|\n"
	"| `quote.bin` | the evidence |\n"
	"| `collateral.json` | TCB info, identity of the quoting enclave, revocation lists and their chains, with the members of Intel's collateral struct; absent when the case has none |\n"
	"| `root.pem` | the root that the verifier is to trust for this case, instead of Intel's |\n"
	"| `data.bin` | data that the report data shall bind, in a few cases |\n"
	"| `policy.json`, `policy.jwt` | a policy in Intel's form that the workload shall meet, as text or signed, in the cases of class `policy` |\n"
	"| `owner.pem` | the public key that policies must be signed by, in a few cases |\n"
	"| `expected.json` | the case's name, why it is there, what the verifier is told, and what it must say |\n"
	"\n"
	"`index.json` holds all of the expectations at once.\n"
	"\n"
	"A case is made from a good one by changing one thing, and signed again wherever the\n"
	"attack is not the signature itself: everything else about it is right. The good cases\n"
	"are here too (class `good`), with boundary cases that must be accepted.\n"
	"\n"
	"## What is expected\n"
	"\n"
	"- `time`: the moment at which to judge. Never use the clock.\n"
	"- `options`: what the verifier is told. `policy` must be met, `policy_owner` must have\n"
	"  signed it. `report_data` is compared as 64 bytes, padded\n"
	"  with zeros at the end; `nonce` is the report data padded likewise; `data` is bound by\n"
	"  its SHA-512, data and nonce together by SHA-512(nonce || SHA-512(data)). `strict`\n"
	"  refuses what is otherwise only reported. `accept` names TCB statuses that are accepted\n"
	"  beside UpToDate. `grace_s` is how long after its expiry collateral still counts.\n"
	"- `result`: `accepted`, `rejected`, `unknown` (something that is needed is missing) or\n"
	"  `error` (something breaks its format). A verifier that does not tell these apart must\n"
	"  accept what is accepted and nothing else.\n"
	"- `answers`: is it genuine, current, mine (asked by policies), fresh?\n"
	"- `check`: the check that must fail, by the name that `cella verify --json` gives it;\n"
	"  `only`: no other check fails.\n"
	"- `error`: what is wrong, and a part of the message that says where.\n"
	"\n"
	"`cella verify quote.bin --collateral collateral.json --trust-root root.pem --time TIME`\n"
	"with the options gives the expected exit code.\n"
	"\n"
	"## Where verifiers differ\n"
	"\n"
	"Some expectations are choices, and other verifiers made others: cella refuses expired\n"
	"collateral, any status but UpToDate, debug and other untrusted attributes unless it is\n"
	"told otherwise; it checks signatures over the bytes that it received, and never over a\n"
	"text that it printed anew; it applies the attribute mask of a TDX module's identity.\n"
	"\n"
	"All of this was made by a simulated platform with its own keys, anew each time; nothing\n"
	"here says anything about real hardware.\n";

/* --- expectations -------------------------------------------------------------------- */

static json_t *text_or_null(const char *text)
{
	return text != NULL ? json_string(text) : json_null();
}

/* "a,b" as an array */
static json_t *list_json(const char *list)
{
	json_t *const array = json_array();

	while (array != NULL && list != NULL && *list != '\0') {
		const size_t len = strcspn(list, ",");

		if (json_array_append_new(array, json_stringn(list, len)) != 0) {
			json_decref(array);
			return NULL;
		}
		list += len + (list[len] == ',');
	}
	return array;
}

/* A signed policy is a token, which has no braces. */
static const char *policy_file(const struct sim_case *c)
{
	if (c->policy.len == 0)
		return NULL;
	return memchr(c->policy.data, '{', c->policy.len) != NULL ? "policy.json"
								  : "policy.jwt";
}

static json_t *options_json(const struct sim_case *c)
{
	const struct sim_case_options *const options = &c->row->options;

	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:b,s:o,s:I}", "policy",
			 text_or_null(policy_file(c)), "policy_owner",
			 text_or_null(c->owner.len > 0 ? "owner.pem" : NULL),
			 "report_data", text_or_null(options->report_data), "nonce",
			 text_or_null(options->nonce), "data",
			 text_or_null(options->data != NULL ? "data.bin" : NULL),
			 "strict", options->strict, "accept", list_json(options->accept),
			 "grace_s", (json_int_t)options->grace_s);
}

static const char *answer_name(char letter)
{
	static const struct {
		char letter;
		const char *name;
	} rows[] = {
		{ 'y', "yes" }, { 'n', "no" }, { 'u', "unknown" }, { '-', "not_asked" }
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].letter == letter)
			return rows[i].name;
	return "";
}

static json_t *answers_json(const char *answers)
{
	if (answers == NULL)
		return json_null();
	return json_pack("{s:s,s:s,s:s,s:s}", "genuine", answer_name(answers[0]),
			 "current", answer_name(answers[1]), "mine",
			 answer_name(answers[2]), "fresh", answer_name(answers[3]));
}

static json_t *error_json(const struct sim_case_row *row)
{
	if (row->result != SIM_ERROR)
		return json_null();
	return json_pack("{s:s,s:s}", "status", cella_status_name(row->status), "field",
			 row->field);
}

/* Everything that can be said of a case; NULL when out of memory. */
static json_t *case_json(const struct sim_class *class, const struct sim_case *c)
{
	const struct sim_case_row *const row = c->row;

	return json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:b,s:s,s:i,s:o,s:o,s:b,s:o}", "name",
			 row->name, "class", class->name, "why", row->why, "base",
			 sim_base_names[row->base], "time", json_time(c->time), "options",
			 options_json(c), "has_collateral", c->bundle.len > 0, "result",
			 sim_result_name(row->result), "exit",
			 sim_result_exit(row->result), "answers",
			 answers_json(row->answers), "check", text_or_null(row->check),
			 "only", row->result == SIM_REJECTED && !row->others, "error",
			 error_json(row));
}

/* --- files --------------------------------------------------------------------------- */

static enum cella_status make_dir(const char *dir, struct cella_error *err)
{
	return mkdir(dir, 0755) == 0 || errno == EEXIST
		       ? CELLA_OK
		       : error_errno(err, errno, "%s", dir);
}

static enum cella_status write_file(const char *dir, const char *name,
				    struct cella_bytes bytes, struct cella_error *err)
{
	char path[CORPUS_PATH_MAX];

	if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
		return error_set(err, CELLA_LIMIT, "%s: path is too long", dir);
	return file_write(path, bytes, 0644, err);
}

static enum cella_status write_json(const char *dir, const char *name, const json_t *json,
				    struct cella_error *err)
{
	struct out file CLEANUP(out_done) = { 0 };
	char *text CLEANUP_FREE = NULL;

	TRY(json_write(json, true, &text, err));
	out_format(&file, "%s\n", text);
	TRY(out_status(&file, err));
	return write_file(dir, name, out_view(&file), err);
}

static enum cella_status write_case(const char *dir, const struct sim_case *c,
				    const json_t *expected, struct cella_error *err)
{
	const char *const data = c->row->options.data;
	char path[CORPUS_PATH_MAX];

	if (snprintf(path, sizeof path, "%s/%s", dir, c->row->name) >= (int)sizeof path)
		return error_set(err, CELLA_LIMIT, "%s: path is too long", dir);
	TRY(make_dir(path, err));
	TRY(write_file(path, "quote.bin", out_view(&c->quote_bytes), err));
	TRY(write_file(path, "root.pem", out_view(&c->root), err));
	if (c->bundle.len > 0)
		TRY(write_file(path, "collateral.json", out_view(&c->bundle), err));
	if (data != NULL)
		TRY(write_file(path, "data.bin", bytes_of(data, strlen(data)), err));
	if (c->policy.len > 0)
		TRY(write_file(path, policy_file(c), out_view(&c->policy), err));
	if (c->owner.len > 0)
		TRY(write_file(path, "owner.pem", out_view(&c->owner), err));
	return write_json(path, "expected.json", expected, err);
}

/* --- the corpus ---------------------------------------------------------------------- */

static enum cella_status add_case(const char *dir, const struct sim_world *world,
				  const struct sim_class *class,
				  const struct sim_case_row *row, json_t *cases,
				  struct cella_error *err)
{
	struct sim_case c CLEANUP(sim_case_done) = { 0 };
	json_t *expected;

	TRY(sim_case_build(world, row, &c, err));
	expected = case_json(class, &c);
	if (expected == NULL)
		return error_nomem(err);
	TRY(json_add(cases, expected, err));
	return write_case(dir, &c, expected, err);
}

static enum cella_status add_class(const char *dir, const struct sim_world *world,
				   const struct sim_class *class, json_t *index,
				   struct cella_error *err)
{
	json_t *const classes = json_object_get(index, "classes");
	json_t *const cases = json_object_get(index, "cases");

	TRY(json_add(classes,
		     json_pack("{s:s,s:s}", "name", class->name, "about", class->about),
		     err));
	for (size_t i = 0; i < class->num_rows; i++)
		TRY(add_case(dir, world, class, &class->rows[i], cases, err));
	return CELLA_OK;
}

enum cella_status sim_corpus_write(const char *dir, size_t *num_cases,
				   struct cella_error *err)
{
	struct sim_world world CLEANUP(sim_world_done) = { 0 };
	json_t *index CLEANUP_JSON =
		json_pack("{s:s,s:o,s:[],s:[]}", "schema", "cella-corpus-1", "time",
			  json_time(sim_corpus_time), "classes", "cases");

	if (index == NULL)
		return error_nomem(err);
	TRY(make_dir(dir, err));
	TRY(sim_world_init(&world, err));
	for (size_t i = 0; i < sim_num_classes; i++)
		TRY(add_class(dir, &world, sim_classes[i], index, err));
	TRY(write_file(dir, "README.md", bytes_of(readme, strlen(readme)), err));
	/* Last: where there is an index, everything else is there. */
	TRY(write_json(dir, "index.json", index, err));
	*num_cases = json_array_size(json_object_get(index, "cases"));
	return CELLA_OK;
}
