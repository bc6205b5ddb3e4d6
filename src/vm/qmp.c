/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QMP: a JSON object a line.
 */
#include "vm/qmp.h"

#include "base/json.h"

static const char *const commands[] = {
	[QMP_CAPABILITIES] = "{\"execute\":\"qmp_capabilities\"}\r\n",
	[QMP_QUERY_STATUS] = "{\"execute\":\"query-status\"}\r\n",
	[QMP_QUIT] = "{\"execute\":\"quit\"}\r\n",
};
_Static_assert(ARRAY_LEN(commands) == QMP_NUM_COMMANDS, "a line a command");

static const struct {
	const char *name;
	enum qmp_event event;
} events[] = {
	{ "GUEST_PANICKED", QMP_EVENT_PANICKED },
	{ "SHUTDOWN", QMP_EVENT_SHUTDOWN },
	{ "SUSPEND", QMP_EVENT_SUSPENDED },
};

struct line {
	const json_t *greeting;
	const char *event;
	const json_t *result;
	const json_t *error;
};

#define LINE(member) offsetof(struct line, member)
static const struct json_field line_fields[] = {
	{ "QMP", JSON_FIELD_OBJECT, LINE(greeting), 0, true },
	{ "event", JSON_FIELD_TEXT, LINE(event), 0, true },
	{ "return", JSON_FIELD_OBJECT, LINE(result), 0, true },
	{ "error", JSON_FIELD_OBJECT, LINE(error), 0, true },
};

const char *qmp_command(enum qmp_command command)
{
	return commands[command];
}

static enum qmp_event event_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		if (strcmp(events[i].name, name) == 0)
			return events[i].event;
	return QMP_EVENT_NONE;
}

static enum qmp_event status_of(const json_t *result)
{
	const char *const status = json_string_value(json_object_get(result, "status"));

	if (status == NULL)
		return QMP_EVENT_NONE;
	return strcmp(status, "running") == 0 ? QMP_EVENT_RUNNING : QMP_EVENT_STOPPED;
}

enum cella_status qmp_read(struct cella_bytes text, enum qmp_event *out,
			   struct cella_error *err)
{
	json_t *root CLEANUP_JSON = NULL;
	struct line line = { 0 };

	TRY(json_parse(text, "QEMU's answer", &root, err));
	TRY(json_read(root, line_fields, ARRAY_LEN(line_fields), &line, "QEMU's answer",
		      err));
	if (line.error != NULL)
		return error_set(err, CELLA_IO, "QEMU refuses a command");
	if (line.greeting != NULL)
		*out = QMP_EVENT_GREETING;
	else if (line.event != NULL)
		*out = event_of(line.event);
	else
		*out = line.result != NULL ? status_of(line.result) : QMP_EVENT_NONE;
	return CELLA_OK;
}
