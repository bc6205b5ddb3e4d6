/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella-fetch: the process that talks to servers for cella. It judges nothing, and knows
 * no more than the URLs, and the service's subscription key for those that need one. What
 * it cannot do is in fetch/sandbox.c.
 *
 *     cella-fetch ATTEMPTS INSECURE [CA-FILE]
 *
 * On standard input it gets lines as fetch/request.h says, on standard output it answers
 * each with "<status> <code> <length>\n", code being the server's or 0, and so many bytes:
 * the response, or what went wrong.
 */
#include "base/number.h"
#include "fetch/http.h"
#include "fetch/sandbox.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <sys/prctl.h>

enum { LIMIT_MAX = 16 << 20 };

/* Texts of the request point into the line. */
static bool parse_line(char *line, struct request *out)
{
	char *rest = line;
	const char *const deadline = strtok_r(rest, " \n", &rest);
	const char *const limit = strtok_r(rest, " \n", &rest);
	uint64_t deadline_ms = 0;
	uint64_t max_len = 0;

	out->url = strtok_r(rest, " \n", &rest);
	out->key = strtok_r(rest, " \n", &rest);
	if (out->url == NULL ||
	    number_read(deadline, INT64_MAX, &deadline_ms, "deadline", NULL) !=
		    CELLA_OK ||
	    number_read(limit, LIMIT_MAX, &max_len, "limit", NULL) != CELLA_OK)
		return false;
	out->deadline_ms = (int64_t)deadline_ms;
	out->max_len = (size_t)max_len;
	return true;
}

static bool answer(const struct http_client *client, enum cella_status status,
		   struct cella_bytes bytes)
{
	printf("%d %u %zu\n", (int)status, http_client_code(client), bytes.len);
	return fwrite(bytes.data, 1, bytes.len, stdout) == bytes.len &&
	       fflush(stdout) == 0;
}

static bool serve_line(struct http_client *client, char *line)
{
	struct out response CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	struct request request;

	if (!parse_line(line, &request))
		return false;
	if (http_get(client, &request, &response, &err) != CELLA_OK)
		return answer(client, err.status, bytes_of(err.text, strlen(err.text)));
	return answer(client, CELLA_OK, out_view(&response));
}

/* OpenSSL's variables name authorities in the place of the system's; one holds a list. */
static enum cella_status enter_sandbox(const char *ca_file, struct cella_error *err)
{
	const char *const folders = getenv("SSL_CERT_DIR");
	char *list CLEANUP_FREE = strdup(folders != NULL ? folders : "");
	struct sandbox_paths paths = { .num_items = 0 };
	const char *file = NULL;
	const char *folder = NULL;
	char *rest = list;

	if (list == NULL)
		return error_nomem(err);
	http_default_ca(&file, &folder);
	sandbox_add(&paths, ca_file);
	sandbox_add(&paths, file);
	sandbox_add(&paths, folder);
	sandbox_add(&paths, getenv("SSL_CERT_FILE"));
	for (char *one; (one = strtok_r(rest, ":", &rest)) != NULL;)
		sandbox_add(&paths, one);
	return sandbox_enter(&paths, err);
}

int main(int argc, char **argv)
{
	struct http_options options = { 0 };
	struct http_client *client CLEANUP(http_client_cleanup) = NULL;
	struct cella_error err = { 0 };
	uint64_t attempts = 0;
	char line[REQUEST_LINE_MAX];

	if (argc < 3 || argc > 4 ||
	    number_read(argv[1], 10, &attempts, "attempts", &err) != CELLA_OK) {
		fprintf(stderr, "cella-fetch: started by cella, not by hand\n");
		return 2;
	}
	/* What nobody waits for any more is not worth ending. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	options.attempts = (unsigned)attempts;
	options.insecure = strcmp(argv[2], "insecure") == 0;
	options.ca_file = argc == 4 ? argv[3] : NULL;
	if (http_client_new(&options, &client, &err) != CELLA_OK) {
		fprintf(stderr, "cella-fetch: %s\n", err.text);
		return 3;
	}
	if (enter_sandbox(options.ca_file, &err) != CELLA_OK)
		fprintf(stderr, "cella-fetch: warning: %s\n", err.text);
	while (fgets(line, sizeof line, stdin) != NULL)
		if (!serve_line(client, line))
			return 3;
	return 0;
}
