/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop: messages of the front-end, notifications of the driver, sockets, time. While it
 * works it does not want to be notified; before it waits it looks once more.
 */
#include "vm/vsock/backend.h"

#include "base/error.h"

#include <endian.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/socket.h>

enum {
	MAX_EVENTS = 64,
	MAX_ACCEPTS = 32,
	MAX_MESSAGES = 64,
	/*
	 * While one thing follows another within LIVELY_US it looks on for SPIN_US before it
	 * sleeps: to be woken takes longer where processors are virtual.
	 */
	SPIN_US = 50,
	LIVELY_US = 100,
};

/* Tags without generation: everything but connections. */
enum source {
	SOURCE_FRONT_LISTENER,
	SOURCE_FRONT,
	SOURCE_BASE,
	SOURCE_SIGNALS,
	SOURCE_KICK, /* and as many as there are rings */
	NUM_SOURCES = SOURCE_KICK + VHOST_MAX_RINGS,
};

static const struct {
	const char *code;
	int status;
} ends[] = {
	[END_FRONT_END_LEFT] = { "front-end-left", 0 },
	[END_STOPPED] = { "stopped", 0 },
	[END_SYSTEM] = { "system", 3 },
	[END_FRONT_END] = { "front-end-protocol", 4 },
	[END_GUEST_QUEUE] = { "guest-queue", 5 },
	[END_MEMORY_LOST] = { "memory-lost", 6 },
};
_Static_assert(ARRAY_LEN(ends) == NUM_ENDS, "each end has a row");

const char *backend_end_code(enum backend_end end)
{
	return ends[end].code;
}

int backend_end_status(enum backend_end end)
{
	return ends[end].status;
}

/* The first reason is the one. */
static void finish(struct backend *backend, enum backend_end end)
{
	if (!backend->is_done)
		backend->end = end;
	backend->is_done = true;
}

static void fail_with(struct backend *backend, enum backend_end end, const char *what)
{
	if (!backend->is_done)
		error_set(&backend->why, CELLA_IO, "%s", what);
	finish(backend, end);
}

static void watch(struct backend *backend, int fd, uint32_t source, uint32_t events,
		  int op)
{
	struct epoll_event event = { .events = events, .data.u64 = source };

	if (epoll_ctl(backend->epoll, op, fd, &event) == 0)
		return;
	if (!backend->is_done)
		error_errno(&backend->why, errno, "a descriptor cannot be waited for");
	finish(backend, source >= SOURCE_KICK ? END_FRONT_END : END_SYSTEM);
}

/* --- the driver ---------------------------------------------------------------------- */

/*
 * Before descriptors are closed: as long as the front-end has them, too, epoll would go on
 * telling of those which this process no longer has.
 */
static void unwatch_kicks(struct backend *backend)
{
	for (unsigned i = 0; i < VHOST_MAX_RINGS; i++) {
		if (backend->has_kick[i])
			epoll_ctl(backend->epoll, EPOLL_CTL_DEL,
				  backend->vhost.rings[i].kick, NULL);
		backend->has_kick[i] = false;
	}
}

static void watch_kicks(struct backend *backend)
{
	for (unsigned i = 0; i < VHOST_MAX_RINGS; i++) {
		const int kick = backend->vhost.rings[i].kick;

		if (kick < 0)
			continue;
		watch(backend, kick, SOURCE_KICK + i, EPOLLIN, EPOLL_CTL_ADD);
		backend->has_kick[i] = true;
	}
}

/* The device works while both of its queues do. */
static void start_or_stop(struct backend *backend)
{
	struct vhost *const v = &backend->vhost;
	const bool runs = vhost_is_running(v, QUEUE_RX) && vhost_is_running(v, QUEUE_TX);

	if (runs && !backend->has_driver)
		device_start(&backend->device, &v->memory, &v->rings[QUEUE_RX].ring,
			     &v->rings[QUEUE_TX].ring);
	else if (!runs && backend->has_driver)
		device_stop(&backend->device);
	backend->has_driver = runs;
	backend->had_driver |= runs;
}

static void on_kick(struct backend *backend, unsigned ring)
{
	uint64_t times;
	ssize_t got;

	if (!backend->has_kick[ring])
		return;
	got = read(backend->vhost.rings[ring].kick, &times, sizeof times);
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		fail_with(backend, END_FRONT_END,
			  "what should notify of a ring cannot be read");
}

static void interrupt(struct backend *backend, unsigned ring)
{
	struct vhost_ring *const r = &backend->vhost.rings[ring];
	const uint64_t one = 1;

	if (!ring_publish(&r->ring) || r->call < 0)
		return;
	/* It is full already, or nobody listens: nothing to be done here. */
	if (write(r->call, &one, sizeof one) < 0)
		return;
}

/* --- the front-end ------------------------------------------------------------------- */

static enum cella_status handle_message(struct backend *backend, struct cella_error *err)
{
	struct channel *const channel = &backend->channel;
	struct vhost_answer answer;
	enum cella_status status;

	unwatch_kicks(backend);
	status = vhost_handle(&backend->vhost, &channel->message, &answer, err);
	watch_kicks(backend);
	TRY(status);
	start_or_stop(backend);
	if (answer.is_due)
		TRY(channel_answer(channel, &answer, err));
	channel_next(channel);
	return CELLA_OK;
}

static enum cella_status read_messages(struct backend *backend, struct cella_error *err)
{
	enum channel_state state = CHANNEL_WAITS;

	for (unsigned i = 0; i < MAX_MESSAGES && !backend->is_done; i++) {
		TRY(channel_read(&backend->channel, &state, err));
		if (state == CHANNEL_WAITS)
			return CELLA_OK;
		if (state == CHANNEL_ENDED) {
			error_set(&backend->why, CELLA_OK,
				  "the front-end closed its connection");
			finish(backend, END_FRONT_END_LEFT);
			return CELLA_OK;
		}
		TRY(handle_message(backend, err));
	}
	return CELLA_OK;
}

static void on_front(struct backend *backend)
{
	struct cella_error err = { 0 };

	if (read_messages(backend, &err) == CELLA_OK)
		return;
	if (!backend->is_done)
		backend->why = err;
	finish(backend, END_FRONT_END);
}

/* There is one front-end in a life: whoever comes later is not listened to. */
static void on_front_listener(struct backend *backend)
{
	const int fd = accept4(backend->front_listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	epoll_ctl(backend->epoll, EPOLL_CTL_DEL, backend->front_listener, NULL);
	close(backend->front_listener);
	backend->front_listener = -1;
	channel_init(&backend->channel, fd);
	watch(backend, fd, SOURCE_FRONT, EPOLLIN, EPOLL_CTL_ADD);
}

/* --- programs of the host ------------------------------------------------------------ */

static void on_base(struct backend *backend)
{
	for (unsigned i = 0; i < MAX_ACCEPTS && device_takes_programs(&backend->device);
	     i++) {
		const int fd = accept4(backend->base_listener, NULL, NULL,
				       SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return;
		device_adopt(&backend->device, fd);
	}
}

/* While too many have not said what they want, the others wait in the listener's queue. */
static void listen_or_not(struct backend *backend)
{
	const bool takes = device_takes_programs(&backend->device);

	if (takes == backend->takes_programs)
		return;
	backend->takes_programs = takes;
	watch(backend, backend->base_listener, SOURCE_BASE, takes ? EPOLLIN : 0,
	      EPOLL_CTL_MOD);
}

/* --- the loop ------------------------------------------------------------------------ */

static void dispatch(struct backend *backend, const struct epoll_event *event)
{
	const uint64_t tag = event->data.u64;

	if (tag >= NUM_SOURCES) {
		device_event(&backend->device, tag, event->events);
		return;
	}
	switch ((enum source)tag) {
	case SOURCE_FRONT_LISTENER:
		on_front_listener(backend);
		return;
	case SOURCE_FRONT:
		on_front(backend);
		return;
	case SOURCE_BASE:
		on_base(backend);
		return;
	case SOURCE_SIGNALS:
		fail_with(backend, END_STOPPED, "a signal came");
		return;
	case SOURCE_KICK:
	case NUM_SOURCES:
		break;
	}
	on_kick(backend, (unsigned)tag - SOURCE_KICK);
}

static void check_queue(struct backend *backend, unsigned ring)
{
	const char *const broken = backend->vhost.rings[ring].ring.broken;

	if (broken == NULL)
		return;
	if (!backend->is_done)
		error_set(&backend->why, CELLA_MALFORMED, "queue %u: %s", ring, broken);
	finish(backend, END_GUEST_QUEUE);
}

/* Moves what can be moved. True when there is more. */
static bool move(struct backend *backend)
{
	bool more;

	if (!backend->has_driver)
		return false;
	more = device_from_guest(&backend->device);
	interrupt(backend, QUEUE_TX);
	more |= device_to_guest(&backend->device);
	interrupt(backend, QUEUE_RX);
	check_queue(backend, QUEUE_RX);
	check_queue(backend, QUEUE_TX);
	return more;
}

static void set_quiet(struct backend *backend, bool quiet)
{
	if (!backend->has_driver)
		return;
	ring_quiet(backend->device.tx, quiet);
	/* Buffers are of interest only when there is something to put into them. */
	ring_quiet(backend->device.rx, quiet || !device_has_packets(&backend->device));
}

/* What has come since it was last looked at, unnoticed. */
static bool has_more(struct backend *backend)
{
	struct device *const d = &backend->device;

	return backend->has_driver &&
	       (ring_available(d->tx) > 0 ||
		(device_has_packets(d) && ring_available(d->rx) > 0));
}

static int wait_ms(struct backend *backend, bool more)
{
	if (more)
		return 0;
	set_quiet(backend, false);
	if (has_more(backend))
		return 0;
	return device_wait_ms(&backend->device);
}

static int64_t now_us(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Whoever else wants the processor has it meanwhile. The driver is not asked to notify yet. */
static int look_on(struct backend *backend, struct epoll_event *events, int64_t until)
{
	int num = 0;

	while (num == 0 && !has_more(backend) && now_us() < until) {
		sched_yield();
		num = epoll_wait(backend->epoll, events, MAX_EVENTS, 0);
	}
	return num;
}

static int await_events(struct backend *backend, struct epoll_event *events, bool more)
{
	const int64_t start = now_us();
	int num = 0;

	if (!more && backend->is_lively)
		num = look_on(backend, events, start + SPIN_US);
	if (num == 0)
		num = epoll_wait(backend->epoll, events, MAX_EVENTS,
				 wait_ms(backend, more));
	backend->is_lively = now_us() - start < LIVELY_US;
	return num;
}

enum backend_end backend_run(struct backend *backend)
{
	struct epoll_event events[MAX_EVENTS];
	bool more = false;

	while (!backend->is_done) {
		const int num = await_events(backend, events, more);

		if (num < 0 && errno != EINTR) {
			error_errno(&backend->why, errno, "waiting");
			finish(backend, END_SYSTEM);
		}
		set_quiet(backend, true);
		device_tick(&backend->device);
		for (int i = 0; i < num && !backend->is_done; i++)
			dispatch(backend, &events[i]);
		if (!backend->is_done)
			more = move(backend);
		if (!backend->is_done)
			listen_or_not(backend);
	}
	return backend->end;
}

/* --- its life ------------------------------------------------------------------------ */

static bool is_listening(int fd)
{
	int yes = 0;
	socklen_t len = sizeof yes;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &len) == 0 && yes != 0;
}

enum cella_status backend_init(struct backend *backend,
			       const struct device_config *config,
			       const struct backend_fds *fds, struct cella_error *err)
{
	const uint64_t cid = htole64(config->cid);
	uint8_t space[VHOST_CONFIG_LEN];

	memset(backend, 0, sizeof *backend);
	memcpy(space, &cid, sizeof space);
	vhost_init(&backend->vhost, space);
	channel_init(&backend->channel, -1);
	backend->front_listener = -1;
	backend->base_listener = fds->base;
	backend->signals = fds->signals;
	backend->takes_programs = true;
	backend->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (backend->epoll < 0)
		return error_errno(err, errno, "epoll");
	TRY(device_init(&backend->device, config, backend->epoll, err));
	if (is_listening(fds->front)) {
		backend->front_listener = fds->front;
		watch(backend, fds->front, SOURCE_FRONT_LISTENER, EPOLLIN, EPOLL_CTL_ADD);
	} else {
		channel_init(&backend->channel, fds->front);
		watch(backend, fds->front, SOURCE_FRONT, EPOLLIN, EPOLL_CTL_ADD);
	}
	watch(backend, fds->base, SOURCE_BASE, EPOLLIN, EPOLL_CTL_ADD);
	if (fds->signals >= 0)
		watch(backend, fds->signals, SOURCE_SIGNALS, EPOLLIN, EPOLL_CTL_ADD);
	if (!backend->is_done)
		return CELLA_OK;
	if (err != NULL)
		*err = backend->why;
	return CELLA_IO;
}

void backend_done(struct backend *backend)
{
	device_done(&backend->device);
	channel_done(&backend->channel);
	vhost_done(&backend->vhost);
	if (backend->front_listener >= 0)
		close(backend->front_listener);
	close(backend->base_listener);
	if (backend->signals >= 0)
		close(backend->signals);
	close(backend->epoll);
}
