/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where evidence comes from. A provider makes quotes, reports, or both. The user names one,
 * or has those of this machine tried in the order of the table.
 */
#ifndef COLLECT_COLLECT_H
#define COLLECT_COLLECT_H

#include "base/bytes.h"
#include "collect/deadline.h"
#include "evidence/sgx_report.h"

enum {
	COLLECT_PATH_MAX = 4096,
	COLLECT_TIMEOUT_S = 60,
	PROVIDERS_MAX = 8,
	EXTRAS_MAX = 2
};

/* struct collect_request - what is wanted, and what providers need to know. Borrowed. */
struct collect_request {
	uint8_t report_data[REPORT_DATA_LEN];
	bool is_bound; /* somebody expects this report data: it is not random */
	/* What a quote of another kind, a TPM's, binds: the nonce alone, if that is all. */
	uint8_t nonce[REPORT_DATA_LEN];
	size_t nonce_len;
	const char *sysroot; /* the root of the files of this machine; "" for its own */
	const char *sim_dir; /* the simulated platform's directory, or NULL */
	const char *qgs;     /* the address of QGS (peer.h), or NULL: the host's */
	const char
		*tsm_entry; /* one of configfs-tsm's that is there; NULL: one is made */
	const char *imds;   /* that of the metadata service, or NULL: Azure's */
	struct deadline deadline;
	void (*progress)(const char *provider); /* told who is asked now; or NULL */
};

/* struct collected - what came of it; collected_done() frees it. */
struct collected {
	struct out bytes; /* the quote or the report */
	/* What a verifier needs beside it, each with the suffix of the file for it. */
	struct extra {
		struct out bytes;
		const char *suffix; /* NULL: there is none */
	} extras[EXTRAS_MAX];
	/* The platform chose the report data, this: it is the hash of the first extra. */
	bool binds_extra;
	uint8_t report_data[REPORT_DATA_LEN];
};

void collected_done(struct collected *collected);

enum collect_kind { COLLECT_QUOTE, COLLECT_REPORT, COLLECT_NUM_KINDS };

typedef enum cella_status collect_fn(const struct collect_request *request,
				     struct collected *out, struct cella_error *err);

struct provider {
	const char *name;
	collect_fn *make[COLLECT_NUM_KINDS]; /* NULL: not this kind */
	const char *lacks;                   /* why, and what to do instead */
	bool is_real;                        /* of this machine: may be tried unasked */
};

/* struct attempts - the providers that have been asked in vain, and what they said. */
struct attempts {
	struct {
		const char *provider;
		struct cella_error err;
	} items[PROVIDERS_MAX];
	size_t num_items;
	const char *chosen; /* the one that did it, or NULL */
};

/*
 * collect() has a quote or a report made by the provider of that name, or, for "auto", by
 * the first real one that can. What it gives is well-formed evidence that carries the
 * report data asked for. CELLA_USAGE when there is no such provider; for a provider that
 * fails, its error; CELLA_MISSING when all fail, and attempts tells why each did.
 */
enum cella_status collect(const char *name, enum collect_kind kind,
			  const struct collect_request *request, struct collected *out,
			  struct attempts *attempts, struct cella_error *err) MUST_CHECK;

/* collect_path() joins the root and a path below it. CELLA_LIMIT when that is too long. */
enum cella_status collect_path(const struct collect_request *request, const char *path,
			       char out[COLLECT_PATH_MAX],
			       struct cella_error *err) MUST_CHECK;

/* The providers, one file each. */
extern const struct provider provider_tsm;
extern const struct provider provider_tdx_guest;
extern const struct provider provider_qgs;
extern const struct provider provider_vtpm;
extern const struct provider provider_simulated;

#endif
