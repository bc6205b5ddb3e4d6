/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRC-32 as in IEEE 802.3: finds damage, proves nothing.
 */
#ifndef BASE_CRC32_H
#define BASE_CRC32_H

#include "base/bytes.h"

/* crc32_of() is the checksum of num_parts views, one after another. */
uint32_t crc32_of(const struct cella_bytes *parts, size_t num_parts);

#endif
