/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella-sim extend: a register of the simulated TD, extended for good.
 */
#include "sim/commands.h"

#include "base/encode.h"
#include "crypto/crypto.h"
#include "evidence/event_log.h"
#include "sim/platform.h"

#include <stdio.h>
#include <string.h>

struct extend_args {
	struct common_args common;
	const char *digest;
	struct moment reg;
	bool reset;
};

#define ARG(member) offsetof(struct extend_args, member)
static const struct option_def options[] = {
	{ "digest", 'd', "HEX", OPTION_TEXT, ARG(digest),
	  "extend by this digest, of 48 bytes" },
	{ "rtmr", 0, "NUMBER", OPTION_NUMBER, ARG(reg),
	  "extend this register: 0 to 3 (default)" },
	{ "reset", 0, NULL, OPTION_FLAG, ARG(reset),
	  "set the register to zeros first, as a launch does" },
	COMMON_OPTIONS,
};

static enum cella_status extend(const struct extend_args *args, struct cella_error *err)
{
	struct sim_platform *platform CLEANUP(sim_platform_cleanup) = NULL;
	const char *const dir = args->common.operands.items[0];
	const int64_t reg = args->reg.is_set ? args->reg.value : NUM_RTMRS - 1;
	uint8_t digest[SHA384_LEN];
	char name[sizeof "rtmr0"];
	uint8_t *value;
	size_t len = 0;

	TRY(sim_platform_load(dir, &platform, err));
	snprintf(name, sizeof name, "rtmr%d", (int)reg);
	value = sim_field(&td_body_15ex_layout, platform->td_body, name, &len);
	if (args->reset)
		memset(value, 0, len);
	if (args->digest != NULL) {
		if (hex_read(bytes_of(args->digest, strlen(args->digest)), digest,
			     sizeof digest, "--digest", err) != CELLA_OK)
			return err->status = CELLA_USAGE;
		TRY(register_extend(CELLA_HASH_SHA384, value, len, digest, err));
	}
	return sim_platform_update(platform, dir, err);
}

static int run(const void *args)
{
	const struct extend_args *const a = args;
	struct cella_error err = { 0 };

	if (a->digest == NULL && !a->reset)
		return usage(&sim_cmd_extend, "--digest is missing");
	if (a->reg.value >= NUM_RTMRS)
		return usage(&sim_cmd_extend, "--rtmr: a TD has RTMR0 to RTMR3");
	return extend(a, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command sim_cmd_extend = {
	.name = "extend",
	.operands = "DIR",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Extend a register of the simulated TD",
	.description =
		"What 'cella measure --provider sim' does: quotes and reports of the platform\n"
		"in DIR carry the register from then on.",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct extend_args),
	.run = run,
};
