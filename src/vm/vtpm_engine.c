/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libtpms behind a few functions. What it would keep in files is kept in one slot of
 * memory each, for the time between manufacture and power-on.
 */
#include "vm/vtpm_engine.h"

#include "collect/tpm.h"
#include "crypto/crypto.h"

#include <string.h>

#include <libtpms/tpm_error.h>
#include <libtpms/tpm_library.h>
#include <libtpms/tpm_nvfilename.h>
#include <libtpms/tpm_tis.h>

enum {
	CC_STARTUP = 0x144,
	CC_SHUTDOWN = 0x145,
	CC_PCR_ALLOCATE = 0x12b,
	HANDLE_PLATFORM = 0x4000000c,
	STARTUP_CLEAR = 0,
	NUM_SLOTS = 4,
	SLOT_NAME_MAX = 32,
};

/* --- the state ----------------------------------------------------------------------- */

static struct slot {
	char name[SLOT_NAME_MAX];
	struct out data;
} slots[NUM_SLOTS];

static uint8_t current_locality;
static bool has_changed; /* what survives power-off */
static const char permanent[] = TPM_PERMANENT_ALL_NAME;

static struct slot *find_slot(const char *name)
{
	for (size_t i = 0; i < NUM_SLOTS; i++)
		if (strcmp(slots[i].name, name) == 0)
			return &slots[i];
	return NULL;
}

static struct slot *make_slot(const char *name)
{
	struct slot *const slot = find_slot("");

	if (slot == NULL || strlen(name) >= sizeof slot->name)
		return NULL;
	memcpy(slot->name, name, strlen(name) + 1);
	return slot;
}

static TPM_RESULT no_init(void)
{
	return TPM_SUCCESS;
}

static TPM_RESULT load(unsigned char **data, uint32_t *length, uint32_t number UNUSED,
		       const char *name)
{
	const struct slot *const slot = find_slot(name);

	if (slot == NULL || slot->data.len == 0)
		return TPM_RETRY;       /* there is none: a new TPM */
	*data = malloc(slot->data.len); /* libtpms frees it */
	if (*data == NULL)
		return TPM_FAIL;
	memcpy(*data, slot->data.data, slot->data.len);
	*length = (uint32_t)slot->data.len;
	return TPM_SUCCESS;
}

static TPM_RESULT store(const unsigned char *data, uint32_t length,
			uint32_t number UNUSED, const char *name)
{
	struct slot *slot = find_slot(name);

	if (slot == NULL)
		slot = make_slot(name);
	if (slot == NULL)
		return TPM_FAIL;
	slot->data.len = 0;
	out_bytes(&slot->data, data, length);
	has_changed = has_changed || strcmp(name, permanent) == 0;
	return slot->data.failed ? TPM_FAIL : TPM_SUCCESS;
}

static TPM_RESULT delete (uint32_t number UNUSED, const char *name, TPM_BOOL must_exist)
{
	struct slot *const slot = find_slot(name);

	if (slot == NULL)
		return must_exist ? TPM_FAIL : TPM_SUCCESS;
	out_done(&slot->data);
	memset(slot, 0, sizeof *slot);
	return TPM_SUCCESS;
}

static TPM_RESULT get_locality(TPM_MODIFIER_INDICATOR *locality, uint32_t number UNUSED)
{
	*locality = current_locality;
	return TPM_SUCCESS;
}

static TPM_RESULT get_presence(TPM_BOOL *presence, uint32_t number UNUSED)
{
	*presence = FALSE;
	return TPM_SUCCESS;
}

static enum cella_status told(TPM_RESULT result, const char *what,
			      struct cella_error *err)
{
	if (result == TPM_SUCCESS)
		return CELLA_OK;
	return error_set(err, CELLA_INTERNAL, "vtpm: %s: libtpms says 0x%x", what,
			 (unsigned)result);
}

static enum cella_status choose(struct cella_error *err)
{
	static struct libtpms_callbacks callbacks = {
		.sizeOfStruct = sizeof callbacks,
		.tpm_nvram_init = no_init,
		.tpm_nvram_loaddata = load,
		.tpm_nvram_storedata = store,
		.tpm_nvram_deletename = delete,
		.tpm_io_init = no_init,
		.tpm_io_getlocality = get_locality,
		.tpm_io_getphysicalpresence = get_presence,
	};

	TRY(told(TPMLIB_ChooseTPMVersion(TPMLIB_TPM_VERSION_2), "choosing TPM 2.0", err));
	return told(TPMLIB_RegisterCallbacks(&callbacks), "its callbacks", err);
}

/* --- commands ------------------------------------------------------------------------ */

enum cella_status engine_process(struct cella_bytes command, struct out *response,
				 struct cella_error *err)
{
	uint8_t copy[VTPM_COMMAND_MAX]; /* libtpms does not take const */
	unsigned char *answer = NULL;
	uint32_t size = 0;
	uint32_t capacity = 0;
	TPM_RESULT result;

	if (command.len > sizeof copy)
		return error_set(err, CELLA_LIMIT, "vtpm: a command of %zu bytes",
				 command.len);
	memcpy(copy, command.data, command.len);
	result = TPMLIB_Process(&answer, &size, &capacity, copy, (uint32_t)command.len);
	response->len = 0;
	out_bytes(response, answer, size);
	free(answer);
	TRY(told(result, "a command", err));
	if (size < VTPM_HEADER_LEN || size > VTPM_COMMAND_MAX)
		return error_set(err, CELLA_INTERNAL,
				 "vtpm: libtpms answers with %u bytes", (unsigned)size);
	return out_status(response, err);
}

enum cella_status engine_try(struct out *command, uint32_t *code, struct out *response,
			     struct in *in, struct cella_error *err)
{
	TRY(out_status(command, err));
	command->data[4] = (uint8_t)(command->len >> 8);
	command->data[5] = (uint8_t)command->len;
	TRY(engine_process(out_view(command), response, err));
	in_init(in, out_view(response), "the TPM's answer");
	in_skip(in, 2 + 4, "header");
	*code = in_u32be(in, "response code");
	return in_status(in, err);
}

enum cella_status engine_run(struct out *command, const char *what, struct out *response,
			     struct in *in, struct cella_error *err)
{
	uint32_t code = 0;

	TRY(engine_try(command, &code, response, in, err));
	if (code != 0)
		return error_set(err, CELLA_INTERNAL, "vtpm: %s: the TPM answers 0x%x",
				 what, code);
	return CELLA_OK;
}

static enum cella_status run_simple(uint32_t code, const char *what,
				    struct cella_error *err)
{
	struct out command CLEANUP(out_done) = { 0 };
	struct out response CLEANUP(out_done) = { 0 };
	struct in in;

	tpm_begin(&command, TPM_TAG_NO_SESSIONS, code);
	out_u16be(&command, STARTUP_CLEAR);
	return engine_run(&command, what, &response, &in, err);
}

/* A bank that the launch does not extend would look like a TPM that nothing was measured in. */
static enum cella_status allocate_banks(struct cella_error *err)
{
	static const struct {
		uint16_t hash;
		bool is_on;
	} banks[] = {
		{ 0x0004, false }, { 0x000b, true }, { 0x000c, true }, { 0x000d, false }
	};
	struct out command CLEANUP(out_done) = { 0 };
	struct out response CLEANUP(out_done) = { 0 };
	struct in in;

	tpm_begin(&command, TPM_TAG_SESSIONS, CC_PCR_ALLOCATE);
	out_u32be(&command, HANDLE_PLATFORM);
	tpm_put_empty_auth(&command);
	out_u32be(&command, ARRAY_LEN(banks));
	for (size_t i = 0; i < ARRAY_LEN(banks); i++) {
		static const uint8_t all[] = { 3, 0xff, 0xff, 0xff };
		static const uint8_t none[] = { 3, 0, 0, 0 };

		out_u16be(&command, banks[i].hash);
		out_bytes(&command, banks[i].is_on ? all : none, sizeof all);
	}
	TRY(engine_run(&command, "choosing banks", &response, &in, err));
	in_skip(&in, 4, "parameterSize");
	if (in_u8(&in, "allocationSuccess") != 1 && in.failed == NULL)
		in_fail(&in, "allocationSuccess", "is not yes");
	return in_status(&in, err);
}

/* --- power --------------------------------------------------------------------------- */

enum cella_status engine_power_on(struct cella_error *err)
{
	current_locality = 0;
	return told(TPMLIB_MainInit(), "power on", err);
}

void engine_power_off(void)
{
	TPMLIB_Terminate();
}

static enum cella_status manufacture(struct cella_error *err)
{
	TRY(run_simple(CC_STARTUP, "the first start", err));
	TRY(allocate_banks(err));
	return run_simple(CC_SHUTDOWN, "the first stop", err);
}

/* The library of hashes starts our way, without anybody's configuration. */
static enum cella_status begin(struct cella_error *err)
{
	uint8_t warm[SHA256_LEN];

	TRY(crypto_sha256(bytes_of(NULL, 0), warm, err));
	return choose(err);
}

enum cella_status engine_restore(struct cella_bytes state, struct cella_error *err)
{
	TPM_RESULT result;

	TRY(begin(err));
	if (store(state.data, (uint32_t)state.len, 0, permanent) != TPM_SUCCESS)
		return error_nomem(err);
	has_changed = false;
	result = TPMLIB_ValidateState(TPMLIB_STATE_PERMANENT, 0);
	if (result != TPM_SUCCESS)
		return error_set(err, CELLA_MALFORMED,
				 "vtpm: its state: libtpms does not take it (0x%x)",
				 (unsigned)result);
	return CELLA_OK;
}

struct cella_bytes engine_state(bool *changed)
{
	const struct slot *const slot = find_slot(permanent);

	*changed = has_changed;
	has_changed = false;
	return slot != NULL ? out_view(&slot->data) : bytes_of(NULL, 0);
}

enum cella_status engine_make(struct cella_error *err)
{
	enum cella_status status;

	TRY(begin(err));
	TRY(engine_power_on(err));
	status = manufacture(err);
	engine_power_off();
	return status;
}

enum cella_status engine_hash(struct cella_bytes data, struct cella_error *err)
{
	TRY(told(TPM_IO_Hash_Start(), "H-CRTM start", err));
	TRY(told(TPM_IO_Hash_Data(data.data, (uint32_t)data.len), "H-CRTM data", err));
	return told(TPM_IO_Hash_End(), "H-CRTM end", err);
}

void engine_set_locality(uint8_t locality)
{
	current_locality = locality;
}

enum cella_status engine_established(bool *out, struct cella_error *err)
{
	TPM_BOOL bit = FALSE;

	TRY(told(TPM_IO_TpmEstablished_Get(&bit), "its established bit", err));
	*out = bit;
	return CELLA_OK;
}

enum cella_status engine_reset_established(uint8_t locality, struct cella_error *err)
{
	const uint8_t before = current_locality;
	TPM_RESULT result;

	current_locality = locality;
	result = TPM_IO_TpmEstablished_Reset();
	current_locality = before;
	return told(result, "resetting its established bit", err);
}

uint32_t engine_buffer_size(void)
{
	uint32_t min = 0;
	uint32_t max = 0;

	return TPMLIB_SetBufferSize(0, &min, &max);
}
