/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be said of an enclave image: what is in it, who signed it, what it will measure,
 * what it needs. Images of other builders are described as far as they can be read.
 */
#ifndef VM_IMAGE_FACTS_H
#define VM_IMAGE_FACTS_H

#include "base/json.h"
#include "evidence/eif_launch.h"
#include "vm/cpio.h"
#include "vm/image_build.h"
#include "vm/td_predict.h"

/* The machine type that launches are predicted for. */
#define IMAGE_MACHINE "q35"

enum { IMAGE_MAX_WARNINGS = 16 };

struct image_question {
	int64_t time;                       /* at which certificates are to be valid */
	const struct eif_certs *trusted;    /* NULL: nobody in particular */
	const struct launch_config *config; /* NULL: PCR13 is not told */
	struct cella_bytes firmware;        /* of a trust domain; empty: none */
};

/* struct image_facts - borrows the image's bytes. */
struct image_facts {
	struct arena arena;
	const struct eif *image;
	struct kernel_facts kernel;
	bool has_kernel; /* its facts could be read */
	struct cpio_size ramdisks[EIF_MAX_RAMDISKS];
	bool has_files[EIF_MAX_RAMDISKS]; /* not compressed, and well formed */
	json_t *policy; /* guest.json of the first ramdisk; NULL: there is none */
	json_t *metadata;
	struct image_memory memory;
	bool has_memory;
	struct eif_nitro nitro;
	uint8_t nitro_pcr8[SHA384_LEN];
	bool is_signed;
	struct eif_signature signature;
	struct eif_judgement judgement;
	struct launch_image measured;
	struct launch_plan plan;
	struct launch_pcrs pcrs;
	bool has_config; /* PCR13 is predicted */
	bool has_debug;  /* the launch is for debugging */
	bool has_td;     /* registers of a trust domain are predicted */
	struct td_digest mrtd;
	struct td_rtmrs rtmrs;
	const char *warnings[IMAGE_MAX_WARNINGS];
	size_t num_warnings;
};

/* image_facts_read() finds everything out. image_facts_done() frees *out in any case. */
enum cella_status image_facts_read(const struct eif *image,
				   const struct image_question *question,
				   struct image_facts *out,
				   struct cella_error *err) MUST_CHECK;
void image_facts_done(struct image_facts *facts);

/* image_facts_json() makes a document that the caller owns. */
enum cella_status image_facts_json(const struct image_facts *facts, json_t **out,
				   struct cella_error *err) MUST_CHECK;

/* image_facts_text() appends the same for people. */
enum cella_status image_facts_text(const struct image_facts *facts, struct out *out,
				   struct cella_error *err) MUST_CHECK;

/* image_measurements_text() appends the PCRs alone. */
enum cella_status image_measurements_text(const struct image_facts *facts,
					  struct out *out,
					  struct cella_error *err) MUST_CHECK;

/* image_td_json() and image_td_text() tell registers of a trust domain, where predicted. */
enum cella_status image_td_json(const struct image_facts *facts, json_t *measurements,
				struct cella_error *err) MUST_CHECK;
void image_td_text(const struct image_facts *facts, struct out *out);

/* image_pcr_name() is what a PCR of the launch covers; NULL for the others. */
const char *image_pcr_name(unsigned pcr);

#endif
