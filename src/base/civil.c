/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calendar arithmetic (proleptic Gregorian), independent of the C library's time zone.
 */
#include "base/civil.h"

#include <stdio.h>

enum {
	SECONDS_PER_DAY = 86400,
	YEAR_MIN = 1970,
	YEAR_MAX = 9999,
	/* 9999-12-31 and 1970-01-01 as days since 0000-03-01, in the era arithmetic. */
	DAYS_PER_ERA = 146097,
	DAYS_TO_1970 = 719468,
};

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Years are counted from March, so that the leap day is the last of its year. */
static int64_t days_since_1970(int year, int month, int day)
{
	const int64_t y = month <= 2 ? year - 1 : year;
	const int64_t era = y / 400;
	const int64_t year_of_era = y - era * 400;
	const int64_t month_from_march = (month + 9) % 12;
	const int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
	const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 -
				   year_of_era / 100 + day_of_year;

	return era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

enum cella_status civil_to_seconds(const struct civil *c, int64_t *out,
				   struct cella_error *err)
{
	if (c->year < YEAR_MIN || c->year > YEAR_MAX || c->month < 1 || c->month > 12 ||
	    c->day < 1 || c->day > days_in_month(c->year, c->month) || c->hour < 0 ||
	    c->hour > 23 || c->minute < 0 || c->minute > 59 || c->second < 0 ||
	    c->second > 59)
		return error_set(err, CELLA_MALFORMED,
				 "no such time: %04d-%02d-%02dT%02d:%02d:%02dZ", c->year,
				 c->month, c->day, c->hour, c->minute, c->second);
	*out = days_since_1970(c->year, c->month, c->day) * SECONDS_PER_DAY +
	       c->hour * 3600 + c->minute * 60 + c->second;
	return CELLA_OK;
}

/* Matches text against a pattern in which '0' stands for any digit. */
static bool has_shape(struct cella_bytes text, const char *pattern)
{
	for (size_t i = 0; i < text.len; i++) {
		const uint8_t c = text.data[i];

		if (pattern[i] == '0' ? c < '0' || c > '9' : c != (uint8_t)pattern[i])
			return false;
	}
	return true;
}

static int digits(struct cella_bytes text, size_t at, size_t len)
{
	int value = 0;

	for (size_t i = at; i < at + len; i++)
		value = value * 10 + (text.data[i] - '0');
	return value;
}

enum cella_status civil_read(struct cella_bytes text, int64_t *out, const char *what,
			     struct cella_error *err)
{
	struct civil civil;

	if (text.len != CIVIL_TEXT_LEN - 1 || !has_shape(text, "0000-00-00T00:00:00Z"))
		return error_set(
			err, CELLA_MALFORMED,
			"%s: a time looks like 2025-06-25T00:00:00Z, not \"%.*s\"", what,
			(int)(text.len < 40 ? text.len : 40), (const char *)text.data);
	civil = (struct civil){ digits(text, 0, 4),  digits(text, 5, 2),
				digits(text, 8, 2),  digits(text, 11, 2),
				digits(text, 14, 2), digits(text, 17, 2) };
	if (civil_to_seconds(&civil, out, err) == CELLA_OK)
		return CELLA_OK;
	error_prefix(err, "%s", what);
	return CELLA_MALFORMED;
}

static struct civil civil_from_seconds(int64_t seconds)
{
	int64_t days = seconds / SECONDS_PER_DAY;
	int64_t rest = seconds % SECONDS_PER_DAY;
	int64_t era, day_of_era, year_of_era, day_of_year, month_from_march, year;
	int month;

	if (rest < 0) {
		rest += SECONDS_PER_DAY;
		days--;
	}
	days += DAYS_TO_1970;
	era = (days >= 0 ? days : days - DAYS_PER_ERA + 1) / DAYS_PER_ERA;
	day_of_era = days - era * DAYS_PER_ERA;
	year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
		       day_of_era / (DAYS_PER_ERA - 1)) /
		      365;
	day_of_year = day_of_era -
		      (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	month_from_march = (5 * day_of_year + 2) / 153;
	month = (int)(month_from_march < 10 ? month_from_march + 3
					    : month_from_march - 9);
	year = year_of_era + era * 400 + (month <= 2);
	return (struct civil){ .year = (int)year,
			       .month = month,
			       .day = (int)(day_of_year -
					    (153 * month_from_march + 2) / 5 + 1),
			       .hour = (int)(rest / 3600),
			       .minute = (int)(rest / 60 % 60),
			       .second = (int)(rest % 60) };
}

char *civil_format(int64_t seconds, char text[CIVIL_TEXT_LEN])
{
	/* Out of range is shown as the nearest time that has this form. */
	const int64_t last = 253402300799; /* 9999-12-31T23:59:59Z */
	const struct civil c = civil_from_seconds(seconds < 0      ? 0
						  : seconds > last ? last
								   : seconds);

	snprintf(text, CIVIL_TEXT_LEN, "%04u-%02u-%02uT%02u:%02u:%02uZ",
		 (unsigned)c.year % 10000, (unsigned)c.month % 100, (unsigned)c.day % 100,
		 (unsigned)c.hour % 100, (unsigned)c.minute % 100,
		 (unsigned)c.second % 100);
	return text;
}

char *span_format(int64_t seconds, char text[32])
{
	static const struct {
		const char *name;
		int64_t seconds;
	} units[] = {
		{ "year", 31557600 }, { "day", SECONDS_PER_DAY },
		{ "hour", 3600 },     { "minute", 60 },
		{ "second", 1 },
	};
	size_t i = 0;
	int64_t count;

	if (seconds < 0)
		seconds = 0;
	while (i + 1 < ARRAY_LEN(units) && seconds < 2 * units[i].seconds)
		i++;
	count = seconds / units[i].seconds;
	snprintf(text, 32, "%lld %s%s", (long long)count, units[i].name,
		 count == 1 ? "" : "s");
	return text;
}
