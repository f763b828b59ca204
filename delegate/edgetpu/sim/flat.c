#include "flat.h"

uint64_t flat_number(flat *f, size_t at, size_t width) {
	uint64_t v = 0;
	if (f->size < width || at > f->size - width) {
		f->broken = true;
		return 0;
	}
	for (size_t i = width; i-- > 0;) v = v << 8 | f->bytes[at + i];
	return v;
}

uint32_t flat_get32(flat *f, size_t at) { return (uint32_t)flat_number(f, at, 4); }

size_t flat_root(flat *f) { return flat_get32(f, 0); }

size_t flat_field(flat *f, size_t table, int id) {
	size_t vtable = table - (size_t)(int32_t)flat_get32(f, table);
	if (4 + 2 * (size_t)id >= flat_number(f, vtable, 2)) return 0;
	size_t offset = flat_number(f, vtable + 4 + 2 * (size_t)id, 2);
	return offset == 0 ? 0 : table + offset;
}

uint64_t flat_value(flat *f, size_t table, int id, size_t width) {
	size_t at = flat_field(f, table, id);
	return at == 0 ? 0 : flat_number(f, at, width);
}

size_t flat_vector(flat *f, size_t table, int id, size_t element, uint32_t *n) {
	*n = 0;
	size_t at = flat_field(f, table, id);
	if (at == 0) return 0;
	at += flat_get32(f, at);
	*n = flat_get32(f, at);
	if (!f->broken && *n > (f->size - at - 4) / element) f->broken = true;
	if (f->broken) *n = 0;
	return at + 4;
}

size_t flat_element(flat *f, size_t elements, uint32_t i) {
	size_t at = elements + 4 * (size_t)i;
	return at + flat_get32(f, at);
}

flat flat_bytes(flat *f, size_t at) {
	uint32_t n = flat_get32(f, at);
	if (!f->broken && n > f->size - at - 4) f->broken = true;
	if (f->broken) return (flat){f->bytes, 0, true};
	return (flat){f->bytes + at + 4, n, false};
}
