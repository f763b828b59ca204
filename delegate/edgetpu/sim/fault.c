#define _GNU_SOURCE
#include "fault.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void hang(double ms) {
	if (ms == 0) {
		for (;;) pause();
	}
	struct timespec t = {.tv_sec = (time_t)(ms / 1000)};
	t.tv_nsec = (long)((ms - t.tv_sec * 1000.0) * 1e6);
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &t) != 0) {
	}
}

static void segv(void) {
	volatile int *volatile nowhere = NULL;
	*nowhere = 1;
}

// The messages are libedgetpu's own, as its users report them: google-coral/edgetpu issues 11 and 413 (abort),
// blakeblackshear/frigate issue 5559 (unplugged), google-coral/edgetpu issue 741 (PCIe).
bool fault_happens(const fault *f) {
	switch (f->kind) {
	case fault_error:
		return true;
	case fault_hang:
		sim_say("hangs, fault %s", f->id);
		hang(f->ms);
		return false;
	case fault_abort:
		sim_say("F driver/usb/usb_driver.cc:859] transfer on tag 1 failed. Abort. Deadline exceeded: USB transfer "
		        "error 2 [LibUsbDataOutCallback]");
		abort();
	case fault_segv:
		segv();
		return true;
	default:
		return false;
	}
}

void fault_gone_run(int type, const char *how) {
	if (*how == 0) how = type == EDGETPU_APEX_USB ? "abort" : "hang";
	if (strcmp(how, "error") == 0) return;
	if (strcmp(how, "abort") == 0) {
		sim_say("F driver/usb/usb_driver.cc:1148] HandleQueuedBulkIn transfer in failed. Not found: USB transfer error 5 "
		        "[LibUsbDataInCallback]");
		abort();
	}
	sim_say("E driver/mmio_driver.cc:254] HIB Error. hib_error_status = ffffffffffffffff, hib_first_error_status = "
	        "ffffffffffffffff");
	hang(0);
}

void fault_spoil(const wanted *outputs, int n) {
	for (int o = 0; o < n; o++) {
		uint8_t *p = outputs[o].data;
		for (size_t i = 0; i < outputs[o].bytes; i++) p[i] ^= 0x55;
	}
}
