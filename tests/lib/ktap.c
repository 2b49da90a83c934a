// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"

/* Tests that take longer say so. */
#define SLOW_SEC	5.0
/* A wait naps often at first; it takes some ten seconds to get to the note. */
#define SHORT_NAPS	200
#define NAPS_TO_NOTE	1200

enum outcome {
	OUTCOME_NONE,
	OUTCOME_PASS,
	OUTCOME_FAIL,
	OUTCOME_SKIP,
};

/* Shared with the process of the test. */
struct result {
	enum outcome outcome;
	char reason[256];
};

struct totals {
	unsigned int pass;
	unsigned int fail;
	unsigned int skip;
};

static struct result *result;
static sigjmp_buf back;
static bool forked;
static unsigned int timeout_factor = 1;

unsigned int ktap_factor(void)
{
	return timeout_factor;
}

static void end_test(enum outcome outcome) __attribute__((noreturn));

/* Also called in children of the test: what they found must not be lost when it passes. */
static void end_test(enum outcome outcome)
{
	if (outcome != OUTCOME_PASS || result->outcome == OUTCOME_NONE)
		result->outcome = outcome;
	fflush(NULL);
	if (forked)
		_exit(0);
	siglongjmp(back, 1);
}

void ktap_note(const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	printf("# %s\n", text);
	fflush(stdout);
}

void ktap_nap(const char *file, int line, const char *what, unsigned int turn)
{
	if (turn == NAPS_TO_NOTE)
		ktap_note("%s:%d: still waits for %s", file, line, what);
	usleep(turn < SHORT_NAPS ? 1000 : 10000);
}

void ktap_bail_out(const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	printf("Bail out! %s\n", text);
	fflush(stdout);
	_exit(1);
}

void ktap_fail(const char *file, int line, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	ktap_note("%s:%d: %s", file, line, text);
	end_test(OUTCOME_FAIL);
}

void ktap_skip(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(result->reason, sizeof(result->reason), fmt, args);
	va_end(args);
	end_test(OUTCOME_SKIP);
}

void ktap_compare_failed(const char *file, int line, const char *left, const char *op,
			 const char *right, long long l, long long r)
{
	ktap_fail(file, line, "expected %s %s %s, but %lld (0x%llx) against %lld (0x%llx)",
		  left, op, right, l, l, r, r);
}

static const char *name_of(long long ret, char *buf, size_t len)
{
	const char *name = ret < 0 && ret > -4096 ? strerrorname_np(-ret) : NULL;

	if (name)
		snprintf(buf, len, "-%s", name);
	else
		snprintf(buf, len, "%lld", ret);
	return buf;
}

void ktap_return_failed(const char *file, int line, const char *expr, long long got,
			long long want)
{
	char got_name[32], want_name[32];

	ktap_fail(file, line, "%s: returned %s, expected %s", expr,
		  name_of(got, got_name, sizeof(got_name)),
		  name_of(want, want_name, sizeof(want_name)));
}

/* The runner knows. */
unsigned int ktap_slow(void)
{
	const char *slow = getenv("KTAP_SLOW");

	return slow ? strtoul(slow, NULL, 10) ?: 1 : 1;
}

static void run_test(const struct ktap_test *test)
{
	if (test->run_arg)
		test->run_arg(test->arg);
	else
		test->run();
}

static void run_unforked(const struct ktap_test *test, unsigned int timeout)
{
	/* Nothing can be cleaned up after a hang: SIGALRM ends the program. */
	alarm(timeout);
	if (!sigsetjmp(back, 1)) {
		run_test(test);
		result->outcome = OUTCOME_PASS;
	}
	alarm(0);
}

/* Waits without reaping; so the pid, also as a session's name, stays ours. */
static bool wait_exit(pid_t pid, unsigned int timeout)
{
	const struct timespec nap = { .tv_nsec = 2000000 };
	struct timespec start, now;
	siginfo_t info;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		memset(&info, 0, sizeof(info));
		if (!waitid(P_PID, pid, &info, WEXITED | WNOWAIT | WNOHANG) && info.si_pid == pid)
			return true;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec - start.tv_sec > (time_t)timeout)
			return false;
		nanosleep(&nap, NULL);
	}
}

static void run_forked(const struct ktap_test *test, unsigned int timeout)
{
	bool done;
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		ktap_note("fork: %s", strerror(errno));
		result->outcome = OUTCOME_FAIL;
		return;
	}
	if (!pid) {
		forked = true;
		setsid();
		run_test(test);
		end_test(OUTCOME_PASS);
	}

	done = wait_exit(pid, timeout);
	/* Its children as well, or they keep files of the device open. */
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!done) {
		ktap_note("no end within %u seconds", timeout);
		result->outcome = OUTCOME_FAIL;
	} else if (WIFSIGNALED(status)) {
		ktap_note("killed by signal %d (%s)", WTERMSIG(status),
			  strsignal(WTERMSIG(status)));
		result->outcome = OUTCOME_FAIL;
	} else if (WEXITSTATUS(status)) {
		ktap_note("exited with %d", WEXITSTATUS(status));
		result->outcome = OUTCOME_FAIL;
	}
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - start->tv_sec + (now.tv_nsec - start->tv_nsec) / 1e9;
}

static void report(const struct ktap_test *test, unsigned int number, struct totals *totals)
{
	switch (result->outcome) {
	case OUTCOME_PASS:
		totals->pass++;
		printf("ok %u %s\n", number, test->name);
		break;
	case OUTCOME_SKIP:
		totals->skip++;
		printf("ok %u %s # SKIP %s\n", number, test->name, result->reason);
		break;
	default:
		totals->fail++;
		printf("not ok %u %s\n", number, test->name);
		break;
	}
	fflush(stdout);
}

static void on_alarm(int sig)
{
	static const char text[] = "Bail out! a test that is not forked timed out\n";
	ssize_t ret = write(STDOUT_FILENO, text, sizeof(text) - 1);

	(void)sig;
	(void)ret;
	_exit(1);
}

static bool selected(const struct ktap_test *test, const char *pattern)
{
	return !pattern || strstr(test->name, pattern);
}

static int run_all(const struct ktap_suite *suite, const char *pattern)
{
	struct totals totals = { 0 };
	unsigned int plan = 0, number = 0;
	struct timespec start;
	size_t i;

	for (i = 0; i < suite->count; i++)
		plan += selected(&suite->tests[i], pattern);
	printf("KTAP version 1\n1..%u\n", plan);
	fflush(stdout);

	for (i = 0; i < suite->count; i++) {
		const struct ktap_test *test = &suite->tests[i];
		unsigned int timeout = (test->timeout ?: KTAP_TIMEOUT_SEC) * timeout_factor *
				       ktap_slow();

		if (!selected(test, pattern))
			continue;
		memset(result, 0, sizeof(*result));
		clock_gettime(CLOCK_MONOTONIC, &start);
		if (test->flags & KTAP_NO_FORK)
			run_unforked(test, timeout);
		else
			run_forked(test, timeout);
		if (suite->cleanup)
			suite->cleanup();
		if (seconds_since(&start) > SLOW_SEC)
			ktap_note("%s took %.1f s", test->name, seconds_since(&start));
		report(test, ++number, &totals);
	}

	printf("# Totals: pass:%u fail:%u xfail:0 xpass:0 skip:%u error:0\n", totals.pass,
	       totals.fail, totals.skip);
	if (suite->closing_line)
		printf("%u passed, %u failed, %u skipped\n", totals.pass, totals.fail,
		       totals.skip);
	fflush(stdout);
	if (!plan)
		ktap_bail_out("no test matches");
	return totals.fail ? 1 : 0;
}

int ktap_main(const struct ktap_suite *suite, int argc, char **argv, const char *optstring,
	      void (*other)(int opt, const char *arg))
{
	const char *pattern = NULL;
	char all[64];
	size_t i;
	int opt;

	snprintf(all, sizeof(all), "t:lx:%s", optstring ?: "");
	while ((opt = getopt(argc, argv, all)) != -1) {
		switch (opt) {
		case 't':
			pattern = optarg;
			break;
		case 'l':
			for (i = 0; i < suite->count; i++)
				puts(suite->tests[i].name);
			return 0;
		case 'x':
			timeout_factor = strtoul(optarg, NULL, 10) ?: 1;
			break;
		case '?':
			return 2;
		default:
			if (other)
				other(opt, optarg);
		}
	}

	result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (result == MAP_FAILED)
		ktap_bail_out("mmap: %s", strerror(errno));
	signal(SIGALRM, on_alarm);
	return run_all(suite, pattern);
}
