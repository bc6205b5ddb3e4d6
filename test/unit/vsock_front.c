/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A front-end and its guest.
 */
#include "vsock_front.h"

#include "vm/vsock/vhost_user.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { MAX_OPTIONS = 16, FRONT_FD = 100, BASE_FD = 101, VERSION = 1 };

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	perror(what);
	abort();
}

static struct sockaddr_un at(const struct front *front, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int len = snprintf(address.sun_path, sizeof address.sun_path, "%s/%s",
				 front->folder, name);

	must(len > 0 && (size_t)len < sizeof address.sun_path, "path");
	return address;
}

static int listen_at(const struct front *front, const char *name)
{
	const struct sockaddr_un address = at(front, name);
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	must(fd >= 0 &&
		     bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
		     listen(fd, 1024) == 0,
	     name);
	return fd;
}

/* -1 where nobody listens any more. */
static int connect_at(const struct front *front, const char *name)
{
	const struct sockaddr_un address = at(front, name);
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0, "socket");
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	close(fd);
	return -1;
}

int front_listen(struct front *front, uint32_t port)
{
	char name[32];

	snprintf(name, sizeof name, "v_%u", port);
	return listen_at(front, name);
}

int front_dial(struct front *front)
{
	return connect_at(front, "v");
}

/* --- the process --------------------------------------------------------------------- */

_Noreturn static void become(const char *program, const char *const *options, int front,
			     int base, int said)
{
	const char *argv[MAX_OPTIONS + 8] = { program, "--cid",  "42", "--vhost-user",
					      "100",   "--base", "101" };
	size_t num = 7;

	for (; *options != NULL && num < MAX_OPTIONS + 7; options++)
		argv[num++] = *options;
	if (dup2(front, FRONT_FD) < 0 || dup2(base, BASE_FD) < 0 ||
	    dup2(said, STDERR_FILENO) < 0)
		_exit(127);
	execv(program, (char *const *)(void *)argv);
	_exit(127);
}

/* The listeners are there before it is, so that nobody has to wait for it. */
void front_start(struct front *front, const char *program, const char *const *options)
{
	int said[2];
	int listener, base;

	memset(front, 0, sizeof *front);
	if (program == NULL)
		program = getenv("CELLA_VSOCK");
	must(program != NULL, "CELLA_VSOCK");
	driver_init(&front->driver);
	snprintf(front->folder, sizeof front->folder, "/tmp/cella-vsock-XXXXXX");
	must(mkdtemp(front->folder) != NULL, "mkdtemp");
	listener = listen_at(front, "vu");
	base = listen_at(front, "v");
	must(pipe2(said, O_CLOEXEC) == 0, "pipe");
	front->pid = fork();
	must(front->pid >= 0, "fork");
	if (front->pid == 0)
		become(program, options, listener, base, said[1]);
	close(listener);
	close(base);
	close(said[1]);
	front->said = said[0];
	front->fd = connect_at(front, "vu");
}

static void remove_folder(const struct front *front)
{
	DIR *const folder = opendir(front->folder);

	must(folder != NULL, front->folder);
	for (const struct dirent *e = readdir(folder); e != NULL; e = readdir(folder))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(folder), e->d_name, 0);
	closedir(folder);
	must(rmdir(front->folder) == 0, front->folder);
}

int front_wait(struct front *front)
{
	size_t len = 0;
	int status = 0;

	for (;;) {
		const ssize_t got = read(front->said, front->text + len,
					 sizeof front->text - 1 - len);

		if (got <= 0)
			break;
		len += (size_t)got;
	}
	must(waitpid(front->pid, &status, 0) == front->pid, "waitpid");
	close(front->said);
	if (front->fd >= 0)
		close(front->fd);
	for (unsigned q = 0; q < DRIVER_NUM_QUEUES; q++) {
		if (front->kick[q] > 0)
			close(front->kick[q]);
		if (front->call[q] > 0)
			close(front->call[q]);
	}
	driver_done(&front->driver);
	remove_folder(front);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int front_finish(struct front *front)
{
	if (front->fd >= 0)
		close(front->fd);
	front->fd = -1;
	return front_wait(front);
}

/* --- messages ------------------------------------------------------------------------ */

void front_say(struct front *front, uint32_t request, const void *payload, uint32_t len,
	       const int *fds, size_t num_fds)
{
	const uint32_t header[3] = { request, VERSION, len };
	struct iovec parts[2] = { { (void *)(uintptr_t)header, sizeof header },
				  { (void *)(uintptr_t)payload, len } };
	union {
		struct cmsghdr header;
		uint8_t bytes[CMSG_SPACE(16 * sizeof(int))];
	} control = { 0 };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	if (num_fds > 0) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(num_fds * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(num_fds * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, num_fds * sizeof(int));
	}
	/* It may have left already, for what was said before. */
	(void)!sendmsg(front->fd, &message, MSG_NOSIGNAL);
}

void front_hear(struct front *front, void *payload, uint32_t len)
{
	uint32_t header[3] = { 0 };

	must(recv(front->fd, header, sizeof header, MSG_WAITALL) == sizeof header,
	     "the answer's header");
	must(header[1] == 5 && header[2] == len, "the answer's length");
	must(recv(front->fd, payload, len, MSG_WAITALL) == (ssize_t)len, "the answer");
}

static void say_u64(struct front *front, uint32_t request, uint64_t value)
{
	front_say(front, request, &value, sizeof value, NULL, 0);
}

static void say_pair(struct front *front, uint32_t request, uint32_t ring, uint32_t value)
{
	const uint32_t pair[2] = { ring, value };

	front_say(front, request, pair, sizeof pair, NULL, 0);
}

static void say_memory(struct front *front)
{
	struct {
		uint32_t num, padding;
		struct memory_region regions[2];
	} table = { .num = 2 };
	const int fds[2] = { front->driver.memfd, front->driver.memfd };

	driver_regions(&front->driver, table.regions);
	front_say(front, VHOST_SET_MEM_TABLE, &table, sizeof table, fds, 2);
}

static void say_ring(struct front *front, uint32_t ring)
{
	const struct driver_queue *const q = &front->driver.queues[ring];
	const struct {
		uint32_t ring, flags;
		uint64_t desc, used, avail, log;
	} where = { ring,
		    0,
		    driver_user(&front->driver, q->desc),
		    driver_user(&front->driver, q->used),
		    driver_user(&front->driver, q->avail),
		    0 };
	const uint64_t number = ring;

	front->kick[ring] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	front->call[ring] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	say_pair(front, VHOST_SET_VRING_NUM, ring, DRIVER_NUM);
	say_pair(front, VHOST_SET_VRING_BASE, ring, 0);
	front_say(front, VHOST_SET_VRING_ADDR, &where, sizeof where, NULL, 0);
	front_say(front, VHOST_SET_VRING_CALL, &number, sizeof number, &front->call[ring],
		  1);
	front_say(front, VHOST_SET_VRING_KICK, &number, sizeof number, &front->kick[ring],
		  1);
	say_pair(front, VHOST_SET_VRING_ENABLE, ring, 1);
}

void front_drive(struct front *front)
{
	uint64_t features = 0;

	front_say(front, VHOST_GET_FEATURES, NULL, 0, NULL, 0);
	front_hear(front, &features, sizeof features);
	must(features == VHOST_FEATURES, "features");
	say_u64(front, VHOST_SET_PROTOCOL_FEATURES, VHOST_PROTOCOL_FEATURES);
	front_say(front, VHOST_SET_OWNER, NULL, 0, NULL, 0);
	say_u64(front, VHOST_SET_FEATURES, VHOST_FEATURES);
	front_drive_again(front);
}

void front_drive_again(struct front *front)
{
	uint64_t num = 0;

	say_memory(front);
	driver_post(&front->driver, DRIVER_NUM);
	for (uint32_t ring = 0; ring < DRIVER_NUM_QUEUES; ring++)
		say_ring(front, ring);
	/* Whatever it answers, it has come so far. */
	front_say(front, VHOST_GET_QUEUE_NUM, NULL, 0, NULL, 0);
	front_hear(front, &num, sizeof num);
}

void front_stop_rings(struct front *front)
{
	uint64_t base;

	for (uint32_t ring = 0; ring < DRIVER_NUM_QUEUES; ring++) {
		say_pair(front, VHOST_GET_VRING_BASE, ring, 0);
		front_hear(front, &base, sizeof base);
		close(front->kick[ring]);
		close(front->call[ring]);
		front->kick[ring] = front->call[ring] = 0;
	}
}

void front_kick(struct front *front, unsigned queue)
{
	const uint64_t one = 1;

	if (driver_wants_kick(&front->driver, queue))
		must(write(front->kick[queue], &one, sizeof one) == sizeof one, "kick");
}
