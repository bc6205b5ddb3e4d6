/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of the TPM, between its file and cella-vtpm. The process that parses what guests
 * send has the state but neither file nor key; this one has these, and does not look into
 * the state.
 */
#include "vm/evm.h"

#include "guest/io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LEN_LEN = 8 };
static const uint8_t kept = 'S';

/* --- memory -------------------------------------------------------------------------- */

/* Neither side can cut it off: whoever reads it then would be killed. */
static enum cella_status make_memory(struct evm_tpm *tpm, struct cella_error *err)
{
	int fd CLEANUP_CLOSE = memfd_create("tpm-state", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *data;

	if (fd < 0 || ftruncate(fd, TPM_STATE_MEMORY_LEN) != 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW) != 0)
		return error_errno(err, errno, "the TPM's state in memory");
	data = mmap(NULL, TPM_STATE_MEMORY_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    0);
	if (data == MAP_FAILED)
		return error_errno(err, errno, "the TPM's state in memory");
	tpm->shared = data;
	tpm->memory = io_take(&fd);
	return CELLA_OK;
}

static void put_state(struct evm_tpm *tpm, struct cella_bytes state)
{
	for (size_t i = 0; i < LEN_LEN; i++)
		tpm->shared[i] = (uint8_t)(state.len >> (8 * i));
	if (state.len > 0)
		memcpy(tpm->shared + LEN_LEN, state.data, state.len);
}

/* Read once: the other side may write at any time. */
static enum cella_status get_state(const struct evm_tpm *tpm, struct out *out,
				   struct cella_error *err)
{
	uint64_t len = 0;

	for (size_t i = 0; i < LEN_LEN; i++)
		len |= (uint64_t)((const volatile uint8_t *)tpm->shared)[i] << (8 * i);
	if (len == 0 || len > TPM_STATE_MAX)
		return error_set(err, CELLA_MALFORMED,
				 "cella-vtpm: a state of %llu bytes, not 1 to %d",
				 (unsigned long long)len, TPM_STATE_MAX);
	out_bytes(out, tpm->shared + LEN_LEN, (size_t)len);
	return out_status(out, err);
}

static void out_wipe(struct out *out)
{
	if (out->data != NULL)
		explicit_bzero(out->data, out->len);
	out_done(out);
}

/* --- from file to memory, and back --------------------------------------------------- */

static enum cella_status open_file(struct evm *evm, struct out *state,
				   struct cella_error *err)
{
	const struct tpm_state_owner owner = {
		.name = evm->options.name,
		.is_signed = evm->launch.is_signed,
		.sha256 = evm->launch.identity,
		.debug = evm->options.debug,
	};

	TRY(tpm_state_open(evm->options.tpm_state, evm->options.secret, &owner,
			   &evm->tpm.file, err));
	return tpm_state_read(evm->tpm.file, state, err);
}

enum cella_status evm_tpm_open(struct evm *evm, struct cella_error *err)
{
	struct out state CLEANUP(out_wipe) = { 0 };

	if (evm->options.tpm_state == NULL)
		return CELLA_OK;
	TRY(open_file(evm, &state, err));
	TRY(make_memory(&evm->tpm, err));
	put_state(&evm->tpm, out_view(&state));
	evm->tpm.was_restored = state.len > 0;
	return CELLA_OK;
}

enum cella_status evm_tpm_answer(const struct evm *evm, struct cella_bytes answer,
				 struct cella_error *err)
{
	if (send(evm->certify, answer.data, answer.len, MSG_DONTWAIT | MSG_NOSIGNAL) !=
	    (ssize_t)answer.len)
		return error_set(err, CELLA_MISSING, "cella-vtpm: hears no answer");
	return CELLA_OK;
}

enum cella_status evm_tpm_keep(struct evm *evm, struct cella_error *err)
{
	struct out state CLEANUP(out_wipe) = { 0 };

	TRY(get_state(&evm->tpm, &state, err));
	TRY(tpm_state_write(evm->tpm.file, out_view(&state), err));
	return evm_tpm_answer(evm, bytes_of(&kept, 1), err);
}

void evm_tpm_close(struct evm *evm)
{
	if (evm->tpm.shared != NULL)
		munmap(evm->tpm.shared, TPM_STATE_MEMORY_LEN);
	evm->tpm.shared = NULL;
	io_close(&evm->tpm.memory);
	tpm_state_free(evm->tpm.file);
	evm->tpm.file = NULL;
}
