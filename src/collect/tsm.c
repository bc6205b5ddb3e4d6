/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotes from configfs-tsm, the kernel's own interface for them since Linux 6.7: report data
 * goes into an entry's inblob, the quote comes from its outblob.
 *
 * `generation` counts what was written. It must have risen by one after our write, else the
 * kernel has not taken it, and stand still while we read, else what we read belongs to
 * somebody else's report data.
 */
#include "collect/advice.h"
#include "collect/collect.h"
#include "collect/tsm_entry.h"

#include "base/encode.h"
#include "base/number.h"

#include <cella/evidence.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
	ATTRIBUTE_TEXT_MAX = 128,
	AUXBLOB_MAX = 1 << 20,
	RACES_MAX = 5,
};

static const char config_dir[] = "/sys/kernel/config";
static const char report_dir[] = "/sys/kernel/config/tsm/report";

/* Another file system begins there. */
static bool is_mounted(const char *path, const char *parent)
{
	struct stat here;
	struct stat above;

	return stat(path, &here) == 0 && stat(parent, &above) == 0 &&
	       here.st_dev != above.st_dev;
}

/* What is missing, from the outside to the inside. */
static enum cella_status find_folder(const struct collect_request *request,
				     char out[COLLECT_PATH_MAX], struct cella_error *err)
{
	char config[COLLECT_PATH_MAX];
	char parent[COLLECT_PATH_MAX];
	struct stat st;
	int failure;

	TRY(collect_path(request, "/sys/kernel", parent, err));
	TRY(collect_path(request, config_dir, config, err));
	TRY(collect_path(request, report_dir, out, err));
	if (stat(out, &st) == 0)
		return CELLA_OK;
	failure = errno;
	if (failure != ENOENT)
		return error_errno(err, failure, "%s", out);
	if (!is_mounted(config, parent))
		return error_set(err, CELLA_MISSING,
				 "%s: configfs is not there: mount -t configfs none %s",
				 config, config_dir);
	return error_set(err, CELLA_MISSING,
			 "%s is not there: modprobe tdx_guest; it needs Linux 6.7 with "
			 "CONFIG_TSM_REPORTS, in a trust domain",
			 report_dir);
}

/* Reads a line of text into a buffer, without its end. */
static enum cella_status read_line(const struct tsm_entry *entry, const char *attribute,
				   char line[ATTRIBUTE_TEXT_MAX + 1],
				   struct cella_error *err)
{
	struct out bytes CLEANUP(out_done) = { 0 };
	struct cella_bytes text;

	TRY(tsm_entry_read(entry, attribute, ATTRIBUTE_TEXT_MAX, &bytes, err));
	text = text_trim(out_view(&bytes));
	if (text.len > 0)
		memcpy(line, text.data, text.len);
	line[text.len] = '\0';
	return CELLA_OK;
}

static enum cella_status check_provider(const struct tsm_entry *entry,
					struct cella_error *err)
{
	char name[ATTRIBUTE_TEXT_MAX + 1];

	TRY(read_line(entry, "provider", name, err));
	if (strcmp(name, "tdx_guest") == 0)
		return CELLA_OK;
	return error_set(
		err, CELLA_UNSUPPORTED,
		"provider: \"%.40s\", not \"tdx_guest\": this is no trust domain "
		"of TDX",
		name);
}

static enum cella_status read_generation(const struct tsm_entry *entry, uint64_t *out,
					 struct cella_error *err)
{
	char text[ATTRIBUTE_TEXT_MAX + 1];

	TRY(read_line(entry, "generation", text, err));
	return number_read(text, UINT32_MAX, out, "generation", err);
}

static enum cella_status raced(uint64_t from, uint64_t expected, uint64_t to,
			       struct cella_error *err)
{
	error_set(err, CELLA_IO, "generation: from %llu to %llu, not %llu: %s",
		  (unsigned long long)from, (unsigned long long)to,
		  (unsigned long long)expected,
		  to < expected ? "the kernel did not take the report data"
				: "somebody else writes to this entry");
	err->sys_errno = EAGAIN;
	return CELLA_IO;
}

static enum cella_status read_blobs(const struct tsm_entry *entry, struct collected *out,
				    struct cella_error *err)
{
	struct cella_error reason = { 0 };

	TRY(tsm_entry_read(entry, "outblob", CELLA_EVIDENCE_MAX, &out->bytes, err));
	if (out->bytes.len == 0)
		return error_set(
			err, CELLA_MALFORMED,
			"outblob: is empty: the host made no quote; its QGS's log "
			"says why");
	/* Few platforms have it; TDX has none so far. */
	if (tsm_entry_read(entry, "auxblob", AUXBLOB_MAX, &out->extras[0].bytes,
			   &reason) == CELLA_OK) {
		out->extras[0].suffix = "auxblob";
		return CELLA_OK;
	}
	if (reason.sys_errno == ENOENT)
		return CELLA_OK;
	*err = reason;
	return reason.status;
}

/* One round: report data in, quote out, and both ours. */
static enum cella_status exchange(const struct tsm_entry *entry,
				  const struct collect_request *request,
				  struct collected *out, struct cella_error *err)
{
	const struct cella_bytes data = bytes_of(request->report_data, REPORT_DATA_LEN);
	struct collected got CLEANUP(collected_done) = { 0 };
	uint64_t before = 0;
	uint64_t written = 0;
	uint64_t after = 0;

	TRY(read_generation(entry, &before, err));
	TRY(tsm_entry_write(entry, "inblob", data, err));
	TRY(read_generation(entry, &written, err));
	if (written != before + 1)
		return raced(before, before + 1, written, err);
	TRY(read_blobs(entry, &got, err));
	TRY(read_generation(entry, &after, err));
	if (after != written)
		return raced(written, written, after, err);
	*out = got;
	memset(&got, 0, sizeof got);
	return CELLA_OK;
}

/*
 * Busy is worth waiting for, a race is worth another try, and so is a call that was
 * interrupted before its time: by somebody who stopped the process for a while, perhaps.
 */
static bool is_passing(const struct cella_error *err, unsigned *num_races)
{
	if (err->sys_errno == EBUSY || err->sys_errno == EINTR)
		return true;
	return (err->sys_errno == EAGAIN || err->sys_errno == EWOULDBLOCK) &&
	       ++*num_races < RACES_MAX;
}

static enum cella_status exchange_patiently(const struct tsm_entry *entry,
					    const struct collect_request *request,
					    struct collected *out,
					    struct cella_error *err)
{
	unsigned num_races = 0;

	for (unsigned attempt = 0;; attempt++) {
		struct cella_error reason = { 0 };
		const enum cella_status status = exchange(entry, request, out, &reason);

		if (status == CELLA_OK)
			return CELLA_OK;
		if (is_passing(&reason, &num_races) &&
		    deadline_back_off(&request->deadline, attempt))
			continue;
		*err = reason;
		if (reason.sys_errno == EINTR &&
		    deadline_left_ms(&request->deadline) == 0)
			error_prefix(err, "no answer within %lld s",
				     (long long)request->deadline.total_s);
		else if (attempt > 0)
			error_prefix(err, "given up after %u attempts", attempt + 1);
		return status;
	}
}

static enum cella_status get_entry(const struct collect_request *request,
				   struct tsm_entry *out, struct cella_error *err)
{
	char folder[COLLECT_PATH_MAX];

	if (request->tsm_entry != NULL)
		return tsm_entry_share(request->tsm_entry, &request->deadline, out, err);
	TRY(find_folder(request, folder, err));
	return tsm_entry_make(folder, &request->deadline, out, err);
}

static enum cella_status quote(const struct collect_request *request,
			       struct collected *out, struct cella_error *err)
{
	struct tsm_entry entry CLEANUP(tsm_entry_remove) = { 0 };
	struct deadline_alarm alarm CLEANUP(deadline_disarm);

	deadline_arm(&request->deadline, &alarm);
	TRY(get_entry(request, &entry, err));
	TRY(check_provider(&entry, err));
	return exchange_patiently(&entry, request, out, err);
}

const struct provider provider_tsm = {
	.name = "tsm",
	.make = { [COLLECT_QUOTE] = quote },
	.lacks = "configfs-tsm has none; the device has: --provider tdx-guest",
	.is_real = true,
};
