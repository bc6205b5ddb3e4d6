/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPM commands and their answers; all numbers are big endian.
 */
#include "collect/tpm.h"

#include "collect/advice.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum {
	SESSION_PASSWORD = 0x40000009,
	EMPTY_AUTH_LEN = 9,
	HEADER_LEN = 10,
};

/* --- response codes ------------------------------------------------------------------ */

enum {
	RC_FORMAT_ONE = 0x80,
	RC_FORMAT_ONE_NUMBER = 0xbf, /* without the number of handle or parameter */
	RC_HANDLE = 0x8b,
};

/* Those that pass: the same command may succeed later. */
static const uint32_t passing[] = {
	0x908, /* YIELDED */
	0x90a, /* TESTING */
	0x920, /* NV_RATE */
	0x922, /* RETRY */
};

static const struct {
	uint32_t code;
	const char *text;
} codes[] = {
	{ 0x08b, "there is nothing of that number" },
	{ 0x08e, "it wants a password" },
	{ 0x0a2, "it wants a password" },
	{ 0x0a4, "it may not be used that way" },
	{ 0x100, "the TPM has not been started" },
	{ 0x101, "the TPM has failed its self-test" },
	{ 0x146, "beyond the end of the index" },
	{ 0x148, "the index is locked" },
	{ 0x149, "it may not be used that way" },
	{ 0x14a, "nothing has been written to it yet" },
	{ 0x14b, "its memory is full" },
	{ 0x921, "it is locked out after wrong passwords" },
};

static uint32_t plain_code(uint32_t code)
{
	return (code & RC_FORMAT_ONE) != 0 ? code & RC_FORMAT_ONE_NUMBER : code;
}

static bool is_passing(uint32_t code)
{
	for (size_t i = 0; i < ARRAY_LEN(passing); i++)
		if (passing[i] == code)
			return true;
	return false;
}

static enum cella_status tell(uint32_t code, const char *what, struct cella_error *err)
{
	const uint32_t plain = plain_code(code);
	const enum cella_status status = plain == RC_HANDLE ? CELLA_MISSING : CELLA_IO;

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].code == plain)
			return error_set(err, status, "%s: the TPM answers 0x%x: %s",
					 what, code, codes[i].text);
	return error_set(err, status, "%s: the TPM answers 0x%x", what, code);
}

/* --- commands ------------------------------------------------------------------------ */

void tpm_begin(struct out *command, uint16_t tag, uint32_t code)
{
	out_u16be(command, tag);
	out_u32be(command, 0); /* its length, once it is known */
	out_u32be(command, code);
}

static void end(struct out *command)
{
	if (command->failed || command->len < HEADER_LEN)
		return;
	command->data[4] = (uint8_t)(command->len >> 8);
	command->data[5] = (uint8_t)command->len;
}

void tpm_put_empty_auth(struct out *command)
{
	out_u32be(command, EMPTY_AUTH_LEN);
	out_u32be(command, SESSION_PASSWORD);
	out_u16be(command, 0);
	out_u8(command, 0);
	out_u16be(command, 0);
}

static enum cella_status put(const struct tpm *tpm, const struct out *command,
			     struct cella_error *err)
{
	ssize_t done;

	TRY(deadline_poll(&tpm->deadline, tpm->fd, POLLOUT, "the TPM", err));
	done = write(tpm->fd, command->data, command->len);
	if (done < 0)
		return error_errno(err, errno, "the TPM: sending a command");
	if ((size_t)done != command->len)
		return error_set(err, CELLA_IO, "the TPM: took %zd of %zu bytes", done,
				 command->len);
	return CELLA_OK;
}

/* The length that a response states, or the header's while that has not come. */
static size_t stated_len(const uint8_t *response, size_t len)
{
	if (len < HEADER_LEN)
		return HEADER_LEN;
	return (size_t)response[2] << 24 | (size_t)response[3] << 16 |
	       (size_t)response[4] << 8 | response[5];
}

/* The kernel gives a response with one read; others may take several. */
static enum cella_status get(const struct tpm *tpm, uint8_t response[TPM_RESPONSE_MAX],
			     size_t *out_len, struct cella_error *err)
{
	size_t len = 0;

	while (len < stated_len(response, len)) {
		ssize_t got;

		if (stated_len(response, len) > TPM_RESPONSE_MAX)
			return error_set(err, CELLA_LIMIT,
					 "the TPM: an answer of %zu bytes, at most %d",
					 stated_len(response, len), TPM_RESPONSE_MAX);
		TRY(deadline_poll(&tpm->deadline, tpm->fd, POLLIN, "the TPM", err));
		got = read(tpm->fd, response + len, TPM_RESPONSE_MAX - len);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got < 0)
			return error_errno(err, errno, "the TPM: reading its answer");
		if (got == 0)
			return error_set(err, CELLA_IO,
					 "the TPM: ends within its answer, after %zu "
					 "bytes",
					 len);
		len += (size_t)got;
	}
	*out_len = len;
	return CELLA_OK;
}

/* Runs a command once. *code is the response code; *in is behind it. */
static enum cella_status run_once(const struct tpm *tpm, const struct out *command,
				  uint8_t response[TPM_RESPONSE_MAX], struct in *in,
				  uint32_t *code, struct cella_error *err)
{
	size_t len = 0;
	uint32_t stated;

	TRY(put(tpm, command, err));
	TRY(get(tpm, response, &len, err));
	in_init(in, bytes_of(response, len), "the TPM's answer");
	in_skip(in, 2, "tag");
	stated = in_u32be(in, "size");
	*code = in_u32be(in, "response code");
	TRY(in_status(in, err));
	if (stated != len)
		return error_at(err, CELLA_MALFORMED, 2,
				"the TPM's answer: size: %u, but it has %zu bytes",
				stated, len);
	return CELLA_OK;
}

enum cella_status tpm_run(const struct tpm *tpm, struct out *command, const char *what,
			  uint8_t response[TPM_RESPONSE_MAX], struct in *in,
			  struct cella_error *err)
{
	end(command);
	TRY(out_status(command, err));
	for (unsigned attempt = 0;; attempt++) {
		uint32_t code = 0;

		TRY(run_once(tpm, command, response, in, &code, err));
		if (code == 0)
			return CELLA_OK;
		if (!is_passing(code) || !deadline_back_off(&tpm->deadline, attempt))
			return tell(code, what, err);
	}
}

/* --- life ---------------------------------------------------------------------------- */

static const struct advice open_advice[] = {
	{ ENOENT, "this machine has no TPM" },
	{ ENODEV, "this machine has no TPM" },
	{ EACCES, "run it as root, or in the group tss" },
	{ EPERM, "run it as root, or in the group tss" },
	{ EBUSY, "somebody else has it open" },
	{ 0, NULL },
};

enum cella_status tpm_open(const char *path, const struct deadline *deadline,
			   struct tpm *out, struct cella_error *err)
{
	const int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return advise(err, open_advice, errno, "%s", path);
	*out = (struct tpm){ .fd = fd, .deadline = *deadline };
	return CELLA_OK;
}

void tpm_close(struct tpm *tpm)
{
	if (tpm->fd >= 0)
		close(tpm->fd);
	tpm->fd = -1;
}
