/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stand-ins: processes that behave as what a TDX guest meets, with faults on demand. Each
 * runs a command in a world where the thing exists, ends when the command has ended, and
 * takes over its exit status:
 *
 *	standin-tsm --mount DIR --platform DIR [--fault NAME[=NUMBER]]... -- COMMAND...
 *
 * so that they can be put one into another, and nothing is left behind.
 */
#ifndef STANDIN_STANDIN_H
#define STANDIN_STANDIN_H

#include <sys/types.h>

#include "base/bytes.h"
#include "crypto/crypto.h"
#include "evidence/sgx_report.h"

enum {
	STANDIN_SKIP = 77,  /* what is needed is not on this machine */
	STANDIN_WRONG = 70, /* the stand-in itself failed, or found something amiss */
	FAULTS_MAX = 8,
};

/* struct fault - a name, and how often or how much; -1 where no number was given. */
struct fault {
	const char *name;
	long number;
};

/* struct standin - the command line. */
struct standin {
	const char *platform;    /* of cella-sim */
	const char *place;       /* --mount, --listen, … */
	const char *other_place; /* the second of them */
	struct fault faults[FAULTS_MAX];
	size_t num_faults;
	char **command;
};

/*
 * standin_parse() reads the command line; place and other name the options for those two,
 * or are NULL. It ends the process where that is not understood.
 */
void standin_parse(int argc, char **argv, const char *place, const char *other,
		   struct standin *out);

/* standin_fault() is the fault of that name, or NULL. */
struct fault *standin_fault(struct standin *standin, const char *name);

/* standin_strikes() is true as often as the fault's number says. */
bool standin_strikes(struct standin *standin, const char *name);

/* standin_number() is the fault's number, or -1 where it was not asked for. */
long standin_number(struct standin *standin, const char *name);

/* standin_start() starts the command; the child dies with its parent. */
pid_t standin_start(char **command);

/* standin_await() waits for a process and returns the exit status to pass on. */
int standin_await(pid_t pid);

/* standin_die() says what failed, with errno, and ends the process. */
void standin_die(const char *what) __attribute__((noreturn));

/*
 * standin_serve() listens where --listen says, "unix:PATH" or "tcp", answers connections in
 * another process and runs the command, which finds the address in a variable of its
 * environment. It returns the command's exit status. The fault "deaf": nothing is accepted.
 */
int standin_serve(struct standin *standin, const char *variable, void (*answer)(int fd));

/* standin_send() sends; where it drips, a byte now and then. */
void standin_send(int fd, struct cella_bytes bytes, bool drips);

/* standin_quote() has the platform quote a report, standin_quote_data() report data. */
enum cella_status standin_quote(const struct standin *standin, struct cella_bytes report,
				struct out *out, struct cella_error *err) MUST_CHECK;
enum cella_status standin_quote_data(const struct standin *standin,
				     const uint8_t report_data[REPORT_DATA_LEN],
				     struct out *out, struct cella_error *err) MUST_CHECK;

/* standin_extend() has the platform extend RTMR2 or RTMR3. */
enum cella_status standin_extend(const struct standin *standin, unsigned reg,
				 const uint8_t digest[SHA384_LEN],
				 struct cella_error *err) MUST_CHECK;

/* standin_report() has the platform make a report. */
enum cella_status standin_report(const struct standin *standin,
				 const uint8_t report_data[REPORT_DATA_LEN],
				 struct out *out, struct cella_error *err) MUST_CHECK;

#endif
