/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `cella enclave run` can be told; `plan` takes all of it, so that the one word can take
 * the place of the other.
 */
#ifndef CLI_ENCLAVE_RUN_ARGS_H
#define CLI_ENCLAVE_RUN_ARGS_H

#include "cli/enclave_args.h"
#include "cli/resource_args.h"
#include "cli/ways_args.h"

struct run_args {
	struct common_args common;
	const char *name;
	const char *host;
	const char *run_dir;
	const char *qemu;
	const char *backend;
	const char *firmware;
	struct ways_args ways;
	const char *tpm_state;
	struct moment vcpus;
	struct moment memory;
	struct moment cid;
	struct moment timeout;
	struct resource_args resources;
	bool debug;
	bool foreground;
};

/* The rows for it, which is the first member of the command's arguments. */
#define RUN_ARG(member) offsetof(struct run_args, member)
#define RUN_OPTIONS \
	{ "name",        0, \
	  "NAME",        OPTION_TEXT, \
	  RUN_ARG(name), "call it this instead of after the image's file" }, \
		{ "cpus",         0, \
		  "NUMBER",       OPTION_NUMBER, \
		  RUN_ARG(vcpus), "give it so many processors; 1, or those of --cores" }, \
		{ "memory", \
		  'm', \
		  "MIB", \
		  OPTION_NUMBER, \
		  RUN_ARG(memory), \
		  "give it so much memory; what the image's ramdisks need, 128 at least" }, \
		{ "cid", \
		  0, \
		  "NUMBER", \
		  OPTION_NUMBER, \
		  RUN_ARG(cid), \
		  "its address on vsock, 4 at least; one that no other has unless told" }, \
		RESOURCE_OPTIONS(RUN_ARG(resources)), \
		{ "host",        0, \
		  "DIR",         OPTION_TEXT, \
		  RUN_ARG(host), "vouch for it with the key in this directory" }, \
		WAYS_OPTIONS(RUN_ARG(ways)), \
		{ "tpm-state", \
		  0, \
		  "DIR", \
		  OPTION_TEXT, \
		  RUN_ARG(tpm_state), \
		  "keep what its TPM keeps in this directory, encrypted, for its next start" }, \
		{ "debug", \
		  0, \
		  NULL, \
		  OPTION_FLAG, \
		  RUN_ARG(debug), \
		  "keep what its kernel writes to the console; its measurements say so" }, \
		{ "foreground", \
		  0, \
		  NULL, \
		  OPTION_FLAG, \
		  RUN_ARG(foreground), \
		  "do not return before its end: for service managers" }, \
		{ "timeout",        0, \
		  "DURATION",       OPTION_DURATION, \
		  RUN_ARG(timeout), "give up when it is not ready after this time; 2m" }, \
		{ "backend", \
		  0, \
		  "NAME", \
		  OPTION_TEXT, \
		  RUN_ARG(backend), \
		  "tcg, kvm, tdx or mock; auto takes kvm where it runs a guest, tcg elsewhere" }, \
		{ "firmware", \
		  0, \
		  "FILE", \
		  OPTION_TEXT, \
		  RUN_ARG(firmware), \
		  "the firmware of a trust domain, which it is measured by" }, \
		{ "qemu",        0, \
		  "PROGRAM",     OPTION_TEXT, \
		  RUN_ARG(qemu), "run this instead of qemu-system-x86_64" }, \
		RUN_DIR_OPTION(RUN_ARG(run_dir)), COMMON_OPTIONS

#endif
