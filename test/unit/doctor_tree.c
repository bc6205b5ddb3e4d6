/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor_tree.h"

#include "schema.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#define LISTENER "  0: 00000000:0016 00000000:0000 0A 00000000:00000000\n"

/* A trust domain in which everything is as it should be. */
static const struct file healthy[] = {
	{ "proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu vme tdx_guest hypervisor\n" },
	{ "proc/meminfo", "MemTotal:       32768000 kB\nMemFree:  1 kB\n"
			  "HugePages_Total:       8\nHugePages_Free:        3\n"
			  "Hugepagesize:       2048 kB\n" },
	{ "proc/cmdline", "BOOT_IMAGE=/vmlinuz root=UUID=1 ro quiet\n" },
	{ "proc/sys/kernel/osrelease", "6.16.3-cloud\n" },
	{ "proc/self/mounts", "proc /proc proc rw 0 0\n"
			      "none /sys/kernel/config configfs rw 0 0\n" },
	{ "proc/net/protocols", "protocol  size\nAF_VSOCK  1240\n" },
	{ "proc/net/tcp", "  sl  local_address\n" LISTENER },
	{ "etc/os-release",
	  "NAME=x\nPRETTY_NAME=\"Alibaba Cloud Linux 3\"\nID=\"alinux\"\n" },
	{ "etc/default/grub", "GRUB_TIMEOUT=1\nGRUB_CMDLINE_LINUX=\"quiet\"\n" },
	{ "etc/tdx-attest.conf", "# port = 1\nport = 4050\n" },
	{ "dev/tdx_guest", "" },
	{ "dev/kvm", "" },
	{ "dev/vsock", "" },
	{ "sys/module/tdx_guest", "/" },
	{ "sys/module/kvm_intel", "/" },
	{ "sys/class/misc/tdx_guest/measurements", "/" },
	{ "sys/kernel/config/tsm/report/com.intel.dcap/provider", "tdx_guest\n" },
	{ "sys/kernel/debug/swiotlb/io_tlb_nslabs", "524288\n" },
	{ "sys/firmware/acpi/tables/CCEL", "CCEL" },
	{ "sys/firmware/acpi/tables/data/CCEL", "x" },
	{ "sys/firmware/efi", "/" },
	{ "sys/class/net/eth0/device", "/" },
	{ "sys/class/net/eth0/queues/rx-0", "/" },
	{ "sys/class/net/eth0/queues/tx-0", "/" },
	{ "sys/class/net/lo/queues/rx-0", "/" },
	{ "sys/class/rtc/rtc0/since_epoch", "1790000000\n" },
	{ "sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n" },
	{ "sys/bus/pci/devices/0000:00:01.0/class", "0x020000\n" },
	{ "var/log/kern.log", "[    0.000000] Linux version 6.16.3-cloud\n"
			      "[    0.000000] tdx: Guest detected\n" },
};
/* --- trees --------------------------------------------------------------------------- */

char tree_folder[] = "/tmp/cella-doctor-XXXXXX";

static int remove_entry(const char *path, const struct stat *st, int kind,
			struct FTW *walk)
{
	(void)st;
	(void)kind;
	(void)walk;
	return remove(path);
}

static void remove_all(const char *path)
{
	assert_true(nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0 ||
		    errno == ENOENT);
}

/* A path below the tree, with the folders above it. */
static const char *make_path(const char *path)
{
	static char whole[256];

	snprintf(whole, sizeof whole, "%s/tree/%s", tree_folder, path);
	for (char *slash = strchr(whole + strlen(tree_folder) + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		assert_true(mkdir(whole, 0700) == 0 || errno == EEXIST);
		*slash = '/';
	}
	return whole;
}

/* Without file_write(), which waits for the disk: there are thousands. */
static void make_file(const struct file *file)
{
	const char *const path = make_path(file->path);
	FILE *stream;

	if (strcmp(file->content, "/") == 0) {
		assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
		return;
	}
	stream = fopen(path, "w");
	assert_non_null(stream);
	assert_true(fputs(file->content, stream) >= 0);
	assert_int_equal(0, fchmod(fileno(stream), 0600));
	assert_int_equal(0, fclose(stream));
}

/* An edit concerns its path and all below. */
static const struct file *find_edit(const struct file *edits, const char *path)
{
	for (size_t i = 0; i < MAX_EDITS && edits[i].path != NULL; i++) {
		const size_t len = strlen(edits[i].path);

		if (strncmp(edits[i].path, path, len) == 0 &&
		    (path[len] == '\0' || path[len] == '/'))
			return &edits[i];
	}
	return NULL;
}

const struct file tree_no_edits[MAX_EDITS];

/* The edits of the tree as it is now, or NULL where there is none yet. */
static const struct file *tree_edits;

static void undo_edits(void)
{
	for (size_t i = 0; i < MAX_EDITS && tree_edits[i].path != NULL; i++)
		remove_all(make_path(tree_edits[i].path));
	for (size_t i = 0; i < ARRAY_LEN(healthy); i++)
		if (find_edit(tree_edits, healthy[i].path) != NULL)
			make_file(&healthy[i]);
}

/* Only what differs is written: file systems are slow when others use them. */
void tree_make(const struct file *edits)
{
	if (tree_edits != NULL)
		undo_edits();
	for (size_t i = 0; i < ARRAY_LEN(healthy) && tree_edits == NULL; i++)
		make_file(&healthy[i]);
	for (size_t i = 0; i < MAX_EDITS && edits[i].path != NULL; i++)
		remove_all(make_path(edits[i].path));
	for (size_t i = 0; i < MAX_EDITS && edits[i].path != NULL; i++)
		if (edits[i].content != NULL)
			make_file(&edits[i]);
	tree_edits = edits;
}

struct doctor_request tree_request(void)
{
	static char path[64];

	snprintf(path, sizeof path, "%s/tree", tree_folder);
	return (struct doctor_request){ .sysroot = path,
					.has_time = true,
					.time = 1790000000 };
}

struct facts *tree_look(const struct doctor_request *request)
{
	struct cella_error err = { 0 };
	struct facts *const facts = facts_new();

	assert_non_null(facts);
	CHECK_OK(facts_gather(request, facts, &err));
	return facts;
}

struct finding tree_find(const struct facts *facts, const char *id)
{
	const struct doctor_check *const check = doctor_check_find(id);
	struct finding finding;

	assert_non_null(check);
	doctor_evaluate(check, facts, &finding);
	return finding;
}

struct finding tree_look_for(const struct doctor_request *request, const char *id)
{
	struct facts *const facts = tree_look(request);
	const struct finding finding = tree_find(facts, id);

	facts_free(facts);
	return finding;
}

void check_finding(const struct finding *finding, enum doctor_state state,
		   const char *found, const char *remedy)
{
	CHECK_TEXT(doctor_state_name(state), doctor_state_name(finding->state));
	CHECK_TEXT_HAS(finding->found, found);
	if (remedy != NULL)
		CHECK_TEXT_HAS(finding->remedy, remedy);
	else
		CHECK_TEXT("", finding->remedy);
}

/* --- the schema ---------------------------------------------------------------------- */

static json_t *schema;

void check_json(const struct facts *facts)
{
	struct diagnosis *const diagnosis = calloc(1, sizeof *diagnosis);
	struct schema_fault fault = { 0 };
	struct cella_error err = { 0 };
	char *text = NULL;
	json_t *json;

	assert_non_null(diagnosis);
	CHECK_OK(diagnose(facts, NULL, diagnosis, &err));
	CHECK_OK(diagnosis_json(diagnosis, facts, &text, &err));
	json = json_loads(text, 0, NULL);
	assert_non_null(json);
	if (!schema_accepts(schema, json, &fault))
		fail_msg("%s: %s: %s", check_case, fault.where, fault.text);
	json_decref(json);
	free(text);
	free(diagnosis);
}

int tree_set_up(void **state)
{
	const char *const path = getenv("CELLA_DOCTOR_SCHEMA");

	(void)state;
	schema = path != NULL ? json_load_file(path, 0, NULL) : NULL;
	return schema != NULL && mkdtemp(tree_folder) != NULL ? 0 : -1;
}

int tree_tear_down(void **state)
{
	(void)state;
	json_decref(schema);
	remove_all(tree_folder);
	return 0;
}
