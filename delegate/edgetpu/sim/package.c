// The custom data is a FlexBuffer map whose key "4" holds a FlatBuffer with the identifier DWN1 (libedgetpu:
// tflite/custom_op_data.cc, executable/executable.fbs), which holds another one with the executables.
#include "package.h"

#include <string.h>

#include "flat.h"

enum { package_executables = 1, multi_executables = 0 };
enum { executable_parameters = 6, executable_type = 13, executable_token = 14 };
enum { type_parameter_caching = 1 };
enum { flex_string = 5, flex_map = 9, flex_blob = 25 };

// back follows the offset at a position of a FlexBuffer, which counts backwards.
static size_t back(flat *f, size_t at, size_t width) {
	uint64_t offset = flat_number(f, at, width);
	if (offset > at) f->broken = true;
	return f->broken ? 0 : at - (size_t)offset;
}

// executable gives what the FlexBuffer map holds under "4". A FlexBuffer is read from its end: root value, its packed
// type (type << 2 | log2 of the width), its width.
static flat executable(const uint8_t *data, size_t size) {
	flat f = {data, size, false}, none = {data, 0, true};
	if (size < 3) return none;
	size_t root_width = data[size - 1], width = (size_t)1 << (data[size - 2] & 3);
	if (data[size - 2] >> 2 != flex_map || root_width > 8 || root_width > size - 2) return none;
	f.size = size - 2;
	size_t start = back(&f, f.size - root_width, root_width);
	if (f.broken || start < 3 * width) return none;
	uint64_t n = flat_number(&f, start - width, width), key_width = flat_number(&f, start - 2 * width, width);
	size_t keys = back(&f, start - 3 * width, width);
	if (f.broken || key_width > 8 || n > f.size / (width + 1)) return none;
	for (size_t i = 0; i < n; i++) {
		size_t key = back(&f, keys + i * (size_t)key_width, (size_t)key_width);
		unsigned type = (unsigned)flat_number(&f, start + (size_t)n * width + i, 1);
		bool is_it = flat_number(&f, key, 2) == '4';  // and the end of the string
		if (f.broken) return none;
		if (!is_it || (type >> 2 != flex_string && type >> 2 != flex_blob)) continue;
		size_t text = back(&f, start + i * width, width), length_width = (size_t)1 << (type & 3);
		if (f.broken || text < length_width) return none;
		uint64_t length = flat_number(&f, text - length_width, length_width);
		if (f.broken || length > f.size - text) return none;
		return (flat){data + text, (size_t)length, false};
	}
	return none;
}

bool package_read(const uint8_t *data, size_t size, package *p) {
	*p = (package){0};
	flat f = executable(data, size);
	if (f.broken || f.size < 8 || memcmp(f.bytes + 4, "DWN1", 4) != 0) return false;
	size_t at = flat_field(&f, flat_root(&f), package_executables);
	flat multi = at == 0 ? f : flat_bytes(&f, at + flat_get32(&f, at));
	if (at == 0 || f.broken) return false;
	uint32_t n;
	size_t list = flat_vector(&multi, flat_root(&multi), multi_executables, 4, &n);
	for (uint32_t i = 0; i < n; i++) {
		flat one = flat_bytes(&multi, flat_element(&multi, list, i));
		size_t table = flat_root(&one);
		uint32_t bytes;
		flat_vector(&one, table, executable_parameters, 1, &bytes);
		bool caches = flat_value(&one, table, executable_type, 2) == type_parameter_caching;
		uint64_t token = flat_value(&one, table, executable_token, 8);
		if (one.broken) return false;
		if (caches) *p = (package){true, token, p->bytes + bytes};
	}
	return !multi.broken && n > 0;
}
