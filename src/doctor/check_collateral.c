/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Can it judge what others prove? The clock, by which collateral expires, and the PCCS.
 */
#include "doctor/checks.h"

#include "base/civil.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { RTC_MAX_DIFFERENCE_S = 86400, FRESH_FOR_S = 3 * 86400 };

/* No collateral of today was issued before, none is valid after Intel's root. */
static const int64_t clock_earliest = 1735689600; /* 2025-01-01T00:00:00Z */
static const int64_t clock_latest = 2524607999;   /* 2049-12-31T23:59:59Z */

static void check_rtc(const struct clock_facts *clock, const char *now,
		      struct finding *out)
{
	char rtc[CIVIL_TEXT_LEN];

	if (!clock->has_rtc ||
	    llabs((long long)(clock->rtc - clock->now)) <= RTC_MAX_DIFFERENCE_S) {
		found_set(out, DOCTOR_OK, "%s", now);
		return;
	}
	found_set(out, DOCTOR_WARN, "%s; the hardware clock says %s", now,
		  civil_format(clock->rtc, rtc));
	out->meaning = "One of the two is wrong by more than a day.";
	remedy_set(out, "Compare with another machine; set the clock, or the hardware "
			"clock: `hwclock --systohc`.");
}

void check_clock(const struct facts *facts, struct finding *out)
{
	const struct clock_facts *const clock = &facts->clock;
	char now[CIVIL_TEXT_LEN];

	if (!clock->is_told) {
		found_set(out, DOCTOR_NOT_APPLICABLE,
			  "a tree of files has no clock; --time gives one");
		return;
	}
	civil_format(clock->now, now);
	if (clock->now >= clock_earliest && clock->now <= clock_latest) {
		check_rtc(clock, now, out);
		return;
	}
	found_set(out, DOCTOR_FAIL, "%s", now);
	out->meaning =
		"No collateral is valid at that time: everything would be refused, "
		"or what has expired taken for good.";
	remedy_set(out, "Set the clock, and keep it with NTP (chronyd, "
			"systemd-timesyncd).");
}

void check_clock_sync(const struct facts *facts, struct finding *out)
{
	switch (facts->clock.synced) {
	case KNOWN_YES:
		found_set(out, DOCTOR_OK, "the kernel says it is synchronised");
		return;
	case KNOWN_NO:
		found_set(out, DOCTOR_WARN, "the kernel says it is not synchronised");
		out->meaning = "A clock that nobody corrects drifts, and dates of "
			       "collateral are judged by it.";
		remedy_set(out, "Run an NTP client (chronyd, systemd-timesyncd).");
		return;
	case NOT_KNOWN:
		found_set(out, facts->is_own ? DOCTOR_UNKNOWN : DOCTOR_NOT_APPLICABLE,
			  facts->is_own ? "the kernel does not say"
					: "a tree of files has no clock");
		return;
	}
}

void check_clock_source(const struct facts *facts, struct finding *out)
{
	const char *const source = facts->clock.source;

	if (source[0] == '\0') {
		found_set(out, DOCTOR_UNKNOWN, "not told");
		return;
	}
	if (strcmp(source, "tsc") == 0) {
		found_set(out, DOCTOR_OK, "tsc, which the host cannot change");
		return;
	}
	found_set(out, DOCTOR_WARN, "%s", source);
	out->meaning =
		"That is a clock of the host's, which the host can change; a TD has "
		"its own in the TSC.";
	remedy_set(out, "Boot with `clocksource=tsc tsc=reliable`.");
}

/* --- PCCS ---------------------------------------------------------------------------- */

static bool has_placeholder(const char *url)
{
	return strpbrk(url, "${}[]<> ") != NULL && strstr(url, "://[") == NULL;
}

static void check_url(const char *url, struct finding *out)
{
	struct address address = { 0 };
	struct cella_error err = { 0 };

	if (has_placeholder(url)) {
		found_set(out, DOCTOR_FAIL, "%.200s", url);
		out->meaning = "Part of it still stands for something: nobody put the "
			       "region's name in.";
		remedy_set(out,
			   "Write the region into PCCS_URL, for instance cn-beijing.");
		return;
	}
	if (address_of_url(url, &address, "PCCS_URL", &err) != CELLA_OK) {
		found_set(out, DOCTOR_FAIL, "%.200s", url);
		out->meaning = "That is no address of a PCCS.";
		remedy_set(out, "%.200s.", err.text);
		return;
	}
	found_set(out, DOCTOR_OK, "%.200s", url);
	if (strstr(url, "/sgx/certification/v") == NULL) {
		out->state = DOCTOR_WARN;
		out->meaning = "Its path is not that of a PCCS: requests will not be "
			       "understood.";
		remedy_set(out, "It usually ends in /sgx/certification/v4/.");
	}
}

void check_pccs_conf(const struct facts *facts, struct finding *out)
{
	const struct pccs_facts *const pccs = &facts->pccs;

	if (pccs->conf_errno == ENOENT) {
		found_set(out, DOCTOR_NOTE, "no /etc/sgx_default_qcnl.conf");
		out->meaning = "Nothing is fetched from a PCCS; collateral comes from "
			       "files (--collateral).";
	} else if (pccs->conf_errno != 0) {
		found_hidden(out, facts, pccs->conf_errno, "/etc/sgx_default_qcnl.conf",
			     "the address of the PCCS");
	} else if (pccs->is_malformed) {
		found_set(out, DOCTOR_FAIL, "/etc/sgx_default_qcnl.conf: %s", pccs->why);
		remedy_set(out, "Correct the file; it is JSON, or lines KEY=VALUE.");
	} else if (pccs->url[0] == '\0') {
		found_set(out, DOCTOR_NOTE,
			  "/etc/sgx_default_qcnl.conf names no PCCS_URL");
	} else {
		check_url(pccs->url, out);
	}
}

void check_pccs(const struct facts *facts, struct finding *out)
{
	const struct contact *const contact = &facts->pccs_contact;

	if (contact->address.kind == ADDRESS_NONE) {
		found_set(out, DOCTOR_NOT_APPLICABLE, "no address");
		return;
	}
	found_contact(out, contact);
	if (out->state == DOCTOR_OK) {
		out->meaning = "Connections are accepted; nothing was asked.";
	} else if (out->state == DOCTOR_FAIL) {
		out->meaning = "Without it there is no new collateral, and what is kept "
			       "expires.";
		remedy_set(out, "Check the address, name resolution, routes and "
				"firewalls.");
	}
}

static void judge_expiry(const struct facts *facts, struct finding *out)
{
	const struct fresh_facts *const fresh = &facts->fresh;
	const int64_t left = fresh->expires - facts->clock.now;
	char date[CIVIL_TEXT_LEN];

	found_set(out, DOCTOR_OK, "%s expires first, on %s", fresh->what,
		  civil_format(fresh->expires, date));
	if (left >= FRESH_FOR_S)
		return;
	out->state = left < 0 ? DOCTOR_FAIL : DOCTOR_WARN;
	out->meaning = left < 0 ? "With it, everything is refused as not current."
				: "A PCCS that is kept has a month or so.";
	remedy_set(out, "Have the PCCS refresh its cache, or use another.");
}

/* Whoever fetches knows; a connection tells nothing of it. */
void check_pccs_fresh(const struct facts *facts, struct finding *out)
{
	switch (facts->fresh.fetched) {
	case NOT_KNOWN:
		found_set(out, DOCTOR_NOT_APPLICABLE,
			  "not asked; `cella collateral show` tells dates");
		return;
	case KNOWN_NO:
		found_set(out, DOCTOR_FAIL, "could not be fetched: %s", facts->fresh.why);
		out->meaning = "It answers, but not with collateral.";
		remedy_set(out, "Check the path of its address, and its own log.");
		return;
	case KNOWN_YES:
		judge_expiry(facts, out);
		return;
	}
}
