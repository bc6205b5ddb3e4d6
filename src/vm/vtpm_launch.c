/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPM2_Startup, PCR_Extend, CreatePrimary, EvictControl, NV_DefineSpace, NV_Write,
 * HierarchyControl (TPM 2.0 Library, part 3).
 *
 * The attestation key is a primary key of the owner: restricted, so that it signs what
 * this TPM says and nothing that looks like it. The guest may remove it, or make it again:
 * the template is part of what the key is derived from, so no other key has its name.
 */
#include "vm/vtpm_launch.h"

#include "collect/tpm.h"
#include "vm/vtpm_engine.h"

#include <string.h>

enum {
	CC_HIERARCHY_CONTROL = 0x121,
	CC_EVICT_CONTROL = 0x120,
	CC_NV_UNDEFINE_SPACE = 0x122,
	CC_NV_DEFINE_SPACE = 0x12a,
	CC_CREATE_PRIMARY = 0x131,
	CC_NV_WRITE = 0x137,
	CC_STARTUP = 0x144,
	CC_FLUSH_CONTEXT = 0x165,
	CC_PCR_EXTEND = 0x182,

	ALG_NULL = 0x10,
	ALG_ECDSA = 0x18,
	ALG_ECC = 0x23,
	CURVE_P256 = 3,
	HANDLE_OWNER = 0x40000001,
	HANDLE_PLATFORM = 0x4000000c,

	ATTRIBUTE_FIXED_TPM = 1 << 1,
	ATTRIBUTE_FIXED_PARENT = 1 << 4,
	ATTRIBUTE_ORIGIN = 1 << 5,
	ATTRIBUTE_USER_WITH_AUTH = 1 << 6,
	ATTRIBUTE_NO_DA = 1 << 10,
	ATTRIBUTE_RESTRICTED = 1 << 16,
	ATTRIBUTE_SIGN = 1 << 18,

	NV_PLATFORM_WRITE = 1 << 0,
	NV_PLATFORM_READ = 1 << 16,
	NV_OWNER_READ = 1 << 17,
	NV_AUTH_READ = 1 << 18,
	NV_NO_DA = 1 << 25,
	NV_PLATFORM_CREATE = 1 << 30,
	NV_PUBLIC_LEN = 14,
	NV_CHUNK = 512,

	RC_HANDLE = 0x8b, /* a handle names nothing; which one is in other bits */
	RC_BAD_AUTH = 0xa2,
	RC_AUTH_FAIL = 0x8e,
	RC_KIND = 0xff,
};

/* --- measuring ----------------------------------------------------------------------- */

static enum cella_status start(struct cella_error *err)
{
	struct out command CLEANUP(out_done) = { 0 };
	struct out response CLEANUP(out_done) = { 0 };
	struct in in;

	tpm_begin(&command, TPM_TAG_NO_SESSIONS, CC_STARTUP);
	out_u16be(&command, 0); /* TPM_SU_CLEAR */
	return engine_run(&command, "TPM2_Startup", &response, &in, err);
}

static enum cella_status extend(const struct launch_event *event, struct cella_error *err)
{
	struct out command CLEANUP(out_done) = { 0 };
	struct out response CLEANUP(out_done) = { 0 };
	struct in in;

	tpm_begin(&command, TPM_TAG_SESSIONS, CC_PCR_EXTEND);
	out_u32be(&command, event->pcr);
	tpm_put_empty_auth(&command);
	out_u32be(&command, 2);
	out_u16be(&command, CELLA_HASH_SHA256);
	out_bytes(&command, event->digest.sha256, SHA256_LEN);
	out_u16be(&command, CELLA_HASH_SHA384);
	out_bytes(&command, event->digest.sha384, SHA384_LEN);
	return engine_run(&command, "extending a PCR", &response, &in, err);
}

static enum cella_status measure(const struct launch_plan *plan, struct cella_error *err)
{
	TRY(engine_hash(plan->events[0].data, err));
	TRY(start(err));
	for (size_t i = 1; i < plan->num_events; i++)
		TRY(extend(&plan->events[i], err));
	return CELLA_OK;
}

/* --- what an earlier life has left --------------------------------------------------- */

/* Runs a command that removes something, which need not be there. */
static enum cella_status remove_any(struct out *command, const char *what,
				    struct cella_error *err)
{
	struct out response CLEANUP(out_done) = { 0 };
	uint32_t code = 0;
	struct in in;

	TRY(engine_try(command, &code, &response, &in, err));
	if (code == 0 || (code & RC_KIND) == RC_HANDLE)
		return CELLA_OK;
	return error_set(err, CELLA_INTERNAL, "vtpm: %s: the TPM answers 0x%x", what,
			 code);
}

static enum cella_status remove_index(uint32_t index, struct cella_error *err)
{
	struct out command CLEANUP(out_done) = { 0 };

	tpm_begin(&command, TPM_TAG_SESSIONS, CC_NV_UNDEFINE_SPACE);
	out_u32be(&command, HANDLE_PLATFORM);
	out_u32be(&command, index);
	tpm_put_empty_auth(&command);
	return remove_any(&command, "removing an old index", err);
}

/* Whatever the guest has put in its place: the platform may remove what the owner made. */
static enum cella_status remove_key(struct cella_error *err)
{
	struct out command CLEANUP(out_done) = { 0 };

	tpm_begin(&command, TPM_TAG_SESSIONS, CC_EVICT_CONTROL);
	out_u32be(&command, HANDLE_PLATFORM);
	out_u32be(&command, (uint32_t)VTPM_AK_HANDLE);
	tpm_put_empty_auth(&command);
	out_u32be(&command, (uint32_t)VTPM_AK_HANDLE);
	return remove_any(&command, "removing the old attestation key", err);
}

static enum cella_status remove_old(struct cella_error *err)
{
	TRY(remove_key(err));
	TRY(remove_index(VTPM_NV_CERTIFICATE, err));
	for (uint32_t i = 0; i < VTPM_NV_LOG_MAX; i++)
		TRY(remove_index(VTPM_NV_LOG + i, err));
	return CELLA_OK;
}

/* --- the attestation key ------------------------------------------------------------- */

static void put_template(struct out *out)
{
	out_u16be(out, ALG_ECC);
	out_u16be(out, TPM_ALG_SHA256);
	out_u32be(out, ATTRIBUTE_FIXED_TPM | ATTRIBUTE_FIXED_PARENT | ATTRIBUTE_ORIGIN |
			       ATTRIBUTE_USER_WITH_AUTH | ATTRIBUTE_NO_DA |
			       ATTRIBUTE_RESTRICTED | ATTRIBUTE_SIGN);
	out_u16be(out, 0);        /* authPolicy */
	out_u16be(out, ALG_NULL); /* symmetric */
	out_u16be(out, ALG_ECDSA);
	out_u16be(out, TPM_ALG_SHA256);
	out_u16be(out, CURVE_P256);
	out_u16be(out, ALG_NULL); /* kdf */
	out_u16be(out, 0);        /* unique.x */
	out_u16be(out, 0);        /* unique.y */
}

/* The key is the owner's, whose password is empty at first, and stays so with a kept state. */
static enum cella_status check_made(uint32_t code, struct cella_error *err)
{
	if (code == 0)
		return CELLA_OK;
	return error_set(err, CELLA_INTERNAL,
			 "vtpm: making the attestation key: the TPM answers 0x%x%s", code,
			 (code & RC_KIND) == RC_BAD_AUTH ||
					 (code & RC_KIND) == RC_AUTH_FAIL
				 ? ": its owner has a password, which the guest has set"
				 : "");
}

static enum cella_status create_key(uint32_t *out_handle, struct out *public_area,
				    struct cella_error *err)
{
	struct out template CLEANUP(out_done) = { 0 };
	struct out command CLEANUP(out_done) = { 0 };
	struct out response CLEANUP(out_done) = { 0 };
	struct cella_bytes key;
	uint32_t code = 0;
	uint32_t handle;
	uint16_t len;
	struct in in;

	put_template(&template);
	tpm_begin(&command, TPM_TAG_SESSIONS, CC_CREATE_PRIMARY);
	out_u32be(&command, HANDLE_OWNER);
	tpm_put_empty_auth(&command);
	out_u16be(&command, 4); /* inSensitive: no password, no data */
	out_zeros(&command, 4);
	out_u16be(&command, (uint16_t) template.len);
	out_bytes(&command, template.data, template.len);
	out_u16be(&command, 0); /* outsideInfo */
	out_u32be(&command, 0); /* creationPCR */
	TRY(out_status(&template, err));
	TRY(engine_try(&command, &code, &response, &in, err));
	TRY(check_made(code, err));
	handle = in_u32be(&in, "objectHandle");
	in_skip(&in, 4, "parameterSize");
	len = in_u16be(&in, "outPublic.size");
	TRY(in_status(&in, err));
	key = in_bytes(&in, len, "outPublic");
	TRY(in_status(&in, err));
	out_u16be(public_area, len);
	out_bytes(public_area, key.data, key.len);
	*out_handle = handle;
	return out_status(public_area, err);
}

static enum cella_status keep_key(uint32_t handle, struct cella_error *err)
{
	struct out evict CLEANUP(out_done) = { 0 };
	struct out flush CLEANUP(out_done) = { 0 };
	struct out response CLEANUP(out_done) = { 0 };
	struct in in;

	tpm_begin(&evict, TPM_TAG_SESSIONS, CC_EVICT_CONTROL);
	out_u32be(&evict, HANDLE_OWNER);
	out_u32be(&evict, handle);
	tpm_put_empty_auth(&evict);
	out_u32be(&evict, (uint32_t)VTPM_AK_HANDLE);
	TRY(engine_run(&evict, "keeping the attestation key", &response, &in, err));
	tpm_begin(&flush, TPM_TAG_NO_SESSIONS, CC_FLUSH_CONTEXT);
	out_u32be(&flush, handle);
	return engine_run(&flush, "freeing its slot", &response, &in, err);
}

/* --- what the guest finds ------------------------------------------------------------ */

static enum cella_status define_index(uint32_t index, size_t size,
				      struct cella_error *err)
{
	struct out command CLEANUP(out_done) = { 0 };
	struct out response CLEANUP(out_done) = { 0 };
	struct in in;

	tpm_begin(&command, TPM_TAG_SESSIONS, CC_NV_DEFINE_SPACE);
	out_u32be(&command, HANDLE_PLATFORM);
	tpm_put_empty_auth(&command);
	out_u16be(&command, 0); /* its password */
	out_u16be(&command, NV_PUBLIC_LEN);
	out_u32be(&command, index);
	out_u16be(&command, TPM_ALG_SHA256);
	out_u32be(&command, NV_PLATFORM_WRITE | NV_PLATFORM_READ | NV_OWNER_READ |
				    NV_AUTH_READ | NV_NO_DA | NV_PLATFORM_CREATE);
	out_u16be(&command, 0); /* its policy */
	out_u16be(&command, (uint16_t)size);
	return engine_run(&command, "making an index", &response, &in, err);
}

static enum cella_status write_chunk(uint32_t index, size_t offset,
				     struct cella_bytes bytes, struct cella_error *err)
{
	struct out command CLEANUP(out_done) = { 0 };
	struct out response CLEANUP(out_done) = { 0 };
	struct in in;

	tpm_begin(&command, TPM_TAG_SESSIONS, CC_NV_WRITE);
	out_u32be(&command, HANDLE_PLATFORM);
	out_u32be(&command, index);
	tpm_put_empty_auth(&command);
	out_u16be(&command, (uint16_t)bytes.len);
	out_bytes(&command, bytes.data, bytes.len);
	out_u16be(&command, (uint16_t)offset);
	return engine_run(&command, "writing an index", &response, &in, err);
}

static size_t at_most(size_t len, size_t max)
{
	return len < max ? len : max;
}

static enum cella_status write_index(uint32_t index, struct cella_bytes bytes,
				     struct cella_error *err)
{
	TRY(define_index(index, bytes.len, err));
	for (size_t offset = 0; offset < bytes.len; offset += NV_CHUNK)
		TRY(write_chunk(
			index, offset,
			bytes_slice(bytes, offset, at_most(bytes.len - offset, NV_CHUNK)),
			err));
	return CELLA_OK;
}

static enum cella_status write_log(struct cella_bytes log, struct cella_error *err)
{
	uint32_t index = VTPM_NV_LOG;

	for (size_t offset = 0; offset < log.len; offset += VTPM_NV_INDEX_LEN)
		TRY(write_index(index++,
				bytes_slice(log, offset,
					    at_most(log.len - offset, VTPM_NV_INDEX_LEN)),
				err));
	return CELLA_OK;
}

/* Nobody writes these indices again, or asks for other banks. */
static enum cella_status close_platform(struct cella_error *err)
{
	struct out command CLEANUP(out_done) = { 0 };
	struct out response CLEANUP(out_done) = { 0 };
	struct in in;

	tpm_begin(&command, TPM_TAG_SESSIONS, CC_HIERARCHY_CONTROL);
	out_u32be(&command, HANDLE_PLATFORM);
	tpm_put_empty_auth(&command);
	out_u32be(&command, HANDLE_PLATFORM);
	out_u8(&command, 0);
	return engine_run(&command, "closing the platform hierarchy", &response, &in,
			  err);
}

/* --- the launch ---------------------------------------------------------------------- */

static enum cella_status make_key(const struct vtpm_launch *launch,
				  struct cella_error *err)
{
	struct out public_area CLEANUP(out_done) = { 0 };
	struct out certificate CLEANUP(out_done) = { 0 };
	uint32_t handle = 0;

	TRY(create_key(&handle, &public_area, err));
	TRY(keep_key(handle, err));
	TRY(launch->certify(launch->context, out_view(&public_area), &certificate, err));
	if (certificate.len == 0 || certificate.len > VTPM_CERTIFICATE_MAX)
		return error_set(err, CELLA_LIMIT,
				 "vtpm: a certificate of %zu bytes, not 1 to %d",
				 certificate.len, VTPM_CERTIFICATE_MAX);
	return write_index(VTPM_NV_CERTIFICATE, out_view(&certificate), err);
}

enum cella_status vtpm_launch_run(const struct vtpm_launch *launch,
				  struct cella_error *err)
{
	TRY(engine_power_on(err));
	TRY(measure(&launch->plan, err));
	if (launch->is_restored)
		TRY(remove_old(err));
	TRY(make_key(launch, err));
	TRY(write_log(launch->log, err));
	return close_platform(err);
}

enum cella_status vtpm_launch_read(struct cella_bytes bytes, struct arena *arena,
				   struct launch_plan *out, struct cella_error *err)
{
	struct cella_event_log *log CLEANUP(event_log_cleanup) = NULL;
	struct launch_told told;

	if (bytes.len > VTPM_LAUNCH_MAX)
		return error_set(err, CELLA_LIMIT,
				 "launch: a log of %zu bytes, at most %d", bytes.len,
				 VTPM_LAUNCH_MAX);
	TRY(cella_event_log_parse(bytes.data, bytes.len, &log, err));
	TRY(launch_log_read(log, arena, &told, err));
	if (told.num_events != log->num_events)
		return error_set(err, CELLA_MALFORMED,
				 "launch: event %zu: is the guest's to measure",
				 told.num_events);
	/* What points into the log must outlive it. */
	told.image.cmdline = bytes_of(
		arena_copy(arena, told.image.cmdline.data, told.image.cmdline.len),
		told.image.cmdline.len);
	TRY(arena_status(arena, err));
	return launch_plan_make(told.machine, &told.image, &told.config, arena, out, err);
}
