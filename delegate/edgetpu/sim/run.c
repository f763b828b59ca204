// One run: counted, perhaps gone wrong, computed with the CPU model or a fixed function of the inputs, and as long as
// asked for.
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "devices.h"
#include "fault.h"
#include "heat.h"
#include "kernel.h"

// fixed is the function that README.md documents: a hash of all inputs, spread over the outputs.
static void fixed(kernel *k) {
	uint64_t hash = 0xcbf29ce484222325u;
	for (int i = 0; i < k->n_inputs; i++) {
		const uint8_t *p = k->inputs[i].data;
		for (size_t n = k->inputs[i].bytes; n > 0;) {
			uint64_t word = 0;
			size_t part = n < 8 ? n : 8;
			memcpy(&word, p, part);
			hash = (hash ^ word) * 0x100000001b3u;
			hash ^= hash >> 32;
			p += part;
			n -= part;
		}
	}
	for (int o = 0; o < k->n_outputs; o++) {
		uint8_t *p = k->outputs[o].data;
		for (size_t i = 0; i < k->outputs[o].bytes; i++) p[i] = (uint8_t)((hash >> (8 * (i % 8))) + o + i / 8);
	}
}

// sleep_until waits without using the CPU. A thread's timers are 50 us late by default, which is no part of the time
// that the device is to take.
static void sleep_until(struct timespec start, double milliseconds) {
	prctl(PR_SET_TIMERSLACK, 1UL);
	long long ns = start.tv_nsec + (long long)(milliseconds * 1e6);
	start.tv_sec += ns / 1000000000;
	start.tv_nsec = ns % 1000000000;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &start, NULL) != 0) {
	}
}

// order is what becomes of a run.
typedef struct {
	bool lost;  // the device is gone
	int type;
	char gone_run[16];
	fault f;
	double ms;   // least time
	bool heats;  // whether it warms the device
} order;

// load puts the parameters on the device, as libedgetpu does (driver/driver.cc, SubmitInferenceRequest): another token
// throws out all that are there; each model with the same one loads its own once. It gives the time.
static double load(kernel *k, device_state *d) {
	device *on = k->on;
	package p = k->compiled;
	if (p.token == 0 || p.token != on->token) {
		on->epoch++;
		on->token = 0;
	}
	if (!p.caches || k->loaded == on->epoch) return 0;
	on->token = p.token;
	k->loaded = on->epoch;
	state_count(d, counter_loads);
	return setting_number("load_ms", 0) + setting_number("load_ms_per_mb", 0) * (double)p.bytes / 1e6;
}

// decide counts a run and says what becomes of it.
static order decide(kernel *k) {
	sim_begin();
	bool added;
	device_state *d = state_device(k->on->path, &added);
	state_count(d, at_run);
	order o = {.lost = !d->present || d->generation != k->on->generation, .type = d->type};
	if (!o.lost) o.f = state_fault(d, at_run);
	if (o.f.kind == fault_gone) {
		device_lose(d, &o.f);
		o.lost = true;
	}
	o.heats = o.type == EDGETPU_APEX_PCI && setting_number("heat", 0) > 0;
	snprintf(o.gone_run, sizeof o.gone_run, "%s", setting("gone_run"));
	o.ms = setting_number("run_ms", 0);
	if (o.f.kind == fault_slow && o.f.ms > o.ms) o.ms = o.f.ms;
	if (!o.lost) o.ms += load(k, d);
	sim_end();
	return o;
}

static TfLiteStatus failed(TfLiteOpaqueContext *context, const char *why) {
	tflite()->TfLiteOpaqueContextReportError(context, "simulated Edge TPU: Failed to execute request. %s", why);
	return kTfLiteError;
}

// warm gives a device the heat of a run.
static void warm(const device *on, struct timespec start) {
	struct timespec end;
	clock_gettime(CLOCK_MONOTONIC, &end);
	sim_begin();
	bool added;
	heat_add(state_device(on->path, &added),
	         (double)(end.tv_sec - start.tv_sec) * 1e3 + (double)(end.tv_nsec - start.tv_nsec) / 1e6);
	sim_end();
}

TfLiteStatus kernel_run(TfLiteOpaqueContext *context, kernel *k) {
	struct timespec start;
	clock_gettime(CLOCK_MONOTONIC, &start);
	order o = decide(k);
	if (o.lost) {
		fault_gone_run(o.type, o.gone_run);
		return failed(context, "The device is gone.");
	}
	if (fault_happens(&o.f)) return failed(context, o.f.id);
	if (k->cpu == NULL) {
		fixed(k);
	} else if (cpu_model_run(k->cpu, k->inputs, k->n_inputs, k->outputs, k->n_outputs) != kTfLiteOk) {
		return failed(context, "The CPU model failed.");
	}
	if (o.f.kind == fault_wrong) fault_spoil(k->outputs, k->n_outputs);
	if (o.ms > 0) sleep_until(start, o.ms);
	if (o.heats) warm(k->on, start);
	return kTfLiteOk;
}
