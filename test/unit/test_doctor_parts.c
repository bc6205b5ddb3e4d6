/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the doctor is made of (src/doctor): readers of logs, releases, addresses and
 * configuration, the arithmetic of the SWIOTLB, trees of files, deadlines.
 */
#include "support.h"

#include "base/json.h"
#include "doctor/bounded.h"
#include "doctor/connect.h"
#include "doctor/kernel_log.h"
#include "doctor/kernel_version.h"
#include "doctor/kvm_probe.h"
#include "doctor/lines.h"
#include "doctor/swiotlb.h"
#include "doctor/system.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* --- the kernel log ------------------------------------------------------------------ */

static void logs(void **state)
{
	static const struct {
		const char *text;
		struct kernel_log log;
	} cases[] = {
		{ "", { 0 } },
		{ "\n\n", { 0 } },
		{ "[ 0.0] Linux version 6.8", { .has_start = true } },
		{ "swiotlb buffer is full\nLinux version 6\n", { .has_start = true } },
		{ "tdx: Guest detected\n", { .guest_detected = true } },
		{ "x swiotlb buffer is full (sz: 4096 bytes), total 32768 (slots), used 3\n",
		  { .num_full = 1, .total_slots = 32768 } },
		{ "swiotlb buffer is full\nswiotlb buffer is full", { .num_full = 2 } },
		{ "swiotlb buffer is full, total 99999999999999999999\n",
		  { .num_full = 1, .total_slots = 0 } },
		{ "swiotlb buffer is full, total", { .num_full = 1 } },
		{ "software IO TLB: mapped [mem 0x1-0x2] (64MB)\n",
		  { .mapped_mib = 64 } },
		{ "software IO TLB: mapped [mem 0x1-0x2] (1024MB)",
		  { .mapped_mib = 1024 } },
		{ "software IO TLB: mapped [mem 0x1-0x2] (", { 0 } },
		{ "software IO TLB: mapped [", { 0 } },
		{ "software IO TLB: Cannot allocate buffer", { .no_memory = true } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct kernel_log log = { .num_full = 77 };

		CASE(cases[i].text);
		kernel_log_scan(bytes_from_text(cases[i].text), &log);
		CHECK_INT(cases[i].log.has_start, log.has_start);
		CHECK_INT(cases[i].log.guest_detected, log.guest_detected);
		CHECK_INT(cases[i].log.num_full, log.num_full);
		CHECK_INT(cases[i].log.total_slots, log.total_slots);
		CHECK_INT(cases[i].log.mapped_mib, log.mapped_mib);
		CHECK_INT(cases[i].log.no_memory, log.no_memory);
	}
}

static void command_lines(void **state)
{
	static const struct {
		const char *cmdline;
		struct swiotlb_param param;
	} cases[] = {
		{ "", { 0 } },
		{ "ro quiet", { 0 } },
		{ "xswiotlb=5 swiotlb swiotlbx=1", { 0 } },
		{ "swiotlb=524288", { .is_given = true, .slots = 524288 } },
		{ "a swiotlb=1 b swiotlb=2,8,force c", { .is_given = true, .slots = 2 } },
		{ "swiotlb=noforce", { .is_given = true, .is_off = true } },
		{ "swiotlb=force", { .is_given = true } },
		{ "swiotlb=18446744073709551616", { .is_given = true } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct swiotlb_param param = swiotlb_param_read(cases[i].cmdline);

		CASE(cases[i].cmdline);
		CHECK_INT(cases[i].param.is_given, param.is_given);
		CHECK_INT(cases[i].param.slots, param.slots);
		CHECK_INT(cases[i].param.is_off, param.is_off);
	}
}

/* --- sizes --------------------------------------------------------------------------- */

static void sizes(void **state)
{
	static const struct {
		uint64_t current, memory, usual, recommended;
	} cases[] = {
		{ 64, 512, 64, 256 },          { 64, 8192, 491, 1024 },
		{ 491, 8192, 491, 1024 },      { 1024, 16384, 983, 2048 },
		{ 1024, 2048, 122, 0 },        { 1024, 4096, 245, 2048 },
		{ 1024, 1 << 20, 1024, 2048 }, { 3000, 1 << 20, 1024, 8192 },
		{ 64, 0, 64, 1024 },           { 0, 1, 64, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char name[32];

		snprintf(name, sizeof name, "case %zu", i);
		CASE(name);
		CHECK_INT(cases[i].usual, swiotlb_default_mib(cases[i].memory));
		CHECK_INT(cases[i].recommended,
			  swiotlb_recommended_mib(cases[i].current, cases[i].memory));
	}
	CHECK_INT(0, swiotlb_network_mib(0));
	CHECK_INT(4, swiotlb_network_mib(1));
	CHECK_INT(512, swiotlb_network_mib(128));
}

/* MiB x 512, the document's formula: its example is 1 GiB. */
static void document_formula(void **state)
{
	struct out text = { 0 };

	(void)state;
	swiotlb_remedy("alinux", 1024, &text);
	out_u8(&text, 0);
	CHECK_TEXT_HAS((const char *)text.data, "Add `swiotlb=524288` (1024 MiB x 512)");
	CHECK_TEXT_HAS((const char *)text.data, "/etc/default/grub");
	CHECK_TEXT_HAS((const char *)text.data,
		       "grub2-mkconfig -o /boot/efi/EFI/alinux/grub.cfg");
	out_done(&text);
}

static void releases(void **state)
{
	static const struct {
		const char *a, *b;
		int order;
	} cases[] = {
		{ "5.10.134-16.al8.x86_64", "5.10.134-16", 0 },
		{ "5.10.134-16.1.al8.x86_64", "5.10.134-16", 1 },
		{ "5.10.134-15.2.al8.x86_64", "5.10.134-16", -1 },
		{ "5.10.134-9.al8", "5.10.134-16", -1 },
		{ "5.9", "5.10", -1 },
		{ "6.7.0", "6.7", 0 },
		{ "6.10-rc1", "6.7", 1 },
		{ "6", "6.7", -1 },
		{ "99999999999999999999.1", "6.7", 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CASE(cases[i].a);
		CHECK_INT(cases[i].order, kernel_compare(cases[i].a, cases[i].b));
		CHECK_INT(-cases[i].order, kernel_compare(cases[i].b, cases[i].a));
	}
	CHECK_TEXT("5.10.134-16", kernel_limit_find("4.19.91-27.al8.x86_64")->first);
	CHECK_TEXT("6.7", kernel_limit_find("6.1.0-9-amd64")->first);
	CHECK_TRUE(kernel_limit_find("") == NULL);
	CHECK_TRUE(kernel_limit_find("linux") == NULL);
}

/* Every beginning of a log, and every byte of it changed: nothing is read beyond. */
static void hostile_logs(void **state)
{
	static const char log[] =
		"Linux version 6\nsoftware IO TLB: mapped [mem 0x1-0x2] (64MB)\n"
		"swiotlb buffer is full (sz: 1 bytes), total 32768 (slots), used 1 (slots)";
	const size_t len = strlen(log);

	(void)state;
	for (size_t i = 0; i < 2 * len; i++) {
		/* Of its own size, so that a sanitizer sees the end. */
		const size_t size = i < len ? i : len;
		char *const copy = malloc(size + (size == 0));
		struct kernel_log seen;

		memcpy(copy, log, size);
		if (i >= len)
			copy[i - len] = (char)(copy[i - len] ^ 0x55);
		kernel_log_scan(bytes_of(copy, size), &seen);
		CHECK_TRUE(seen.num_full <= 1);
		free(copy);
	}
}

/* --- trees of files ------------------------------------------------------------------ */

static char folder[] = "/tmp/cella-parts-XXXXXX";

static const char *in_folder(const char *name)
{
	static char path[64];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

static void write_text(const char *name, const char *text)
{
	FILE *const stream = fopen(in_folder(name), "w");

	assert_non_null(stream);
	assert_true(fputs(text, stream) >= 0);
	assert_int_equal(0, fclose(stream));
}

static void count_name(const char *name, void *data)
{
	size_t *const num = data;

	(void)name;
	(*num)++;
}

static void trees(void **state)
{
	struct cella_error err = { 0 };
	char looking_at[SYSTEM_PATH_MAX] = "";
	struct system sys;
	struct out out = { 0 };
	char text[8] = "old";
	uint64_t number = 7;
	size_t num = 0;

	(void)state;
	CASE("tree");
	write_text("file", "a\tb\033[31m \n");
	write_text("long", "0123456789");
	write_text("number", "42\n");
	assert_int_equal(0, mkfifo(in_folder("pipe"), 0600));
	CHECK_OK(system_open(&sys, folder, &err));
	sys.looking_at = looking_at;
	CHECK_TRUE(!sys.is_own);

	CHECK_INT(0, system_text(&sys, "/file", text, sizeof text));
	CHECK_TEXT("a?b?[31", text);
	CHECK_TEXT("/file", looking_at);
	CHECK_INT(ENOENT, system_text(&sys, "/absent", text, sizeof text));
	CHECK_TEXT("", text);
	CHECK_INT(0, system_read(&sys, "/long", 4, &out));
	CHECK_BYTES("0123", 4, out_view(&out));
	CHECK_INT(0, system_number(&sys, "/number", &number));
	CHECK_INT(42, number);
	CHECK_INT(EINVAL, system_number(&sys, "/file", &number));
	/* Neither folders nor pipes are read, and nobody is waited for. */
	CHECK_INT(EINVAL, system_read(&sys, "/", 1, &out));
	CHECK_INT(EINVAL, system_read(&sys, "/pipe", 1, &out));
	CHECK_INT(0, system_list(&sys, "/", count_name, &num));
	CHECK_INT(4, num);
	CHECK_INT(ENOTDIR, system_list(&sys, "/file", count_name, &num));
	system_close(&sys);
	out_done(&out);

	CHECK_OK(system_open(&sys, NULL, &err));
	CHECK_TRUE(sys.is_own);
	system_close(&sys);
	CHECK_OK(system_open(&sys, "//./", &err));
	CHECK_TRUE(sys.is_own);
	system_close(&sys);
	CHECK_STATUS(CELLA_IO, system_open(&sys, in_folder("file"), &err));
}

/* A link in a tree that is looked at does not lead out of it. */
static void links_stay_in_the_tree(void **state)
{
	struct cella_error err = { 0 };
	struct system sys;
	char text[32];

	(void)state;
	write_text("os-release", "inside");
	assert_int_equal(0, symlink("/os-release", in_folder("absolute")));
	assert_int_equal(0, symlink("../../../../os-release", in_folder("upwards")));
	assert_int_equal(0, symlink("/etc/passwd", in_folder("passwd")));
	CHECK_OK(system_open(&sys, folder, &err));
	CHECK_INT(0, system_text(&sys, "/absolute", text, sizeof text));
	CHECK_TEXT("inside", text);
	CHECK_INT(0, system_text(&sys, "/upwards", text, sizeof text));
	CHECK_TEXT("inside", text);
	CHECK_INT(ENOENT, system_text(&sys, "/passwd", text, sizeof text));
	CHECK_INT(0, system_text(&sys, "/../os-release", text, sizeof text));
	system_close(&sys);
}

/* --- deadlines ----------------------------------------------------------------------- */

static void work_well(void *shared)
{
	*(int *)shared = 1;
}

static void work_for_ever(void *shared)
{
	*(int *)shared = 2;
	signal(SIGTERM, SIG_IGN);
	for (;;)
		pause();
}

static void work_and_die(void *shared)
{
	*(int *)shared = 3;
	raise(SIGKILL);
}

static void deadlines(void **state)
{
	static const struct {
		const char *name;
		void (*work)(void *shared);
		int deadline_ms;
		enum bounded_end end;
		int result;
	} cases[] = {
		{ "well", work_well, 30000, BOUNDED_DONE, 1 },
		{ "for ever", work_for_ever, 300, BOUNDED_LATE, 2 },
		{ "dies", work_and_die, 30000, BOUNDED_DIED, 3 },
	};
	int *const shared = bounded_new(sizeof *shared);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CASE(cases[i].name);
		CHECK_INT(cases[i].end,
			  bounded_run(cases[i].work, shared, cases[i].deadline_ms));
		CHECK_INT(cases[i].result, *shared);
	}
	bounded_free(shared, sizeof *shared);
	bounded_free(NULL, 1);
}

/* A socket whose queue is full takes no connection, and refuses none. */
static void contact_that_never_comes(void **state)
{
	struct sockaddr_un place = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	const int waiting = socket(AF_UNIX, SOCK_STREAM, 0);
	struct contact contact = { .address = { .kind = ADDRESS_UNIX } };

	(void)state;
	CASE("full queue");
	snprintf(place.sun_path, sizeof place.sun_path, "%s", in_folder("socket"));
	snprintf(contact.address.host, sizeof contact.address.host, "%s", place.sun_path);
	assert_int_equal(0, bind(fd, (const struct sockaddr *)&place, sizeof place));
	assert_int_equal(0, listen(fd, 0));
	assert_int_equal(0,
			 connect(waiting, (const struct sockaddr *)&place, sizeof place));
	contact_make(&contact, true, 1, NULL);
	CHECK_INT(CONTACT_LATE, contact.state);
	close(waiting);
	close(fd);
	contact_make(&contact, true, 60, NULL);
	CHECK_INT(CONTACT_FAILED, contact.state);
	CHECK_INT(ECONNREFUSED, contact.sys_errno);
}

/* Metadata services are not touched without leave, however they are written. */
static void link_local_addresses(void **state)
{
	static const char *const texts[] = {
		"tcp:169.254.169.254:1",
		"tcp:100.100.100.200:1",
		"tcp:[::ffff:169.254.169.254]:1",
		"tcp:[fd00:ec2::254]:1",
		"tcp:2852039166:1",
		"tcp:[fe80::1]:1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct contact contact = { 0 };
		struct cella_error err = { 0 };

		CASE(texts[i]);
		CHECK_OK(address_read(texts[i], &contact.address, "--qgs", &err));
		contact_make(&contact, false, 60, resolve_by_system);
		CHECK_INT(CONTACT_NOT_LET, contact.state);
	}
}

static void resolve_to_nothing(const char *host UNUSED, uint32_t port UNUSED,
			       struct places *out UNUSED)
{
}

static void resolve_for_ever(const char *host UNUSED, uint32_t port UNUSED,
			     struct places *out)
{
	out->num_items = 1;
	for (;;)
		pause();
}

/* To one that refuses, then to one that listens on this machine. */
static void resolve_here(const char *host UNUSED, uint32_t port, struct places *out)
{
	static const uint32_t ports[] = { 1, 0 };

	for (size_t i = 0; i < ARRAY_LEN(ports); i++) {
		const struct address here = { .kind = ADDRESS_TCP,
					      .host = "127.0.0.1",
					      .port = ports[i] != 0 ? ports[i] : port };

		if (!address_place(&here, &out->items[out->num_items++]))
			abort();
	}
}

static void names(void **state)
{
	struct sockaddr_in place = { .sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof place;
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct contact contact = {
		.address = { .kind = ADDRESS_TCP, .host = "name", .port = 1 }
	};

	(void)state;
	contact_make(&contact, true, 60, NULL);
	CHECK_INT(CONTACT_NO_LOOKUP, contact.state);
	contact_make(&contact, true, 60, resolve_to_nothing);
	CHECK_INT(CONTACT_NO_NAME, contact.state);
	contact_make(&contact, true, 1, resolve_for_ever);
	CHECK_INT(CONTACT_LATE, contact.state);
	contact_make(&contact, true, 60, resolve_here);
	CHECK_INT(CONTACT_FAILED, contact.state);
	CHECK_INT(ECONNREFUSED, contact.sys_errno);
	CASE("the second of its addresses");
	assert_int_equal(0, bind(fd, (const struct sockaddr *)&place, sizeof place));
	assert_int_equal(0, listen(fd, 1));
	assert_int_equal(0, getsockname(fd, (struct sockaddr *)&place, &len));
	contact.address.port = ntohs(place.sin_port);
	contact_make(&contact, true, 60, resolve_here);
	CHECK_INT(CONTACT_MADE, contact.state);
	CHECK_INT(0, contact.sys_errno);
	close(fd);
}

/* --- KVM ----------------------------------------------------------------------------- */

/* Whatever this machine has: the probe ends by itself, and says how far it came. */
static void kvm_is_probed(void **state)
{
	struct kvm_probe *const probe = bounded_new(sizeof *probe);

	(void)state;
	CASE("kvm");
	CHECK_INT(BOUNDED_DONE, bounded_run(kvm_probe_work, probe, 60000));
	CHECK_TRUE(probe->step != KVM_STEP_NONE);
	CHECK_TRUE((int)probe->stage < KVM_NUM_STAGES);
	if (probe->step == KVM_STEP_STOPPED)
		CHECK_TRUE(probe->stage >= KVM_STAGE_REAL);
	else
		CHECK_TRUE(probe->sys_errno != 0 || probe->step == KVM_STEP_UNSUPPORTED);
	print_message("# KVM: step %d, passed %s, exit %u\n", probe->step,
		      kvm_stage_name(probe->stage), probe->exit_reason);
	bounded_free(probe, sizeof *probe);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logs),
		cmocka_unit_test(command_lines),
		cmocka_unit_test(sizes),
		cmocka_unit_test(document_formula),
		cmocka_unit_test(releases),
		cmocka_unit_test(hostile_logs),
		cmocka_unit_test(trees),
		cmocka_unit_test(links_stay_in_the_tree),
		cmocka_unit_test(deadlines),
		cmocka_unit_test(contact_that_never_comes),
		cmocka_unit_test(link_local_addresses),
		cmocka_unit_test(names),
		cmocka_unit_test(kvm_is_probed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
