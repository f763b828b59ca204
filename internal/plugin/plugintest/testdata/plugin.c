// An external delegate that takes ADD of float32 tensors of equal shape. What it does beside adding, its options say; it keeps
// pointers to their texts, as real ones do, and reads them at each run:
//
//	mode   create-fails: no delegate, with a reason · silent: no delegate, without one · prepare-fails ·
//	       wrong: adds 1 to the first operand a second time · crash · hang · error: the run fails; "": it adds
//	file   a file whose content is the mode from the next run on, in the place of the option
//	env    the name of an environment variable that must be set
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tensorflow/lite/c/common.h>
#include <unistd.h>

enum { builtin_add = 0 };

typedef struct {
	TfLiteDelegate delegate;
	char room[512]; // the library's TfLiteDelegate may be longer than the headers'
	char **keys, **values;
	size_t n;
} plugin;

typedef struct {
	plugin *of;
	int a, b, out;
} kernel;

static const char *option(const plugin *p, const char *key) {
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->keys[i], key) == 0) return p->values[i];
	return "";
}

// mode is what to do in this run.
static void mode(const plugin *p, char *to, size_t size) {
	snprintf(to, size, "%s", option(p, "mode"));
	const char *path = option(p, "file");
	FILE *f = *path ? fopen(path, "r") : NULL;
	if (f == NULL) return;
	size_t n = fread(to, 1, size - 1, f);
	to[n] = 0;
	fclose(f);
}

static void *kernel_init(TfLiteContext *context, const char *buffer, size_t length) {
	(void)context, (void)length;
	const TfLiteDelegateParams *params = (const TfLiteDelegateParams *)buffer;
	kernel *k = calloc(1, sizeof *k);
	k->of = params->delegate->data_;
	k->a = params->input_tensors->data[0];
	k->b = params->input_tensors->data[params->input_tensors->size > 1 ? 1 : 0];
	k->out = params->output_tensors->data[0];
	return k;
}

static void kernel_free(TfLiteContext *context, void *data) {
	(void)context;
	free(data);
}

static TfLiteStatus kernel_prepare(TfLiteContext *context, TfLiteNode *node) {
	const kernel *k = node->user_data;
	if (strcmp(option(k->of, "mode"), "prepare-fails") == 0) {
		context->ReportError(context, "test plug-in: no room for the graph");
		return kTfLiteError;
	}
	return kTfLiteOk;
}

static TfLiteStatus kernel_invoke(TfLiteContext *context, TfLiteNode *node) {
	const kernel *k = node->user_data;
	char now[64];
	mode(k->of, now, sizeof now);
	if (strcmp(now, "crash") == 0) abort();
	while (strcmp(now, "hang") == 0) sleep(1);
	if (strcmp(now, "error") == 0) {
		context->ReportError(context, "test plug-in: the driver has lost the device");
		return kTfLiteError;
	}
	const float *a = context->tensors[k->a].data.f, *b = context->tensors[k->b].data.f;
	float *out = context->tensors[k->out].data.f;
	const size_t n = context->tensors[k->out].bytes / sizeof *out;
	for (size_t i = 0; i < n; i++) out[i] = strcmp(now, "wrong") == 0 ? b[i] - a[i] + 1 : a[i] + b[i];
	return kTfLiteOk;
}

static TfLiteStatus take(TfLiteContext *context, TfLiteDelegate *delegate) {
	TfLiteIntArray *plan = NULL;
	if (context->GetExecutionPlan(context, &plan) != kTfLiteOk) return kTfLiteError;
	for (int i = 0; i < plan->size; i++) {
		TfLiteNode *node = NULL;
		TfLiteRegistration *registration = NULL;
		if (context->GetNodeAndRegistration(context, plan->data[i], &node, &registration) != kTfLiteOk) return kTfLiteError;
		if (registration->builtin_code != builtin_add) continue;
		TfLiteRegistration own = {.init = kernel_init, .free = kernel_free, .prepare = kernel_prepare, .invoke = kernel_invoke,
		                          .custom_name = "TestPlugin", .builtin_code = 51 /* BuiltinOperator_DELEGATE */, .version = 1};
		TfLiteIntArray *one = malloc(sizeof *one + sizeof(int));
		one->size = 1;
		one->data[0] = plan->data[i];
		TfLiteStatus status = context->ReplaceNodeSubsetsWithDelegateKernels(context, own, one, delegate);
		free(one);
		return status; // one is enough; the plan has changed
	}
	return kTfLiteOk;
}

#define EXPORT __attribute__((visibility("default")))

#ifndef WITHOUT_DESTROY
EXPORT void tflite_plugin_destroy_delegate(TfLiteDelegate *delegate) { free(delegate->data_); }
#endif

EXPORT TfLiteDelegate *tflite_plugin_create_delegate(char **keys, char **values, size_t n, void (*report)(const char *)) {
	plugin *p = calloc(1, sizeof *p);
	p->keys = keys, p->values = values, p->n = n;
	const char *variable = option(p, "env");
	if (*variable && getenv(variable) == NULL) {
		report("test plug-in: the environment lacks the variable");
		free(p);
		return NULL;
	}
	const char *what = option(p, "mode");
	if (strcmp(what, "create-fails") == 0) report("test plug-in: /dev/npu0 cannot be opened");
	if (strcmp(what, "create-fails") == 0 || strcmp(what, "silent") == 0) {
		free(p);
		return NULL;
	}
	p->delegate.data_ = p;
	p->delegate.Prepare = take;
	p->delegate.flags = kTfLiteDelegateFlagsNone;
	return &p->delegate;
}
