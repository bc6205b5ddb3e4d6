/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan for people: what the machine has, what the enclave gets of it, and why, or why not.
 */
#include "vm/resource_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LABEL_WIDTH = 11, LINE_WIDTH = 88, LIST_MAX = 96, TEXT_MAX = 1024 };

/* --- paragraphs ---------------------------------------------------------------------- */

/* Breaks lines between words; a word that is longer than a line stands alone. */
static void put_wrapped(struct out *out, int indent, const char *text)
{
	int column = indent;

	while (*text != '\0') {
		const int len = (int)strcspn(text, " ");

		if (column > indent && column + 1 + len > LINE_WIDTH) {
			out_format(out, "\n%*s", indent, "");
			column = indent;
		}
		out_format(out, "%s%.*s", column > indent ? " " : "", len, text);
		column += len + (column > indent ? 1 : 0);
		text += len;
		text += strspn(text, " ");
	}
	out_text(out, "\n");
}

static void put(struct out *out, const char *label, const char *format, ...) PRINTF(3, 4);

static void put(struct out *out, const char *label, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	out_format(out, "%-*s", LABEL_WIDTH, label);
	put_wrapped(out, LABEL_WIDTH, text);
}

static const char *plural(size_t num)
{
	return num == 1 ? "" : "s";
}

/* --- parts --------------------------------------------------------------------------- */

static size_t num_packages(const struct topology *machine)
{
	size_t num = 0;

	for (size_t i = 0; i < machine->num_cores; i++) {
		size_t j = 0;

		while (j < i && machine->cores[j].package != machine->cores[i].package)
			j++;
		num += j == i ? 1 : 0;
	}
	return num;
}

static void put_machine(const struct resource_report *report, struct out *out)
{
	const struct topology *const machine = report->machine;
	const size_t num = cpus_count(&machine->online);
	const size_t allowed = cpus_count(&machine->allowed);
	char cores[LIST_MAX] = "";
	char limit[LIST_MAX] = "";

	if (machine->has_cores)
		snprintf(cores, sizeof cores, " on %zu core%s, %zu package%s, %zu node%s",
			 machine->num_cores, plural(machine->num_cores),
			 num_packages(machine), plural(num_packages(machine)),
			 machine->num_nodes, plural(machine->num_nodes));
	if (allowed < num)
		snprintf(limit, sizeof limit, ", of which %zu may be used", allowed);
	put(out, "machine", "%zu processor%s%s%s; %llu MiB of memory, %llu MiB available",
	    num, plural(num), cores, limit,
	    (unsigned long long)(machine->total_kib / 1024),
	    (unsigned long long)(machine->available_kib / 1024));
}

static void put_request(const struct resource_report *report, struct out *out)
{
	static const char *const how[] = {
		[CORES_SHARED] = "on shared processors",
		[CORES_WHOLE] = "on whole cores of its own",
		[CORES_LISTED] = "on processors ",
	};
	const struct resource_request *const request = report->request;
	char list[LIST_MAX] = "";

	if (request->cores == CORES_LISTED)
		cpus_text(&request->list, list, sizeof list);
	put(out, "enclave", "%s: %u vCPU%s %s%s%s, %u MiB%s%s%s", report->name,
	    request->vcpus, plural(request->vcpus), how[request->cores], list,
	    request->pin && request->cores == CORES_SHARED ? ", pinned" : "",
	    request->memory_mib,
	    request->pages != PAGES_ORDINARY ? " in huge pages of " : "",
	    request->pages != PAGES_ORDINARY ? page_size_name(request->pages) : "",
	    request->lock ? ", locked" : "");
}

static void put_processors(const struct resource_report *report, struct out *out)
{
	const struct resource_plan *const plan = report->plan;
	char guest[LIST_MAX];
	char rest[LIST_MAX];

	out_text(out, "\n");
	resource_report_picture(report, out);
	out_text(out, "\n");
	if (cpus_count(&plan->guest) == 0)
		return;
	put(out, "processors",
	    plan->is_pinned
		    ? "each of its vCPUs has one of %s; everything else of it runs "
		      "on %s"
		    : "its vCPUs run anywhere on %s, everything else of it on %s",
	    cpus_text(&plan->guest, guest, sizeof guest),
	    cpus_text(&plan->rest, rest, sizeof rest));
}

static void put_memory(const struct resource_report *report, struct out *out)
{
	const struct resource_plan *const plan = report->plan;
	char node[LIST_MAX] = "";
	char pages[LIST_MAX] = "";

	if (plan->node >= 0)
		snprintf(node, sizeof node, " of node %u",
			 report->machine->nodes[plan->node].id);
	if (plan->num_pages > 0)
		snprintf(pages, sizeof pages, " (%llu huge pages of %s)",
			 (unsigned long long)plan->num_pages,
			 page_size_name(report->request->pages));
	put(out, "memory",
	    "%llu MiB%s%s for the guest, %llu MiB for image and processes; %llu MiB are to be "
	    "had in ordinary pages, besides %u MiB that stay with the machine",
	    (unsigned long long)plan->guest_mib, pages, node,
	    (unsigned long long)plan->beside_mib, (unsigned long long)plan->spare_mib,
	    report->request->keep_mib);
}

static void put_group(const struct resource_report *report, struct out *out)
{
	const struct resource_steps *const steps = report->steps;

	if (report->plan->num_refusals > 0)
		return;
	if (steps->num_items == 0) {
		put(out, "group", "no control group: %s", steps->why_not);
		return;
	}
	put(out, "group", "in %s:", steps->folder);
	for (size_t i = 0; i < steps->num_items; i++) {
		out_format(out, "%*s", LABEL_WIDTH + 2, "");
		resource_step_text(steps, &steps->items[i], out);
	}
}

/* What a shell takes as it is. */
static bool is_plain(const char *text)
{
	return text[0] != '\0' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789_-./,=:+") == strlen(text);
}

/* As one word for a shell. */
static void put_quoted(const char *text, struct out *out)
{
	if (is_plain(text)) {
		out_format(out, " %s", text);
		return;
	}
	out_text(out, " '");
	for (; *text != '\0'; text++)
		if (*text == '\'')
			out_text(out, "'\\''");
		else
			out_u8(out, (uint8_t)*text);
	out_text(out, "'");
}

/* An option and its value are a line. */
static void put_command(const struct argv *argv, struct out *out)
{
	out_format(out, "%-*s%s", LABEL_WIDTH, "command", argv->items[0]);
	for (size_t i = 1; i < argv->num_items; i++)
		if (argv->items[i][0] == '-')
			out_format(out, " \\\n%*s%s", LABEL_WIDTH + 2, "",
				   argv->items[i]);
		else
			put_quoted(argv->items[i], out);
	out_text(out, "\n");
}

/* Its lines, after each other. */
static void put_config(const struct resource_report *report, struct out *out)
{
	struct out all CLEANUP(out_done) = { 0 };
	char *rest = NULL;
	char text[TEXT_MAX];

	snprintf(text, sizeof text, "%s", report->config);
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		out_format(&all, "%s%s", all.len > 0 ? "; " : "", line);
	}
	put(out, "measured", "%.*s: PCR13 %s", (int)all.len,
	    all.len > 0 ? (const char *)all.data : "", report->pcr13);
}

static void put_refusal(const struct resource_refusal *refusal, struct out *out)
{
	char text[TEXT_MAX];

	snprintf(text, sizeof text, "%s: needs %s, has %s",
		 resource_rule_text(refusal->rule), refusal->need, refusal->have);
	out_format(out, "%*s- ", LABEL_WIDTH, "");
	put_wrapped(out, LABEL_WIDTH + 2, text);
	/* On one line: it may be for a shell. */
	out_format(out, "%*sremedy: %s\n", LABEL_WIDTH + 2, "", refusal->remedy);
}

static void put_answer(const struct resource_plan *plan, struct out *out)
{
	for (size_t i = 0; i < plan->num_notes; i++)
		put(out, i == 0 ? "notes" : "", "%s", plan->notes[i]);
	if (plan->num_refusals == 0) {
		put(out, "answer", "yes, it can be had");
		return;
	}
	put(out, "answer", "no, for %zu reason%s:", plan->num_refusals,
	    plural(plan->num_refusals));
	for (size_t i = 0; i < plan->num_refusals; i++)
		put_refusal(&plan->refusals[i], out);
}

enum cella_status resource_report_text(const struct resource_report *report,
				       struct out *out, struct cella_error *err)
{
	put_machine(report, out);
	put_request(report, out);
	put_processors(report, out);
	put_memory(report, out);
	put_group(report, out);
	put_config(report, out);
	if (report->backend_reason[0] != '\0')
		put(out, "back-end", "%s: %s", report->backend, report->backend_reason);
	if (report->argv != NULL)
		put_command(report->argv, out);
	put_answer(report->plan, out);
	return out_status(out, err);
}
