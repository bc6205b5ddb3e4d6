/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which system calls the sandbox allows (seccomp, for 64-bit little-endian machines). Three
 * kinds: what is needed is allowed, some of it with certain arguments only; what nobody
 * here has any business with ends the process; the rest does not exist (ENOSYS), so that
 * libraries that try something newer fall back to what they know.
 *
 * The table holds what glibc 2.31 to 2.36 with OpenSSL 1.1.1 or 3, libcurl 7.74 to 7.88 and
 * the modules of nsswitch.conf (files, dns, resolve, myhostname, mdns, sss) ask for.
 */
#include "fetch/sandbox.h"

#include "fetch/request.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#endif

enum { VALUES_MAX = 8, PROGRAM_MAX = 1024 };

#define ENDS SECCOMP_RET_TRAP
#define ALLOWS SECCOMP_RET_ALLOW
#define FAILS(code) (SECCOMP_RET_ERRNO | (code))

/*
 * A call, and an argument that decides: whether one of the values is what remains of it
 * under the mask. Without a mask it is never asked.
 */
struct rule {
	long call;
	uint32_t found; /* or when there is no argument to ask */
	uint32_t otherwise;
	unsigned argument;
	uint32_t mask;
	unsigned num_values;
	uint32_t values[VALUES_MAX];
};

#define ALLOW(name) \
	{ \
		SYS_##name, ALLOWS, 0, 0, 0, 0, \
		{ \
			0 \
		} \
	}
#define FORBID(name) \
	{ \
		SYS_##name, ENDS, 0, 0, 0, 0, \
		{ \
			0 \
		} \
	}

/* Anything but O_RDONLY, or what makes or cuts a file. */
#define WRITES (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND)
#define ALLOW_READING(name, argument) \
	{ \
		SYS_##name, ALLOWS, ENDS, argument, WRITES, 1, \
		{ \
			O_RDONLY \
		} \
	}

static const struct rule rules[] = {
	/* data */
	ALLOW(read),
	ALLOW(readv),
	ALLOW(pread64),
	ALLOW(write),
	ALLOW(writev),
	ALLOW(close),
	ALLOW(lseek),
	/* but not to have a file signal somebody else */
	{ SYS_fcntl,
	  ENDS,
	  ALLOWS,
	  1,
	  UINT32_MAX,
	  3,
	  { F_SETOWN, F_SETOWN_EX, F_SETSIG } },
	ALLOW(fadvise64),
	/* files, for reading */
	ALLOW_READING(openat, 2),
	ALLOW(fstat),
	ALLOW(newfstatat),
	ALLOW(statx),
	ALLOW(statfs),
	ALLOW(fstatfs),
	ALLOW(faccessat),
	ALLOW(readlinkat),
	ALLOW(getdents64),
	ALLOW(getcwd),
#ifdef SYS_faccessat2
	ALLOW(faccessat2),
#endif
#ifdef SYS_open
	ALLOW_READING(open, 1),
	ALLOW(stat),
	ALLOW(lstat),
	ALLOW(access),
	ALLOW(readlink),
#endif
	/* memory: libraries are loaded, but none is made */
	{ SYS_mmap,
	  FAILS(EACCES),
	  ALLOWS,
	  2,
	  PROT_WRITE | PROT_EXEC,
	  1,
	  { PROT_WRITE | PROT_EXEC } },
	{ SYS_mprotect, ALLOWS, FAILS(EACCES), 2, PROT_EXEC, 1, { 0 } },
	ALLOW(munmap),
	ALLOW(mremap),
	ALLOW(madvise),
	ALLOW(brk),
	/* threads, no processes */
	{ SYS_clone, ALLOWS, ENDS, 0, CLONE_THREAD, 1, { CLONE_THREAD } },
	{ SYS_clone3, FAILS(ENOSYS), 0, 0, 0, 0, { 0 } }, /* its flags cannot be seen */
	ALLOW(futex),
	ALLOW(set_robust_list),
	ALLOW(set_tid_address),
	ALLOW(rseq),
	ALLOW(gettid),
	ALLOW(sched_yield),
	ALLOW(sched_getaffinity),
	ALLOW(exit),
	ALLOW(exit_group),
	/* signals, to nobody else */
	{ SYS_tgkill, ALLOWS, ENDS, 0, UINT32_MAX, 0, { 0 } },
	ALLOW(rt_sigaction),
	ALLOW(rt_sigprocmask),
	ALLOW(rt_sigreturn),
	ALLOW(sigaltstack),
	ALLOW(restart_syscall),
	/* sockets that connect; a netlink socket is bound to tell which addresses there are */
	{ SYS_socket,
	  ALLOWS,
	  FAILS(EAFNOSUPPORT),
	  0,
	  UINT32_MAX,
	  4,
	  { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK } },
	ALLOW(socketpair),
	ALLOW(connect),
	ALLOW(bind),
	ALLOW(getsockname),
	ALLOW(getpeername),
	ALLOW(getsockopt),
	ALLOW(setsockopt),
	ALLOW(sendto),
	ALLOW(recvfrom),
	ALLOW(sendmsg),
	ALLOW(sendmmsg),
	ALLOW(recvmsg),
	ALLOW(recvmmsg),
	ALLOW(shutdown),
	{ SYS_ioctl,
	  ALLOWS,
	  FAILS(ENOTTY),
	  1,
	  UINT32_MAX,
	  5,
	  { FIONREAD, FIONBIO, TCGETS, SIOCGIFNAME, SIOCGIFINDEX } },
	/* waiting */
	ALLOW(ppoll),
	ALLOW(pselect6),
	ALLOW(epoll_create1),
	ALLOW(epoll_ctl),
	ALLOW(epoll_pwait),
	ALLOW(eventfd2),
	ALLOW(pipe2),
#ifdef SYS_poll
	ALLOW(poll),
	ALLOW(select),
	ALLOW(epoll_wait),
	ALLOW(pipe),
#endif
	/* time, chance, who and where one is */
	ALLOW(clock_gettime),
	ALLOW(clock_getres),
	ALLOW(gettimeofday),
#ifdef SYS_time
	ALLOW(time),
#endif
	ALLOW(nanosleep),
	ALLOW(clock_nanosleep),
	ALLOW(getrandom),
	ALLOW(uname),
	ALLOW(sysinfo),
	ALLOW(getpid),
	ALLOW(getppid),
	ALLOW(getuid),
	ALLOW(geteuid),
	ALLOW(getgid),
	ALLOW(getegid),
	{ SYS_prlimit64, ALLOWS, FAILS(EPERM), 0, UINT32_MAX, 1, { 0 } }, /* its own */
	{ SYS_prctl,
	  ALLOWS,
	  FAILS(EPERM),
	  0,
	  UINT32_MAX,
	  2,
	  { PR_SET_NAME, PR_GET_NAME } },

	/* what an attacker would try */
	FORBID(execve),
	FORBID(execveat),
	FORBID(ptrace),
	FORBID(process_vm_readv),
	FORBID(process_vm_writev),
	FORBID(kill),
	FORBID(tkill),
	FORBID(rt_sigqueueinfo),
	FORBID(listen),
	FORBID(accept),
	FORBID(accept4),
	FORBID(mkdirat),
	FORBID(mknodat),
	FORBID(unlinkat),
	FORBID(linkat),
	FORBID(symlinkat),
	FORBID(renameat2),
	FORBID(fchmodat),
	FORBID(fchownat),
	FORBID(truncate),
	FORBID(mount),
	FORBID(umount2),
	FORBID(chroot),
	FORBID(unshare),
	FORBID(setns),
	FORBID(bpf),
	FORBID(perf_event_open),
	FORBID(userfaultfd),
	FORBID(keyctl),
	FORBID(add_key),
	FORBID(init_module),
	FORBID(finit_module),
	FORBID(kexec_load),
	FORBID(setuid),
	FORBID(setgid),
#ifdef SYS_renameat
	FORBID(renameat),
#endif
#ifdef SYS_fork
	FORBID(fork),
	FORBID(vfork),
	FORBID(creat),
	FORBID(mkdir),
	FORBID(mknod),
	FORBID(rmdir),
	FORBID(unlink),
	FORBID(link),
	FORBID(symlink),
	FORBID(rename),
	FORBID(chmod),
	FORBID(chown),
#endif
};

/* --- the filter ---------------------------------------------------------------------- */

struct program {
	struct sock_filter code[PROGRAM_MAX];
	unsigned short len;
};

static void emit(struct program *p, uint16_t code, uint32_t k, uint8_t if_true,
		 uint8_t if_false)
{
	/* A table that has outgrown this ends in no program, see sandbox_limit_calls(). */
	if (p->len < PROGRAM_MAX)
		p->code[p->len] = (struct sock_filter){ code, if_true, if_false, k };
	p->len++;
}

static void emit_load(struct program *p, size_t offset)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void emit_return(struct program *p, uint32_t action)
{
	emit(p, BPF_RET | BPF_K, action, 0, 0);
}

/* The low half of an argument is all of it that these calls look at. */
static void emit_argument(struct program *p, const struct rule *rule)
{
	const uint32_t self = (uint32_t)getpid();
	const uint32_t *const values = rule->num_values > 0 ? rule->values : &self;
	const unsigned num = rule->num_values > 0 ? rule->num_values : 1;

	emit_load(p, offsetof(struct seccomp_data, args) +
			     rule->argument * sizeof(uint64_t));
	emit(p, BPF_ALU | BPF_AND | BPF_K, rule->mask, 0, 0);
	for (unsigned i = 0; i < num; i++)
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, values[i], (uint8_t)(num - i), 0);
	emit_return(p, rule->otherwise);
}

/* The number of the call is in the accumulator as long as no rule has matched. */
static void emit_rule(struct program *p, const struct rule *rule)
{
	const unsigned short jump = p->len;

	emit(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)rule->call, 0, 0);
	if (rule->mask != 0)
		emit_argument(p, rule);
	emit_return(p, rule->found);
	if (p->len <= PROGRAM_MAX)
		p->code[jump].jf = (uint8_t)(p->len - jump - 1);
}

static void write_program(struct program *p)
{
	emit_load(p, offsetof(struct seccomp_data, arch));
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0);
	emit_return(p, SECCOMP_RET_KILL_PROCESS);
	emit_load(p, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		emit_rule(p, &rules[i]);
	emit_return(p, FAILS(ENOSYS));
}

/* --- what a forbidden call leads to -------------------------------------------------- */

static size_t put_number(char *out, unsigned number)
{
	char digits[12];
	size_t len = 0;

	do {
		digits[len++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	for (size_t i = 0; i < len; i++)
		out[i] = digits[len - 1 - i];
	return len;
}

/* An answer as main() writes them, with the means of a signal handler. */
static void on_forbidden(int signal, siginfo_t *info, void *context)
{
	static const char before[] = "cella-fetch: its sandbox forbids system call ";
	static const char after[] = ": a defect of cella, or a server's attack on it";
	char text[160];
	char answer[192];
	size_t len = sizeof before - 1;
	size_t head;

	(void)signal, (void)context;
	memcpy(text, before, len);
	len += put_number(text + len, (unsigned)info->si_syscall);
	memcpy(text + len, after, sizeof after - 1);
	len += sizeof after - 1;
	head = put_number(answer, CELLA_INTERNAL);
	answer[head++] = ' ';
	head += put_number(answer + head, 0); /* nothing of a server's */
	answer[head++] = ' ';
	head += put_number(answer + head, (unsigned)len);
	answer[head++] = '\n';
	memcpy(answer + head, text, len);
	(void)!write(STDOUT_FILENO, answer, head + len);
	_exit(REQUEST_EXIT_SANDBOX);
}

enum cella_status sandbox_limit_calls(struct cella_error *err)
{
	struct program p = { .len = 0 };
	const struct sigaction action = {
		.sa_sigaction = on_forbidden,
		.sa_flags = SA_SIGINFO,
	};
	struct sock_fprog filter = { .filter = p.code };

	write_program(&p);
	if (p.len > PROGRAM_MAX)
		return error_set(err, CELLA_INTERNAL, "the filter is too long");
	filter.len = p.len;
	if (sigaction(SIGSYS, &action, NULL) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) != 0)
		return error_set(err, CELLA_UNSUPPORTED,
				 "this kernel does not filter system calls");
	return CELLA_OK;
}
