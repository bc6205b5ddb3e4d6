/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cloud's metadata service that quotes TD reports of the simulated platform.
 *
 *	standin-imds --listen unix:PATH|tcp --platform DIR [--fault NAME[=NUMBER]]... -- COMMAND...
 *
 * The command finds its address in the variable IMDS. Faults: deaf, hang, dies, half=LENGTH,
 * drip, busy=N (status 429), status=NUMBER, chunked and eof (how the body ends), padded (the
 * other alphabet of base64), garbage, not-json, no-quote, no-base64, huge, swapped.
 */
#include "standin.h"

#include "base/encode.h"
#include "evidence/td_report.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MAX = 8192, HUGE_LEN = 3 << 20 };

static struct standin standin;

/* Reads until the document's last brace: requests have no other. */
static bool receive_request(int fd, char request[REQUEST_MAX + 1])
{
	size_t len = 0;

	while (len < REQUEST_MAX) {
		const ssize_t got = recv(fd, request + len, REQUEST_MAX - len, 0);

		if (got <= 0)
			return false;
		len += (size_t)got;
		request[len] = '\0';
		if (strchr(request, '}') != NULL)
			return true;
	}
	return false;
}

static bool quote_request(char *request, struct out *quote)
{
	static const char before[] = "{\"report\":\"";
	char *const start = strstr(request, before);
	struct out report CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	const char *text;

	if (start == NULL ||
	    strncmp(request, "POST /acc/tdquote HTTP/1.1\r\n", 28) != 0 ||
	    strstr(request, "\r\nContent-Type: application/json\r\n") == NULL)
		return false;
	text = start + strlen(before);
	if (base64url_append(bytes_of(text, strcspn(text, "\"")), &report, "report",
			     &err) != CELLA_OK ||
	    report.len != TD_REPORT_LEN)
		return false;
	if (standin_fault(&standin, "swapped") != NULL) {
		const uint8_t other[REPORT_DATA_LEN] = { 1 };

		return standin_quote_data(&standin, other, quote, &err) == CELLA_OK;
	}
	return standin_quote(&standin, out_view(&report), quote, &err) == CELLA_OK;
}

static void write_body(struct cella_bytes quote, struct out *body)
{
	if (standin_fault(&standin, "huge") != NULL) {
		for (int i = 0; i < HUGE_LEN; i++)
			out_u8(body, ' ');
		return;
	}
	if (standin_fault(&standin, "not-json") != NULL) {
		out_text(body, "<html>No</html>");
		return;
	}
	out_text(body, standin_fault(&standin, "no-quote") != NULL ? "{\"result\":\""
								   : "{\"quote\":\"");
	if (standin_fault(&standin, "no-base64") != NULL)
		out_text(body, "not!base64");
	else if (standin_fault(&standin, "padded") != NULL)
		base64_write(body, quote);
	else
		base64url_write(body, quote);
	out_text(body, "\"}");
}

static void write_chunks(struct cella_bytes body, struct out *out)
{
	for (size_t offset = 0; offset < body.len; offset += 1000) {
		const size_t left = body.len - offset;
		const size_t len = left < 1000 ? left : 1000;

		out_format(out, "%zX\r\n", len);
		out_bytes(out, body.data + offset, len);
		out_text(out, "\r\n");
	}
	out_text(out, "0\r\n\r\n");
}

static void write_response(long status, struct cella_bytes body, struct out *out)
{
	if (standin_fault(&standin, "garbage") != NULL) {
		out_text(out, "220 mail.example.org ESMTP\r\n\r\n");
		return;
	}
	out_format(out, "HTTP/1.1 %ld Word\r\nServer: standin\r\n", status);
	if (standin_fault(&standin, "chunked") != NULL) {
		out_text(out, "transfer-encoding: Chunked\r\n\r\n");
		write_chunks(body, out);
		return;
	}
	if (standin_fault(&standin, "eof") == NULL)
		out_format(out, "content-length: %zu\r\n", body.len);
	out_text(out, "\r\n");
	out_bytes(out, body.data, body.len);
}

static void answer(int fd)
{
	char request[REQUEST_MAX + 1];
	struct out quote CLEANUP(out_done) = { 0 };
	struct out body CLEANUP(out_done) = { 0 };
	struct out response CLEANUP(out_done) = { 0 };
	struct cella_bytes bytes;
	long status = 200;

	if (!receive_request(fd, request))
		return;
	if (standin_fault(&standin, "hang") != NULL)
		pause();
	if (standin_fault(&standin, "dies") != NULL)
		return;
	if (standin_strikes(&standin, "busy"))
		status = 429;
	else if (standin_number(&standin, "status") > 0)
		status = standin_number(&standin, "status");
	else if (!quote_request(request, &quote))
		status = 400;
	if (status == 200)
		write_body(out_view(&quote), &body);
	else
		out_text(&body, "{\"error\":\"not now\"}");
	write_response(status, out_view(&body), &response);
	bytes = out_view(&response);
	if (standin_number(&standin, "half") >= 0)
		bytes.len = (size_t)standin_number(&standin, "half");
	standin_send(fd, bytes, standin_fault(&standin, "drip") != NULL);
}

int main(int argc, char **argv)
{
	standin_parse(argc, argv, "--listen", NULL, &standin);
	return standin_serve(&standin, "IMDS", answer);
}
