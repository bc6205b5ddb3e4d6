/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log file of applications' events.
 */
#include "collect/measure.h"

#include "collect/enclave.h"
#include "fetch/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MEASURE_PATH_MAX = 4096 };

static const char firmware_log[] = "/sys/firmware/acpi/tables/data/CCEL";

/* --- the log file -------------------------------------------------------------------- */

static enum cella_status write_at(const struct measuring *m, size_t offset,
				  struct cella_bytes bytes, struct cella_error *err)
{
	while (bytes.len > 0) {
		const ssize_t put = pwrite(m->fd, bytes.data, bytes.len, (off_t)offset);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return error_errno(err, errno, "%s", m->path);
		offset += (size_t)put;
		bytes = bytes_slice(bytes, (size_t)put, bytes.len - (size_t)put);
	}
	return CELLA_OK;
}

/* Cuts the file, of fill or of an event that was not measured, and makes that last. */
static enum cella_status settle(const struct measuring *m, size_t len,
				struct cella_error *err)
{
	if (ftruncate(m->fd, (off_t)len) != 0 || fdatasync(m->fd) != 0)
		return error_errno(err, errno, "%s", m->path);
	return CELLA_OK;
}

/* The firmware's log up to its end; empty where there is none that can be read. */
static void read_firmware_log(const struct measuring *m, struct out *out)
{
	struct cella_event_log *log CLEANUP(event_log_cleanup) = NULL;
	char path[MEASURE_PATH_MAX];

	if (m->place.sim_dir != NULL ||
	    snprintf(path, sizeof path, "%s%s", m->place.sysroot, firmware_log) >=
		    MEASURE_PATH_MAX ||
	    file_read(path, CELLA_EVENT_LOG_MAX, out, NULL) != CELLA_OK ||
	    cella_event_log_parse(out->data, out->len, &log, NULL) != CELLA_OK ||
	    log->kind != CELLA_EVENT_LOG_CC)
		out->len = 0;
	else
		out->len = log->end;
}

static enum cella_status begin_log(struct measuring *m, struct cella_error *err)
{
	struct out start CLEANUP(out_done) = { 0 };

	read_firmware_log(m, &start);
	m->lacks_firmware_log = start.len == 0 && m->place.sim_dir == NULL;
	if (start.len == 0)
		event_log_write_start(&start);
	TRY(out_status(&start, err));
	TRY(write_at(m, 0, out_view(&start), err));
	return settle(m, start.len, err);
}

static enum cella_status read_all(const struct measuring *m, struct out *out,
				  struct cella_error *err)
{
	uint8_t buffer[16384];

	for (;;) {
		const ssize_t got = pread(m->fd, buffer, sizeof buffer, (off_t)out->len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, errno, "%s", m->path);
		if (got == 0)
			return out_status(out, err);
		if (out->len + (size_t)got > CELLA_EVENT_LOG_MAX)
			return error_set(err, CELLA_LIMIT, "%s: longer than %zu bytes",
					 m->path, CELLA_EVENT_LOG_MAX);
		out_bytes(out, buffer, (size_t)got);
	}
}

static enum cella_status check_step(struct measuring *m,
				    const struct cella_event_log *log,
				    struct cella_error *err)
{
	uint8_t actual[SHA384_LEN];
	struct register_replay replay;
	bool known = false;

	TRY(rtmr3_read(&m->place, &known, actual, err));
	if (!known)
		return CELLA_OK;
	TRY(register_replay(log, 0, NUM_RTMRS - 1, bytes_of(actual, sizeof actual),
			    &replay, err));
	m->is_out_of_step = replay.finding != REGISTER_MATCHES;
	return CELLA_OK;
}

static enum cella_status read_log(struct measuring *m, struct cella_error *err)
{
	struct cella_event_log *log CLEANUP(event_log_cleanup) = NULL;
	struct out bytes CLEANUP(out_done) = { 0 };

	TRY(read_all(m, &bytes, err));
	if (cella_event_log_parse(bytes.data, bytes.len, &log, err) != CELLA_OK) {
		error_prefix(err, "%s", m->path);
		return err != NULL ? err->status : CELLA_MALFORMED;
	}
	if (log->kind != CELLA_EVENT_LOG_CC)
		return error_set(err, CELLA_UNSUPPORTED,
				 "%s: a TPM's event log, not a TD's", m->path);
	if (!log->ends_in_fill)
		return error_set(err, CELLA_MALFORMED,
				 "%s: bytes that are no fill follow the last event",
				 m->path);
	m->end = log->end;
	return check_step(m, log, err);
}

/* Folders above the default log are made as need be; /run is empty after every start. */
static void make_folder(const char *path)
{
	const char *const slash = strrchr(path, '/');
	char folder[MEASURE_PATH_MAX];

	if (slash == NULL || slash == path || slash - path >= MEASURE_PATH_MAX)
		return;
	memcpy(folder, path, (size_t)(slash - path));
	folder[slash - path] = '\0';
	(void)mkdir(folder, 0755); /* opening the file tells what is wrong */
}

static enum cella_status open_log(struct measuring *m, struct cella_error *err)
{
	struct stat st;

	make_folder(m->path);
	m->fd = open(m->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (m->fd < 0)
		return error_errno(err, errno, "%s", m->path);
	while (flock(m->fd, LOCK_EX) != 0)
		if (errno != EINTR)
			return error_errno(err, errno, "%s", m->path);
	if (fstat(m->fd, &st) != 0)
		return error_errno(err, errno, "%s", m->path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, CELLA_IO, "%s: is not a regular file", m->path);
	return st.st_size == 0 ? begin_log(m, err) : CELLA_OK;
}

enum cella_status measuring_start(const struct rtmr_place *place, const char *path,
				  struct measuring *out, struct cella_error *err)
{
	struct measuring m = { .place = *place, .path = path, .fd = -1 };
	enum cella_status status;

	if (place->sim_dir == NULL && enclave_is_here(place->sysroot)) {
		m.is_enclave = true;
		m.how = "init";
		*out = m;
		return CELLA_OK;
	}
	/* First of all: where nothing can be measured no log is begun. */
	TRY(rtmr3_find(place, err));
	status = open_log(&m, err);
	if (status == CELLA_OK)
		status = read_log(&m, err);
	if (status == CELLA_OK)
		*out = m;
	else
		measuring_done(&m);
	return status;
}

void measuring_done(struct measuring *m)
{
	if (m->fd > 0)
		close(m->fd);
	m->fd = -1;
}

const char *measuring_register(const struct measuring *m)
{
	return m->is_enclave ? "pcr14" : "rtmr3";
}

/* --- events -------------------------------------------------------------------------- */

enum cella_status measuring_add(struct measuring *m, const struct aael *event,
				struct cella_error *err)
{
	struct out data CLEANUP(out_done) = { 0 };
	struct out entry CLEANUP(out_done) = { 0 };
	uint8_t digest[SHA384_LEN];
	enum cella_status status;

	TRY(aael_write(event, &data, digest, err));
	if (m->is_enclave)
		return enclave_measure(m->place.sysroot, event, err);
	event_log_write_event(&entry, CC_INDEX_RTMR3, EV_EVENT_TAG, digest,
			      out_view(&data));
	TRY(out_status(&entry, err));
	if (m->end + entry.len > CELLA_EVENT_LOG_MAX)
		return error_set(err, CELLA_LIMIT, "%s: the log is full (%zu bytes)",
				 m->path, m->end);
	status = write_at(m, m->end, out_view(&entry), err);
	if (status == CELLA_OK)
		status = settle(m, m->end + entry.len, err);
	if (status == CELLA_OK)
		status = rtmr3_extend(&m->place, digest, &m->how, err);
	if (status != CELLA_OK) {
		(void)settle(m, m->end, NULL);
		return status;
	}
	m->end += entry.len;
	return CELLA_OK;
}
