/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TPM's non-volatile memory.
 */
#ifndef COLLECT_TPM_NV_H
#define COLLECT_TPM_NV_H

#include "collect/tpm.h"

/* What an NV index allows (TPMA_NV). */
enum {
	TPM_NV_OWNER_WRITE = 1 << 1,
	TPM_NV_AUTH_WRITE = 1 << 2,
	TPM_NV_OWNER_READ = 1 << 17,
	TPM_NV_AUTH_READ = 1 << 18,
	TPM_NV_NO_DA = 1 << 25,
	TPM_NV_WRITTEN = 1 << 29,
};

struct tpm_nv {
	uint32_t index;
	uint32_t attributes;
	uint16_t size;
};

/* tpm_nv_find() asks what an index is like. CELLA_MISSING when there is no such index. */
enum cella_status tpm_nv_find(const struct tpm *tpm, uint32_t index, struct tpm_nv *out,
			      struct cella_error *err) MUST_CHECK;

/* tpm_nv_read() appends all of an index's bytes to out. */
enum cella_status tpm_nv_read(const struct tpm *tpm, const struct tpm_nv *nv,
			      struct out *out, struct cella_error *err) MUST_CHECK;

/* tpm_nv_define() makes an index that its owner and who has its (empty) secret may use. */
enum cella_status tpm_nv_define(const struct tpm *tpm, uint32_t index, uint16_t size,
				struct cella_error *err) MUST_CHECK;

/* tpm_nv_write() writes bytes to the beginning of an index. */
enum cella_status tpm_nv_write(const struct tpm *tpm, const struct tpm_nv *nv,
			       struct cella_bytes bytes,
			       struct cella_error *err) MUST_CHECK;

#endif
