/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Choosing a back-end.
 */
#include "vm/evm.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct backend *const named[] = {
	&backend_tcg,
	&backend_kvm,
	&backend_tdx,
	&backend_mock,
};

void backend_say(char text[BACKEND_TEXT_MAX], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(text, BACKEND_TEXT_MAX, format, args);
	va_end(args);
}

static const struct backend *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(named); i++)
		if (strcmp(named[i]->name, name) == 0)
			return named[i];
	return NULL;
}

bool backend_is_name(const char *name)
{
	return strcmp(name, "auto") == 0 || find(name) != NULL;
}

static enum cella_status choose_named(const struct backend *backend,
				      struct backend_choice *out, struct cella_error *err)
{
	struct backend_choice choice = { .backend = backend };
	char found[BACKEND_TEXT_MAX] = "";

	TRY(backend->probe(found, err));
	backend_say(choice.reason, "asked for; %s", found);
	*out = choice;
	return CELLA_OK;
}

/* What a device node promises is not enough: KVM is taken when its probe has run a guest. */
static void choose_best(struct backend_choice *out)
{
	struct cella_error refusal = { 0 };

	*out = (struct backend_choice){ .backend = &backend_kvm,
					.fallback = &backend_tcg };
	if (backend_kvm.probe(out->reason, &refusal) == CELLA_OK)
		return;
	*out = (struct backend_choice){ .backend = &backend_tcg };
	backend_say(out->reason, "no KVM: %s", refusal.text);
}

enum cella_status backend_choose(const char *name, struct backend_choice *out,
				 struct cella_error *err)
{
	if (strcmp(name, "auto") == 0) {
		choose_best(out);
		return CELLA_OK;
	}
	if (find(name) != NULL)
		return choose_named(find(name), out, err);
	return error_set(err, CELLA_USAGE,
			 "--backend: \"%.32s\": expected " BACKEND_NAMES, name);
}

void backend_fall_back(struct backend_choice *choice, const char *cause)
{
	struct backend_choice next = { .backend = choice->fallback };

	backend_say(next.reason, "%s was tried and failed: %s", choice->backend->name,
		    cause);
	*choice = next;
}

/* --- what would be started ----------------------------------------------------------- */

/* In the order in which a machine has them. */
enum {
	FIRST_SHOWN_FD = 3,
	SHOWN_KERNEL = FIRST_SHOWN_FD,
	SHOWN_RAMDISK,
	SHOWN_VSOCK,
	SHOWN_TPM,
	SHOWN_QMP,
	SHOWN_SERIAL,
	SHOWN_HEART,
};

enum cella_status backend_plan(const struct evm_options *options, struct argv *out,
			       struct cella_error *err)
{
	struct evm_options wanted = *options;
	struct evm_launch launch CLEANUP(evm_launch_done) = EVM_LAUNCH_NONE;
	struct qemu_plan machine = {
		.program = options->qemu,
		.firmware = options->firmware,
		.vcpus = options->vcpus,
		.memory = options->memory,
		.cmdline = "(the image's command line)",
		.kernel = SHOWN_KERNEL,
		.ramdisk = SHOWN_RAMDISK,
		.vsock = SHOWN_VSOCK,
		.tpm = SHOWN_TPM,
		.qmp = SHOWN_QMP,
		.serial = options->debug ? SHOWN_SERIAL : -1,
		.heart = SHOWN_HEART,
	};

	if (options->image >= 0) {
		TRY(evm_prepare(&wanted, &launch, err));
		machine.cmdline = launch.cmdline;
		machine.image_sha384 = launch.image_sha384;
	}
	machine.memory_mib = wanted.memory_mib != 0 ? wanted.memory_mib
						    : EVM_USUAL_MEMORY_MIB;
	return options->backend.backend->plan(&machine, out, err);
}
