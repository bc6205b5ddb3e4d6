/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of configfs's tsm/rtmrs, where the fault `rtmrs` says that the kernel has
 * them: part of standin-tsm. Register 3 is the simulated platform's.
 */
#ifndef STANDIN_RTMRS_H
#define STANDIN_RTMRS_H

#include <sys/stat.h>

#include "standin.h"

/* rtmrs_owns() is true for paths that these functions answer for. */
bool rtmrs_owns(struct standin *standin, const char *path);

/* rtmrs_stat() and those after it return zero or a negative errno, as FUSE's do. */
int rtmrs_stat(const char *path, struct stat *out);
int rtmrs_mkdir(const char *path);
int rtmrs_rmdir(const char *path);
int rtmrs_read(const struct standin *standin, const char *path, struct out *out);

/* rtmrs_write() is for `index`, which is taken in at once. */
int rtmrs_write(const char *path, struct cella_bytes bytes);

/* rtmrs_close() is for `digest`, which is taken in when it is closed; nobody is told. */
void rtmrs_close(struct standin *standin, const char *path, struct cella_bytes bytes);

/* rtmrs_name() is the name of an entry or of a file in one, by number, or NULL. */
const char *rtmrs_name(const char *path, size_t number);

#endif
