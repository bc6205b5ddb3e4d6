/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files the sandbox can read: those of the system that everybody reads, found by
 * what name resolution, the loader and TLS libraries look for (Landlock; its numbers are
 * the same everywhere, and headers are often older than the kernel). What is missing here
 * is left out; symbolic links count for what they lead to.
 */
#include "fetch/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

enum {
	CREATE_VERSION = 1, /* asks for the interface's version instead */
	RULE_PATH_BENEATH = 1,
	VERSION_RENAME = 2, /* can also forbid to move files between folders */
	VERSION_TRUNCATE = 3,
};

/* Rights, as bits. Those of the first version are 0 to 12. */
enum {
	RIGHT_READ_FILE = 1 << 2,
	RIGHT_READ_FOLDER = 1 << 3,
	RIGHTS_FIRST = (1 << 13) - 1,
	RIGHT_RENAME = 1 << 13,
	RIGHT_TRUNCATE = 1 << 14,
};

struct ruleset {
	uint64_t forbidden; /* unless a rule allows it */
};

struct path_rule {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

static const char *const readable[] = {
	/* programs, libraries, certificates; Guix and NixOS have theirs elsewhere */
	"/usr",
	"/lib",
	"/lib64",
	"/nix/store",
	"/gnu/store",
	"/etc/ld.so.cache",
	"/etc/ssl",
	"/etc/pki",
	"/etc/ca-certificates",
	"/etc/crypto-policies",
	"/var/lib/ca-certificates",
	/* name resolution */
	"/etc/nsswitch.conf",
	"/etc/resolv.conf",
	"/etc/hosts",
	"/etc/host.conf",
	"/etc/gai.conf",
	"/etc/services",
	"/etc/protocols",
	"/etc/networks",
	"/etc/mdns.allow",
	"/etc/localtime",
	"/run/systemd/resolve",
	"/run/resolvconf",
	"/run/NetworkManager",
	"/run/nscd",
	"/var/lib/sss/mc",
	"/dev/null",
	"/dev/random",
	"/dev/urandom",
	"/sys/devices/system/cpu",
};

static void allow(int ruleset, const char *path)
{
	const int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0) {
		const struct path_rule rule = {
			.allowed = RIGHT_READ_FILE |
				   (S_ISDIR(st.st_mode) ? RIGHT_READ_FOLDER : 0),
			.fd = fd,
		};

		(void)syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule,
			      0);
	}
	close(fd);
}

void sandbox_limit_files(const struct sandbox_paths *paths)
{
	const long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);
	const struct ruleset ruleset = {
		.forbidden = RIGHTS_FIRST |
			     (version >= VERSION_RENAME ? RIGHT_RENAME : 0) |
			     (version >= VERSION_TRUNCATE ? RIGHT_TRUNCATE : 0),
	};
	int fd;

	if (version < 1)
		return;
	fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof ruleset, 0);
	if (fd < 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(readable); i++)
		allow(fd, readable[i]);
	for (size_t i = 0; i < paths->num_items; i++)
		allow(fd, paths->items[i]);
	(void)syscall(SYS_landlock_restrict_self, fd, 0);
	close(fd);
}
