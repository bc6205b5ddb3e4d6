/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of configfs-tsm, which outlive their maker unless somebody removes them.
 *
 * Whoever is ended by a signal while an entry exists must still remove it. A handler can be
 * told nothing but through a global: `doomed` is the entry that it removes before it lets
 * the signal do what it does. Signals are blocked while the entry comes and goes. Where
 * signals are spared, an entry of whom a signal ends stays.
 */
#include "collect/tsm_entry.h"

#include "base/encode.h"
#include "collect/advice.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_RANDOM_LEN = 8 };

static const int deadly[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE };

static char doomed[COLLECT_PATH_MAX];
static struct sigaction before[ARRAY_LEN(deadly)];

static const struct advice make_advice[] = {
	{ EACCES, "run it as root" },
	{ EPERM, "run it as root" },
	{ ENXIO, "no driver has registered: modprobe tdx_guest" },
	{ EROFS, "it is mounted read-only" },
	{ 0, NULL },
};

static const struct advice use_advice[] = {
	{ EACCES, "run it as root" },
	{ EBUSY, "the host still works on another quote, or never answered one" },
	{ ETIMEDOUT,
	  "the host does not answer: is its QGS running, and does QEMU know it "
	  "(quote-generation-socket)?" },
	{ EIO, "the host refuses; its QGS's log says why" },
	{ EFBIG, "this quote is larger than this kernel hands over: a newer one does" },
	{ ENXIO, "the driver is gone: modprobe tdx_guest" },
	{ 0, NULL },
};

static void on_deadly(int number)
{
	const int kept = errno;

	rmdir(doomed);
	signal(number, SIG_DFL);
	raise(number); /* once the handler has returned */
	errno = kept;
}

static void block(sigset_t *old)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(deadly); i++)
		sigaddset(&set, deadly[i]);
	sigprocmask(SIG_BLOCK, &set, old);
}

/* A signal that is ignored stays so: nohup means it. */
static void arm(const char *path)
{
	const struct sigaction action = { .sa_handler = on_deadly };

	snprintf(doomed, sizeof doomed, "%s", path);
	for (size_t i = 0; i < ARRAY_LEN(deadly); i++) {
		sigaction(deadly[i], NULL, &before[i]);
		if (before[i].sa_handler != SIG_IGN)
			sigaction(deadly[i], &action, NULL);
	}
}

static void disarm(void)
{
	for (size_t i = 0; i < ARRAY_LEN(deadly); i++)
		sigaction(deadly[i], &before[i], NULL);
	doomed[0] = '\0';
}

enum cella_status tsm_entry_make(const char *folder, const struct deadline *deadline,
				 struct tsm_entry *out, struct cella_error *err)
{
	uint8_t random[NAME_RANDOM_LEN];
	char hex[2 * NAME_RANDOM_LEN + 1];
	char path[COLLECT_PATH_MAX];
	sigset_t old;
	int failure = 0;

	if (getrandom(random, sizeof random, 0) != sizeof random)
		return error_errno(err, errno, "getrandom");
	if (snprintf(path, sizeof path, "%s/cella-%ld-%s", folder, (long)getpid(),
		     hex_format(bytes_of(random, sizeof random), hex)) >=
	    COLLECT_PATH_MAX)
		return error_set(err, CELLA_LIMIT, "%s: path is too long", folder);
	if (!deadline->spares_signals)
		block(&old);
	if (mkdir(path, 0700) == 0) {
		if (!deadline->spares_signals)
			arm(path);
		memcpy(out->path, path, sizeof path);
		out->deadline = deadline;
	} else {
		failure = errno;
	}
	if (!deadline->spares_signals)
		sigprocmask(SIG_SETMASK, &old, NULL);
	return failure == 0 ? CELLA_OK
			    : advise(err, make_advice, failure, "mkdir in %s", folder);
}

static int open_attribute(const struct tsm_entry *entry, const char *attribute, int flags)
{
	char path[COLLECT_PATH_MAX];

	if (snprintf(path, sizeof path, "%s/%s", entry->path, attribute) >=
	    COLLECT_PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, flags | O_CLOEXEC);
}

/* 0, or an errno. */
static int lock_patiently(int fd, const struct deadline *deadline)
{
	for (unsigned attempt = 0;; attempt++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if ((errno != EWOULDBLOCK && errno != EINTR) ||
		    !deadline_back_off(deadline, attempt))
			return errno == EWOULDBLOCK ? EBUSY : errno;
	}
}

enum cella_status tsm_entry_share(const char *path, const struct deadline *deadline,
				  struct tsm_entry *out, struct cella_error *err)
{
	struct tsm_entry entry = { .deadline = deadline, .is_shared = true };
	int failure;

	if (snprintf(entry.path, sizeof entry.path, "%s", path) >= COLLECT_PATH_MAX)
		return error_set(err, CELLA_LIMIT, "%.80s…: path is too long", path);
	entry.lock = open_attribute(&entry, "inblob", O_WRONLY);
	if (entry.lock < 0)
		return advise(err, use_advice, errno, "%s/inblob", path);
	failure = lock_patiently(entry.lock, deadline);
	if (failure != 0) {
		close(entry.lock);
		return advise(err, use_advice, failure, "%s/inblob: locking it", path);
	}
	*out = entry;
	return CELLA_OK;
}

void tsm_entry_remove(struct tsm_entry *entry)
{
	sigset_t old;

	if (entry->path[0] == '\0')
		return;
	if (entry->is_shared) {
		close(entry->lock);
		entry->path[0] = '\0';
		return;
	}
	if (entry->deadline->spares_signals) {
		rmdir(entry->path);
		entry->path[0] = '\0';
		return;
	}
	block(&old);
	rmdir(entry->path);
	disarm();
	entry->path[0] = '\0';
	sigprocmask(SIG_SETMASK, &old, NULL);
}

/* Bytes that trickle in are no answer in time, either. */
static enum cella_status read_all(int fd, const struct deadline *deadline,
				  const char *attribute, size_t max_len, struct out *out,
				  struct cella_error *err)
{
	const size_t start = out->len;
	uint8_t buffer[16384];

	for (;;) {
		const ssize_t got = read(fd, buffer, sizeof buffer);

		if (got < 0)
			return advise(err, use_advice, errno, "%s", attribute);
		if (got == 0)
			return out_status(out, err);
		if (deadline_left_ms(deadline) == 0)
			return advise(err, use_advice, EINTR, "%s", attribute);
		if ((size_t)got > max_len - (out->len - start))
			return error_set(err, CELLA_LIMIT, "%s: longer than %zu bytes",
					 attribute, max_len);
		out_bytes(out, buffer, (size_t)got);
		TRY(out_status(out, err));
	}
}

enum cella_status tsm_entry_read(const struct tsm_entry *entry, const char *attribute,
				 size_t max_len, struct out *out, struct cella_error *err)
{
	const int fd = open_attribute(entry, attribute, O_RDONLY);
	enum cella_status status;

	if (fd < 0)
		return advise(err, use_advice, errno, "%s", attribute);
	status = read_all(fd, entry->deadline, attribute, max_len, out, err);
	close(fd);
	return status;
}

/* The kernel takes in what was written when the file is closed, and cannot tell of it. */
enum cella_status tsm_entry_write(const struct tsm_entry *entry, const char *attribute,
				  struct cella_bytes bytes, struct cella_error *err)
{
	const int fd = open_attribute(entry, attribute, O_WRONLY);
	ssize_t put;
	int failure;

	if (fd < 0)
		return advise(err, use_advice, errno, "%s", attribute);
	put = write(fd, bytes.data, bytes.len);
	failure = errno;
	if (close(fd) != 0 && put >= 0) {
		failure = errno;
		put = -1;
	}
	if (put < 0)
		return advise(err, use_advice, failure, "%s", attribute);
	if ((size_t)put != bytes.len)
		return error_set(err, CELLA_IO, "%s: took %zd of %zu bytes", attribute,
				 put, bytes.len);
	return CELLA_OK;
}
