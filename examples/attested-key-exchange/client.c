/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client SOCKET [COLLATERAL] <MESSAGE: the side that demands proof. It sends the message
 * only when the answer comes with a quote that is genuine, current, of the workload that
 * policy.json names, and made for this very exchange.
 */
#include "collateral.h"
#include "session.h"
#include "simulated.h"
#include "tell.h"
#include "wire.h"

#include <cella/policy.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What the quote is judged by. */
struct demands {
	char platform[PATH_MAX]; /* the simulated one; "" for real hardware */
	struct buffer root;
	struct cella_policy *policy;
	struct cella_collateral *collateral;
};

static void demands_free(struct demands *demands)
{
	cella_collateral_unref(demands->collateral);
	cella_policy_unref(demands->policy);
	buffer_free(&demands->root);
}

/* The policy is our own file; one that came from elsewhere would have to be signed. */
static bool read_policy(struct cella_policy **out)
{
	const struct cella_policy_options options = { .size = sizeof options,
						      .source = CELLA_POLICY_LOCAL };
	char path[PATH_MAX];
	BUFFER bytes = { NULL, 0 };
	struct cella_error err;

	if (!own_path("policy.json", path))
		return false;
	if (!read_file(path, CELLA_POLICY_MAX, &bytes)) {
		say("'make policy.json', on the enclave's machine, names the workload");
		return false;
	}
	if (cella_policy_parse(bytes.data, bytes.len, &options, out, &err) != CELLA_OK)
		return fails(path, &err);
	return true;
}

static bool read_demands(const char *collateral, struct demands *out)
{
	if (!simulated_platform(out->platform))
		out->platform[0] = '\0';
	else if (!simulated_root(out->platform, &out->root))
		return false;
	return read_policy(&out->policy) &&
	       collateral_read(collateral, out->platform, &out->collateral);
}

/* --- judging ------------------------------------------------------------------------- */

static bool verify(const struct buffer *answer, const uint8_t report_data[64],
		   const struct demands *demands, struct cella_verdict **out)
{
	struct cella_verify_options options = {
		.size = sizeof options,
		.time_choice = CELLA_TIME_AT,
		.time = time(NULL),
		.root_choice = CELLA_ROOT_INTEL,
		.report_data_expect = CELLA_EXPECT_EXACT,
		.policy_expect = CELLA_EXPECT_EXACT,
		.policies = &demands->policy,
		.num_policies = 1,
	};
	struct cella_evidence *evidence = NULL;
	struct cella_error err;
	bool done;

	memcpy(options.report_data, report_data, sizeof options.report_data);
	if (demands->platform[0] != '\0') {
		options.root_choice = CELLA_ROOT_GIVEN;
		options.root =
			(struct cella_bytes){ demands->root.data, demands->root.len };
	}
	if (cella_evidence_parse(answer->data + PUBLIC_KEY_LEN,
				 answer->len - PUBLIC_KEY_LEN, &evidence,
				 &err) != CELLA_OK)
		return fails("the enclave's answer", &err);
	done = cella_verify(evidence, demands->collateral, &options, out, &err) ==
	       CELLA_OK;
	cella_evidence_unref(evidence);
	return done || fails("the enclave's quote", &err);
}

/* "Accepted" means that nothing that was asked is a no; here, all four must be a yes. */
static bool is_proof(const struct cella_verdict *verdict)
{
	bool good = cella_verdict_result(verdict) == CELLA_ACCEPTED;

	for (int q = 0; q < CELLA_QUESTION_COUNT; q++)
		good = good && cella_verdict_answer(verdict, (enum cella_question)q) ==
				       CELLA_ANSWER_YES;
	return good;
}

static void tell(const struct cella_verdict *verdict)
{
	const struct cella_check *check;

	for (int q = 0; q < CELLA_QUESTION_COUNT; q++)
		say("%s: %s", cella_question_name((enum cella_question)q),
		    cella_answer_name(
			    cella_verdict_answer(verdict, (enum cella_question)q)));
	for (size_t i = 0; (check = cella_verdict_check(verdict, i)) != NULL; i++)
		tell_check(check);
}

/* EXIT_YES: the key in the answer is the workload's, and was made for this exchange. */
static int judge(const struct hello *hello, const struct buffer *answer,
		 const struct demands *demands)
{
	struct cella_verdict *verdict = NULL;
	uint8_t report_data[64];
	bool good;

	if (answer->len <= PUBLIC_KEY_LEN) {
		say("the enclave's answer is too short");
		return EXIT_UNDECIDED;
	}
	if (!bind_keys(hello, answer->data, report_data) ||
	    !verify(answer, report_data, demands, &verdict))
		return EXIT_UNDECIDED;
	good = is_proof(verdict);
	tell(verdict);
	cella_verdict_free(verdict);
	if (!good)
		say("REFUSED: that is not the enclave; nothing was sent");
	return good ? EXIT_YES : EXIT_NO;
}

/* --- the exchange -------------------------------------------------------------------- */

static bool send_message(int fd, const struct session *session,
			 const struct buffer *message)
{
	BUFFER sealed = { NULL, 0 };
	BUFFER reply = { NULL, 0 };
	BUFFER receipt = { NULL, 0 };

	if (!seal(session->to_enclave, message->data, message->len, &sealed) ||
	    !wire_send(fd, sealed.data, sealed.len) ||
	    !wire_receive(fd, SEALED_MAX, &reply) ||
	    !unseal(session->to_client, &reply, &receipt))
		return false;
	session_print(session);
	printf("the enclave says: %.*s\n", (int)receipt.len, (char *)receipt.data);
	return fflush(stdout) == 0;
}

static int exchange(int fd, const struct exchange_key *key, const struct buffer *message,
		    const struct demands *demands)
{
	struct session session = { .to_enclave = { 0 } };
	struct hello hello;
	BUFFER answer = { NULL, 0 };
	int status;
	bool done;

	memcpy(hello.client_key, key->public_key, PUBLIC_KEY_LEN);
	if (!random_fill(hello.nonce, NONCE_LEN) ||
	    !wire_send(fd, &hello, sizeof hello) ||
	    !wire_receive(fd, ANSWER_MAX, &answer))
		return EXIT_UNDECIDED;
	status = judge(&hello, &answer, demands);
	if (status != EXIT_YES)
		return status;
	if (!session_new(key, answer.data, &hello, &answer, &session))
		return EXIT_UNDECIDED;
	done = send_message(fd, &session, message);
	session_wipe(&session);
	return done ? EXIT_YES : EXIT_UNDECIDED;
}

static int talk(const char *path, const struct buffer *message,
		const struct demands *demands)
{
	struct exchange_key key = { NULL, { 0 } };
	const int fd = wire_connect(path);
	int status = EXIT_UNDECIDED;

	if (fd < 0)
		return EXIT_UNDECIDED;
	if (exchange_key_new(&key))
		status = exchange(fd, &key, message, demands);
	exchange_key_free(&key);
	close(fd);
	return status;
}

int main(int argc, char **argv)
{
	struct demands demands = { .platform = "" };
	BUFFER message = { NULL, 0 };
	int status = EXIT_UNDECIDED;

	if (argc != 2 && argc != 3) {
		say("usage: %s SOCKET [COLLATERAL] <MESSAGE", argv[0]);
		return EXIT_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	if (read_demands(argc == 3 ? argv[2] : NULL, &demands) &&
	    read_fd(STDIN_FILENO, "standard input", MESSAGE_MAX, &message))
		status = talk(argv[1], &message, &demands);
	demands_free(&demands);
	return status;
}
