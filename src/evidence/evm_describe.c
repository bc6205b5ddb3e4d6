/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the evidence of an Enclave VM says, without believing it.
 */
#include "evidence/evm.h"

#include "base/civil.h"
#include "crypto/crypto.h"

#include <string.h>

/* Both forms are made of the same rows. */
struct teller {
	struct arena arena;
	struct out text;
	json_t *object; /* NULL: text */
	struct cella_error *err;
};

static enum cella_status tell(struct teller *t, const char *name, const char *value)
{
	if (t->object != NULL)
		return json_put(t->object, name, json_string(value), t->err);
	out_format(&t->text, "  %-16s %s\n", name, value);
	return out_status(&t->text, t->err);
}

static enum cella_status tell_hex(struct teller *t, const char *name,
				  struct cella_bytes bytes)
{
	return tell(t, name, arena_hex(&t->arena, bytes));
}

/* A foreign text, for people. */
static const char *printable(struct teller *t, struct cella_bytes bytes)
{
	char *const text = arena_alloc(&t->arena, bytes.len + 1, 1);

	if (text == NULL || bytes.len == 0)
		return "";
	memcpy(text, bytes.data, bytes.len);
	for (size_t i = 0; i < bytes.len; i++)
		if (text[i] < ' ' || text[i] > '~')
			text[i] = '.';
	return text;
}

static enum cella_status tell_certificate(struct teller *t, const struct evm *evm)
{
	struct crypto_cert *cert CLEANUP(crypto_cert_cleanup) = NULL;
	enum cella_status status;
	char from[CIVIL_TEXT_LEN];
	char to[CIVIL_TEXT_LEN];

	status = crypto_cert_parse(out_view(&evm->certificate), &cert, t->err);
	if (status == CELLA_MALFORMED || status == CELLA_UNSUPPORTED)
		return tell(t, "certificate", "is none of a key on P-256");
	TRY(status);
	TRY(tell(t, "certificate", cert->subject_cn));
	TRY(tell(t, "issuer", cert->issuer_cn));
	TRY(tell_hex(t, "serial", bytes_of(cert->serial, cert->serial_len)));
	TRY(tell(t, "not_before", civil_format(cert->not_before, from)));
	return tell(t, "not_after", civil_format(cert->not_after, to));
}

static enum cella_status tell_pcrs(struct teller *t, const struct evm *evm)
{
	for (unsigned i = 0; i < LAUNCH_NUM_PCRS; i++)
		TRY(tell_hex(t, arena_text(&t->arena, "pcr%u", i),
			     bytes_of(evm->pcrs[i], SHA256_LEN)));
	return tell(t, "quoted",
		    arena_text(&t->arena, "PCRs 0x%06x, after %u resets and %u restarts",
			       evm->attest.selected, evm->attest.reset_count,
			       evm->attest.restart_count));
}

/* "none", or all of them in one line. */
static enum cella_status tell_texts(struct teller *t, const char *name,
				    const struct launch_texts *texts)
{
	const char *all = texts->num_items > 0 ? texts->items[0] : "none";

	for (size_t i = 1; i < texts->num_items; i++)
		all = arena_text(&t->arena, "%s, %s", all, texts->items[i]);
	return tell(t, name, all);
}

static enum cella_status tell_ways(struct teller *t, const struct evm *evm)
{
	TRY(tell_texts(t, "to_guest", &evm->to_guest));
	TRY(tell_texts(t, "from_guest", &evm->from_guest));
	TRY(tell_texts(t, "forward", &evm->launch.config.forward));
	return tell_texts(t, "egress", &evm->launch.config.egress);
}

static enum cella_status tell_launch(struct teller *t, const struct evm *evm)
{
	const struct launch_told *const told = &evm->launch;

	if (evm->launch_fault.status != CELLA_OK)
		return tell(t, "launch", evm->launch_fault.text);
	TRY(tell(t, "machine", told->machine));
	TRY(tell_hex(t, "kernel", bytes_of(told->image.kernel.sha256, SHA256_LEN)));
	TRY(tell(t, "cmdline", printable(t, told->image.cmdline)));
	TRY(tell_hex(t, "cmdline_sha256", bytes_of(evm->cmdline, SHA256_LEN)));
	TRY(tell_hex(t, "image", bytes_of(told->image.whole.sha256, SHA256_LEN)));
	TRY(told->image.is_signed
		    ? tell_hex(t, "signer",
			       bytes_of(told->image.signer.sha256, SHA256_LEN))
		    : tell(t, "signer", "not signed"));
	TRY(tell(t, "vcpus", arena_text(&t->arena, "%u", told->config.vcpus)));
	TRY(tell(t, "memory_mib", arena_text(&t->arena, "%u", told->config.memory_mib)));
	TRY(tell(t, "debug", told->config.debug ? "yes" : "no"));
	return tell_ways(t, evm);
}

static enum cella_status tell_claims_text(struct teller *t, const struct evm *evm)
{
	const char *name;
	json_t *value;

	if (evm->host_claims == NULL)
		return CELLA_OK;
	out_text(&t->text, "the host claims, and nothing proves:\n");
	json_object_foreach(json_mutable(evm->host_claims), name, value)
	{
		const char *const text = json_string_value(value);
		const char *shown =
			text != NULL ? text
			: json_is_boolean(value)
				? json_is_true(value) ? "yes" : "no"
				: arena_text(&t->arena, "%lld",
					     (long long)json_integer_value(value));

		TRY(tell(t, printable(t, bytes_of(name, strlen(name))),
			 printable(t, bytes_of(shown, strlen(shown)))));
	}
	return CELLA_OK;
}

static enum cella_status tell_all(struct teller *t, const struct evm *evm)
{
	TRY(tell_hex(t, "report_data",
		     bytes_of(evm->report_data, sizeof evm->report_data)));
	TRY(tell_hex(t, "extra_data", evm->attest.nonce));
	TRY(tell_certificate(t, evm));
	TRY(tell_pcrs(t, evm));
	TRY(tell_launch(t, evm));
	return arena_status(&t->arena, t->err);
}

static enum cella_status as_text(struct teller *t, const struct evm *evm, size_t len,
				 char **text)
{
	char *log CLEANUP_FREE = NULL;

	out_format(&t->text, "evidence of an Enclave VM, %zu bytes\n", len);
	TRY(tell_all(t, evm));
	TRY(tell_claims_text(t, evm));
	TRY(arena_status(&t->arena, t->err));
	TRY(cella_event_log_describe(evm->log, false, &log, t->err));
	out_text(&t->text, log);
	return out_take_text(&t->text, text, t->err);
}

static enum cella_status as_json_text(struct teller *t, const struct evm *evm, size_t len,
				      char **text)
{
	json_t *root CLEANUP_JSON = json_object();
	json_t *events = NULL;
	char *log CLEANUP_FREE = NULL;

	if (root == NULL)
		return error_nomem(t->err);
	TRY(json_put(root, "kind", json_string("evm"), t->err));
	TRY(json_put(root, "size", json_integer((json_int_t)len), t->err));
	t->object = json_object();
	TRY(json_put(root, "says", t->object, t->err));
	TRY(tell_all(t, evm));
	TRY(json_put(root, "host_claims",
		     evm->host_claims != NULL ? json_deep_copy(evm->host_claims)
					      : json_null(),
		     t->err));
	TRY(cella_event_log_describe(evm->log, true, &log, t->err));
	TRY(json_parse(bytes_of(log, strlen(log)), "event log", &events, t->err));
	TRY(json_put(root, "event_log", events, t->err));
	return json_write(root, true, text, t->err);
}

enum cella_status evm_describe(const struct evm *evm, size_t len, bool as_json,
			       char **text, struct cella_error *err)
{
	struct teller t = { .err = err };
	const enum cella_status status = as_json ? as_json_text(&t, evm, len, text)
						 : as_text(&t, evm, len, text);

	arena_done(&t.arena);
	out_done(&t.text);
	return status;
}
