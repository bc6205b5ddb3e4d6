/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /dev/tdx_guest (Linux, include/uapi/linux/tdx-guest.h): reports, and quotes where a
 * vendor's kernel has kept the older ioctl for them, which carries the messages of QGS.
 */
#include "collect/tdx_guest.h"

#include "collect/advice.h"
#include "collect/qgs_message.h"
#include "evidence/td_report.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char device[] = "/dev/tdx_guest";

/* Their ioctls are others; no kernel of this decade has them. */
static const char *const old_devices[] = { "/dev/tdx-guest", "/dev/tdx-attest" };

struct report_request {
	uint8_t report_data[REPORT_DATA_LEN];
	uint8_t report[TD_REPORT_LEN];
};

struct quote_request {
	uint64_t buffer;
	uint64_t len;
};

enum { QUOTE_BUFFER_LEN = 16384, QUOTE_BUFFER_HEADER_LEN = 24 };

/* What the host and the driver exchange; numbers are in little endian, as the CPU's. */
struct quote_buffer {
	uint64_t version;
	uint64_t status;
	uint32_t in_len;
	uint32_t out_len;
	uint8_t data[QUOTE_BUFFER_LEN - QUOTE_BUFFER_HEADER_LEN];
};
_Static_assert(sizeof(struct quote_buffer) == QUOTE_BUFFER_LEN, "no gaps");

#define GET_REPORT0 _IOWR('T', 1, struct report_request)
_Static_assert(GET_REPORT0 == 0xc4405401, "as the driver's");

/* Vendors' trees differ in the direction that they name. */
static const unsigned long get_quote[] = {
	_IOR('T', 4, struct quote_request),
	_IOWR('T', 4, struct quote_request),
};

static const uint64_t status_in_flight = UINT64_MAX;
static const uint64_t status_unavailable = UINT64_C(0x8000000000000001);

static const struct advice open_advice[] = {
	{ ENOENT,
	  "modprobe tdx_guest; it needs Linux 6.2 with CONFIG_TDX_GUEST_DRIVER, in a "
	  "trust domain" },
	{ ENXIO, "modprobe tdx_guest" },
	{ ENODEV, "modprobe tdx_guest" },
	{ EACCES, "run it as root" },
	{ EPERM, "run it as root" },
	{ 0, NULL },
};

static const struct advice use_advice[] = {
	{ EBUSY, "the TDX module or the host is busy with another" },
	{ ENOTTY, "this kernel's driver does not know it" },
	{ EIO, "the TDX module refuses" },
	{ EINTR, "no answer in time" },
	{ ETIMEDOUT, "the host does not answer: is its QGS running?" },
	{ 0, NULL },
};

/* The same again for programs, beside the words. */
static enum cella_status with_errno(struct cella_error *err, enum cella_status status,
				    int sys_errno)
{
	if (err != NULL)
		err->sys_errno = sys_errno;
	return status;
}

/* Their ioctls are not those that follow. */
static enum cella_status check_no_old_device(const struct collect_request *request,
					     struct cella_error *err)
{
	char path[COLLECT_PATH_MAX];

	for (size_t i = 0; i < ARRAY_LEN(old_devices); i++) {
		TRY(collect_path(request, old_devices[i], path, err));
		if (access(path, F_OK) != 0)
			continue;
		error_set(
			err, CELLA_UNSUPPORTED,
			"%s: a driver from before Linux 6.2, whose interface nobody else "
			"has kept: use a newer kernel",
			path);
		return with_errno(err, CELLA_UNSUPPORTED, ENODEV);
	}
	return CELLA_OK;
}

static enum cella_status open_device(const struct collect_request *request, int *out,
				     struct cella_error *err)
{
	char path[COLLECT_PATH_MAX];
	int failure;
	int fd;

	TRY(collect_path(request, device, path, err));
	fd = open(path, O_RDWR | O_CLOEXEC);
	failure = errno;
	if (fd < 0) {
		TRY(check_no_old_device(request, err));
		return advise(err, open_advice, failure, "%s", device);
	}
	*out = fd;
	return CELLA_OK;
}

static void close_device(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Asks again while it is busy, or was interrupted. The errno of the last attempt, or 0. */
static int call(const struct collect_request *request, int fd, unsigned long number,
		void *argument)
{
	struct deadline_alarm alarm CLEANUP(deadline_disarm);

	deadline_arm(&request->deadline, &alarm);
	for (unsigned attempt = 0;; attempt++) {
		if (ioctl(fd, number, argument) == 0)
			return 0;
		if ((errno != EBUSY && errno != EINTR) ||
		    !deadline_back_off(&request->deadline, attempt))
			return errno;
	}
}

static enum cella_status read_report(const struct collect_request *request, int fd,
				     struct out *out, struct cella_error *err)
{
	struct report_request report = { 0 };
	int failure;

	memcpy(report.report_data, request->report_data, REPORT_DATA_LEN);
	failure = call(request, fd, GET_REPORT0, &report);
	if (failure != 0)
		return advise(err, use_advice, failure, "%s: TDX_CMD_GET_REPORT0",
			      device);
	out_bytes(out, report.report, sizeof report.report);
	return out_status(out, err);
}

enum cella_status tdx_guest_report(const struct collect_request *request, struct out *out,
				   struct cella_error *err)
{
	int fd CLEANUP(close_device) = -1;

	TRY(open_device(request, &fd, err));
	return read_report(request, fd, out, err);
}

static enum cella_status report(const struct collect_request *request,
				struct collected *out, struct cella_error *err)
{
	return tdx_guest_report(request, &out->bytes, err);
}

/* --- the older ioctl for quotes ------------------------------------------------------ */

static enum cella_status call_get_quote(const struct collect_request *request, int fd,
					struct quote_buffer *buffer,
					struct cella_error *err)
{
	struct quote_request ask = { .buffer = (uint64_t)(uintptr_t)buffer,
				     .len = sizeof *buffer };
	int failure = ENOTTY;

	for (size_t i = 0; i < ARRAY_LEN(get_quote) && failure == ENOTTY; i++)
		failure = call(request, fd, get_quote[i], &ask);
	if (failure == 0)
		return CELLA_OK;
	if (failure != ENOTTY && failure != EINVAL)
		return advise(err, use_advice, failure, "%s: TDX_CMD_GET_QUOTE", device);
	error_set(
		err, CELLA_UNSUPPORTED,
		"%s makes reports, but no quotes, as in any mainline kernel: those come "
		"from configfs-tsm or QGS",
		device);
	return with_errno(err, CELLA_UNSUPPORTED, failure);
}

static enum cella_status check_len(const struct quote_buffer *buffer,
				   struct cella_error *err)
{
	if (buffer->out_len > 0 && buffer->out_len <= sizeof buffer->data)
		return CELLA_OK;
	return error_set(err, CELLA_MALFORMED,
			 "%s: out_len: %u bytes, 1 to %zu are possible", device,
			 buffer->out_len, sizeof buffer->data);
}

/* What the host says of the quote, with an errno that says the same. */
static enum cella_status check_status(const struct quote_buffer *buffer,
				      struct cella_error *err)
{
	int failure = EREMOTEIO;

	if (buffer->status == 0)
		return check_len(buffer, err);
	if (buffer->status == status_in_flight) {
		failure = ETIMEDOUT;
		error_set(err, CELLA_IO,
			  "%s: the host has not answered: is its QGS running?", device);
	} else if (buffer->status == status_unavailable) {
		failure = EOPNOTSUPP;
		error_set(err, CELLA_IO,
			  "%s: the host has no quoting service: does QEMU know its QGS "
			  "(quote-generation-socket)?",
			  device);
	} else {
		error_set(err, CELLA_IO,
			  "%s: the host refuses: status 0x%llx; its QGS's log says why",
			  device, (unsigned long long)buffer->status);
	}
	return with_errno(err, CELLA_IO, failure);
}

/* A host answers with a message of QGS behind its length, or with the quote itself. */
static enum cella_status take_quote(struct cella_bytes data, struct out *out,
				    struct cella_error *err)
{
	struct cella_bytes quote = data;
	size_t len = 0;

	if (qgs_frame_read(data, &len, NULL) == CELLA_OK &&
	    len == data.len - QGS_FRAME_LEN)
		TRY(qgs_response_parse(bytes_slice(data, QGS_FRAME_LEN, len), &quote,
				       err));
	out_bytes(out, quote.data, quote.len);
	return out_status(out, err);
}

static enum cella_status quote(const struct collect_request *request,
			       struct collected *out, struct cella_error *err)
{
	int fd CLEANUP(close_device) = -1;
	struct out message CLEANUP(out_done) = { 0 };
	struct out report_bytes CLEANUP(out_done) = { 0 };
	struct quote_buffer *buffer CLEANUP_FREE = calloc(1, sizeof *buffer);

	if (buffer == NULL)
		return error_nomem(err);
	TRY(open_device(request, &fd, err));
	TRY(read_report(request, fd, &report_bytes, err));
	qgs_request_write(out_view(&report_bytes), &message);
	TRY(out_status(&message, err));
	buffer->version = 1;
	buffer->in_len = (uint32_t)message.len;
	memcpy(buffer->data, message.data, message.len);
	TRY(call_get_quote(request, fd, buffer, err));
	TRY(check_status(buffer, err));
	return take_quote(bytes_of(buffer->data, buffer->out_len), &out->bytes, err);
}

const struct provider provider_tdx_guest = {
	.name = "tdx-guest",
	.make = { [COLLECT_QUOTE] = quote, [COLLECT_REPORT] = report },
	.is_real = true,
};
