/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QEMU's control channel, of which two commands exist here. Others could read the guest's
 * memory: they are not spoken, and nobody else holds the channel.
 */
#ifndef VM_QMP_H
#define VM_QMP_H

#include "base/bytes.h"

enum { QMP_LINE_MAX = 64 << 10 };

enum qmp_command {
	QMP_CAPABILITIES, /* the first, once QEMU has greeted */
	QMP_QUERY_STATUS,
	QMP_QUIT,
	QMP_NUM_COMMANDS,
};

enum qmp_event {
	QMP_EVENT_NONE, /* another answer, or an event that means nothing here */
	QMP_EVENT_GREETING,
	QMP_EVENT_RUNNING,   /* of query-status */
	QMP_EVENT_STOPPED,   /* of query-status: any other state */
	QMP_EVENT_PANICKED,  /* the guest's kernel */
	QMP_EVENT_SHUTDOWN,  /* the guest has ended, or been reset */
	QMP_EVENT_SUSPENDED, /* the guest sleeps; on waking its TPM would begin anew */
};

/* qmp_command() is the line of a command. */
const char *qmp_command(enum qmp_command command);

/* qmp_read() tells what a line of QEMU's means, without its end. CELLA_MALFORMED when it is not QMP. */
enum cella_status qmp_read(struct cella_bytes text, enum qmp_event *out,
			   struct cella_error *err) MUST_CHECK;

#endif
