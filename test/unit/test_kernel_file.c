/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels and modules, built here byte by byte, and the order of modules.
 */
#include "support.h"

#include "vm/kernel_file.h"
#include "vm/module_set.h"

enum { KERNEL_LEN = 1024, VERSION_AT = 0x300 };

/* --- kernels ------------------------------------------------------------------------- */

static void make_kernel(uint8_t kernel[KERNEL_LEN])
{
	memset(kernel, 0, KERNEL_LEN);
	memcpy(kernel + 0x1fe, "\x55\xaa", 2);
	memcpy(kernel + 0x202, "HdrS\x0f\x02", 6);
	memcpy(kernel + 0x20e, "\x00\x01", 2);
	memcpy(kernel + 0x260, "\x00\x80\x37\x03", 4);
	memcpy(kernel + VERSION_AT, "6.1.0-1-cloud (who) #1", 22);
}

static void a_kernel(void **state)
{
	struct kernel_facts facts = { .release = "" };
	struct cella_error err = { 0 };
	uint8_t kernel[KERNEL_LEN];

	(void)state;
	make_kernel(kernel);
	CHECK_OK(kernel_read(bytes_of(kernel, sizeof kernel), &facts, &err));
	CHECK_TEXT("6.1.0-1-cloud", facts.release);
	CHECK_INT(0x03378000, facts.init_size);
	/* Cut before the end of its version, it is none. */
	for (size_t len = 0; len < VERSION_AT + 14; len++)
		CHECK_STATUS(CELLA_MALFORMED,
			     kernel_read(bytes_of(kernel, len), &facts, &err));
	CHECK_OK(kernel_read(bytes_of(kernel, VERSION_AT + 14), &facts, &err));
}

static void no_kernels(void **state)
{
	const struct {
		const char *name;
		size_t at;
		uint8_t value;
		enum cella_status status;
		const char *text;
	} rows[] = {
		{ "no boot flag", 0x1fe, 0, CELLA_UNSUPPORTED, "no bzImage" },
		{ "no header", 0x202, 'h', CELLA_UNSUPPORTED, "no bzImage" },
		{ "an old protocol", 0x207, 1, CELLA_UNSUPPORTED, "no bzImage" },
		{ "a version beyond the end", 0x20f, 0xff, CELLA_MALFORMED, "no text" },
		{ "no version", VERSION_AT, ' ', CELLA_MALFORMED, "no text" },
		{ "a version with an escape", VERSION_AT, 27, CELLA_MALFORMED,
		  "printable" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct kernel_facts facts = { .release = "" };
		struct cella_error err = { 0 };
		uint8_t kernel[KERNEL_LEN];

		CASE(rows[i].name);
		make_kernel(kernel);
		kernel[rows[i].at] = rows[i].value;
		CHECK_STATUS(rows[i].status,
			     kernel_read(bytes_of(kernel, sizeof kernel), &facts, &err));
		CHECK_TEXT_HAS(err.text, rows[i].text);
		CHECK_TEXT("", facts.release);
	}
}

/* --- modules ------------------------------------------------------------------------- */

static void put64(struct out *out, size_t at, uint64_t value)
{
	for (size_t i = 0; i < 8; i++)
		out->data[at + i] = (uint8_t)(value >> (8 * i));
}

/* ELF: a header, the section .modinfo, names of sections, their table. */
static struct out make_module(const char *depends, const char *vermagic)
{
	static const char names[] = "\0.shstrtab\0.modinfo";
	struct out elf = { 0 };
	size_t info_at, names_at, table_at;

	out_bytes(&elf, "\177ELF\2\1\1", 7);
	out_zeros(&elf, 57);
	info_at = elf.len;
	out_format(&elf, "license=GPL%cdepends=%s%cvermagic=%s%c", 0, depends, 0,
		   vermagic, 0);
	names_at = elf.len;
	out_bytes(&elf, names, sizeof names);
	table_at = elf.len;
	out_zeros(&elf, (size_t)3 * 64);
	put64(&elf, 40, table_at);
	elf.data[58] = 64;
	elf.data[60] = 3;
	elf.data[62] = 1;
	elf.data[table_at + 64] = 1;
	put64(&elf, table_at + 64 + 24, names_at);
	put64(&elf, table_at + 64 + 32, sizeof names);
	elf.data[table_at + 128] = 11;
	put64(&elf, table_at + 128 + 24, info_at);
	put64(&elf, table_at + 128 + 32, names_at - info_at);
	return elf;
}

static void a_module(void **state)
{
	struct out elf CLEANUP(out_done) =
		make_module("virtio_ring,virtio", "6.1.0-1-cloud SMP mod_unload");
	struct module_facts facts = { .depends = { NULL, 0 } };
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(module_read(out_view(&elf), "module", &facts, &err));
	CHECK_BYTES("virtio_ring,virtio", 18, facts.depends);
	CHECK_BYTES("6.1.0-1-cloud", 13, facts.release);
	for (size_t len = 0; len < elf.len; len++)
		CHECK_STATUS(CELLA_MALFORMED, module_read(bytes_of(elf.data, len),
							  "module", &facts, &err));
}

static void no_modules(void **state)
{
	const struct {
		const char *name;
		size_t at; /* in the header; 0: in the first byte of "vermagic" */
		uint8_t value;
		const char *text;
	} rows[] = {
		{ "no ELF", 1, 'e', "e_ident" },
		{ "for 32 bits", 4, 1, "e_ident" },
		{ "other sections", 58, 40, "table of sections" },
		{ "too many sections", 60, 200, "table of sections" },
		{ "names beyond them", 62, 3, "table of sections" },
		{ "a table elsewhere", 42, 1, "table of sections" },
		{ "no sections", 60, 2, "no section .modinfo" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct out elf CLEANUP(out_done) = make_module("", "6.1.0");
		struct module_facts facts = { .depends = { NULL, 0 } };
		struct cella_error err = { 0 };

		CASE(rows[i].name);
		elf.data[rows[i].at] = rows[i].value;
		CHECK_STATUS(CELLA_MALFORMED,
			     module_read(out_view(&elf), "module", &facts, &err));
		CHECK_TEXT_HAS(err.text, rows[i].text);
	}
}

/* --- order --------------------------------------------------------------------------- */

struct set {
	struct rootfs store;
	struct module_set modules;
};

static void set_done(struct set *set)
{
	module_set_done(&set->modules);
	rootfs_done(&set->store);
}

static void add_module(struct set *set, const char *path, const char *depends,
		       const char *release)
{
	struct out elf CLEANUP(out_done) = make_module(depends, release);
	struct cella_error err = { 0 };
	struct contents contents = { set->store.store_len, elf.len };

	CHECK_OK(rootfs_store(&set->store, out_view(&elf), &err));
	CHECK_OK(module_set_add_stored(&set->modules, path, &contents, &err));
}

static void set_make(struct set *set)
{
	struct cella_error err = { 0 };

	CHECK_OK(rootfs_init(&set->store, &err));
	set->modules.store = &set->store;
	add_module(set, "a/virtio.ko", "virtio-ring", "6.1");
	add_module(set, "a/virtio_ring.ko", "", "6.1");
	add_module(set, "b/virtio_pci.ko", "virtio,virtio_ring,built-in", "6.1");
	add_module(set, "b/loop-a.ko", "loop_b", "6.1");
	add_module(set, "b/loop-b.ko", "loop_a", "6.1");
	add_module(set, "b/lacks.ko", "nowhere", "6.1");
	add_module(set, "b/old.ko", "", "5.10");
	out_text(&set->modules.built_in, "kernel/x/other.ko\nkernel/drivers/built_in.ko");
}

static void in_order(void **state)
{
	static const char *const expected[] = { "virtio_ring", "virtio", "virtio_pci" };
	struct set set CLEANUP(set_done) = { .store = { .store = -1 } };
	struct module_order order = { .num_modules = 0 };
	struct cella_error err = { 0 };

	(void)state;
	set_make(&set);
	CHECK_OK(module_set_order(&set.modules, "virtio-pci", "6.1", &order, &err));
	CHECK_OK(module_set_order(&set.modules, "virtio", "6.1", &order, &err));
	CHECK_OK(module_set_order(&set.modules, "built-in", "6.1", &order, &err));
	CHECK_INT(ARRAY_LEN(expected), order.num_modules);
	for (size_t i = 0; i < ARRAY_LEN(expected); i++)
		CHECK_TEXT(expected[i], order.modules[i]->name);
}

static void out_of_order(void **state)
{
	const struct {
		const char *name;
		enum cella_status status;
		const char *text;
	} rows[] = {
		{ "nowhere", CELLA_MISSING, "no module nowhere" },
		{ "lacks", CELLA_MISSING, "no module nowhere" },
		{ "in", CELLA_MISSING, "no module in" },
		{ "old", CELLA_MALFORMED, "for the kernel 5.10, not 6.1" },
		{ "loop_a", CELLA_LIMIT, "too many dependencies" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct set set CLEANUP(set_done) = { .store = { .store = -1 } };
		struct module_order order = { .num_modules = 0 };
		struct cella_error err = { 0 };

		CASE(rows[i].name);
		set_make(&set);
		CHECK_STATUS(rows[i].status, module_set_order(&set.modules, rows[i].name,
							      "6.1", &order, &err));
		CHECK_TEXT_HAS(err.text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kernel), cmocka_unit_test(no_kernels),
		cmocka_unit_test(a_module), cmocka_unit_test(no_modules),
		cmocka_unit_test(in_order), cmocka_unit_test(out_of_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
