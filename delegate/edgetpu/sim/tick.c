#define _GNU_SOURCE
#include "tick.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>

#include "sim.h"

enum { period_ms = 20 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static pthread_t thread;
static bool running, stop;
static bool waiting;  // there is nothing for time to change
static bool asked;    // tick_start was called since the last tick

static void wait_a_period(void) {
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += period_ms * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_cond_clockwait(&wake, &mutex, CLOCK_MONOTONIC, &until);
}

static void *loop(void *nothing) {
	pthread_mutex_lock(&mutex);
	while (!stop) {
		if (waiting) pthread_cond_wait(&wake, &mutex);
		else wait_a_period();
		if (stop || waiting) continue;
		asked = false;
		pthread_mutex_unlock(&mutex);
		bool needed = sim_tick();
		pthread_mutex_lock(&mutex);
		waiting = !needed && !asked;
	}
	pthread_mutex_unlock(&mutex);
	return nothing;
}

void tick_start(void) {
	pthread_mutex_lock(&mutex);
	asked = true;
	if (waiting) {
		waiting = false;
		pthread_cond_signal(&wake);
	}
	if (!running && !stop) {
		// The program's signals are not for this thread.
		sigset_t all, before;
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &before);
		running = pthread_create(&thread, NULL, loop, NULL) == 0;
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	pthread_mutex_unlock(&mutex);
}

__attribute__((destructor)) static void tick_stop(void) {
	pthread_mutex_lock(&mutex);
	stop = true;
	pthread_cond_signal(&wake);
	pthread_mutex_unlock(&mutex);
	if (running) pthread_join(thread, NULL);
}
