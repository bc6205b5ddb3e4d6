/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella-unpack FORM OFFSET LENGTH < FILE: see unpack.h. The archive is a part of FILE, which
 * is read by position.
 */
#include "vm/unpack.h"

#include "base/close.h"
#include "base/number.h"
#include "vm/kernel_file.h"
#include "vm/unpack_sandbox.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 3, EXIT_BAD_USAGE = 2, CPU_SECONDS = 900 };

/* The part of the file that is the archive. */
struct input {
	uint64_t at;
	uint64_t end;
	uint8_t buffer[65536];
};

static la_ssize_t input_read(struct archive *archive, void *context, const void **data)
{
	struct input *const input = context;
	const uint64_t left = input->end - input->at;
	const size_t len = left < sizeof input->buffer ? (size_t)left
						       : sizeof input->buffer;
	ssize_t got;

	do {
		got = pread(STDIN_FILENO, input->buffer, len, (off_t)input->at);
	} while (got < 0 && errno == EINTR);
	if (got < 0) {
		archive_set_error(archive, errno, "cannot be read");
		return -1;
	}
	input->at += (uint64_t)got;
	*data = input->buffer;
	return got;
}

/* --- telling ------------------------------------------------------------------------- */

static void put(const void *data, size_t len)
{
	if (fwrite(data, 1, len, stdout) != len)
		_exit(EXIT_FAILED); /* nobody listens any more */
}

static void put_record(enum unpack_kind kind, bool executable, const char *path,
		       const char *target, uint64_t size)
{
	struct out header CLEANUP(out_done) = { 0 };

	out_u8(&header, (uint8_t)kind);
	out_u8(&header, executable);
	out_u32le(&header, (uint32_t)strlen(path));
	out_u32le(&header, (uint32_t)strlen(target));
	out_u64le(&header, size);
	if (header.failed)
		_exit(EXIT_FAILED);
	put(header.data, header.len);
	put(path, strlen(path));
	put(target, strlen(target));
}

/* Whoever listens has the reason; the exit status is for those who do not. */
static _Noreturn void give_up(const char *text)
{
	char shown[UNPACK_TEXT_MAX];

	snprintf(shown, sizeof shown, "%s", text != NULL ? text : "is broken");
	put_record(UNPACK_FAILED, false, shown, "", 0);
	fflush(stdout);
	_exit(EXIT_DONE);
}

static enum unpack_kind kind_of(struct archive_entry *entry)
{
	if (archive_entry_hardlink(entry) != NULL)
		return UNPACK_SAME;
	switch (archive_entry_filetype(entry)) {
	case 0: /* ar without the bits of a type */
	case AE_IFREG:
		return UNPACK_FILE;
	case AE_IFDIR:
		return UNPACK_DIRECTORY;
	case AE_IFLNK:
		return UNPACK_LINK;
	default:
		return UNPACK_OTHER;
	}
}

/* Exactly size bytes, whatever the archive has: less is broken, more is not told. */
static void put_contents(struct archive *archive, uint64_t size)
{
	static uint8_t buffer[65536];

	while (size > 0) {
		const size_t wanted = size < sizeof buffer ? (size_t)size : sizeof buffer;
		const la_ssize_t got = archive_read_data(archive, buffer, wanted);

		if (got <= 0)
			_exit(EXIT_FAILED); /* the listener waits for contents */
		put(buffer, (size_t)got);
		size -= (uint64_t)got;
	}
}

/* What makes an entry one that cannot be told; NULL when it can. */
static const char *find_fault(const char *path, const char *target, int64_t size)
{
	if (path == NULL || target == NULL)
		return "a name that is no UTF-8";
	if (strlen(path) >= UNPACK_TEXT_MAX || strlen(target) >= UNPACK_TEXT_MAX)
		return "a name that is too long";
	if (size < 0 || (uint64_t)size > ROOTFS_MAX_LEN)
		return "a file that is too large";
	return NULL;
}

static void put_entry(struct archive *archive, struct archive_entry *entry)
{
	const enum unpack_kind kind = kind_of(entry);
	const char *const path = archive_entry_pathname(entry);
	const char *const target = kind == UNPACK_SAME   ? archive_entry_hardlink(entry)
				   : kind == UNPACK_LINK ? archive_entry_symlink(entry)
							 : "";
	const int64_t size = kind == UNPACK_FILE ? archive_entry_size(entry) : 0;
	const char *const fault = find_fault(path, target, size);

	if (fault != NULL)
		give_up(fault);
	put_record(kind, (archive_entry_perm(entry) & 0111) != 0, path, target,
		   (uint64_t)size);
	put_contents(archive, (uint64_t)size);
}

/* One compressed file, a module: its size is known once it is read. */
static void put_raw(struct archive *archive)
{
	struct out contents CLEANUP(out_done) = { 0 };
	uint8_t buffer[65536];
	la_ssize_t got;

	while ((got = archive_read_data(archive, buffer, sizeof buffer)) > 0) {
		out_bytes(&contents, buffer, (size_t)got);
		if (contents.failed || contents.len > MODULE_MAX_LEN)
			give_up("a file that is too large");
	}
	if (got < 0)
		give_up(archive_error_string(archive));
	put_record(UNPACK_FILE, false, "data", "", contents.len);
	put(contents.data, contents.len);
}

static void put_all(struct archive *archive, bool is_raw)
{
	struct archive_entry *entry = NULL;

	for (;;) {
		const int status = archive_read_next_header(archive, &entry);

		if (status == ARCHIVE_EOF)
			break;
		if (status != ARCHIVE_OK)
			give_up(archive_error_string(archive));
		if (is_raw)
			put_raw(archive);
		else
			put_entry(archive, entry);
	}
	put_record(UNPACK_END, false, "", "", 0);
}

/* --- setting up ---------------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*support)(struct archive *archive);
} forms[] = {
	{ UNPACK_TAR, archive_read_support_format_tar },
	{ UNPACK_AR, archive_read_support_format_ar },
	{ UNPACK_RAW, archive_read_support_format_raw },
};

/* No filter that would run a program. */
static struct archive *archive_for(const char *form)
{
	struct archive *const archive = archive_read_new();

	if (archive == NULL || archive_read_support_filter_gzip(archive) != ARCHIVE_OK ||
	    archive_read_support_filter_xz(archive) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(archive) != ARCHIVE_OK)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		if (strcmp(forms[i].name, form) == 0)
			return forms[i].support(archive) == ARCHIVE_OK ? archive : NULL;
	return NULL;
}

static void limit(void)
{
	const struct rlimit none = { 0, 0 };
	const struct rlimit seconds = { CPU_SECONDS, CPU_SECONDS };

	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_CPU, &seconds);
}

int main(int argc, char **argv)
{
	static struct input input;
	struct archive *archive;
	uint64_t len = 0;

	if (argc != 4 ||
	    number_read(argv[2], INT64_MAX / 2, &input.at, "offset", NULL) != CELLA_OK ||
	    number_read(argv[3], INT64_MAX / 2, &len, "length", NULL) != CELLA_OK)
		return EXIT_BAD_USAGE;
	input.end = input.at + len;
	setlocale(LC_CTYPE, "C.UTF-8"); /* names are bytes as they are */
	archive = archive_for(argv[1]);
	if (archive == NULL)
		return EXIT_BAD_USAGE;
	close_from(STDERR_FILENO + 1); /* what a shell may have left open */
	limit();
	if (!sandbox_enter())
		return EXIT_FAILED;
	if (archive_read_open(archive, &input, NULL, input_read, NULL) != ARCHIVE_OK)
		give_up(archive_error_string(archive));
	put_all(archive, strcmp(argv[1], UNPACK_RAW) == 0);
	if (fflush(stdout) != 0)
		_exit(EXIT_FAILED);
	/* What is allocated ends with the process; so does what a sanitizer would ask for. */
	_exit(EXIT_DONE);
}
