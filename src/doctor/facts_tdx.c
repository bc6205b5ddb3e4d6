/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways to evidence that a TDX guest may have, and where its collateral comes from.
 */
#include "doctor/facts.h"

#include "collect/attest_conf.h"
#include "doctor/lines.h"
#include "fetch/qcnl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SMALL_FILE_MAX = 64 << 10 };

#define TSM_REPORT "/sys/kernel/config/tsm/report"

static void out_cleanup(struct out *out)
{
	out_done(out);
}

/* Mainline's name first; older drivers and vendors' kernels had others. */
static void find_device(const struct system *sys, struct tdx_facts *tdx)
{
	static const char *const names[] = { "/dev/tdx_guest", "/dev/tdx-guest",
					     "/dev/tdx-attest" };
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const int failure = system_stat(sys, names[i], &st);

		if (i == 0 || failure == 0)
			tdx->device_errno = failure;
		if (failure != 0)
			continue;
		snprintf(tdx->device, sizeof tdx->device, "%s", names[i]);
		/* A tree of files need not have devices. */
		tdx->is_device = S_ISCHR(st.st_mode) || !sys->is_own;
		tdx->mode = st.st_mode & 07777;
		tdx->uid = st.st_uid;
		tdx->gid = st.st_gid;
		tdx->try_errno = system_try(sys, names[i]);
		return;
	}
}

static void read_mounts(const struct system *sys, struct tdx_facts *tdx)
{
	struct out text CLEANUP(out_cleanup) = { 0 };
	struct cella_bytes rest;
	struct cella_bytes line;

	tdx->mounts_errno = system_read(sys, "/proc/self/mounts", 1 << 20, &text);
	rest = out_view(&text);
	while (lines_next(&rest, &line))
		if (line_has_word(line, "/sys/kernel/config") &&
		    line_has_word(line, "configfs"))
			tdx->has_configfs = true;
}

static void read_provider(const struct system *sys, const char *entry,
			  struct tdx_facts *tdx)
{
	char path[SYSTEM_PATH_MAX];

	if (tdx->provider[0] == '\0' && path_join(path, TSM_REPORT "/%s/provider", entry))
		tdx->provider_errno =
			system_text(sys, path, tdx->provider, sizeof tdx->provider);
}

struct entries {
	const struct system *sys;
	struct tdx_facts *tdx;
};

static void visit_entry(const char *name, void *data)
{
	const struct entries *const entries = data;

	read_provider(entries->sys, name, entries->tdx);
}

/* Only an entry tells the provider; where there is none, root can make one for a moment. */
static void make_entry(const struct system *sys, struct tdx_facts *tdx)
{
	char name[64];
	char path[SYSTEM_PATH_MAX];

	snprintf(name, sizeof name, "cella-doctor-%ld", (long)getpid());
	if (!path_join(path, TSM_REPORT "/%s", name))
		return;
	if (mkdir(path, 0700) != 0) {
		tdx->provider_errno = errno;
		return;
	}
	read_provider(sys, name, tdx);
	rmdir(path);
}

static void gather_tsm(const struct system *sys, struct tdx_facts *tdx)
{
	struct entries entries = { sys, tdx };
	struct stat st;

	read_mounts(sys, tdx);
	tdx->tsm_errno = system_stat(sys, TSM_REPORT, &st);
	tdx->provider_errno = ENOENT;
	if (tdx->tsm_errno != 0)
		return;
	(void)system_list(sys, TSM_REPORT, visit_entry, &entries);
	if (tdx->provider[0] == '\0' && sys->is_own)
		make_entry(sys, tdx);
}

void gather_tdx(const struct system *sys, struct facts *facts)
{
	struct tdx_facts *const tdx = &facts->tdx;
	struct out log CLEANUP(out_cleanup) = { 0 };
	struct stat st;

	tdx->has_driver = system_has(sys, "/sys/module/tdx_guest") ||
			  system_has(sys, "/sys/class/misc/tdx_guest");
	find_device(sys, tdx);
	gather_tsm(sys, tdx);
	tdx->ccel_errno = system_stat(sys, "/sys/firmware/acpi/tables/CCEL", &st);
	tdx->log_errno = system_read(sys, "/sys/firmware/acpi/tables/data/CCEL", 1, &log);
	tdx->has_measurements = system_has(sys, "/sys/class/misc/tdx_guest/measurements");
	tdx->has_rtmrs = system_has(sys, "/sys/kernel/config/tsm/rtmrs");
	tdx->known = true;
}

void gather_qgs(const struct system *sys, struct facts *facts)
{
	static const char path[] = "/etc/tdx-attest.conf";
	struct out text CLEANUP(out_cleanup) = { 0 };
	struct qgs_facts *const qgs = &facts->qgs;
	enum cella_status status;

	qgs->conf_errno = system_read(sys, path, SMALL_FILE_MAX, &text);
	if (qgs->conf_errno == 0) {
		status = attest_conf_read(out_view(&text), path, &qgs->port, NULL);
		qgs->has_port = status == CELLA_OK;
		qgs->is_malformed = !qgs->has_port && status != CELLA_MISSING;
	}
	qgs->known = true;
}

/* A device in the file's place is /dev/null: an empty one. */
static int read_qcnl(const struct system *sys, const char *path, struct out *out)
{
	const int failure = system_read(sys, path, SMALL_FILE_MAX, out);
	struct stat st;

	if (failure == EINVAL && system_stat(sys, path, &st) == 0 && S_ISCHR(st.st_mode))
		return 0;
	return failure;
}

void gather_pccs(const struct system *sys, struct facts *facts)
{
	const char *const path = facts->pccs.path;
	struct out text CLEANUP(out_cleanup) = { 0 };
	struct pccs_facts *const pccs = &facts->pccs;
	struct cella_error err = { 0 };
	struct qcnl qcnl;

	pccs->conf_errno = read_qcnl(sys, path, &text);
	if (pccs->conf_errno == 0 &&
	    qcnl_parse(out_view(&text), path, &qcnl, &err) != CELLA_OK) {
		pccs->is_malformed = true;
		snprintf(pccs->why, sizeof pccs->why, "%s", err.text);
		text_printable(pccs->why);
	} else if (pccs->conf_errno == 0 && qcnl_url(&qcnl) != NULL) {
		snprintf(pccs->url, sizeof pccs->url, "%s", qcnl_url(&qcnl));
		pccs->is_insecure = qcnl.insecure;
		pccs->is_cache_only = qcnl.cache_only;
	}
	pccs->known = true;
}
