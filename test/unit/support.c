/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared helpers of the unit tests.
 */
#include "support.h"

#include "base/civil.h"
#include "base/encode.h"
#include "fetch/files.h"

#include <stdio.h>

const char *check_case = "";

void check_text_(const char *file, int line, const char *what, const char *expected,
		 const char *actual)
{
	if (expected == actual ||
	    (expected != NULL && actual != NULL && strcmp(expected, actual) == 0))
		return;
	print_error("%s: %s: expected \"%s\", got \"%s\"\n", check_case, what,
		    expected != NULL ? expected : "(null)",
		    actual != NULL ? actual : "(null)");
	_fail(file, line);
}

int64_t time_at(const char *text)
{
	struct cella_error err = { 0 };
	int64_t seconds = 0;

	CHECK_OK(civil_read(bytes_from_text(text), &seconds, "test", &err));
	return seconds;
}

char *forge_token(const struct cella_signer *signer, const char *header,
		  const char *payload)
{
	struct cella_error err = { 0 };
	uint8_t signature[CELLA_POINT_MAX];
	struct out text = { 0 };
	char *token = NULL;

	base64url_write(&text, bytes_from_text(header));
	out_text(&text, ".");
	base64url_write(&text, bytes_from_text(payload));
	CHECK_OK(signer->sign(signer->context, text.data, text.len, signature, &err));
	out_text(&text, ".");
	base64url_write(&text,
			bytes_of(signature, signer->alg == CELLA_ALG_ES256 ? 64 : 96));
	CHECK_OK(out_take_text(&text, &token, &err));
	return token;
}

struct out vector_read(const char *name)
{
	struct cella_error err = { 0 };
	struct out bytes = { 0 };
	char path[512];

	snprintf(path, sizeof path, "%s/%s", getenv("CELLA_VECTORS"), name);
	CHECK_OK(file_read(path, 4 << 20, &bytes, &err));
	return bytes;
}

bool asks_for_real(int argc, char **argv)
{
	return argc == 2 && strcmp(argv[1], "real") == 0;
}

bool has_folder(const char *variable)
{
	const char *const folder = getenv(variable);

	if (folder != NULL && *folder != '\0')
		return true;
	printf("1..0 # SKIP %s is not set\n", variable);
	return false;
}
