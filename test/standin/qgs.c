/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host's quoting service, which quotes reports of the simulated platform.
 *
 *	standin-qgs --listen unix:PATH|tcp --platform DIR [--fault NAME[=NUMBER]]... -- COMMAND...
 *
 * The command finds the service's address in the variable QGS. Faults: hang (says nothing),
 * deaf (does not even accept), dies (after the request), half=LENGTH (dies within the answer),
 * drip (a byte now and then), garbage, http (answers as a web server does), length=NUMBER,
 * size=NUMBER, major=NUMBER, type=NUMBER, error=NUMBER, quote-size=NUMBER (fields of the
 * answer), id (names the key it has used), empty (no quote), trailing, swapped (another's
 * report).
 */
#include "standin.h"

#include "collect/qgs_message.h"
#include "evidence/td_report.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ID_LEN = 16, REQUEST_LEN = QGS_FRAME_LEN + QGS_HEADER_LEN + 8 + TD_REPORT_LEN };

static struct standin standin;

static uint32_t number_or(const char *fault, size_t value)
{
	const long number = standin_number(&standin, fault);

	return number >= 0 ? (uint32_t)number : (uint32_t)value;
}

static void write_answer(struct cella_bytes quote, struct out *out)
{
	const size_t id_len = standin_fault(&standin, "id") != NULL ? ID_LEN : 0;
	const size_t extra = standin_fault(&standin, "trailing") != NULL ? 3 : 0;
	const size_t len = QGS_HEADER_LEN + 8 + id_len + quote.len + extra;

	out_u32be(out, number_or("length", len));
	out_u16le(out, (uint16_t)number_or("major", 1));
	out_u16le(out, 1);
	out_u32le(out, number_or("type", QGS_TYPE_RESPONSE));
	out_u32le(out, number_or("size", len));
	out_u32le(out, number_or("error", 0));
	out_u32le(out, (uint32_t)id_len);
	out_u32le(out, number_or("quote-size", quote.len));
	out_zeros(out, id_len);
	out_bytes(out, quote.data, quote.len);
	out_zeros(out, extra);
}

static bool make_answer(uint8_t *request, struct out *out)
{
	uint8_t *const report = request + REQUEST_LEN - TD_REPORT_LEN;
	struct out quote CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };

	if (standin_fault(&standin, "garbage") != NULL) {
		for (int i = 0; i < 5000; i++)
			out_u8(out, (uint8_t)(i * 7));
		return true;
	}
	if (standin_fault(&standin, "http") != NULL) {
		out_text(out, "HTTP/1.1 400 Bad Request\r\n\r\n");
		return true;
	}
	if (standin_fault(&standin, "swapped") != NULL) {
		uint8_t other[REPORT_DATA_LEN] = { 1 };

		if (standin_quote_data(&standin, other, &quote, &err) != CELLA_OK)
			return false;
	} else if (standin_fault(&standin, "empty") == NULL &&
		   standin_quote(&standin, bytes_of(report, TD_REPORT_LEN), &quote,
				 &err) != CELLA_OK) {
		return false;
	}
	write_answer(out_view(&quote), out);
	return true;
}

static void answer(int fd)
{
	uint8_t request[REQUEST_LEN];
	struct out out CLEANUP(out_done) = { 0 };
	struct cella_bytes bytes;

	if (recv(fd, request, sizeof request, MSG_WAITALL) != sizeof request) {
		fputs("standin-qgs: that was no request\n", stderr);
		return;
	}
	if (standin_fault(&standin, "hang") != NULL)
		pause();
	if (standin_fault(&standin, "dies") != NULL || !make_answer(request, &out))
		return;
	bytes = out_view(&out);
	if (standin_number(&standin, "half") >= 0)
		bytes.len = (size_t)standin_number(&standin, "half");
	standin_send(fd, bytes, standin_fault(&standin, "drip") != NULL);
}

int main(int argc, char **argv)
{
	standin_parse(argc, argv, "--listen", NULL, &standin);
	return standin_serve(&standin, "QGS", answer);
}
