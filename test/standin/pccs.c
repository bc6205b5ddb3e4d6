/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stand-in for a PCS or PCCS: an HTTPS server on loopback that gives the documents of a
 * simulated platform, and misbehaves when it is told to.
 *
 *     pccs FOLDER [CERTIFICATE KEY]      (without a certificate: plain HTTP)
 *
 * It says its port in FOLDER/port once it listens, and serves until its standard input
 * ends. In FOLDER are
 *   platform/             what cella-sim init made; signs the evaluation numbers
 *   <set>/NAME.http       what cella-sim collateral --directory made; a set is tdx or sgx,
 *                         or one of these with "-early" or "-<number>"
 *   numbers               a line each: NUMBER EVENT-DATE TCB-DATE
 *   log                   every request, a line each, and the subscription key if it has one
 *   faults                a line each: what the request's line contains, the fault, its
 *                         argument or "-", and how often ("-": always). It is read anew
 *                         for each request.
 */
#include "base/civil.h"
#include "base/encode.h"
#include "base/number.h"
#include "fetch/files.h"
#include "sim/platform.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>

enum {
	NAME_MAX_LEN = 512,
	FILE_MAX = 1 << 20,
	RULES_MAX = 32,
	NUMBERS_MAX = 16,
	HUGE_LEN = 512 << 20,
	RANT_LEN = 1 << 20,
	FILLER_LEN = 1000,
	MEMORY_LEN = 1 << 20, /* of a connection; long headers want it */
};

static struct {
	const char *folder;
	struct sim_platform *platform;
	pthread_mutex_t lock;
} server = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* A line of FOLDER/faults. */
struct rule {
	char match[NAME_MAX_LEN];
	char fault[32];
	char argument[NAME_MAX_LEN];
	unsigned hits_max; /* 0: always */
};

/* How often each rule has been used, by its text; under the lock. */
static struct {
	char match[NAME_MAX_LEN];
	char fault[32];
	unsigned hits;
} used[RULES_MAX];

static bool read_file(const char *name, struct out *out)
{
	char path[NAME_MAX_LEN];
	struct cella_error err = { 0 };

	snprintf(path, sizeof path, "%s/%s", server.folder, name);
	return file_read(path, FILE_MAX, out, &err) == CELLA_OK;
}

static void log_request(const char *line, const char *key)
{
	char path[NAME_MAX_LEN];
	FILE *file;

	snprintf(path, sizeof path, "%s/log", server.folder);
	file = fopen(path, "ae");
	if (file == NULL)
		return;
	fprintf(file, "%s%s%s\n", line, key != NULL ? " key=" : "",
		key != NULL ? key : "");
	fclose(file);
}

/* --- faults -------------------------------------------------------------------------- */

static bool parse_rule(char *line, struct rule *out)
{
	const char *words[4] = { NULL };
	char *rest = line;
	uint64_t hits_max = 0;

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		words[i] = strtok_r(rest, " ", &rest);
		if (words[i] == NULL)
			return false;
	}
	*out = (struct rule){ 0 };
	snprintf(out->match, sizeof out->match, "%s", words[0]);
	snprintf(out->fault, sizeof out->fault, "%s", words[1]);
	snprintf(out->argument, sizeof out->argument, "%s", words[2]);
	if (strcmp(words[3], "-") != 0 &&
	    number_read(words[3], 1000000, &hits_max, "faults", NULL) != CELLA_OK)
		return false;
	out->hits_max = (unsigned)hits_max;
	return true;
}

/* Counts the use of a rule; false once it has been used as often as it may be. */
static bool use_rule(const struct rule *rule)
{
	for (size_t i = 0; i < ARRAY_LEN(used); i++) {
		if (used[i].match[0] == '\0') {
			snprintf(used[i].match, sizeof used[i].match, "%s", rule->match);
			snprintf(used[i].fault, sizeof used[i].fault, "%s", rule->fault);
		}
		if (strcmp(used[i].match, rule->match) == 0 &&
		    strcmp(used[i].fault, rule->fault) == 0)
			return used[i].hits++ < rule->hits_max || rule->hits_max == 0;
	}
	return false;
}

/* The fault for a request; an empty one when all goes well. */
static struct rule find_fault(const char *request)
{
	struct out text CLEANUP(out_done) = { 0 };
	char *lines CLEANUP_FREE = NULL;
	char *rest;

	if (!read_file("faults", &text) || out_take_text(&text, &lines, NULL) != CELLA_OK)
		return (struct rule){ 0 };
	rest = lines;
	for (char *line; (line = strtok_r(rest, "\n", &rest)) != NULL;) {
		struct rule rule;

		if (parse_rule(line, &rule) && strstr(request, rule.match) != NULL &&
		    use_rule(&rule))
			return rule;
	}
	return (struct rule){ 0 };
}

/* --- what is served ------------------------------------------------------------------ */

/* An answer in the making: headers as lines, body. */
struct answer {
	unsigned code;
	struct out head;
	struct out body;
};

static void answer_done(struct answer *answer)
{
	out_done(&answer->head);
	out_done(&answer->body);
}

static bool load_response(const char *name, struct answer *answer)
{
	struct out file CLEANUP(out_done) = { 0 };
	const uint8_t *first;
	const uint8_t *end;

	if (!read_file(name, &file))
		return false;
	first = memchr(file.data, '\n', file.len);
	end = memmem(file.data, file.len, "\r\n\r\n", 4);
	if (first == NULL || end == NULL)
		return false;
	out_bytes(&answer->head, first + 1, (size_t)(end + 2 - first - 1));
	out_bytes(&answer->body, end + 4, file.len - (size_t)(end + 4 - file.data));
	answer->code = MHD_HTTP_OK;
	return true;
}

static void put_number(struct out *out, char *line, const char *separator)
{
	const char *const number = strtok_r(line, " ", &line);
	const char *const event = strtok_r(line, " ", &line);
	const char *const tcb = strtok_r(line, " ", &line);

	out_format(out,
		   "%s{\"tcbEvaluationDataNumber\":%s,\"tcbRecoveryEventDate\":"
		   "\"%sT00:00:00Z\",\"tcbDate\":\"%sT00:00:00Z\"}",
		   separator, number, event, tcb);
}

static bool write_numbers(const char *tee, struct out *out)
{
	struct out text CLEANUP(out_done) = { 0 };
	char *lines CLEANUP_FREE = NULL;
	char *rest;
	const int64_t now = (int64_t)time(NULL);
	char from[CIVIL_TEXT_LEN];
	char to[CIVIL_TEXT_LEN];
	const char *separator = "";

	if (!read_file("numbers", &text) ||
	    out_take_text(&text, &lines, NULL) != CELLA_OK)
		return false;
	out_format(out,
		   "{\"id\":\"%s\",\"version\":1,\"issueDate\":\"%s\",\"nextUpdate\":"
		   "\"%s\",\"tcbEvalNumbers\":[",
		   tee[0] == 't' ? "TDX" : "SGX", civil_format(now - 3600, from),
		   civil_format(now + 30 * INT64_C(86400), to));
	rest = lines;
	for (char *line; (line = strtok_r(rest, "\n", &rest)) != NULL;) {
		put_number(out, line, separator);
		separator = ",";
	}
	out_text(out, "]}");
	return true;
}

/* The header of a chain in another document, under another name. */
static void borrow_chain(const char *tee, const char *name, struct out *head)
{
	struct answer other CLEANUP(answer_done) = { 0 };
	char file[64];
	const uint8_t *colon;
	const uint8_t *start;

	snprintf(file, sizeof file, "%s/tcb.http", tee);
	if (!load_response(file, &other))
		return;
	start = memmem(other.head.data, other.head.len, "TCB-Info-Issuer-Chain", 21);
	if (start == NULL)
		return;
	colon = start + 21;
	out_text(head, name);
	out_bytes(head, colon, other.head.len - (size_t)(colon - other.head.data));
}

static bool serve_numbers(const char *tee, struct answer *answer)
{
	uint8_t signature[P256_SIGNATURE_LEN];
	struct out inner CLEANUP(out_done) = { 0 };

	if (!write_numbers(tee, &inner) ||
	    private_key_sign(server.platform->keys[SIM_SIGNER], out_view(&inner),
			     signature, NULL) != CELLA_OK)
		return false;
	out_text(&answer->body, "{\"tcbEvaluationDataNumbers\":");
	out_bytes(&answer->body, inner.data, inner.len);
	out_text(&answer->body, ",\"signature\":\"");
	hex_write(&answer->body, bytes_of(signature, sizeof signature));
	out_text(&answer->body, "\"}");
	borrow_chain(tee, "TCB-Evaluation-Data-Numbers-Issuer-Chain", &answer->head);
	answer->code = MHD_HTTP_OK;
	return true;
}

/* Of the quoting enclave's identity, under another name: QvE's, which no file has. */
static bool serve_qve(struct answer *answer)
{
	static const char before[] = "{\"enclaveIdentity\":";
	static const char after[] = ",\"signature\":";
	static const char id[] = "\"id\":\"QE\"";
	uint8_t signature[P256_SIGNATURE_LEN];
	struct answer qe CLEANUP(answer_done) = { 0 };
	struct out inner CLEANUP(out_done) = { 0 };
	struct cella_bytes body;
	const uint8_t *end;
	const uint8_t *at;

	if (!load_response("sgx/qe_identity.http", &qe))
		return false;
	body = bytes_slice(out_view(&qe.body), sizeof before - 1,
			   qe.body.len - (sizeof before - 1));
	end = memmem(body.data, body.len, after, sizeof after - 1);
	at = memmem(body.data, body.len, id, sizeof id - 1);
	if (end == NULL || at == NULL)
		return false;
	out_bytes(&inner, body.data, (size_t)(at - body.data));
	out_text(&inner, "\"id\":\"QVE\"");
	at += sizeof id - 1;
	out_bytes(&inner, at, (size_t)(end - at));
	if (private_key_sign(server.platform->keys[SIM_SIGNER], out_view(&inner),
			     signature, NULL) != CELLA_OK)
		return false;
	out_format(&answer->body, "%s", before);
	out_bytes(&answer->body, inner.data, inner.len);
	out_format(&answer->body, "%s\"", after);
	hex_write(&answer->body, bytes_of(signature, sizeof signature));
	out_text(&answer->body, "\"}");
	out_bytes(&answer->head, qe.head.data, qe.head.len);
	answer->code = MHD_HTTP_OK;
	return true;
}

static const struct {
	const char *path; /* below /sgx/certification/v4/ */
	const char *file; /* in the set's folder */
} documents[] = {
	{ "tcb", "tcb.http" },         { "qe/identity", "qe_identity.http" },
	{ "pckcrl", "pckcrl.http" },   { "appraisalpolicy", "policies.http" },
	{ "pckcert", "pckcert.http" },
};

/* The folder of what was asked for: tee, and "-early" or "-<number>". */
static void name_set(struct MHD_Connection *connection, const char *tee, char out[64])
{
	const char *const update =
		MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "update");
	const char *const number = MHD_lookup_connection_value(
		connection, MHD_GET_ARGUMENT_KIND, "tcbEvaluationDataNumber");

	if (number != NULL)
		snprintf(out, 64, "%s-%.10s", tee, number);
	else if (update != NULL && strcmp(update, "early") == 0)
		snprintf(out, 64, "%s-early", tee);
	else
		snprintf(out, 64, "%s", tee);
}

/* As legacy PCCS do: the root's list as hexadecimal text. */
static bool serve_root_crl(struct answer *answer)
{
	struct answer raw CLEANUP(answer_done) = { 0 };

	if (!load_response("sgx/rootcacrl.http", &raw))
		return false;
	hex_write(&answer->body, out_view(&raw.body));
	answer->code = MHD_HTTP_OK;
	return true;
}

static bool serve(struct MHD_Connection *connection, const char *tee, const char *path,
		  struct answer *answer)
{
	char set[64];
	char file[128];

	if (strcmp(path, "rootcacrl") == 0)
		return serve_root_crl(answer);
	if (strcmp(path, "tcbevaluationdatanumbers") == 0)
		return serve_numbers(tee, answer);
	if (strcmp(path, "qve/identity") == 0)
		return serve_qve(answer);
	name_set(connection, tee, set);
	for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
		if (strcmp(path, documents[i].path) != 0)
			continue;
		snprintf(file, sizeof file, "%s/%s", set, documents[i].file);
		return load_response(file, answer);
	}
	return false;
}

static void find_answer(struct MHD_Connection *connection, const char *url,
			struct answer *answer)
{
	static const char tail[] = "/certification/v4/";
	const char *const tee = strncmp(url, "/tdx", 4) == 0   ? "tdx"
				: strncmp(url, "/sgx", 4) == 0 ? "sgx"
							       : NULL;

	answer->code = MHD_HTTP_NOT_FOUND;
	if (tee == NULL || strncmp(url + 4, tail, strlen(tail)) != 0 ||
	    !serve(connection, tee, url + 4 + strlen(tail), answer)) {
		answer->code = MHD_HTTP_NOT_FOUND;
		out_text(&answer->body, "No cache data for this platform.");
	}
}

/* --- misbehaving --------------------------------------------------------------------- */

/* What a body that is made on the way is like. */
struct stream {
	struct out body;
	size_t end;      /* where the connection breaks; 0: it does not */
	unsigned gap_ms; /* between bytes */
};

static ssize_t stream_read(void *context, uint64_t pos, char *buffer, size_t max)
{
	const struct stream *const stream = context;
	const struct timespec gap = { stream->gap_ms / 1000,
				      (long)(stream->gap_ms % 1000) * 1000000 };

	if (stream->end > 0 && pos >= stream->end)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (stream->gap_ms > 0) {
		nanosleep(&gap, NULL);
		max = 1;
	}
	if (pos >= stream->body.len) {
		memset(buffer, ' ', max);
		return (ssize_t)max;
	}
	if (max > stream->body.len - pos)
		max = (size_t)(stream->body.len - pos);
	if (stream->end > 0 && max > stream->end - pos)
		max = (size_t)(stream->end - pos);
	memcpy(buffer, stream->body.data + pos, max);
	return (ssize_t)max;
}

static void stream_free(void *context)
{
	struct stream *const stream = context;

	out_done(&stream->body);
	free(stream);
}

static struct MHD_Response *make_stream(struct answer *answer, uint64_t len, size_t end,
					unsigned gap_ms)
{
	struct stream *const stream = calloc(1, sizeof *stream);

	if (stream == NULL)
		return NULL;
	stream->body = answer->body;
	answer->body = (struct out){ 0 };
	stream->end = end;
	stream->gap_ms = gap_ms;
	return MHD_create_response_from_callback(len, 4096, stream_read, stream,
						 stream_free);
}

static void drop_headers(struct answer *answer)
{
	out_done(&answer->head);
	answer->head = (struct out){ 0 };
}

static void replace_answer(struct answer *answer, const char *file)
{
	struct answer other = { 0 };

	if (!load_response(file, &other))
		return;
	answer_done(answer);
	*answer = other;
}

/* Keeps the body and takes the headers of another document. */
static void replace_headers(struct answer *answer, const char *file)
{
	struct answer other = { 0 };

	if (!load_response(file, &other))
		return;
	out_done(&answer->head);
	answer->head = other.head;
	out_done(&other.body);
}

static unsigned argument_number(const struct rule *rule)
{
	uint64_t number = 0;

	if (number_read(rule->argument, 1000000, &number, "faults", NULL) != CELLA_OK)
		return 0;
	return (unsigned)number;
}

/* Faults that change what is said; those in how it is said are in make_response(). */
static void spoil(const struct rule *rule, struct answer *answer)
{
	const char *const fault = rule->fault;
	uint64_t code = 0;

	if (strcmp(fault, "no-headers") == 0)
		drop_headers(answer);
	else if (strcmp(fault, "headers-of") == 0)
		replace_headers(answer, rule->argument);
	else if (strcmp(fault, "instead") == 0)
		replace_answer(answer, rule->argument);
	else if (strcmp(fault, "header") == 0)
		out_format(&answer->head, "%s\r\n", rule->argument);
	else if (strcmp(fault, "headers") == 0)
		for (unsigned i = argument_number(rule); i > 0; i--)
			out_format(&answer->head, "X-Filler: %0*u\r\n", FILLER_LEN, i);
	else if (strcmp(fault, "redirect") == 0) {
		answer->code = MHD_HTTP_FOUND;
		drop_headers(answer);
		out_format(&answer->head, "Location: %s\r\n", rule->argument);
	} else if (strcmp(fault, "garbage") == 0) {
		answer->body.len = 0;
		out_text(&answer->body, "<html>\033[2Jnot what you asked for\n</html>");
	} else if (strcmp(fault, "rant") == 0) {
		answer->code = argument_number(rule);
		drop_headers(answer);
		answer->body.len = 0;
		while (answer->body.len < RANT_LEN)
			out_text(&answer->body, "<html>\033[2Jgo\r\naway \007");
	} else if (number_read(fault, 599, &code, "faults", NULL) == CELLA_OK) {
		answer->code = (unsigned)code;
		drop_headers(answer);
		answer->body.len = 0;
		out_text(&answer->body, "{\"error\":\"the stand-in was told to\"}");
		if (strcmp(rule->argument, "-") != 0)
			out_format(&answer->head, "Retry-After: %s\r\n", rule->argument);
	}
}

static struct MHD_Response *make_response(const struct rule *rule, struct answer *answer)
{
	const char *const fault = rule->fault;

	if (strcmp(fault, "huge") == 0)
		return make_stream(answer, HUGE_LEN, 0, 0);
	if (strcmp(fault, "endless") == 0)
		return make_stream(answer, MHD_SIZE_UNKNOWN, 0, 0);
	if (strcmp(fault, "truncate") == 0)
		return make_stream(answer, answer->body.len, answer->body.len / 2, 0);
	if (strcmp(fault, "drip") == 0)
		return make_stream(answer, answer->body.len, 0, argument_number(rule));
	/* As one does that declares less than it has. */
	if (strcmp(fault, "short") == 0)
		answer->body.len /= 2;
	return MHD_create_response_from_buffer(answer->body.len, answer->body.data,
					       MHD_RESPMEM_MUST_COPY);
}

static void add_headers(struct MHD_Response *response, struct out *head)
{
	char *lines CLEANUP_FREE = NULL;
	char *rest;

	if (out_take_text(head, &lines, NULL) != CELLA_OK)
		return;
	rest = lines;
	for (char *line; (line = strtok_r(rest, "\r\n", &rest)) != NULL;) {
		char *const colon = strchr(line, ':');

		if (colon == NULL)
			continue;
		*colon = '\0';
		if (strcasecmp(line, "Content-Length") != 0)
			MHD_add_response_header(response, line,
						colon + 1 + strspn(colon + 1, " "));
	}
}

/* --- the server ---------------------------------------------------------------------- */

static enum MHD_Result put_argument(void *context, enum MHD_ValueKind kind,
				    const char *key, const char *value)
{
	struct out *const line = context;

	(void)kind;
	out_format(line, "%s%s=%s",
		   memchr(line->data, '?', line->len) == NULL ? "?" : "&", key,
		   value != NULL ? value : "");
	return MHD_YES;
}

static char *request_line(struct MHD_Connection *connection, const char *method,
			  const char *url)
{
	struct out line CLEANUP(out_done) = { 0 };
	char *text = NULL;

	out_format(&line, "%s %s", method, url);
	MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, put_argument, &line);
	return out_take_text(&line, &text, NULL) == CELLA_OK ? text : NULL;
}

static void pause_ms(unsigned ms)
{
	const struct timespec span = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&span, NULL);
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection,
			      const char *url, const char *method, const char *version,
			      const char *upload, size_t *upload_len, void **state)
{
	char *line CLEANUP_FREE = request_line(connection, method, url);
	struct answer answer CLEANUP(answer_done) = { 0 };
	struct rule rule;
	struct MHD_Response *response;
	enum MHD_Result result;

	(void)context, (void)version, (void)upload, (void)upload_len, (void)state;
	if (line == NULL)
		return MHD_NO;
	pthread_mutex_lock(&server.lock);
	log_request(line, MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
						      "Ocp-Apim-Subscription-Key"));
	rule = find_fault(line);
	pthread_mutex_unlock(&server.lock);
	find_answer(connection, url, &answer);
	spoil(&rule, &answer);
	if (strcmp(rule.fault, "hang") == 0)
		pause_ms(argument_number(&rule));
	if (strcmp(rule.fault, "hang-up") == 0)
		return MHD_NO;
	response = make_response(&rule, &answer);
	if (response == NULL)
		return MHD_NO;
	add_headers(response, &answer.head);
	result = MHD_queue_response(connection, answer.code, response);
	MHD_destroy_response(response);
	return result;
}

static bool start(char **argv, bool has_tls, struct MHD_Daemon **out)
{
	struct out cert CLEANUP(out_done) = { 0 };
	struct out key CLEANUP(out_done) = { 0 };
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct MHD_OptionItem options[] = {
		{ MHD_OPTION_SOCK_ADDR, 0, (void *)(uintptr_t)&address },
		{ MHD_OPTION_CONNECTION_LIMIT, 200, NULL },
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY_LEN, NULL },
		{ MHD_OPTION_END, 0, NULL },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD;

	if (has_tls) {
		if (file_read(argv[2], FILE_MAX, &cert, NULL) != CELLA_OK ||
		    file_read(argv[3], FILE_MAX, &key, NULL) != CELLA_OK)
			return false;
		out_u8(&cert, 0);
		out_u8(&key, 0);
		options[3] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0,
						      cert.data };
		options[4].ptr_value = key.data;
		flags |= MHD_USE_TLS;
	}
	*out = MHD_start_daemon(flags, 0, NULL, NULL, handle, NULL, MHD_OPTION_ARRAY,
				options, MHD_OPTION_END);
	return *out != NULL;
}

static bool say_port(struct MHD_Daemon *daemon)
{
	const union MHD_DaemonInfo *const info =
		MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
	char path[NAME_MAX_LEN];
	char port[16];

	if (info == NULL)
		return false;
	snprintf(path, sizeof path, "%s/port", server.folder);
	snprintf(port, sizeof port, "%u\n", info->port);
	return file_write(path, bytes_of(port, strlen(port)), 0644, NULL) == CELLA_OK;
}

int main(int argc, char **argv)
{
	struct MHD_Daemon *daemon = NULL;
	struct cella_error err = { 0 };
	char path[NAME_MAX_LEN];
	char byte;

	if (argc != 2 && argc != 4) {
		fprintf(stderr, "usage: pccs FOLDER [CERTIFICATE KEY]\n");
		return 2;
	}
	server.folder = argv[1];
	snprintf(path, sizeof path, "%s/platform", argv[1]);
	if (sim_platform_load(path, &server.platform, &err) != CELLA_OK) {
		fprintf(stderr, "pccs: %s\n", err.text);
		return 3;
	}
	if (!start(argv, argc == 4, &daemon) || !say_port(daemon)) {
		fprintf(stderr, "pccs: cannot serve\n");
		return 3;
	}
	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	MHD_stop_daemon(daemon);
	sim_platform_free(server.platform);
	return 0;
}
