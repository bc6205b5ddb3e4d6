/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A module of name resolution, as nsswitch.conf may name any: "standin" knows one host,
 * and may run a program on the way.
 */
#include <errno.h>
#include <netdb.h>
#include <nss.h>
#include <pthread.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

__attribute__((visibility("default"))) enum nss_status
_nss_standin_gethostbyname2_r(const char *name, int family, struct hostent *out,
			      char *buffer, size_t len, int *error, int *host_error);

/* What the answer consists of, in the caller's buffer. */
struct answer {
	struct in_addr address;
	char *addresses[2];
	char *aliases[1];
	char name[64];
};

static void *do_nothing(void *context)
{
	return context;
}

/* Some modules have threads, and some start helpers. */
static void work(void)
{
	char name[] = "true";
	char *const argv[] = { name, NULL };
	pthread_t thread;

	if (pthread_create(&thread, NULL, do_nothing, NULL) == 0)
		pthread_join(thread, NULL);
	if (getenv("NSS_STANDIN_RUNS") != NULL)
		(void)posix_spawn(NULL, "/bin/true", NULL, NULL, argv, NULL);
}

enum nss_status _nss_standin_gethostbyname2_r(const char *name, int family,
					      struct hostent *out, char *buffer,
					      size_t len, int *error, int *host_error)
{
	const size_t skip = (sizeof(void *) - (size_t)buffer % sizeof(void *)) %
			    sizeof(void *);
	struct answer *const answer = (struct answer *)(void *)(buffer + skip);

	if (strcmp(name, "pccs.standin") != 0 || family != AF_INET) {
		*error = ENOENT;
		*host_error = HOST_NOT_FOUND;
		return NSS_STATUS_NOTFOUND;
	}
	if (len < skip + sizeof *answer) {
		*error = ERANGE;
		return NSS_STATUS_TRYAGAIN;
	}
	work();
	*answer = (struct answer){ .name = "pccs.standin" };
	answer->address.s_addr = htonl(INADDR_LOOPBACK);
	answer->addresses[0] = (char *)&answer->address;
	*out = (struct hostent){
		.h_name = answer->name,
		.h_aliases = answer->aliases,
		.h_addrtype = AF_INET,
		.h_length = sizeof answer->address,
		.h_addr_list = answer->addresses,
	};
	return NSS_STATUS_SUCCESS;
}
