/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella doctor: what this machine can do, what is missing, and what to do about it.
 */
#include "cli/commands.h"

#include "cli/doctor_ways.h"
#include "doctor/diagnosis.h"

#include <limits.h>
#include <stdio.h>

struct doctor_args {
	struct common_args common;
	const char *sysroot;
	const char *kernel_log;
	const char *qgs;
	const char *only;
	struct doctor_net_args net;
	struct moment time;
	bool deep;
};

#define ARG(member) offsetof(struct doctor_args, member)
static const struct option_def options[] = {
	{ "deep", 0, NULL, OPTION_FLAG, ARG(deep), "try KVM: run a small guest on it" },
	{ "only", 0, "GROUP", OPTION_TEXT, ARG(only),
	  "make only the checks of evidence, collateral, instance or enclave" },
	{ "sysroot", 0, "DIR", OPTION_TEXT, ARG(sysroot),
	  "look at this tree of files instead of this machine's" },
	{ "kernel-log", 0, "FILE", OPTION_TEXT, ARG(kernel_log),
	  "read the kernel log from this file, as dmesg writes it" },
	{ "qgs", 0, "ADDR", OPTION_TEXT, ARG(qgs),
	  "try this quoting service: unix:PATH, tcp:HOST:PORT, vsock:CID:PORT" },
	{ "pccs", 0, "URL", OPTION_TEXT, ARG(net.pccs),
	  "ask this PCCS instead of the configured one" },
	{ "tls-ca", 0, "FILE", OPTION_TEXT, ARG(net.tls_ca),
	  "trust a PCCS whose TLS certificate these authorities issued" },
	{ "trust-root", 0, "FILE", OPTION_TEXT, ARG(net.trust_root),
	  "take collateral under this root instead of Intel's" },
	{ "time", 't', "TIME", OPTION_TIME, ARG(time), "take this for the clock's time" },
	COMMON_OPTIONS,
};

static void facts_cleanup(struct facts **facts)
{
	facts_free(*facts);
}

static void out_cleanup(struct out *out)
{
	out_done(out);
}

static enum cella_status print(const struct doctor_args *args,
			       const struct diagnosis *diagnosis,
			       const struct facts *facts, struct cella_error *err)
{
	struct out text CLEANUP(out_cleanup) = { 0 };
	char *json CLEANUP_FREE = NULL;

	if (args->common.json) {
		TRY(diagnosis_json(diagnosis, facts, &json, err));
		puts(json);
		return CELLA_OK;
	}
	diagnosis_text(diagnosis, use_colour(), &text);
	TRY(out_status(&text, err));
	printf("%.*s", (int)text.len, (const char *)text.data);
	return CELLA_OK;
}

/* As others who read that file find it; a tree has its own. */
static const char *pccs_conf(const struct doctor_args *args, char path[PATH_MAX])
{
	const char *const other = getenv("QCNL_CONF_PATH");

	if (args->sysroot != NULL || other == NULL || *other == '\0')
		return NULL;
	return realpath(other, path) != NULL ? path : other;
}

static enum cella_status doctor(const struct doctor_args *args,
				enum doctor_result *result, struct cella_error *err)
{
	struct facts *facts CLEANUP(facts_cleanup) = facts_new();
	struct diagnosis *diagnosis CLEANUP_FREE = calloc(1, sizeof *diagnosis);
	struct doctor_ways ways = { { 0 } };
	char path[PATH_MAX];
	struct doctor_request request = {
		.sysroot = args->sysroot,
		.kernel_log = args->kernel_log,
		.qgs = args->qgs,
		.pccs = args->net.pccs,
		.pccs_conf = pccs_conf(args, path),
		.deep = args->deep,
		.has_time = args->time.is_set,
		.time = args->time.value,
	};

	if (facts == NULL || diagnosis == NULL)
		return error_nomem(err);
	TRY(doctor_ways_set(&args->net, &ways, &request, err));
	TRY(facts_gather(&request, facts, err));
	TRY(diagnose(facts, args->only, diagnosis, err));
	*result = diagnosis_result(diagnosis);
	return print(args, diagnosis, facts, err);
}

static int run(const void *args)
{
	static const int codes[] = {
		[DOCTOR_UNDECIDED] = EXIT_UNDECIDED,
		[DOCTOR_FAILS] = EXIT_NO,
		[DOCTOR_FINE] = EXIT_YES,
	};
	struct cella_error err = { 0 };
	enum doctor_result result = DOCTOR_UNDECIDED;

	return doctor(args, &result, &err) == CELLA_OK ? codes[result] : fail(&err);
}

const struct command cmd_doctor = {
	.name = "doctor",
	.operands = "",
	.min_operands = 0,
	.max_operands = 0,
	.summary = "Say what this machine can do, and what is missing",
	.description =
		"Looks at the CPU, the kernel, its devices and settings, and changes nothing.\n"
		"Exit status: 0 nothing fails, 1 something fails, 3 nothing fails, but something\n"
		"could not be decided.",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct doctor_args),
	.run = run,
};
