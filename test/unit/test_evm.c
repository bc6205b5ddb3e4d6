/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence of Enclave VMs: what is accepted, and that every forgery is refused for what is
 * forged about it (src/evidence/evm.c, src/verify/evm_check.c).
 */
#include "launch_maker.h"
#include "schema.h"
#include "support.h"

#include <cella/policy.h>

#include "base/encode.h"
#include "crypto/host_cert.h"
#include "evidence/evidence.h"
#include "evidence/evm.h"
#include "fetch/files.h"
#include "sim/cert_write.h"
#include "sim/evm.h"
#include "sim/quote.h"
#include "verify/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { NOW = 1767225600 };

/* --- hosts --------------------------------------------------------------------------- */

struct host {
	char folder[48];
	struct host_key *key;
	struct private_key *private;
	struct out root; /* PEM */
};
static struct host mine, other;

static void host_new(struct host *host)
{
	struct cella_error err = { 0 };
	struct out pem CLEANUP(out_done) = { 0 };
	char path[64];

	snprintf(host->folder, sizeof host->folder, "/tmp/cella-evm-XXXXXX");
	CHECK_TRUE(mkdtemp(host->folder) != NULL);
	CHECK_OK(host_key_make(host->folder, NOW, &err));
	CHECK_OK(host_key_load(host->folder, &host->key, &err));
	snprintf(path, sizeof path, "%s/" HOST_ROOT_FILE, host->folder);
	CHECK_OK(file_read(path, 65536, &host->root, &err));
	unlink(path);
	snprintf(path, sizeof path, "%s/" HOST_KEY_FILE, host->folder);
	CHECK_OK(file_read(path, 65536, &pem, &err));
	CHECK_OK(private_key_parse(out_view(&pem), &host->private, &err));
	unlink(path);
	rmdir(host->folder);
}

static void host_done(struct host *host)
{
	host_key_free(host->key);
	private_key_free(host->private);
	out_done(&host->root);
}

/* --- evidence ------------------------------------------------------------------------ */

/* What is launched and asked, which a forgery changes before anything is made. */
struct made {
	struct sim_evm_spec spec;
	struct launch_image image;
	struct launch_config config;
};

static void made_begin(struct made *made)
{
	*made = (struct made){
		.image = made_image(),
		.config = made_config(false),
		.spec = { .host = mine.key,
			  .enclave_id = "evm-1",
			  .time = NOW,
			  .measured = { bytes_from("cella measure-file sha384:aa /first"),
					bytes_from(
						"cella measure-file sha384:bb /second") },
			  .num_measured = 2 },
	};
	made->spec.image = &made->image;
	made->spec.config = &made->config;
	memset(made->spec.report_data, 0x5a, 32);
}

typedef void forge_spec_fn(struct made *made);
typedef void forge_parts_fn(struct sim_evm_parts *parts);

/* before: what is launched; unsigned: what is quoted; after: what is sent. */
static void write_evidence(forge_spec_fn *before, forge_parts_fn *quoted,
			   forge_parts_fn *after, struct out *out)
{
	struct sim_evm_parts parts CLEANUP(sim_evm_done) = { .ak = NULL };
	struct cella_error err = { 0 };
	struct made made;

	made_begin(&made);
	if (before != NULL)
		before(&made);
	CHECK_OK(sim_evm_begin(&made.spec, &parts, &err));
	if (quoted != NULL)
		quoted(&parts);
	CHECK_OK(sim_evm_sign(&parts, &err));
	if (after != NULL)
		after(&parts);
	CHECK_OK(sim_evm_write(&parts, out, &err));
}

static void policy_cleanup(struct cella_policy **policy)
{
	cella_policy_unref(*policy);
}

static void verdict_cleanup(struct cella_verdict **verdict)
{
	cella_verdict_free(*verdict);
}

/* The policy that the good evidence's facts make, of some of their keys. */
static struct cella_policy *policy_of(struct cella_bytes evidence,
				      const char *const *only, size_t num_only)
{
	const struct cella_policy_options how = { .size = sizeof how,
						  .source = CELLA_POLICY_LOCAL };
	struct cella_evidence *parsed CLEANUP(evidence_cleanup) = NULL;
	struct cella_policy_draft draft = { .size = sizeof draft,
					    .only = only,
					    .num_only = num_only };
	char *text CLEANUP_FREE = NULL;
	const char *warning = NULL;
	struct cella_policy *policy = NULL;
	struct cella_error err = { 0 };

	CHECK_OK(cella_evidence_parse(evidence.data, evidence.len, &parsed, &err));
	draft.facts = cella_evidence_facts(parsed);
	draft.event_log = cella_evidence_event_log(parsed);
	CHECK_OK(cella_policy_write(&draft, &text, &warning, &err));
	CHECK_OK(cella_policy_parse(text, strlen(text), &how, &policy, &err));
	return policy;
}

static void expect_all(struct cella_verify_options *o)
{
	*o = (struct cella_verify_options){
		.size = sizeof *o,
		.time_choice = CELLA_TIME_AT,
		.time = NOW + 60,
		.root_choice = CELLA_ROOT_GIVEN,
		.root = out_view(&mine.root),
		.report_data_expect = CELLA_EXPECT_EXACT,
		.policy_expect = CELLA_EXPECT_ANY,
	};
	memset(o->report_data, 0x5a, 32);
}

static enum cella_status judge_bytes(struct cella_bytes bytes,
				     const struct cella_verify_options *o,
				     struct cella_verdict **out, struct cella_error *err)
{
	struct cella_evidence *evidence CLEANUP(evidence_cleanup) = NULL;

	TRY(cella_evidence_parse(bytes.data, bytes.len, &evidence, err));
	return cella_verify(evidence, NULL, o, out, err);
}

static const struct cella_check *check_of(const struct cella_verdict *v, const char *id)
{
	for (size_t i = 0; i < cella_verdict_num_checks(v); i++)
		if (strcmp(cella_verdict_check(v, i)->id, id) == 0)
			return cella_verdict_check(v, i);
	return NULL;
}

static bool seen_failing[CHECK_COUNT];

static void note_failures(const struct cella_verdict *v)
{
	for (size_t i = 0; i < v->num_checks; i++)
		if (v->checks[i].outcome == CELLA_CHECK_FAIL)
			seen_failing[v->check_ids[i]] = true;
}

/* --- what is accepted ---------------------------------------------------------------- */

static void good_evidence_is_four_times_yes(void **state)
{
	struct out bytes CLEANUP(out_done) = { 0 };
	struct cella_policy *policy CLEANUP(policy_cleanup) = NULL;
	struct cella_verdict *v CLEANUP(verdict_cleanup) = NULL;
	struct cella_verify_options o;
	char *name CLEANUP_FREE = NULL;
	struct cella_error err = { 0 };

	(void)state;
	write_evidence(NULL, NULL, NULL, &bytes);
	policy = policy_of(out_view(&bytes), NULL, 0);
	expect_all(&o);
	o.policy_expect = CELLA_EXPECT_EXACT;
	o.policies = &policy;
	o.num_policies = 1;
	CHECK_OK(judge_bytes(out_view(&bytes), &o, &v, &err));
	for (int q = 0; q < CELLA_QUESTION_COUNT; q++)
		CHECK_INT(CELLA_ANSWER_YES,
			  cella_verdict_answer(v, (enum cella_question)q));
	CHECK_INT(CELLA_ACCEPTED, cella_verdict_result(v));
	CHECK_OK(cella_root_name(mine.root.data, mine.root.len, &name, &err));
	CHECK_TEXT(name, cella_verdict_root(v));
	CHECK_INT(CELLA_TCB_NONE, cella_verdict_status(v));
}

static void without_a_pinned_root_nothing_is_genuine(void **state)
{
	struct out bytes CLEANUP(out_done) = { 0 };
	struct cella_verdict *v CLEANUP(verdict_cleanup) = NULL;
	struct cella_verify_options o;
	struct cella_error err = { 0 };
	char *text CLEANUP_FREE = NULL;

	(void)state;
	write_evidence(NULL, NULL, NULL, &bytes);
	expect_all(&o);
	o.root_choice = CELLA_ROOT_INTEL;
	CHECK_OK(judge_bytes(out_view(&bytes), &o, &v, &err));
	CHECK_INT(CELLA_ANSWER_UNKNOWN, cella_verdict_answer(v, CELLA_QUESTION_GENUINE));
	CHECK_INT(CELLA_UNDECIDED, cella_verdict_result(v));
	CHECK_TRUE(cella_verdict_root(v) == NULL);
	CHECK_OK(cella_verdict_json(v, &text, &err));
	CHECK_TEXT_HAS(text, "\"strength\": null");
}

/* --- what is forged ------------------------------------------------------------------ */

static void other_kernel(struct made *made)
{
	made->image.kernel = made_digest(bytes_from("another kernel"));
}

static void other_cmdline(struct made *made)
{
	made->image.cmdline = bytes_from(MADE_CMDLINE " init=/bin/sh");
}

static void other_image(struct made *made)
{
	made->image.whole = made_digest(bytes_from("another image"));
}

static void other_signer(struct made *made)
{
	made->image.signer = made_digest(bytes_from("another signer"));
}

static void not_signed(struct made *made)
{
	made->image.is_signed = false;
}

static void other_ramdisk(struct made *made)
{
	made->image.ramdisks[1] = made_digest(bytes_from("another"));
}

static void more_memory(struct made *made)
{
	made->config.memory_mib++;
}

static void egress_added(struct made *made)
{
	static const char *const egress[] = { "192.0.2.1:80", "evil.example:443",
					      "example.org:443" };

	made->config.egress = (struct launch_texts){ egress, ARRAY_LEN(egress) };
}

static void forward_added(struct made *made)
{
	static const char *const forward[] = { "127.0.0.1:8080:80", "0.0.0.0:22:22" };

	made->config.forward = (struct launch_texts){ forward, ARRAY_LEN(forward) };
}

static void port_opened(struct made *made)
{
	made->config.to_guest.ranges[1].last = 81;
}

static void all_ports_opened(struct made *made)
{
	made->config.from_guest.ranges[0] = (struct port_range){ 0, UINT32_MAX - 1 };
}

static void more_measured(struct made *made)
{
	made->spec.measured[made->spec.num_measured++] =
		bytes_from("cella measure-program sha384:cc /third");
}

static void file_changed(struct made *made)
{
	made->spec.measured[1] = bytes_from("cella measure-file sha384:b0 /second");
}

static void order_changed(struct made *made)
{
	const struct cella_bytes first = made->spec.measured[0];

	made->spec.measured[0] = made->spec.measured[1];
	made->spec.measured[1] = first;
}

static void nothing_measured(struct made *made)
{
	made->spec.num_measured = 0;
}

static void debuggable(struct made *made)
{
	made->config.debug = true;
}

static void of_another_host(struct made *made)
{
	made->spec.host = other.key;
}

static void later(struct made *made)
{
	made->spec.time = NOW + 3600;
}

static void long_ago(struct made *made)
{
	made->spec.time = NOW - HOST_AK_LIFETIME_S - 3600;
}

static void other_report_data(struct made *made)
{
	made->spec.report_data[63] ^= 1;
}

static void all_24_pcrs(struct sim_evm_parts *parts)
{
	parts->selected = 0xffffff & ~UINT32_C(0xff0000);
	parts->selected |= 1U << 16;
	parts->selected &= ~1U;
}

static void too_few_pcrs(struct sim_evm_parts *parts)
{
	parts->selected &= ~(UINT32_C(1) << LAUNCH_PCR_SIGNER);
}

static void no_pcrs(struct sim_evm_parts *parts)
{
	parts->selected = 0;
}

/* As a quote for another purpose, by the same key, would have it. */
static void untagged_data(struct sim_evm_parts *parts)
{
	parts->extra_data.len = 0;
	out_bytes(&parts->extra_data, parts->report_data, 64);
}

static void no_extra_data(struct sim_evm_parts *parts)
{
	parts->extra_data.len = 0;
}

static void data_swapped_later(struct sim_evm_parts *parts)
{
	parts->report_data[40] = 1;
}

static void foreign_key(struct sim_evm_parts *parts)
{
	struct cella_error err = { 0 };

	private_key_free(parts->ak);
	parts->ak = NULL;
	CHECK_OK(private_key_generate(CRYPTO_P256, &parts->ak, &err));
}

/* The host's own key is not an attestation key, and its root no certificate of one. */
static void root_as_key(struct sim_evm_parts *parts)
{
	const struct cella_bytes root = host_key_root(mine.key);

	parts->certificate.len = 0;
	out_bytes(&parts->certificate, root.data, root.len);
}

/* A root by the same name: whoever looks at names alone takes it for the host's. */
static void same_name_other_key(struct sim_evm_parts *parts)
{
	struct private_key *key = NULL;
	struct crypto_cert *root = NULL;
	struct out fake CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	struct host_cert_spec spec = { .not_before = NOW - 10, .not_after = NOW + 1000 };

	CHECK_OK(crypto_cert_parse(host_key_root(mine.key), &root, &err));
	spec.name = root->subject_cn;
	CHECK_OK(private_key_generate(CRYPTO_P256, &key, &err));
	CHECK_OK(host_cert_root(&spec, key, &fake, &err));
	spec.name = "cella enclave evm-1";
	parts->certificate.len = 0;
	CHECK_OK(host_cert_ak(&spec, private_key_point(parts->ak), out_view(&fake), key,
			      &parts->certificate, &err));
	crypto_cert_free(root);
	private_key_free(key);
}

static void pcr_swapped(struct sim_evm_parts *parts)
{
	parts->pcrs[LAUNCH_PCR_KERNEL][0] ^= 1;
}

static void last_event_gone(struct sim_evm_parts *parts)
{
	struct cella_event_log *log CLEANUP(event_log_cleanup) = NULL;
	struct cella_error err = { 0 };

	CHECK_OK(cella_event_log_parse(parts->log.data, parts->log.len, &log, &err));
	parts->log.len = log->events[log->num_events - 1].offset;
}

static void other_digest_in_log(struct sim_evm_parts *parts)
{
	struct cella_event_log *log CLEANUP(event_log_cleanup) = NULL;
	struct cella_error err = { 0 };

	CHECK_OK(cella_event_log_parse(parts->log.data, parts->log.len, &log, &err));
	/* The kernel's SHA-256, where a policy by component reads it. */
	parts->log.data[log->events[2].offset + 4 + 4 + 4 + 2] ^= 1;
}

static void other_command_line_in_log(struct sim_evm_parts *parts)
{
	uint8_t *const place = memmem(parts->log.data, parts->log.len, "quiet", 5);

	CHECK_TRUE(place != NULL);
	place[0] = 'Q';
}

static void debug_hidden_in_log(struct sim_evm_parts *parts)
{
	uint8_t *const place = memmem(parts->log.data, parts->log.len, "debug yes", 9);

	CHECK_TRUE(place != NULL);
	memcpy(place, "debug no\n", 9);
}

static void egress_hidden_in_log(struct sim_evm_parts *parts)
{
	uint8_t *const place = memmem(parts->log.data, parts->log.len, "example.org", 11);

	CHECK_TRUE(place != NULL);
	memcpy(place, "example.com", 11);
}

/* The guest, or whoever passes its log on, tells of another file than was measured. */
static void other_file_in_log(struct sim_evm_parts *parts)
{
	uint8_t *const place = memmem(parts->log.data, parts->log.len, "/second", 7);

	CHECK_TRUE(place != NULL);
	memcpy(place, "/eviler", 7);
}

static void find_last_event(const struct out *log, size_t *offset)
{
	struct cella_event_log *parsed CLEANUP(event_log_cleanup) = NULL;
	struct cella_error err = { 0 };

	CHECK_OK(cella_event_log_parse(log->data, log->len, &parsed, &err));
	*offset = parsed->events[parsed->num_events - 1].offset;
}

/* Or says what was measured anew, digests and all; or twice what was measured once. */
static void other_event_in_log(struct sim_evm_parts *parts)
{
	struct launch_digest digest;
	size_t offset = 0;
	uint8_t *event;

	other_file_in_log(parts);
	find_last_event(&parts->log, &offset);
	event = parts->log.data + offset;
	digest = made_digest(bytes_of(event + 100, parts->log.len - offset - 100));
	memcpy(event + 14, digest.sha256, SHA256_LEN);
	memcpy(event + 48, digest.sha384, SHA384_LEN);
}

static void last_event_twice(struct sim_evm_parts *parts)
{
	struct out copy CLEANUP(out_done) = { 0 };
	size_t offset = 0;

	find_last_event(&parts->log, &offset);
	out_bytes(&copy, parts->log.data + offset, parts->log.len - offset);
	out_bytes(&parts->log, copy.data, copy.len);
}

static void host_event_after_guests(struct sim_evm_parts *parts)
{
	out_u32le(&parts->log, LAUNCH_PCR_KERNEL);
	out_u32le(&parts->log, EV_IPL);
	out_u32le(&parts->log, 2);
	out_u16le(&parts->log, CELLA_HASH_SHA256);
	out_zeros(&parts->log, SHA256_LEN);
	out_u16le(&parts->log, CELLA_HASH_SHA384);
	out_zeros(&parts->log, SHA384_LEN);
	out_u32le(&parts->log, 0);
}

/* The guest extends a PCR of the host's, and says nothing of it. */
static void host_pcr_extended(struct sim_evm_parts *parts)
{
	memset(parts->pcrs[LAUNCH_PCR_CONFIG], 0xee, SHA256_LEN);
}

static void unused_pcr_extended(struct sim_evm_parts *parts)
{
	memset(parts->pcrs[7], 0xee, SHA256_LEN);
}

static void ima_extends(struct sim_evm_parts *parts)
{
	memset(parts->pcrs[LAUNCH_PCR_IMA], 0xee, SHA256_LEN);
}

/* Each forgery, and the one check that must fail for it; NULL: it is none. */
static const struct forgery {
	const char *name;
	forge_spec_fn *before;
	forge_parts_fn *quoted;
	forge_parts_fn *after;
	const char *failing;
	const char *also; /* fails with it, by necessity */
} forgeries[] = {
	{ "kernel_changed", other_kernel, NULL, NULL, "policy.evm_kernel", NULL },
	{ "cmdline_changed", other_cmdline, NULL, NULL, "policy.evm_cmdline", NULL },
	{ "image_changed", other_image, NULL, NULL, "policy.evm_image", NULL },
	{ "signer_changed", other_signer, NULL, NULL, "policy.evm_signer", NULL },
	{ "signature_removed", not_signed, NULL, NULL, "policy.evm_signer", NULL },
	{ "ramdisk_changed", other_ramdisk, NULL, NULL, "policy.evm_pcr9", NULL },
	{ "config_changed", more_memory, NULL, NULL, "policy.evm_pcr13", NULL },
	{ "egress_added", egress_added, NULL, NULL, "policy.evm_egress",
	  "policy.evm_pcr13" },
	{ "forward_added", forward_added, NULL, NULL, "policy.evm_forward",
	  "policy.evm_pcr13" },
	{ "port_opened", port_opened, NULL, NULL, "policy.evm_to_guest",
	  "policy.evm_pcr13" },
	{ "all_ports_opened", all_ports_opened, NULL, NULL, "policy.evm_from_guest",
	  "policy.evm_pcr13" },
	{ "application_changed", more_measured, NULL, NULL, "policy.evm_pcr14",
	  "policy.evm_pcr14" },
	{ "file_changed", file_changed, NULL, NULL, "policy.evm_pcr14_events",
	  "policy.evm_pcr14" },
	{ "order_changed", order_changed, NULL, NULL, "policy.evm_pcr14_events",
	  "policy.evm_pcr14" },
	{ "nothing_measured", nothing_measured, NULL, NULL, "policy.evm_pcr14_events",
	  "policy.evm_pcr14" },
	{ "debug", debuggable, NULL, NULL, "evm.debug", "policy.evm_pcr" },
	{ "other_host", of_another_host, NULL, NULL, "evm.root", "evm.certificate" },
	{ "certified_in_future", later, NULL, NULL, "evm.dates", NULL },
	{ "certificate_expired", long_ago, NULL, NULL, "evm.dates", NULL },
	{ "stale_nonce", other_report_data, NULL, NULL, "report_data", NULL },
	{ "selection_short", NULL, too_few_pcrs, NULL, "evm.pcrs", NULL },
	{ "selection_shifted", NULL, all_24_pcrs, NULL, "evm.pcrs", NULL },
	{ "selection_empty", NULL, no_pcrs, NULL, "evm.pcrs", NULL },
	{ "extra_data_untagged", NULL, untagged_data, NULL, "evm.binding", NULL },
	{ "extra_data_missing", NULL, no_extra_data, NULL, "evm.binding", NULL },
	{ "report_data_swapped", NULL, NULL, data_swapped_later, "evm.binding",
	  "report_data" },
	{ "foreign_key", NULL, foreign_key, NULL, "evm.signature", NULL },
	{ "root_certificate_as_key", NULL, NULL, root_as_key, "evm.certificate",
	  "evm.signature" },
	{ "root_of_same_name", NULL, NULL, same_name_other_key, "evm.certificate", NULL },
	{ "pcr_swapped", NULL, NULL, pcr_swapped, "evm.pcrs", "event_log.pcr4" },
	{ "log_cut", NULL, NULL, last_event_gone, "event_log.pcr14", NULL },
	{ "log_digest_changed", NULL, NULL, other_digest_in_log, "event_log.pcr4",
	  "policy.evm_kernel" },
	{ "log_text_changed", NULL, NULL, other_command_line_in_log, "evm.launch", NULL },
	{ "log_debug_hidden", debuggable, NULL, debug_hidden_in_log, "evm.launch", NULL },
	{ "log_egress_hidden", NULL, NULL, egress_hidden_in_log, "evm.launch", NULL },
	{ "log_file_renamed", NULL, NULL, other_file_in_log, "evm.launch", NULL },
	{ "log_event_replaced", NULL, NULL, other_event_in_log, "event_log.pcr14",
	  "policy.evm_pcr14_events" },
	{ "log_event_twice", NULL, NULL, last_event_twice, "event_log.pcr14",
	  "policy.evm_pcr14_events" },
	{ "log_host_event_late", NULL, NULL, host_event_after_guests, "evm.launch",
	  "event_log.pcr4" },
	{ "host_pcr_extended", NULL, host_pcr_extended, NULL, "event_log.pcr13",
	  "policy.evm_pcr13" },
	{ "unused_pcr_extended", NULL, unused_pcr_extended, NULL, "event_log.pcr7",
	  "policy.evm_pcr7" },
};

static bool starts(const char *text, const char *start)
{
	return start != NULL && strncmp(text, start, strlen(start)) == 0;
}

/* Policies that name one thing each, so that each forgery has one reason. */
static size_t single_policies(struct cella_bytes good, struct cella_policy **out)
{
	static const char *const keys[] = {
		"evm_kernel",       "evm_cmdline",    "evm_image",   "evm_signer",
		"evm_pcr7",         "evm_pcr9",       "evm_pcr13",   "evm_pcr14",
		"evm_to_guest",     "evm_from_guest", "evm_forward", "evm_egress",
		"evm_pcr14_events",
	};

	*out = policy_of(good, keys, ARRAY_LEN(keys));
	return 1;
}

static void check_forgery(const struct forgery *f, struct cella_policy *policy)
{
	struct out bytes CLEANUP(out_done) = { 0 };
	struct cella_verdict *v CLEANUP(verdict_cleanup) = NULL;
	const struct cella_check *check;
	struct cella_verify_options o;
	struct cella_error err = { 0 };

	CASE(f->name);
	write_evidence(f->before, f->quoted, f->after, &bytes);
	expect_all(&o);
	o.policy_expect = CELLA_EXPECT_EXACT;
	o.policies = &policy;
	o.num_policies = 1;
	CHECK_OK(judge_bytes(out_view(&bytes), &o, &v, &err));
	note_failures(v);
	CHECK_INT(CELLA_REJECTED, cella_verdict_result(v));
	check = check_of(v, f->failing);
	if (check == NULL)
		fail_msg("%s: %s was not checked", f->name, f->failing);
	CHECK_INT(CELLA_CHECK_FAIL, check->outcome);
	CHECK_TRUE(check->remedy != NULL);
	for (size_t i = 0; i < v->num_checks; i++)
		if (v->checks[i].outcome == CELLA_CHECK_FAIL &&
		    strcmp(v->checks[i].id, f->failing) != 0 &&
		    !starts(v->checks[i].id, f->also) &&
		    !(v->checks[i].question == CELLA_QUESTION_MINE &&
		      strcmp(f->failing, "evm.launch") == 0))
			fail_msg("%s: %s fails too", f->name, v->checks[i].id);
}

static void every_forgery_is_refused_for_its_reason(void **state)
{
	struct out good CLEANUP(out_done) = { 0 };
	struct cella_policy *policy CLEANUP(policy_cleanup) = NULL;

	(void)state;
	write_evidence(NULL, NULL, NULL, &good);
	single_policies(out_view(&good), &policy);
	for (size_t i = 0; i < ARRAY_LEN(forgeries); i++)
		check_forgery(&forgeries[i], policy);
}

/* The guest's kernel extends PCR10 by itself: reported, and no reason to refuse. */
static void what_ima_measures_is_the_guests(void **state)
{
	struct out bytes CLEANUP(out_done) = { 0 };
	struct cella_verdict *v CLEANUP(verdict_cleanup) = NULL;
	struct cella_verify_options o;
	struct cella_error err = { 0 };
	char *text CLEANUP_FREE = NULL;

	(void)state;
	write_evidence(NULL, ima_extends, NULL, &bytes);
	expect_all(&o);
	CHECK_OK(judge_bytes(out_view(&bytes), &o, &v, &err));
	CHECK_INT(CELLA_ACCEPTED, cella_verdict_result(v));
	CHECK_OK(cella_verdict_text(v, 0, &text, &err));
	CHECK_TEXT_HAS(text, "PCR10");
}

static void roots_expire(void **state)
{
	struct out bytes CLEANUP(out_done) = { 0 };
	struct cella_verdict *v CLEANUP(verdict_cleanup) = NULL;
	struct cella_verify_options o;
	struct cella_error err = { 0 };
	struct private_key *ak = NULL;

	(void)state;
	write_evidence(NULL, NULL, NULL, &bytes);
	expect_all(&o);
	o.time = NOW + (int64_t)(HOST_ROOT_YEARS + 1) * 366 * 24 * 3600;
	CHECK_OK(judge_bytes(out_view(&bytes), &o, &v, &err));
	CHECK_INT(CELLA_ANSWER_NO, cella_verdict_answer(v, CELLA_QUESTION_CURRENT));
	CHECK_INT(CELLA_ANSWER_YES, cella_verdict_answer(v, CELLA_QUESTION_GENUINE));
	private_key_free(ak);
}

/* An authority for other things does not vouch for attestation keys, nor a host for TDs. */
static void roots_are_for_one_purpose(void **state)
{
	struct sim_cert_spec spec = { .subject = { "cella enclave host", "x" },
				      .issuer = { "cella enclave host", "x" },
				      .not_before = NOW - 10,
				      .not_after = NOW + 1000,
				      .point = private_key_point(mine.private),
				      .crl_url = "http://x.example",
				      .is_ca = true,
				      .path_len = 1,
				      .key_usage = SIM_USAGE_CA };
	struct out bytes CLEANUP(out_done) = { 0 };
	struct out root CLEANUP(out_done) = { 0 };
	struct cella_verdict *v CLEANUP(verdict_cleanup) = NULL;
	struct cella_verify_options o;
	struct cella_error err = { 0 };

	(void)state;
	write_evidence(NULL, NULL, NULL, &bytes);
	spec.serial[0] = 1;
	CHECK_OK(sim_cert_issue(&spec, mine.private, &root, &err));
	expect_all(&o);
	o.root = out_view(&root);
	CHECK_OK(judge_bytes(out_view(&bytes), &o, &v, &err));
	CHECK_INT(CELLA_ANSWER_NO, cella_verdict_answer(v, CELLA_QUESTION_GENUINE));
	CHECK_INT(CELLA_CHECK_FAIL, check_of(v, "evm.root")->outcome);
	CHECK_TEXT_HAS(check_of(v, "evm.root")->actual, "no host's root");
}

static void a_hosts_root_vouches_for_no_platform(void **state)
{
	struct sim_config config;
	struct sim_platform *platform CLEANUP(sim_platform_cleanup) = NULL;
	struct cella_verdict *v CLEANUP(verdict_cleanup) = NULL;
	struct sim_quote quote = { 0 };
	struct out bytes CLEANUP(out_done) = { 0 };
	struct cella_verify_options o;
	struct cella_error err = { 0 };

	(void)state;
	sim_config_init(&config, NOW);
	CHECK_OK(sim_platform_new(&config, NULL, &platform, &err));
	CHECK_OK(sim_quote_init(platform, 5, QUOTE_BODY_TD_15, &quote, &err));
	CHECK_OK(sim_quote_finish(&quote, &bytes, &err));
	sim_quote_done(&quote);
	expect_all(&o);
	CHECK_STATUS(CELLA_UNSUPPORTED, judge_bytes(out_view(&bytes), &o, &v, &err));
	CHECK_TEXT_HAS(err.text, "a host's");
}

/* Policies for TDs or platforms do not judge enclaves; they refuse. */
static void policies_of_other_classes_refuse(void **state)
{
	static const struct {
		const char *name;
		const char *text;
	} rows[] = {
		{ "guest TD", "{\"policy_array\":[{\"environment\":{\"class_id\":"
			      "\"45b734fc-aa4e-4c3d-ad28-e43d08880e68\"},\"reference\":{"
			      "\"tdx_xfam\":\"0000000000000000\"}}]}" },
		{ "TDX platform",
		  "{\"policy_array\":[{\"environment\":{\"class_id\":"
		  "\"f708b97f-0fb2-4e6b-8b03-8a5bcd1221d3\"},\"reference\":{"
		  "\"accepted_tcb_status\":[\"UpToDate\"],\"collateral_grace_period\":0}}]}" },
		{ "nothing",
		  "{\"policy_array\":[{\"environment\":{\"class_id\":"
		  "\"6d2f4ab1-6f0f-4c0e-9a55-4f3ee2c6d0b7\"},\"reference\":{}}]}" },
		{ "unknown key",
		  "{\"policy_array\":[{\"environment\":{\"class_id\":"
		  "\"6d2f4ab1-6f0f-4c0e-9a55-4f3ee2c6d0b7\"},\"reference\":{"
		  "\"evm_kernl\":\"00\"}}]}" },
	};
	const struct cella_policy_options how = { .size = sizeof how,
						  .source = CELLA_POLICY_LOCAL };
	struct out bytes CLEANUP(out_done) = { 0 };

	(void)state;
	write_evidence(NULL, NULL, NULL, &bytes);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_policy *policy CLEANUP(policy_cleanup) = NULL;
		struct cella_verdict *v CLEANUP(verdict_cleanup) = NULL;
		struct cella_verify_options o;
		struct cella_error err = { 0 };

		CASE(rows[i].name);
		CHECK_OK(cella_policy_parse(rows[i].text, strlen(rows[i].text), &how,
					    &policy, &err));
		expect_all(&o);
		o.policy_expect = CELLA_EXPECT_EXACT;
		o.policies = &policy;
		o.num_policies = 1;
		CHECK_OK(judge_bytes(out_view(&bytes), &o, &v, &err));
		CHECK_INT(CELLA_REJECTED, cella_verdict_result(v));
	}
}

#define EVM_POLICY(reference) \
	"{\"policy_array\":[{\"environment\":{\"class_id\":" \
	"\"6d2f4ab1-6f0f-4c0e-9a55-4f3ee2c6d0b7\"},\"reference\":{" reference "}}]}"

static void judge_by(const char *policy_text, forge_spec_fn *before,
		     struct cella_verdict **out)
{
	const struct cella_policy_options how = { .size = sizeof how,
						  .source = CELLA_POLICY_LOCAL };
	struct cella_policy *policy CLEANUP(policy_cleanup) = NULL;
	struct out bytes CLEANUP(out_done) = { 0 };
	struct cella_verify_options o;
	struct cella_error err = { 0 };

	write_evidence(before, NULL, NULL, &bytes);
	CHECK_OK(cella_policy_parse(policy_text, strlen(policy_text), &how, &policy,
				    &err));
	expect_all(&o);
	o.policy_expect = CELLA_EXPECT_EXACT;
	o.policies = &policy;
	o.num_policies = 1;
	CHECK_OK(judge_bytes(out_view(&bytes), &o, out, &err));
}

static void no_egress(struct made *made)
{
	made->config.egress.num_items = 0;
}

/* The launch has egress to 192.0.2.1:80 and example.org:443, unless it has none. */
static const struct {
	const char *policy;
	forge_spec_fn *before;
	enum cella_result result;
	const char *actual; /* of the check that fails */
} ways_rows[] = {
	{ EVM_POLICY("\"evm_egress\":[\"Example.org:443\",\"192.0.2.1:80\"]"), NULL,
	  CELLA_ACCEPTED, NULL },
	{ EVM_POLICY("\"evm_egress\":[\"example.org:443\"]"), NULL, CELLA_REJECTED,
	  "the policy has no 192.0.2.1:80" },
	{ EVM_POLICY("\"evm_egress\":[\"192.0.2.1:80\",\"example.org:443\",\"b:1\"]"),
	  NULL, CELLA_REJECTED, "without b:1" },
	{ EVM_POLICY("\"evm_egress\":[]"), NULL, CELLA_REJECTED, "example.org:443" },
	{ EVM_POLICY("\"evm_egress\":\"none\""), NULL, CELLA_REJECTED,
	  "example.org:443" },
	{ EVM_POLICY("\"evm_egress\":\"none\""), no_egress, CELLA_ACCEPTED, NULL },
	{ EVM_POLICY("\"evm_egress\":[]"), no_egress, CELLA_ACCEPTED, NULL },
	{ EVM_POLICY("\"evm_egress\":[\"example.org:443\"]"), no_egress, CELLA_REJECTED,
	  "none: without example.org:443" },
	{ EVM_POLICY("\"evm_to_guest\":[\"7001-7003\",\"80\"]"), NULL, CELLA_ACCEPTED,
	  NULL },
	{ EVM_POLICY("\"evm_to_guest\":\"none\""), NULL, CELLA_REJECTED, "80" },
	{ EVM_POLICY("\"evm_from_guest\":[\"any\"]"), all_ports_opened, CELLA_ACCEPTED,
	  NULL },
	{ EVM_POLICY("\"evm_strength\":\"host\""), NULL, CELLA_ACCEPTED, NULL },
	{ EVM_POLICY("\"evm_strength\":[\"tdx\",\"host\"]"), NULL, CELLA_ACCEPTED, NULL },
	{ EVM_POLICY("\"evm_strength\":\"tdx\""), NULL, CELLA_REJECTED, "host" },
	{ EVM_POLICY("\"evm_strength\":[]"), NULL, CELLA_REJECTED, "host" },
	{ EVM_POLICY("\"evm_strength\":\"host\""), of_another_host, CELLA_REJECTED,
	  "no pinned root vouches" },
	{ EVM_POLICY("\"evm_root\":\"intel\""), NULL, CELLA_REJECTED, "private:" },
	{ EVM_POLICY("\"evm_root\":\"private:\""), NULL, CELLA_REJECTED, "private:" },
};

static void policies_name_ways_in_and_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ways_rows); i++) {
		struct cella_verdict *v CLEANUP(verdict_cleanup) = NULL;
		bool is_told = ways_rows[i].actual == NULL;

		CASE(ways_rows[i].policy);
		judge_by(ways_rows[i].policy, ways_rows[i].before, &v);
		CHECK_INT(ways_rows[i].result, cella_verdict_result(v));
		for (size_t k = 0; k < v->num_checks && !is_told; k++)
			is_told = v->checks[k].outcome == CELLA_CHECK_FAIL &&
				  v->checks[k].question == CELLA_QUESTION_MINE &&
				  strstr(v->checks[k].actual, ways_rows[i].actual) !=
					  NULL;
		CHECK_TRUE(is_told);
	}
}

/* The root that verifiers pin may be named by the policy, too, and must be pinned. */
static void policies_name_the_root(void **state)
{
	struct cella_verdict *v CLEANUP(verdict_cleanup) = NULL;
	struct cella_verdict *unpinned CLEANUP(verdict_cleanup) = NULL;
	const struct cella_policy_options how = { .size = sizeof how,
						  .source = CELLA_POLICY_LOCAL };
	struct cella_policy *policy CLEANUP(policy_cleanup) = NULL;
	struct out bytes CLEANUP(out_done) = { 0 };
	struct out text CLEANUP(out_done) = { 0 };
	struct cella_verify_options o;
	char *name CLEANUP_FREE = NULL;
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(cella_root_name(mine.root.data, mine.root.len, &name, &err));
	out_format(&text, EVM_POLICY("\"evm_root\":[\"intel\",\"%s\"]"), name);
	out_u8(&text, 0);
	judge_by((const char *)text.data, NULL, &v);
	CHECK_INT(CELLA_ACCEPTED, cella_verdict_result(v));
	write_evidence(NULL, NULL, NULL, &bytes);
	CHECK_OK(cella_policy_parse((const char *)text.data, text.len - 1, &how, &policy,
				    &err));
	expect_all(&o);
	o.root_choice = CELLA_ROOT_INTEL;
	o.policy_expect = CELLA_EXPECT_EXACT;
	o.policies = &policy;
	o.num_policies = 1;
	CHECK_OK(judge_bytes(out_view(&bytes), &o, &unpinned, &err));
	CHECK_INT(CELLA_ANSWER_UNKNOWN,
		  cella_verdict_answer(unpinned, CELLA_QUESTION_MINE));
	CHECK_INT(CELLA_UNDECIDED, cella_verdict_result(unpinned));
}

/* One name alone could be meant as one of several. */
static void a_single_way_is_no_list(void **state)
{
	const struct cella_policy_options how = { .size = sizeof how,
						  .source = CELLA_POLICY_LOCAL };
	static const char *const texts[] = { EVM_POLICY("\"evm_egress\":\"a:1\""),
					     EVM_POLICY("\"evm_egress\":[1]"),
					     EVM_POLICY("\"evm_egress\":null") };
	struct cella_policy *policy = NULL;
	struct cella_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		CASE(texts[i]);
		CHECK_STATUS(CELLA_MALFORMED,
			     cella_policy_parse(texts[i], strlen(texts[i]), &how, &policy,
						&err));
		CHECK_TEXT_HAS(err.text, "evm_egress");
	}
}

/* Bytes of this class stand in the order that sha256sum prints. */
static void policies_are_in_natural_order(void **state)
{
	static const char *const only[] = { "evm_kernel" };
	struct out bytes CLEANUP(out_done) = { 0 };
	struct cella_policy *policy CLEANUP(policy_cleanup) = NULL;
	const struct launch_digest kernel = made_digest(bytes_from(MADE_KERNEL));
	char digits[2 * SHA256_LEN + 1];
	struct cella_bytes text;
	char *copy CLEANUP_FREE = NULL;

	(void)state;
	write_evidence(NULL, NULL, NULL, &bytes);
	policy = policy_of(out_view(&bytes), only, 1);
	text = cella_policy_text(policy);
	copy = strndup((const char *)text.data, text.len);
	CHECK_TEXT_HAS(copy, hex_format(bytes_of(kernel.sha256, SHA256_LEN), digits));
}

/* --- what does not parse ------------------------------------------------------------- */

static void certify_type(struct sim_evm_parts *parts)
{
	parts->attest_type = 0x8017;
}

static void of_another_type(void **state)
{
	struct sim_evm_parts parts CLEANUP(sim_evm_done) = { .ak = NULL };
	struct out bytes CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	struct made made;

	(void)state;
	made_begin(&made);
	CHECK_OK(sim_evm_begin(&made.spec, &parts, &err));
	certify_type(&parts);
	CHECK_OK(sim_evm_sign(&parts, &err));
	CHECK_STATUS(CELLA_USAGE, sim_evm_write(&parts, &bytes, &err));
	CHECK_TEXT_HAS(err.text, "type: is not a quote's");
}

/* Replaces one text of the document by another. */
static void replace(const struct out *from, const char *what, const char *by,
		    struct out *out)
{
	const uint8_t *const place = memmem(from->data, from->len, what, strlen(what));
	size_t before;

	CHECK_TRUE(place != NULL);
	before = (size_t)(place - from->data);
	out_bytes(out, from->data, before);
	out_text(out, by);
	out_bytes(out, place + strlen(what), from->len - before - strlen(what));
}

static const struct {
	const char *what;
	const char *by;
	enum cella_status status;
	const char *text;
} breaks[] = {
	{ "\"cella-evm-1\"", "\"cella-evm-2\"", CELLA_UNSUPPORTED, "format" },
	{ "\"report_data\": \"", "\"report_data\": \"00", CELLA_MALFORMED,
	  "report_data" },
	{ "\"quote\": \"", "\"quote\": \"AAAA", CELLA_MALFORMED, "magic" },
	{ "\"signature\": \"ABgA", "\"signature\": \"ABQA", CELLA_MALFORMED, "sigAlg" },
	{ "\"signature\": \"ABgACwAg", "\"signature\": \"ABgACwAh", CELLA_MALFORMED,
	  "signatureR" },
	{ "\"certificate\": \"MII", "\"certificate\": \"MIM", CELLA_OK, NULL },
	{ "\"pcrs\": [", "\"pcrs\": [\"00\",", CELLA_MALFORMED, "pcrs" },
	{ "\"event_log\": \"AAAA", "\"event_log\": \"BAAA", CELLA_OK, NULL },
	{ "\"event_log\": \"", "\"event_log\": \"AAAA", CELLA_UNSUPPORTED,
	  "header.type" },
	{ "{", "{\"more\": 1,", CELLA_MALFORMED, "is not known" },
	{ "{", "{\"quote\": \"\",", CELLA_MALFORMED, "duplicate" },
	{ "{", "{\"host_claims\": {\"a\": [1]},", CELLA_MALFORMED, "host_claims" },
	{ "{", "{\"host_claims\": {\"a\": null},", CELLA_MALFORMED, "host_claims" },
	{ "{", "{\"host_claims\": [],", CELLA_MALFORMED, "host_claims" },
	{ "\"report_data\"", "\"report-data\"", CELLA_MALFORMED, "report_data" },
};

static void what_breaks_the_format_is_named(void **state)
{
	struct out good CLEANUP(out_done) = { 0 };

	(void)state;
	write_evidence(NULL, NULL, NULL, &good);
	for (size_t i = 0; i < ARRAY_LEN(breaks); i++) {
		struct cella_evidence *evidence CLEANUP(evidence_cleanup) = NULL;
		struct out bytes CLEANUP(out_done) = { 0 };
		struct cella_error err = { 0 };

		CASE(breaks[i].by);
		replace(&good, breaks[i].what, breaks[i].by, &bytes);
		CHECK_STATUS(breaks[i].status, cella_evidence_parse(bytes.data, bytes.len,
								    &evidence, &err));
		if (breaks[i].text != NULL)
			CHECK_TEXT_HAS(err.text, breaks[i].text);
	}
}

static void nothing_follows_the_document(void **state)
{
	struct out bytes CLEANUP(out_done) = { 0 };
	struct cella_evidence *evidence CLEANUP(evidence_cleanup) = NULL;
	struct cella_error err = { 0 };

	(void)state;
	write_evidence(NULL, NULL, NULL, &bytes);
	out_text(&bytes, "x");
	CHECK_STATUS(CELLA_MALFORMED,
		     cella_evidence_parse(bytes.data, bytes.len, &evidence, &err));
}

static void a_broken_certificate_is_an_error(void **state)
{
	struct out good CLEANUP(out_done) = { 0 };
	struct out bytes CLEANUP(out_done) = { 0 };
	struct cella_verdict *v CLEANUP(verdict_cleanup) = NULL;
	struct cella_verify_options o;
	struct cella_error err = { 0 };

	(void)state;
	write_evidence(NULL, NULL, NULL, &good);
	replace(&good, "\"certificate\": \"MII", "\"certificate\": \"MIM", &bytes);
	expect_all(&o);
	CHECK_STATUS(CELLA_MALFORMED, judge_bytes(out_view(&bytes), &o, &v, &err));
	CHECK_TEXT_HAS(err.text, "certificate");
	o.root = bytes_from("no certificate");
	CHECK_STATUS(CELLA_MALFORMED, judge_bytes(out_view(&good), &o, &v, &err));
	CHECK_TEXT_HAS(err.text, "trust root");
}

/* --- every bit ----------------------------------------------------------------------- */

/* The facts are what policies judge and verdicts tell. */
static bool same_facts(const struct cella_evidence *a, const struct cella_evidence *b)
{
	for (int i = CELLA_FACT_EVM_PCR0; i <= CELLA_FACT_EVM_SIGNER; i++) {
		struct cella_bytes in_a = { 0 };
		struct cella_bytes in_b = { 0 };

		cella_facts_get(&a->facts, (enum cella_fact)i, &in_a);
		cella_facts_get(&b->facts, (enum cella_fact)i, &in_b);
		if (!bytes_equal(in_a, in_b))
			return false;
	}
	return memcmp(a->evm->report_data, b->evm->report_data,
		      sizeof a->evm->report_data) == 0 &&
	       a->evm->launch.config.debug == b->evm->launch.config.debug &&
	       a->evm->launch.config.vcpus == b->evm->launch.config.vcpus &&
	       strcmp(a->evm->launch.machine, b->evm->launch.machine) == 0;
}

/*
 * What no quote covers, and no fact is made of: the log's digests of SHA-384, where they are
 * not those of a text, the texts of what the guest measured, and types of its events.
 */
static bool same_but_uncovered(const struct evm *a, const struct evm *b)
{
	return bytes_equal(out_view(&a->message), out_view(&b->message)) &&
	       memcmp(a->signature, b->signature, sizeof a->signature) == 0 &&
	       bytes_equal(out_view(&a->certificate), out_view(&b->certificate));
}

/* Of the bits that are accepted, each must leave the facts, and what is signed, alone. */
static void every_bit_counts(void **state)
{
	struct out bytes CLEANUP(out_done) = { 0 };
	struct cella_evidence *good CLEANUP(evidence_cleanup) = NULL;
	struct cella_verify_options o;
	struct cella_error err = { 0 };
	size_t num_same = 0;

	(void)state;
	write_evidence(NULL, NULL, NULL, &bytes);
	CHECK_OK(cella_evidence_parse(bytes.data, bytes.len, &good, &err));
	expect_all(&o);
	for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
		struct cella_evidence *evidence CLEANUP(evidence_cleanup) = NULL;
		struct cella_verdict *v CLEANUP(verdict_cleanup) = NULL;

		bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (cella_evidence_parse(bytes.data, bytes.len, &evidence, &err) ==
			    CELLA_OK &&
		    evidence->evm != NULL) {
			if (cella_verify(evidence, NULL, &o, &v, &err) == CELLA_OK &&
			    cella_verdict_answer(v, CELLA_QUESTION_GENUINE) ==
				    CELLA_ANSWER_YES) {
				num_same++;
				if (!same_facts(good, evidence) ||
				    !same_but_uncovered(good->evm, evidence->evm))
					fail_msg("bit %zu of byte %zu does not count",
						 bit % 8, bit / 8);
			}
		}
		bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	/* Cases of hexadecimal digits, blanks, and what is not covered: a small part. */
	CHECK_TRUE(num_same > 0 && num_same < bytes.len);
}

static void no_prefix_is_enough(void **state)
{
	struct out bytes CLEANUP(out_done) = { 0 };

	(void)state;
	write_evidence(NULL, NULL, NULL, &bytes);
	/* The last character is a line's end. */
	for (size_t len = 0; len + 1 < bytes.len; len++) {
		struct cella_evidence *evidence CLEANUP(evidence_cleanup) = NULL;
		struct cella_error err = { 0 };

		CHECK_TRUE(cella_evidence_parse(bytes.data, len, &evidence, &err) !=
			   CELLA_OK);
		CHECK_TRUE(err.text[0] != '\0');
	}
}

/* --- what is told -------------------------------------------------------------------- */

static void a_verdict_fits_its_schema(void **state)
{
	json_t *schema CLEANUP_JSON = json_load_file(getenv("CELLA_SCHEMA"), 0, NULL);
	struct out claims CLEANUP(out_done) = { 0 };
	struct sim_evm_parts parts CLEANUP(sim_evm_done) = { .ak = NULL };
	json_t *host CLEANUP_JSON =
		json_pack("{s:s, s:b}", "backend", "tcg", "locked", 0);
	json_t *told CLEANUP_JSON = NULL;
	struct cella_verdict *v CLEANUP(verdict_cleanup) = NULL;
	struct cella_verify_options o;
	struct schema_fault fault = { "", "" };
	struct cella_error err = { 0 };
	char *text CLEANUP_FREE = NULL;
	struct made made;

	(void)state;
	CHECK_TRUE(schema != NULL);
	made_begin(&made);
	made.spec.host_claims = host;
	CHECK_OK(sim_evm_begin(&made.spec, &parts, &err));
	CHECK_OK(sim_evm_sign(&parts, &err));
	CHECK_OK(sim_evm_write(&parts, &claims, &err));
	expect_all(&o);
	CHECK_OK(judge_bytes(out_view(&claims), &o, &v, &err));
	CHECK_OK(cella_verdict_json(v, &text, &err));
	CHECK_OK(json_parse(bytes_from_text(text), "verdict", &told, &err));
	if (!schema_accepts(schema, told, &fault))
		fail_msg("%s: %s", fault.where, fault.text);
	CHECK_TEXT("evm", json_string_value(json_object_get(told, "tee")));
	CHECK_TEXT("host", json_string_value(json_object_get(json_object_get(told, "evm"),
							     "strength")));
	CHECK_TEXT("tcg",
		   json_string_value(json_object_get(
			   json_object_get(json_object_get(told, "evm"), "host_claims"),
			   "backend")));
}

static void it_is_described_and_explained(void **state)
{
	struct out bytes CLEANUP(out_done) = { 0 };
	struct cella_evidence *evidence CLEANUP(evidence_cleanup) = NULL;
	struct cella_verdict *v CLEANUP(verdict_cleanup) = NULL;
	struct cella_verify_options o;
	struct cella_error err = { 0 };
	char *text CLEANUP_FREE = NULL;
	char *json CLEANUP_FREE = NULL;
	char *why CLEANUP_FREE = NULL;

	(void)state;
	write_evidence(NULL, NULL, NULL, &bytes);
	CHECK_OK(cella_evidence_parse(bytes.data, bytes.len, &evidence, &err));
	CHECK_INT(CELLA_EVIDENCE_EVM, cella_evidence_kind(evidence));
	CHECK_OK(cella_evidence_describe(evidence, false, &text, &err));
	CHECK_TEXT_HAS(text, MADE_CMDLINE);
	CHECK_TEXT_HAS(text, "cella enclave evm-1");
	CHECK_OK(cella_evidence_describe(evidence, true, &json, &err));
	CHECK_TEXT_HAS(json, "\"kind\": \"evm\"");
	expect_all(&o);
	CHECK_OK(cella_verify(evidence, NULL, &o, &v, &err));
	CHECK_OK(cella_verdict_explain(v, NULL, &why, &err));
	CHECK_TEXT_HAS(why, "strength: host");
}

/* A log or a vTPM beside it would not be judged: so it is not taken. */
static void nothing_is_judged_beside_it(void **state)
{
	struct out bytes CLEANUP(out_done) = { 0 };
	struct out log CLEANUP(out_done) = made_launch_log(false);
	struct cella_event_log *parsed CLEANUP(event_log_cleanup) = NULL;
	struct cella_verdict *v CLEANUP(verdict_cleanup) = NULL;
	struct cella_verify_options o;
	struct cella_error err = { 0 };

	(void)state;
	write_evidence(NULL, NULL, NULL, &bytes);
	CHECK_OK(cella_event_log_parse(log.data, log.len, &parsed, &err));
	expect_all(&o);
	o.event_log = parsed;
	CHECK_STATUS(CELLA_UNSUPPORTED, judge_bytes(out_view(&bytes), &o, &v, &err));
}

static void every_check_of_an_evm_can_fail(void **state)
{
	(void)state;
	for (int i = CHECK_EVM_ROOT; i <= CHECK_EVENT_LOG; i++) {
		CASE(check_name((enum check_id)i));
		CHECK_TRUE(seen_failing[i]);
	}
	CHECK_TRUE(seen_failing[CHECK_EVM_DATES] && seen_failing[CHECK_EVM_DEBUG]);
}

static int make_hosts(void **state)
{
	(void)state;
	host_new(&mine);
	host_new(&other);
	return 0;
}

static int free_hosts(void **state)
{
	(void)state;
	host_done(&mine);
	host_done(&other);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_evidence_is_four_times_yes),
		cmocka_unit_test(without_a_pinned_root_nothing_is_genuine),
		cmocka_unit_test(every_forgery_is_refused_for_its_reason),
		cmocka_unit_test(what_ima_measures_is_the_guests),
		cmocka_unit_test(roots_expire),
		cmocka_unit_test(roots_are_for_one_purpose),
		cmocka_unit_test(a_hosts_root_vouches_for_no_platform),
		cmocka_unit_test(policies_of_other_classes_refuse),
		cmocka_unit_test(policies_name_ways_in_and_out),
		cmocka_unit_test(policies_name_the_root),
		cmocka_unit_test(a_single_way_is_no_list),
		cmocka_unit_test(policies_are_in_natural_order),
		cmocka_unit_test(of_another_type),
		cmocka_unit_test(what_breaks_the_format_is_named),
		cmocka_unit_test(nothing_follows_the_document),
		cmocka_unit_test(a_broken_certificate_is_an_error),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(no_prefix_is_enough),
		cmocka_unit_test(a_verdict_fits_its_schema),
		cmocka_unit_test(it_is_described_and_explained),
		cmocka_unit_test(nothing_is_judged_beside_it),
		cmocka_unit_test(every_check_of_an_evm_can_fail),
	};

	return cmocka_run_group_tests(tests, make_hosts, free_hosts);
}
