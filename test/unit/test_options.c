/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines (src/cli/options.c), with a program of two made-up commands.
 */
#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* cmocka has a macro of the name of a function here. */
#pragma push_macro("fail")
#undef fail
#include "cli/cli.h"

static int code_of(const struct cella_error *err)
{
	return fail(err);
}
#pragma pop_macro("fail")

struct test_args {
	struct common_args common;
	bool flag;
	const char *text;
	struct texts texts;
	struct texts hex;
	struct moment time;
	struct moment duration;
	struct moment number;
};

#define ARG(member) offsetof(struct test_args, member)
static const struct option_def options[] = {
	{ "flag", 'f', NULL, OPTION_FLAG, ARG(flag), "a flag" },
	{ "text", 't', "TEXT", OPTION_TEXT, ARG(text), "a text" },
	{ "texts", 0, "TEXT", OPTION_TEXTS, ARG(texts), "texts" },
	{ "hex", 'x', "HEX", OPTION_HEX, ARG(hex), "hex" },
	{ "time", 0, "TIME", OPTION_TIME, ARG(time), "a time" },
	{ "duration", 0, "SPAN", OPTION_DURATION, ARG(duration), "a span" },
	{ "number", 0, "N", OPTION_NUMBER, ARG(number), "a number" },
	COMMON_OPTIONS,
};

static struct test_args seen;
static bool ran;
static int answer;

static int run_command(const void *args)
{
	seen = *(const struct test_args *)args;
	ran = true;
	puts("ran");
	return answer;
}

static const struct command one = {
	.name = "one",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 2,
	.summary = "Do one thing",
	.description = "It is described.",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct test_args),
	.run = run_command,
};

static const struct command two = {
	.name = "group two",
	.operands = "",
	.summary = "Do another thing",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct test_args),
	.run = run_command,
};

static const struct command pair = {
	.name = "pair",
	.operands = "FILE FILE",
	.min_operands = 2,
	.max_operands = 2,
	.summary =
		"Do a thing that takes more words to describe than a line of a terminal has",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct test_args),
	.run = run_command,
};

static const struct command *const commands[] = { &one, &two, &pair };
static const struct program program = {
	.name = "prog",
	.summary = "Does things.",
	.commands = commands,
	.num_commands = ARRAY_LEN(commands),
};

enum { OUTPUT_MAX = 8192 };

/* What the last command line wrote. */
static char standard_output[OUTPUT_MAX], standard_error[OUTPUT_MAX];

/* Runs a line of words that blanks separate; "_" stands for an empty word. */
static int run_line(const char *line)
{
	FILE *const files[] = { tmpfile(), tmpfile() };
	char *const outputs[] = { standard_output, standard_error };
	static char copy[400]; /* options point into it */
	char *argv[40] = { NULL };
	int kept[2];
	int argc = 0;
	int code;

	snprintf(copy, sizeof copy, "%s", line);
	for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
		argv[argc++] = strcmp(word, "_") == 0 ? word + 1 : word;
	ran = false;
	memset(&seen, 0, sizeof seen);
	fflush(stdout);
	for (int i = 0; i < 2; i++) {
		kept[i] = dup(STDOUT_FILENO + i);
		dup2(fileno(files[i]), STDOUT_FILENO + i);
	}
	code = cli_main(&program, argc, argv);
	fflush(stdout);
	for (int i = 0; i < 2; i++) {
		dup2(kept[i], STDOUT_FILENO + i);
		close(kept[i]);
		rewind(files[i]);
		outputs[i][fread(outputs[i], 1, OUTPUT_MAX - 1, files[i])] = '\0';
		fclose(files[i]);
	}
	return code;
}

static void lines_that_are_usage_errors(void **state)
{
	static const struct {
		const char *line;
		const char *message; /* the whole of it */
	} rows[] = {
		{ "prog", "prog: a command is missing; see 'prog --help'\n" },
		{ "prog three",
		  "prog: there is no command \"three\"; see 'prog --help'\n" },
		{ "prog on",
		  "prog: there is no command \"on\" (did you mean 'prog one'?); "
		  "see 'prog --help'\n" },
		{ "prog two",
		  "prog: there is no command \"two\" (did you mean 'prog group "
		  "two'?); see 'prog --help'\n" },
		{ "prog gruop", "prog: there is no command \"gruop\" (did you mean 'prog "
				"group'?); see 'prog --help'\n" },
		{ "prog version", "prog: there is no command \"version\" (did you mean "
				  "'prog --version'?); see 'prog --help'\n" },
		{ "prog help three",
		  "prog: there is no command \"three\"; see 'prog --help'\n" },
		{ "prog --json one a",
		  "prog: there is no option --json before a command; see 'prog --help'\n" },
		{ "prog group tow",
		  "prog group: there is no command \"tow\" (did you mean "
		  "'prog group two'?); see 'prog group --help'\n" },
		{ "prog group three",
		  "prog group: there is no command \"three\"; see 'prog group --help'\n" },
		{ "prog one", "prog one: FILE is missing; see 'prog one --help'\n" },
		{ "prog one a b c", "prog one: \"c\" is one argument too many; see 'prog "
				    "one --help'\n" },
		{ "prog group two a", "prog group two: \"a\" is one argument too many; "
				      "see 'prog group two --help'\n" },
		{ "prog one --none a",
		  "prog one: there is no option --none; see 'prog one --help'\n" },
		{ "prog one --none=1 a",
		  "prog one: there is no option --none; see 'prog one --help'\n" },
		{ "prog one --fla a",
		  "prog one: there is no option --fla (did you mean '--flag'?); see 'prog "
		  "one --help'\n" },
		{ "prog one --textss=1 a",
		  "prog one: there is no option --textss (did you mean '--texts'?); see "
		  "'prog one --help'\n" },
		{ "prog one --tex a",
		  "prog one: there is no option --tex (did you mean '--text' or '--texts'?); see 'prog one --help'\n" },
		{ "prog three-arguments a",
		  "prog: there is no command \"three-arguments\"; "
		  "see 'prog --help'\n" },
		{ "prog pair a",
		  "prog pair: expected FILE FILE, found 1 argument; see 'prog pair --help'\n" },
		{ "prog one -z a",
		  "prog one: there is no option -z; see 'prog one --help'\n" },
		{ "prog one --flag=1 a",
		  "prog one: --flag takes no value; see 'prog one --help'\n" },
		{ "prog one -fx a",
		  "prog one: --flag takes no value; see 'prog one --help'\n" },
		{ "prog one a --text",
		  "prog one: --text needs TEXT; see 'prog one --help'\n" },
		{ "prog one a -t",
		  "prog one: --text needs TEXT; see 'prog one --help'\n" },
		{ "prog one a -t 1 -t 2",
		  "prog one: --text is given twice; see 'prog one --help'\n" },
		{ "prog one a --number 1x",
		  "prog one: --number N: \"1x\" is not a number; see 'prog one --help'\n" },
		{ "prog one a --number=-1",
		  "prog one: --number N: \"-1\" is not a number; see 'prog one --help'\n" },
		{ "prog one a --number 99999999999",
		  "prog one: --number N: at most 2147483647; see 'prog one --help'\n" },
		{ "prog one a --duration 1w",
		  "prog one: --duration SPAN: \"1w\" is no duration: one looks like 90, 90s, "
		  "15m, 12h or 7d; see 'prog one --help'\n" },
		{ "prog one a --time now",
		  "prog one: --time: a time looks like 2025-06-25T00:00:00Z, not \"now\"; "
		  "see 'prog one --help'\n" },
		{ "prog one a --time 2025-02-29",
		  "prog one: --time: no such time: 2025-02-29T00:00:00Z; see 'prog one "
		  "--help'\n" },
		{ "prog one --text _ a",
		  "prog one: --text is empty: is a variable not set?; see 'prog one --help'\n" },
		{ "prog one --text= a",
		  "prog one: --text is empty: is a variable not set?; see 'prog one --help'\n" },
		{ "prog one -t _ a",
		  "prog one: --text is empty: is a variable not set?; see 'prog one --help'\n" },
		{ "prog one --texts= a",
		  "prog one: --texts is empty: is a variable not set?; see 'prog one --help'\n" },
		{ "prog one -x _ a",
		  "prog one: --hex is empty: is a variable not set?; see 'prog one --help'\n" },
		{ "prog one --hex= a",
		  "prog one: --hex is empty: is a variable not set?; see 'prog one --help'\n" },
		{ "prog one --time _ a",
		  "prog one: --time is empty: is a variable not set?; see 'prog one --help'\n" },
		{ "prog one --duration= a",
		  "prog one: --duration is empty: is a variable not set?; see 'prog one --help'\n" },
		{ "prog one --number _ a",
		  "prog one: --number is empty: is a variable not set?; see 'prog one --help'\n" },
		{ "prog one _",
		  "prog one: an argument is empty: is a variable not set?; see 'prog one --help'\n" },
		{ "prog one -x 00 _ a",
		  "prog one: an argument is empty: is a variable not set?; see 'prog one --help'\n" },
		{ "prog one a --time @-1",
		  "prog one: --time: \"-1\" is not a number; see 'prog one --help'\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CASE(rows[i].line);
		CHECK_INT(EXIT_USAGE, run_line(rows[i].line));
		CHECK_TEXT(rows[i].message, standard_error);
		CHECK_TEXT("", standard_output);
		CHECK_TRUE(!ran);
	}
}

static void values_in_every_form(void **state)
{
	(void)state;
	CHECK_INT(0, run_line("prog one a -f --text=x= --texts 1 --texts=2 b"));
	assert_true(ran && seen.flag);
	CHECK_TEXT("x=", seen.text);
	CHECK_INT(2, seen.texts.num_items);
	CHECK_TEXT("2", seen.texts.items[1]);
	CHECK_INT(2, seen.common.operands.num_items);
	CHECK_TEXT("b", seen.common.operands.items[1]);
	CHECK_INT(0, run_line("prog one -tx -q a"));
	CHECK_TEXT("x", seen.text);
	assert_true(seen.common.quiet);
	CHECK_INT(0, run_line("prog one -t -f a"));
	CHECK_TEXT("-f", seen.text);
	assert_false(seen.flag);
	CHECK_INT(0, run_line("prog group two --json"));
	assert_true(seen.common.json);
}

static void operands_that_look_like_options(void **state)
{
	(void)state;
	CHECK_INT(0, run_line("prog one -"));
	CHECK_TEXT("-", seen.common.operands.items[0]);
	CHECK_INT(0, run_line("prog one -- -f --"));
	assert_false(seen.flag);
	CHECK_TEXT("-f", seen.common.operands.items[0]);
	CHECK_TEXT("--", seen.common.operands.items[1]);
	/* A program's arguments, for instance. */
	CHECK_INT(0, run_line("prog one -- a _"));
	CHECK_TEXT("", seen.common.operands.items[1]);
}

/* Digits in several arguments, as `$(… | xxd -p)` makes them. */
static void hex_takes_all_that_follows(void **state)
{
	(void)state;
	CHECK_INT(0, run_line("prog one file -x 00 11 ff -f 22"));
	CHECK_INT(3, seen.hex.num_items);
	CHECK_INT(2, seen.common.operands.num_items);
	CHECK_TEXT("22", seen.common.operands.items[1]);
	CHECK_INT(0, run_line("prog one -x 00 quote"));
	CHECK_INT(1, seen.hex.num_items);
	CHECK_TEXT("quote", seen.common.operands.items[0]);
	CHECK_INT(0, run_line("prog one --hex=00 11"));
	CHECK_INT(1, seen.hex.num_items);
	CHECK_TEXT("11", seen.common.operands.items[0]);
}

static void moments(void **state)
{
	static const struct {
		const char *line;
		int64_t value;
	} rows[] = {
		{ "prog one a --time 2025-06-25T00:00:07Z", 1750809607 },
		{ "prog one a --time 2025-06-25", 1750809600 },
		{ "prog one a --time @1750809600", 1750809600 },
		{ "prog one a --time @0", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CASE(rows[i].line);
		CHECK_INT(0, run_line(rows[i].line));
		CHECK_TRUE(seen.time.is_set);
		CHECK_INT(rows[i].value, seen.time.value);
		CHECK_INT(rows[i].value, time_or_now(&seen.time));
	}
	CHECK_INT(0, run_line("prog one a --duration 2h --number 7"));
	CHECK_INT(7200, seen.duration.value);
	CHECK_INT(7, seen.number.value);
	assert_false(seen.time.is_set);
	assert_true(time_or_now(&seen.time) > 1750809600);
}

static void too_many_values(void **state)
{
	char line[400] = "prog one a -x";
	int num = 0;

	(void)state;
	/* argv of run_line() holds fewer words than a list holds texts. */
	for (; num < 30; num++)
		strcat(line, " 00");
	CHECK_INT(0, run_line(line));
	CHECK_INT(30, seen.hex.num_items);
}

static void help_of_everything(void **state)
{
	static const char *const lines[] = { "prog --help", "prog -h", "prog help" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		CHECK_INT(0, run_line(lines[i]));
		CHECK_TEXT_HAS(standard_output, "Usage: prog COMMAND");
		CHECK_TEXT_HAS(standard_output, "Does things.");
		CHECK_TEXT_HAS(standard_output,
			       "  group two            Do another thing\n");
		CHECK_TEXT_HAS(standard_output,
			       "describe than a line\n                       of a");
		CHECK_TEXT("", standard_error);
	}
	CHECK_INT(0, run_line("prog help one"));
	CHECK_TEXT_HAS(standard_output, "Usage: prog one [OPTION]... FILE\n");
	CHECK_INT(0, run_line("prog help group two"));
	CHECK_TEXT_HAS(standard_output, "Usage: prog group two [OPTION]...\n");
	CHECK_INT(0, run_line("prog help group"));
	CHECK_TEXT_HAS(standard_output, "Usage: prog group COMMAND");
	CHECK_INT(0, run_line("prog one --help"));
	assert_false(ran);
	CHECK_TEXT_HAS(standard_output,
		       "Usage: prog one [OPTION]... FILE\n\nDo one thing.\n");
	CHECK_TEXT_HAS(standard_output, "It is described.");
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		CHECK_TEXT_HAS(standard_output, options[i].name);
		CHECK_TEXT_HAS(standard_output, options[i].help);
	}
	CHECK_INT(0, run_line("prog group --help"));
	CHECK_TEXT_HAS(standard_output, "  group two");
	assert_null(strstr(standard_output, "  one"));
	CHECK_INT(EXIT_USAGE, run_line("prog group"));
	CHECK_TEXT_HAS(standard_error, "Usage: prog group COMMAND");
	CHECK_INT(0, run_line("prog --version"));
	CHECK_TEXT("prog " CELLA_VERSION "\n", standard_output);
}

static void tables_are_dumped(void **state)
{
	(void)state;
	CHECK_INT(0, run_line("prog --dump-tables"));
	CHECK_TEXT_HAS(standard_output, "command\tone\tFILE\tDo one thing\n");
	CHECK_TEXT_HAS(standard_output, "option\tone\t--text\tt\tTEXT\ta text\n");
	CHECK_TEXT_HAS(standard_output, "option\tgroup two\t--time\t-\tTIME\ta time\n");
}

static void exit_codes(void **state)
{
	static const struct {
		enum cella_status status;
		int code;
	} rows[] = {
		{ CELLA_MALFORMED, EXIT_UNDECIDED },
		{ CELLA_UNSUPPORTED, EXIT_UNDECIDED },
		{ CELLA_MISSING, EXIT_UNDECIDED },
		{ CELLA_LIMIT, EXIT_UNDECIDED },
		{ CELLA_IO, EXIT_UNDECIDED },
		{ CELLA_NOMEM, EXIT_UNDECIDED },
		{ CELLA_USAGE, EXIT_USAGE },
		{ CELLA_INTERNAL, EXIT_UNDECIDED },
	};

	(void)state;
	CHECK_INT(0, EXIT_YES);
	CHECK_INT(1, EXIT_NO);
	CHECK_INT(2, EXIT_USAGE);
	CHECK_INT(3, EXIT_UNDECIDED);
	for (int code = 0; code < 4; code++) {
		answer = code;
		CHECK_INT(code, run_line("prog one a"));
		CHECK_TEXT("ran\n", standard_output);
	}
	answer = 0;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct cella_error err = { .status = rows[i].status,
						 .text = "what went wrong" };
		const int kept = dup(STDERR_FILENO);
		const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		dup2(null, STDERR_FILENO);
		CHECK_INT(rows[i].code, code_of(&err));
		dup2(kept, STDERR_FILENO);
		close(kept);
		close(null);
	}
}

/* Output that cannot be written is not a yes. */
static void full_disk(void **state)
{
	const int kept = dup(STDOUT_FILENO);
	const int kept_error = dup(STDERR_FILENO);
	const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	char words[][8] = { "prog", "one", "a" };
	char *argv[] = { words[0], words[1], words[2], NULL };
	int code;

	(void)state;
	fflush(stdout);
	dup2(full, STDOUT_FILENO);
	dup2(full, STDERR_FILENO);
	code = cli_main(&program, 3, argv);
	clearerr(stdout);
	dup2(kept, STDOUT_FILENO);
	dup2(kept_error, STDERR_FILENO);
	close(kept);
	close(kept_error);
	close(full);
	CHECK_INT(EXIT_UNDECIDED, code);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_that_are_usage_errors),
		cmocka_unit_test(values_in_every_form),
		cmocka_unit_test(operands_that_look_like_options),
		cmocka_unit_test(hex_takes_all_that_follows),
		cmocka_unit_test(moments),
		cmocka_unit_test(too_many_values),
		cmocka_unit_test(help_of_everything),
		cmocka_unit_test(tables_are_dumped),
		cmocka_unit_test(exit_codes),
		cmocka_unit_test(full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
