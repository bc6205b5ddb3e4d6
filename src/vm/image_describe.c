/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling what an image is: as a document, and for people.
 */
#include "vm/image_facts.h"

#include "base/civil.h"
#include "base/encode.h"

#include <stdio.h>
#include <string.h>

static const char *const outcomes[] = {
	[EIF_NO] = "no",
	[EIF_YES] = "yes",
	[EIF_NOT_ASKED] = "not_asked",
};

/* --- the document -------------------------------------------------------------------- */

static enum cella_status add_sections(const struct image_facts *facts, json_t *root,
				      struct cella_error *err)
{
	json_t *const list = json_array();

	TRY(json_put(root, "sections", list, err));
	for (size_t i = 0; i < facts->image->num_sections; i++) {
		const struct eif_section *const section = &facts->image->sections[i];
		json_t *const object = json_object();

		TRY(json_add(list, object, err));
		TRY(json_put(object, "type", json_string(eif_type_name(section->type)),
			     err));
		TRY(json_put(object, "offset", json_integer((json_int_t)section->offset),
			     err));
		TRY(json_put(object, "size", json_integer((json_int_t)section->data.len),
			     err));
	}
	return CELLA_OK;
}

static enum cella_status add_ramdisks(const struct image_facts *facts, json_t *root,
				      struct cella_error *err)
{
	json_t *const list = json_array();

	TRY(json_put(root, "ramdisks", list, err));
	for (size_t i = 0; i < facts->image->num_ramdisks; i++) {
		const struct launch_digest *const digest = &facts->measured.ramdisks[i];
		json_t *const object = json_object();

		TRY(json_add(list, object, err));
		TRY(json_put(object, "sha256",
			     json_hex(bytes_of(digest->sha256, SHA256_LEN)), err));
		if (!facts->has_files[i])
			continue;
		TRY(json_put(object, "files",
			     json_integer((json_int_t)facts->ramdisks[i].num_entries),
			     err));
		TRY(json_put(object, "unpacked",
			     json_integer((json_int_t)facts->ramdisks[i].unpacked), err));
	}
	return CELLA_OK;
}

static enum cella_status add_memory(const struct image_facts *facts, json_t *root,
				    struct cella_error *err)
{
	json_t *memory;

	if (!facts->has_memory)
		return CELLA_OK;
	memory = json_object();
	TRY(json_put(root, "memory", memory, err));
	TRY(json_put(memory, "needed_mib", json_integer((json_int_t)facts->memory.mib),
		     err));
	TRY(json_put(memory, "kernel", json_integer((json_int_t)facts->memory.kernel),
		     err));
	TRY(json_put(memory, "ramdisks", json_integer((json_int_t)facts->memory.ramdisks),
		     err));
	return json_put(memory, "unpacked",
			json_integer((json_int_t)facts->memory.unpacked), err);
}

static enum cella_status add_certificates(const struct eif_certs *chain, json_t *object,
					  struct cella_error *err)
{
	json_t *const list = json_array();
	char date[CIVIL_TEXT_LEN];

	TRY(json_put(object, "certificates", list, err));
	for (size_t i = 0; i < chain->num_certs; i++) {
		const struct ec_cert *const cert = chain->certs[i];
		json_t *const one = json_object();

		TRY(json_add(list, one, err));
		TRY(json_put(one, "subject", json_string(cert->subject_cn), err));
		TRY(json_put(one, "issuer", json_string(cert->issuer_cn), err));
		civil_format(cert->not_before, date);
		TRY(json_put(one, "not_before", json_string(date), err));
		civil_format(cert->not_after, date);
		TRY(json_put(one, "not_after", json_string(date), err));
		TRY(json_put(one, "sha256", json_hex(bytes_of(cert->sha256, SHA256_LEN)),
			     err));
	}
	return CELLA_OK;
}

static enum cella_status add_signature(const struct image_facts *facts, json_t *root,
				       struct cella_error *err)
{
	json_t *object;
	json_t *answers;

	if (!facts->is_signed)
		return json_put(root, "signature", json_null(), err);
	object = json_object();
	answers = json_object();
	TRY(json_put(root, "signature", object, err));
	TRY(json_put(object, "answers", answers, err));
	for (size_t i = 0; i < EIF_NUM_QUESTIONS; i++) {
		const struct eif_answer *const answer = &facts->judgement.answers[i];
		json_t *const one = json_object();

		TRY(json_put(answers, eif_question_name((enum eif_question)i), one, err));
		TRY(json_put(one, "outcome", json_string(outcomes[answer->outcome]),
			     err));
		TRY(json_put(one, "text", json_string(answer->text), err));
	}
	return add_certificates(&facts->signature.chain, object, err);
}

/* PCR13 only when it is known; PCRs that the launch leaves alone are zeros. */
static bool is_predicted(const struct image_facts *facts, unsigned pcr)
{
	return image_pcr_name(pcr) != NULL &&
	       (pcr != LAUNCH_PCR_CONFIG || facts->has_config);
}

static enum cella_status add_vtpm(const struct image_facts *facts, json_t *measurements,
				  struct cella_error *err)
{
	json_t *const vtpm = json_object();
	json_t *const sha256 = json_object();
	json_t *const sha384 = json_object();
	char name[8];

	TRY(json_put(measurements, "vtpm", vtpm, err));
	TRY(json_put(vtpm, "machine", json_string(IMAGE_MACHINE), err));
	TRY(json_put(vtpm, "debug", json_boolean(facts->has_debug), err));
	TRY(json_put(vtpm, "sha256", sha256, err));
	TRY(json_put(vtpm, "sha384", sha384, err));
	for (unsigned pcr = 0; pcr < LAUNCH_NUM_PCRS; pcr++) {
		const struct launch_digest *const value = &facts->pcrs.pcr[pcr];

		if (!is_predicted(facts, pcr))
			continue;
		snprintf(name, sizeof name, "%u", pcr);
		TRY(json_put(sha256, name, json_hex(bytes_of(value->sha256, SHA256_LEN)),
			     err));
		TRY(json_put(sha384, name, json_hex(bytes_of(value->sha384, SHA384_LEN)),
			     err));
	}
	return CELLA_OK;
}

/* What a Nitro PCR is, and its name; PCR8 of a signed image alone. */
struct nitro_row {
	const char *name;
	const char *what;
	const uint8_t *value;
};

enum { NITRO_ROWS = 4 };

static size_t nitro_rows(const struct image_facts *facts, struct nitro_row *rows)
{
	rows[0] = (struct nitro_row){ "PCR0", "whole image", facts->nitro.pcr0 };
	rows[1] = (struct nitro_row){ "PCR1", "kernel, command line, ramdisk 1",
				      facts->nitro.pcr1 };
	rows[2] = (struct nitro_row){ "PCR2", "other ramdisks", facts->nitro.pcr2 };
	rows[3] = (struct nitro_row){ "PCR8", "signer", facts->nitro_pcr8 };
	return facts->is_signed ? NITRO_ROWS : NITRO_ROWS - 1;
}

static enum cella_status add_nitro(const struct image_facts *facts, json_t *measurements,
				   struct cella_error *err)
{
	struct nitro_row rows[NITRO_ROWS];
	const size_t num = nitro_rows(facts, rows);
	json_t *const nitro = json_object();

	TRY(json_put(measurements, "nitro", nitro, err));
	TRY(json_put(nitro, "HashAlgorithm", json_string("Sha384"), err));
	for (size_t i = 0; i < num; i++)
		TRY(json_put(nitro, rows[i].name,
			     json_hex(bytes_of(rows[i].value, SHA384_LEN)), err));
	return CELLA_OK;
}

static enum cella_status add_rest(const struct image_facts *facts, json_t *root,
				  struct cella_error *err)
{
	json_t *const measurements = json_object();
	json_t *const warnings = json_array();

	TRY(json_put(root, "measurements", measurements, err));
	TRY(add_vtpm(facts, measurements, err));
	TRY(add_nitro(facts, measurements, err));
	TRY(image_td_json(facts, measurements, err));
	TRY(json_put(root, "warnings", warnings, err));
	for (size_t i = 0; i < facts->num_warnings; i++)
		TRY(json_add(warnings, json_string(facts->warnings[i]), err));
	return CELLA_OK;
}

static enum cella_status describe(const struct image_facts *facts, json_t *root,
				  struct cella_error *err)
{
	const struct eif *const image = facts->image;

	TRY(json_put(root, "kind", json_string("enclave_image"), err));
	TRY(json_put(root, "version", json_integer(EIF_VERSION), err));
	TRY(json_put(root, "architecture",
		     json_string(image->is_arm64 ? "aarch64" : "x86_64"), err));
	TRY(json_put(root, "size", json_integer((json_int_t)image->file.len), err));
	TRY(add_sections(facts, root, err));
	if (facts->has_kernel)
		TRY(json_put(root, "kernel", json_string(facts->kernel.release), err));
	TRY(json_put(root, "cmdline",
		     json_stringn((const char *)image->cmdline.data, image->cmdline.len),
		     err));
	TRY(add_ramdisks(facts, root, err));
	TRY(json_put(root, "guest",
		     facts->policy != NULL ? json_incref(facts->policy) : json_null(),
		     err));
	TRY(json_put(root, "metadata",
		     facts->metadata != NULL ? json_incref(facts->metadata) : json_null(),
		     err));
	TRY(add_memory(facts, root, err));
	TRY(add_signature(facts, root, err));
	return add_rest(facts, root, err);
}

enum cella_status image_facts_json(const struct image_facts *facts, json_t **out,
				   struct cella_error *err)
{
	json_t *root CLEANUP_JSON = json_object();

	TRY(describe(facts, root, err));
	*out = take(&root);
	return CELLA_OK;
}

/* --- for people ---------------------------------------------------------------------- */

/* Foreign text, in UTF-8: what could steer a terminal is a question mark. */
static void put_plain(struct out *out, const char *text)
{
	for (; *text != '\0'; text++) {
		const uint8_t c = (uint8_t)*text;
		const uint8_t next = (uint8_t)text[1];
		const bool is_c1 = c == 0xc2 && next >= 0x80 && next <= 0x9f;

		out_u8(out, c < 0x20 || c == 0x7f || is_c1 ? '?' : c);
		text += is_c1;
	}
}

static void put_mib(struct out *out, uint64_t bytes)
{
	out_format(out, "%llu.%llu MiB", (unsigned long long)(bytes >> 20),
		   (unsigned long long)((bytes & 0xfffff) * 10 >> 20));
}

static void put_contents(const struct image_facts *facts, struct out *out)
{
	const struct eif *const image = facts->image;

	out_format(out, "enclave image, version %d, %s, ", EIF_VERSION,
		   image->is_arm64 ? "aarch64" : "x86_64");
	put_mib(out, image->file.len);
	out_text(out, "\n  kernel         ");
	put_mib(out, image->kernel.len);
	if (facts->has_kernel)
		out_format(out, ", %s", facts->kernel.release);
	out_format(out, "\n  command line   %.*s\n", (int)image->cmdline.len,
		   (const char *)image->cmdline.data);
	for (size_t i = 0; i < image->num_ramdisks; i++) {
		out_format(out, "  ramdisk %zu      ", i + 1);
		put_mib(out, image->ramdisks[i].len);
		if (facts->has_files[i])
			out_format(out, ", %zu files and directories\n",
				   facts->ramdisks[i].num_entries);
		else
			out_text(out,
				 ", compressed or foreign: its files are not shown\n");
	}
}

static void put_policy(const struct image_facts *facts, struct out *out)
{
	const json_t *const application = json_object_get(facts->policy, "application");
	const json_t *const argv = json_object_get(application, "argv");
	const char *const log = json_string_value(json_object_get(facts->policy, "log"));

	if (facts->policy == NULL)
		return;
	out_text(out, "  starts        ");
	for (size_t i = 0; i < json_array_size(argv); i++) {
		const json_t *const text = json_array_get(argv, i);

		out_u8(out, ' ');
		put_plain(out, json_is_string(text) ? json_string_value(text) : "?");
	}
	out_text(out, "\n  guest's policy log ");
	put_plain(out, log != NULL ? log : "off");
	out_format(out, ", evidence %s, %zu modules\n",
		   json_is_true(json_object_get(facts->policy, "attest")) ? "yes" : "no",
		   json_array_size(json_object_get(facts->policy, "modules")));
}

static void put_needs(const struct image_facts *facts, struct out *out)
{
	if (!facts->has_memory)
		return;
	out_format(out, "  memory         %llu MiB to start: ramdisks ",
		   (unsigned long long)facts->memory.mib);
	put_mib(out, facts->memory.ramdisks);
	out_text(out, ", their files ");
	put_mib(out, facts->memory.unpacked);
	out_text(out, ", the kernel, and room\n");
}

static void put_signature(const struct image_facts *facts, struct out *out)
{
	static const char *const marks[] = {
		[EIF_NO] = "NO", [EIF_YES] = "yes", [EIF_NOT_ASKED] = "not asked"
	};

	if (!facts->is_signed) {
		out_text(out, "\nsignature: none\n");
		return;
	}
	out_text(out, "\nsignature\n");
	for (size_t i = 0; i < EIF_NUM_QUESTIONS; i++) {
		const struct eif_answer *const answer = &facts->judgement.answers[i];

		out_format(out, "  %-14s %s: ", eif_question_name((enum eif_question)i),
			   marks[answer->outcome]);
		put_plain(out, answer->text);
		out_u8(out, '\n');
	}
	out_text(out, "  certificate    SHA-256 ");
	hex_write(out, bytes_of(facts->signature.chain.certs[0]->sha256, SHA256_LEN));
	out_u8(out, '\n');
}

static void put_measurements(const struct image_facts *facts, struct out *out)
{
	struct nitro_row rows[NITRO_ROWS];
	const size_t num = nitro_rows(facts, rows);

	out_format(out, "vTPM, SHA-256, machine " IMAGE_MACHINE "%s\n",
		   facts->has_debug ? ", for debugging" : "");
	for (unsigned pcr = 0; pcr < LAUNCH_NUM_PCRS; pcr++) {
		if (image_pcr_name(pcr) == NULL)
			continue;
		out_format(out, "  PCR%-2u %-14s ", pcr, image_pcr_name(pcr));
		if (is_predicted(facts, pcr))
			hex_write(out, bytes_of(facts->pcrs.pcr[pcr].sha256, SHA256_LEN));
		else
			out_text(out, "depends on --cpus and --memory");
		out_u8(out, '\n');
	}
	out_text(out, "\nNitro, SHA-384\n");
	for (size_t i = 0; i < num; i++) {
		out_format(out, "  %s  %s\n         ", rows[i].name, rows[i].what);
		hex_write(out, bytes_of(rows[i].value, SHA384_LEN));
		out_u8(out, '\n');
	}
	image_td_text(facts, out);
}

enum cella_status image_measurements_text(const struct image_facts *facts,
					  struct out *out, struct cella_error *err)
{
	put_measurements(facts, out);
	return out_status(out, err);
}

enum cella_status image_facts_text(const struct image_facts *facts, struct out *out,
				   struct cella_error *err)
{
	put_contents(facts, out);
	put_policy(facts, out);
	put_needs(facts, out);
	put_signature(facts, out);
	out_u8(out, '\n');
	put_measurements(facts, out);
	for (size_t i = 0; i < facts->num_warnings; i++)
		out_format(out, "%swarning: %s\n", i == 0 ? "\n" : "",
			   facts->warnings[i]);
	return out_status(out, err);
}
