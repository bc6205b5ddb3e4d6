/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enclave images: the Enclave Image Format, version 4. All integers are big endian.
 *
 *   header   0 ".eif"  4 u16 version  6 u16 flags  8 u64 memory  16 u64 CPUs  24 u16 0
 *            26 u16 sections  28 u64 offset[32]  284 u64 size[32]  540 u32 0  544 u32 CRC-32
 *   section  0 u16 type  2 u16 flags  4 u64 size  12 data
 *
 * Sections tile the file: the first begins behind the header, each at the end of the one
 * before, the last ends with the file. The kernel comes first, then the command line, then
 * ramdisks; metadata and the signature stand anywhere behind the command line.
 *
 * The header, the metadata and the order of what is not measured are covered by no
 * signature and no PCR: nothing of them may steer anything.
 */
#ifndef EVIDENCE_EIF_H
#define EVIDENCE_EIF_H

#include "crypto/crypto.h"

enum {
	EIF_VERSION = 4,
	EIF_HEADER_LEN = 548,
	EIF_CRC_AT = 544,
	EIF_SECTION_HEADER_LEN = 12,
	EIF_MAX_SECTIONS = 32,
	EIF_MAX_RAMDISKS = 28,
	EIF_CMDLINE_MAX = 2047, /* x86: COMMAND_LINE_SIZE less the terminator */
	EIF_SIGNATURE_MAX = 32768,
	EIF_METADATA_MAX = 1 << 20,
};

/* The largest image, and the largest kernel or ramdisk of one. */
#define EIF_MAX ((size_t)1 << 31)
#define EIF_KERNEL_MAX ((size_t)256 << 20)

enum eif_type {
	EIF_INVALID,
	EIF_KERNEL,
	EIF_CMDLINE,
	EIF_RAMDISK,
	EIF_SIGNATURE,
	EIF_METADATA,
	EIF_NUM_TYPES,
};

/* eif_type_name() is a section's name in texts: "kernel". */
const char *eif_type_name(enum eif_type type);

struct eif_section {
	enum eif_type type;
	size_t offset; /* of the data, in the file */
	struct cella_bytes data;
};

/* struct eif - a parsed image: views into the file, which must outlive it. */
struct eif {
	struct cella_bytes file;
	bool is_arm64;
	uint64_t default_memory; /* bytes; a hint of the builder, as the next is */
	uint64_t default_cpus;
	uint32_t crc32;
	struct eif_section sections[EIF_MAX_SECTIONS]; /* in the file's order */
	size_t num_sections;
	struct cella_bytes kernel;
	struct cella_bytes cmdline;
	struct cella_bytes ramdisks[EIF_MAX_RAMDISKS];
	size_t num_ramdisks;
	struct cella_bytes metadata;
	struct cella_bytes signature; /* empty: not signed */
};

/* eif_is_one() tells an image by its first bytes. */
bool eif_is_one(struct cella_bytes file);

/*
 * eif_missing() is how many bytes a file lacks that begins like an image: one that is still
 * being copied. 0 for a whole one, and for one that is wrong in another way.
 */
size_t eif_missing(struct cella_bytes file);

/* eif_missing_of() tells it of a file of this length, by its first EIF_HEADER_LEN bytes. */
size_t eif_missing_of(struct cella_bytes start, uint64_t len);

/*
 * eif_parse() parses an image and checks all of the above, the CRC too. CELLA_UNSUPPORTED
 * for another version; CELLA_LIMIT for a section that is too large; CELLA_MALFORMED names
 * everything else.
 */
enum cella_status eif_parse(struct cella_bytes file, struct eif *out,
			    struct cella_error *err) MUST_CHECK;

/*
 * eif_write() appends the image of these parts: is_arm64, the defaults, kernel, cmdline,
 * ramdisks, metadata, signature (may be empty). What eif_parse() would refuse is refused.
 */
enum cella_status eif_write(const struct eif *parts, struct out *out,
			    struct cella_error *err) MUST_CHECK;

/*
 * eif_measured() lists the views that PCR0 covers, one after the other: kernel, command
 * line, ramdisks. views has room for EIF_MAX_RAMDISKS + 2.
 */
size_t eif_measured(const struct eif *image, struct cella_bytes *views);

/* The PCRs that Nitro Enclaves have of an image: SHA-384(zeros || SHA-384(contents)). */
struct eif_nitro {
	uint8_t pcr0[SHA384_LEN]; /* kernel, command line, all ramdisks */
	uint8_t pcr1[SHA384_LEN]; /* kernel, command line, the first ramdisk */
	uint8_t pcr2[SHA384_LEN]; /* the other ramdisks */
};

enum cella_status eif_nitro(const struct eif *image, struct eif_nitro *out,
			    struct cella_error *err) MUST_CHECK;

/* eif_nitro_extend() is a Nitro PCR of any contents: PCR8 of a certificate in DER. */
enum cella_status eif_nitro_extend(const struct cella_bytes *views, size_t num_views,
				   uint8_t out[SHA384_LEN],
				   struct cella_error *err) MUST_CHECK;

#endif
