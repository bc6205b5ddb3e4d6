/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets and processes. Who gets which descriptor:
 *
 *   cella-vtpm   the launch's log, QEMU's TPM control channel, the supervisor, and memory for its
 *                state where that is kept
 *   cella-vsock  QEMU's vhost-user channel, the socket for the host's programs; theirs for
 *                the guest it finds beside it
 *   cella-forward, where anything is forwarded: none; it connects like any program of the
 *                host, and listens beside the socket for the guest
 *   QEMU         kernel and ramdisk, the other ends of both channels, QMP, the console
 */
#include "vm/evm.h"

#include "guest/io.h"
#include "vm/network.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { BACKLOG = 16 };

/* --- sockets ------------------------------------------------------------------------- */

static enum cella_status address_of(const struct evm *evm, const char *name,
				    struct sockaddr_un *out, struct cella_error *err)
{
	char path[RUN_PATH_MAX];

	TRY(run_path(evm->dir.path, name, path, err));
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(out->sun_path, path, strlen(path) + 1);
	return CELLA_OK;
}

static enum cella_status listen_at(const struct evm *evm, const char *name, int type,
				   int *out, struct cella_error *err)
{
	struct sockaddr_un address;
	int fd CLEANUP_CLOSE = -1;

	TRY(address_of(evm, name, &address, err));
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(fd, BACKLOG) != 0)
		return error_errno(err, errno, "%s", address.sun_path);
	*out = io_take(&fd);
	return CELLA_OK;
}

static enum cella_status pair(int type, int *ours, int *theirs, struct cella_error *err)
{
	int ends[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0)
		return error_errno(err, errno, "socketpair");
	*ours = ends[0];
	*theirs = ends[1];
	return CELLA_OK;
}

/* --- processes ----------------------------------------------------------------------- */

/* The ends that are others'; closed here once these run. */
struct ends {
	int tpm_qemu;
	int tpm_vtpm;
	int certify_vtpm;
	int vsock_qemu;
	int vsock_backend;
	int host; /* where the host's programs connect */
	int qmp_qemu;
	int serial_qemu;
};

#define ENDS_NONE ((struct ends){ -1, -1, -1, -1, -1, -1, -1, -1 })

static void ends_done(struct ends *ends)
{
	io_close(&ends->tpm_qemu);
	io_close(&ends->tpm_vtpm);
	io_close(&ends->certify_vtpm);
	io_close(&ends->vsock_qemu);
	io_close(&ends->vsock_backend);
	io_close(&ends->host);
	io_close(&ends->qmp_qemu);
	io_close(&ends->serial_qemu);
}

static bool has_tpm(const struct evm *evm)
{
	const char *const evidence = evm->options.backend.backend->evidence;

	return evidence != NULL && strcmp(evidence, "vtpm") == 0;
}

static enum cella_status open_ends(struct evm *evm, struct ends *ends,
				   struct cella_error *err)
{
	if (has_tpm(evm)) {
		TRY(pair(SOCK_STREAM, &ends->tpm_qemu, &ends->tpm_vtpm, err));
		TRY(pair(SOCK_SEQPACKET, &evm->certify, &ends->certify_vtpm, err));
	}
	TRY(pair(SOCK_STREAM, &ends->vsock_qemu, &ends->vsock_backend, err));
	TRY(pair(SOCK_STREAM, &evm->qmp, &ends->qmp_qemu, err));
	if (evm->options.debug)
		TRY(pair(SOCK_STREAM, &evm->serial, &ends->serial_qemu, err));
	return listen_at(evm, "v", SOCK_STREAM, &ends->host, err);
}

static const char *group_of(const struct evm *evm)
{
	return evm->resources.has_group ? evm->resources.steps.procs : NULL;
}

static enum cella_status start_vtpm(struct evm *evm, const struct ends *ends,
				    struct cella_error *err)
{
	struct argv argv CLEANUP(argv_done) = { 0 };
	struct child_spec spec = {
		.name = "cella-vtpm",
		.argv = &argv,
		.group = group_of(evm),
		.fds = { ends->tpm_vtpm, evm->launch.log, ends->certify_vtpm },
		.num_fds = 3,
		.is_confined = true,
	};

	argv_add(&argv, "%s", evm->options.vtpm);
	argv_add(&argv, "--control");
	argv_add(&argv, "%d", ends->tpm_vtpm);
	argv_add(&argv, "--launch");
	argv_add(&argv, "%d", evm->launch.log);
	argv_add(&argv, "--supervisor");
	argv_add(&argv, "%d", ends->certify_vtpm);
	if (evm->tpm.memory >= 0) {
		argv_add(&argv, "--state");
		argv_add(&argv, "%d", evm->tpm.memory);
		spec.fds[spec.num_fds++] = evm->tpm.memory;
	}
	TRY(argv_status(&argv, err));
	return child_start(&spec, &evm->children[EVM_VTPM], err);
}

/* What is admitted is what is measured. */
static enum cella_status add_ports(struct argv *argv, const struct ports *ports,
				   struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };

	ports_write(ports, &text);
	TRY(out_status(&text, err));
	argv_add(argv, "%.*s", (int)text.len, (const char *)text.data);
	return CELLA_OK;
}

static enum cella_status start_vsock(struct evm *evm, const struct ends *ends,
				     struct cella_error *err)
{
	struct argv argv CLEANUP(argv_done) = { 0 };
	const struct child_spec spec = {
		.name = "cella-vsock",
		.argv = &argv,
		.group = group_of(evm),
		.fds = { ends->vsock_backend, ends->host },
		.num_fds = 2,
	};

	argv_add(&argv, "%s", evm->options.vsock);
	argv_add(&argv, "--cid");
	argv_add(&argv, "%u", evm->options.cid);
	argv_add(&argv, "--vhost-user");
	argv_add(&argv, "%d", ends->vsock_backend);
	argv_add(&argv, "--base");
	argv_add(&argv, "%d", ends->host);
	argv_add(&argv, "--to-guest");
	TRY(add_ports(&argv, &evm->options.ways.to_guest, err));
	argv_add(&argv, "--from-guest");
	TRY(add_ports(&argv, &evm->options.ways.from_guest, err));
	TRY(argv_status(&argv, err));
	return child_start(&spec, &evm->children[EVM_VSOCK], err);
}

static void add_forwarding(struct argv *argv, const struct launch_texts *forward,
			   struct arena *arena)
{
	for (size_t i = 0; i < forward->num_items; i++) {
		argv_add(argv, "--publish");
		argv_add(argv, "%s", network_published(forward->items[i], arena));
	}
}

static void add_egress(struct argv *argv, const struct launch_texts *egress)
{
	if (egress->num_items == 0)
		return;
	argv_add(argv, "--egress");
	argv_add(argv, "%d", GUEST_PORT_EGRESS);
	for (size_t i = 0; i < egress->num_items; i++) {
		argv_add(argv, "--allow");
		argv_add(argv, "%s", egress->items[i]);
	}
}

/* It needs the host's network, and is not confined like the others. */
static enum cella_status start_forward(struct evm *evm, struct cella_error *err)
{
	const struct launch_config *const ways = &evm->options.ways;
	struct arena arena CLEANUP(arena_done) = { 0 };
	struct argv argv CLEANUP(argv_done) = { 0 };
	const struct child_spec spec = { .name = "cella-forward",
					 .argv = &argv,
					 .group = group_of(evm) };
	char base[RUN_PATH_MAX];

	if (ways->forward.num_items == 0 && ways->egress.num_items == 0)
		return CELLA_OK;
	TRY(run_path(evm->dir.path, "v", base, err));
	argv_add(&argv, "%s", evm->options.forward);
	argv_add(&argv, "--base");
	argv_add(&argv, "%s", base);
	add_forwarding(&argv, &ways->forward, &arena);
	add_egress(&argv, &ways->egress);
	TRY(arena_status(&arena, err));
	TRY(argv_status(&argv, err));
	return child_start(&spec, &evm->children[EVM_FORWARD], err);
}

static void plan_machine(const struct evm *evm, const struct ends *ends,
			 struct qemu_plan *out)
{
	*out = (struct qemu_plan){
		.program = evm->options.qemu,
		.image_sha384 = evm->launch.image_sha384,
		.vcpus = evm->options.vcpus,
		.memory_mib = evm->options.memory_mib,
		.memory = evm->options.memory,
		.kernel = evm->launch.kernel,
		.ramdisk = evm->launch.ramdisk,
		.cmdline = evm->launch.cmdline,
		.vsock = ends->vsock_qemu,
		.tpm = ends->tpm_qemu,
		.qmp = ends->qmp_qemu,
		.serial = ends->serial_qemu,
	};
}

static void keep(struct child_spec *spec, int fd)
{
	if (fd >= 0)
		spec->fds[spec->num_fds++] = fd;
}

static void forget_key(void *evm)
{
	host_key_free(take(&((struct evm *)evm)->key));
}

static enum cella_status start_qemu(struct evm *evm, const struct ends *ends,
				    struct cella_error *err)
{
	struct argv argv CLEANUP(argv_done) = { 0 };
	struct child_root root;
	struct child_spec spec = { .name = "QEMU",
				   .argv = &argv,
				   .group = group_of(evm),
				   .is_confined = true,
				   .root = &root,
				   .forget = forget_key,
				   .context = evm };
	char firmware[sizeof "/proc/self/fd/2147483647"];
	struct qemu_plan plan;

	plan_machine(evm, ends, &plan);
	snprintf(firmware, sizeof firmware, "/proc/self/fd/%d", evm->launch.firmware);
	if (evm->launch.firmware >= 0)
		plan.firmware = firmware;
	keep(&spec, evm->launch.firmware);
	keep(&spec, plan.kernel);
	keep(&spec, plan.ramdisk);
	keep(&spec, plan.vsock);
	keep(&spec, plan.tpm);
	keep(&spec, plan.qmp);
	keep(&spec, plan.serial);
	TRY(child_root_plan(evm->options.qemu, evm->options.backend.backend->device,
			    &root, err));
	plan.program = root.program;
	TRY(evm->options.backend.backend->plan(&plan, &argv, err));
	return child_start(&spec, &evm->children[EVM_QEMU], err);
}

enum cella_status evm_start_machine(struct evm *evm, struct cella_error *err)
{
	struct ends ends CLEANUP(ends_done) = ENDS_NONE;

	TRY(open_ends(evm, &ends, err));
	if (has_tpm(evm))
		TRY(start_vtpm(evm, &ends, err));
	TRY(start_vsock(evm, &ends, err));
	TRY(start_forward(evm, err));
	return start_qemu(evm, &ends, err);
}

/* It has the place of QEMU, and that of cella-vsock for the host's programs. */
enum cella_status evm_start_mock(struct evm *evm, struct cella_error *err)
{
	struct ends ends CLEANUP(ends_done) = ENDS_NONE;
	struct argv argv CLEANUP(argv_done) = { 0 };
	struct child_spec spec = { .name = "mock guest",
				   .argv = &argv,
				   .group = group_of(evm) };
	struct qemu_plan plan;
	int heart CLEANUP_CLOSE = -1;

	TRY(pair(SOCK_STREAM, &evm->qmp, &ends.qmp_qemu, err));
	TRY(pair(SOCK_STREAM, &evm->guest, &heart, err));
	TRY(listen_at(evm, "v", SOCK_STREAM, &ends.host, err));
	plan_machine(evm, &ends, &plan);
	plan.program = evm->options.mock;
	plan.vsock = ends.host;
	plan.heart = heart;
	keep(&spec, heart);
	keep(&spec, ends.host);
	keep(&spec, ends.qmp_qemu);
	TRY(evm->options.backend.backend->plan(&plan, &argv, err));
	return child_start(&spec, &evm->children[EVM_QEMU], err);
}

enum cella_status evm_start(struct evm *evm, struct cella_error *err)
{
	char heart[sizeof "v_4294967295"];

	snprintf(heart, sizeof heart, "v_%d", GUEST_PORT_HEARTBEAT);
	TRY(listen_at(evm, "control", SOCK_SEQPACKET, &evm->control, err));
	TRY(listen_at(evm, heart, SOCK_STREAM, &evm->heart, err));
	return evm->options.backend.backend->start(evm, err);
}
