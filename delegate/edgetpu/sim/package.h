// What the Edge TPU compiler put into an edgetpu-custom-op.
#ifndef CORALLITE_SIM_PACKAGE_H
#define CORALLITE_SIM_PACKAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
	bool caches;     // whether it has parameters that stay on the device
	uint64_t token;  // of its parameters: packages with the same one fit on the device together
	size_t bytes;    // of the parameters that are loaded once
} package;

// package_read reads the custom data of a node. Whatever is wrong with it, it says false and reads nothing outside.
bool package_read(const uint8_t *data, size_t size, package *p);

#endif
