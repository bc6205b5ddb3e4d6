/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events in words (src/evidence/event_decode.c, event_text.c): hostile ones above all.
 */
#include "log_maker.h"

#include "evidence/event_decode.h"
#include "evidence/event_text.h"

/* The meaning of one event whose digest is that of `hashed`. */
static struct event_meaning meaning_of(uint32_t index, uint32_t type,
				       struct cella_bytes hashed, struct cella_bytes data,
				       struct arena *arena)
{
	static const uint16_t sha384 = CELLA_HASH_SHA384;
	struct out bytes = { 0 };
	struct cella_event_log *log;
	struct event_meaning meaning = { 0 };
	struct cella_error err = { 0 };

	log_start_cc(&bytes);
	log_add(&bytes, &sha384, 1, index, type, hashed, data);
	log = log_parse(&bytes);
	CHECK_OK(event_decode(log, &log->events[0], arena, &meaning, &err));
	cella_event_log_unref(log);
	out_done(&bytes);
	return meaning;
}

static void events_have_words(void **state)
{
	static const struct {
		const char *name;
		uint32_t type;
		struct cella_bytes data;
		size_t hashed_at; /* what the digest is of: from here, so many bytes */
		size_t hashed_len;
		enum event_part part;
		bool is_covered;
		const char *text;
	} rows[] = {
#define DATA(literal) { (const uint8_t *)(literal), sizeof(literal) - 1 }
#define ALL(literal) DATA(literal), 0, sizeof(literal) - 1
		{ "separator", EV_SEPARATOR, ALL("\0\0\0\0"), PART_MARKER, true,
		  "the firmware hands over" },
		{ "separator of ones", EV_SEPARATOR, ALL("\xff\xff\xff\xff"), PART_MARKER,
		  true, "the firmware hands over" },
		{ "error", EV_SEPARATOR, ALL("\1\0\0\0"), PART_MARKER, true,
		  "an error of the firmware" },
		{ "action", EV_EFI_ACTION, ALL("Exit Boot Services Invocation"),
		  PART_MARKER, true, "Exit Boot Services Invocation" },
		{ "action that was not", EV_EFI_ACTION, DATA("Exit"), 0, 3, PART_MARKER,
		  false, "Exit" },
		{ "nothing", EV_ACTION, ALL(""), PART_MARKER, true, "0 bytes" },
		{ "terminal escapes", EV_ACTION, ALL("\033[31mred\r\n\x7f"), PART_MARKER,
		  true, "?[31mred???" },
		{ "UTF-8", EV_ACTION, ALL("gr\xc3\xbc\xc3\x9f \xe2\x82\xac"), PART_MARKER,
		  true, "gr\xc3\xbc\xc3\x9f \xe2\x82\xac" },
		{ "not UTF-8", EV_ACTION,
		  ALL("a\xff\xc3"
		      "b\xc0\x80\xed\xa0\x80"),
		  PART_MARKER, true, "a??b??" },
		{ "C1 controls", EV_ACTION,
		  ALL("a\xc2\x9b"
		      "b"),
		  PART_MARKER, true, "a?b" },
		{ "right to left, joined, hidden", EV_ACTION,
		  ALL("a\xe2\x80\xae"
		      "\xe2\x80\xac"
		      "b\xe2\x80\x8d"
		      "c\xef\xbb\xbf"
		      "d\xe2\x80\xa8"
		      "e"),
		  PART_MARKER, true, "a??b?c?d?e" },
		{ "version", EV_S_CRTM_VERSION,
		  ALL("1\0.\0"
		      "2\0\0\0"),
		  PART_FIRMWARE, true, "1.2" },
		{ "unknown type", 0x12345678, ALL("data"), PART_OTHER, true, "4 bytes" },
		{ "grub's command", EV_IPL, DATA("grub_cmd linux /vmlinuz\0?"), 9, 14,
		  PART_BOOT_COMMANDS, true, "grub_cmd linux /vmlinuz" },
		{ "grub's command, with colon", EV_IPL, DATA("grub_cmd: boot\0"), 10, 4,
		  PART_BOOT_COMMANDS, true, "grub_cmd: boot" },
		{ "grub's command, with NUL", EV_IPL, DATA("grub_cmd boot\0?"), 9, 5,
		  PART_BOOT_COMMANDS, true, "grub_cmd boot" },
		{ "command line", EV_IPL, DATA("kernel_cmdline: quiet\0"), 16, 5,
		  PART_COMMAND_LINE, true, "kernel_cmdline: quiet" },
		{ "another command line", EV_IPL, DATA("kernel_cmdline: quiet\0"), 16, 4,
		  PART_COMMAND_LINE, false, "kernel_cmdline: quiet" },
		{ "the byte behind is not hashed", EV_IPL, DATA("grub_cmd a\0b"), 9, 3,
		  PART_BOOT_COMMANDS, false, "grub_cmd a" },
		{ "a command line that goes on behind a NUL", EV_IPL,
		  ALL("kernel_cmdline: quiet\0 evil"), PART_COMMAND_LINE, true,
		  "kernel_cmdline: quiet..." },
		{ "an application that goes on behind a NUL", EV_EVENT_TAG,
		  ALL("LEAA\7\0\0\0a b c\0d"), PART_APPLICATION, true, "a b c..." },
		{ "an application with zeros behind", EV_EVENT_TAG,
		  ALL("LEAA\7\0\0\0a b c\0\0"), PART_APPLICATION, true, "a b c" },
		{ "initrd", EV_IPL, DATA("grub_linuxefi Initrd\0"), 0, 1, PART_INITRD,
		  false, "grub_linuxefi Initrd" },
		{ "application", EV_EVENT_TAG, ALL("LEAA\5\0\0\0a b c"), PART_APPLICATION,
		  true, "a b c" },
		{ "application of another content", EV_EVENT_TAG,
		  DATA("LEAA\5\0\0\0a b c"), 0, 12, PART_APPLICATION, false, "a b c" },
		{ "tag of another kind", EV_EVENT_TAG, ALL("\1\0\0\0\1\0\0\0x"),
		  PART_OTHER, true, "tag 0x00000001: x" },
		{ "tag longer than its event", EV_EVENT_TAG, ALL("LEAA\6\0\0\0a b c"),
		  PART_OTHER, true, "not a tagged event" },
		{ "tag cut short", EV_EVENT_TAG, ALL("LEAA\6"), PART_OTHER, true,
		  "not a tagged event" },
		{ "variable", EV_EFI_VARIABLE_BOOT,
		  DATA("0123456789abcdef\4\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0T\0e\0s\0t\0v"),
		  40, 1, PART_BOOT_ORDER, true, "variable Test: 1 bytes" },
		{ "variable of another value", EV_EFI_VARIABLE_BOOT,
		  DATA("0123456789abcdef\4\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0T\0e\0s\0t\0v"),
		  40, 0, PART_BOOT_ORDER, false, "variable Test: 1 bytes" },
		{ "variable with a name of 2^63", EV_EFI_VARIABLE_DRIVER_CONFIG,
		  ALL("0123456789abcdef\0\0\0\0\0\0\0\x80\1\0\0\0\0\0\0\0T\0"),
		  PART_VARIABLES, true, "not a variable" },
		{ "variable with data beyond", EV_EFI_VARIABLE_DRIVER_CONFIG,
		  ALL("0123456789abcdef\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0T\0x"),
		  PART_VARIABLES, true, "not a variable" },
		{ "boot option with a path beyond", EV_EFI_VARIABLE_BOOT,
		  ALL("0123456789abcdef\5\0\0\0\0\0\0\0\x0a\0\0\0\0\0\0\0"
		      "B\0o\0o\0t\0"
		      "1\0"
		      "\1\0\0\0\xff\xffq\0\0\0"),
		  PART_BOOT_ORDER, true, "variable Boot1: \"q\"" },
		{ "boot option cut short", EV_EFI_VARIABLE_BOOT,
		  ALL("0123456789abcdef\5\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0"
		      "B\0o\0o\0t\0"
		      "1\0"
		      "\1\0\0"),
		  PART_BOOT_ORDER, true, "variable Boot1: " },
		{ "image with a path beyond", EV_EFI_BOOT_SERVICES_APPLICATION,
		  ALL("01234567012345670123456\xff\5\0\0\0\0\0\0\0\4\4\4\0"),
		  PART_BOOT_LOADER, true, "not an image" },
		{ "image with a node shorter than its head",
		  EV_EFI_BOOT_SERVICES_APPLICATION,
		  ALL("012345670123456701234567\4\0\0\0\0\0\0\0\4\4\3\0"),
		  PART_BOOT_LOADER, true, "36 bytes" },
		{ "kernel by its name", EV_EFI_BOOT_SERVICES_APPLICATION,
		  ALL("012345670123456701234567\x10\0\0\0\0\0\0\0"
		      "\4\4\x10\0\\\0V\0m\0L\0i\0n\0"),
		  PART_BOOT_LOADER, true, "\\VmLin" },
		{ "kernel by its name, in any case", EV_EFI_BOOT_SERVICES_APPLICATION,
		  ALL("012345670123456701234567\x12\0\0\0\0\0\0\0"
		      "\4\4\x12\0\\\0V\0m\0L\0i\0n\0U\0"),
		  PART_KERNEL, true, "\\VmLinU" },
		{ "firmware volume", EV_EFI_PLATFORM_FIRMWARE_BLOB2,
		  ALL("\2Fv\0\0\x10\0\0\0\0\0\0\x20\0\0\0\0\0\0"), PART_FIRMWARE, true,
		  "Fv at 0x100000, 8192 bytes" },
		{ "description beyond its event", EV_EFI_HANDOFF_TABLES2, ALL("\7Tdx"),
		  PART_PLATFORM, true, "4 bytes" },
		{ "partition table cut short", EV_EFI_GPT_EVENT, ALL("EFI PART"),
		  PART_PARTITIONS, true, "not a partition table" },
#undef ALL
#undef DATA
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena arena = { 0 };
		struct event_meaning meaning;

		CASE(rows[i].name);
		meaning = meaning_of(
			4, rows[i].type,
			bytes_slice(rows[i].data, rows[i].hashed_at, rows[i].hashed_len),
			rows[i].data, &arena);
		CHECK_TEXT(rows[i].text, meaning.text);
		CHECK_TEXT(event_part_name(rows[i].part), event_part_name(meaning.part));
		CHECK_INT(rows[i].is_covered, meaning.is_covered);
		arena_done(&arena);
	}
}

/* What no replay looks at is a claim, whatever its digest: an event of MRTD, or none. */
static void only_registers_prove(void **state)
{
	static const struct {
		uint32_t index;
		uint32_t type;
		bool is_covered;
	} rows[] = { { 0, EV_ACTION, false },
		     { 1, EV_ACTION, true },
		     { 4, EV_ACTION, true },
		     { 4, EV_NO_ACTION, false } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena arena = { 0 };

		CHECK_INT(rows[i].is_covered,
			  meaning_of(rows[i].index, rows[i].type, bytes_from("x"),
				     bytes_from("x"), &arena)
				  .is_covered);
		arena_done(&arena);
	}
}

static void long_texts_are_cut(void **state)
{
	struct arena arena = { 0 };
	char text[1000];
	const char *shown;

	(void)state;
	memset(text, 'a', sizeof text);
	shown = meaning_of(1, EV_ACTION, bytes_of(text, sizeof text),
			   bytes_of(text, sizeof text), &arena)
			.text;
	CHECK_INT(EVENT_TEXT_MAX + 3, strlen(shown));
	CHECK_TEXT_HAS(shown, "a...");
	arena_done(&arena);
}

/* An event of a TPM is covered only when each of its digests is of the data. */
static void every_hash_must_cover(void **state)
{
	static const uint16_t hashes[] = { CELLA_HASH_SHA256, CELLA_HASH_SHA384 };
	struct out bytes = { 0 };
	struct cella_event_log *log;
	struct event_meaning meaning = { 0 };
	struct cella_error err = { 0 };
	struct arena arena = { 0 };

	(void)state;
	log_start(&bytes, hashes, 2);
	for (int i = 0; i < 3; i++)
		log_add(&bytes, hashes, 2, 4, EV_ACTION, bytes_from("x"),
			bytes_from("x"));
	bytes.data[69 + 103 + 14] ^= 1;      /* the second event's SHA-256 */
	bytes.data[69 + 206 + 14 + 34] ^= 1; /* the third event's SHA-384 */
	log = log_parse(&bytes);
	for (size_t i = 0; i < 3; i++) {
		CHECK_OK(event_decode(log, &log->events[i], &arena, &meaning, &err));
		CHECK_INT(i == 0, meaning.is_covered);
	}
	arena_done(&arena);
	cella_event_log_unref(log);
	out_done(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_have_words),
		cmocka_unit_test(only_registers_prove),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(every_hash_must_cover),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
