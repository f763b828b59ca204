// The plug-in interface of TensorFlow Lite, with the options that libedgetpu's has
// (tflite/edgetpu_delegate_for_custom_op_tflite_plugin.cc).
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "edgetpu.h"

// wish is what the option "device" asks for: "", "usb", "pci", ":N", "usb:N", "pci:N".
typedef struct {
	bool typed, indexed;
	enum edgetpu_device_type type;
	long index;
} wish;

static bool read_wish(const char *s, wish *w) {
	*w = (wish){0};
	size_t n = strcspn(s, ":");
	if (n == 3 && strncmp(s, "usb", n) == 0) *w = (wish){.typed = true, .type = EDGETPU_APEX_USB};
	else if (n == 3 && strncmp(s, "pci", n) == 0) *w = (wish){.typed = true, .type = EDGETPU_APEX_PCI};
	else if (n != 0) return false;
	if (s[n] == 0) return true;
	char *end;
	w->indexed = true;
	w->index = strtol(s + n + 1, &end, 10);
	return s[n + 1] != 0 && *end == 0 && w->index >= 0;
}

// Options other than the device are passed on only when it is named by its index.
static TfLiteOpaqueDelegate *create(wish w, const struct edgetpu_option *options, size_t n_options) {
	size_t n;
	struct edgetpu_device *list = edgetpu_list_devices(&n);
	TfLiteOpaqueDelegate *delegate = NULL;
	long i = 0;
	for (size_t k = 0; k < n; k++) {
		if (w.typed && list[k].type != w.type) continue;
		if (w.indexed && i++ != w.index) continue;
		delegate = edgetpu_create_delegate(list[k].type, list[k].path, options, w.indexed ? n_options : 0);
		break;
	}
	edgetpu_free_devices(list);
	return delegate;
}

// Like libedgetpu's, it does not report why there is no delegate.
EXPORT TfLiteOpaqueDelegate *tflite_plugin_create_delegate(char **keys, char **values, size_t n,
                                                           void (*report_error)(const char *)) {
	(void)report_error;
	struct edgetpu_option *options = calloc(n + 1, sizeof *options);
	wish w = {0};
	bool good = options != NULL;
	size_t passed = 0;
	for (size_t i = 0; good && i < n; i++) {
		if (strcmp(keys[i], "device") == 0) good = read_wish(values[i], &w);
		else options[passed++] = (struct edgetpu_option){keys[i], values[i]};
	}
	TfLiteOpaqueDelegate *delegate = good ? create(w, options, passed) : NULL;
	free(options);
	return delegate;
}

EXPORT void tflite_plugin_destroy_delegate(TfLiteOpaqueDelegate *delegate) { edgetpu_free_delegate(delegate); }
