/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz harnesses share. Each harness is one function over foreign bytes, built
 * twice: as a libFuzzer program (script/fuzz) and with replay.c as a test.
 *
 * A harness looks for more than crashes: MUST() states what has to hold whatever the
 * bytes are.
 */
#ifndef TEST_FUZZ_H
#define TEST_FUZZ_H

#include <cella/keys.h>
#include <cella/policy.h>

#include "base/bytes.h"
#include "base/json.h"
#include "crypto/private_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(expression) \
	do { \
		if (!(expression)) \
			fuzz_broken(__FILE__, __LINE__, #expression); \
	} while (0)

/* fuzz_broken() says what does not hold, and aborts. */
_Noreturn void fuzz_broken(const char *file, int line, const char *what);

/*
 * fuzz_failed() is true for another status than CELLA_OK, and sees to it that the error
 * tells what it has to tell: its status, a text, an offset within the input.
 */
bool fuzz_failed(enum cella_status status, const struct cella_error *err, size_t size);

/* fuzz_part() takes the next part of an input whose parts are separated by FUZZ_CUT. */
#define FUZZ_CUT "\n--8<--\n"
struct cella_bytes fuzz_part(struct cella_bytes *rest);

/* fuzz_json() checks that a text which cella wrote is JSON, and frees it. */
void fuzz_json(char *text);

/* fuzz_inside() is true for a view that is empty or lies within the input. */
bool fuzz_inside(struct cella_bytes view, const uint8_t *data, size_t size);

/* fuzz_key() is a key that no input can know: made when it is first asked for. */
struct private_key *fuzz_key(enum crypto_curve curve);
/* fuzz_keys() is the set of both. */
const struct cella_keys *fuzz_keys(void);

/* fuzz_policy() parses a local policy with the owners pinned, NULL: nobody. */
struct cella_policy *fuzz_policy(struct cella_bytes text,
				 const struct cella_keys *owners);

/* fuzz_describe_policy() has a policy told in every way. */
void fuzz_describe_policy(const struct cella_policy *policy);

/* fuzz_policy_of() writes a policy that facts meet; cella must take what it wrote. */
void fuzz_policy_of(const struct cella_facts *facts);

/* fuzz_collateral() has a set told in every way, written, and read again. */
void fuzz_collateral(const struct cella_collateral *collateral);

/* The moment of the simulated platform's documents. */
#define FUZZ_TIME INT64_C(1767225600) /* 2026-01-01T00:00:00Z */

#endif
