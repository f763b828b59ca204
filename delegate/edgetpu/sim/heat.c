// Newton's law of cooling: what a device is warmer than its surroundings falls by a factor e in every time constant.
// A run lifts the temperature by a fixed amount for each millisecond.
#include "heat.h"

#include <math.h>

#include "sim.h"

static double model(const device_state *d) {
	double ambient = setting_number("ambient", 45000);
	if (d->heated_at == 0) return ambient;
	double constant = setting_number("cooling_s", 30) * 1000;
	if (constant <= 0) return ambient;
	return ambient + (d->heated - ambient) * exp(-(double)(now_ms() - d->heated_at) / constant);
}

long heat_now(const device_state *d) {
	const told *t = control_told(d->path);
	if (t != NULL && t->pinned) return (long)t->temperature;
	return 50 * lround(model(d) / 50);
}

void heat_add(device_state *d, double ms) {
	double each = setting_number("heat", 0);
	if (d->type != EDGETPU_APEX_PCI || each == 0) return;
	d->heated = model(d) + each * ms;
	d->heated_at = now_ms();
}
