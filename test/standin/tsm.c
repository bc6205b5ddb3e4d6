/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file system that behaves as configfs with its tsm/report: folders that are made get the
 * attributes of an entry; what is written to inblob is taken in when it is closed; reading
 * outblob makes a quote of the simulated platform.
 *
 *	standin-tsm --mount DIR --platform DIR [--fault NAME[=NUMBER]]... -- COMMAND...
 *
 * Faults: busy=N, in-use=N (EBUSY of outblob, of inblob; for ever without a number), races=N
 * (somebody else writes while outblob is read), lost=N (what is written is not taken in),
 * truncate=LENGTH, pad=LENGTH (of outblob), empty, garbage, swapped (another's report data),
 * errno=NUMBER (of outblob), hang=N (until interrupted), drip (a byte a second), provider (a foreign one), auxblob,
 * no-tsm, no-driver. An entry that is left at the end is amiss. The fault rtmrs adds
 * tsm/rtmrs (rtmrs.h), with the faults digest-lost=N and digest-races=N.
 */
#define FUSE_USE_VERSION 31

#include <fuse.h>

#include "rtmrs.h"
#include "standin.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	ENTRIES_MAX = 16,
	NAME_MAX_LEN = 100,
	BLOB_MAX = 2 << 20,
};

enum attribute { PROVIDER, GENERATION, INBLOB, OUTBLOB, AUXBLOB, NUM_ATTRIBUTES };

static const struct {
	const char *name;
	mode_t mode;
} attributes[NUM_ATTRIBUTES] = {
	[PROVIDER] = { "provider", 0444 }, [GENERATION] = { "generation", 0444 },
	[INBLOB] = { "inblob", 0200 },     [OUTBLOB] = { "outblob", 0444 },
	[AUXBLOB] = { "auxblob", 0444 },
};

struct entry {
	char name[NAME_MAX_LEN + 1]; /* "": not there */
	uint8_t inblob[REPORT_DATA_LEN];
	bool has_inblob;
	unsigned generation;
};

static struct standin standin;
static struct entry entries[ENTRIES_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* An open file: what is read was made at its first read, what is written comes in later. */
struct handle {
	struct out bytes;
	bool is_filled;
	bool is_written;
};

static const char *const folders[] = { "/", "/tsm", "/tsm/report" };

static bool is_folder(const char *path)
{
	const size_t num = standin_fault(&standin, "no-tsm") != NULL ? 1
								     : ARRAY_LEN(folders);

	for (size_t i = 0; i < num; i++)
		if (strcmp(path, folders[i]) == 0)
			return true;
	return false;
}

static struct entry *find_entry(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(entries); i++)
		if (strlen(entries[i].name) == len && len > 0 &&
		    memcmp(entries[i].name, name, len) == 0)
			return &entries[i];
	return NULL;
}

/* "/tsm/report/NAME[/ATTRIBUTE]": the entry, and the attribute's name or "". */
static struct entry *find(const char *path, const char **attribute)
{
	static const char prefix[] = "/tsm/report/";
	const char *name;
	size_t len;

	/* There is no path to an open file of an entry that is gone. */
	if (path == NULL || strncmp(path, prefix, strlen(prefix)) != 0)
		return NULL;
	name = path + strlen(prefix);
	len = strcspn(name, "/");
	*attribute = name[len] == '/' ? name + len + 1 : "";
	return find_entry(name, len);
}

static int find_attribute(const char *name)
{
	for (int i = 0; i < NUM_ATTRIBUTES; i++)
		if (strcmp(attributes[i].name, name) == 0 &&
		    (i != AUXBLOB || standin_fault(&standin, "auxblob") != NULL))
			return i;
	return -1;
}

/* --- file system --------------------------------------------------------------------- */

static int do_getattr(const char *path, struct stat *st,
		      struct fuse_file_info *info UNUSED)
{
	const char *name = "";
	int attribute;

	if (rtmrs_owns(&standin, path))
		return rtmrs_stat(path, st);
	*st = (struct stat){ .st_mode = S_IFDIR | 0755, .st_nlink = 2 };
	if (is_folder(path))
		return 0;
	if (find(path, &name) == NULL)
		return -ENOENT;
	if (*name == '\0')
		return 0;
	attribute = find_attribute(name);
	if (attribute < 0)
		return -ENOENT;
	st->st_mode = S_IFREG | attributes[attribute].mode;
	st->st_nlink = 1;
	return 0;
}

static int make_entry(const char *path)
{
	const char *const name = strrchr(path, '/') + 1;
	const char *attribute = "";

	if (standin_fault(&standin, "no-driver") != NULL)
		return -ENXIO;
	if (find(path, &attribute) != NULL)
		return -EEXIST;
	if (strncmp(path, "/tsm/report/", 12) != 0 || strlen(name) > NAME_MAX_LEN)
		return -EPERM;
	for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
		if (entries[i].name[0] == '\0') {
			entries[i] = (struct entry){ 0 };
			snprintf(entries[i].name, sizeof entries[i].name, "%s", name);
			return 0;
		}
	}
	return -ENOSPC;
}

static int do_mkdir(const char *path, mode_t mode UNUSED)
{
	int failure;

	pthread_mutex_lock(&lock);
	failure = rtmrs_owns(&standin, path) ? rtmrs_mkdir(path) : make_entry(path);
	pthread_mutex_unlock(&lock);
	return failure;
}

static int do_rmdir(const char *path)
{
	const char *attribute = "";
	struct entry *const entry = find(path, &attribute);

	if (rtmrs_owns(&standin, path))
		return rtmrs_rmdir(path);
	if (entry == NULL || *attribute != '\0')
		return -EPERM;
	entry->name[0] = '\0';
	return 0;
}

static int do_readdir(const char *path, void *buffer, fuse_fill_dir_t fill,
		      off_t offset UNUSED, struct fuse_file_info *info UNUSED,
		      enum fuse_readdir_flags flags UNUSED)
{
	const char *attribute = "";
	const char *name;

	if (rtmrs_owns(&standin, path)) {
		for (size_t i = 0; (name = rtmrs_name(path, i)) != NULL; i++)
			fill(buffer, name, NULL, 0, 0);
		return 0;
	}
	if (strcmp(path, "/tsm/report") == 0) {
		for (size_t i = 0; i < ARRAY_LEN(entries); i++)
			if (entries[i].name[0] != '\0')
				fill(buffer, entries[i].name, NULL, 0, 0);
		return 0;
	}
	if (find(path, &attribute) == NULL)
		return 0;
	for (int i = 0; i < NUM_ATTRIBUTES; i++)
		if (find_attribute(attributes[i].name) == i)
			fill(buffer, attributes[i].name, NULL, 0, 0);
	return 0;
}

static int do_open(const char *path, struct fuse_file_info *info)
{
	const char *name = "";
	struct stat st;

	if (rtmrs_owns(&standin, path)
		    ? rtmrs_stat(path, &st) != 0
		    : find(path, &name) == NULL || find_attribute(name) < 0)
		return -ENOENT;
	info->fh = (uint64_t)(uintptr_t)calloc(1, sizeof(struct handle));
	info->direct_io = 1;
	return info->fh != 0 ? 0 : -ENOMEM;
}

/* --- attributes ---------------------------------------------------------------------- */

/* Until somebody is tired of waiting, as the driver waits for the host. */
static int hang(void)
{
	while (!fuse_interrupted())
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	return -EINTR;
}

static int outblob_failure(void)
{
	if (standin_strikes(&standin, "busy"))
		return -EBUSY;
	if (standin_strikes(&standin, "hang"))
		return hang();
	if (standin_number(&standin, "errno") > 0)
		return -(int)standin_number(&standin, "errno");
	return 0;
}

static int make_outblob(struct entry *entry, struct out *out)
{
	uint8_t data[REPORT_DATA_LEN];
	struct cella_error err = { 0 };
	const int failure = outblob_failure();

	if (failure != 0)
		return failure;
	if (!entry->has_inblob)
		return -EINVAL;
	memcpy(data, entry->inblob, sizeof data);
	if (standin_fault(&standin, "swapped") != NULL)
		data[0] = (uint8_t)~data[0];
	if (standin_fault(&standin, "garbage") != NULL)
		out_text(out, "this is no quote at all");
	else if (standin_fault(&standin, "empty") == NULL &&
		 standin_quote_data(&standin, data, out, &err) != CELLA_OK)
		return -EIO;
	if (standin_number(&standin, "truncate") >= 0)
		out->len = (size_t)standin_number(&standin, "truncate");
	if (standin_number(&standin, "pad") >= 0)
		out_zeros(out, (size_t)standin_number(&standin, "pad"));
	if (standin_strikes(&standin, "races"))
		entry->generation++;
	return 0;
}

static int fill_handle(struct entry *entry, int attribute, struct out *out)
{
	switch ((enum attribute)attribute) {
	case PROVIDER:
		out_text(out, standin_fault(&standin, "provider") != NULL
				      ? "sev_guest\n"
				      : "tdx_guest\n");
		return 0;
	case GENERATION:
		out_format(out, "%u\n", entry->generation);
		return 0;
	case OUTBLOB:
		return make_outblob(entry, out);
	case AUXBLOB:
		out_text(out, "what belongs to the quote");
		return 0;
	case INBLOB:
	case NUM_ATTRIBUTES:
		break;
	}
	return -EACCES;
}

static int do_read(const char *path, char *buffer, size_t size, off_t offset,
		   struct fuse_file_info *info)
{
	struct handle *const handle = (struct handle *)(uintptr_t)info->fh;
	const char *name = "";
	struct entry *const entry = find(path, &name);
	size_t left;

	if (entry == NULL && !rtmrs_owns(&standin, path))
		return -ENODEV;
	if (!handle->is_filled) {
		int failure;

		pthread_mutex_lock(&lock);
		failure = entry != NULL ? fill_handle(entry, find_attribute(name),
						      &handle->bytes)
					: rtmrs_read(&standin, path, &handle->bytes);
		pthread_mutex_unlock(&lock);
		if (failure != 0)
			return failure;
		handle->is_filled = true;
	}
	left = (size_t)offset < handle->bytes.len ? handle->bytes.len - (size_t)offset
						  : 0;
	if (standin_fault(&standin, "drip") != NULL && strcmp(name, "outblob") == 0) {
		nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
		size = 1;
	}
	if (size > left)
		size = left;
	if (size > 0)
		memcpy(buffer, handle->bytes.data + offset, size);
	return (int)size;
}

static int write_rtmrs(const char *path, struct cella_bytes bytes)
{
	int failure;

	pthread_mutex_lock(&lock);
	failure = rtmrs_write(path, bytes);
	pthread_mutex_unlock(&lock);
	return failure != 0 ? failure : (int)bytes.len;
}

static bool ends_in(const char *path, const char *name)
{
	return strcmp(strrchr(path, '/') + 1, name) == 0;
}

static int do_write(const char *path, const char *bytes, size_t size, off_t offset,
		    struct fuse_file_info *info)
{
	struct handle *const handle = (struct handle *)(uintptr_t)info->fh;

	if (rtmrs_owns(&standin, path) && ends_in(path, "index"))
		return write_rtmrs(path, bytes_of(bytes, size));
	if ((size_t)offset != handle->bytes.len || handle->bytes.len + size > BLOB_MAX)
		return -EINVAL;
	if (standin_strikes(&standin, "in-use"))
		return -EBUSY;
	out_bytes(&handle->bytes, bytes, size);
	handle->is_written = true;
	return (int)size;
}

/* configfs takes binary attributes in here, and drops what its driver answers. */
static int do_flush(const char *path, struct fuse_file_info *info)
{
	struct handle *const handle = (struct handle *)(uintptr_t)info->fh;
	const char *name = "";
	struct entry *const entry = find(path, &name);

	if (!handle->is_written)
		return 0;
	handle->is_written = false;
	if (rtmrs_owns(&standin, path)) {
		pthread_mutex_lock(&lock);
		rtmrs_close(&standin, path, out_view(&handle->bytes));
		pthread_mutex_unlock(&lock);
		return 0;
	}
	if (entry == NULL)
		return 0;
	if (strcmp(name, "inblob") != 0 || handle->bytes.len != REPORT_DATA_LEN ||
	    standin_strikes(&standin, "lost"))
		return 0;
	memcpy(entry->inblob, handle->bytes.data, REPORT_DATA_LEN);
	entry->has_inblob = true;
	entry->generation++;
	return 0;
}

static int do_release(const char *path UNUSED, struct fuse_file_info *info)
{
	struct handle *const handle = (struct handle *)(uintptr_t)info->fh;

	out_done(&handle->bytes);
	free(handle);
	return 0;
}

static int do_truncate(const char *path UNUSED, off_t size UNUSED,
		       struct fuse_file_info *info UNUSED)
{
	return 0;
}

static void *do_init(struct fuse_conn_info *connection UNUSED, struct fuse_config *config)
{
	config->intr = 1;
	config->attr_timeout = config->entry_timeout = config->negative_timeout = 0;
	return NULL;
}

static const struct fuse_operations operations = {
	.init = do_init,
	.getattr = do_getattr,
	.mkdir = do_mkdir,
	.rmdir = do_rmdir,
	.readdir = do_readdir,
	.open = do_open,
	.read = do_read,
	.write = do_write,
	.flush = do_flush,
	.release = do_release,
	.truncate = do_truncate,
};

/* --- life ---------------------------------------------------------------------------- */

static int count_left(void)
{
	int num = 0;

	for (size_t i = 0; i < ARRAY_LEN(entries); i++)
		num += entries[i].name[0] != '\0';
	return num;
}

static void on_interrupt(int number UNUSED)
{
}

/* Serves until SIGTERM. Tells through the pipe when it is mounted. */
static int serve(int ready)
{
	char *argv[] = { (char *)"standin-tsm", NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	struct fuse *const fuse = fuse_new(&args, &operations, sizeof operations, NULL);

	if (fuse == NULL || fuse_mount(fuse, standin.place) != 0)
		return STANDIN_SKIP;
	/* With it the library wakes who is interrupted while it waits. */
	signal(SIGUSR1, on_interrupt);
	fuse_set_signal_handlers(fuse_get_session(fuse));
	if (write(ready, "", 1) != 1)
		return STANDIN_WRONG;
	fuse_loop_mt(fuse, 0);
	fuse_unmount(fuse);
	fuse_destroy(fuse);
	if (count_left() == 0)
		return 0;
	fprintf(stderr, "standin-tsm: %d entries are left\n", count_left());
	return STANDIN_WRONG;
}

static int start_serving(pid_t *out)
{
	int ends[2];
	char byte;
	pid_t pid;

	if (pipe(ends) != 0)
		standin_die("pipe");
	pid = fork();
	if (pid < 0)
		standin_die("fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		close(ends[0]);
		_exit(serve(ends[1]));
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1) {
		fputs("standin-tsm: no file system in user space here\n", stderr);
		return standin_await(pid);
	}
	close(ends[0]);
	*out = pid;
	return 0;
}

/* After a server that died. */
static void unmount(void)
{
	char *command[] = { (char *)"fusermount3", (char *)"-uz", (char *)standin.place,
			    NULL };

	standin_await(standin_start(command));
}

int main(int argc, char **argv)
{
	pid_t server = 0;
	int failure;
	int code;
	int end;

	standin_parse(argc, argv, "--mount", NULL, &standin);
	failure = start_serving(&server);
	if (failure != 0)
		return failure;
	code = standin_await(standin_start(standin.command));
	kill(server, SIGTERM);
	end = standin_await(server);
	if (end != 0 && end != STANDIN_WRONG)
		unmount();
	return end != 0 ? end : code;
}
