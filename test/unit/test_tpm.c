/* SPDX-License-Identifier: Apache-2.0 */
/* The codec against answers that are laid out beforehand; swtpm is in test/e2e. */
#include "support.h"

#include "collect/tpm_nv.h"

#include <sys/socket.h>
#include <unistd.h>

/* A TPM whose answers wait already; what is sent to it can be read from peer. */
struct fixture {
	struct tpm tpm;
	int peer;
};

static struct fixture start(const void *answer, size_t len)
{
	struct fixture f = { .tpm.deadline = deadline_in(60) };
	int ends[2];

	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	f.tpm.fd = ends[0];
	f.peer = ends[1];
	assert_int_equal((int)len, (int)write(f.peer, answer, len));
	return f;
}

static void stop(struct fixture *f)
{
	tpm_close(&f->tpm);
	close(f->peer);
}

static void check_sent(const struct fixture *f, const void *expected, size_t len)
{
	uint8_t sent[4096];

	CHECK_BYTES(expected, len,
		    bytes_of(sent, (size_t)read(f->peer, sent, sizeof sent)));
}

static const uint8_t public_answer[] = {
	0x80, 1,    0,    0,    0, 0x2c, /* tag, size */
	0,    0,    0,    0,             /* success */
	0,    0x10, 1,    0x40, 0, 1,    /* nvPublic: index */
	0,    0x0b, 0x20, 4,    0, 4,    /* nameAlg, attributes */
	0,    2,    0xaa, 0xbb,          /* authPolicy */
	2,    3,                         /* dataSize */
	0,    0x0e, 0,    0x0b, 1, 2,    3, 4, 5, 6, 7, 8, 9, 10, 11, 12, /* name */
};

static void finds_indices(void **state UNUSED)
{
	static const uint8_t command[] = { 0x80, 1, 0,    0, 0,    14, 0,
					   0,    1, 0x69, 1, 0x40, 0,  1 };
	struct fixture f = start(public_answer, sizeof public_answer);
	struct cella_error err = { 0 };
	struct tpm_nv nv = { 0 };

	CHECK_OK(tpm_nv_find(&f.tpm, 0x01400001, &nv, &err));
	CHECK_INT(0x01400001, nv.index);
	CHECK_INT(0x20040004, nv.attributes);
	CHECK_INT(0x203, nv.size);
	check_sent(&f, command, sizeof command);
	stop(&f);
}

static void every_shorter_answer_is_refused(void **state UNUSED)
{
	/* The name at the end is not read. */
	for (size_t len = 10; len < sizeof public_answer - 16; len++) {
		uint8_t answer[sizeof public_answer];
		struct cella_error err = { 0 };
		struct tpm_nv nv = { 0 };
		struct fixture f;

		memcpy(answer, public_answer, len);
		answer[5] = (uint8_t)len;
		f = start(answer, len);
		CHECK_STATUS(CELLA_MALFORMED, tpm_nv_find(&f.tpm, 0x01400001, &nv, &err));
		CHECK_INT(0, nv.index);
		stop(&f);
	}
}

static void answers_end_in_time(void **state UNUSED)
{
	struct cella_error err = { 0 };
	struct tpm_nv nv = { 0 };
	struct fixture f = start(public_answer, 20);

	f.tpm.deadline = deadline_in(0);
	CASE("no more comes");
	CHECK_STATUS(CELLA_IO, tpm_nv_find(&f.tpm, 0x01400001, &nv, &err));
	CHECK_TEXT_HAS(err.text, "no answer within 0 s");
	stop(&f);
	f = start(public_answer, 20);
	shutdown(f.peer, SHUT_WR);
	CASE("it has ended");
	CHECK_STATUS(CELLA_IO, tpm_nv_find(&f.tpm, 0x01400001, &nv, &err));
	CHECK_TEXT_HAS(err.text, "ends within its answer, after 20 bytes");
	stop(&f);
}

static const struct {
	const char *name;
	uint8_t answer[10];
	enum cella_status status;
	const char *says;
} failures[] = {
	{ "no such index",
	  { 0x80, 1, 0, 0, 0, 10, 0, 0, 1, 0x8b },
	  CELLA_MISSING,
	  "answers 0x18b: there is nothing of that number" },
	{ "of the second handle",
	  { 0x80, 1, 0, 0, 0, 10, 0, 0, 2, 0x8b },
	  CELLA_MISSING,
	  "0x28b: there is nothing of that number" },
	{ "a password",
	  { 0x80, 1, 0, 0, 0, 10, 0, 0, 9, 0xa2 },
	  CELLA_IO,
	  "0x9a2: it wants a password" },
	{ "not written",
	  { 0x80, 1, 0, 0, 0, 10, 0, 0, 1, 0x4a },
	  CELLA_IO,
	  "0x14a: nothing has been written" },
	{ "a code without a name",
	  { 0x80, 1, 0, 0, 0, 10, 0, 0, 0, 0x1e },
	  CELLA_IO,
	  "answers 0x1e" },
	{ "a small size",
	  { 0x80, 1, 0, 0, 0, 9, 0, 0, 0, 0 },
	  CELLA_MALFORMED,
	  "size: 9, but it has 10" },
	{ "a huge size",
	  { 0x80, 1, 0, 0, 0x10, 1, 0, 0, 0, 0 },
	  CELLA_LIMIT,
	  "an answer of 4097 bytes" },
	{ "any size",
	  { 0x80, 1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0 },
	  CELLA_LIMIT,
	  "an answer of 4294967295 bytes" },
};

static void tells_failures(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
		struct fixture f = start(failures[i].answer, sizeof failures[i].answer);
		struct cella_error err = { 0 };
		struct tpm_nv nv = { 0 };

		CASE(failures[i].name);
		CHECK_STATUS(failures[i].status,
			     tpm_nv_find(&f.tpm, 0x01400001, &nv, &err));
		CHECK_TEXT_HAS(err.text, failures[i].says);
		stop(&f);
	}
}

static void another_index_is_no_answer(void **state UNUSED)
{
	struct fixture f = start(public_answer, sizeof public_answer);
	struct cella_error err = { 0 };
	struct tpm_nv nv = { 0 };

	CHECK_STATUS(CELLA_MALFORMED, tpm_nv_find(&f.tpm, 0x01400002, &nv, &err));
	CHECK_TEXT_HAS(err.text, "nvIndex: 0x1400001, not 0x1400002");
	stop(&f);
}

static void reads_with_the_owners_or_its_own_password(void **state UNUSED)
{
	static const uint8_t answer[] = { 0x80, 2, 0, 0, 0,   23,  0, 0, 0, 0, 0, 0,
					  0,    4, 0, 2, 'h', 'i', 0, 0, 1, 0, 0 };
	uint8_t command[] = { 0x80, 2, 0, 0,    0, 35, 0, 0, 1, 0x4e, 0x40, 0,
			      0,    1, 1, 0x40, 0, 1,  0, 0, 0, 9,    0x40, 0,
			      0,    9, 0, 0,    0, 0,  0, 0, 2, 0,    0 };
	struct tpm_nv nv = { 0x01400001, TPM_NV_OWNER_READ, 2 };
	struct cella_error err = { 0 };
	struct out out CLEANUP(out_done) = { 0 };
	struct fixture f = start(answer, sizeof answer);

	CHECK_OK(tpm_nv_read(&f.tpm, &nv, &out, &err));
	CHECK_BYTES("hi", 2, out_view(&out));
	check_sent(&f, command, sizeof command);
	stop(&f);

	nv.attributes = TPM_NV_AUTH_READ;
	memcpy(command + 10, command + 14, 4);
	f = start(answer, sizeof answer);
	CHECK_OK(tpm_nv_read(&f.tpm, &nv, &out, &err));
	check_sent(&f, command, sizeof command);
	stop(&f);

	CASE("less than was asked for");
	nv.size = 3;
	f = start(answer, sizeof answer);
	CHECK_STATUS(CELLA_MALFORMED, tpm_nv_read(&f.tpm, &nv, &out, &err));
	CHECK_TEXT_HAS(err.text, "data: 2 bytes, not 3");
	stop(&f);
}

static void writes_no_more_than_there_is_room_for(void **state UNUSED)
{
	const struct tpm_nv nv = { 0x01400002, TPM_NV_OWNER_WRITE, 2 };
	struct fixture f = start("", 0);
	struct cella_error err = { 0 };

	CHECK_STATUS(CELLA_LIMIT, tpm_nv_write(&f.tpm, &nv, bytes_from("abc"), &err));
	CHECK_TEXT_HAS(err.text, "the index has 2 bytes, not 3");
	stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_indices),
		cmocka_unit_test(every_shorter_answer_is_refused),
		cmocka_unit_test(answers_end_in_time),
		cmocka_unit_test(tells_failures),
		cmocka_unit_test(another_index_is_no_answer),
		cmocka_unit_test(reads_with_the_owners_or_its_own_password),
		cmocka_unit_test(writes_no_more_than_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
