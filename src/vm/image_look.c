/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One look, and inotify.
 */
#include "vm/image_look.h"

#include "evidence/eif.h"
#include "guest/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EVENTS_LEN = 4096 };

/* --- looking ------------------------------------------------------------------------- */

static void PRINTF(3, 4)
	say(struct image_look *out, enum image_presence presence, const char *format, ...)
{
	va_list args;

	out->presence = presence;
	va_start(args, format);
	vsnprintf(out->text, sizeof out->text, format, args);
	va_end(args);
}

static void say_missing(struct image_look *out, size_t missing)
{
	const unsigned long long size = out->identity.size;

	if (size < EIF_HEADER_LEN)
		say(out, IMAGE_HALF, "has %llu bytes so far, not even its header", size);
	else
		say(out, IMAGE_HALF, "%zu of its %llu bytes are missing still", missing,
		    size + missing);
}

static void look_at_header(int fd, struct image_look *out)
{
	uint8_t header[EIF_HEADER_LEN];
	const ssize_t got = pread(fd, header, sizeof header, 0);
	struct cella_bytes start;
	size_t missing;

	if (got < 0) {
		say(out, IMAGE_ABSENT, "cannot be read: %s", strerror(errno));
		return;
	}
	start = bytes_of(header, (size_t)got);
	missing = eif_missing_of(start, out->identity.size);
	if (missing > 0)
		say_missing(out, missing);
	else if (!eif_is_one(start))
		say(out, IMAGE_OTHER, "is no enclave image");
	else
		say(out, IMAGE_WHOLE, "is there");
}

static void look_at(int fd, struct image_look *out)
{
	struct stat st;

	if (fstat(fd, &st) != 0) {
		say(out, IMAGE_ABSENT, "cannot be read: %s", strerror(errno));
		return;
	}
	out->identity = (struct image_identity){
		.device = st.st_dev,
		.inode = st.st_ino,
		.size = (uint64_t)st.st_size,
		.changed_s = st.st_mtim.tv_sec,
		.changed_ns = st.st_mtim.tv_nsec,
	};
	if (S_ISREG(st.st_mode))
		look_at_header(fd, out);
	else
		say(out, IMAGE_OTHER, "is no file");
}

void image_look(const char *path, struct image_look *out)
{
	int fd CLEANUP_CLOSE = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	*out = (struct image_look){ .presence = IMAGE_ABSENT };
	if (fd >= 0)
		look_at(fd, out);
	else if (errno == ENOENT || errno == ENOTDIR)
		say(out, IMAGE_ABSENT, "is not there");
	else
		say(out, IMAGE_ABSENT, "cannot be opened: %s", strerror(errno));
}

bool image_identity_equal(const struct image_identity *a, const struct image_identity *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->changed_s == b->changed_s && a->changed_ns == b->changed_ns;
}

/* --- being woken --------------------------------------------------------------------- */

/* Cuts the last part off; the root remains. */
static bool go_up(char *path)
{
	char *const slash = strrchr(path, '/');

	if (slash == NULL || path[1] == '\0')
		return false;
	slash[slash == path ? 1 : 0] = '\0';
	return true;
}

static int watch_folder(int fd, const char *folder)
{
	return inotify_add_watch(fd, folder,
				 IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE |
					 IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF |
					 IN_ONLYDIR);
}

void image_watch_set(struct image_watch *watch, const char *path)
{
	const int before = watch->id;

	if (watch->fd < 0)
		watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->fd < 0 || strlen(path) >= sizeof watch->folder)
		return;
	memcpy(watch->folder, path, strlen(path) + 1);
	watch->id = -1;
	/* The same folder keeps its number. */
	while (watch->id < 0 && go_up(watch->folder))
		watch->id = watch_folder(watch->fd, watch->folder);
	if (before >= 0 && before != watch->id)
		inotify_rm_watch(watch->fd, before);
}

void image_watch_drain(struct image_watch *watch)
{
	uint8_t events[EVENTS_LEN];
	ssize_t got;

	do
		got = read(watch->fd, events, sizeof events);
	while (got > 0 || (got < 0 && errno == EINTR));
}

void image_watch_done(struct image_watch *watch)
{
	io_close(&watch->fd);
	watch->id = -1;
}
