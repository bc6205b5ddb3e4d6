/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verifier [-quote FILE] [-d HEX...] [-collateral FILE|DIR] [-v]
 *
 * Verifies a TDX quote, appraises it by the signed policies in the folder Policies, and
 * writes the verdict as a signed token on standard output: one line, and nothing else.
 *
 * A refusal has a token, too, so that whoever reads it learns why; it says so on standard
 * error and by its exit status: 1, or 3 when the collateral leaves an answer unknown. Where
 * nothing could be judged there is no token, and the exit status is 3.
 */
#include "agreed.h"
#include "collateral.h"
#include "simulated.h"
#include "tell.h"

#include <cella/token.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#define DEFAULT_QUOTE "../tdx-quote-generation-sample/quote.dat"

struct arguments {
	const char *quote;      /* NULL: DEFAULT_QUOTE */
	const char *collateral; /* NULL: see collateral_read() */
	uint8_t nonce[CELLA_REPORT_DATA_LEN];
	size_t nonce_len; /* 0: nobody asks whether the quote is fresh */
	bool is_verbose;
};

/* Everything that goes into a verdict. */
struct inputs {
	char platform[PATH_MAX]; /* the simulated one; "" for real hardware */
	struct buffer root;      /* of the simulated platform */
	struct cella_evidence *evidence;
	struct cella_collateral *collateral;
	struct policies policies;
};

static void inputs_free(struct inputs *in)
{
	policies_free(&in->policies);
	cella_collateral_unref(in->collateral);
	cella_evidence_unref(in->evidence);
	buffer_free(&in->root);
}

/* --- input --------------------------------------------------------------------------- */

static bool read_quote(const char *path, struct inputs *in)
{
	char own[PATH_MAX];
	BUFFER bytes = { NULL, 0 };
	struct cella_error err;

	if (path == NULL && !own_path(DEFAULT_QUOTE, own))
		return false;
	if (path == NULL)
		path = own;
	if (!read_file(path, CELLA_EVIDENCE_MAX, &bytes))
		return false;
	if (cella_evidence_parse(bytes.data, bytes.len, &in->evidence, &err) != CELLA_OK)
		return fails(path, &err);
	if (cella_evidence_kind(in->evidence) == CELLA_EVIDENCE_TDX_QUOTE)
		return true;
	say("%s: not a TDX quote", path);
	return false;
}

static bool read_inputs(const struct arguments *args, struct inputs *in)
{
	if (!simulated_platform(in->platform))
		in->platform[0] = '\0';
	else if (!simulated_root(in->platform, &in->root))
		return false;
	return read_quote(args->quote, in) && policies_read(&in->policies) &&
	       collateral_read(args->collateral, in->platform, &in->collateral);
}

/* --- judging ------------------------------------------------------------------------- */

static bool judge(const struct arguments *args, const struct inputs *in,
		  struct cella_verdict **out)
{
	struct cella_verify_options options = {
		.size = sizeof options,
		.time_choice = CELLA_TIME_AT,
		.time = time(NULL),
		.root_choice = CELLA_ROOT_INTEL,
		.report_data_expect = CELLA_EXPECT_ANY,
		.policy_expect = CELLA_EXPECT_EXACT,
		.policies = in->policies.items,
		.num_policies = NUM_POLICIES,
	};
	struct cella_error err;

	if (in->platform[0] != '\0') {
		options.root_choice = CELLA_ROOT_GIVEN;
		options.root = (struct cella_bytes){ in->root.data, in->root.len };
	}
	if (args->nonce_len > 0) {
		/* Padded with zeros, as `app -d` does it. */
		options.report_data_expect = CELLA_EXPECT_EXACT;
		memcpy(options.report_data, args->nonce, args->nonce_len);
	}
	if (cella_verify(in->evidence, in->collateral, &options, out, &err) != CELLA_OK)
		return fails("quote", &err);
	return true;
}

static void tell_refusal(const struct cella_verdict *verdict)
{
	const struct cella_check *check;

	say(cella_verdict_result(verdict) == CELLA_REJECTED
		    ? "the quote is REFUSED:"
		    : "the quote can be neither accepted nor refused:");
	for (size_t i = 0; (check = cella_verdict_check(verdict, i)) != NULL; i++)
		tell_check(check);
}

static bool tell(const struct arguments *args, const struct cella_verdict *verdict)
{
	struct cella_error err;
	char *text = NULL;

	if (args->is_verbose) {
		if (cella_verdict_text(verdict, 0, &text, &err) != CELLA_OK)
			return fails("verdict", &err);
		fprintf(stderr, "%s", text);
		cella_free(text);
	} else if (cella_verdict_result(verdict) != CELLA_ACCEPTED) {
		tell_refusal(verdict);
	}
	if (args->nonce_len == 0)
		say("not asked: whether the quote was made for this request (-d HEX)");
	return true;
}

/* --- the token ----------------------------------------------------------------------- */

/* Results carry a number below 10^15 that tells them apart and proves nothing. */
static bool random_ids(char id[33], uint64_t *nonce)
{
	uint8_t bytes[16];

	if (!random_fill(bytes, sizeof bytes) || !random_fill(nonce, sizeof *nonce))
		return false;
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
	*nonce %= CELLA_RESULT_NONCE_MAX + 1;
	return true;
}

static bool write_token(const struct arguments *args, const struct cella_verdict *verdict,
			const struct cella_signer *signer)
{
	char id[33];
	struct cella_token_options options = {
		.size = sizeof options,
		.issuer = TOKEN_ISSUER,
		.audience = TOKEN_AUDIENCE,
		.id = id,
		.signer = signer,
	};
	struct cella_error err;
	char *token = NULL;

	/* A token tells the nonce only if the quote is an answer to it. */
	if (cella_verdict_answer(verdict, CELLA_QUESTION_FRESH) == CELLA_ANSWER_YES)
		options.nonce = (struct cella_bytes){ args->nonce, args->nonce_len };
	if (!random_ids(id, &options.result_nonce))
		return false;
	if (cella_token_write(verdict, &options, &token, &err) != CELLA_OK)
		return fails("token", &err);
	printf("%s\n", token);
	cella_free(token);
	return fflush(stdout) == 0 || fails("standard output", NULL);
}

static int run(const struct arguments *args, const struct key *key)
{
	static const int statuses[] = { [CELLA_REJECTED] = EXIT_NO,
					[CELLA_ACCEPTED] = EXIT_YES,
					[CELLA_UNDECIDED] = EXIT_UNDECIDED };
	struct inputs in = { .platform = "" };
	struct cella_verdict *verdict = NULL;
	int status = EXIT_UNDECIDED;

	if (read_inputs(args, &in) && judge(args, &in, &verdict) && tell(args, verdict) &&
	    write_token(args, verdict, &key->signer))
		status = statuses[cella_verdict_result(verdict)];
	cella_verdict_free(verdict);
	inputs_free(&in);
	return status;
}

/* --- arguments ----------------------------------------------------------------------- */

static bool read_nonce(char **rest, size_t num_rest, struct arguments *out, int *num_used)
{
	size_t used = 0;

	if (!read_hex(rest, num_rest, out->nonce, sizeof out->nonce, &out->nonce_len,
		      &used))
		return false;
	if (out->nonce_len < 8) {
		say("-d: fewer than 8 bytes could be guessed");
		return false;
	}
	*num_used = (int)used;
	return true;
}

static bool read_arguments(int argc, char **argv, struct arguments *out)
{
	for (int i = 1; i < argc; i++) {
		const bool has_value = i + 1 < argc;
		int num_used = 0;

		if (strcmp(argv[i], "-v") == 0) {
			out->is_verbose = true;
		} else if (has_value && strcmp(argv[i], "-quote") == 0) {
			out->quote = argv[++i];
		} else if (has_value && strcmp(argv[i], "-collateral") == 0) {
			out->collateral = argv[++i];
		} else if (has_value && strcmp(argv[i], "-d") == 0) {
			if (!read_nonce(argv + i + 1, (size_t)(argc - i - 1), out,
					&num_used))
				return false;
			i += num_used;
		} else {
			say("usage: %s [-quote FILE] [-d HEX...] [-collateral FILE|DIR] "
			    "[-v]",
			    argv[0]);
			return false;
		}
	}
	return true;
}

int main(int argc, char **argv)
{
	struct arguments args = { .quote = NULL };
	char path[PATH_MAX];
	struct key key;
	int status;

	if (!read_arguments(argc, argv, &args))
		return EXIT_USAGE;
	if (!own_path(VERIFIER_KEY, path) || !key_open(path, &key)) {
		say("'make all' makes the verifier's key");
		return EXIT_UNDECIDED;
	}
	status = run(&args, &key);
	key_close(&key);
	return status;
}
