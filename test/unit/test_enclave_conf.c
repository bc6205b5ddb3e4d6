/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /etc/enclave.conf: what is read, what is refused and how that is told; that the manual has
 * every key; and who may have written it.
 */
#include "support.h"

#include "fetch/files.h"
#include "vm/enclave_conf.h"
#include "vm/signers.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static enum cella_status parse(const char *text, struct enclave_conf *out,
			       struct cella_error *err)
{
	return enclave_conf_parse(bytes_from_text(text), "file", out, err);
}

/* --- values -------------------------------------------------------------------------- */

static void nothing_means_defaults(void **state)
{
	struct enclave_conf conf CLEANUP(enclave_conf_done) = { .text = NULL };
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(parse("", &conf, &err));
	CHECK_TEXT("/usr/local/share/dragonfly/image.bin", conf.image);
	CHECK_TEXT("/var/lib/cella", conf.host);
	CHECK_TEXT("any", conf.ports_in);
	CHECK_TEXT("none", conf.ports_out);
	CHECK_TEXT(NULL, conf.trusted_signers);
	CHECK_TEXT(NULL, conf.run_dir);
	CHECK_TEXT("auto", conf.backend);
	CHECK_TEXT("shared", conf.cpus);
	CHECK_TEXT("no", conf.hugepages);
	CHECK_TEXT(NULL, conf.firmware);
	CHECK_TEXT(NULL, conf.tpm_state);
	CHECK_TEXT(NULL, conf.forward);
	CHECK_TEXT(NULL, conf.egress);
	CHECK_INT(512, conf.keep_memory);
	CHECK_INT(0, conf.vcpus);
	CHECK_INT(0, conf.memory_mib);
	CHECK_INT(0, conf.cid);
	CHECK_INT(120, conf.boot_timeout);
	CHECK_INT(20, conf.stop_timeout);
	CHECK_INT(RESTART_ON_FAILURE, conf.restart);
	CHECK_INT(1, conf.restart_delay);
	CHECK_INT(5, conf.restart_max);
	CHECK_INT(1, conf.enclaves_max);
	CHECK_TRUE(!conf.debug && !conf.mem_lock && !conf.pin);
}

static void values_are_read(void **state)
{
	struct enclave_conf conf CLEANUP(enclave_conf_done) = { .text = NULL };
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(
		parse("# all of them\n\n \t image=/a b.eif \nvcpus\t=\t64\n"
		      "  # another\nmemory_mib = 512\ncid = 4\ndebug = yes\n"
		      "host = /h\ntrusted_signers = /s\nports_in = 1,5-7\nports_out = 9\n"
		      "boot_timeout = 15m\nstop_timeout = 5s\nrestart = always\n"
		      "restart_delay = 0\nrestart_max = 0\nenclaves_max = 4\n"
		      "run_dir = /r\nqemu = /opt/qemu\nbackend = tcg\ncpus = 2-3\n"
		      "hugepages = 2M\nmem_lock = yes\npin = yes\nkeep_memory = 1024\n"
		      "tpm_state = /t\nfirmware = /f\nforward = 8080:80  [::1]:1:2\n"
		      "egress = example.org:443 example.net:25",
		      &conf, &err));
	CHECK_TEXT("/a b.eif", conf.image);
	CHECK_INT(64, conf.vcpus);
	CHECK_INT(512, conf.memory_mib);
	CHECK_INT(4, conf.cid);
	CHECK_TRUE(conf.debug);
	CHECK_TEXT("/h", conf.host);
	CHECK_TEXT("/s", conf.trusted_signers);
	CHECK_TEXT("1,5-7", conf.ports_in);
	CHECK_TEXT("9", conf.ports_out);
	CHECK_INT(900, conf.boot_timeout);
	CHECK_INT(5, conf.stop_timeout);
	CHECK_INT(RESTART_ALWAYS, conf.restart);
	CHECK_INT(0, conf.restart_delay);
	CHECK_INT(0, conf.restart_max);
	CHECK_INT(4, conf.enclaves_max);
	CHECK_TEXT("/r", conf.run_dir);
	CHECK_TEXT("/opt/qemu", conf.qemu);
	CHECK_TEXT("tcg", conf.backend);
	CHECK_TEXT("2-3", conf.cpus);
	CHECK_TEXT("2M", conf.hugepages);
	CHECK_TRUE(conf.mem_lock && conf.pin);
	CHECK_INT(1024, conf.keep_memory);
	CHECK_TEXT("/t", conf.tpm_state);
	CHECK_TEXT("/f", conf.firmware);
	CHECK_TEXT("8080:80  [::1]:1:2", conf.forward);
	CHECK_TEXT("example.org:443 example.net:25", conf.egress);
}

static const struct {
	const char *text;
	enum cella_status status;
	const char *says;
} mistakes[] = {
	{ "vcpu = 1", CELLA_MALFORMED, "file:1: \"vcpu\" is no key" },
	{ "\n#\nVCPUS = 1", CELLA_MALFORMED, "file:3: \"VCPUS\" is no key" },
	{ "= 1", CELLA_MALFORMED, "file:1: \"\" is no key" },
	{ "vcpus = 1\n\nvcpus = 1\n", CELLA_MALFORMED,
	  "file:3: vcpus: stands in line 1 already" },
	{ "vcpus", CELLA_MALFORMED, "file:1: \"vcpus\": expected KEY = value" },
	{ "vcpus =", CELLA_MALFORMED, "file:1: vcpus: has no value" },
	{ "vcpus = 1 # one", CELLA_MALFORMED, "comments stand on lines of their own" },
	{ "image = \"/a\"", CELLA_MALFORMED, "values stand without quotes" },
	{ "vcpus = 1\r\n", CELLA_MALFORMED, "ends as lines of Windows do" },
	{ "image = /a\033[1m", CELLA_MALFORMED, "has a control character" },
	{ "image = /a\xff", CELLA_MALFORMED, "file:1: is no UTF-8" },
	{ "vcpus = 0", CELLA_MALFORMED, "vcpus: 0: expected 1 to 64" },
	{ "vcpus = 65", CELLA_MALFORMED, "vcpus: 65: expected 1 to 64" },
	{ "vcpus = -1", CELLA_MALFORMED, "vcpus: \"-1\" is not a number" },
	{ "vcpus = all", CELLA_MALFORMED, "vcpus: \"all\" is not a number" },
	{ "vcpus = 99999999999999999999", CELLA_MALFORMED, "vcpus: at most" },
	{ "memory_mib = 95", CELLA_MALFORMED, "memory_mib: 95: expected 96 to" },
	{ "memory_mib = 0", CELLA_MALFORMED, "memory_mib: 0: expected 96 to" },
	{ "memory_mib = 1G", CELLA_MALFORMED, "memory_mib: \"1G\" is not a number" },
	{ "cid = 2", CELLA_MALFORMED, "cid: 2: expected 4 to 4294967294" },
	{ "debug = true", CELLA_MALFORMED, "debug: \"true\": expected yes or no" },
	{ "image = image.eif", CELLA_MALFORMED, "is no path that begins with \"/\"" },
	{ "qemu = ./qemu", CELLA_MALFORMED, "is no path that begins with \"/\"" },
	{ "ports_in = http", CELLA_MALFORMED, "ports_in: \"http\" is not a number" },
	{ "ports_out = any", CELLA_MALFORMED, "ports_out: any: expected none" },
	{ "ports_out = 9-7", CELLA_MALFORMED, "wrong way round" },
	{ "boot_timeout = 0", CELLA_MALFORMED, "boot_timeout: 0: expected 1 to 86400" },
	{ "stop_timeout = 2d", CELLA_MALFORMED, "stop_timeout: 172800: expected 1 to" },
	{ "restart = yes", CELLA_MALFORMED, "expected no, on-failure or always" },
	{ "enclaves_max = 0", CELLA_MALFORMED, "enclaves_max: 0: expected 1 to" },
	{ "run_dir = /12345678901234567890123456789012345678901234567890123456789012345",
	  CELLA_MALFORMED, "run_dir: longer than 64 bytes" },
	{ "hugepages = 4K", CELLA_MALFORMED, "4K" },
	{ "mem_lock = 1", CELLA_MALFORMED, "mem_lock: \"1\": expected yes or no" },
	{ "tpm_state = persistent", CELLA_MALFORMED, "is no path that begins" },
	{ "backend = xen", CELLA_MALFORMED, "backend: \"xen\": expected auto, tcg" },
	{ "cpus = all", CELLA_MALFORMED, "1: cpus: \"all\": expected shared, whole" },
	{ "forward = 80", CELLA_MALFORMED,
	  "1: forward: \"80\": expected PORT:GUEST-PORT" },
	{ "egress = a.example", CELLA_MALFORMED,
	  "1: egress: \"a.example\" is no name:port" },
	{ "hugepages = 4M", CELLA_MALFORMED,
	  "1: hugepages: \"4M\": expected no, 2M or 1G" },
	{ "boot_timeout = 2 minutes", CELLA_MALFORMED,
	  "1: boot_timeout: \"2 minutes\" is no duration: one looks like 90, 90s" },
	{ "forward = 1:2 1:3", CELLA_MALFORMED, "leads to two ports" },
	{ "egress = example.org", CELLA_MALFORMED, "egress: \"example.org\"" },
};

static void mistakes_are_told(void **state)
{
	struct enclave_conf conf = { .text = NULL };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
		struct cella_error err = { 0 };

		CASE(mistakes[i].text);
		CHECK_STATUS(mistakes[i].status, parse(mistakes[i].text, &conf, &err));
		CHECK_INT(mistakes[i].status, err.status);
		CHECK_TEXT_HAS(err.text, mistakes[i].says);
		CHECK_TRUE(conf.text == NULL);
	}
}

static void lists_are_words(void **state)
{
	const char *text = " one\ttwo  ";
	const char *none = NULL;
	const char *word = NULL;

	(void)state;
	CHECK_INT(3, enclave_conf_word(&text, &word));
	CHECK_TRUE(strncmp("one", word, 3) == 0);
	CHECK_INT(3, enclave_conf_word(&text, &word));
	CHECK_TRUE(strncmp("two", word, 3) == 0);
	CHECK_INT(0, enclave_conf_word(&text, &word));
	CHECK_INT(0, enclave_conf_word(&none, &word));
}

static void a_nul_ends_nothing(void **state)
{
	struct enclave_conf conf = { .text = NULL };
	struct cella_error err = { 0 };

	(void)state;
	CHECK_STATUS(CELLA_MALFORMED,
		     enclave_conf_parse(bytes_of("vcpus = 1\0 nonsense", 19), "file",
					&conf, &err));
	CHECK_TEXT_HAS(err.text, "NUL");
}

/* --- the manual ---------------------------------------------------------------------- */

/* A key's line in the manual: "*memory\_mib* = _NUMBER_ (*auto*)". */
static void write_heading(const char *key, char *out, size_t size)
{
	size_t len = 0;

	out[len++] = '*';
	for (; *key != '\0' && len + 2 < size; key++) {
		if (*key == '_')
			out[len++] = '\\';
		out[len++] = *key;
	}
	out[len] = '\0';
	strncat(out, "* = ", size - len - 1);
}

static size_t count_lines(const char *text, const char *start)
{
	size_t num = 0;

	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		num += strncmp(line, start, strlen(start)) == 0;
	}
	return num;
}

static size_t count_headings(const char *text)
{
	size_t num = 0;

	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		const char *const end = strchr(++line, '\n');
		const char *const mark = strstr(line, "* = ");

		num += *line == '*' && mark != NULL && end != NULL && mark < end;
	}
	return num;
}

/* The default stands at the line's end, "(not set)" where there is none. */
static bool tells_default(const char *text, const char *heading, const char *value)
{
	const char *const line = strstr(text, heading);
	char wanted[128];
	char plain[256];
	size_t len = 0;

	if (line == NULL)
		return false;
	for (const char *c = line; *c != '\n' && *c != '\0' && len + 1 < sizeof plain;
	     c++)
		if (*c != '\\')
			plain[len++] = *c;
	plain[len] = '\0';
	snprintf(wanted, sizeof wanted, value[0] == '\0' ? " (not set)" : " (*%s*)",
		 value);
	return len > strlen(wanted) && strcmp(plain + len - strlen(wanted), wanted) == 0;
}

static void the_manual_has_every_key_and_no_other(void **state)
{
	struct out page CLEANUP(out_done) = { 0 };
	char *text CLEANUP_FREE = NULL;
	struct cella_error err = { 0 };
	const char *value = NULL;
	size_t num = 0;

	(void)state;
	CHECK_OK(file_read(getenv("CELLA_CONF_PAGE"), 1 << 20, &page, &err));
	CHECK_OK(out_take_text(&page, &text, &err));
	for (const char *key; (key = enclave_conf_key(num, &value)) != NULL; num++) {
		char heading[128];

		CASE(key);
		write_heading(key, heading, sizeof heading);
		CHECK_INT(1, count_lines(text, heading));
		CHECK_TRUE(tells_default(text, heading, value));
	}
	CHECK_INT(num, count_headings(text));
}

/* --- who wrote it -------------------------------------------------------------------- */

static char folder[] = "/tmp/cella-conf.XXXXXX";

static const char *make_file(const char *name, const char *text, unsigned mode)
{
	static char path[128];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "we");
	CHECK_TRUE(file != NULL);
	CHECK_TRUE(fputs(text, file) >= 0);
	CHECK_INT(0, fclose(file));
	CHECK_INT(0, chmod(path, mode));
	return path;
}

static enum cella_status read_conf(const char *path, enum owned_by who,
				   struct cella_error *err)
{
	struct enclave_conf conf CLEANUP(enclave_conf_done) = { .text = NULL };

	return enclave_conf_read(path, who, &conf, err);
}

static void others_may_not_write_it(void **state)
{
	static const unsigned modes[] = { 0620, 0602, 0666, 0777 };
	struct cella_error good = { 0 };
	struct cella_error err = good;

	(void)state;
	CHECK_OK(read_conf(make_file("good", "vcpus = 1", 0644), OWNED_BY_CALLER, &err));
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		err = good;
		CHECK_STATUS(CELLA_IO, read_conf(make_file("open", "vcpus = 1", modes[i]),
						 OWNED_BY_CALLER, &err));
		CHECK_TEXT_HAS(err.text, "chmod go-w /tmp/cella-conf.");
	}
}

/* A user's own file is in order only where he named it; root's always. */
static void strangers_may_not_own_it(void **state)
{
	struct cella_error err = { 0 };
	const char *const path = make_file("owned", "vcpus = 1", 0644);

	(void)state;
	if (geteuid() != 0) {
		CHECK_STATUS(CELLA_IO, read_conf(path, OWNED_BY_ROOT, &err));
		CHECK_TEXT_HAS(err.text, "chown root:root");
		return;
	}
	CHECK_OK(read_conf(path, OWNED_BY_ROOT, &err));
	CHECK_INT(0, chown(path, 65534, 65534));
	CHECK_STATUS(CELLA_IO, read_conf(path, OWNED_BY_ROOT, &err));
	err = (struct cella_error){ 0 };
	CHECK_STATUS(CELLA_IO, read_conf(path, OWNED_BY_CALLER, &err));
	CHECK_TEXT_HAS(err.text, "belongs to user 65534");
}

static void it_is_a_file_itself(void **state)
{
	struct cella_error err = { 0 };
	char link[128];
	char pipe[128];

	(void)state;
	snprintf(link, sizeof link, "%s/link", folder);
	snprintf(pipe, sizeof pipe, "%s/pipe", folder);
	CHECK_INT(0, symlink("good", link));
	CHECK_INT(0, mkfifo(pipe, 0600));
	CHECK_STATUS(CELLA_IO, read_conf(link, OWNED_BY_CALLER, &err));
	CHECK_TEXT_HAS(err.text, "is a symbolic link");
	err = (struct cella_error){ 0 };
	CHECK_STATUS(CELLA_IO, read_conf(pipe, OWNED_BY_CALLER, &err));
	CHECK_TEXT_HAS(err.text, "is no file");
	CHECK_STATUS(CELLA_MISSING,
		     read_conf("/nowhere/enclave.conf", OWNED_BY_CALLER, &err));
	CHECK_STATUS(CELLA_IO, read_conf(folder, OWNED_BY_CALLER, &err));
}

static void it_has_an_end(void **state)
{
	struct cella_error err = { 0 };
	struct out bytes CLEANUP(out_done) = { 0 };
	const char *const path = make_file("good", "vcpus = 1\n", 0644);

	(void)state;
	CHECK_STATUS(CELLA_LIMIT, owned_read(path, OWNED_BY_CALLER, 9, &bytes, &err));
	bytes.len = 0;
	CHECK_OK(owned_read(path, OWNED_BY_CALLER, 10, &bytes, &err));
	CHECK_INT(10, bytes.len);
}

/* Nobody to trust must not become everybody. */
static void no_signers_are_no_answer(void **state)
{
	struct eif_certs certs = { .num_certs = 0 };
	struct cella_error err = { 0 };
	char empty[128];

	(void)state;
	snprintf(empty, sizeof empty, "%s/none", folder);
	CHECK_INT(0, mkdir(empty, 0700));
	CHECK_STATUS(CELLA_MISSING, signers_read(empty, OWNED_BY_CALLER, &certs, &err));
	CHECK_TEXT_HAS(err.text, "holds no certificate");
	CHECK_STATUS(CELLA_MISSING,
		     signers_read("/nowhere/signers", OWNED_BY_CALLER, &certs, &err));
	CHECK_TRUE(signers_read(make_file("none/empty.pem", "", 0644), OWNED_BY_CALLER,
				&certs, &err) != CELLA_OK);
	CHECK_TRUE(signers_read(empty, OWNED_BY_CALLER, &certs, &err) != CELLA_OK);
	CHECK_INT(0, certs.num_certs);
}

static void each_has_its_path(void **state)
{
	struct out path CLEANUP(out_done) = { 0 };

	(void)state;
	enclave_conf_path("default", &path);
	CHECK_BYTES("/etc/enclave.conf", 17, out_view(&path));
	path.len = 0;
	enclave_conf_path("web", &path);
	CHECK_BYTES("/etc/cella/enclaves/web.conf", 28, out_view(&path));
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const files[] = { "good", "open",           "owned", "link",
					     "pipe", "none/empty.pem", "none",  "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		char path[128];

		snprintf(path, sizeof path, "%s/%s", folder, files[i]);
		if (unlink(path) != 0 && rmdir(path) != 0)
			return -1;
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_means_defaults),
		cmocka_unit_test(values_are_read),
		cmocka_unit_test(mistakes_are_told),
		cmocka_unit_test(lists_are_words),
		cmocka_unit_test(a_nul_ends_nothing),
		cmocka_unit_test(the_manual_has_every_key_and_no_other),
		cmocka_unit_test(others_may_not_write_it),
		cmocka_unit_test(strangers_may_not_own_it),
		cmocka_unit_test(it_is_a_file_itself),
		cmocka_unit_test(it_has_an_end),
		cmocka_unit_test(no_signers_are_no_answer),
		cmocka_unit_test(each_has_its_path),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
