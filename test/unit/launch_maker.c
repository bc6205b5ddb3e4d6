/* SPDX-License-Identifier: Apache-2.0 */
#include "launch_maker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(enum cella_status status, const struct cella_error *err)
{
	if (status == CELLA_OK)
		return;
	fprintf(stderr, "launch maker: %s\n", err->text);
	abort();
}

static struct cella_bytes text(const char *literal)
{
	return bytes_of(literal, strlen(literal));
}

struct launch_digest made_digest(struct cella_bytes bytes)
{
	struct launch_digest out;
	struct cella_error err = { 0 };

	must(launch_digest_of(&bytes, 1, &out, &err), &err);
	return out;
}

struct launch_image made_image(void)
{
	return (struct launch_image){
		.kernel = made_digest(text(MADE_KERNEL)),
		.cmdline = text(MADE_CMDLINE),
		.ramdisks = { made_digest(text(MADE_RAMDISK1)),
			      made_digest(text(MADE_RAMDISK2)) },
		.num_ramdisks = 2,
		.whole = made_digest(
			text(MADE_KERNEL MADE_CMDLINE MADE_RAMDISK1 MADE_RAMDISK2)),
		.is_signed = true,
		.signer = made_digest(text(MADE_SIGNER)),
	};
}

struct launch_config made_config(bool debug)
{
	static const char *const forward[] = { "127.0.0.1:8080:80" };
	static const char *const egress[] = { "example.org:443", "192.0.2.1:80" };

	return (struct launch_config){
		.vcpus = 2,
		.memory_mib = 256,
		.debug = debug,
		.to_guest = { .ranges = { { 7001, 7003 }, { 80, 80 } }, .num = 2 },
		.from_guest = { .ranges = { { 9000, 9000 }, { 9443, 9443 } }, .num = 2 },
		.forward = { forward, ARRAY_LEN(forward) },
		.egress = { egress, ARRAY_LEN(egress) },
	};
}

struct launch_plan made_plan(bool debug, struct arena *arena)
{
	const struct launch_image what = made_image();
	const struct launch_config how = made_config(debug);
	struct launch_plan out;
	struct cella_error err = { 0 };

	must(launch_plan_make("q35", &what, &how, arena, &out, &err), &err);
	return out;
}

struct out made_launch_log(bool debug)
{
	struct arena arena CLEANUP(arena_done) = { 0 };
	const struct launch_plan made = made_plan(debug, &arena);
	struct cella_error err = { 0 };
	struct out log = { 0 };

	must(launch_log_write(&made, &log, &err), &err);
	return log;
}
