/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a guest gave no sign of life: from the last thing that is known to have gone well.
 */
#include "vm/evm.h"

#include <stdio.h>
#include <string.h>

/*
 * What kernels write to a console before they stop: of debugging only, and where the image's
 * command line has one.
 */
static const struct {
	const char *text;
	const char *meaning;
} signs[] = {
	{ "Unable to mount root fs", "the kernel found no /init in the ramdisk" },
	{ "Initramfs unpacking failed", "the kernel cannot unpack the ramdisk" },
	{ "Out of memory", "the guest has too little memory" },
	{ "Unknown symbol",
	  "a module lacks another one, which must be loaded before it" },
	{ "Kernel panic", "the guest's kernel panicked" },
};

static const char *sign_of(const struct evm *evm)
{
	for (size_t i = 0; i < ARRAY_LEN(signs); i++)
		if (memmem(evm->console.data, RING_LEN, signs[i].text,
			   strlen(signs[i].text)) != NULL)
			return signs[i].meaning;
	return NULL;
}

/* Of cella-vsock's last line. */
static bool has_said(const struct evm *evm, const char *text)
{
	const struct evm_errors *const errors = &evm->errors[EVM_VSOCK];

	return memmem(errors->text, errors->len, text, strlen(text)) != NULL;
}

static const char *meaning_of(const struct evm *evm)
{
	const char *const sign = sign_of(evm);

	if (!evm->was_certified)
		return "the TPM was not started: QEMU did not get that far";
	if (sign != NULL)
		return sign;
	if (evm->has_panicked)
		return "the guest's kernel panicked; --debug shows why";
	if (has_said(evm, "driver never seen"))
		return "the guest reset before its driver of vsock was loaded: too little "
		       "memory, a kernel that panicked, no /init, or a policy or module "
		       "that the guest cannot use; --debug shows the console";
	if (evm->children[EVM_QEMU].has_ended)
		return "the guest reset before its init could speak, though its driver of "
		       "vsock was loaded: another /init, or a kernel that panicked; --debug "
		       "shows the console";
	return "the guest's init did not speak: a module of vsock is missing, or the kernel "
	       "hangs; --debug shows the console";
}

void evm_diagnose(struct evm *evm)
{
	if (evm->cause[0] == '\0')
		snprintf(evm->cause, sizeof evm->cause, "no heartbeat%s: %s",
			 evm->children[EVM_QEMU].has_ended ? "" : " in time",
			 meaning_of(evm));
}
