/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what a kernel, its command line and its ramdisk are to RTMR1 and RTMR2 (PE/COFF and
 * Authenticode; TCG PC Client Firmware Profile; the EFI stub's tagged events).
 */
#include "vm/td_predict.h"

#include "base/bytes.h"
#include "evidence/event_log.h"

#include <assert.h>
#include <string.h>

enum {
	PE_AT = 0x3c,
	PE_PLUS = 0x20b,
	FILE_HEADER_LEN = 20,
	SECTION_HEADER_LEN = 40,
	MAX_SECTIONS = 32,
	CHECKSUM_AT = 64, /* in the optional header */
	HEADERS_LEN_AT = 60,
	NUM_DIRECTORIES_AT = 108,
	DIRECTORIES_AT = 112,
	CERTIFICATES = 4, /* the directory of signatures */
	DIRECTORY_LEN = 8,
	MAX_PARTS = 4 + MAX_SECTIONS,
};

/* --- the kernel ---------------------------------------------------------------------- */

struct pe {
	size_t checksum;     /* where it is */
	size_t certificates; /* where their directory's entry is */
	size_t certificates_len;
	size_t headers_len;
	struct cella_bytes sections[MAX_SECTIONS]; /* in the order of the file */
	size_t num_sections;
};

static enum cella_status no_pe(const char *what, struct cella_error *err)
{
	return error_set(err, CELLA_UNSUPPORTED,
			 "kernel: %s: a trust domain's firmware starts kernels with an "
			 "EFI stub",
			 what);
}

static struct in at(struct cella_bytes bytes, size_t offset, const char *label)
{
	struct in in;

	in_init(&in, bytes, label);
	in_skip(&in, offset, "offset");
	return in;
}

static void insert(struct pe *pe, struct cella_bytes section)
{
	size_t i = pe->num_sections++;

	for (; i > 0 && pe->sections[i - 1].data > section.data; i--)
		pe->sections[i] = pe->sections[i - 1];
	pe->sections[i] = section;
}

static enum cella_status read_sections(struct cella_bytes file, size_t offset, size_t num,
				       struct pe *pe, struct cella_error *err)
{
	struct in in = at(file, offset, "kernel: sections");

	if (num > MAX_SECTIONS)
		return error_set(err, CELLA_LIMIT, "kernel: %zu sections, at most %d",
				 num, MAX_SECTIONS);
	for (size_t i = 0; i < num; i++) {
		uint32_t len, start;

		in_skip(&in, 16, "name");
		len = in_u32le(&in, "size of raw data");
		start = in_u32le(&in, "pointer to raw data");
		in_skip(&in, 16, "rest");
		TRY(in_status(&in, err));
		if (start > file.len || len > file.len - start)
			return error_set(err, CELLA_MALFORMED,
					 "kernel: section %zu ends behind the file", i);
		if (len > 0)
			insert(pe, bytes_of(file.data + start, len));
	}
	return CELLA_OK;
}

static enum cella_status read_optional(struct cella_bytes file, size_t optional,
				       struct pe *pe, struct cella_error *err)
{
	struct in in = at(file, optional, "kernel: optional header");
	uint32_t num_directories;

	if (in_u16le(&in, "magic") != PE_PLUS)
		return no_pe("is no 64-bit PE file", err);
	in = at(file, optional + HEADERS_LEN_AT, "kernel: optional header");
	pe->headers_len = in_u32le(&in, "size of headers");
	in = at(file, optional + NUM_DIRECTORIES_AT, "kernel: optional header");
	num_directories = in_u32le(&in, "number of directories");
	TRY(in_status(&in, err));
	if (num_directories <= CERTIFICATES)
		return no_pe("has no place for a signature", err);
	pe->checksum = optional + CHECKSUM_AT;
	pe->certificates = optional + DIRECTORIES_AT + CERTIFICATES * DIRECTORY_LEN;
	in = at(file, pe->certificates + 4, "kernel: directory of signatures");
	pe->certificates_len = in_u32le(&in, "size");
	TRY(in_status(&in, err));
	if (pe->headers_len > file.len ||
	    pe->headers_len < pe->certificates + DIRECTORY_LEN)
		return error_set(err, CELLA_MALFORMED,
				 "kernel: headers of %zu bytes in a file of %zu",
				 pe->headers_len, file.len);
	return CELLA_OK;
}

static enum cella_status read_pe(struct cella_bytes file, struct pe *pe,
				 struct cella_error *err)
{
	struct in in = at(file, PE_AT, "kernel");
	const uint32_t header = in_u32le(&in, "place of the PE header");
	size_t num_sections;
	size_t optional_len;

	if (in_status(&in, NULL) != CELLA_OK)
		return no_pe("is no PE file", err);
	in = at(file, header, "kernel: PE header");
	if (!bytes_equal(in_bytes(&in, 4, "signature"), bytes_of("PE\0\0", 4)))
		return no_pe("is no PE file", err);
	in_skip(&in, 2, "machine");
	num_sections = in_u16le(&in, "number of sections");
	in_skip(&in, 12, "time and symbols");
	optional_len = in_u16le(&in, "size of optional header");
	TRY(in_status(&in, err));
	TRY(read_optional(file, header + 4U + FILE_HEADER_LEN, pe, err));
	return read_sections(file, header + 4U + FILE_HEADER_LEN + optional_len,
			     num_sections, pe, err);
}

/* All but the checksum, the signatures, and where these are. */
enum cella_status td_kernel_digest(struct cella_bytes kernel, enum crypto_hash hash,
				   uint8_t *out, struct cella_error *err)
{
	struct cella_bytes parts[MAX_PARTS];
	size_t num_parts = 3;
	size_t hashed;
	struct pe pe = { 0 };

	TRY(read_pe(kernel, &pe, err));
	parts[0] = bytes_of(kernel.data, pe.checksum);
	parts[1] = bytes_of(kernel.data + pe.checksum + 4,
			    pe.certificates - pe.checksum - 4);
	parts[2] = bytes_of(kernel.data + pe.certificates + DIRECTORY_LEN,
			    pe.headers_len - pe.certificates - DIRECTORY_LEN);
	hashed = pe.headers_len;
	for (size_t i = 0; i < pe.num_sections; i++) {
		parts[num_parts++] = pe.sections[i];
		hashed += pe.sections[i].len;
	}
	if (hashed > kernel.len || pe.certificates_len > kernel.len - hashed)
		return error_set(err, CELLA_MALFORMED,
				 "kernel: its parts overlap: %zu bytes and a signature "
				 "of %zu in a file of %zu",
				 hashed, pe.certificates_len, kernel.len);
	parts[num_parts++] =
		bytes_of(kernel.data + hashed, kernel.len - hashed - pe.certificates_len);
	return crypto_digest(hash, parts, num_parts, out, err);
}

/* --- the other two ------------------------------------------------------------------- */

/* What the firmware appends where there is a ramdisk. */
#define RAMDISK_WORD " initrd=initrd"

static void put_utf16(struct out *out, struct cella_bytes text)
{
	for (size_t i = 0; i < text.len; i++) {
		out_u8(out, text.data[i]);
		out_u8(out, 0);
	}
}

enum cella_status td_events_of(struct cella_bytes kernel, struct cella_bytes cmdline,
			       const struct cella_bytes *ramdisks, size_t num_ramdisks,
			       struct td_events *out, struct cella_error *err)
{
	struct out options CLEANUP(out_done) = { 0 };
	struct td_events events = { 0 };
	struct cella_bytes view;

	TRY(td_kernel_digest(kernel, CRYPTO_SHA384, events.kernel.bytes, err));
	put_utf16(&options, cmdline);
	if (num_ramdisks > 0)
		put_utf16(&options, bytes_of(RAMDISK_WORD, strlen(RAMDISK_WORD)));
	put_utf16(&options, bytes_of("", 1));
	TRY(out_status(&options, err));
	view = out_view(&options);
	TRY(crypto_digest(CRYPTO_SHA384, &view, 1, events.cmdline.bytes, err));
	TRY(crypto_digest(CRYPTO_SHA384, ramdisks, num_ramdisks, events.ramdisk.bytes,
			  err));
	*out = events;
	return CELLA_OK;
}

/* --- registers ----------------------------------------------------------------------- */

static enum cella_status extend(struct td_digest *rtmr, const struct td_digest *by,
				struct cella_error *err)
{
	return register_extend(CELLA_HASH_SHA384, rtmr->bytes, SHA384_LEN, by->bytes,
			       err);
}

/* A marker of the firmware's: its own text is measured. */
static enum cella_status extend_marker(struct td_digest *rtmr, const char *text,
				       struct cella_error *err)
{
	const struct cella_bytes view = bytes_of(text, strlen(text));
	struct td_digest digest;

	TRY(crypto_digest(CRYPTO_SHA384, &view, 1, digest.bytes, err));
	return extend(rtmr, &digest, err);
}

enum cella_status td_fold(const struct td_events *events, struct td_rtmrs *out,
			  struct cella_error *err)
{
	static const char *const markers[] = {
		"Calling EFI Application from Boot Option",
		"Exit Boot Services Invocation",
		"Exit Boot Services Returned with Success",
	};
	struct td_rtmrs rtmrs = { 0 };

	TRY(extend(&rtmrs.rtmr1, &events->kernel, err));
	for (size_t i = 0; i < ARRAY_LEN(markers); i++)
		TRY(extend_marker(&rtmrs.rtmr1, markers[i], err));
	TRY(extend(&rtmrs.rtmr2, &events->cmdline, err));
	TRY(extend(&rtmrs.rtmr2, &events->ramdisk, err));
	*out = rtmrs;
	return CELLA_OK;
}
