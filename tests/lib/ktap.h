/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KTAP version 1 for C programs.
 *
 * A program is a table of tests and a call of ktap_main(). Every test runs in
 * its own process and session, with a timeout, unless it says KTAP_NO_FORK: then
 * a crash or a hang of the test ends the program, as nothing else can be done.
 *
 * The first failing assertion ends the test and prints file, line, expression
 * and values. Assertions may be used in threads of a forked test.
 */
#ifndef KTAP_H
#define KTAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Run in the process of the program. */
#define KTAP_NO_FORK		(1u << 0)

/* For what hangs; a slow machine must not get there. */
#define KTAP_TIMEOUT_SEC	300

struct ktap_test {
	/* The rule that the test stands for, words joined by "_". */
	const char *name;
	void (*run)(void);
	/* Instead, for tests that differ in a number. */
	void (*run_arg)(intptr_t arg);
	intptr_t arg;
	unsigned int flags;
	/* Seconds; 0 is KTAP_TIMEOUT_SEC. */
	unsigned int timeout;
};

struct ktap_suite {
	const struct ktap_test *tests;
	size_t count;
	/* In the parent, after each test, whatever became of it; may be NULL. */
	void (*cleanup)(void);
	/* Also print "N passed, N failed, N skipped" as the last line. */
	bool closing_line;
};

/*
 * Options: "-t pattern" runs only the tests whose names contain the pattern,
 * "-l" lists them, "-x factor" multiplies the timeouts. Returns the exit code: 0
 * if nothing failed.
 *
 * @other: called for options that are not known here, with their argument; may
 * be NULL. @optstring names them, as for getopt().
 */
int ktap_main(const struct ktap_suite *suite, int argc, char **argv,
	      const char *optstring, void (*other)(int opt, const char *arg));

/* The factor of -x, for tests that do as much more as they are given time. */
unsigned int ktap_factor(void);

/*
 * How many times slower this kernel is than a stock one, at least 1, for tests that
 * cannot do all that they do on a stock one.
 */
unsigned int ktap_slow(void);

/* Ends the program: nothing can be tested. */
void ktap_bail_out(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/* A line of diagnostics. */
void ktap_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

void ktap_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), noreturn));
void ktap_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
void ktap_compare_failed(const char *file, int line, const char *left, const char *op,
			 const char *right, long long l, long long r)
	__attribute__((noreturn));
void ktap_return_failed(const char *file, int line, const char *expr, long long got,
			long long want) __attribute__((noreturn));

#define KT_FAIL(...)	ktap_fail(__FILE__, __LINE__, __VA_ARGS__)
#define KT_SKIP(...)	ktap_skip(__VA_ARGS__)

/* In a type that holds all values of all operands, whatever their signs. */
#define KT_COMPARE(_l, _op, _r) do {						\
	__int128 l_ = (_l), r_ = (_r);						\
										\
	if (!(l_ _op r_))							\
		ktap_compare_failed(__FILE__, __LINE__, #_l, #_op, #_r,	\
				    (long long)l_, (long long)r_);		\
} while (0)

/*
 * Equality is that of 64-bit numbers, so an int can be held against a constant
 * of any integer type.
 */
#define KT_EQ(_l, _r) do {							\
	uint64_t l_ = (uint64_t)(_l), r_ = (uint64_t)(_r);			\
										\
	if (l_ != r_)								\
		ktap_compare_failed(__FILE__, __LINE__, #_l, "==", #_r,	\
				    (long long)l_, (long long)r_);		\
} while (0)

#define KT_NE(_l, _r) do {							\
	uint64_t l_ = (uint64_t)(_l), r_ = (uint64_t)(_r);			\
										\
	if (l_ == r_)								\
		ktap_compare_failed(__FILE__, __LINE__, #_l, "!=", #_r,	\
				    (long long)l_, (long long)r_);		\
} while (0)

#define KT_LT(_l, _r)	KT_COMPARE(_l, <, _r)
#define KT_LE(_l, _r)	KT_COMPARE(_l, <=, _r)
#define KT_GT(_l, _r)	KT_COMPARE(_l, >, _r)
#define KT_GE(_l, _r)	KT_COMPARE(_l, >=, _r)

#define KT_TRUE(_cond) do {							\
	if (!(_cond))								\
		KT_FAIL("not true: %s", #_cond);				\
} while (0)

#define KT_FALSE(_cond) do {							\
	if (_cond)								\
		KT_FAIL("true: %s", #_cond);					\
} while (0)

/* A call that returns 0 or -errno: has to return exactly this. */
#define KT_RET(_expr, _want) do {						\
	long long got_ = (_expr), want_ = (_want);				\
										\
	if (got_ != want_)							\
		ktap_return_failed(__FILE__, __LINE__, #_expr, got_, want_);	\
} while (0)

#define KT_OK(_expr)	KT_RET(_expr, 0)

/* A libc call that returns -1 and sets errno: must not fail, or must fail so. */
#define KT_SYS(_expr) do {							\
	if ((long long)(_expr) == -1)						\
		ktap_return_failed(__FILE__, __LINE__, #_expr, -errno, 0);	\
} while (0)

#define KT_SYS_ERR(_expr, _errno) do {						\
	long long got_ = (long long)(_expr) == -1 ? -errno : 0;			\
										\
	if (got_ != -(_errno))							\
		ktap_return_failed(__FILE__, __LINE__, #_expr, got_, -(_errno));	\
} while (0)

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* What mmap() or mremap() returned, which must not have failed. */
#define KT_MAPPED(_expr) ({							\
	void *map_ = (_expr);							\
										\
	KT_SYS((intptr_t)map_);							\
	map_;									\
})

/* A short sleep of somebody who waits for @what; after a while the log says so. */
void ktap_nap(const char *file, int line, const char *what, unsigned int turn);

/*
 * Wait for what has to come about, for as long as it takes: only the limit of the whole
 * test ends it.
 */
#define KT_WAIT(_cond) do {							\
	unsigned int turn_;							\
										\
	for (turn_ = 0; !(_cond); turn_++)					\
		ktap_nap(__FILE__, __LINE__, #_cond, turn_);			\
} while (0)

#endif /* KTAP_H */
