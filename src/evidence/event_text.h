/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pieces that events' data are made of, as printable text: foreign characters, GUIDs,
 * UEFI device paths and boot options.
 */
#ifndef EVIDENCE_EVENT_TEXT_H
#define EVIDENCE_EVENT_TEXT_H

#include "base/bytes.h"

enum { GUID_LEN = 16, EVENT_TEXT_MAX = 400 };

/*
 * text_append() appends foreign characters up to the first NUL: UTF-8 where it is, '?' for
 * what is not and for control characters. At most EVENT_TEXT_MAX bytes, then "...".
 */
void text_append(struct out *out, struct cella_bytes text);

/* utf16_append() does so with UTF-16, little endian. */
void utf16_append(struct out *out, struct cella_bytes text);

/* text_is_utf16() is true for an ASCII text in UTF-16, to go by its first characters. */
bool text_is_utf16(struct cella_bytes text);

/* guid_append() appends a GUID as UEFI writes it. */
void guid_append(struct out *out, const uint8_t guid[GUID_LEN]);

/* guid_equals() compares a GUID on the wire with its text form, in lower case. */
bool guid_equals(struct cella_bytes guid, const char *text);

/* device_path_append() appends a device path; a node that is not known by its numbers. */
void device_path_append(struct out *out, struct cella_bytes path);

/* device_path_file() is the last file name of a path, in UTF-16; empty without one. */
struct cella_bytes device_path_file(struct cella_bytes path);

/* device_path_vendor() is the GUID of a vendor's medium; empty without one. */
struct cella_bytes device_path_vendor(struct cella_bytes path);

#endif
