/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated platform: its authorities (root CA, PCK CA, TCB signing), its own
 * certificate, its quoting enclave's attestation key, its TCB and its measurements.
 *
 * Everything that it makes is real in format and verifies to its own root only: the
 * verdict's cella_root is private:<hash>. It serves tests, demonstrations and the corpus
 * of forgeries; it is linked into cella-sim and never into libcella or cella.
 */
#ifndef SIM_PLATFORM_H
#define SIM_PLATFORM_H

#include "base/arena.h"
#include "evidence/sgx_report.h"
#include "evidence/td_report.h"
#include "sim/cert_write.h"
#include "sim/pck_ext_write.h"

enum sim_cert_id { SIM_ROOT, SIM_CA, SIM_PCK, SIM_SIGNER, SIM_NUM_CERTS };

/* Keys: one for each certificate, and the quoting enclave's. */
enum sim_key_id { SIM_ATTESTATION = SIM_NUM_CERTS, SIM_NUM_KEYS };

enum sim_tee { SIM_SGX, SIM_TDX };

enum { SIM_QE_ID_LEN = 16, SIM_ORGANISATION_MAX = 64 };

/* struct sim_config - what is chosen when a platform is made. Strings are borrowed. */
struct sim_config {
	const char *name;
	const char *ca; /* "platform" or "processor" */
	int64_t created;
	uint8_t fmspc[FMSPC_LEN];
	uint8_t pce_id[PCE_ID_LEN];
	uint8_t components[TCB_COMPONENTS]; /* of the registered TCB */
	uint16_t pce_svn;
	uint16_t qe_isv_svn;    /* of the quoting enclave for SGX */
	uint16_t td_qe_isv_svn; /* of the one for TDX */
};

/* sim_config_init() fills in the defaults. */
void sim_config_init(struct sim_config *config, int64_t created);

/* sim_config_has_platform_ca() is true unless the processor CA issues. */
bool sim_config_has_platform_ca(const struct sim_config *config);

/* A certificate: what it says, and its DER once it is issued. */
struct sim_cert {
	struct sim_cert_spec spec;
	struct out der;
};

struct sim_platform {
	struct sim_config config; /* its strings are in the arena */
	struct arena arena;
	char organisation[SIM_ORGANISATION_MAX + 1]; /* O= of all names */
	uint8_t qe_id[SIM_QE_ID_LEN];
	/* What a TD's and an enclave's report say unless told otherwise. */
	uint8_t td_body[TD_BODY_15EX_LEN];
	uint8_t sgx_body[SGX_REPORT_BODY_LEN];
	struct pck_ext pck_ext;
	struct out pck_ext_der; /* the certificate's SGX extension points here */
	struct private_key *keys[SIM_NUM_KEYS];
	struct sim_cert certs[SIM_NUM_CERTS];
};

/*
 * sim_platform_new() makes a platform with new keys and issues its certificates.
 * authorities, which may be NULL, is a platform whose root and TCB signing this one
 * shares, and whose PCK CA if both have the same kind. The caller frees *out.
 */
enum cella_status sim_platform_new(const struct sim_config *config,
				   const struct sim_platform *authorities,
				   struct sim_platform **out,
				   struct cella_error *err) MUST_CHECK;
void sim_platform_free(struct sim_platform *platform);

static inline void sim_platform_cleanup(struct sim_platform **platform)
{
	sim_platform_free(*platform);
}

/*
 * The steps of making a platform that loading one shares: sim_config_copy() checks and
 * keeps a configuration; sim_platform_describe() fills in whatever follows from it and
 * from the keys.
 */
enum cella_status sim_config_copy(const struct sim_config *from, struct sim_platform *p,
				  struct cella_error *err) MUST_CHECK;
enum cella_status sim_platform_describe(struct sim_platform *platform,
					struct cella_error *err) MUST_CHECK;

/*
 * sim_platform_save() writes the platform into a directory, which it makes if need be:
 * platform.json, a certificate and a key (mode 0600) each for root, ca, pck and signing,
 * and the attestation key. CELLA_USAGE when a platform is there already.
 */
enum cella_status sim_platform_save(const struct sim_platform *platform, const char *dir,
				    struct cella_error *err) MUST_CHECK;
/* sim_platform_update() writes what a TD and an enclave report, keys and all else stay. */
enum cella_status sim_platform_update(const struct sim_platform *platform,
				      const char *dir,
				      struct cella_error *err) MUST_CHECK;
enum cella_status sim_platform_load(const char *dir, struct sim_platform **out,
				    struct cella_error *err) MUST_CHECK;

/* sim_chain_write() appends certificates of the platform as PEM, as many as ids. */
void sim_chain_write(const struct sim_platform *platform, const enum sim_cert_id *ids,
		     size_t num_ids, struct out *out);

/*
 * sim_field() returns a field's bytes within a structure of a layout; the layout must have
 * a field of this name.
 */
uint8_t *sim_field(const struct layout *layout, uint8_t *structure, const char *name,
		   size_t *len);

/* sim_measure() fills a field with a hash of a text that says what it stands for. */
enum cella_status sim_measure(const struct layout *layout, uint8_t *structure,
			      const char *name, const char *what,
			      struct cella_error *err) MUST_CHECK;

#endif
