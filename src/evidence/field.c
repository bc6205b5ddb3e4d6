/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields of fixed layouts and the names of attribute bits.
 */
#include "evidence/field.h"

#include <assert.h>
#include <string.h>

struct cella_bytes field_of(const struct field *field, struct cella_bytes structure)
{
	return bytes_slice(structure, field->offset, field->len);
}

uint64_t field_number(const struct field *field, struct cella_bytes structure)
{
	const struct cella_bytes bytes = field_of(field, structure);
	uint64_t value = 0;

	assert(bytes.len <= sizeof value);
	for (size_t i = bytes.len; i > 0; i--)
		value = value << 8 | bytes.data[i - 1];
	return value;
}

const struct field *layout_find_claim(const struct layout *layout, const char *claim)
{
	for (size_t i = 0; i < layout->num_fields; i++) {
		const struct field *const field = &layout->fields[i];

		if (field->claim != NULL && strcmp(field->claim, claim) == 0)
			return field;
	}
	return NULL;
}

const struct bit_name td_attribute_bits[] = {
	{ 0, "DEBUG", "the host may read and write the TD's memory" },
	{ 4, "HGS_PLUS_PROF", "the host may profile the TD" },
	{ 5, "PERF_PROF", "the host may profile the TD" },
	{ 6, "PMT_PROF", "the host may profile the TD" },
	{ 16, "ICSSD", "interruptible context switch is disabled" },
	{ 27, "LASS", "linear address space separation" },
	{ 28, "SEPT_VE_DISABLE", "no exception on pending pages: Linux needs it set" },
	{ 29, "MIGRATABLE", "a migration TD may move the TD to another host" },
	{ 30, "PKS", "supervisor protection keys" },
	{ 31, "KL", "key locker" },
	{ 62, "TPA", "TDX provisioning agent" },
	{ 63, "PERFMON", "the TD uses performance monitoring" },
};
const size_t num_td_attribute_bits = ARRAY_LEN(td_attribute_bits);

const struct bit_name xfam_bits[] = {
	{ 0, "X87", "" },       { 1, "SSE", "" },     { 2, "AVX", "" },
	{ 3, "MPX", "" },       { 4, "MPX", "" },     { 5, "AVX512", "" },
	{ 6, "AVX512", "" },    { 7, "AVX512", "" },  { 8, "PT", "" },
	{ 9, "PKRU", "" },      { 10, "ENQCMD", "" }, { 11, "CET_U", "" },
	{ 12, "CET_S", "" },    { 13, "HDC", "" },    { 14, "UINTR", "" },
	{ 15, "LBR", "" },      { 16, "HWP", "" },    { 17, "TILECFG", "" },
	{ 18, "TILEDATA", "" }, { 19, "APX", "" },
};
const size_t num_xfam_bits = ARRAY_LEN(xfam_bits);

const struct bit_name sgx_attribute_bits[] = {
	{ 0, "INIT", "the enclave was initialised" },
	{ 1, "DEBUG", "a debugger may read the enclave's memory" },
	{ 2, "MODE64BIT", "runs in 64-bit mode" },
	{ 4, "PROVISION_KEY", "may derive the provisioning key" },
	{ 5, "EINITTOKEN_KEY", "may derive the launch key" },
	{ 6, "CET", "control-flow enforcement" },
	{ 7, "KSS", "key separation and sharing" },
	{ 10, "AEXNOTIFY", "is told of asynchronous exits" },
};
const size_t num_sgx_attribute_bits = ARRAY_LEN(sgx_attribute_bits);

uint64_t bits_unknown(uint64_t value, const struct bit_name *names, size_t num_names)
{
	for (size_t i = 0; i < num_names; i++)
		value &= ~(UINT64_C(1) << names[i].bit);
	return value;
}

void td_attributes_text(uint64_t attributes, struct out *out)
{
	const char *space = "";

	for (size_t i = 0; i < num_td_attribute_bits; i++) {
		const struct bit_name *const bit = &td_attribute_bits[i];
		const bool is_set = attributes >> bit->bit & 1;
		const bool is_spelt_out = bit->bit == 0 || bit->bit == 28;

		if (!is_set && !is_spelt_out)
			continue;
		out_format(out, "%s%s%s", space, is_set ? "" : "NO_", bit->name);
		space = " ";
	}
}
