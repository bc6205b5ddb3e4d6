/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing the SGX extension, 1.2.840.113741.1.13.1 (Intel SGX PCK Certificate and CRL
 * Profile Specification, section 1.3.5).
 */
#include "sim/pck_ext_write.h"

#include "base/der.h"
#include "sim/der_write.h"

static const uint8_t sgx_oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01 };

/* Begins SEQUENCE { OID 1.2.840.113741.1.13.1.<arc>[.<arc2>], … }; arc2 0: none. */
static size_t open_item(struct out *out, uint8_t arc, uint8_t arc2)
{
	const size_t item = sim_der_open(out, DER_SEQUENCE);
	const size_t oid = sim_der_open(out, DER_OID);

	out_bytes(out, sgx_oid, sizeof sgx_oid);
	out_u8(out, arc);
	if (arc2 != 0)
		out_u8(out, arc2);
	sim_der_close(out, oid);
	return item;
}

static void write_octets(struct out *out, uint8_t arc, const uint8_t *octets, size_t len)
{
	const size_t item = open_item(out, arc, 0);

	sim_der_element(out, DER_OCTET_STRING, octets, len);
	sim_der_close(out, item);
}

static void write_svn(struct out *out, uint8_t arc, uint32_t svn)
{
	const size_t item = open_item(out, 2, arc);

	sim_der_number(out, DER_INTEGER, svn);
	sim_der_close(out, item);
}

static void write_components(struct out *out, const struct pck_ext *ext,
			     enum sim_ext_oddity oddity)
{
	const uint8_t num = TCB_COMPONENTS - (oddity == SIM_EXT_FEW_SVNS);
	static const uint8_t minus_one = 0xff;

	for (uint8_t i = 0; i < num; i++) {
		const size_t item = open_item(out, 2, i + 1);

		if (i == 0 && oddity == SIM_EXT_LARGE_SVN)
			sim_der_number(out, DER_INTEGER, 256);
		else if (i == 0 && oddity == SIM_EXT_NEGATIVE_SVN)
			sim_der_element(out, DER_INTEGER, &minus_one, 1);
		else
			sim_der_number(out, DER_INTEGER, ext->components[i]);
		sim_der_close(out, item);
	}
}

static void write_tcb(struct out *out, const struct pck_ext *ext,
		      enum sim_ext_oddity oddity)
{
	const size_t item = open_item(out, 2, 0);
	const size_t tcb = sim_der_open(out, DER_SEQUENCE);
	size_t cpu_svn;

	write_components(out, ext, oddity);
	write_svn(out, 17, ext->pce_svn);
	cpu_svn = open_item(out, 2, 18);
	sim_der_element(out, DER_OCTET_STRING, ext->cpu_svn, sizeof ext->cpu_svn);
	sim_der_close(out, cpu_svn);
	sim_der_close(out, tcb);
	sim_der_close(out, item);
}

static void write_ids(struct out *out, const struct pck_ext *ext,
		      enum sim_ext_oddity oddity)
{
	if (oddity != SIM_EXT_SWAPPED)
		write_octets(out, 3, ext->pce_id, PCE_ID_LEN);
	write_octets(out, 4, ext->fmspc, FMSPC_LEN - (oddity == SIM_EXT_SHORT_FMSPC));
	if (oddity == SIM_EXT_FMSPC_TWICE)
		write_octets(out, 4, ext->fmspc, FMSPC_LEN);
	if (oddity == SIM_EXT_SWAPPED)
		write_octets(out, 3, ext->pce_id, PCE_ID_LEN);
}

static void write_configuration(struct out *out, const struct pck_ext *ext)
{
	const bool flags[] = { ext->dynamic_platform, ext->cached_keys,
			       ext->smt_enabled };
	const size_t item = open_item(out, 7, 0);
	const size_t list = sim_der_open(out, DER_SEQUENCE);

	for (uint8_t i = 0; i < ARRAY_LEN(flags); i++) {
		const size_t flag = open_item(out, 7, i + 1);

		sim_der_boolean(out, flags[i]);
		sim_der_close(out, flag);
	}
	sim_der_close(out, list);
	sim_der_close(out, item);
}

void sim_pck_ext_write(const struct pck_ext *ext, enum sim_ext_oddity oddity,
		       struct out *out)
{
	const size_t list = sim_der_open(out, DER_SEQUENCE);
	size_t type;

	write_octets(out, 1, ext->ppid, PPID_LEN);
	write_tcb(out, ext, oddity);
	write_ids(out, ext, oddity);
	type = open_item(out, 5, 0);
	sim_der_number(out, DER_ENUMERATED, ext->sgx_type);
	sim_der_close(out, type);
	if (ext->is_platform) {
		write_octets(out, 6, ext->platform_instance_id,
			     sizeof ext->platform_instance_id);
		write_configuration(out, ext);
	}
	sim_der_close(out, list);
	if (oddity == SIM_EXT_TRAILING_BYTE)
		out_u8(out, 0);
}
