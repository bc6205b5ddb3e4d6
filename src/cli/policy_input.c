/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of policies and keys.
 */
#include "cli/policy_input.h"

#include "base/encode.h"
#include "cli/secret_file.h"
#include "evidence/evm.h"
#include "fetch/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum cella_status keys_read(const struct texts *files, struct cella_keys **out,
			    struct cella_error *err)
{
	if (files->num_items == 0)
		return CELLA_OK;
	TRY(cella_keys_new(out, err));
	for (size_t i = 0; i < files->num_items; i++) {
		struct out bytes CLEANUP(out_done) = { 0 };

		TRY(file_read(files->items[i], KEY_FILE_MAX, &bytes, err));
		if (cella_keys_add(*out, bytes.data, bytes.len, err) != CELLA_OK) {
			error_prefix(err, "%s", files->items[i]);
			return err->status;
		}
	}
	if (cella_keys_count(*out) == 0)
		return error_set(err, CELLA_MALFORMED, "%s: has no key that can sign",
				 files->items[0]);
	return CELLA_OK;
}

static enum cella_status read_policy(const char *path, const struct cella_keys *owners,
				     struct cella_policy **out, struct cella_error *err)
{
	const struct cella_policy_options options = { .size = sizeof options,
						      .source = CELLA_POLICY_LOCAL,
						      .owners = owners };
	struct out bytes CLEANUP(out_done) = { 0 };

	TRY(file_read(path, CELLA_POLICY_MAX, &bytes, err));
	if (cella_policy_parse(bytes.data, bytes.len, &options, out, err) != CELLA_OK) {
		error_prefix(err, "%s", path);
		return err->status;
	}
	return CELLA_OK;
}

enum cella_status policies_read(const struct texts *files, const struct texts *owners,
				struct policy_inputs *out, struct cella_error *err)
{
	TRY(keys_read(owners, &out->owners, err));
	if (files->num_items > CELLA_POLICIES_MAX)
		return error_set(err, CELLA_USAGE, "%zu policies, at most %zu",
				 files->num_items, CELLA_POLICIES_MAX);
	for (size_t i = 0; i < files->num_items; i++) {
		TRY(read_policy(files->items[i], out->owners, &out->policies[i], err));
		out->num_policies++;
	}
	return CELLA_OK;
}

void policies_done(struct policy_inputs *inputs)
{
	for (size_t i = 0; i < inputs->num_policies; i++)
		cella_policy_unref(inputs->policies[i]);
	cella_keys_free(inputs->owners);
}

/* --- evidence ------------------------------------------------------------------------ */

#define DIGITS_HEX "0123456789abcdefABCDEF"
#define DIGITS_BASE64 DIGITS_HEX "ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ+/-_="
#define BLANKS " \t\r\n"

static bool has_only(struct cella_bytes text, const char *characters)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == '\0' || strchr(characters, text.data[i]) == NULL)
			return false;
	return true;
}

static bool begins_with(struct cella_bytes text, const char *beginning)
{
	const size_t len = strlen(beginning);

	return text.len >= len && memcmp(text.data, beginning, len) == 0;
}

static bool is_json(struct cella_bytes text)
{
	return begins_with(text, "{") || begins_with(text, "[");
}

/* What a file is that is no evidence, as far as that shows; or NULL. */
static const char *other_kind(struct cella_bytes file)
{
	const struct cella_bytes text = text_trim(file);

	if (text.len == 0)
		return "is empty";
	if (is_json(text))
		return NULL;
	if (begins_with(file, ".eif"))
		return "is no evidence, but an enclave image: 'cella enclave attest' gets "
		       "evidence of one that runs";
	if (begins_with(text, "-----BEGIN "))
		return "is no evidence, but keys or certificates (PEM)";
	if (has_only(text, DIGITS_HEX BLANKS))
		return "is hexadecimal text, to be decoded first (xxd -r -p)";
	if (has_only(text, DIGITS_BASE64 BLANKS))
		return "is base64 text, to be decoded first (base64 -d)";
	return NULL;
}

enum cella_status evidence_refused(const char *path, struct cella_bytes file,
				   struct cella_error *err)
{
	const enum cella_status status = err->status;
	const char *const kind = other_kind(file);

	if (kind != NULL)
		error_prefix(err, "%s", kind);
	else if (is_json(text_trim(file)) && !evm_is_one(file))
		error_prefix(err, "is no evidence, but JSON");
	error_prefix(err, "%s", path);
	return status;
}

enum cella_status evidence_read(const char *path, struct cella_evidence **out,
				struct cella_error *err)
{
	struct out bytes CLEANUP(out_done) = { 0 };
	const enum cella_status status = file_read(path, CELLA_EVIDENCE_MAX, &bytes, err);

	if (status == CELLA_LIMIT && other_kind(out_view(&bytes)) != NULL)
		return evidence_refused(path, out_view(&bytes), err);
	TRY(status);
	if (cella_evidence_parse(bytes.data, bytes.len, out, err) == CELLA_OK)
		return CELLA_OK;
	return evidence_refused(path, out_view(&bytes), err);
}

static enum cella_status parse_subject(const struct out *bytes, struct subject *out,
				       struct cella_error *err)
{
	enum { SIGSTRUCT_LEN = 1808 };
	static const uint8_t elf[4] = { 0x7f, 'E', 'L', 'F' };

	if (bytes->len == SIGSTRUCT_LEN ||
	    (bytes->len > sizeof elf && memcmp(bytes->data, elf, sizeof elf) == 0))
		return cella_sigstruct_parse(bytes->data, bytes->len, &out->sigstruct,
					     err);
	return cella_evidence_parse(bytes->data, bytes->len, &out->evidence, err);
}

enum cella_status subject_read(const char *path, struct subject *out,
			       struct cella_error *err)
{
	struct out bytes CLEANUP(out_done) = { 0 };

	TRY(file_read(path, CELLA_ENCLAVE_MAX, &bytes, err));
	if (parse_subject(&bytes, out, err) == CELLA_OK)
		return CELLA_OK;
	return evidence_refused(path, out_view(&bytes), err);
}

void subject_done(struct subject *subject)
{
	cella_evidence_unref(subject->evidence);
	cella_sigstruct_free(subject->sigstruct);
}

const struct cella_facts *subject_facts(const struct subject *subject)
{
	return subject->evidence != NULL ? cella_evidence_facts(subject->evidence)
					 : cella_sigstruct_facts(subject->sigstruct);
}

const struct cella_event_log *subject_event_log(const struct subject *subject)
{
	return subject->evidence != NULL ? cella_evidence_event_log(subject->evidence)
					 : NULL;
}

/* --- private keys -------------------------------------------------------------------- */

enum cella_status private_key_read(const char *path, struct private_key **out,
				   struct cella_error *err)
{
	struct out pem CLEANUP(secret_done) = { 0 };

	TRY(secret_read(path, "a private key", KEY_FILE_MAX, &pem, err));
	if (private_key_parse(out_view(&pem), out, err) != CELLA_OK) {
		error_prefix(err, "%s", path);
		return err->status;
	}
	return CELLA_OK;
}

static enum cella_status write_new(const char *path, struct cella_bytes bytes,
				   struct cella_error *err)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	size_t put = 0;

	if (fd < 0 && errno == EEXIST)
		return error_set(err, CELLA_IO,
				 "%s: is there already, and is not replaced", path);
	if (fd < 0)
		return error_errno(err, errno, "%s", path);
	while (put < bytes.len) {
		const ssize_t now = write(fd, bytes.data + put, bytes.len - put);

		if (now < 0 && errno == EINTR)
			continue;
		if (now <= 0)
			break;
		put += (size_t)now;
	}
	if (put < bytes.len || fsync(fd) != 0) {
		const int failure = errno;

		close(fd);
		unlink(path);
		return error_errno(err, failure, "%s", path);
	}
	close(fd);
	return CELLA_OK;
}

enum cella_status private_key_create(const char *path, enum crypto_curve curve,
				     struct private_key **out, struct cella_error *err)
{
	struct private_key *key CLEANUP(private_key_cleanup) = NULL;
	struct out pem CLEANUP(secret_done) = { 0 };

	TRY(private_key_generate(curve, &key, err));
	TRY(private_key_write(key, &pem, err));
	TRY(write_new(path, out_view(&pem), err));
	*out = take(&key);
	return CELLA_OK;
}
