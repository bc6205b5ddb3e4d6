/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotes from the host's quoting service, QGS: the device makes a report, and QGS quotes it.
 * It is reached over vsock, at the port that /etc/tdx-attest.conf names, or where the user
 * says.
 */
#include "collect/attest_conf.h"
#include "collect/collect.h"
#include "collect/cpu.h"
#include "collect/peer.h"
#include "collect/qgs_message.h"
#include "collect/tdx_guest.h"

#include "fetch/files.h"

#include <errno.h>
#include <stdio.h>

enum { ADDRESS_MAX = 64, HOST_CID = 2, CONF_MAX = 64 << 10 };

static const char conf_file[] = "/etc/tdx-attest.conf";

static enum cella_status read_conf(const struct collect_request *request, uint32_t *port,
				   struct cella_error *err)
{
	char path[COLLECT_PATH_MAX];
	struct out text CLEANUP(out_done) = { 0 };
	struct cella_error reason = { 0 };
	const enum cella_status limit = collect_path(request, conf_file, path, err);

	if (limit != CELLA_OK)
		return limit;
	if (file_read(path, CONF_MAX, &text, &reason) == CELLA_OK)
		return attest_conf_read(out_view(&text), conf_file, port, err);
	if (reason.sys_errno == ENOENT)
		return error_set(err, CELLA_MISSING,
				 "%s is not there: write 'port = 4050' into it, the port "
				 "of the host's QGS, or say --qgs ADDRESS",
				 conf_file);
	*err = reason;
	return reason.status;
}

/* The vsock of a machine that is no trust domain leads to whoever hosts that machine. */
static enum cella_status default_address(const struct collect_request *request,
					 char out[ADDRESS_MAX], struct cella_error *err)
{
	uint32_t port = 0;

	TRY(read_conf(request, &port, err));
	if (!cpu_is_tdx_guest())
		return error_set(err, CELLA_UNSUPPORTED,
				 "the CPU does not say that this is a trust domain: its "
				 "host is not asked; --qgs ADDRESS asks another");
	snprintf(out, ADDRESS_MAX, "vsock:%d:%u", HOST_CID, port);
	return CELLA_OK;
}

static enum cella_status exchange(const struct peer *peer, struct cella_bytes report,
				  struct out *quote_out, struct cella_error *err)
{
	struct out message CLEANUP(out_done) = { 0 };
	struct out frame CLEANUP(out_done) = { 0 };
	struct out answer CLEANUP(out_done) = { 0 };
	struct cella_bytes quote = { 0 };
	size_t len = 0;

	qgs_request_write(report, &message);
	TRY(out_status(&message, err));
	TRY(peer_send(peer, out_view(&message), err));
	TRY(peer_receive_all(peer, QGS_FRAME_LEN, "the answer's length", &frame, err));
	TRY(qgs_frame_read(out_view(&frame), &len, err));
	TRY(peer_receive_all(peer, len, "the answer", &answer, err));
	TRY(qgs_response_parse(out_view(&answer), &quote, err));
	out_bytes(quote_out, quote.data, quote.len);
	return out_status(quote_out, err);
}

static enum cella_status quote(const struct collect_request *request,
			       struct collected *out, struct cella_error *err)
{
	struct out report CLEANUP(out_done) = { 0 };
	struct peer peer CLEANUP(peer_close) = PEER_NONE;
	char address[ADDRESS_MAX];

	if (request->qgs == NULL)
		TRY(default_address(request, address, err));
	TRY(tdx_guest_report(request, &report, err));
	TRY(peer_connect(request->qgs != NULL ? request->qgs : address,
			 &request->deadline, &peer, err));
	return exchange(&peer, out_view(&report), &out->bytes, err);
}

const struct provider provider_qgs = {
	.name = "qgs",
	.make = { [COLLECT_QUOTE] = quote },
	.lacks = "the device does: --provider tdx-guest",
	.is_real = true,
};
