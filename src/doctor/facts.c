/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gathering: which parts there are, under which deadlines, and what is no file.
 */
#include "doctor/facts.h"

#include "doctor/bounded.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

/* Actions of syslog(2) that read. */
enum { SYSLOG_READ_ALL = 3, SYSLOG_BUFFER_SIZE = 10, PIPE_DEADLINE_MS = 10000 };

/* The host, as a guest reaches it. */
enum { VSOCK_HOST = 2 };

static const char default_qcnl[] = "/etc/sgx_default_qcnl.conf";

static void out_cleanup(struct out *out)
{
	out_done(out);
}

struct facts *facts_new(void)
{
	return bounded_new(sizeof(struct facts));
}

void facts_free(struct facts *facts)
{
	bounded_free(facts, sizeof *facts);
}

enum known facts_is_td(const struct facts *facts)
{
	const struct cpu_facts *const cpu = &facts->cpu;

	if (cpu->flag || cpu->cpuid == KNOWN_YES)
		return KNOWN_YES;
	return cpu->known && cpu->cpuinfo_errno == 0 ? KNOWN_NO : NOT_KNOWN;
}

/* --- the clock ----------------------------------------------------------------------- */

static void gather_clock(const struct system *sys, const struct doctor_request *request,
			 struct facts *facts)
{
	struct clock_facts *const clock = &facts->clock;
	struct timex timex = { 0 };
	uint64_t rtc = 0;
	int state;

	clock->is_told = request->has_time || sys->is_own;
	clock->now = request->has_time ? request->time : (int64_t)time(NULL);
	if (sys->is_own) {
		state = adjtimex(&timex);
		clock->synced = state < 0             ? NOT_KNOWN
				: state == TIME_ERROR ? KNOWN_NO
						      : KNOWN_YES;
	}
	if (system_number(sys, "/sys/class/rtc/rtc0/since_epoch", &rtc) == 0) {
		clock->has_rtc = true;
		clock->rtc = (int64_t)rtc;
	}
	(void)system_text(sys,
			  "/sys/devices/system/clocksource/clocksource0/"
			  "current_clocksource",
			  clock->source, sizeof clock->source);
	clock->known = true;
}

/* --- the kernel log ------------------------------------------------------------------ */

static int read_ring(struct out *out)
{
	const int len = klogctl(SYSLOG_BUFFER_SIZE, NULL, 0);
	char *text CLEANUP_FREE = NULL;
	int got;

	if (len <= 0)
		return errno;
	if (len > KERNEL_LOG_MAX)
		return EFBIG;
	text = malloc((size_t)len);
	if (text == NULL)
		return ENOMEM;
	got = klogctl(SYSLOG_READ_ALL, text, len);
	if (got < 0)
		return errno;
	out_bytes(out, text, (size_t)got);
	return out->failed ? ENOMEM : 0;
}

/* A log that was saved at boot, or is kept by a daemon. */
static int read_saved(const struct system *sys, struct log_facts *log, struct out *out)
{
	static const struct {
		const char *path;
		bool is_of_boot;
	} logs[] = {
		{ "/var/log/kern.log", false },
		{ "/var/log/messages", false },
		{ "/var/log/dmesg", true },
	};
	int failure = ENOENT;

	for (size_t i = 0; i < ARRAY_LEN(logs); i++) {
		int result;

		out->len = 0;
		result = system_read(sys, logs[i].path, KERNEL_LOG_MAX, out);
		/* The end is what counts, and it is not there. */
		if (result == 0 && out->len == KERNEL_LOG_MAX)
			result = EFBIG;
		if (result == 0) {
			snprintf(log->source, sizeof log->source, "%s", logs[i].path);
			log->is_of_boot = logs[i].is_of_boot;
			return 0;
		}
		if (result != ENOENT)
			failure = result;
	}
	return failure;
}

static void gather_log(const struct system *sys, struct facts *facts)
{
	struct out text CLEANUP(out_cleanup) = { 0 };
	struct log_facts *const log = &facts->log;
	int failure = EPERM;

	if (sys->is_own) {
		snprintf(log->source, sizeof log->source, "kernel log");
		failure = read_ring(&text);
	}
	if (failure != 0) {
		const int other = read_saved(sys, log, &text);

		failure = other == 0 || !sys->is_own ? other : failure;
	}
	log->log_errno = failure;
	if (failure == 0)
		kernel_log_scan(out_view(&text), &log->log);
	log->known = true;
}

/* The file that the user named: it may be a pipe, which is waited for, but not for ever. */
static int read_named(int fd, struct out *out)
{
	const int64_t until = bounded_now_ms() + PIPE_DEADLINE_MS;
	uint8_t buffer[16384];

	while (bounded_readable(fd, until)) {
		const ssize_t got = read(fd, buffer, sizeof buffer);

		if (got < 0 && errno != EINTR && errno != EAGAIN)
			return errno;
		if (got == 0)
			return out->failed ? ENOMEM : 0;
		if (got > 0)
			out_bytes(out, buffer, (size_t)got);
		if (out->len > KERNEL_LOG_MAX)
			return EFBIG;
	}
	return ETIMEDOUT;
}

static enum cella_status read_named_log(const char *path, struct facts *facts,
					struct cella_error *err)
{
	struct out text CLEANUP(out_cleanup) = { 0 };
	const bool is_stdin = strcmp(path, "-") == 0;
	const int fd = is_stdin ? STDIN_FILENO
				: open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int failure;

	if (fd < 0)
		return error_errno(err, errno, "%s", path);
	failure = read_named(fd, &text);
	if (!is_stdin)
		close(fd);
	if (failure == ETIMEDOUT)
		return error_set(err, CELLA_IO, "%s: has no end within %d s", path,
				 PIPE_DEADLINE_MS / 1000);
	if (failure != 0)
		return error_errno(err, failure, "%s", path);
	snprintf(facts->log.source, sizeof facts->log.source, "%.*s", SYSTEM_PATH_MAX - 1,
		 is_stdin ? "standard input" : path);
	text_printable(facts->log.source);
	kernel_log_scan(out_view(&text), &facts->log.log);
	facts->log.is_named = true;
	facts->log.known = true;
	return CELLA_OK;
}

/* --- all of it ----------------------------------------------------------------------- */

/* What the process that gathers works on. Set before it is forked; it only reads it. */
struct gathering {
	struct facts facts; /* shared, written */
	struct doctor_request request;
	struct system sys;
};

static void gather(void *shared)
{
	static void (*const parts[])(const struct system *, struct facts *) = {
		gather_cpu,    gather_kernel,  gather_tdx, gather_qgs,  gather_pccs,
		gather_memory, gather_network, gather_pci, gather_grub, gather_enclave,
	};
	struct gathering *const g = shared;

	g->sys.looking_at = g->facts.looking_at;
	gather_clock(&g->sys, &g->request, &g->facts);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		parts[i](&g->sys, &g->facts);
	if (!g->facts.log.known)
		gather_log(&g->sys, &g->facts);
	g->facts.looking_at[0] = '\0';
}

/* Leave is for what the user named, and for what a TD names by itself. */
static void make_contacts(struct facts *facts, const struct doctor_request *request)
{
	const bool is_td = facts->is_own && cpu_says_tdx();
	struct contact *const qgs = &facts->qgs_contact;
	struct contact *const pccs = &facts->pccs_contact;

	if (qgs->address.kind == ADDRESS_NONE && is_td && facts->qgs.has_port)
		qgs->address = (struct address){ .kind = ADDRESS_VSOCK,
						 .cid = VSOCK_HOST,
						 .port = facts->qgs.port };
	if (qgs->address.kind != ADDRESS_NONE)
		contact_make(qgs, true, CONNECT_TIMEOUT_S, request->resolve);
	if (address_of_url(facts->pccs.url, &pccs->address, "PCCS", NULL) == CELLA_OK)
		contact_make(pccs, is_td || request->pccs != NULL, CONNECT_TIMEOUT_S,
			     request->resolve);
}

/* Another than the configured one: what the file says of that does not hold for it. */
static void take_pccs(const struct doctor_request *request, struct facts *facts)
{
	if (request->pccs == NULL)
		return;
	snprintf(facts->pccs.url, sizeof facts->pccs.url, "%s", request->pccs);
	facts->pccs.is_insecure = false;
	facts->pccs.is_cache_only = false;
	facts->pccs.is_named = true;
}

struct fetching {
	struct fresh_facts fresh;
	const struct doctor_request *request;
	const struct pccs_facts *pccs;
};

static void run_fetch(void *shared)
{
	struct fetching *const fetching = shared;
	/* In hand until it is whole. */
	struct fresh_facts fresh = { 0 };

	fetching->request->fetch(fetching->request->context, fetching->pccs, &fresh);
	fetching->fresh = fresh;
}

static void fetch_failed(struct fresh_facts *fresh, enum bounded_end end)
{
	fresh->fetched = KNOWN_NO;
	fresh->status = CELLA_IO;
	if (end == BOUNDED_LATE)
		snprintf(fresh->why, sizeof fresh->why, "no end within %d s",
			 FETCH_DEADLINE_MS / 1000);
	else
		snprintf(fresh->why, sizeof fresh->why,
			 "the process that fetches was killed");
}

static void ask_pccs(const struct doctor_request *request, struct facts *facts)
{
	struct fetching *const fetching = bounded_new(sizeof *fetching);
	enum bounded_end end;

	if (fetching == NULL)
		return;
	fetching->request = request;
	fetching->pccs = &facts->pccs;
	end = bounded_run(run_fetch, fetching, FETCH_DEADLINE_MS);
	if (end == BOUNDED_DONE)
		facts->fresh = fetching->fresh;
	else
		fetch_failed(&facts->fresh, end);
	bounded_free(fetching, sizeof *fetching);
}

static void probe_kvm(struct facts *facts)
{
	struct kvm_probe *const probe = bounded_new(sizeof *probe);

	if (probe == NULL)
		return;
	const enum bounded_end end = bounded_run(kvm_probe_work, probe, KVM_DEADLINE_MS);

	facts->kvm = *probe;
	facts->kvm.is_late = end == BOUNDED_LATE;
	facts->kvm_probed = KNOWN_YES;
	bounded_free(probe, sizeof *probe);
}

static enum cella_status read_pccs(const char *url, struct cella_error *err)
{
	struct address address = { 0 };

	if (strlen(url) > URL_MAX)
		return error_set(err, CELLA_USAGE,
				 "--pccs: an URL of %zu bytes, at most %d", strlen(url),
				 URL_MAX);
	return address_of_url(url, &address, "--pccs", err);
}

enum cella_status facts_gather(const struct doctor_request *request, struct facts *facts,
			       struct cella_error *err)
{
	struct gathering *g;
	struct address qgs = { 0 };
	enum cella_status status;

	if (request->pccs != NULL)
		TRY(read_pccs(request->pccs, err));
	if (request->qgs != NULL)
		TRY(address_read(request->qgs, &qgs, "--qgs", err));
	if (request->kernel_log != NULL)
		TRY(read_named_log(request->kernel_log, facts, err));
	g = bounded_new(sizeof *g);
	if (g == NULL)
		return error_nomem(err);
	status = system_open(&g->sys, request->sysroot, err);
	if (status == CELLA_OK) {
		g->facts = *facts;
		g->facts.is_own = g->sys.is_own;
		g->facts.is_root = geteuid() == 0;
		g->facts.qgs_contact.address = qgs;
		g->request = *request;
		snprintf(g->facts.pccs.path, sizeof g->facts.pccs.path, "%s",
			 request->pccs_conf != NULL ? request->pccs_conf : default_qcnl);
		g->facts.has_died = bounded_run(gather, g, GATHER_DEADLINE_MS) ==
				    BOUNDED_DIED;
		*facts = g->facts;
		take_pccs(request, facts);
		make_contacts(facts, request);
		if (request->fetch != NULL && !facts->pccs.is_cache_only &&
		    facts->pccs_contact.state == CONTACT_MADE)
			ask_pccs(request, facts);
		if (request->deep && facts->is_own)
			probe_kvm(facts);
		system_close(&g->sys);
	}
	bounded_free(g, sizeof *g);
	return status;
}
