/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of an enclave.conf, by their kinds.
 */
#ifndef VM_ENCLAVE_CONF_VALUE_H
#define VM_ENCLAVE_CONF_VALUE_H

#include "vm/enclave_conf.h"

enum conf_kind {
	CONF_PATH,
	CONF_PROGRAM,
	CONF_NUMBER,
	CONF_NUMBER_OR_AUTO,
	CONF_SECONDS,
	CONF_BOOLEAN,
	CONF_BACKEND,
	CONF_CORES,
	CONF_PAGES,
	CONF_TPM_STATE,
	CONF_PORTS,
	CONF_PORTS_BUT_ANY,
	CONF_FORWARD,
	CONF_EGRESS,
	CONF_RESTART,
};

/* struct conf_row - a key: what it is called, what it may be, where it goes. */
struct conf_row {
	const char *name;
	enum conf_kind kind;
	size_t offset; /* in struct enclave_conf */
	uint64_t min;
	uint64_t max;
	const char *default_text; /* "": not set */
};

/*
 * conf_set() reads a value into its place; texts are borrowed. CELLA_MALFORMED names the key,
 * and what was expected.
 */
enum cella_status conf_set(const struct conf_row *row, const char *value,
			   struct enclave_conf *out, struct cella_error *err) MUST_CHECK;

#endif
