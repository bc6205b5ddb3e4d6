/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folders, and what supervisors say.
 */
#include "cli/enclave_args.h"

#include "base/json.h"
#include "vm/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum cella_status enclave_status_parse(struct cella_bytes text, json_t **out,
				       struct cella_error *err)
{
	json_t *root CLEANUP_JSON = NULL;

	TRY(json_parse(text, "the supervisor's answer", &root, err));
	if (!json_is_object(root))
		return error_set(err, CELLA_MALFORMED,
				 "the supervisor's answer: expected an object");
	*out = take(&root);
	return CELLA_OK;
}

const char *enclave_status_text(const json_t *status, const char *member)
{
	const char *const text = json_string_value(json_object_get(status, member));

	return text != NULL ? text : "";
}

enum cella_status enclave_ask_service(const char *base, const char *name,
				      const char *request, json_t **out,
				      struct cella_error *err)
{
	const struct deadline deadline = deadline_in(strcmp(request, "status") == 0
							     ? ENCLAVE_WAIT_SECONDS
							     : ENCLAVE_SERVICE_SECONDS);
	struct out answer CLEANUP(out_done) = { 0 };
	json_t *status CLEANUP_JSON = NULL;
	const char *refusal;

	TRY(control_ask_service(base, name, request, &deadline, &answer, err));
	TRY(enclave_status_parse(out_view(&answer), &status, err));
	refusal = enclave_status_text(status, "error");
	if (refusal[0] != '\0')
		return error_set(err, CELLA_USAGE, "%s", refusal);
	*out = take(&status);
	return CELLA_OK;
}

enum cella_status enclave_name(const char *given, const char *image,
			       char name[RUN_NAME_MAX + 1], struct cella_error *err)
{
	const char *const slash = strrchr(image, '/');
	const char *const file = slash != NULL ? slash + 1 : image;
	const char *const dot = strrchr(file, '.');
	const int len = dot != NULL ? (int)(dot - file) : (int)strlen(file);

	if (given != NULL)
		snprintf(name, RUN_NAME_MAX + 1, "%s", given);
	else
		snprintf(name, RUN_NAME_MAX + 1, "%.*s", len, file);
	return run_name_check(given != NULL ? given : name, err);
}

enum cella_status enclave_host_folder(const char *given, struct out *path,
				      struct cella_error *err)
{
	const char *const data = getenv("XDG_DATA_HOME");
	const char *const home = getenv("HOME");

	if (given != NULL)
		out_text(path, given);
	else if (geteuid() == 0)
		out_text(path, "/var/lib/cella");
	else if (data != NULL && data[0] == '/')
		out_format(path, "%s/cella", data);
	else if (home != NULL && home[0] == '/')
		out_format(path, "%s/.local/share/cella", home);
	else
		return error_set(err, CELLA_USAGE,
				 "where the host's key is, is not known: --host DIR");
	return out_status(path, err);
}
