/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest that probes KVM: what a 64-bit kernel does in its first moments. It tells each
 * stage that it has passed by a byte on a port, in the order of enum kvm_stage, and halts.
 * A fault that it does not expect has no handler, and ends the machine.
 *
 * It is copied to GUEST_CODE; nothing in it may be relocated, so addresses are AT(label).
 */
#include "doctor/kvm_guest.h"

#ifdef __CET__
#include <cet.h>
#endif

#define AT(label) (GUEST_CODE + (label) - kvm_guest)

#define CR0_PE 0x1
#define CR0_PG 0x80000000
#define CR4_PAE 0x20
#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_FMASK 0xc0000084
#define EFER_SCE_LME 0x101
#define RPL_USER 3

.macro tell stage
	movb $\stage, %al
	outb %al, $GUEST_PORT
.endm

	.section .rodata
	.globl kvm_guest
	.hidden kvm_guest
kvm_guest:
	.code16
	tell 'R'
	lgdtl AT(gdt_pointer)
	movl %cr0, %eax
	orb $CR0_PE, %al
	movl %eax, %cr0
	ljmpl $SELECTOR_CODE32, $AT(protected)

	.code32
protected:
	movw $SELECTOR_DATA, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	tell 'P'
	movl %cr4, %eax
	orl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $GUEST_PML4, %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_SCE_LME, %eax
	wrmsr
	movl %cr0, %eax
	orl $CR0_PG, %eax
	movl %eax, %cr0
	ljmp $SELECTOR_CODE64, $AT(long)

	.code64
long:
	tell 'L'
	movq $(GUEST_HIGH + AT(high)), %rax
	jmp *%rax
high:
	tell 'H'
	lgdt gdt_pointer_high(%rip)
	lidt idt_pointer_high(%rip)
	movw $SELECTOR_DATA, %ax
	movw %ax, %ss
	movw $SELECTOR_TSS, %ax
	ltr %ax
	movq $(GUEST_HIGH + GUEST_KERNEL_STACK), %rsp
	movq %cr3, %rax
	movq %rax, %cr3
	ud2				/* to undefined, and back: 'E' */

	movl $MSR_LSTAR, %ecx
	movl $(GUEST_HIGH + AT(system_call) - 0xffffffff00000000), %eax
	movl $0xffffffff, %edx
	wrmsr
	movl $MSR_STAR, %ecx
	xorl %eax, %eax
	movl $((SELECTOR_USER_DATA - 8 + RPL_USER) << 16 | SELECTOR_CODE64), %edx
	wrmsr
	movl $MSR_FMASK, %ecx
	xorl %edx, %edx
	wrmsr
	pushq $(SELECTOR_USER_DATA + RPL_USER)
	pushq $GUEST_USER_STACK
	pushq $2
	pushq $(SELECTOR_USER_CODE + RPL_USER)
	pushq $AT(user)
	iretq

user:
	ud2				/* to undefined, and back: 'U' */
	syscall
	ud2

/* A system call that does not leave user mode is none. */
system_call:
	movw %cs, %ax
	testb $RPL_USER, %al
	jnz failed
	tell 'S'
	hlt
failed:
	tell '!'
	hlt

/* The stack: where it happened, its code segment, and so on. */
undefined:
	testb $RPL_USER, 8(%rsp)
	jnz from_user
	tell 'E'
	jmp undefined_end
from_user:
	tell 'U'
undefined_end:
	addq $2, (%rsp)
	iretq

	.balign 8
gdt_pointer:
	.word gdt_end - gdt - 1
	.long AT(gdt)
gdt_pointer_high:
	.word gdt_end - gdt - 1
	.quad GUEST_HIGH + AT(gdt)
idt_pointer_high:
	.word 16 * (VECTOR_UD + 1) - 1
	.quad GUEST_HIGH + GUEST_IDT
	.balign 8
gdt:	.quad 0
	.quad 0x00cf9b000000ffff	/* SELECTOR_CODE32 */
	.quad 0x00cf93000000ffff	/* SELECTOR_DATA */
	.quad 0x00af9b000000ffff	/* SELECTOR_CODE64 */
	.quad 0
	.quad 0x00cff3000000ffff	/* SELECTOR_USER_DATA */
	.quad 0x00affb000000ffff	/* SELECTOR_USER_CODE */
	.quad 0
	/* SELECTOR_TSS: base GUEST_HIGH + GUEST_TSS, limit 0x67, available */
	.quad 0x8000890000000067 | (GUEST_TSS << 16)
	.quad 0xffffffff
gdt_end:
kvm_guest_end:

	/* For kvm_probe.c: how long that is, and where in it the handler. */
	.globl kvm_guest_len, kvm_guest_undefined
	.hidden kvm_guest_len, kvm_guest_undefined
	.balign 4
kvm_guest_len:
	.long kvm_guest_end - kvm_guest
kvm_guest_undefined:
	.long undefined - kvm_guest

	.section .note.GNU-stack, "", @progbits
