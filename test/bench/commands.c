/* SPDX-License-Identifier: Apache-2.0 */
#include "commands.h"

#include "base/arena.h"
#include "collect/program.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/resource.h>

enum { MAX_OUTPUT = 1 << 20, MAX_OPEN = 16, COULD_NOT = 3 };

static char folder[] = "/tmp/cella-bench-XXXXXX";

static double ms(struct timeval time)
{
	return 1e3 * (double)time.tv_sec + (double)time.tv_usec / 1e3;
}

static double used_ms(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return ms(usage.ru_utime) + ms(usage.ru_stime);
}

static _Noreturn void fail(const char *what, const char *why)
{
	fprintf(stderr, "bench: %s: %s\n", what, why);
	exit(COULD_NOT);
}

/* Runs cella with these arguments; what it says is not wanted, but that it says something. */
static double run(char *const arguments[], bool must_succeed)
{
	struct cella_error err = { 0 };
	struct out text CLEANUP(out_done) = { 0 };
	char path[PROGRAM_PATH_MAX];
	char *argv[PROGRAM_MAX_ARGS] = { path };
	const double before = used_ms();
	enum cella_status status;

	if (!program_search("cella", path))
		fail("cella", "there is no such program");
	for (size_t i = 0; arguments[i] != NULL; i++)
		argv[i + 1] = arguments[i];
	status = program_run(argv, MAX_OUTPUT, &text, &err);
	if (must_succeed ? status != CELLA_OK : text.len == 0)
		fail(arguments[0], must_succeed ? err.text : "it says nothing");
	return used_ms() - before;
}

/* What it says of this machine does not matter here. */
double commands_doctor_ms(void)
{
	char *const doctor[] = { (char *)"doctor", NULL };

	return run(doctor, false);
}

static int remove_entry(const char *path, const struct stat *st, int kind,
			struct FTW *walk)
{
	(void)st;
	(void)kind;
	(void)walk;
	return remove(path);
}

double commands_quote_ms(void)
{
	char platform[sizeof folder + sizeof "/platform"];
	char *const init[] = { (char *)"sim", (char *)"init", (char *)"--quiet", platform,
			       NULL };
	char *const quote[] = {
		(char *)"quote",    (char *)"--quiet", (char *)"--provider",
		(char *)"sim",      (char *)"--sim",   platform,
		(char *)"--output", (char *)"-",       NULL
	};
	double took;

	if (mkdtemp(folder) == NULL)
		fail(folder, "cannot be made");
	snprintf(platform, sizeof platform, "%s/platform", folder);
	(void)run(init, true);
	took = run(quote, true);
	(void)nftw(folder, remove_entry, MAX_OPEN, FTW_DEPTH | FTW_PHYS);
	return took;
}
