/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Can it judge what others prove? The clock, by which collateral expires, and the PCCS.
 */
#include "doctor/checks.h"

#include "base/civil.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_S = 86400, RTC_MAX_DIFFERENCE_S = DAY_S, FRESH_FOR_S = 3 * DAY_S };

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

	if (pccs->is_named || (pccs->conf_errno == 0 && pccs->url[0] != '\0')) {
		check_url(pccs->url, out);
	} else if (pccs->conf_errno == ENOENT) {
		found_set(out, DOCTOR_NOTE, "no %.200s", pccs->path);
		out->meaning = "Nothing is fetched from a PCCS; collateral comes from "
			       "files (--collateral).";
	} else if (pccs->conf_errno != 0) {
		found_hidden(out, facts, pccs->conf_errno, pccs->path,
			     "the address of the PCCS");
	} else if (pccs->is_malformed) {
		found_set(out, DOCTOR_FAIL, "%s", pccs->why);
		remedy_set(out, "Correct the file; it is JSON, or lines KEY=VALUE.");
	} else {
		found_set(out, DOCTOR_NOTE, "%.200s names no PCCS_URL", pccs->path);
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
		out->meaning = facts->fresh.fetched == NOT_KNOWN
				       ? "Connections are accepted; nothing was asked."
				       : NULL;
	} else if (out->state == DOCTOR_FAIL) {
		out->meaning = "Without it there is no new collateral, and what is kept "
			       "expires.";
		remedy_set(out, "Check the address, name resolution, routes and "
				"firewalls.");
	}
}

/* The one whose next update is due first. */
static const struct fresh_document *first_to_expire(const struct fresh_facts *fresh)
{
	const struct fresh_document *first = &fresh->documents[0];

	for (size_t i = 1; i < fresh->num_documents; i++)
		if (fresh->documents[i].to < first->to)
			first = &fresh->documents[i];
	return first;
}

static const struct fresh_document *of_the_future(const struct fresh_facts *fresh,
						  int64_t now)
{
	for (size_t i = 0; i < fresh->num_documents; i++)
		if (fresh->documents[i].from > now)
			return &fresh->documents[i];
	return NULL;
}

static void judge_expiry(const struct fresh_document *first, int64_t now,
			 struct finding *out)
{
	const int64_t left = first->to - now;
	const long long days = llabs((long long)left) / DAY_S;
	char issued[CIVIL_TEXT_LEN], expires[CIVIL_TEXT_LEN];

	civil_format(first->from, issued);
	civil_format(first->to, expires);
	if (left >= FRESH_FOR_S) {
		found_set(out, DOCTOR_OK, "%s, issued %s, expires first: %s", first->what,
			  issued, expires);
		return;
	}
	if (left < 0)
		found_set(out, DOCTOR_FAIL, "%s, issued %s, expired %s, %lld days ago",
			  first->what, issued, expires, days);
	else
		found_set(out, DOCTOR_WARN, "%s, issued %s, expires %s, in %lld days",
			  first->what, issued, expires, days);
	out->meaning = left < 0 ? "With it, everything is refused as not current."
				: "A PCCS that is kept has a month or so.";
	remedy_set(out, "Have the PCCS refresh its cache, or use another.");
}

static void judge_documents(const struct facts *facts, struct finding *out)
{
	const int64_t now = facts->clock.now;
	const struct fresh_document *const early = of_the_future(&facts->fresh, now);
	char issued[CIVIL_TEXT_LEN];

	if (early == NULL) {
		judge_expiry(first_to_expire(&facts->fresh), now, out);
		return;
	}
	found_set(out, DOCTOR_FAIL, "%s, issued %s, is of the future", early->what,
		  civil_format(early->from, issued));
	out->meaning = "By this clock it is not valid yet.";
	remedy_set(out, "Set the clock, and keep it with NTP.");
}

/* In the words of whoever fetched. */
static void tell_failure(const struct fresh_facts *fresh, struct finding *out)
{
	if (fresh->status == CELLA_UNSUPPORTED) {
		found_set(out, DOCTOR_UNKNOWN, "%s", fresh->why);
		return;
	}
	found_set(out, DOCTOR_FAIL, "could not be fetched: %s", fresh->why);
	out->meaning = "It answers, but no collateral comes from there.";
	remedy_set(out, "Check the path of its address, its TLS certificate, and its own "
			"log.");
}

static void tell_not_asked(const struct facts *facts, struct finding *out)
{
	if (facts->pccs_contact.state != CONTACT_MADE) {
		found_set(out, DOCTOR_NOT_APPLICABLE,
			  "not asked; `cella collateral show` tells dates");
	} else if (facts->pccs.is_cache_only) {
		found_set(out, DOCTOR_NOT_APPLICABLE,
			  "not asked, as the configuration says (local_cache_only)");
	} else {
		found_set(out, DOCTOR_UNKNOWN, "this program fetches nothing");
		remedy_set(out, "Ask `cella doctor`.");
	}
}

/* Whoever fetches knows; a connection tells nothing of it. */
void check_pccs_fresh(const struct facts *facts, struct finding *out)
{
	switch (facts->fresh.fetched) {
	case NOT_KNOWN:
		tell_not_asked(facts, out);
		return;
	case KNOWN_NO:
		tell_failure(&facts->fresh, out);
		return;
	case KNOWN_YES:
		judge_documents(facts, out);
		return;
	}
}
