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
	TAG_NO_SESSIONS = 0x8001,
	TAG_SESSIONS = 0x8002,
	CC_NV_DEFINE_SPACE = 0x12a,
	CC_NV_WRITE = 0x137,
	CC_NV_READ = 0x14e,
	CC_NV_READ_PUBLIC = 0x169,
	HANDLE_OWNER = 0x40000001,
	SESSION_PASSWORD = 0x40000009,
	EMPTY_AUTH_LEN = 9,
	ALG_SHA256 = 0x0b,
	HEADER_LEN = 10,
	RESPONSE_MAX = 4096,
	CHUNK = 512, /* every TPM takes that much at once */
	NV_PUBLIC_LEN = 14,
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
	{ 0x08b, "there is no such index" },
	{ 0x08e, "it wants a password" },
	{ 0x0a2, "it wants a password" },
	{ 0x0a4, "this index may not be used that way" },
	{ 0x100, "the TPM has not been started" },
	{ 0x101, "the TPM has failed its self-test" },
	{ 0x146, "beyond the end of the index" },
	{ 0x148, "the index is locked" },
	{ 0x149, "this index may not be used that way" },
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

static void begin(struct out *command, uint16_t tag, uint32_t code)
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

/* The authorisation area: an empty password. */
static void put_empty_auth(struct out *command)
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
static enum cella_status get(const struct tpm *tpm, uint8_t response[RESPONSE_MAX],
			     size_t *out_len, struct cella_error *err)
{
	size_t len = 0;

	while (len < stated_len(response, len)) {
		ssize_t got;

		if (stated_len(response, len) > RESPONSE_MAX)
			return error_set(err, CELLA_LIMIT,
					 "the TPM: an answer of %zu bytes, at most %d",
					 stated_len(response, len), RESPONSE_MAX);
		TRY(deadline_poll(&tpm->deadline, tpm->fd, POLLIN, "the TPM", err));
		got = read(tpm->fd, response + len, RESPONSE_MAX - len);
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
				  uint8_t response[RESPONSE_MAX], struct in *in,
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

static enum cella_status run(const struct tpm *tpm, struct out *command, const char *what,
			     uint8_t response[RESPONSE_MAX], struct in *in,
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

/* --- non-volatile memory ------------------------------------------------------------- */

enum cella_status tpm_nv_find(const struct tpm *tpm, uint32_t index, struct tpm_nv *out,
			      struct cella_error *err)
{
	uint8_t response[RESPONSE_MAX];
	struct out command CLEANUP(out_done) = { 0 };
	struct tpm_nv nv = { 0 };
	uint16_t policy_len;
	struct in in;

	begin(&command, TAG_NO_SESSIONS, CC_NV_READ_PUBLIC);
	out_u32be(&command, index);
	TRY(run(tpm, &command, "asking for the index", response, &in, err));
	in_skip(&in, 2, "nvPublic.size");
	nv.index = in_u32be(&in, "nvIndex");
	in_skip(&in, 2, "nameAlg");
	nv.attributes = in_u32be(&in, "attributes");
	policy_len = in_u16be(&in, "authPolicy.size");
	TRY(in_status(&in, err));
	in_skip(&in, policy_len, "authPolicy");
	nv.size = in_u16be(&in, "dataSize");
	TRY(in_status(&in, err));
	if (nv.index != index)
		return error_set(err, CELLA_MALFORMED,
				 "the TPM's answer: nvIndex: 0x%x, not 0x%x", nv.index,
				 index);
	*out = nv;
	return CELLA_OK;
}

/* Whose empty password opens it: the owner's, or the index's own. */
static uint32_t auth_handle(const struct tpm_nv *nv, uint32_t owner_may)
{
	return (nv->attributes & owner_may) != 0 ? HANDLE_OWNER : nv->index;
}

static enum cella_status read_chunk(const struct tpm *tpm, const struct tpm_nv *nv,
				    uint16_t offset, uint16_t len, struct out *out,
				    struct cella_error *err)
{
	uint8_t response[RESPONSE_MAX];
	struct out command CLEANUP(out_done) = { 0 };
	struct cella_bytes data;
	uint16_t data_len;
	struct in in;

	begin(&command, TAG_SESSIONS, CC_NV_READ);
	out_u32be(&command, auth_handle(nv, TPM_NV_OWNER_READ));
	out_u32be(&command, nv->index);
	put_empty_auth(&command);
	out_u16be(&command, len);
	out_u16be(&command, offset);
	TRY(run(tpm, &command, "reading the index", response, &in, err));
	in_skip(&in, 4, "parameterSize");
	data_len = in_u16be(&in, "data.size");
	TRY(in_status(&in, err));
	data = in_bytes(&in, data_len, "data");
	TRY(in_status(&in, err));
	if (data.len != len)
		return error_set(err, CELLA_MALFORMED,
				 "the TPM's answer: data: %zu bytes, not %u", data.len,
				 len);
	out_bytes(out, data.data, data.len);
	return out_status(out, err);
}

enum cella_status tpm_nv_read(const struct tpm *tpm, const struct tpm_nv *nv,
			      struct out *out, struct cella_error *err)
{
	for (unsigned offset = 0; offset < nv->size; offset += CHUNK) {
		const unsigned left = nv->size - offset;
		const unsigned len = left < CHUNK ? left : CHUNK;

		TRY(read_chunk(tpm, nv, (uint16_t)offset, (uint16_t)len, out, err));
	}
	return CELLA_OK;
}

enum cella_status tpm_nv_define(const struct tpm *tpm, uint32_t index, uint16_t size,
				struct cella_error *err)
{
	uint8_t response[RESPONSE_MAX];
	struct out command CLEANUP(out_done) = { 0 };
	struct in in;

	begin(&command, TAG_SESSIONS, CC_NV_DEFINE_SPACE);
	out_u32be(&command, HANDLE_OWNER);
	put_empty_auth(&command);
	out_u16be(&command, 0); /* its password */
	out_u16be(&command, NV_PUBLIC_LEN);
	out_u32be(&command, index);
	out_u16be(&command, ALG_SHA256);
	out_u32be(&command, TPM_NV_OWNER_WRITE | TPM_NV_AUTH_WRITE | TPM_NV_OWNER_READ |
				    TPM_NV_AUTH_READ | TPM_NV_NO_DA);
	out_u16be(&command, 0); /* its policy */
	out_u16be(&command, size);
	return run(tpm, &command, "making the index", response, &in, err);
}

static enum cella_status write_chunk(const struct tpm *tpm, const struct tpm_nv *nv,
				     uint16_t offset, struct cella_bytes bytes,
				     struct cella_error *err)
{
	uint8_t response[RESPONSE_MAX];
	struct out command CLEANUP(out_done) = { 0 };
	struct in in;

	begin(&command, TAG_SESSIONS, CC_NV_WRITE);
	out_u32be(&command, auth_handle(nv, TPM_NV_OWNER_WRITE));
	out_u32be(&command, nv->index);
	put_empty_auth(&command);
	out_u16be(&command, (uint16_t)bytes.len);
	out_bytes(&command, bytes.data, bytes.len);
	out_u16be(&command, offset);
	return run(tpm, &command, "writing the index", response, &in, err);
}

enum cella_status tpm_nv_write(const struct tpm *tpm, const struct tpm_nv *nv,
			       struct cella_bytes bytes, struct cella_error *err)
{
	if (bytes.len > nv->size)
		return error_set(err, CELLA_LIMIT, "the index has %u bytes, not %zu",
				 nv->size, bytes.len);
	for (size_t offset = 0; offset < bytes.len; offset += CHUNK) {
		const size_t left = bytes.len - offset;
		const size_t len = left < CHUNK ? left : CHUNK;

		TRY(write_chunk(tpm, nv, (uint16_t)offset,
				bytes_slice(bytes, offset, len), err));
	}
	return CELLA_OK;
}
