#ifndef CORALLITE_HEIF_H
#define CORALLITE_HEIF_H

#include <stddef.h>
#include <stdint.h>

// What is used of libheif's interface (heif.h of 1.15 to 1.20, whose layout has not changed since 1.11), written down here so
// that building needs no header.

typedef struct {
	int code, subcode;
	const char *message;
} heif_error;

typedef struct {
	uint8_t version, ignore_transformations;
	void (*start_progress)(int, int, void *);
	void (*on_progress)(int, int, void *);
	void (*end_progress)(int, void *);
	void *progress_user_data;
	uint8_t convert_hdr_to_8bit; // version 2
	uint8_t strict_decoding;     // version 3
} heif_options;

enum { heif_color_rgb = 1, heif_chroma_rgb = 10, heif_channel_interleaved = 10 };

// Codes of errors (heif_error_code).
enum { heif_unsupported_filetype = 3, heif_unsupported_feature = 4 };

// heif_api has the functions of the library, as dlsym gives them. init may be missing (before 1.13).
typedef struct {
	heif_error (*init)(void *);
	void *(*context_alloc)(void);
	void (*context_free)(void *);
	heif_error (*read)(void *, const void *, size_t, const void *);
	heif_error (*primary)(void *, void **);
	void (*handle_release)(const void *);
	int (*handle_width)(const void *);
	int (*handle_height)(const void *);
	heif_options *(*options_alloc)(void);
	void (*options_free)(heif_options *);
	heif_error (*decode)(const void *, void **, int, int, const heif_options *);
	void (*image_release)(const void *);
	int (*image_width)(const void *, int);
	int (*image_height)(const void *, int);
	const uint8_t *(*plane)(const void *, int, int *);
	int (*have_decoder)(int);
} heif_api;

// heif_picture is a file and what is made of it.
typedef struct {
	const void *data;
	size_t size;
	int width, height; // of the first picture, upright
	uint8_t *bgr;      // width × height × 3 bytes, where it is to be decoded; NULL: only width and height are read
	char message[256]; // libheif's, after an error
} heif_picture;

// heif_run reads the file, and decodes it if there is memory to decode into, of the size that width and height say. It returns 0,
// libheif's error, or -1 if what came out has another size.
int heif_run(const heif_api *api, heif_picture *p);

// heif_start is heif_init, which loads the decoders that are plug-ins.
void heif_start(const heif_api *api);

int heif_has_decoder(const heif_api *api, int compression);

#endif
