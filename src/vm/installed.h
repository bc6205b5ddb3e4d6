/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the parts of Enclave VMs are installed.
 */
#ifndef VM_INSTALLED_H
#define VM_INSTALLED_H

enum { INSTALLED_PATH_MAX = 4096 };

/*
 * installed_init() is the path of cella-init, the guest's first program: beside the running
 * program, in a build tree, or where the installation puts helpers.
 */
const char *installed_init(char path[INSTALLED_PATH_MAX]);

/* installed_hello() is that of cella-hello, the application of the default image. */
const char *installed_hello(char path[INSTALLED_PATH_MAX]);

#endif
