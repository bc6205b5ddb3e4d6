/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tdx_attest.h - reports and quotes of the trust domain that the caller runs in.
 *
 * The interface is that of the vendor's library of the same name: names, layouts, numbers
 * and the order of parameters are theirs, so that programs which were written for it are
 * built and run as they are. Behind it stand cella's collectors.
 *
 * All functions may be called from several threads at once. None of them prints, sets a
 * signal's action, or leaves a descriptor open; each ends within about a minute. What a
 * number leaves unsaid, cella_tdx_att_reason() says.
 */
#ifndef TDX_ATTEST_H
#define TDX_ATTEST_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Tags are the vendor's, too: names of C++ functions are made of them. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* What functions return. */
typedef enum _tdx_attest_error_t {
	TDX_ATTEST_SUCCESS = 0x0000,
	TDX_ATTEST_ERROR_MIN = 0x0001, /* the first of them */
	TDX_ATTEST_ERROR_UNEXPECTED = 0x0001,
	TDX_ATTEST_ERROR_INVALID_PARAMETER = 0x0002,
	TDX_ATTEST_ERROR_OUT_OF_MEMORY = 0x0003,
	TDX_ATTEST_ERROR_VSOCK_FAILURE = 0x0004,  /* no answer of the host's QGS */
	TDX_ATTEST_ERROR_REPORT_FAILURE = 0x0005, /* the TDX module made no report */
	TDX_ATTEST_ERROR_EXTEND_FAILURE = 0x0006, /* a register was not extended */
	TDX_ATTEST_ERROR_NOT_SUPPORTED = 0x0007,  /* this kernel or host cannot do it */
	TDX_ATTEST_ERROR_QUOTE_FAILURE = 0x0008,  /* there is no quote, or no good one */
	TDX_ATTEST_ERROR_BUSY = 0x0009,           /* for longer than anybody waits */
	TDX_ATTEST_ERROR_DEVICE_FAILURE = 0x000a, /* no device, or no right to use it */
	TDX_ATTEST_ERROR_INVALID_RTMR_INDEX = 0x000b, /* only 2 and 3 can be extended */
	TDX_ATTEST_ERROR_UNSUPPORTED_ATT_KEY_ID = 0x000c,
	TDX_ATTEST_ERROR_MAX /* behind the last */
} tdx_attest_error_t;

#define TDX_UUID_SIZE 16
#define TDX_REPORT_DATA_SIZE 64
#define TDX_REPORT_SIZE 1024

/* The id of the quoting enclave's ECDSA key: the only kind that there is so far. */
#define TDX_SGX_ECDSA_ATTESTATION_ID \
	{ \
		0xe8, 0x6c, 0x04, 0x6e, 0x8c, 0xc4, 0x4d, 0x95, 0x81, 0x73, 0xfc, 0x43, \
			0xc1, 0xfa, 0x4f, 0x3f \
	}

/* Layouts are without gaps. */
#pragma pack(push, 1)

typedef struct _tdx_uuid_t {
	uint8_t d[TDX_UUID_SIZE];
} tdx_uuid_t;

typedef struct _tdx_report_data_t {
	uint8_t d[TDX_REPORT_DATA_SIZE];
} tdx_report_data_t;

typedef struct _tdx_report_t {
	uint8_t d[TDX_REPORT_SIZE];
} tdx_report_t;

typedef struct _tdx_rtmr_event_t {
	uint32_t version;         /* 1 */
	uint64_t rtmr_index;      /* 2 or 3 */
	uint8_t extend_data[48];  /* a SHA-384 digest */
	uint32_t event_type;      /* not used */
	uint32_t event_data_size; /* 0 */
	uint8_t event_data[];
} tdx_rtmr_event_t;

#pragma pack(pop)
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/*
 * tdx_att_get_quote() has a quote made that carries the report data. It asks the host's QGS
 * where /etc/tdx-attest.conf names a port, else configfs-tsm, else the device; what it
 * returns is a TDX quote with this report data, or nothing. DCAP_TDX_QUOTE_CONFIGFS_PATH
 * names an entry of configfs-tsm to be used by those who may make none.
 *
 * key_ids are the kinds of keys that the verifier knows; NULL and 0 for any. *key_id is the
 * kind that signed; key_id and quote_size may be NULL. flags is 0. On success *quote is for
 * tdx_att_free_quote(); on failure it is NULL.
 */
tdx_attest_error_t tdx_att_get_quote(const tdx_report_data_t *report_data,
				     const tdx_uuid_t key_ids[], uint32_t num_key_ids,
				     tdx_uuid_t *key_id, uint8_t **quote,
				     uint32_t *quote_size, uint32_t flags);

/* tdx_att_free_quote() frees a quote; NULL is none. It succeeds. */
tdx_attest_error_t tdx_att_free_quote(uint8_t *quote);

/* tdx_att_get_report() has the TDX module make a report that carries the report data. */
tdx_attest_error_t tdx_att_get_report(const tdx_report_data_t *report_data,
				      tdx_report_t *report);

/*
 * tdx_att_extend() extends a register by a digest. Nothing is hashed and no event is kept:
 * 'cella measure' does both. Data of an event is not supported.
 */
tdx_attest_error_t tdx_att_extend(const tdx_rtmr_event_t *event);

/*
 * tdx_att_get_supported_att_key_ids() tells the kinds of keys. With key_ids NULL and
 * *num_key_ids 0 it tells how many there are; otherwise there is room for *num_key_ids.
 */
tdx_attest_error_t tdx_att_get_supported_att_key_ids(tdx_uuid_t *key_ids,
						     uint32_t *num_key_ids);

/*
 * cella_tdx_att_reason() says in words why the calling thread's last call of a function
 * above failed, and what to do about it; "" after one that succeeded. The text stays until
 * that thread's next call. The vendor's library does not have this: a program that is to run
 * with both finds it with dlsym(RTLD_DEFAULT, "cella_tdx_att_reason").
 */
const char *cella_tdx_att_reason(void);

#ifdef __cplusplus
}
#endif
#endif
