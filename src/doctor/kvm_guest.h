/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where things are in the memory of the guest that probes KVM: for kvm_guest.S, which runs
 * in it, and kvm_probe.c, which fills it in.
 */
#ifndef DOCTOR_KVM_GUEST_H
#define DOCTOR_KVM_GUEST_H

/* The guest's code. It is entered in real mode, so all of this lies below 64 KiB. */
#define GUEST_CODE 0x1000
#define GUEST_PML4 0x2000
#define GUEST_PDPT_LOW 0x3000
#define GUEST_PDPT_HIGH 0x4000
#define GUEST_PD 0x5000
#define GUEST_IDT 0x6000
#define GUEST_TSS 0x7000
#define GUEST_USER_STACK 0x8000
#define GUEST_KERNEL_STACK 0x9000
#define GUEST_MEMORY 0x200000

/* The same memory again, where the text of a Linux kernel is. */
#define GUEST_HIGH 0xffffffff80000000

/* The port on which it tells its stages; 0xf4 is where debugging exits are, elsewhere. */
#define GUEST_PORT 0xf4

#define SELECTOR_CODE32 0x08
#define SELECTOR_DATA 0x10
#define SELECTOR_CODE64 0x18
#define SELECTOR_USER_DATA 0x28
#define SELECTOR_USER_CODE 0x30
#define SELECTOR_TSS 0x40

#define VECTOR_UD 6

#endif
