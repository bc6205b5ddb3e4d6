/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What commands about enclaves find in their surroundings, and read from files.
 */
#ifndef CLI_ENCLAVE_INPUT_H
#define CLI_ENCLAVE_INPUT_H

#include "cli/cli.h"
#include "evidence/eif.h"
#include "evidence/eif_signature.h"
#include "vm/image_facts.h"

/* enclave_cache_folder() appends the path of a folder of the user's cache. */
enum cella_status enclave_cache_folder(const char *name, struct out *path,
				       struct cella_error *err) MUST_CHECK;

/* enclave_read() reads an image into file and parses it; errors begin with the path. */
enum cella_status enclave_read(const char *path, struct out *file, struct eif *out,
			       struct cella_error *err) MUST_CHECK;

/* enclave_read_certs() reads certificates from files. */
enum cella_status enclave_read_certs(const struct texts *files, struct eif_certs *out,
				     struct cella_error *err) MUST_CHECK;

/*
 * enclave_sign() appends the signature section for an image, made with files of a key and
 * of its certificate. CELLA_USAGE when the signature would not hold at this time.
 */
enum cella_status enclave_sign(const struct eif *image, const char *key, const char *cert,
			       int64_t time, struct out *section,
			       struct cella_error *err) MUST_CHECK;

/* How much of an image is told. */
enum enclave_detail { ENCLAVE_ALL, ENCLAVE_MEASUREMENTS };

/* enclave_tell() prints an image's facts: all of them as JSON, or as much as is asked for. */
enum cella_status enclave_tell(const struct image_facts *facts, bool as_json,
			       enum enclave_detail detail,
			       struct cella_error *err) MUST_CHECK;

/*
 * enclave_tell_file() tells an image that was just written there, unless the user wants
 * quiet or has it on standard output.
 */
enum cella_status enclave_tell_file(const struct common_args *common, const char *path,
				    struct cella_bytes file,
				    struct cella_error *err) MUST_CHECK;

#endif
