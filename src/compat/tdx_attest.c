/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libtdx_attest.so.1: the entry points of Intel's tdx_attest.h on cella's collectors, those
 * of this machine's trust domain alone. (Azure's vTPM binds other report data than the
 * caller's, and the simulated platform is nobody's.)
 *
 * The library is a guest: it prints nothing, and leaves signals, descriptors and the
 * environment alone.
 */
#pragma GCC visibility push(default)
#include "compat/tdx_attest.h"
#pragma GCC visibility pop

#include "collect/collect.h"
#include "collect/cpu.h"
#include "collect/rtmr.h"
#include "compat/attest_place.h"
#include "evidence/td_report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(tdx_report_data_t) == REPORT_DATA_LEN, "the interface's layout");
_Static_assert(sizeof(tdx_report_t) == TD_REPORT_LEN, "the interface's layout");
_Static_assert(sizeof(tdx_rtmr_event_t) == 68, "the interface's layout");
_Static_assert(sizeof(((tdx_rtmr_event_t *)0)->extend_data) == SHA384_LEN, "a digest");

enum { REASON_MAX = 1024, EVENT_VERSION = 1, RTMR_FIRST = 2, RTMR_LAST = 3 };

/* No error of the interface: what was asked is not on this machine. */
#define NOT_THERE TDX_ATTEST_SUCCESS

static const tdx_uuid_t ecdsa_key = { TDX_SGX_ECDSA_ATTESTATION_ID };

/* --- reasons ------------------------------------------------------------------------- */

static _Thread_local char reason[REASON_MAX];

const char *cella_tdx_att_reason(void)
{
	return reason;
}

static void add_reason(const char *format, ...) PRINTF(1, 2);
static void add_reason(const char *format, ...)
{
	const size_t used = strlen(reason);
	va_list args;

	va_start(args, format);
	vsnprintf(reason + used, sizeof reason - used, format, args);
	va_end(args);
}

static tdx_attest_error_t refuse(tdx_attest_error_t code, const char *why)
{
	add_reason("%s", why);
	return code;
}

/* --- what collectors say, in the interface's numbers ---------------------------------- */

/* A row for each kind of failure; the first that fits counts. */
struct meaning {
	enum cella_status status; /* CELLA_OK: any */
	int sys_errno;            /* 0: any */
	tdx_attest_error_t code;
};

static const struct meaning of_report[] = {
	{ CELLA_NOMEM, 0, TDX_ATTEST_ERROR_OUT_OF_MEMORY },
	{ CELLA_UNSUPPORTED, ENODEV,
	  TDX_ATTEST_ERROR_DEVICE_FAILURE }, /* another driver */
	{ CELLA_IO, ENOENT, TDX_ATTEST_ERROR_DEVICE_FAILURE },
	{ CELLA_IO, ENXIO, TDX_ATTEST_ERROR_DEVICE_FAILURE },
	{ CELLA_IO, ENODEV, TDX_ATTEST_ERROR_DEVICE_FAILURE },
	{ CELLA_IO, EACCES, TDX_ATTEST_ERROR_DEVICE_FAILURE },
	{ CELLA_IO, EPERM, TDX_ATTEST_ERROR_DEVICE_FAILURE },
	{ CELLA_OK, 0, TDX_ATTEST_ERROR_REPORT_FAILURE },
};

static const struct meaning of_qgs[] = {
	{ CELLA_NOMEM, 0, TDX_ATTEST_ERROR_OUT_OF_MEMORY },
	{ CELLA_MISSING, 0, NOT_THERE }, /* no port is named */
	{ CELLA_IO, EREMOTEIO, TDX_ATTEST_ERROR_QUOTE_FAILURE },
	{ CELLA_IO, 0, TDX_ATTEST_ERROR_VSOCK_FAILURE },
	{ CELLA_OK, 0, TDX_ATTEST_ERROR_QUOTE_FAILURE },
};

static const struct meaning of_tsm[] = {
	{ CELLA_NOMEM, 0, TDX_ATTEST_ERROR_OUT_OF_MEMORY },
	{ CELLA_MISSING, 0, NOT_THERE }, /* no configfs-tsm */
	{ CELLA_IO, ENXIO, NOT_THERE },  /* no driver behind it */
	{ CELLA_IO, EBUSY, TDX_ATTEST_ERROR_BUSY },
	{ CELLA_IO, EINTR, TDX_ATTEST_ERROR_BUSY },
	{ CELLA_IO, ETIMEDOUT, TDX_ATTEST_ERROR_BUSY },
	{ CELLA_IO, EAGAIN, TDX_ATTEST_ERROR_BUSY },
	{ CELLA_OK, 0, TDX_ATTEST_ERROR_QUOTE_FAILURE },
};

static const struct meaning of_device[] = {
	{ CELLA_NOMEM, 0, TDX_ATTEST_ERROR_OUT_OF_MEMORY },
	{ CELLA_UNSUPPORTED, ENOTTY, TDX_ATTEST_ERROR_NOT_SUPPORTED },
	{ CELLA_UNSUPPORTED, EINVAL, TDX_ATTEST_ERROR_NOT_SUPPORTED },
	{ CELLA_IO, EOPNOTSUPP, TDX_ATTEST_ERROR_NOT_SUPPORTED },
	{ CELLA_IO, EBUSY, TDX_ATTEST_ERROR_BUSY },
	{ CELLA_IO, EINTR, TDX_ATTEST_ERROR_BUSY },
	{ CELLA_IO, ETIMEDOUT, TDX_ATTEST_ERROR_BUSY },
	{ CELLA_OK, 0, TDX_ATTEST_ERROR_QUOTE_FAILURE },
};

static const struct meaning of_extending[] = {
	{ CELLA_IO, EINVAL, TDX_ATTEST_ERROR_INVALID_RTMR_INDEX },
	{ CELLA_MISSING, EINVAL, TDX_ATTEST_ERROR_INVALID_RTMR_INDEX },
	{ CELLA_MISSING, ENOTTY, TDX_ATTEST_ERROR_NOT_SUPPORTED },
	{ CELLA_MISSING, 0,
	  TDX_ATTEST_ERROR_DEVICE_FAILURE }, /* neither file nor device */
	{ CELLA_IO, EACCES, TDX_ATTEST_ERROR_DEVICE_FAILURE },
	{ CELLA_IO, EPERM, TDX_ATTEST_ERROR_DEVICE_FAILURE },
	{ CELLA_OK, 0, TDX_ATTEST_ERROR_EXTEND_FAILURE },
};

/* The last row of a table fits all. */
static tdx_attest_error_t meaning_of(const struct meaning *table,
				     const struct cella_error *err)
{
	while ((table->status != CELLA_OK && table->status != err->status) ||
	       (table->sys_errno != 0 && table->sys_errno != err->sys_errno))
		table++;
	return table->code;
}

/* --- reports ------------------------------------------------------------------------- */

static struct collect_request request_for(const tdx_report_data_t *report_data)
{
	const struct attest_place place = attest_place();
	struct collect_request request = {
		.is_bound = true,
		.sysroot = place.sysroot,
		.qgs = place.qgs,
		.tsm_entry = place.tsm_entry,
		.deadline = deadline_in(place.timeout_s),
	};

	request.deadline.spares_signals = true;
	memcpy(request.report_data, report_data->d, REPORT_DATA_LEN);
	return request;
}

static tdx_attest_error_t ask(const char *provider, enum collect_kind kind,
			      const struct meaning *table,
			      const struct collect_request *request,
			      struct collected *out)
{
	struct cella_error err = { 0 };
	struct attempts attempts;

	if (collect(provider, kind, request, out, &attempts, &err) == CELLA_OK)
		return TDX_ATTEST_SUCCESS;
	add_reason("%s%s", *reason != '\0' ? "; " : "", err.text);
	return meaning_of(table, &err);
}

tdx_attest_error_t tdx_att_get_report(const tdx_report_data_t *report_data,
				      tdx_report_t *report)
{
	struct collected got CLEANUP(collected_done) = { 0 };
	struct collect_request request;
	tdx_attest_error_t code;

	*reason = '\0';
	if (report_data == NULL || report == NULL)
		return refuse(TDX_ATTEST_ERROR_INVALID_PARAMETER,
			      "tdx_att_get_report: report data or report is NULL");
	request = request_for(report_data);
	code = ask("tdx-guest", COLLECT_REPORT, of_report, &request, &got);
	if (code == TDX_ATTEST_SUCCESS)
		memcpy(report->d, got.bytes.data, sizeof report->d);
	return code;
}

/* --- quotes -------------------------------------------------------------------------- */

/* What makes quotes, in the order in which the vendor's library asks. */
static const struct way {
	const char *provider;
	const struct meaning *table;
	bool needs_device;
	bool needs_cpu; /* unless a test says where to ask */
} ways[] = {
	{ "qgs", of_qgs, true, true },
	{ "tsm", of_tsm, false, false },
	{ "tdx-guest", of_device, true, false },
};

/* Whether there is any use in asking. */
static bool can_ask(const struct way *way, const struct collect_request *request,
		    bool has_device)
{
	if (way->needs_device && !has_device)
		return false;
	if (way->needs_cpu && request->qgs == NULL && !cpu_is_tdx_guest())
		return false;
	return deadline_left_ms(&request->deadline) > 0;
}

/*
 * The device comes first: what it says is the error where nothing else is there. Of several
 * ways that are there and fail, the first one's error counts; the reason tells of all.
 */
static tdx_attest_error_t collect_quote(const struct collect_request *request,
					struct collected *out)
{
	struct collected report CLEANUP(collected_done) = { 0 };
	const tdx_attest_error_t device =
		ask("tdx-guest", COLLECT_REPORT, of_report, request, &report);
	const bool has_device = device == TDX_ATTEST_SUCCESS;
	tdx_attest_error_t first = NOT_THERE;

	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		tdx_attest_error_t code;

		if (!can_ask(&ways[i], request, has_device))
			continue;
		code = ask(ways[i].provider, COLLECT_QUOTE, ways[i].table, request, out);
		if (out->bytes.len > 0)
			return TDX_ATTEST_SUCCESS;
		if (first == NOT_THERE)
			first = code;
	}
	if (first != NOT_THERE)
		return first;
	return has_device ? TDX_ATTEST_ERROR_NOT_SUPPORTED : device;
}

static bool has_ecdsa_key(const tdx_uuid_t *key_ids, uint32_t num_key_ids)
{
	for (uint32_t i = 0; i < num_key_ids; i++)
		if (memcmp(&key_ids[i], &ecdsa_key, sizeof ecdsa_key) == 0)
			return true;
	return false;
}

static tdx_attest_error_t hand_over(const struct collected *got, tdx_uuid_t *key_id,
				    uint8_t **quote, uint32_t *quote_size)
{
	*quote = malloc(got->bytes.len);
	if (*quote == NULL)
		return refuse(TDX_ATTEST_ERROR_OUT_OF_MEMORY, "no memory for the quote");
	memcpy(*quote, got->bytes.data, got->bytes.len);
	if (quote_size != NULL)
		*quote_size = (uint32_t)got->bytes.len;
	if (key_id != NULL)
		*key_id = ecdsa_key;
	return TDX_ATTEST_SUCCESS;
}

tdx_attest_error_t tdx_att_get_quote(const tdx_report_data_t *report_data,
				     const tdx_uuid_t key_ids[], uint32_t num_key_ids,
				     tdx_uuid_t *key_id, uint8_t **quote,
				     uint32_t *quote_size, uint32_t flags)
{
	struct collected got CLEANUP(collected_done) = { 0 };
	struct collect_request request;
	tdx_attest_error_t code;

	*reason = '\0';
	if (quote != NULL)
		*quote = NULL;
	if (report_data == NULL || quote == NULL)
		return refuse(TDX_ATTEST_ERROR_INVALID_PARAMETER,
			      "tdx_att_get_quote: report data or quote is NULL");
	if ((key_ids == NULL) != (num_key_ids == 0) || flags != 0)
		return refuse(
			TDX_ATTEST_ERROR_INVALID_PARAMETER,
			"tdx_att_get_quote: flags must be 0, and a list of keys have "
			"as many as its size says");
	if (key_ids != NULL && !has_ecdsa_key(key_ids, num_key_ids))
		return refuse(TDX_ATTEST_ERROR_UNSUPPORTED_ATT_KEY_ID,
			      "tdx_att_get_quote: the keys do not have the quoting "
			      "enclave's ECDSA key among them");
	request = request_for(report_data);
	code = collect_quote(&request, &got);
	if (code != TDX_ATTEST_SUCCESS)
		return code;
	*reason = '\0';
	return hand_over(&got, key_id, quote, quote_size);
}

tdx_attest_error_t tdx_att_free_quote(uint8_t *quote)
{
	*reason = '\0';
	free(quote);
	return TDX_ATTEST_SUCCESS;
}

tdx_attest_error_t tdx_att_get_supported_att_key_ids(tdx_uuid_t *key_ids,
						     uint32_t *num_key_ids)
{
	*reason = '\0';
	if (num_key_ids == NULL || (key_ids == NULL) != (*num_key_ids == 0))
		return refuse(TDX_ATTEST_ERROR_INVALID_PARAMETER,
			      "tdx_att_get_supported_att_key_ids: give a list and its "
			      "size, or NULL and 0");
	if (key_ids != NULL)
		key_ids[0] = ecdsa_key;
	*num_key_ids = 1;
	return TDX_ATTEST_SUCCESS;
}

/* --- registers ----------------------------------------------------------------------- */

static tdx_attest_error_t check_event(const tdx_rtmr_event_t *event)
{
	if (event == NULL || event->version != EVENT_VERSION)
		return refuse(TDX_ATTEST_ERROR_INVALID_PARAMETER,
			      "tdx_att_extend: the event is NULL, or not of version 1");
	if (event->event_data_size != 0)
		return refuse(TDX_ATTEST_ERROR_NOT_SUPPORTED,
			      "tdx_att_extend: events with data are not kept; 'cella "
			      "measure' keeps a log");
	if (event->rtmr_index < RTMR_FIRST || event->rtmr_index > RTMR_LAST)
		return refuse(TDX_ATTEST_ERROR_INVALID_RTMR_INDEX,
			      "tdx_att_extend: rtmr_index: 2 and 3 can be extended from "
			      "within; 0 and 1 are the firmware's");
	return TDX_ATTEST_SUCCESS;
}

tdx_attest_error_t tdx_att_extend(const tdx_rtmr_event_t *event)
{
	struct cella_error err = { 0 };
	const char *how = NULL;
	tdx_attest_error_t code;

	*reason = '\0';
	code = check_event(event);
	if (code != TDX_ATTEST_SUCCESS)
		return code;
	if (rtmr_extend(attest_place().sysroot, (unsigned)event->rtmr_index,
			event->extend_data, &how, &err) == CELLA_OK)
		return TDX_ATTEST_SUCCESS;
	add_reason("%s", err.text);
	return meaning_of(of_extending, &err);
}
