/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCB evaluation data numbers.
 */
#include "collateral/tcb_numbers.h"

#include <stdio.h>
#include <string.h>

/* The members that are there in every version, and those of this one. */
struct head {
	const char *id;
	uint32_t version;
	const json_t *items;
	struct tcb_numbers numbers;
};

static const struct json_field head_fields[] = {
	{ "id", JSON_FIELD_TEXT, offsetof(struct head, id), 0, false },
	{ "version", JSON_FIELD_U32, offsetof(struct head, version), 0, false },
};
static const struct json_field fields[] = {
	{ "issueDate", JSON_FIELD_TIME, offsetof(struct head, numbers.issue_date), 0,
	  false },
	{ "nextUpdate", JSON_FIELD_TIME, offsetof(struct head, numbers.next_update), 0,
	  false },
	{ "tcbEvalNumbers", JSON_FIELD_ARRAY, offsetof(struct head, items), 0, false },
};
static const struct json_field item_fields[] = {
	{ "tcbEvaluationDataNumber", JSON_FIELD_U32, offsetof(struct tcb_number, number),
	  0, false },
	{ "tcbRecoveryEventDate", JSON_FIELD_TIME,
	  offsetof(struct tcb_number, event_date), 0, false },
	{ "tcbDate", JSON_FIELD_TIME, offsetof(struct tcb_number, tcb_date), 0, false },
};

static enum cella_status read_tee(const char *id, enum tcb_tee *out,
				  struct cella_error *err)
{
	if (strcmp(id, "SGX") != 0 && strcmp(id, "TDX") != 0)
		return error_set(err, CELLA_UNSUPPORTED,
				 "evaluation numbers: id: expected SGX or TDX, found "
				 "\"%.16s\"",
				 id);
	*out = strcmp(id, "TDX") == 0 ? TCB_TEE_TDX : TCB_TEE_SGX;
	return CELLA_OK;
}

static int compare(const void *a, const void *b)
{
	const struct tcb_number *const left = a;
	const struct tcb_number *const right = b;

	return (left->number > right->number) - (left->number < right->number);
}

static enum cella_status read_items(const json_t *items, struct tcb_numbers *out,
				    struct cella_error *err)
{
	const size_t num = json_array_size(items);

	if (num > TCB_MAX_NUMBERS)
		return error_set(err, CELLA_LIMIT,
				 "evaluation numbers: %zu of them, at most %d", num,
				 TCB_MAX_NUMBERS);
	for (size_t i = 0; i < num; i++) {
		char where[64];

		snprintf(where, sizeof where, "evaluation numbers: tcbEvalNumbers[%zu]",
			 i);
		TRY(json_read(json_array_get(items, i), item_fields,
			      ARRAY_LEN(item_fields), &out->items[i], where, err));
	}
	out->num_items = num;
	qsort(out->items, num, sizeof out->items[0], compare);
	for (size_t i = 1; i < num; i++)
		if (out->items[i].number == out->items[i - 1].number)
			return error_set(err, CELLA_MALFORMED,
					 "evaluation numbers: %u stands there twice",
					 out->items[i].number);
	return CELLA_OK;
}

enum cella_status tcb_numbers_parse(struct cella_bytes text, struct tcb_numbers *out,
				    struct cella_error *err)
{
	json_t *json CLEANUP_JSON = NULL;
	struct head head = { 0 };

	TRY(json_parse(text, "evaluation numbers", &json, err));
	TRY(json_read(json, head_fields, ARRAY_LEN(head_fields), &head,
		      "evaluation numbers", err));
	if (head.version != 1)
		return error_set(err, CELLA_UNSUPPORTED,
				 "evaluation numbers: version: expected 1, found %u",
				 head.version);
	TRY(read_tee(head.id, &head.numbers.tee, err));
	TRY(json_read(json, fields, ARRAY_LEN(fields), &head, "evaluation numbers", err));
	TRY(read_items(head.items, &head.numbers, err));
	*out = head.numbers;
	return CELLA_OK;
}
