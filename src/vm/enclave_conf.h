/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a host decides about the enclave of a service: /etc/enclave.conf.
 *
 *   # a comment, on a line of its own
 *   KEY = value
 *
 * Blanks around key and value do not count. Every key is known, stands once, and has a value
 * of its kind, or the file is refused: a setting that is misspelt must not become a default.
 */
#ifndef VM_ENCLAVE_CONF_H
#define VM_ENCLAVE_CONF_H

#include "vm/owned.h"

#define ENCLAVE_CONF_PATH "/etc/enclave.conf"
#define ENCLAVE_CONF_FOLDER "/etc/cella/enclaves"
#define ENCLAVE_CONF_NAME "default" /* of the enclave of ENCLAVE_CONF_PATH */

enum {
	ENCLAVE_CONF_MAX_LEN = 64 << 10,
	ENCLAVE_CONF_MAX_SECONDS = 24 * 60 * 60,
	ENCLAVE_CONF_MAX_RESTARTS = 1000,
};

/* When an enclave that has ended is started again. */
enum restart_policy { RESTART_NO, RESTART_ON_FAILURE, RESTART_ALWAYS };

/* struct enclave_conf - enclave_conf_done() frees it. Texts that are NULL are not set. */
struct enclave_conf {
	char *text; /* holds the values */
	const char *image;
	const char *backend;
	const char *firmware; /* of a trust domain */
	uint64_t vcpus;       /* 0: by the rules of cpus */
	uint64_t memory_mib;  /* 0: what the image needs */
	uint64_t cid;         /* 0: one that is free */
	const char *cpus;     /* "shared", "whole", or a list */
	const char *hugepages;
	uint64_t keep_memory; /* MiB, for the host */
	bool pin;
	bool mem_lock;
	bool debug;
	const char *tpm_state; /* a folder; NULL: it is not kept */
	const char *host;      /* folder of the host's key */
	const char *trusted_signers;
	const char *ports_in;  /* the guest's, that the host may reach */
	const char *ports_out; /* the host's, that the guest may reach */
	const char *forward;   /* words: enclave_conf_word() */
	const char *egress;    /* words */
	uint64_t boot_timeout; /* seconds, as are all times */
	uint64_t stop_timeout;
	enum restart_policy restart;
	uint64_t restart_delay;
	uint64_t restart_max; /* failures in a row; 0: any number */
	uint64_t enclaves_max;
	const char *run_dir;
	const char *qemu;
};

/*
 * enclave_conf_parse() reads the text of a file; what is not set has its default. Errors
 * begin with "<what>:<line>: ". CELLA_MALFORMED for an unknown key, one that stands twice and a
 * value that cannot be.
 */
enum cella_status enclave_conf_parse(struct cella_bytes text, const char *what,
				     struct enclave_conf *out,
				     struct cella_error *err) MUST_CHECK;

/* enclave_conf_read() reads a file that owned_read() finds in order. */
enum cella_status enclave_conf_read(const char *path, enum owned_by who,
				    struct enclave_conf *out,
				    struct cella_error *err) MUST_CHECK;

void enclave_conf_done(struct enclave_conf *conf);

/*
 * enclave_conf_word() is the next word of a value that is a list, and moves text behind it;
 * its length is 0 at the end, and of no list (NULL).
 */
size_t enclave_conf_word(const char **text, const char **word);

/* enclave_conf_path() appends the path of an enclave's file, by the enclave's name. */
void enclave_conf_path(const char *name, struct out *path);

/* enclave_conf_key() is the name of a key, and its default as it would be written; NULL
 * behind the last one. */
const char *enclave_conf_key(size_t index, const char **default_text);

/* restart_policy_name() is a value of "restart". */
const char *restart_policy_name(enum restart_policy policy);

#endif
