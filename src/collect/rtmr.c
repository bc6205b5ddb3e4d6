/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers through the kernel's file (tsm-mr, Linux 6.16: exactly 48 bytes, written at the
 * start, extend; reading tells the register), through configfs, where some clouds' kernels
 * have that, or through an older driver's ioctl.
 */
#include "collect/rtmr.h"

#include "base/close.h"
#include "base/encode.h"
#include "collect/program.h"
#include "collect/rtmr_configfs.h"
#include "evidence/event_log.h"
#include "evidence/evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const measurement_files[NUM_RTMRS] = {
	"/sys/devices/virtual/misc/tdx_guest/measurements/rtmr0:sha384",
	"/sys/devices/virtual/misc/tdx_guest/measurements/rtmr1:sha384",
	"/sys/devices/virtual/misc/tdx_guest/measurements/rtmr2:sha384",
	"/sys/devices/virtual/misc/tdx_guest/measurements/rtmr3:sha384",
};
static const char *const rtmrs_folder = "/sys/kernel/config/tsm/rtmrs";
static const char *const device_file = "/dev/tdx_guest";

enum { RTMR3 = 3, RTMR_PATH_MAX = 4096 };

/* The driver's request, TDX_CMD_EXTEND_RTMR. */
struct extend_request {
	uint8_t digest[SHA384_LEN];
	uint8_t index;
};
#define EXTEND_RTMR _IOW('T', 3, struct extend_request)
_Static_assert(sizeof(struct extend_request) == 49, "the driver's layout");

static enum cella_status join(char path[RTMR_PATH_MAX], const char *sysroot,
			      const char *file, struct cella_error *err)
{
	if (snprintf(path, RTMR_PATH_MAX, "%s%s", sysroot, file) >= RTMR_PATH_MAX)
		return error_set(err, CELLA_LIMIT, "%s: path is too long", sysroot);
	return CELLA_OK;
}

/* --- a simulated platform ------------------------------------------------------------ */

static enum cella_status run_sim(const char *command, const char *dir, const char *digest,
				 struct out *out, struct cella_error *err)
{
	char path[PROGRAM_PATH_MAX];
	char *const plain[] = { path, (char *)command, (char *)"--", (char *)dir, NULL };
	char *const with_digest[] = {
		path,           (char *)command, (char *)"--digest",
		(char *)digest, (char *)"--",    (char *)dir,
		NULL,
	};

	program_find("cella-sim", path);
	return program_run(digest != NULL ? with_digest : plain, CELLA_EVIDENCE_MAX, out,
			   err);
}

static enum cella_status simulated_read(const char *dir, uint8_t out[SHA384_LEN],
					struct cella_error *err)
{
	struct cella_evidence *report CLEANUP(evidence_cleanup) = NULL;
	struct out bytes CLEANUP(out_done) = { 0 };
	struct cella_bytes value = { 0 };

	TRY(run_sim("report", dir, NULL, &bytes, err));
	TRY(cella_evidence_parse(bytes.data, bytes.len, &report, err));
	if (!cella_facts_get(cella_evidence_facts(report), CELLA_FACT_RTMR3, &value))
		return error_set(err, CELLA_INTERNAL, "a TD report without RTMR3");
	memcpy(out, value.data, SHA384_LEN);
	return CELLA_OK;
}

static enum cella_status simulated_extend(const char *dir,
					  const uint8_t digest[SHA384_LEN],
					  struct cella_error *err)
{
	struct out nothing CLEANUP(out_done) = { 0 };
	char hex[2 * SHA384_LEN + 1];

	return run_sim("extend", dir, hex_format(bytes_of(digest, SHA384_LEN), hex),
		       &nothing, err);
}

/* --- this machine -------------------------------------------------------------------- */

/* A pipe in the file's place would wait for a writer: only plain files are read. */
static enum cella_status file_read_register(const char *path, bool *known,
					    uint8_t out[SHA384_LEN],
					    struct cella_error *err)
{
	const int fd CLEANUP_CLOSE = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	*known = false;
	if (fd < 0)
		return errno == ENOENT || errno == EACCES
			       ? CELLA_OK
			       : error_errno(err, errno, "%s", path);
	if (fstat(fd, &st) != 0)
		return error_errno(err, errno, "%s", path);
	if (S_ISREG(st.st_mode))
		*known = pread(fd, out, SHA384_LEN, 0) == SHA384_LEN;
	return CELLA_OK;
}

static enum cella_status write_register(const char *path, unsigned reg UNUSED,
					const uint8_t digest[SHA384_LEN],
					struct cella_error *err)
{
	const int fd CLEANUP_CLOSE = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t put;

	if (fd < 0)
		return error_errno(err, errno, "%s", path);
	do
		put = write(fd, digest, SHA384_LEN);
	while (put < 0 && errno == EINTR);
	if (put < 0)
		return error_errno(err, errno, "%s", path);
	if (put != SHA384_LEN)
		return error_set(err, CELLA_IO, "%s: took %zd of %d bytes", path, put,
				 SHA384_LEN);
	return CELLA_OK;
}

static enum cella_status device_extend(const char *path, unsigned reg,
				       const uint8_t digest[SHA384_LEN],
				       struct cella_error *err)
{
	const int fd CLEANUP_CLOSE = open(path, O_WRONLY | O_CLOEXEC);
	struct extend_request request = { .index = (uint8_t)reg };
	int failure;

	if (fd < 0)
		return error_errno(err, errno, "%s", path);
	memcpy(request.digest, digest, SHA384_LEN);
	if (ioctl(fd, EXTEND_RTMR, &request) == 0)
		return CELLA_OK;
	failure = errno;
	if (failure != ENOTTY && failure != EINVAL)
		return error_errno(err, failure, "%s", path);
	error_set(
		err, CELLA_MISSING,
		"%s: this kernel's driver cannot extend RTMR%u; Linux 6.16 and later can",
		path, reg);
	if (err != NULL)
		err->sys_errno = failure;
	return CELLA_MISSING;
}

/* The newest way first. */
enum { WAY_MEASUREMENTS, WAY_CONFIGFS, WAY_DEVICE };

static const struct {
	const char *how;
	enum cella_status (*extend)(const char *path, unsigned reg,
				    const uint8_t digest[SHA384_LEN],
				    struct cella_error *err);
} ways[] = {
	[WAY_MEASUREMENTS] = { "tsm-mr", write_register },
	[WAY_CONFIGFS] = { "configfs", rtmr_configfs_extend },
	[WAY_DEVICE] = { "tdx_guest", device_extend },
};

/* Where a way to a register is. */
static const char *place_of(size_t way, unsigned reg)
{
	const char *const places[] = {
		[WAY_MEASUREMENTS] = measurement_files[reg],
		[WAY_CONFIGFS] = rtmrs_folder,
		[WAY_DEVICE] = device_file,
	};

	_Static_assert(ARRAY_LEN(places) == ARRAY_LEN(ways), "each way has a place");
	return places[way];
}

/* Opening tells what a name does not: whether there is anything behind it. */
static bool is_there(const char *path)
{
	const int fd CLEANUP_CLOSE = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd >= 0 || (errno != ENOENT && errno != ENOTDIR && errno != ENXIO);
}

/* The first way that there is. */
static enum cella_status find_way(const char *sysroot, unsigned reg,
				  char path[RTMR_PATH_MAX], size_t *out,
				  struct cella_error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		TRY(join(path, sysroot, place_of(i, reg), err));
		if (is_there(path)) {
			*out = i;
			return CELLA_OK;
		}
	}
	return error_set(err, CELLA_MISSING,
			 "this is not a TD, or its driver is not loaded: there is none "
			 "of %s, %s and %s%s%s",
			 measurement_files[reg], rtmrs_folder, device_file,
			 *sysroot != '\0' ? " below " : "", sysroot);
}

static enum cella_status machine_find(const char *sysroot, struct cella_error *err)
{
	char path[RTMR_PATH_MAX];
	size_t way = 0;

	return find_way(sysroot, RTMR3, path, &way, err);
}

enum cella_status rtmr_extend(const char *sysroot, unsigned reg,
			      const uint8_t digest[SHA384_LEN], const char **how,
			      struct cella_error *err)
{
	char path[RTMR_PATH_MAX];
	size_t way = 0;

	TRY(find_way(sysroot, reg, path, &way, err));
	*how = ways[way].how;
	return ways[way].extend(path, reg, digest, err);
}

/* --- either -------------------------------------------------------------------------- */

enum cella_status rtmr3_find(const struct rtmr_place *place, struct cella_error *err)
{
	uint8_t value[SHA384_LEN];

	return place->sim_dir != NULL ? simulated_read(place->sim_dir, value, err)
				      : machine_find(place->sysroot, err);
}

enum cella_status rtmr_read(const char *sysroot, unsigned reg, bool *known,
			    uint8_t out[SHA384_LEN], struct cella_error *err)
{
	char path[RTMR_PATH_MAX];

	TRY(join(path, sysroot, measurement_files[reg], err));
	TRY(file_read_register(path, known, out, err));
	if (*known)
		return CELLA_OK;
	TRY(join(path, sysroot, rtmrs_folder, err));
	*known = rtmr_configfs_read(path, reg, out);
	return CELLA_OK;
}

enum cella_status rtmr3_read(const struct rtmr_place *place, bool *known,
			     uint8_t out[SHA384_LEN], struct cella_error *err)
{
	if (place->sim_dir != NULL) {
		*known = true;
		return simulated_read(place->sim_dir, out, err);
	}
	return rtmr_read(place->sysroot, RTMR3, known, out, err);
}

enum cella_status rtmr3_extend(const struct rtmr_place *place,
			       const uint8_t digest[SHA384_LEN], const char **how,
			       struct cella_error *err)
{
	if (place->sim_dir == NULL)
		return rtmr_extend(place->sysroot, RTMR3, digest, how, err);
	*how = "sim";
	return simulated_extend(place->sim_dir, digest, err);
}
