/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What commands cost as whole processes. They are found as program_search() does; one that
 * cannot be run ends the benchmark.
 */
#ifndef BENCH_COMMANDS_H
#define BENCH_COMMANDS_H

/* CPU time in milliseconds, of the program and those that it runs. */
double commands_doctor_ms(void);

/* A quote of a simulated platform, which was made before. */
double commands_quote_ms(void);

#endif
