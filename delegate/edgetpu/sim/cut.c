// Cutting a part out of a .tflite file: the operators between some tensors and others. The FlatBuffer is changed in
// place; only the lists of the subgraph's inputs and outputs are written anew, behind the file.
// Layout: https://flatbuffers.dev/internals/; fields: tensorflow/lite/schema/schema.fbs.
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#include "flat.h"

enum { model_subgraphs = 2, model_buffers = 4 };
enum { subgraph_tensors = 0, subgraph_inputs = 1, subgraph_outputs = 2, subgraph_operators = 3 };
enum { tensor_shape = 0, tensor_type = 1, tensor_buffer = 2, tensor_name = 3, tensor_variable = 5 };
enum { operator_inputs = 1, operator_outputs = 2 };
enum { buffer_data = 0 };

// put32 changes a number in place: the buffer is the caller's own copy.
static void put32(flat *f, size_t at, uint32_t v) {
	if (f->size < 4 || at > f->size - 4) f->broken = true;
	else memcpy((uint8_t *)f->bytes + at, &v, 4);
}

// type_in_file is how the schema's TensorType numbers a TfLiteType; -1 for one that no CPU model needs.
static int type_in_file(int type) {
	static const signed char of[] = {-1, 0, 2, 3, 4, 5, 6, 7, 8, 9, 1, 10, 11, 12};
	return type >= 0 && type < (int)sizeof of ? of[type] : -1;
}

static bool same(flat *f, size_t tensor, const wanted *w) {
	uint32_t n;
	size_t name = flat_vector(f, tensor, tensor_name, 1, &n);
	if (name == 0 || w->name == NULL || strlen(w->name) != n || memcmp(f->bytes + name, w->name, n) != 0) return false;
	if ((int)flat_value(f, tensor, tensor_type, 1) != type_in_file(w->type)) return false;
	size_t shape = flat_vector(f, tensor, tensor_shape, 4, &n);
	if ((int)n != w->dims || w->dims > 8) return false;
	for (uint32_t i = 0; i < n; i++) {
		if ((int)flat_get32(f, shape + 4 * i) != w->shape[i]) return false;
	}
	return true;
}

// marks of a tensor
enum { given = 1, needed = 2, made = 4 };

static bool find(flat *f, size_t tensors, uint32_t n, wanted *w, int count) {
	for (int i = 0; i < count; i++) {
		w[i].cpu_model = -1;
		for (uint32_t t = 0; t < n && w[i].cpu_model < 0; t++) {
			if (same(f, flat_element(f, tensors, t), &w[i])) w[i].cpu_model = (int)t;
		}
		if (w[i].cpu_model < 0) return false;
	}
	return true;
}

// mark sets a bit on each tensor that a field of an operator lists, and says whether any had one of the bits asked for.
static bool mark(flat *f, size_t op, int id, uint8_t *marks, uint32_t n_tensors, int ask, int set) {
	uint32_t n;
	size_t list = flat_vector(f, op, id, 4, &n);
	bool any = false;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t t = flat_get32(f, list + 4 * i);
		if (t >= n_tensors) continue;  // -1: an optional input left out
		any |= (marks[t] & ask) == ask && !(marks[t] & given);
		marks[t] |= set;
	}
	return any;
}

// keep_operators leaves only the operators that the outputs need; it fails when a tensor that is needed is not made.
static bool keep_operators(flat *f, size_t model, size_t graph, size_t tensors, uint32_t n_tensors, uint8_t *marks) {
	uint32_t n, n_buffers, kept = 0;
	size_t operators = flat_vector(f, graph, subgraph_operators, 4, &n);
	size_t buffers = flat_vector(f, model, model_buffers, 4, &n_buffers);
	bool *keep = calloc(n + 1, sizeof *keep);
	for (uint32_t i = n; i-- > 0;) {
		size_t op = flat_element(f, operators, i);
		keep[i] = mark(f, op, operator_outputs, marks, n_tensors, needed, 0);
		if (!keep[i]) continue;
		mark(f, op, operator_outputs, marks, n_tensors, needed, made);
		mark(f, op, operator_inputs, marks, n_tensors, 0, needed);
	}
	// An element is an offset from itself, forward only: moving it towards the front keeps it so.
	for (uint32_t i = 0; i < n; i++) {
		if (!keep[i]) continue;
		size_t from = flat_element(f, operators, i), to = operators + 4 * kept;
		put32(f, to, (uint32_t)(from - to));
		kept++;
	}
	free(keep);
	if (operators == 0) return false;
	put32(f, operators - 4, kept);
	for (uint32_t t = 0; t < n_tensors; t++) {
		if ((marks[t] & needed) == 0 || (marks[t] & (given | made)) != 0) continue;
		size_t tensor = flat_element(f, tensors, t), buffer = flat_field(f, tensor, tensor_buffer);
		uint32_t index = buffer == 0 ? 0 : flat_get32(f, buffer), bytes = 0;
		if (index < n_buffers) flat_vector(f, flat_element(f, buffers, index), buffer_data, 1, &bytes);
		if (bytes == 0 && flat_value(f, tensor, tensor_variable, 1) == 0) return false;
	}
	return !f->broken;
}

// append writes a vector of tensor indices behind the file and lets a field of the subgraph point to it. State is no
// input of a graph.
static void append(flat *f, size_t graph, int id, const wanted *w, int count) {
	size_t at = flat_field(f, graph, id), start = (f->size + 3) / 4 * 4;
	uint32_t n = 0;
	f->size = start + 4;
	for (int i = 0; i < count; i++) {
		if (w[i].variable) continue;
		f->size += 4;
		put32(f, start + 4 + 4 * n++, (uint32_t)w[i].cpu_model);
	}
	put32(f, start, n);
	if (at == 0) f->broken = true;
	else put32(f, at, (uint32_t)(start - at));
}

size_t cut_model(uint8_t *model, size_t size, size_t spare, wanted *inputs, int n_inputs, wanted *outputs,
                 int n_outputs) {
	if (size < 8 || memcmp(model + 4, "TFL3", 4) != 0 || spare < 32 + 4 * (size_t)(n_inputs + n_outputs)) return 0;
	memset(model + size, 0, spare);
	flat f = {model, size, false};
	size_t root = flat_get32(&f, 0);
	uint32_t n_graphs, n_tensors;
	size_t graphs = flat_vector(&f, root, model_subgraphs, 4, &n_graphs);
	if (n_graphs == 0) return 0;
	size_t graph = flat_element(&f, graphs, 0);
	size_t tensors = flat_vector(&f, graph, subgraph_tensors, 4, &n_tensors);
	if (!find(&f, tensors, n_tensors, inputs, n_inputs) || !find(&f, tensors, n_tensors, outputs, n_outputs)) return 0;
	uint8_t *marks = calloc(n_tensors + 1, 1);
	for (int i = 0; i < n_inputs; i++) marks[inputs[i].cpu_model] |= inputs[i].variable ? 0 : given;
	for (int i = 0; i < n_outputs; i++) marks[outputs[i].cpu_model] |= needed;
	bool good = keep_operators(&f, root, graph, tensors, n_tensors, marks);
	free(marks);
	if (!good) return 0;
	append(&f, graph, subgraph_inputs, inputs, n_inputs);
	append(&f, graph, subgraph_outputs, outputs, n_outputs);
	return f.broken ? 0 : f.size;
}
