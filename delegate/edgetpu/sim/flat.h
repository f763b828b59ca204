// Reading FlatBuffers (https://flatbuffers.dev/internals/), every step checked against the buffer.
#ifndef CORALLITE_SIM_FLAT_H
#define CORALLITE_SIM_FLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// flat is a FlatBuffer. A read outside of it gives 0 and sets broken.
typedef struct {
	const uint8_t *bytes;
	size_t size;
	bool broken;
} flat;

// flat_number reads a little-endian number of 1, 2, 4 or 8 bytes.
uint64_t flat_number(flat *f, size_t at, size_t width);

uint32_t flat_get32(flat *f, size_t at);

// flat_root is where the root table lies.
size_t flat_root(flat *f);

// flat_field is where a table's field lies, 0 when it is absent.
size_t flat_field(flat *f, size_t table, int id);

// flat_value is a table's number of that width, 0 when it is absent.
uint64_t flat_value(flat *f, size_t table, int id, size_t width);

// flat_vector is where a vector's elements of that size start; 0 and no elements when it is absent.
size_t flat_vector(flat *f, size_t table, int id, size_t element, uint32_t *n);

// flat_element is what element i of a vector of offsets leads to.
size_t flat_element(flat *f, size_t elements, uint32_t i);

// flat_bytes is the vector of bytes that starts, with its length, at a position.
flat flat_bytes(flat *f, size_t at);

#endif
