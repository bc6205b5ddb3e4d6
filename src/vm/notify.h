/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling a service manager how one is (sd_notify(3)): a datagram to the socket that it names.
 */
#ifndef VM_NOTIFY_H
#define VM_NOTIFY_H

#include "base/error.h"

/*
 * notify_send() sends a text, "READY=1" for instance, to a socket: a path, or '@' and an abstract
 * name. address may be NULL: nobody wants to know. CELLA_USAGE for another address.
 */
enum cella_status notify_send(const char *address, const char *text,
			      struct cella_error *err) MUST_CHECK;

#endif
