/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The classes. Order matters: what is certain stands before what is likely, and what somebody
 * did to a process before what the others said about it. The last fits everything.
 *
 * Texts of QEMU's and of kernels' are what these write in the versions that were seen; where a
 * later one says it differently, a row that asks less fits.
 */
#include "vm/failure.h"

#define IN(state) (1U << EVM_##state)
#define FACT(fact) (1U << FAILURE_##fact)
#define CAUSE(part) .kind = SIGN_CAUSE, .text = (part)
#define CONSOLE(part) .kind = SIGN_CONSOLE, .text = (part)
#define SAYS(who, part) .kind = SIGN_WORDS, .process = (who), .text = (part)
#define ENDS(reason) .kind = SIGN_END, .text = (reason)
#define STATUS(who, status) .kind = SIGN_STATUS, .process = (who), .number = (status)
#define SIGNAL(number_) .kind = SIGN_SIGNAL, .number = (number_)

#define QEMU "QEMU"
#define VTPM "cella-vtpm"
#define VSOCK "cella-vsock"
#define FORWARD "cella-forward"

#define BUILD_ANEW "build the image anew (cella enclave build), or fetch it again"
#define SEE_DEBUG \
	"run it with --debug: this command then shows what its kernel wrote last. The " \
	"measurements of such a run say so"
#define REPORT \
	"this should not happen: report it, with cella enclave explain --json and the " \
	"versions of cella and QEMU"

static const struct failure_class classes[] = {
	{ "supervisor-lost",
	  "the supervisor, cellad, was killed, and took all of its enclave with it",
	  "look who does so: the kernel for lack of memory (journalctl -k), or somebody",
	  { { .facts = FACT(LOST) } } },
	/* --- before anything runs --- */
	{ "signature-expired",
	  "a certificate of the image's signature is not valid now",
	  "set this machine's clock if it is wrong (date -u); otherwise sign the image with "
	  "a certificate that is valid (cella enclave sign)",
	  { { CAUSE("image: signature: valid:"), .states = IN(PREPARING) } } },
	{ "signer-unknown",
	  "the image is not signed by anybody whom this host trusts",
	  "have it signed by one of them (cella enclave sign), or name its signer among "
	  "them (trusted_signers of enclave.conf)",
	  { { CAUSE("image: signature: trusted:"), .states = IN(PREPARING) },
	    { CAUSE("image: is not signed"), .states = IN(PREPARING) } } },
	{ "bad-signature",
	  "the image is signed, but not by that key, or it is another image that was signed",
	  "do not run it: somebody changed it, or the signature is of another image. cella "
	  "enclave describe tells which",
	  { { CAUSE("image: signature:"), .states = IN(PREPARING) },
	    { CAUSE("eif: signature"), .states = IN(PREPARING) } } },
	{ "image-broken",
	  "the image is damaged, cut off, or no enclave image at all",
	  "look at it with cella enclave describe; " BUILD_ANEW,
	  { { CAUSE("eif:"), .states = IN(PREPARING) },
	    { CAUSE("image: command line:"), .states = IN(PREPARING) } } },
	{ "image-foreign",
	  "the image is for processors of another kind",
	  "build one for x86-64",
	  { { CAUSE("is for arm64"), .states = IN(PREPARING) } } },
	{ "host-memory",
	  "this host has not the memory for it",
	  "give it less (--memory), stop other enclaves (cella enclave list), or let it have "
	  "more: a limit of the service or of the user may be lower than what is free (ulimit "
	  "-v, MemoryMax=)",
	  { { CAUSE("Cannot allocate memory") },
	    { CAUSE("copying into memory: No space left"), .states = IN(PREPARING) },
	    { SAYS(QEMU, "Cannot allocate memory") },
	    { SAYS(QEMU, "cannot set up guest memory") },
	    { SAYS(QEMU, "phys-bits too low") } } },
	{ "host-limit",
	  "a limit of this host's on the sizes of files is below the image's size: files in "
	  "memory have it, too",
	  "raise it (ulimit -f, LimitFSIZE=)",
	  { { CAUSE("File too large") } } },
	{ "resources",
	  "this machine cannot give it the processors or the memory that were asked for",
	  "cella enclave plan shows what there is, and every reason: ask for what it can give "
	  "and the image needs, or stop other enclaves",
	  { { .facts = FACT(REFUSED) } } },
	{ "tpm-state",
	  "the state of its TPM, which is kept, cannot be used",
	  "it may be another enclave's, another host's, damaged, or in use: the cause names "
	  "the file. Without it, the TPM begins anew, and what was sealed with it is lost",
	  { { CAUSE("TPM state: "), .states = IN(PREPARING) } } },
	{ "image-unreadable",
	  "the image cannot be read",
	  "see that the file is whole, on a disk that works, and no larger than 4 GiB",
	  { { CAUSE("image: "), .states = IN(PREPARING) } } },
	{ "no-space",
	  "there is no room for the sockets of its folder, or for what is kept of it",
	  "make room on the file system of the run folder (df, df -i)",
	  { { CAUSE("No space left on device") }, { CAUSE("Disk quota exceeded") } } },
	{ "host-clock",
	  "this machine's clock is not within the validity of its own certificate: nobody "
	  "could verify the enclave's evidence",
	  "set the clock (date -u), or wait until it is set; if the certificate has expired, "
	  "make a new key (cella enclave init-host) and have verifiers pin its root",
	  { { CAUSE("the host's certificate is valid") } } },
	{ "program-missing",
	  "a program that it takes is not there",
	  "install it: QEMU is the package qemu-system-x86; the others are cella's own. A "
	  "script cannot stand in for QEMU, whose root has no interpreter",
	  { { CAUSE("there is no program") } } },
	{ "host-refuses",
	  "this host does not let the supervisor start its processes as it must",
	  "the cause names the step: see limits of processes and descriptors (ulimit -u -n), "
	  "and whether the program may be executed",
	  { { CAUSE("executing it") },
	    { CAUSE("its namespaces") },
	    { CAUSE("giving up rights") },
	    { CAUSE("binding it to its supervisor") },
	    { CAUSE("its standard streams") },
	    { CAUSE("its limits") },
	    { CAUSE("Resource temporarily unavailable") },
	    { CAUSE("Too many open files") },
	    { CAUSE("Permission denied"), .states = IN(PREPARING) } } },
	/* --- what was done to a process --- */
	{ "oom-killed",
	  "the kernel killed one of its processes, for there was no memory left",
	  "give enclaves less memory than this host, or their cgroup, has to spare; the "
	  "kernel's log has the details (journalctl -k)",
	  { { SIGNAL(9), .facts = FACT(OOM_OWN) },
	    { SIGNAL(9), .facts = FACT(OOM_HOST) } } },
	{ "suspended",
	  "the guest tried to suspend the machine: on waking, its TPM would begin anew, and "
	  "its launch would look fresh",
	  "an application has no reason to: leave /sys/power and the ports of ACPI alone",
	  { { .facts = FACT(SUSPENDED) }, { SAYS(VTPM, "second CMD_INIT") } } },
	{ "sandbox",
	  "a process tried a system call that its sandbox forbids: a mistake in it, or "
	  "somebody who has taken it over",
	  "keep the record; " REPORT,
	  { { SIGNAL(31) } } },
	{ "crashed",
	  "a process of the host crashed",
	  "keep the record; " REPORT,
	  { { SIGNAL(4) },
	    { SIGNAL(5) },
	    { SIGNAL(6) },
	    { SIGNAL(7) },
	    { SIGNAL(8) },
	    { SIGNAL(11) } } },
	{ "killed",
	  "somebody killed one of its processes",
	  "look who does so: an administrator, a limit (ulimit -t, systemd), or the kernel "
	  "for lack of memory (journalctl -k)",
	  { { SIGNAL(0) } } },
	/* --- processes that give up --- */
	{ "accelerator",
	  "QEMU cannot use the processor's virtualisation",
	  "let it be emulated (slower, but anywhere), or see with cella doctor what /dev/kvm "
	  "lacks",
	  { { SAYS(QEMU, "kvm") },
	    { SAYS(QEMU, "KVM") },
	    { SAYS(QEMU, "accelerator") },
	    { CAUSE("/dev/kvm: ") },
	    { CAUSE("this host starts no trust domains") } } },
	{ "queue-broken",
	  "the guest broke the format of its socket queues",
	  "its kernel is broken, or attacks its host: use another kernel",
	  { { STATUS(VSOCK, 5) } } },
	{ "vsock-lost",
	  "cella-vsock, which brings the guest's sockets, gave up",
	  "its last words say why (doc/vsock.md lists them); " REPORT,
	  { { STATUS(VSOCK, 0) }, { CAUSE(VSOCK ":") } } },
	{ "forward-lost",
	  "cella-forward, which connects the enclave with the network, gave up",
	  "its last words say why: an address may be in use, or not this machine's; ports "
	  "below net.ipv4.ip_unprivileged_port_start are not for it, which is not root",
	  { { STATUS(FORWARD, 0) } } },
	{ "tpm",
	  "the TPM could not be set up, or gave up",
	  "its last words say why; " REPORT,
	  { { STATUS(VTPM, 0) },
	    { CAUSE(VTPM ":") },
	    { CAUSE("attestation key") },
	    { SAYS(QEMU, "tpm-emulator") } } },
	{ "kernel-refused",
	  "QEMU cannot load the image's kernel: it is damaged, or no kernel for a PC",
	  BUILD_ANEW ", with a kernel for x86-64 (bzImage)",
	  { { SAYS(QEMU, "initrd is too large") },
	    { SAYS(QEMU, "could not load kernel") },
	    { SAYS(QEMU, "could not open kernel") },
	    { SAYS(QEMU, "invalid kernel header") },
	    { SAYS(QEMU, "kernel too old") } } },
	{ "qemu-refuses",
	  "QEMU does not start such a machine: it is too old, or was built without a device",
	  "its last words say what it lacks; QEMU 7.2 or later is known to work (--qemu, "
	  "qemu-system-x86_64 --version)",
	  { { STATUS(QEMU, 0), .lacks = FACT(MEASURED) } } },
	{ "not-measured",
	  "the TPM was not started: QEMU did not get that far",
	  "see whether qemu-system-x86_64 is QEMU, and whether this host has time for it "
	  "(uptime); then give it more time (--timeout)",
	  { { .facts = FACT(LATE), .lacks = FACT(MEASURED) | FACT(SPOKE) },
	    { .facts = FACT(GUEST_RESET), .lacks = FACT(MEASURED) | FACT(SPOKE) } } },
	{ "qemu-lost",
	  "QEMU gave up",
	  "its last words say why; " REPORT,
	  { { STATUS(QEMU, 0) },
	    { CAUSE("QEMU's answer") },
	    { CAUSE("QEMU refuses") } } },
	/* --- what the guest's init said --- */
	{ "init-mount",
	  "the guest could not mount its file systems",
	  "its kernel lacks proc, sysfs, devtmpfs or tmpfs: use the distribution's kernel",
	  { { ENDS("mount") } } },
	{ "init-policy",
	  "the guest cannot use its policy, /cella/guest.json",
	  BUILD_ANEW ", with the cella that runs it",
	  { { ENDS("policy") } } },
	{ "init-module",
	  "the guest could not load a module of its kernel",
	  "take the modules of that very kernel (--modules, or --kernel-deb for both)",
	  { { ENDS("module") },
	    { CONSOLE("Unknown symbol") },
	    { CONSOLE("version magic") } } },
	{ "init-lockdown",
	  "the guest could not forbid loading modules",
	  "use the distribution's kernel",
	  { { ENDS("lockdown") } } },
	{ "init-channel",
	  "the guest could not listen on vsock, or its host did not answer",
	  "its kernel lacks vmw_vsock_virtio_transport (--module), or the host was too slow",
	  { { ENDS("channel") } } },
	{ "init-tpm",
	  "the guest cannot use its TPM, and its policy wants evidence",
	  "its kernel lacks tpm_crb (--module), or build with --no-attest",
	  { { ENDS("tpm") } } },
	{ "init-application",
	  "the guest could not start the application",
	  "see that the program is in the image, for x86-64, with the libraries it needs: "
	  "cella enclave describe names the command",
	  { { ENDS("application") } } },
	{ "init-failed",
	  "the guest's init failed",
	  REPORT,
	  { { ENDS("internal") }, { ENDS("unknown") } } },
	{ "application-exited",
	  "the application exited: its enclave ends with it",
	  "its log says more, where the image lets it out (cella enclave build --log full)",
	  { { ENDS("exited") } } },
	{ "application-killed",
	  "the application was killed by a signal inside the guest: its enclave ends with it",
	  "signal 9 often means that the guest has too little memory (--memory); others are "
	  "the application's own mistakes",
	  { { ENDS("killed") } } },
	/* --- what the guest's kernel wrote, of debugging only --- */
	{ "kernel-no-init",
	  "the kernel found no /init in the ramdisk that it can start",
	  BUILD_ANEW "; with --init, name a static program for x86-64",
	  { { CONSOLE("Unable to mount root fs") },
	    { CONSOLE("No working init found") },
	    { CONSOLE("Failed to execute /init") },
	    { CONSOLE("Requested init") } } },
	{ "ramdisk-broken",
	  "the kernel cannot unpack the ramdisk",
	  "give it more memory (--memory); otherwise " BUILD_ANEW,
	  { { CONSOLE("Initramfs unpacking failed") },
	    { CONSOLE("Failed to unpack initramfs") } } },
	{ "guest-memory",
	  "the guest has too little memory",
	  "give it more (--memory): cella enclave describe says how much the image needs",
	  { { CONSOLE("Out of memory") },
	    { CONSOLE("deadlocked on memory") },
	    { CONSOLE("System is out of memory") } } },
	{ "kernel-panic",
	  "the guest's kernel panicked",
	  "the line tells why; try the distribution's kernel, and more memory (--memory). "
	  "Without a console: " SEE_DEBUG,
	  { { CONSOLE("Kernel panic") },
	    { CONSOLE("BUG:"), .states = IN(BOOTING) },
	    { .facts = FACT(PANICKED) } } },
	/* --- what can be told without a console --- */
	{ "init-foreign",
	  "something else than cella's init speaks: what came is neither a heartbeat nor a "
	  "reason",
	  "the image was built with --init, or by another program: " BUILD_ANEW,
	  { { CAUSE("the guest's last line"), .lacks = FACT(BEAT) } } },
	{ "guest-lies",
	  "the guest says what it must not: its init was taken over, or has a mistake",
	  "do not trust what it gave since it ran; " REPORT,
	  { { CAUSE("the guest's last line"), .facts = FACT(BEAT) } } },
	{ "no-driver",
	  "the guest reset before its driver of vsock was loaded: too little memory, a kernel "
	  "that panicked, no /init, or a policy or module that the guest cannot use; --debug "
	  "shows the console",
	  "try more memory (--memory) first. Then " SEE_DEBUG,
	  { { .states = IN(BOOTING), .facts = FACT(GUEST_RESET) | FACT(NO_DRIVER) } } },
	{ "init-silent",
	  "the guest reset before its init could speak, though its driver of vsock was loaded: "
	  "another /init, or a kernel that panicked; --debug shows the console",
	  SEE_DEBUG,
	  { { .states = IN(BOOTING), .facts = FACT(GUEST_RESET) } } },
	{ "boot-hangs",
	  "the guest's driver of vsock was never loaded: its kernel hangs, is no kernel for "
	  "such a machine, or this host is very slow",
	  "give it more time (--timeout) if this host is busy. Then " SEE_DEBUG,
	  { { .facts = FACT(LATE) | FACT(NO_DRIVER) } } },
	{ "init-hangs",
	  "the guest's init did not speak, though its driver of vsock was loaded: another "
	  "/init, an application that does not start, or this host is very slow",
	  "give it more time (--timeout) if this host is busy. Then " SEE_DEBUG,
	  { { .facts = FACT(LATE) } } },
	{ "guest-ended",
	  "the guest ended without a word: it rebooted, powered off, or its kernel panicked",
	  "if the application does not reboot the machine itself: " SEE_DEBUG,
	  { { .states = IN(RUNNING) | IN(STOPPING), .facts = FACT(GUEST_RESET) } } },
	{ "unknown", "nothing that is known here", REPORT, { { .states = 0 } } },
};

const struct failure_class *failure_class_at(size_t index)
{
	return index < ARRAY_LEN(classes) ? &classes[index] : NULL;
}
