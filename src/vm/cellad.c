/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cellad: the supervisor of one Enclave VM, in the foreground. `cella enclave run` starts it,
 * or a service manager.
 *
 *   cellad --name NAME --image FILE|fd:N --host DIR [--run-dir DIR]
 *          [--vcpus N] [--memory MIB] [--cid N] [--boot-timeout S] [--stop-timeout S]
 *          [--to-guest PORTS] [--from-guest PORTS] [--forward [ADDRESS:]PORT:PORT]...
 *          [--egress NAME:PORT]... [--tpm-state DIR] [--qemu PROGRAM] [--ready FD] [--debug]
 *          [--trusted-signers FILE|DIR]
 *          [--cores shared|whole|LIST] [--pin] [--hugepages no|2M|1G] [--mem-lock]
 *          [--keep-memory MIB] [--backend NAME] [--firmware FILE]
 *   cellad --service [--conf FILE] [--name NAME] [--run-dir DIR] [--ready FD]
 *   cellad mock-guest, which is what the mock back-end starts in the place of a machine.
 *
 * The second form reads what to start in a file, waits for the image, and starts it with the
 * first form, again if it must (vm/keeper.h).
 *
 * A service manager that names a NOTIFY_SOCKET is told once the Enclave VM runs, or the
 * service waits for its image.
 *
 * It ends with 0 when the Enclave VM stopped as it should, with 1 when it failed, with 2 when
 * it was called wrongly, with 3 when the image cannot be started; standard error says why.
 */
#include "vm/evm.h"

#include "base/number.h"
#include "collect/program.h"
#include "guest/io.h"
#include "vm/enclave_conf.h"
#include "vm/keeper.h"
#include "vm/mock_guest.h"
#include "vm/network.h"
#include "vm/signers.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
	EXIT_FAILED = 1,
	EXIT_CALLED_WRONGLY = 2,
	DEFAULT_BOOT_SECONDS = 120,
	DEFAULT_STOP_SECONDS = 20,
	MAX_SECONDS = 24 * 60 * 60,
	FIRST_FREE_FD = 3,
	MAX_KEEP_MIB = 1 << 30,
	LIST_MAX = LAUNCH_MAX_EGRESS,
};

/* Of an option that may be given again. */
struct list {
	const char *items[LIST_MAX];
	size_t num_items;
};

struct arguments {
	const char *name;
	const char *image;
	const char *run_dir;
	const char *host;
	const char *qemu;
	const char *to_guest;
	const char *from_guest;
	const char *trusted_signers;
	const char *conf;
	const char *backend;
	const char *firmware;
	const char *cores;
	const char *hugepages;
	const char *tpm_state;
	struct list forward;
	struct list egress;
	uint64_t keep_memory;
	bool mem_lock;
	bool pin;
	uint64_t vcpus; /* NOT_GIVEN */
	uint64_t memory;
	uint64_t cid;
	uint64_t boot_seconds;
	uint64_t stop_seconds;
	uint64_t ready;
	bool debug;
	bool service;
};

/* Left to the rules of resources. */
#define NOT_GIVEN UINT64_MAX

enum kind { TEXT, TEXTS, NUMBER, FLAG };

/* Of which form of the command line an argument is. */
enum form { OF_ENCLAVE, OF_SERVICE, OF_BOTH };

#define ARG(member) offsetof(struct arguments, member)
static const struct row {
	const char *name;
	enum kind kind;
	size_t offset;
	uint64_t max; /* of a number */
	enum form form;
} rows[] = {
	{ "--name", TEXT, ARG(name), 0, OF_BOTH },
	{ "--image", TEXT, ARG(image), 0 },
	{ "--run-dir", TEXT, ARG(run_dir), 0, OF_BOTH },
	{ "--host", TEXT, ARG(host), 0 },
	{ "--qemu", TEXT, ARG(qemu), 0 },
	{ "--to-guest", TEXT, ARG(to_guest), 0 },
	{ "--from-guest", TEXT, ARG(from_guest), 0 },
	{ "--backend", TEXT, ARG(backend), 0 },
	{ "--firmware", TEXT, ARG(firmware), 0 },
	{ "--cores", TEXT, ARG(cores), 0 },
	{ "--hugepages", TEXT, ARG(hugepages), 0 },
	{ "--keep-memory", NUMBER, ARG(keep_memory), MAX_KEEP_MIB },
	{ "--mem-lock", FLAG, ARG(mem_lock), 0 },
	{ "--pin", FLAG, ARG(pin), 0 },
	{ "--tpm-state", TEXT, ARG(tpm_state), 0 },
	{ "--forward", TEXTS, ARG(forward), 0 },
	{ "--egress", TEXTS, ARG(egress), 0 },
	{ "--vcpus", NUMBER, ARG(vcpus), EVM_MAX_VCPUS },
	{ "--memory", NUMBER, ARG(memory), EVM_MAX_MEMORY_MIB },
	{ "--cid", NUMBER, ARG(cid), UINT32_MAX - 1 },
	{ "--boot-timeout", NUMBER, ARG(boot_seconds), MAX_SECONDS },
	{ "--stop-timeout", NUMBER, ARG(stop_seconds), MAX_SECONDS },
	{ "--ready", NUMBER, ARG(ready), INT_MAX, OF_BOTH },
	{ "--debug", FLAG, ARG(debug), 0 },
	{ "--trusted-signers", TEXT, ARG(trusted_signers), 0 },
	{ "--service", FLAG, ARG(service), 0, OF_SERVICE },
	{ "--conf", TEXT, ARG(conf), 0, OF_SERVICE },
};

/* --- arguments ----------------------------------------------------------------------- */

static enum cella_status add_text(struct list *list, const struct row *row,
				  const char *value, struct cella_error *err)
{
	if (list->num_items == LIST_MAX)
		return error_set(err, CELLA_USAGE, "%s: more than %d", row->name,
				 LIST_MAX);
	list->items[list->num_items++] = value;
	return CELLA_OK;
}

static enum cella_status missing(const char *name, struct cella_error *err)
{
	return error_set(err, CELLA_USAGE, "%s: needs a value", name);
}

/* Reads one, and says how many words it took. */
static enum cella_status read_row(const struct row *row, const char *value,
				  struct arguments *out, int *words,
				  struct cella_error *err)
{
	char *const place = (char *)out + row->offset;

	*words = row->kind == FLAG ? 1 : 2;
	if (row->kind == FLAG)
		*(bool *)place = true;
	else if (value == NULL)
		return missing(row->name, err);
	else if (row->kind == TEXT)
		*(const char **)place = value;
	else if (row->kind == TEXTS)
		return add_text((struct list *)place, row, value, err);
	else
		return number_read(value, row->max, (uint64_t *)place, row->name, err);
	return CELLA_OK;
}

static const struct row *find_row(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

/* What a service starts stands in its file, and nowhere else. */
static enum cella_status check_form(const struct row *row, bool is_service,
				    struct cella_error *err)
{
	if (row->form == OF_BOTH || (row->form == OF_SERVICE) == is_service)
		return CELLA_OK;
	return error_set(err, CELLA_USAGE,
			 is_service ? "%s: does not go with --service: its file says that"
				    : "%s: belongs to --service",
			 row->name);
}

static enum cella_status check(const struct arguments *args, struct cella_error *err)
{
	if (args->service)
		return args->name == NULL ? CELLA_OK : run_name_check(args->name, err);
	if (args->name == NULL || args->image == NULL || args->host == NULL)
		return error_set(err, CELLA_USAGE,
				 "--name, --image and --host are needed");
	if (args->vcpus == 0)
		return error_set(err, CELLA_USAGE, "--vcpus: expected 1 to %d",
				 EVM_MAX_VCPUS);
	if (args->memory != 0 && args->memory < EVM_MIN_MEMORY_MIB)
		return error_set(err, CELLA_USAGE,
				 "--memory: %llu MiB: a guest's kernel needs %d",
				 (unsigned long long)args->memory, EVM_MIN_MEMORY_MIB);
	if (!backend_is_name(args->backend))
		return error_set(err, CELLA_USAGE, "--backend: expected " BACKEND_NAMES);
	if (args->cid < EVM_MIN_CID)
		return error_set(err, CELLA_USAGE, "--cid: %llu: guests begin at %d",
				 (unsigned long long)args->cid, EVM_MIN_CID);
	return run_name_check(args->name, err);
}

static enum cella_status read_arguments(char **argv, struct arguments *out,
					struct cella_error *err)
{
	char **const first = argv;

	while (*argv != NULL) {
		const struct row *const row = find_row(*argv);
		int words = 0;

		if (row == NULL)
			return error_set(err, CELLA_USAGE,
					 "%.60s: unknown argument; 'cella enclave run' "
					 "and 'start' start it, see cella-enclave(1)",
					 *argv);
		TRY(read_row(row, argv[1], out, &words, err));
		argv += words;
	}
	for (argv = first; *argv != NULL;) {
		const struct row *const row = find_row(*argv);

		TRY(check_form(row, out->service, err));
		argv += row->kind == FLAG ? 1 : 2;
	}
	return check(out, err);
}

/* --- descriptors --------------------------------------------------------------------- */

/* What was inherited is not passed on; some of it is used. */
static enum cella_status keep_to_oneself(struct cella_error *err)
{
	DIR *const folder = opendir("/proc/self/fd");
	const struct dirent *entry;

	if (folder == NULL)
		return error_errno(err, errno, "/proc/self/fd");
	while ((entry = readdir(folder)) != NULL) {
		uint64_t fd = 0;

		if (number_read(entry->d_name, INT_MAX, &fd, "descriptor", NULL) ==
			    CELLA_OK &&
		    fd >= FIRST_FREE_FD)
			fcntl((int)fd, F_SETFD, FD_CLOEXEC);
	}
	closedir(folder);
	return CELLA_OK;
}

/* Descriptors 0 to 2 are open, whoever started this: no other file may be taken for them. */
static bool fill_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd < FIRST_FREE_FD);
	if (fd >= FIRST_FREE_FD)
		close(fd);
	return fd >= 0;
}

/* The host's key is in this process: nobody traces it, or finds it in a core file. */
static enum cella_status protect(struct cella_error *err)
{
	return prctl(PR_SET_DUMPABLE, 0) == 0 ? CELLA_OK
					      : error_errno(err, errno, "dumpable");
}

static enum cella_status open_image(const char *image, int *out, struct cella_error *err)
{
	uint64_t fd = 0;

	assert(image != NULL); /* which check() has seen to */
	if (strncmp(image, "fd:", 3) == 0) {
		TRY(number_read(image + 3, INT_MAX, &fd, "--image", err));
		*out = (int)fd;
		return CELLA_OK;
	}
	/* The other end of a pipe is not waited for. */
	*out = open(image, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return *out >= 0 ? CELLA_OK : error_errno(err, errno, "%s", image);
}

/* --- life ---------------------------------------------------------------------------- */

static enum cella_status read_ways(const struct arguments *args, struct arena *arena,
				   struct launch_config *out, struct cella_error *err)
{
	const struct network_args ways = {
		.to_guest = args->to_guest,
		.from_guest = args->from_guest,
		.forward = { args->forward.items, args->forward.num_items },
		.egress = { args->egress.items, args->egress.num_items },
	};

	return network_read(&ways, arena, out, err);
}

/* A service has given the path, or who calls. */
static enum cella_status read_signers(const char *path, struct eif_certs *out,
				      struct cella_error *err)
{
	return path == NULL ? CELLA_OK : signers_read(path, OWNED_BY_CALLER, out, err);
}

static enum cella_status read_resources(const struct arguments *args,
					struct resource_request *out,
					struct cella_error *err)
{
	out->keep_mib = (unsigned)args->keep_memory;
	out->lock = args->mem_lock;
	out->pin = args->pin;
	TRY(resource_cores_read(args->cores, out, err));
	return page_size_read(args->hugepages, &out->pages, err);
}

static enum cella_status run(const struct arguments *args, int *code,
			     struct cella_error *err)
{
	char mock[PROGRAM_PATH_MAX];
	char vtpm[PROGRAM_PATH_MAX];
	char vsock[PROGRAM_PATH_MAX];
	char forward[PROGRAM_PATH_MAX];
	char base[RUN_PATH_MAX];
	int image CLEANUP_CLOSE = -1;
	struct arena arena CLEANUP(arena_done) = { 0 };
	uint8_t secret[HOST_SECRET_LEN] = { 0 };
	struct host_key *key CLEANUP(host_key_cleanup) = NULL;
	struct eif_certs signers CLEANUP(eif_certs_done) = { .num_certs = 0 };
	struct evm_options options = {
		.name = args->name,
		.base = base,
		.vcpus = args->vcpus == NOT_GIVEN ? 0 : (unsigned)args->vcpus,
		.memory_mib = (unsigned)args->memory,
		.cid = (uint32_t)args->cid,
		.debug = args->debug,
		.firmware = args->firmware,
		.host = args->host,
		.qemu = args->qemu,
		.mock = mock,
		.vtpm = vtpm,
		.vsock = vsock,
		.forward = forward,
		.tpm_state = args->tpm_state,
		.secret = secret,
		.boot_seconds = (unsigned)args->boot_seconds,
		.stop_seconds = (unsigned)args->stop_seconds,
		.notify = getenv("NOTIFY_SOCKET"),
		.trusted = args->trusted_signers != NULL ? &signers : NULL,
		.ready = args->ready == 0 ? -1 : (int)args->ready,
	};
	enum cella_status status;

	program_find("cellad", mock);
	program_find("cella-vtpm", vtpm);
	program_find("cella-vsock", vsock);
	program_find("cella-forward", forward);
	TRY(read_ways(args, &arena, &options.ways, err));
	TRY(read_resources(args, &options.resources, err));
	TRY(run_base(args->run_dir, base, err));
	TRY(open_image(args->image, &image, err));
	options.image = image;
	TRY(read_signers(args->trusted_signers, &signers, err));
	TRY(backend_choose(args->backend, &options.backend, err));
	TRY(host_key_load(args->host, &key, err));
	if (args->tpm_state != NULL)
		TRY(host_secret_load(args->host, secret, err));
	status = evm_run(&options, &key, err);
	explicit_bzero(secret, sizeof secret);
	if (status == CELLA_MALFORMED || status == CELLA_UNSUPPORTED ||
	    status == CELLA_LIMIT)
		*code = KEEPER_EXIT_IMAGE;
	return status;
}

static enum cella_status serve(const struct arguments *args, int *code,
			       struct cella_error *err)
{
	struct out usual CLEANUP(out_done) = { 0 };
	char *path CLEANUP_FREE = NULL;
	struct keeper_options options = {
		.name = args->name != NULL ? args->name : ENCLAVE_CONF_NAME,
		.who = args->conf != NULL ? OWNED_BY_CALLER : OWNED_BY_ROOT,
		.run_dir = args->run_dir,
		.notify = getenv("NOTIFY_SOCKET"),
		.ready = args->ready == 0 ? -1 : (int)args->ready,
	};
	enum cella_status status;

	enclave_conf_path(options.name, &usual);
	TRY(out_take_text(&usual, &path, err));
	options.conf = args->conf != NULL ? args->conf : path;
	status = keeper_run(&options, err);
	if (status == CELLA_MALFORMED || status == CELLA_UNSUPPORTED)
		*code = EXIT_CALLED_WRONGLY;
	return status;
}

static int fail(const struct cella_error *err, int code)
{
	fprintf(stderr, "cellad: %s\n", err->text);
	return code;
}

int main(int argc UNUSED, char **argv)
{
	struct arguments args = {
		.qemu = "qemu-system-x86_64",
		.backend = "auto",
		.cores = "shared",
		.hugepages = "no",
		.keep_memory = RESOURCES_KEEP_MIB,
		.vcpus = NOT_GIVEN,
		.cid = EVM_MIN_CID + (uint64_t)getpid(),
		.boot_seconds = DEFAULT_BOOT_SECONDS,
		.stop_seconds = DEFAULT_STOP_SECONDS,
	};
	struct cella_error err = { 0 };
	int code = EXIT_FAILED;

	/* Who reads standard error may leave. */
	signal(SIGPIPE, SIG_IGN);
	/* A limit of file sizes is an error like others; files in memory have it, too. */
	signal(SIGXFSZ, SIG_IGN);
	if (argv[1] != NULL && strcmp(argv[1], MOCK_GUEST) == 0)
		return mock_guest(argv + 2, &err) == CELLA_OK ? 0
							      : fail(&err, EXIT_FAILED);
	if (read_arguments(argv + 1, &args, &err) != CELLA_OK)
		return fail(&err, EXIT_CALLED_WRONGLY);
	if (!fill_streams() || keep_to_oneself(&err) != CELLA_OK ||
	    protect(&err) != CELLA_OK ||
	    (args.service ? serve : run)(&args, &code, &err) != CELLA_OK)
		return fail(&err, code);
	return 0;
}
