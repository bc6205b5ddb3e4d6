/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a static program must not have. libcrypto can load modules and look names up, and
 * the C library does both through shared objects of the system's, of just its own version.
 * Nothing here ever asks for either. So that nothing can, the linker puts these in the
 * place of what libcrypto would call (--wrap, see meson.build), and they refuse.
 *
 * What is left of that in the program is the C library's own way to character sets, which
 * only streams of wide characters take.
 */
#include "base/attr.h"

#include <dlfcn.h>
#include <netdb.h>
#include <stddef.h>

/* A function of ours under the name that the linker wants. */
#define STANDS_FOR(name) __asm__("__wrap_" #name)

void *no_dlopen(const char *file, int mode) STANDS_FOR(dlopen);
void *no_dlsym(void *handle, const char *name) STANDS_FOR(dlsym);
int no_dlclose(void *handle) STANDS_FOR(dlclose);
int no_dladdr(const void *address, Dl_info *info) STANDS_FOR(dladdr);
char *no_dlerror(void) STANDS_FOR(dlerror);
int no_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
		   struct addrinfo **out) STANDS_FOR(getaddrinfo);
void no_freeaddrinfo(struct addrinfo *list) STANDS_FOR(freeaddrinfo);
const char *no_gai_strerror(int code) STANDS_FOR(gai_strerror);
int no_getnameinfo(const struct sockaddr *address, socklen_t len, char *host,
		   socklen_t host_len, char *service, socklen_t service_len, int flags)
	STANDS_FOR(getnameinfo);
struct hostent *no_gethostbyname(const char *host) STANDS_FOR(gethostbyname);

void *no_dlopen(const char *file UNUSED, int mode UNUSED)
{
	return NULL;
}

void *no_dlsym(void *handle UNUSED, const char *name UNUSED)
{
	return NULL;
}

int no_dlclose(void *handle UNUSED)
{
	return -1;
}

int no_dladdr(const void *address UNUSED, Dl_info *info UNUSED)
{
	return 0;
}

char *no_dlerror(void)
{
	static char text[] = "this program loads nothing";

	return text;
}

int no_getaddrinfo(const char *host UNUSED, const char *service UNUSED,
		   const struct addrinfo *hints UNUSED, struct addrinfo **out UNUSED)
{
	return EAI_FAIL;
}

void no_freeaddrinfo(struct addrinfo *list UNUSED)
{
}

const char *no_gai_strerror(int code UNUSED)
{
	return "this program looks no names up";
}

int no_getnameinfo(const struct sockaddr *address UNUSED, socklen_t len UNUSED,
		   char *host UNUSED, socklen_t host_len UNUSED, char *service UNUSED,
		   socklen_t service_len UNUSED, int flags UNUSED)
{
	return EAI_FAIL;
}

struct hostent *no_gethostbyname(const char *host UNUSED)
{
	return NULL;
}
