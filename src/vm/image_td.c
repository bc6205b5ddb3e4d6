/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling what an image would measure as a trust domain.
 */
#include "vm/image_facts.h"

#include "base/encode.h"

/* A trust domain's registers, as far as they follow from firmware and image. */
struct td_row {
	const char *name;
	const char *what;
	const uint8_t *value;
};

enum { TD_ROWS = 4 };

static void td_rows(const struct image_facts *facts, struct td_row rows[TD_ROWS])
{
	rows[0] = (struct td_row){ "mrtd", "firmware", facts->mrtd.bytes };
	rows[1] = (struct td_row){ "mrconfigid", "whole image, as the launcher says it",
				   facts->measured.whole.sha384 };
	rows[2] = (struct td_row){ "rtmr1", "kernel", facts->rtmrs.rtmr1.bytes };
	rows[3] = (struct td_row){ "rtmr2", "command line, ramdisks",
				   facts->rtmrs.rtmr2.bytes };
}

enum cella_status image_td_json(const struct image_facts *facts, json_t *measurements,
				struct cella_error *err)
{
	struct td_row rows[TD_ROWS];
	json_t *td;

	if (!facts->has_td)
		return CELLA_OK;
	td = json_object();
	td_rows(facts, rows);
	TRY(json_put(measurements, "td", td, err));
	TRY(json_put(td, "run_on_hardware", json_false(), err));
	for (size_t i = 0; i < TD_ROWS; i++)
		TRY(json_put(td, rows[i].name,
			     json_hex(bytes_of(rows[i].value, SHA384_LEN)), err));
	return CELLA_OK;
}

void image_td_text(const struct image_facts *facts, struct out *out)
{
	struct td_row rows[TD_ROWS];

	if (!facts->has_td)
		return;
	td_rows(facts, rows);
	out_text(out, "\ntrust domain, SHA-384, QEMU 10.2, Linux 6.9 inside; not run on "
		      "hardware\n");
	for (size_t i = 0; i < TD_ROWS; i++) {
		out_format(out, "  %-10s %s\n         ", rows[i].name, rows[i].what);
		hex_write(out, bytes_of(rows[i].value, SHA384_LEN));
		out_u8(out, '\n');
	}
	out_text(out, "  rtmr0      depends on memory, devices and QEMU\n");
}
