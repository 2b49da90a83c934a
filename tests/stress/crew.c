// SPDX-License-Identifier: GPL-2.0
#include <sys/random.h>

#include "crew.h"
#include "sheet.h"

#define SECONDS		2
#define MIN_ROUNDS	3
/* Then the log says what is missing. */
#define NOTE_SECONDS	45

static uint64_t seed;
static struct ktap_suite *current_suite;
static void (*suite_cleanup)(void);
static atomic_bool stop;

static void option(int opt, const char *arg)
{
	if (opt == 's')
		seed = strtoull(arg, NULL, 0);
}

static void cleanup(void)
{
	windows_clear();
	if (suite_cleanup)
		suite_cleanup();
	arena_cleanup();
}

int stress_main(struct ktap_suite *suite, int argc, char **argv)
{
	while (!seed)
		if (getrandom(&seed, 4, 0) < 0)
			ktap_bail_out("no random seed: %s", strerror(errno));
	current_suite = suite;
	suite_cleanup = suite->cleanup;
	suite->cleanup = cleanup;
	return ktap_main(suite, argc, argv, "s:", option);
}

uint64_t stress_rng(uint64_t salt)
{
	uint64_t rng = (seed + 1) * 0x9e3779b97f4a7c15ull ^ (salt + 1) * 0xbf58476d1ce4e5b9ull;

	rng = rng ?: 1;
	vuma_random(&rng);
	return rng;
}

uint64_t stress_below(uint64_t *rng, uint64_t limit)
{
	return vuma_random(rng) % limit;
}

bool worker_again(struct worker *w)
{
	/* The first call begins the first round. */
	if (w->started)
		atomic_fetch_add(&w->rounds, 1);
	w->started = true;
	return !atomic_load(&stop);
}

uint64_t worker_below(struct worker *w, uint64_t limit)
{
	return stress_below(&w->rng, limit);
}

void bystander(struct worker *w)
{
	struct vuma_bo bo = bo_new_mapped(dev_open(0), 64 * PAGE, 0);
	struct sheet s = sheet_new(w->index, bo.map, 64);

	sheet_bind(&s, &bo, 0);
	while (worker_again(w))
		sheet_random(&s, &w->rng);
	sheet_check_all(&s);
	sheet_fini(&s);
}

void crew_add(struct crew *crew, const char *noun, unsigned int count,
	      void (*run)(struct worker *w), void *arg)
{
	unsigned int i;

	KT_LE(crew->count + count, CREW_MAX);
	for (i = 0; i < count; i++)
		crew->workers[crew->count++] = (struct worker){
			.noun = noun, .run = run, .index = i, .arg = arg,
		};
}

static void squeezer(struct worker *w)
{
	struct crew *crew = w->arg;

	while (worker_again(w)) {
		squeeze_random(crew->squeezes, crew->cg, &w->rng);
		/* Or nobody else would get anything done. */
		usleep(worker_below(w, 2000));
	}
}

static void *start(void *arg)
{
	struct worker *w = arg;

	w->run(w);
	return NULL;
}

static bool all_have_rounds(const struct crew *crew)
{
	unsigned int i;

	/* A round of a squeezer can take seconds: what it evicted is looked at instead. */
	for (i = 0; i < crew->count; i++)
		if (crew->workers[i].run != squeezer &&
		    atomic_load(&crew->workers[i].rounds) < MIN_ROUNDS)
			return false;
	return true;
}

/* @before: evicted when the race began. */
static bool has_raced(const struct crew *crew, uint64_t before)
{
	return all_have_rounds(crew) && (!crew->evicts || squeezed_kib() > before) &&
	       windows_used(crew->windows, crew->window_count);
}

static void note_what_is_missing(const struct crew *crew, uint64_t before)
{
	unsigned int i;

	for (i = 0; i < crew->count; i++)
		ktap_note("%s %u: %llu rounds so far", crew->workers[i].noun,
			  crew->workers[i].index, atomic_load(&crew->workers[i].rounds));
	windows_note(crew->windows, crew->window_count);
	ktap_note("%llu KiB evicted so far", (unsigned long long)(squeezed_kib() - before));
}

static void wait_for_end(const struct crew *crew, uint64_t before)
{
	unsigned int seconds = (crew->seconds ?: SECONDS) * ktap_factor();
	unsigned int naps;

	sleep(seconds);
	for (naps = 1; !has_raced(crew, before); naps++) {
		if (naps % (NOTE_SECONDS * 50) == 0)
			note_what_is_missing(crew, before);
		usleep(20000);
	}
}

static void report(const struct crew *crew, uint64_t evicted)
{
	unsigned long long all = 0, rounds;
	unsigned int i, j;
	char text[256];
	int used = 0;

	for (i = 0; i < crew->count; i = j) {
		rounds = 0;
		for (j = i; j < crew->count && crew->workers[j].noun == crew->workers[i].noun; j++)
			rounds += atomic_load(&crew->workers[j].rounds);
		all += rounds;
		used += snprintf(text + used, sizeof(text) - used, ", %s %llu",
				 crew->workers[i].noun, rounds);
		used = used < (int)sizeof(text) ? used : (int)sizeof(text) - 1;
	}
	ktap_note("seed %#llx: %llu iterations%s; %llu KiB evicted", (unsigned long long)seed,
		  all, text, (unsigned long long)evicted);
}

void crew_enter_cgroup(struct crew *crew)
{
	need_reclaim();
	crew->own = arena_enter("a");
	crew->cg = &crew->own;
}

void crew_race(struct crew *crew)
{
	uint64_t before, evicted;
	unsigned int i;

	need_reclaim();
	before = squeezed_kib();
	crew->evicts |= crew->squeezers > 0;
	if (crew->squeezers)
		crew_add(crew, "squeezer", crew->squeezers, squeezer, crew);
	windows_open(crew->windows, crew->window_count);
	atomic_store(&stop, false);
	for (i = 0; i < crew->count; i++) {
		crew->workers[i].rng = stress_rng(i);
		KT_EQ(pthread_create(&crew->workers[i].thread, NULL, start, &crew->workers[i]), 0);
	}
	wait_for_end(crew, before);
	atomic_store(&stop, true);
	for (i = 0; i < crew->count; i++)
		KT_EQ(pthread_join(crew->workers[i].thread, NULL), 0);
	evicted = squeezed_kib() - before;
	report(crew, evicted);
	windows_close(crew->windows, crew->window_count);
}
