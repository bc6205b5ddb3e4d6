/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine for the doctor to look at: a healthy trust domain as a tree of files, and edits.
 */
#ifndef TEST_DOCTOR_TREE_H
#define TEST_DOCTOR_TREE_H

#include "support.h"

#include "doctor/diagnosis.h"

struct file {
	const char *path;
	const char *content; /* NULL: it is not there; "/": a folder */
};

enum { MAX_EDITS = 5, MAX_FILES = 64 };

#define FULL(slots) \
	"virtio_net virtio0: swiotlb buffer is full (sz: 4096 bytes), total " slots \
	" (slots), used 1 (slots)\n"

#define CPUINFO "proc/cpuinfo"
#define CONFIG_TSM "sys/kernel/config/tsm"
#define PROVIDER CONFIG_TSM "/report/com.intel.dcap/provider"
#define QCNL "etc/sgx_default_qcnl.conf"
#define SLABS "sys/kernel/debug/swiotlb/io_tlb_nslabs"
#define NOT_TD \
	{ \
		CPUINFO, "flags\t\t: fpu tdx_guests\n" \
	}
#define NO_QUEUE(n) \
	{ \
		"sys/class/net/eth0/queues/rx-" #n, "/" \
	}

extern const struct file tree_no_edits[MAX_EDITS];

/* tree_folder has the tree in `tree`, and room for more. */
extern char tree_folder[];

/* A group's; the schema of what the doctor says is loaded, too. */
int tree_set_up(void **state);
int tree_tear_down(void **state);

/* tree_make() makes the healthy tree, but for these edits. */
void tree_make(const struct file *edits);
struct doctor_request tree_request(void);

/* tree_look() gathers facts, tree_find() is one finding of them, tree_look_for() does both. */
struct facts *tree_look(const struct doctor_request *request);
struct finding tree_find(const struct facts *facts, const char *id);
struct finding tree_look_for(const struct doctor_request *request, const char *id);

/* Parts of what is found and of its remedy; NULL: there is none. */
void check_finding(const struct finding *finding, enum doctor_state state,
		   const char *found, const char *remedy);

/* check_json() holds all that is said of the facts against the schema. */
void check_json(const struct facts *facts);

#endif
