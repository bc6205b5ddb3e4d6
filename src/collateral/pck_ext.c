/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SGX extension of a PCK certificate.
 */
#include "collateral/pck_ext.h"

#include "base/der.h"

#include <string.h>

static const uint8_t sgx_oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01 };

/* Opens SEQUENCE { OID 1.2.840.113741.1.13.1.<arcs>, value } and checks the OID. */
static struct in open_item(struct in *in, const uint8_t *arcs, size_t num_arcs,
			   const char *label)
{
	const size_t start = in_offset(in);
	struct in item = der_element(in, DER_SEQUENCE, label);
	const struct cella_bytes oid = der_oid(&item, label);

	if (item.failed == NULL &&
	    (oid.len != sizeof sgx_oid + num_arcs ||
	     memcmp(oid.data, sgx_oid, sizeof sgx_oid) != 0 ||
	     memcmp(oid.data + sizeof sgx_oid, arcs, num_arcs) != 0))
		in_fail_at(&item, start, label, "another OID stands here");
	return item;
}

/* Ends an item: nothing may follow its value. Its failure becomes the parent's. */
static void close_item(struct in *in, struct in *item, const char *label)
{
	in_end(item, label);
	der_adopt(in, item);
}

static void read_octets(struct in *in, uint8_t arc, uint8_t *out, size_t len,
			const char *label)
{
	struct in item = open_item(in, &arc, 1, label);

	der_octets(&item, out, len, label);
	close_item(in, &item, label);
}

static uint32_t read_tcb_number(struct in *in, uint8_t arc, uint32_t max,
				const char *label)
{
	const uint8_t arcs[] = { 2, arc };
	struct in item = open_item(in, arcs, 2, label);
	const uint32_t number = der_number(&item, DER_INTEGER, max, label);

	close_item(in, &item, label);
	return number;
}

static void read_tcb(struct in *in, struct pck_ext *ext)
{
	static const uint8_t cpu_svn_arcs[] = { 2, 18 };
	const uint8_t arc = 2;
	struct in item = open_item(in, &arc, 1, "tcb");
	struct in tcb = der_element(&item, DER_SEQUENCE, "tcb");
	struct in cpu_svn;

	for (uint8_t i = 0; i < TCB_COMPONENTS; i++)
		ext->components[i] = (uint8_t)read_tcb_number(&tcb, i + 1, UINT8_MAX,
							      "tcb.component_svn");
	ext->pce_svn = (uint16_t)read_tcb_number(&tcb, 17, UINT16_MAX, "tcb.pce_svn");
	cpu_svn = open_item(&tcb, cpu_svn_arcs, 2, "tcb.cpu_svn");
	der_octets(&cpu_svn, ext->cpu_svn, sizeof ext->cpu_svn, "tcb.cpu_svn");
	close_item(&tcb, &cpu_svn, "tcb.cpu_svn");
	close_item(&item, &tcb, "tcb");
	close_item(in, &item, "tcb");
}

static void read_sgx_type(struct in *in, struct pck_ext *ext)
{
	const uint8_t arc = 5;
	struct in item = open_item(in, &arc, 1, "sgx_type");

	ext->sgx_type = (enum pck_sgx_type)der_number(
		&item, DER_ENUMERATED, PCK_SGX_SCALABLE_INTEGRITY, "sgx_type");
	close_item(in, &item, "sgx_type");
}

static bool read_flag(struct in *in, uint8_t arc, const char *label)
{
	const uint8_t arcs[] = { 7, arc };
	struct in item = open_item(in, arcs, 2, label);
	const bool flag = der_boolean(&item, label);

	close_item(in, &item, label);
	return flag;
}

static void read_configuration(struct in *in, struct pck_ext *ext)
{
	const uint8_t arc = 7;
	struct in item = open_item(in, &arc, 1, "configuration");
	struct in flags = der_element(&item, DER_SEQUENCE, "configuration");

	ext->dynamic_platform = read_flag(&flags, 1, "configuration.dynamic_platform");
	ext->cached_keys = read_flag(&flags, 2, "configuration.cached_keys");
	ext->smt_enabled = read_flag(&flags, 3, "configuration.smt_enabled");
	close_item(&item, &flags, "configuration");
	close_item(in, &item, "configuration");
}

enum cella_status pck_ext_parse(struct cella_bytes extension, bool is_platform,
				struct pck_ext *out, struct cella_error *err)
{
	struct pck_ext ext = { .is_platform = is_platform };
	struct in in;
	struct in items;

	in_init(&in, extension, "sgx extension");
	items = der_element(&in, DER_SEQUENCE, "extension");
	read_octets(&items, 1, ext.ppid, sizeof ext.ppid, "ppid");
	read_tcb(&items, &ext);
	read_octets(&items, 3, ext.pce_id, sizeof ext.pce_id, "pce_id");
	read_octets(&items, 4, ext.fmspc, sizeof ext.fmspc, "fmspc");
	read_sgx_type(&items, &ext);
	if (is_platform) {
		read_octets(&items, 6, ext.platform_instance_id,
			    sizeof ext.platform_instance_id, "platform_instance_id");
		read_configuration(&items, &ext);
	}
	close_item(&in, &items, "extension");
	in_end(&in, "end");
	TRY(in_status(&in, err));
	*out = ext;
	return CELLA_OK;
}
