/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET with libcurl. Interfaces newer than 7.74 stand behind a check of its version.
 */
#include "fetch/http.h"

#include "base/encode.h"
#include "base/number.h"
#include "crypto/private_key.h"
#include "fetch/clock.h"
#include "fetch/url.h"

#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

enum {
	CONNECT_MAX_MS = 5000,
	ATTEMPT_MAX_MS = 15000,
	RETRY_FIRST_MS = 250,
	RETRY_AFTER_MAX_S = 10, /* a server that wants more is left alone */
	HEADERS_MAX_LEN = 64 << 10,
	WORDS_MAX = 80, /* of an error's body that are shown */
};

struct http_client {
	CURL *curl;
	unsigned attempts;
	bool insecure;
	const char *ca_file;
	long code; /* of the last answer; 0: there was none */
};

/* An answer that arrives; what breaks a limit ends the transfer. */
struct answer {
	struct out headers; /* those that are kept */
	struct out body;
	size_t headers_len;
	size_t max_len;
	bool headers_too_long;
	bool body_too_long;
	bool has_retry_after;
	uint64_t retry_after_s;
};

static void answer_done(struct answer *answer)
{
	out_done(&answer->headers);
	out_done(&answer->body);
}

/* What is said of a document beside the document; nothing else is passed on. */
static const char *const kept_headers[] = {
	"Cache-Control",
	"Content-Type",
	"Request-ID",
	"SGX-Enclave-Identity-Issuer-Chain",
	"SGX-PCK-CRL-Issuer-Chain",
	"SGX-PCK-Certificate-Issuer-Chain",
	"SGX-TCB-Info-Issuer-Chain",
	"SGX-TCBm",
	"TCB-Evaluation-Data-Numbers-Issuer-Chain",
	"TCB-Info-Issuer-Chain",
};

/* The value of a header line of this name, NULL otherwise. */
static const char *header_value(const char *line, const char *name)
{
	const size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (ascii_lower(line[i]) != ascii_lower(name[i]))
			return NULL;
	return line[len] == ':' ? line + len + 1 + strspn(line + len + 1, " \t") : NULL;
}

static void take_header(struct answer *answer, const char *line)
{
	const char *const wait = header_value(line, "Retry-After");

	if (wait != NULL)
		answer->has_retry_after = number_read(wait, UINT32_MAX,
						      &answer->retry_after_s,
						      "Retry-After", NULL) == CELLA_OK;
	for (size_t i = 0; i < ARRAY_LEN(kept_headers); i++) {
		const char *const value = header_value(line, kept_headers[i]);

		if (value != NULL)
			out_format(&answer->headers, "%s: %s\r\n", kept_headers[i],
				   value);
	}
}

static size_t on_header(char *data, size_t size, size_t num, void *context)
{
	struct answer *const answer = context;
	const size_t len = size * num;
	char *line CLEANUP_FREE = NULL;

	if (len > HEADERS_MAX_LEN - answer->headers_len) {
		answer->headers_too_long = true;
		return 0;
	}
	answer->headers_len += len;
	line = strndup(data, len);
	if (line == NULL)
		return 0;
	line[strcspn(line, "\r\n")] = '\0';
	take_header(answer, line);
	return len;
}

static size_t on_body(char *data, size_t size, size_t num, void *context)
{
	struct answer *const answer = context;
	const size_t len = size * num;

	if (len > answer->max_len - answer->body.len) {
		answer->body_too_long = true;
		return 0;
	}
	out_bytes(&answer->body, data, len);
	return answer->body.failed ? 0 : len;
}

/* Plain HTTP has been found to be loopback's by then. */
#if LIBCURL_VERSION_NUM >= 0x075500
static CURLcode set_protocols(CURL *curl)
{
	return curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
}
#else
static CURLcode set_protocols(CURL *curl)
{
	return curl_easy_setopt(curl, CURLOPT_PROTOCOLS,
				(long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
}
#endif

static CURLcode set_tls(const struct http_client *client)
{
	CURLcode code = curl_easy_setopt(client->curl, CURLOPT_SSLVERSION,
					 (long)CURL_SSLVERSION_TLSv1_2);

	if (code == CURLE_OK && client->ca_file != NULL)
		code = curl_easy_setopt(client->curl, CURLOPT_CAINFO, client->ca_file);
	if (code == CURLE_OK && client->ca_file != NULL)
		code = curl_easy_setopt(client->curl, CURLOPT_CAPATH, NULL);
	if (code == CURLE_OK)
		code = curl_easy_setopt(client->curl, CURLOPT_SSL_VERIFYPEER,
					client->insecure ? 0L : 1L);
	if (code == CURLE_OK)
		code = curl_easy_setopt(client->curl, CURLOPT_SSL_VERIFYHOST,
					client->insecure ? 0L : 2L);
	return code;
}

static CURLcode set_limits(CURL *curl)
{
	CURLcode code = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);

	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_HTTP_VERSION,
					(long)CURL_HTTP_VERSION_1_1);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_USERAGENT, "cella/" CELLA_VERSION);
	/* Our headers are for the server, not for a proxy on the way. */
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_HEADEROPT,
					(long)CURLHEADER_SEPARATE);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	return code;
}

enum cella_status http_client_new(const struct http_options *options,
				  struct http_client **out, struct cella_error *err)
{
	struct http_client *client CLEANUP(http_client_cleanup) = NULL;
	uint8_t byte;

	/* OpenSSL is set up as everywhere in cella, without a configuration, before
	 * libcurl would load one. */
	TRY(random_bytes(&byte, 1, err));
	client = calloc(1, sizeof *client);
	if (client == NULL)
		return error_nomem(err);
	client->attempts = options->attempts;
	client->insecure = options->insecure;
	client->ca_file = options->ca_file;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		client->curl = curl_easy_init();
	if (client->curl == NULL || set_protocols(client->curl) != CURLE_OK ||
	    set_limits(client->curl) != CURLE_OK || set_tls(client) != CURLE_OK)
		return error_set(err, CELLA_INTERNAL, "libcurl cannot be set up");
	*out = take(&client);
	return CELLA_OK;
}

void http_client_free(struct http_client *client)
{
	if (client == NULL)
		return;
	curl_easy_cleanup(client->curl);
	free(client);
}

void http_default_ca(const char **file, const char **folder)
{
	const curl_version_info_data *const info = curl_version_info(CURLVERSION_NOW);

	*file = info->cainfo;
	*folder = info->capath;
}

/* --- failures ------------------------------------------------------------------------ */

/* What a status means to who asked for collateral; the statuses of a PCCS among them. */
static const struct {
	long code;
	enum cella_status status;
	bool may_pass; /* worth another attempt */
	const char *remedy;
} codes[] = {
	{ 400, CELLA_IO, false, "the server does not know this kind of request" },
	{ 401, CELLA_IO, false,
	  "the server wants a subscription key, or another one: --pcs-key FILE" },
	{ 403, CELLA_IO, false, "the server refuses to serve this machine" },
	{ 404, CELLA_MISSING, false,
	  "the server does not have it: check the URL, and that it serves this platform" },
	{ 410, CELLA_MISSING, false, "the server does not serve it any more" },
	{ 429, CELLA_IO, true, "too many requests: try again later, or use a PCCS" },
	{ 460, CELLA_IO, false, "the PCCS finds its own data broken" },
	{ 461, CELLA_MISSING, false, "the PCCS does not know this platform" },
	{ 462, CELLA_MISSING, false, "the PCCS has no certificates for this platform" },
	{ 500, CELLA_IO, true, "the server has failed" },
	{ 502, CELLA_IO, true, "the PCCS cannot reach its own source" },
	{ 503, CELLA_IO, true, "the server cannot serve now" },
	{ 504, CELLA_IO, true, "the server's own source does not answer" },
};

static bool code_may_pass(long code)
{
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].code == code)
			return codes[i].may_pass;
	return false;
}

/* The beginning of an error's body, on one line and without control characters. */
static const char *words_of(const struct answer *answer, char words[WORDS_MAX + 1])
{
	size_t len = 0;

	for (size_t i = 0; i < answer->body.len && len < WORDS_MAX; i++) {
		const uint8_t c = answer->body.data[i];

		if (c > ' ' && c < 0x7f)
			words[len++] = (char)c;
		else if (len > 0 && words[len - 1] != ' ')
			words[len++] = ' ';
	}
	words[len] = '\0';
	return words;
}

static enum cella_status code_error(const struct http_client *client, const char *url,
				    long code, const struct answer *answer,
				    struct cella_error *err)
{
	char words[WORDS_MAX + 1];
	char *location = NULL;

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].code == code)
			return error_set(err, codes[i].status,
					 "%.90s: status %ld: %s (%s)", url, code,
					 codes[i].remedy, words_of(answer, words));
	if (code / 100 != 3)
		return error_set(err, CELLA_IO, "%.90s: status %ld, not 200 (%s)", url,
				 code, words_of(answer, words));
	curl_easy_getinfo(client->curl, CURLINFO_REDIRECT_URL, &location);
	return error_set(err, CELLA_IO,
			 "%.90s: a redirect to %.80s, which is not followed: give that "
			 "URL if you trust it",
			 url, location != NULL ? location : "nowhere");
}

/* What the transfer's failures mean. */
static const struct {
	CURLcode code;
	bool may_pass;
	const char *text;
} failures[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, true, "the host's name cannot be resolved" },
	{ CURLE_COULDNT_RESOLVE_PROXY, false, "the proxy's name cannot be resolved" },
	{ CURLE_COULDNT_CONNECT, true, "nobody answers there: is the server running?" },
	{ CURLE_OPERATION_TIMEDOUT, true, "no answer in time" },
	{ CURLE_PEER_FAILED_VERIFICATION, false,
	  "the server's TLS certificate is not to be trusted: if it is your own server, "
	  "give its authority with --tls-ca" },
	{ CURLE_SSL_CACERT_BADFILE, false,
	  "there are no authorities to check the server's TLS certificate with: install "
	  "ca-certificates, or give a file of theirs with --tls-ca" },
	{ CURLE_SSL_CONNECT_ERROR, false, "TLS failed: is it an https server?" },
	{ CURLE_PARTIAL_FILE, true, "the answer ends before its end" },
	{ CURLE_GOT_NOTHING, true, "the server hung up without an answer" },
	{ CURLE_RECV_ERROR, true, "the connection broke" },
	{ CURLE_SEND_ERROR, true, "the connection broke" },
	{ CURLE_WEIRD_SERVER_REPLY, false, "the answer is not HTTP" },
	{ CURLE_UNSUPPORTED_PROTOCOL, false, "the answer is not HTTP" },
};

static bool failure_may_pass(CURLcode code)
{
	for (size_t i = 0; i < ARRAY_LEN(failures); i++)
		if (failures[i].code == code)
			return failures[i].may_pass;
	return false;
}

static enum cella_status failure_error(const char *url, CURLcode code,
				       const struct answer *answer,
				       struct cella_error *err)
{
	if (answer->headers_too_long)
		return error_set(err, CELLA_LIMIT,
				 "%.100s: more than %d bytes of headers", url,
				 HEADERS_MAX_LEN);
	if (answer->body_too_long)
		return error_set(err, CELLA_LIMIT,
				 "%.100s: an answer of more than %zu bytes", url,
				 answer->max_len);
	for (size_t i = 0; i < ARRAY_LEN(failures); i++)
		if (failures[i].code == code)
			return error_set(err, CELLA_IO, "%.90s: %s", url,
					 failures[i].text);
	return error_set(err, CELLA_IO, "%.100s: %s", url, curl_easy_strerror(code));
}

/* --- attempts ------------------------------------------------------------------------ */

struct attempt {
	CURLcode result;
	long code;
};

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static struct attempt attempt(const struct http_client *client, const char *url,
			      int64_t left_ms, struct answer *answer)
{
	CURL *const curl = client->curl;
	struct attempt done = { CURLE_OK, 0 };
	struct url parts;

	/* What is on this machine is not behind a proxy. */
	if (url_parse(url, &parts, NULL) != CELLA_OK ||
	    curl_easy_setopt(curl, CURLOPT_PROXY, parts.is_loopback ? "" : NULL) !=
		    CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_URL, url) != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer) != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer) != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
			     (long)least(left_ms, CONNECT_MAX_MS)) != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
			     (long)least(left_ms, ATTEMPT_MAX_MS)) != CURLE_OK) {
		done.result = CURLE_FAILED_INIT;
		return done;
	}
	done.result = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &done.code);
	/* Of what a server says to its refusal the beginning will do. */
	if (answer->body_too_long && done.code != 200)
		done.result = CURLE_OK;
	return done;
}

/* Doubled each time, the half of it by chance, so that many who failed at once do not
 * come back at once. A server's own wish counts within a limit. */
static int64_t pause_before(unsigned number, const struct answer *answer)
{
	const int64_t base = (int64_t)RETRY_FIRST_MS << number;
	uint16_t chance = 0;

	if (answer->has_retry_after)
		return (int64_t)answer->retry_after_s * 1000;
	if (random_bytes(&chance, sizeof chance, NULL) != CELLA_OK)
		return base;
	return base / 2 + base * chance / (2 * UINT16_MAX);
}

static bool may_pass(struct attempt done, const struct answer *answer)
{
	if (answer->has_retry_after && answer->retry_after_s > RETRY_AFTER_MAX_S)
		return false;
	return done.result != CURLE_OK ? failure_may_pass(done.result)
				       : code_may_pass(done.code);
}

static void write_answer(struct answer *answer, struct out *out)
{
	out_text(out, "HTTP/1.1 200 OK\r\n");
	out_bytes(out, answer->headers.data, answer->headers.len);
	out_text(out, "\r\n");
	out_bytes(out, answer->body.data, answer->body.len);
}

static void slist_cleanup(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

/* The header with the subscription key, for this request alone. */
static enum cella_status set_key(const struct http_client *client,
				 const struct request *request, struct curl_slist **out,
				 struct cella_error *err)
{
	static const char header[] = "Ocp-Apim-Subscription-Key: ";
	char line[sizeof header + REQUEST_KEY_MAX];
	struct url parts;

	TRY(url_parse(request->url, &parts, err));
	if (request->key != NULL && (client->insecure || !parts.is_https))
		return error_set(err, CELLA_USAGE,
				 "%.100s: a subscription key is not sent where the "
				 "server's TLS certificate is not checked",
				 request->url);
	if (request->key != NULL) {
		snprintf(line, sizeof line, "%s%s", header, request->key);
		*out = curl_slist_append(NULL, line);
		explicit_bzero(line, sizeof line);
		if (*out == NULL)
			return error_nomem(err);
	}
	if (curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, *out) != CURLE_OK)
		return error_set(err, CELLA_INTERNAL, "libcurl cannot be set up");
	return CELLA_OK;
}

static enum cella_status try_to_get(struct http_client *client,
				    const struct request *request, struct out *out,
				    struct cella_error *err)
{
	const char *const url = request->url;

	for (unsigned i = 0;; i++) {
		struct answer answer CLEANUP(
			answer_done) = { .max_len = request->max_len };
		const int64_t left_ms = request->deadline_ms - clock_ms();
		struct attempt done;
		int64_t pause_ms;

		if (left_ms <= 0)
			return error_set(err, CELLA_IO, "%.100s: no time is left", url);
		done = attempt(client, url, left_ms, &answer);
		client->code = done.result == CURLE_OK ? done.code : 0;
		if (done.result == CURLE_OK && done.code == 200) {
			write_answer(&answer, out);
			return out_status(out, err);
		}
		pause_ms = pause_before(i, &answer);
		if (i + 1 >= client->attempts || !may_pass(done, &answer) ||
		    pause_ms >= request->deadline_ms - clock_ms())
			return done.result != CURLE_OK
				       ? failure_error(url, done.result, &answer, err)
				       : code_error(client, url, done.code, &answer, err);
		clock_wait_ms(pause_ms);
	}
}

unsigned http_client_code(const struct http_client *client)
{
	return client->code > 0 && client->code < 1000 ? (unsigned)client->code : 0;
}

enum cella_status http_get(struct http_client *client, const struct request *request,
			   struct out *out, struct cella_error *err)
{
	struct curl_slist *headers CLEANUP(slist_cleanup) = NULL;

	client->code = 0;
	TRY(set_key(client, request, &headers, err));
	return try_to_get(client, request, out, err);
}
