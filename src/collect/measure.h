/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measuring applications: an event in the log file and the register extended by its digest,
 * both or neither.
 */
#ifndef COLLECT_MEASURE_H
#define COLLECT_MEASURE_H

#include "collect/rtmr.h"
#include "evidence/aael.h"

/* struct measuring - a log file that is locked while registers are extended. */
struct measuring {
	struct rtmr_place place;
	bool is_enclave;  /* whose init keeps the log; the rest is of TDs */
	const char *path; /* of the log file */
	int fd;
	size_t end;      /* behind the last event */
	const char *how; /* the register was extended last */
	/* The register holds what the log does not tell: somebody else extends it, too. */
	bool is_out_of_step;
	/* The log was begun just now, and without the firmware's. */
	bool lacks_firmware_log;
};

/*
 * Inside of an Enclave VM the register is PCR14, and there is no file: its init extends it and
 * keeps the log, which comes with evidence.
 *
 * measuring_start() opens and locks the log file. One that does not exist yet begins with
 * the firmware's log, where that can be read, or else with an empty one. It fails when the
 * file is not a TD's event log.
 */
enum cella_status measuring_start(const struct rtmr_place *place, const char *path,
				  struct measuring *out,
				  struct cella_error *err) MUST_CHECK;
void measuring_done(struct measuring *measuring);

/* measuring_register() is "rtmr3" or "pcr14". */
const char *measuring_register(const struct measuring *measuring);

/*
 * measuring_add() appends an event and extends RTMR3 by its digest. The log is written
 * first: if the machine stops in between, the log has an event that the register lacks,
 * which a replay finds out, and never the other way round. When extending fails, the event
 * is taken back.
 */
enum cella_status measuring_add(struct measuring *measuring, const struct aael *event,
				struct cella_error *err) MUST_CHECK;

#endif
