/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the guest's init does once all is set up: it answers its host, keeps what the
 * application writes, and waits for the application to end.
 */
#ifndef GUEST_SERVICE_H
#define GUEST_SERVICE_H

#include <sys/types.h>

#include "guest/channel.h"
#include "guest/policy.h"
#include "guest/ring.h"

enum { SERVICE_MAX_CLIENTS = 16 };

enum service_port {
	SERVICE_CONTROL,
	SERVICE_LOG,
	SERVICE_ATTEST,      /* for the host */
	SERVICE_APPLICATION, /* the same, for the application */
	SERVICE_NUM_PORTS,
};

/* A peer: a request that comes, or an answer that goes, or the log, which never ends. */
struct service_client {
	int fd; /* -1: none */
	enum service_port port;
	uint8_t request[GUEST_REQUEST_MAX];
	size_t request_len;
	struct out answer;
	size_t answered;
	bool is_answering;
	bool is_leaving; /* gets the log of now, and no more */
	uint64_t log_position;
	int64_t end_ms; /* by when a request is answered */
};

/* Answers "quote <hex>" of one of the two: appends evidence. */
typedef enum cella_status service_quote_fn(void *context, struct cella_bytes hex,
					   enum service_port asker, struct out *answer,
					   struct cella_error *err);

/* Does what "measure <text>" asks for. */
typedef enum cella_status service_measure_fn(void *context, struct cella_bytes text,
					     struct cella_error *err);

struct service {
	int listeners[SERVICE_NUM_PORTS]; /* -1: not open */
	int signals;                      /* signalfd: SIGCHLD, SIGTERM */
	int output;                       /* what the application writes, or -1 */
	pid_t application;
	enum guest_log log;
	service_quote_fn *quote;
	service_measure_fn *measure;
	void *context;            /* of these two */
	void (*stop)(int signal); /* sends it to all but the init */

	/* Its own. */
	struct service_client clients[SERVICE_MAX_CLIENTS];
	struct ring ring;
	int64_t kill_ms; /* 0: nobody asked to stop */
	bool has_ended;
	struct guest_end end;
};

/* service_init() makes all descriptors none; service_done() closes what is open. */
void service_init(struct service *service);
void service_done(struct service *service);

/* service_say() puts a line of the init's own into the log, where the policy has one. */
void service_say(struct service *service, const char *format, ...) PRINTF(2, 3);

/*
 * service_run() returns when the application has ended: by itself, or since the host asked
 * for it. Others, whom the init has inherited, are reaped.
 */
enum cella_status service_run(struct service *service, struct guest_end *out,
			      struct cella_error *err) MUST_CHECK;

#endif
