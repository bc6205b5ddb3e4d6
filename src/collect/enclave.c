/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The init's socket: a line asks, a line answers.
 */
#include "collect/enclave.h"

#include "collect/peer.h"
#include "guest/channel.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { ANSWER_SECONDS = 60, ANSWER_MAX = 1024 };

static enum cella_status socket_of(const char *sysroot, char path[ADDRESS_HOST_MAX],
				   struct cella_error *err)
{
	if (snprintf(path, ADDRESS_HOST_MAX, "unix:%s%s", sysroot, GUEST_ATTEST_PATH) >=
	    ADDRESS_HOST_MAX)
		return error_set(err, CELLA_LIMIT, "%.60s...: path is too long", sysroot);
	return CELLA_OK;
}

bool enclave_is_here(const char *sysroot)
{
	char path[ADDRESS_HOST_MAX];
	struct stat st;

	return socket_of(sysroot, path, NULL) == CELLA_OK &&
	       stat(path + strlen("unix:"), &st) == 0 && S_ISSOCK(st.st_mode);
}

static enum cella_status write_request(const struct aael *event, struct out *out,
				       struct cella_error *err)
{
	out_format(out, "%s %s %s", event->domain, event->operation, event->content);
	TRY(out_status(out, err));
	if (out->len > GUEST_MEASURE_MAX)
		return error_set(
			err, CELLA_LIMIT,
			"event: its text has %zu bytes; in an enclave, at most %d",
			out->len, GUEST_MEASURE_MAX);
	return CELLA_OK;
}

static enum cella_status read_answer(const struct peer *peer, struct cella_error *err)
{
	char answer[ANSWER_MAX];
	size_t len = 0;
	size_t got = 0;

	do {
		TRY(peer_receive(peer, answer + len, sizeof answer - 1 - len, &got, err));
		len += got;
	} while (got > 0 && len < sizeof answer - 1);
	answer[len] = '\0';
	if (strcmp(answer, "ok\n") == 0)
		return CELLA_OK;
	answer[strcspn(answer, "\n")] = '\0';
	return error_set(err, CELLA_IO, "the enclave's init does not measure: %s",
			 answer[0] != '\0' ? answer : "it says nothing");
}

enum cella_status enclave_measure(const char *sysroot, const struct aael *event,
				  struct cella_error *err)
{
	const struct deadline deadline = deadline_in(ANSWER_SECONDS);
	struct peer peer CLEANUP(peer_close) = PEER_NONE;
	struct out request CLEANUP(out_done) = { 0 };
	struct out text CLEANUP(out_done) = { 0 };
	char path[ADDRESS_HOST_MAX];

	TRY(socket_of(sysroot, path, err));
	TRY(write_request(event, &text, err));
	out_text(&request, "measure ");
	out_bytes(&request, text.data, text.len);
	out_u8(&request, '\n');
	TRY(out_status(&request, err));
	TRY(peer_connect(path, &deadline, &peer, err));
	TRY(peer_send(&peer, out_view(&request), err));
	return read_answer(&peer, err);
}
