/* SPDX-License-Identifier: Apache-2.0 */
#include "tdx_guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cella/evidence.h>

#define TDX_GUEST_DEVICE "/dev/tdx_guest"
#define TSM_REPORT_DIR "/sys/kernel/config/tsm/report"

/* Both interfaces answer EBUSY while another request is under way. */
enum { MAX_TRIES = 5, BUSY_PAUSE_S = 2 };

/* True, perhaps after a pause, when what just failed may succeed the next time. */
static bool try_again(int *num_tries)
{
	if ((errno != EBUSY && errno != EINTR) || ++*num_tries == MAX_TRIES)
		return false;
	if (errno == EBUSY)
		sleep(BUSY_PAUSE_S);
	return true;
}

/* --- TD reports ---------------------------------------------------------------------- */

/* linux/tdx-guest.h has both; headers of older kernels lack them. */
struct report_request {
	uint8_t report_data[64];
	uint8_t td_report[1024];
};
#define GET_REPORT0 _IOWR('T', 1, struct report_request)
_Static_assert(GET_REPORT0 == 0xc4405401, "the kernel's number");

static bool get_report(int fd, struct report_request *request)
{
	int num_tries = 0;

	while (ioctl(fd, GET_REPORT0, request) != 0)
		if (!try_again(&num_tries))
			return fails(TDX_GUEST_DEVICE ": TDX_CMD_GET_REPORT0", NULL);
	return true;
}

bool tdx_report(const uint8_t report_data[64], struct buffer *out)
{
	struct report_request request = { 0 };
	const int fd = open(TDX_GUEST_DEVICE, O_RDWR | O_CLOEXEC);
	uint8_t *copy;
	bool done;

	if (fd < 0) {
		const int failure = errno;

		fails(TDX_GUEST_DEVICE, NULL);
		say(failure == EACCES ? "only root may use it: try sudo"
				      : "this is no TDX guest, or its kernel lacks the "
					"driver tdx_guest");
		return false;
	}
	memcpy(request.report_data, report_data, sizeof request.report_data);
	done = get_report(fd, &request);
	close(fd);
	if (!done)
		return false;
	copy = malloc(sizeof request.td_report);
	if (copy == NULL)
		return fails("TD report", NULL);
	memcpy(copy, request.td_report, sizeof request.td_report);
	*out = (struct buffer){ copy, sizeof request.td_report };
	return true;
}

/* --- quotes -------------------------------------------------------------------------- */

/* One attribute of an entry: a file that the kernel makes with the entry's folder. */
struct entry {
	char path[sizeof TSM_REPORT_DIR + 32];
};

static int open_attribute(const struct entry *entry, const char *name, int flags)
{
	char path[sizeof entry->path + 16];

	snprintf(path, sizeof path, "%s/%s", entry->path, name);
	return open(path, flags | O_CLOEXEC);
}

static bool read_attribute(const struct entry *entry, const char *name, char *text,
			   size_t size)
{
	const int fd = open_attribute(entry, name, O_RDONLY);
	ssize_t len;

	if (fd < 0)
		return fails(name, NULL);
	len = read(fd, text, size - 1);
	close(fd);
	if (len < 0)
		return fails(name, NULL);
	text[len] = '\0';
	return true;
}

/* The counter of writes to an entry. */
static bool read_generation(const struct entry *entry, unsigned long *out)
{
	char text[32];

	if (!read_attribute(entry, "generation", text, sizeof text))
		return false;
	*out = strtoul(text, NULL, 10);
	return true;
}

/* Other kinds of guests have the same interface. */
static bool check_provider(const struct entry *entry)
{
	char provider[64];

	if (!read_attribute(entry, "provider", provider, sizeof provider))
		return false;
	provider[strcspn(provider, "\n")] = '\0';
	if (strcmp(provider, "tdx_guest") == 0)
		return true;
	say("provider: expected tdx_guest, found %s", provider);
	return false;
}

/* All 64 bytes at once, or the kernel refuses them. */
static bool write_inblob(const struct entry *entry, const uint8_t report_data[64])
{
	const int fd = open_attribute(entry, "inblob", O_WRONLY);
	ssize_t put;
	int failure;

	if (fd < 0)
		return false;
	put = write(fd, report_data, 64);
	failure = put < 0 ? errno : EIO;
	close(fd);
	errno = failure;
	return put == 64;
}

/* The first read has the quote made; its length only the end tells. */
static bool read_outblob(const struct entry *entry, struct buffer *out)
{
	const int fd = open_attribute(entry, "outblob", O_RDONLY);
	bool done;
	int failure;

	if (fd < 0)
		return false;
	done = read_to_end(fd, CELLA_EVIDENCE_MAX, out);
	failure = errno;
	close(fd);
	errno = failure;
	return done;
}

static bool put_report_data(const struct entry *entry, const uint8_t report_data[64])
{
	int num_tries = 0;

	while (!write_inblob(entry, report_data))
		if (!try_again(&num_tries))
			return fails("configfs-tsm: inblob", NULL);
	return true;
}

static bool get_quote(const struct entry *entry, struct buffer *out)
{
	int num_tries = 0;

	while (!read_outblob(entry, out))
		if (!try_again(&num_tries)) {
			fails("configfs-tsm: outblob", NULL);
			say("the host's quote generation service may be down, or not "
			    "configured for this guest");
			return false;
		}
	return true;
}

/*
 * The counter says whether the quote answers our write: somebody else may have written to
 * the entry in between.
 */
static bool request_quote(const struct entry *entry, const uint8_t report_data[64],
			  struct buffer *out)
{
	for (int i = 0; i < MAX_TRIES; i++) {
		BUFFER quote = { NULL, 0 };
		unsigned long before = 0;
		unsigned long after = 0;

		if (!read_generation(entry, &before) ||
		    !put_report_data(entry, report_data) || !get_quote(entry, &quote) ||
		    !read_generation(entry, &after))
			return false;
		if (after == before + 1) {
			*out = quote;
			quote = (struct buffer){ NULL, 0 };
			return true;
		}
	}
	say("configfs-tsm: somebody else keeps writing to %s", entry->path);
	return false;
}

static bool make_entry(struct entry *entry)
{
	int failure;

	snprintf(entry->path, sizeof entry->path, "%s/cella-%ld", TSM_REPORT_DIR,
		 (long)getpid());
	if (mkdir(entry->path, 0700) == 0)
		return true;
	failure = errno;
	fails(entry->path, NULL);
	if (access(TSM_REPORT_DIR, F_OK) != 0)
		say("there is no configfs-tsm: this is no confidential guest, configfs is "
		    "not mounted, or the kernel is older than 6.7");
	else if (failure == EACCES)
		say("only root may use it: try sudo");
	return false;
}

bool tdx_quote(const uint8_t report_data[64], struct buffer *out)
{
	struct entry entry;
	bool done;

	if (!make_entry(&entry))
		return false;
	done = check_provider(&entry) && request_quote(&entry, report_data, out);
	if (rmdir(entry.path) != 0)
		fails(entry.path, NULL);
	return done;
}
