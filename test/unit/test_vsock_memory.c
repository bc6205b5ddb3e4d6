/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "vm/vsock/memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <sys/mman.h>

#define TOP UINT64_MAX

static const struct {
	const char *name;
	struct memory_region regions[2];
	size_t num;
	enum cella_status status;
	const char *says;
} tables[] = {
	{ "one", { { 0, 4096, 0, 0 } }, 1, CELLA_OK, "" },
	{ "none", { { 0 } }, 0, CELLA_LIMIT, "0 regions" },
	{ "too many", { { 0 } }, MEMORY_MAX_REGIONS + 1, CELLA_LIMIT, "9 regions" },
	{ "empty", { { 0, 0, 0, 0 } }, 1, CELLA_MALFORMED, "region 0: is empty" },
	{ "up to the last address",
	  { { TOP - 4095, 4096, TOP - 4095, 0 } },
	  1,
	  CELLA_OK,
	  "" },
	{ "beyond the last guest address",
	  { { TOP - 4094, 4096, 0, 0 } },
	  1,
	  CELLA_MALFORMED,
	  "beyond all addresses" },
	{ "beyond the last user address",
	  { { 0, 4096, TOP - 4094, 0 } },
	  1,
	  CELLA_MALFORMED,
	  "beyond all addresses" },
	{ "larger than is mapped",
	  { { 0, MEMORY_MAX_LEN + 1, 0, 0 } },
	  1,
	  CELLA_LIMIT,
	  "at most" },
	{ "an offset beyond everything",
	  { { 0, 1, 0, TOP } },
	  1,
	  CELLA_LIMIT,
	  "at most" },
	{ "together larger",
	  { { 0, MEMORY_MAX_LEN, 0, 0 }, { MEMORY_MAX_LEN, 1, MEMORY_MAX_LEN, 0 } },
	  2,
	  CELLA_LIMIT,
	  "memory table" },
	{ "side by side",
	  { { 0, 4096, 0x10000, 0 }, { 4096, 4096, 0x20000, 4096 } },
	  2,
	  CELLA_OK,
	  "" },
	{ "guest addresses overlap",
	  { { 0, 4097, 0x10000, 0 }, { 4096, 4096, 0x20000, 4096 } },
	  2,
	  CELLA_MALFORMED,
	  "regions 0 and 1 overlap" },
	{ "user addresses overlap",
	  { { 0, 4096, 0x10000, 0 }, { 4096, 4096, 0x10fff, 4096 } },
	  2,
	  CELLA_MALFORMED,
	  "overlap" },
	{ "one within the other",
	  { { 0x1000, 1, 0, 0 }, { 0, 0x4000, 0x10000, 0 } },
	  2,
	  CELLA_MALFORMED,
	  "overlap" },
};

static void judges_tables(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		struct cella_error err = { 0 };

		CASE(tables[i].name);
		CHECK_STATUS(tables[i].status,
			     memory_check(tables[i].regions, tables[i].num, &err));
		CHECK_TEXT_HAS(err.text, tables[i].says);
	}
}

static int make_file(off_t len, int seals)
{
	const int fd = memfd_create("guest", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	CHECK_TRUE(fd >= 0);
	CHECK_INT(0, ftruncate(fd, len));
	CHECK_INT(0, fcntl(fd, F_ADD_SEALS, seals));
	return fd;
}

/* A file that can be cut off while it is mapped kills whoever reads it. */
static void file_that_can_shrink(void **state UNUSED)
{
	const struct memory_region region = { 0, 4096, 0, 0 };
	const int fd = make_file(4096, F_SEAL_GROW);
	struct cella_error err = { 0 };
	struct memory memory = { 0 };
	int pipe_fds[2];

	CHECK_STATUS(CELLA_UNSUPPORTED, memory_map(&region, &fd, 1, &memory, &err));
	CHECK_TEXT_HAS(err.text, "not sealed against shrinking");
	CHECK_INT(0, memory.num);
	close(fd);
	CHECK_INT(0, pipe(pipe_fds));
	CHECK_STATUS(CELLA_UNSUPPORTED, memory_map(&region, pipe_fds, 1, &memory, &err));
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

static void file_that_is_too_short(void **state UNUSED)
{
	const struct memory_region region = { 0, 4096, 0, 4096 };
	const int fd = make_file(8191, F_SEAL_SHRINK);
	struct cella_error err = { 0 };
	struct memory memory = { 0 };

	CHECK_STATUS(CELLA_MALFORMED, memory_map(&region, &fd, 1, &memory, &err));
	CHECK_TEXT_HAS(err.text, "needs 0x2000 bytes of its file, which has 0x1fff");
	close(fd);
}

/* The second fails: nothing is mapped, and the outputs are as they were. */
static void all_or_nothing(void **state UNUSED)
{
	const struct memory_region regions[] = { { 0, 4096, 0, 0 },
						 { 8192, 4096, 8192, 0 } };
	const int fds[] = { make_file(4096, F_SEAL_SHRINK), make_file(0, F_SEAL_SHRINK) };
	struct cella_error err = { 0 };
	struct memory memory = { 0 };

	CHECK_STATUS(CELLA_MALFORMED, memory_map(regions, fds, 2, &memory, &err));
	CHECK_TEXT_HAS(err.text, "region 1");
	CHECK_INT(0, memory.num);
	close(fds[0]);
	close(fds[1]);
}

static struct memory two_regions(void)
{
	/* One file; side by side for the guest, apart elsewhere; the order is swapped. */
	const struct memory_region regions[] = { { 0x10000, 0x1000, 0x500000, 0x3000 },
						 { 0x11000, 0x2000, 0x100000, 0 } };
	const int fd = make_file(0x4000, F_SEAL_SHRINK);
	const int fds[] = { fd, fd };
	struct cella_error err = { 0 };
	struct memory memory = { 0 };
	const uint8_t mark = 7;

	CHECK_INT(1, pwrite(fd, &mark, 1, 0x3fff));
	CHECK_INT(1, pwrite(fd, &mark, 1, 0));
	CHECK_OK(memory_map(regions, fds, 2, &memory, &err));
	close(fd);
	return memory;
}

static void translates_user_addresses(void **state UNUSED)
{
	struct memory memory CLEANUP(memory_unmap) = two_regions();

	CHECK_INT(7, *(uint8_t *)memory_at_user(&memory, 0x500fff, 1));
	CHECK_INT(7, *(uint8_t *)memory_at_user(&memory, 0x100000, 0x2000));
	CHECK_TRUE(memory_at_user(&memory, 0x500fff, 2) == NULL);
	CHECK_TRUE(memory_at_user(&memory, 0x4fffff, 1) == NULL);
	CHECK_TRUE(memory_at_user(&memory, 0x501000, 0) == NULL);
	CHECK_TRUE(memory_at_user(&memory, 0x100000, UINT64_MAX) == NULL);
	CHECK_TRUE(memory_at_user(&memory, UINT64_MAX, 2) == NULL);
}

/* A range is cut where its region ends; the caller goes on in the next. */
static void translates_guest_addresses(void **state UNUSED)
{
	struct memory memory CLEANUP(memory_unmap) = two_regions();
	uint64_t len = 2;

	CHECK_INT(7, *memory_at_guest(&memory, 0x10fff, &len));
	CHECK_INT(1, len);
	len = 0x2000;
	CHECK_INT(7, *memory_at_guest(&memory, 0x11000, &len));
	CHECK_INT(0x2000, len);
	len = 0x2001;
	CHECK_TRUE(memory_at_guest(&memory, 0x11000, &len) != NULL);
	CHECK_INT(0x2000, len);
	len = 1;
	CHECK_TRUE(memory_at_guest(&memory, 0x13000, &len) == NULL);
	CHECK_TRUE(memory_at_guest(&memory, 0xffff, &len) == NULL);
	len = 0;
	CHECK_TRUE(memory_at_guest(&memory, 0x10000, &len) == NULL);
	len = UINT64_MAX;
	CHECK_TRUE(memory_at_guest(&memory, 0x10000, &len) == NULL);
	CHECK_TRUE(len == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_tables),
		cmocka_unit_test(file_that_can_shrink),
		cmocka_unit_test(file_that_is_too_short),
		cmocka_unit_test(all_or_nothing),
		cmocka_unit_test(translates_user_addresses),
		cmocka_unit_test(translates_guest_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
