/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relying_party [-v] [-a] [-d HEX...]
 *
 * Reads the verifier's token on standard input and decides whether to believe it. It pins
 * two public keys: the verifier's, who signs tokens, and the owner's, who signs policies.
 *
 *   -v  shows the checks of the token, and a line "json payload" with the result
 *   -a  demands that exactly the policies in the folder Policies judged
 *   -d  demands that the quote was made for this request: `app -d`, `verifier -d` the same
 *
 * Who reads the line "json payload" alone, in a pipeline, does not see the exit status. So
 * when the token is refused, the result there is a plain 0, and tells no report data that
 * somebody might go on with. Why is told on standard error, and by `cella token show`.
 */
#include "agreed.h"
#include "simulated.h"
#include "tell.h"

#include <cella/token.h>

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TOKEN_MAX = 4 << 20 };

struct arguments {
	bool is_verbose;
	bool authenticates_policies;
	uint8_t nonce[CELLA_REPORT_DATA_LEN];
	size_t nonce_len; /* 0: freshness is not demanded */
};

/* What the token is checked against. */
struct inputs {
	struct cella_keys *verifier;
	struct policies policies;
	char *simulated_root; /* the name of the simulated platform's root, or NULL */
};

static void inputs_free(struct inputs *in)
{
	cella_free(in->simulated_root);
	policies_free(&in->policies);
	cella_keys_free(in->verifier);
}

/* --- input --------------------------------------------------------------------------- */

/* Only real hardware's root is believed without being named. */
static bool name_simulated_root(struct inputs *in)
{
	char platform[PATH_MAX];
	BUFFER root = { NULL, 0 };
	struct cella_error err;

	if (!simulated_platform(platform))
		return true;
	if (!simulated_root(platform, &root))
		return false;
	if (cella_root_name(root.data, root.len, &in->simulated_root, &err) != CELLA_OK)
		return fails("root", &err);
	return true;
}

/* What somebody else has signed is not what is expected. */
static bool check_standing(const struct policies *policies)
{
	for (size_t i = 0; i < NUM_POLICIES; i++) {
		const enum cella_policy_standing standing =
			cella_policy_standing(policies->items[i]);

		if (standing != CELLA_POLICY_OWNER_PINNED) {
			say("a policy in the folder Policies is not the owner's: %s",
			    cella_policy_standing_name(standing));
			return false;
		}
	}
	return true;
}

static bool read_inputs(const struct arguments *args, struct inputs *in)
{
	if (!pin(VERIFIER_PUBLIC_KEY, &in->verifier) || !name_simulated_root(in))
		return false;
	if (!args->authenticates_policies)
		return pin(POLICY_PUBLIC_KEY, &in->policies.owner);
	return policies_read(&in->policies) && check_standing(&in->policies);
}

static bool read_token(struct buffer *out)
{
	if (isatty(STDIN_FILENO))
		say("reading a token from the terminal; usually: ./verifier | "
		    "./relying_party");
	if (!read_fd(STDIN_FILENO, "standard input", TOKEN_MAX, out))
		return false;
	if (out->len > 0)
		return true;
	say("there is no token on standard input: did the verifier fail?");
	return false;
}

/* --- checking ------------------------------------------------------------------------ */

static bool check(const struct arguments *args, const struct inputs *in,
		  const struct buffer *text, struct cella_token **out)
{
	const char *const roots[] = { in->simulated_root };
	struct cella_token_expectations expectations = {
		.size = sizeof expectations,
		.keys = in->verifier,
		.audience = TOKEN_AUDIENCE,
		.issuer = TOKEN_ISSUER,
		.time_choice = CELLA_TIME_AT,
		.time = time(NULL),
		.leeway_s = 5,
		.nonce_expect = CELLA_EXPECT_ANY,
		.roots = roots,
		.num_roots = in->simulated_root != NULL ? 1 : 0,
		.policy_owners = in->policies.owner,
		.policies = in->policies.items,
		.num_policies = args->authenticates_policies ? NUM_POLICIES : 0,
	};
	struct cella_error err;

	if (args->nonce_len > 0) {
		expectations.nonce_expect = CELLA_EXPECT_EXACT;
		expectations.nonce = (struct cella_bytes){ args->nonce, args->nonce_len };
	} else {
		expectations.allow_unasked = CELLA_ALLOW(CELLA_QUESTION_FRESH);
		say("not asked: whether the quote was made for this request (-d HEX)");
	}
	if (cella_token_verify(text->data, text->len, &expectations, out, &err) !=
	    CELLA_OK)
		return fails("token", &err);
	return true;
}

static void tell_refusal(const struct cella_token *token)
{
	const struct cella_check *step;

	say("the token is REFUSED:");
	for (size_t i = 0; (step = cella_token_check(token, i)) != NULL; i++)
		tell_check(step);
}

/* --- output -------------------------------------------------------------------------- */

/*
 * Pipelines cut the line at "payload:". A policy's description may say that as well; in
 * JSON, where it can only stand within a string, it can be spelt otherwise.
 */
static void print_payload(const char *json)
{
	static const char word[] = "payload:";

	printf("json payload:");
	for (const char *at; (at = strstr(json, word)) != NULL; json = at + strlen(word))
		printf("%.*s\\u0070ayload:", (int)(at - json), json);
	printf("%s\n", json);
}

static void print_refusal(void)
{
	print_payload("[{\"result\":{\"overall_appraisal_result\":0,"
		      "\"appraised_reports\":[]}}]");
}

static void show(const struct cella_token *token, bool is_accepted)
{
	const struct cella_check *step;
	struct cella_error err;
	char *json = NULL;

	for (size_t i = 0; (step = cella_token_check(token, i)) != NULL; i++)
		printf("%s: %s: %s\n", cella_outcome_name(step->outcome), step->id,
		       step->title);
	if (is_accepted && cella_token_appraisal_result(token, &json, &err) == CELLA_OK)
		print_payload(json);
	else
		print_refusal();
	cella_free(json);
}

static bool passed(const struct cella_token *token, const char *id)
{
	const struct cella_check *step;

	for (size_t i = 0; (step = cella_token_check(token, i)) != NULL; i++)
		if (strcmp(step->id, id) == 0)
			return step->outcome == CELLA_CHECK_PASS;
	return false;
}

static int decide(const struct arguments *args, const struct cella_token *token)
{
	const bool is_accepted = cella_token_result(token) == CELLA_ACCEPTED &&
				 cella_token_overall_result(token) == 1;

	if (args->is_verbose)
		show(token, is_accepted);
	printf("appraisal result: %s\n", is_accepted ? "success" : "failure");
	if (args->authenticates_policies)
		printf("expected appraisal policys: %s\n",
		       passed(token, "token.policy_owner") &&
				       passed(token, "token.policies")
			       ? "success"
			       : "failure");
	if (!is_accepted)
		tell_refusal(token);
	return is_accepted ? EXIT_YES : EXIT_NO;
}

static int run(const struct arguments *args)
{
	struct inputs in = { .verifier = NULL };
	struct cella_token *token = NULL;
	BUFFER text = { NULL, 0 };
	int status = EXIT_UNDECIDED;

	if (read_token(&text) && read_inputs(args, &in) &&
	    check(args, &in, &text, &token))
		status = decide(args, token);
	else if (args->is_verbose)
		print_refusal();
	cella_token_free(token);
	inputs_free(&in);
	if (fflush(stdout) == 0)
		return status;
	fails("standard output", NULL);
	return EXIT_UNDECIDED;
}

static bool read_arguments(int argc, char **argv, struct arguments *out)
{
	for (int i = 1; i < argc; i++) {
		size_t num_used = 0;

		if (strcmp(argv[i], "-v") == 0) {
			out->is_verbose = true;
		} else if (strcmp(argv[i], "-a") == 0) {
			out->authenticates_policies = true;
		} else if (i + 1 < argc && strcmp(argv[i], "-d") == 0) {
			if (!read_hex(argv + i + 1, (size_t)(argc - i - 1), out->nonce,
				      sizeof out->nonce, &out->nonce_len, &num_used))
				return false;
			i += (int)num_used;
		} else {
			say("usage: ./verifier ... | %s [-v] [-a] [-d HEX...]", argv[0]);
			return false;
		}
	}
	return true;
}

int main(int argc, char **argv)
{
	struct arguments args = { .is_verbose = false };

	return read_arguments(argc, argv, &args) ? run(&args) : EXIT_USAGE;
}
