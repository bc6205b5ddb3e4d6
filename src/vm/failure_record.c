/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records as JSON, and as files. What a record quotes of processes and kernels is foreign:
 * only printable characters are let through, in both directions.
 */
#include "vm/failure_record.h"

#include "base/json.h"
#include "fetch/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SUFFIX ".last.json"

static const char what[] = "failure record";

static const char *const hows[] = {
	[FAILURE_RAN] = "ended",
	[FAILURE_EXITED] = "exited",
	[FAILURE_SIGNALLED] = "signalled",
};
_Static_assert(ARRAY_LEN(hows) == FAILURE_NUM_HOWS, "a name a way");

/* --- writing ------------------------------------------------------------------------- */

/* Lines stay; anything else that cannot be printed becomes '?'. */
static void clean(char *text)
{
	for (; *text != '\0'; text++)
		if ((*text < ' ' || *text > '~') && *text != '\n')
			*text = '?';
}

/* The ends of lines that consoles have, too, are left out. */
static json_t *json_clean(const char *text)
{
	struct out lines CLEANUP(out_done) = { 0 };

	for (; *text != '\0'; text++)
		if (*text != '\r')
			out_bytes(&lines, text, 1);
	out_u8(&lines, '\0');
	if (lines.failed)
		return NULL;
	clean((char *)lines.data);
	return json_string((const char *)lines.data);
}

static enum cella_status put_facts(json_t *root, unsigned facts, struct cella_error *err)
{
	json_t *const array = json_array();

	TRY(json_put(root, "facts", array, err));
	for (int i = 0; i < FAILURE_NUM_FACTS; i++)
		if ((facts & (1U << i)) != 0)
			TRY(json_add(array,
				     json_string(failure_fact_name((enum failure_fact)i)),
				     err));
	return CELLA_OK;
}

static enum cella_status put_processes(json_t *root, const struct failure *failure,
				       struct cella_error *err)
{
	json_t *const array = json_array();

	TRY(json_put(root, "processes", array, err));
	for (size_t i = 0; i < failure->num_processes; i++) {
		const struct failure_process *const process = &failure->processes[i];
		json_t *const item = json_object();

		TRY(json_add(array, item, err));
		TRY(json_put(item, "name", json_clean(process->name), err));
		TRY(json_put(item, "how", json_string(hows[process->how]), err));
		TRY(json_put(item, "number", json_integer(process->number), err));
		TRY(json_put(item, "words", json_clean(process->words), err));
	}
	return CELLA_OK;
}

static enum cella_status put_end(json_t *root, const struct failure *failure,
				 struct cella_error *err)
{
	json_t *const end = json_object();

	TRY(json_put(root, "end", end, err));
	TRY(json_put(end, "reason", json_clean(failure->end), err));
	TRY(json_put(end, "number", json_integer(failure->end_number), err));
	return json_put(end, "detail", json_clean(failure->end_detail), err);
}

enum cella_status failure_json(const struct failure *failure, json_t **out,
			       struct cella_error *err)
{
	json_t *root CLEANUP_JSON = json_object();
	char evidence[FAILURE_EVIDENCE_MAX];
	const struct failure_class *const class = failure_classify(failure, evidence);

	TRY(json_put(root, "version", json_integer(FAILURE_VERSION), err));
	TRY(json_put(root, "name", json_clean(failure->name), err));
	TRY(json_put(root, "class", json_string(class->code), err));
	TRY(json_put(root, "time", json_time(failure->time), err));
	TRY(json_put(root, "lasted_s", json_integer(failure->lasted_s), err));
	TRY(json_put(root, "state", json_string(evm_state_name(failure->state)), err));
	TRY(json_put(root, "vcpus", json_integer(failure->vcpus), err));
	TRY(json_put(root, "memory_mib", json_integer(failure->memory_mib), err));
	TRY(json_put(root, "debug", json_boolean(failure->debug), err));
	TRY(json_put(root, "cause", json_clean(failure->cause), err));
	TRY(put_facts(root, failure->facts, err));
	if (failure->end[0] != '\0')
		TRY(put_end(root, failure, err));
	TRY(put_processes(root, failure, err));
	if (failure->console[0] != '\0')
		TRY(json_put(root, "console", json_clean(failure->console), err));
	*out = take(&root);
	return CELLA_OK;
}

/* --- reading ------------------------------------------------------------------------- */

struct texts {
	const char *name;
	const char *state;
	const char *cause;
	const char *console;
	const json_t *facts;
	const json_t *end;
	const json_t *processes;
};

#define TOP(member) offsetof(struct texts, member)
static const struct json_field text_fields[] = {
	{ "name", JSON_FIELD_TEXT, TOP(name), 0, false },
	{ "state", JSON_FIELD_TEXT, TOP(state), 0, false },
	{ "cause", JSON_FIELD_TEXT, TOP(cause), 0, false },
	{ "console", JSON_FIELD_TEXT, TOP(console), 0, true },
	{ "facts", JSON_FIELD_ARRAY, TOP(facts), 0, false },
	{ "end", JSON_FIELD_OBJECT, TOP(end), 0, true },
	{ "processes", JSON_FIELD_ARRAY, TOP(processes), 0, false },
};

#define NUMBER(member) offsetof(struct failure, member)
static const struct json_field number_fields[] = {
	{ "time", JSON_FIELD_TIME, NUMBER(time), 0, false },
	{ "lasted_s", JSON_FIELD_U32, NUMBER(lasted_s), 0, false },
	{ "vcpus", JSON_FIELD_U32, NUMBER(vcpus), 0, true },
	{ "memory_mib", JSON_FIELD_U32, NUMBER(memory_mib), 0, true },
};

static const struct json_field version_field[] = {
	{ "version", JSON_FIELD_U32, 0, 0, false },
};

/* Whoever wrote it: what is longer is cut, what cannot be printed is not. */
static void copy_clean(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text != NULL ? text : "");
	clean(out);
}

static enum cella_status read_state(const char *name, enum evm_state *out,
				    struct cella_error *err)
{
	for (int i = 0; i < EVM_NUM_STATES; i++)
		if (strcmp(name, evm_state_name((enum evm_state)i)) == 0) {
			*out = (enum evm_state)i;
			return CELLA_OK;
		}
	return error_set(err, CELLA_MALFORMED, "%s: state: \"%.20s\" is none", what,
			 name);
}

/* Facts that a later cella knows say nothing here. */
static enum cella_status read_facts(const json_t *array, unsigned *out,
				    struct cella_error *err)
{
	TRY(json_check_texts(array, "failure record: facts", err));
	for (size_t i = 0; i < json_array_size(array); i++)
		for (int j = 0; j < FAILURE_NUM_FACTS; j++)
			if (strcmp(json_string_value(json_array_get(array, i)),
				   failure_fact_name((enum failure_fact)j)) == 0)
				*out |= 1U << j;
	return CELLA_OK;
}

static enum cella_status read_how(const char *name, enum failure_how *out,
				  struct cella_error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(hows); i++)
		if (strcmp(name, hows[i]) == 0) {
			*out = (enum failure_how)i;
			return CELLA_OK;
		}
	return error_set(err, CELLA_MALFORMED, "%s: processes: how: \"%.20s\" is unknown",
			 what, name);
}

struct said {
	const char *name;
	const char *how;
	const char *words;
	uint32_t number;
};

#define SAID(member) offsetof(struct said, member)
static const struct json_field process_fields[] = {
	{ "name", JSON_FIELD_TEXT, SAID(name), 0, false },
	{ "how", JSON_FIELD_TEXT, SAID(how), 0, false },
	{ "number", JSON_FIELD_U32, SAID(number), 0, false },
	{ "words", JSON_FIELD_TEXT, SAID(words), 0, false },
};

static const struct json_field end_fields[] = {
	{ "reason", JSON_FIELD_TEXT, SAID(name), 0, false },
	{ "number", JSON_FIELD_U32, SAID(number), 0, false },
	{ "detail", JSON_FIELD_TEXT, SAID(words), 0, false },
};

static enum cella_status read_process(const json_t *item, struct failure_process *out,
				      struct cella_error *err)
{
	struct said said = { 0 };

	TRY(json_read(item, process_fields, ARRAY_LEN(process_fields), &said,
		      "failure record: processes", err));
	TRY(read_how(said.how, &out->how, err));
	copy_clean(out->name, sizeof out->name, said.name);
	copy_clean(out->words, sizeof out->words, said.words);
	out->number = said.number;
	return CELLA_OK;
}

static enum cella_status read_processes(const json_t *array, struct failure *out,
					struct cella_error *err)
{
	const size_t num = json_array_size(array);

	if (num > FAILURE_MAX_PROCESSES)
		return error_set(err, CELLA_LIMIT, "%s: %zu processes, at most %d", what,
				 num, FAILURE_MAX_PROCESSES);
	for (size_t i = 0; i < num; i++)
		TRY(read_process(json_array_get(array, i), &out->processes[i], err));
	out->num_processes = num;
	return CELLA_OK;
}

static enum cella_status read_end(const json_t *object, struct failure *out,
				  struct cella_error *err)
{
	struct said said = { 0 };

	if (object == NULL)
		return CELLA_OK;
	TRY(json_read(object, end_fields, ARRAY_LEN(end_fields), &said,
		      "failure record: end", err));
	copy_clean(out->end, sizeof out->end, said.name);
	copy_clean(out->end_detail, sizeof out->end_detail, said.words);
	out->end_number = said.number;
	return CELLA_OK;
}

static enum cella_status read_root(const json_t *root, struct failure *out,
				   struct cella_error *err)
{
	struct texts texts = { 0 };
	uint32_t version = 0;

	TRY(json_read(root, version_field, 1, &version, what, err));
	if (version != FAILURE_VERSION)
		return error_set(err, CELLA_UNSUPPORTED,
				 "%s: version %u; only %d is read", what, version,
				 FAILURE_VERSION);
	TRY(json_read(root, text_fields, ARRAY_LEN(text_fields), &texts, what, err));
	TRY(json_read(root, number_fields, ARRAY_LEN(number_fields), out, what, err));
	TRY(run_name_check(texts.name, err));
	TRY(read_state(texts.state, &out->state, err));
	TRY(read_facts(texts.facts, &out->facts, err));
	TRY(read_end(texts.end, out, err));
	TRY(read_processes(texts.processes, out, err));
	copy_clean(out->name, sizeof out->name, texts.name);
	copy_clean(out->cause, sizeof out->cause, texts.cause);
	copy_clean(out->console, sizeof out->console, texts.console);
	out->debug = json_is_true(json_object_get(root, "debug"));
	return CELLA_OK;
}

enum cella_status failure_parse(struct cella_bytes text, struct failure *out,
				struct cella_error *err)
{
	struct failure *failure CLEANUP_FREE = calloc(1, sizeof *failure);
	json_t *root CLEANUP_JSON = NULL;

	if (failure == NULL)
		return error_nomem(err);
	TRY(json_parse(text, what, &root, err));
	TRY(read_root(root, failure, err));
	*out = *failure;
	return CELLA_OK;
}

enum cella_status failure_read(const char *path, struct failure *out,
			       struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };
	enum cella_status status;

	if (strcmp(path, "-") != 0 && access(path, F_OK) != 0 && errno == ENOENT)
		return error_set(err, CELLA_MISSING, "%s: there is no such record", path);
	TRY(file_read(path, FAILURE_FILE_MAX, &text, err));
	status = failure_parse(out_view(&text), out, err);
	if (status != CELLA_OK)
		error_prefix(err, "%s", path);
	return status;
}

/* --- files --------------------------------------------------------------------------- */

enum cella_status failure_path(const char *base, const char *name,
			       char path[RUN_PATH_MAX], struct cella_error *err)
{
	char file[RUN_NAME_MAX + sizeof SUFFIX];

	TRY(run_name_check(name, err));
	snprintf(file, sizeof file, "%s" SUFFIX, name);
	return run_path(base, file, path, err);
}

/* "name.last.json" is a record's; the name is copied. */
static bool is_record(const char *file, char name[RUN_NAME_MAX + 1])
{
	const char *const dot = strchr(file, '.');

	if (dot == NULL || strcmp(dot, SUFFIX) != 0 || dot - file > RUN_NAME_MAX)
		return false;
	snprintf(name, RUN_NAME_MAX + 1, "%.*s", (int)(dot - file), file);
	return run_name_check(name, NULL) == CELLA_OK;
}

/* What a supervisor of this name left that was killed while it wrote. */
static bool is_half_of(const char *file, const char *name)
{
	const size_t len = strlen(name);

	return strncmp(file, name, len) == 0 &&
	       strncmp(file + len, SUFFIX ".", sizeof SUFFIX) == 0;
}

static void make_room(const char *base, const char *name)
{
	DIR *const folder = opendir(base);
	char oldest[RUN_PATH_MAX] = "";
	const struct dirent *entry;
	time_t oldest_time = 0;
	unsigned num = 0;

	if (folder == NULL)
		return;
	while ((entry = readdir(folder)) != NULL) {
		char whose[RUN_NAME_MAX + 1];
		struct stat st;

		if (is_half_of(entry->d_name, name))
			unlinkat(dirfd(folder), entry->d_name, 0);
		if (!is_record(entry->d_name, whose) ||
		    fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		num++;
		if (oldest[0] == '\0' || st.st_mtime < oldest_time) {
			snprintf(oldest, sizeof oldest, "%s" SUFFIX, whose);
			oldest_time = st.st_mtime;
		}
	}
	if (num >= FAILURE_MAX_KEPT)
		unlinkat(dirfd(folder), oldest, 0);
	closedir(folder);
}

enum cella_status failure_leave(const char *base, const struct failure *failure,
				struct cella_error *err)
{
	json_t *root CLEANUP_JSON = NULL;
	char *text CLEANUP_FREE = NULL;
	char path[RUN_PATH_MAX];

	TRY(failure_path(base, failure->name, path, err));
	TRY(failure_json(failure, &root, err));
	TRY(json_write(root, true, &text, err));
	make_room(base, failure->name);
	return file_write(path, bytes_of(text, strlen(text)), 0600, err);
}

void failure_leave_lost(const char *base, const char *name)
{
	struct failure *failure CLEANUP_FREE = calloc(1, sizeof *failure);

	if (failure == NULL)
		return;
	failure->time = (int64_t)time(NULL);
	failure->state = EVM_FAILED;
	failure_set(failure, FAILURE_LOST);
	snprintf(failure->name, sizeof failure->name, "%s", name);
	snprintf(failure->cause, sizeof failure->cause,
		 "the supervisor ended without a word, and left its folder");
	if (failure_leave(base, failure, NULL) != CELLA_OK)
		return; /* there is nobody to tell */
}

void failure_forget(const char *base, const char *name)
{
	char path[RUN_PATH_MAX];

	if (failure_path(base, name, path, NULL) == CELLA_OK)
		unlink(path);
}

static void free_entries(struct dirent **entries, int num)
{
	for (int i = 0; i < num; i++)
		free(entries[i]);
	free(entries);
}

static int is_record_entry(const struct dirent *entry)
{
	char name[RUN_NAME_MAX + 1];

	return is_record(entry->d_name, name);
}

enum cella_status failure_list(const char *base, failure_found_fn *found, void *context,
			       struct cella_error *err)
{
	static struct failure failure;
	enum cella_status status = CELLA_OK;
	struct dirent **entries = NULL;
	int num;

	num = scandir(base, &entries, is_record_entry, alphasort);
	if (num < 0)
		return error_errno(err, errno, "%s", base);
	for (int i = 0; i < num && status == CELLA_OK; i++) {
		char path[RUN_PATH_MAX];

		if (run_path(base, entries[i]->d_name, path, NULL) == CELLA_OK &&
		    failure_read(path, &failure, NULL) == CELLA_OK)
			status = found(context, &failure, err);
	}
	free_entries(entries, num);
	return status;
}
