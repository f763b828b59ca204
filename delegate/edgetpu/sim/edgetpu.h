// libedgetpu's C interface (edgetpu_c.h).
#ifndef CORALLITE_SIM_EDGETPU_H
#define CORALLITE_SIM_EDGETPU_H

#include "tflite.h"

#define EXPORT __attribute__((visibility("default")))

enum edgetpu_device_type { EDGETPU_APEX_PCI = 0, EDGETPU_APEX_USB = 1 };
struct edgetpu_device {
	enum edgetpu_device_type type;
	const char *path;
};
struct edgetpu_option {
	const char *name, *value;
};

struct edgetpu_device *edgetpu_list_devices(size_t *n);
void edgetpu_free_devices(struct edgetpu_device *devices);
TfLiteOpaqueDelegate *edgetpu_create_delegate(enum edgetpu_device_type type, const char *name,
                                              const struct edgetpu_option *options, size_t n);
void edgetpu_free_delegate(TfLiteOpaqueDelegate *delegate);

#endif
