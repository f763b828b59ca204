#include "heif.h"

#include <stdio.h>

static int failed(heif_picture *p, heif_error e) {
	if (e.code != 0)
		snprintf(p->message, sizeof p->message, "%s", e.message != NULL ? e.message : "no message");
	return e.code;
}

// copy turns RGB into BGR.
static int copy(const heif_api *api, heif_picture *p, const void *image) {
	int stride = 0;
	const uint8_t *rgb = api->plane(image, heif_channel_interleaved, &stride);
	if (rgb == NULL || stride < 3 * p->width || api->image_width(image, heif_channel_interleaved) != p->width ||
	    api->image_height(image, heif_channel_interleaved) != p->height)
		return -1;
	for (int y = 0; y < p->height; y++) {
		const uint8_t *from = rgb + (size_t)y * stride;
		uint8_t *to = p->bgr + (size_t)y * p->width * 3;
		for (int x = 0; x < p->width; x++, from += 3, to += 3) {
			to[0] = from[2];
			to[1] = from[1];
			to[2] = from[0];
		}
	}
	return 0;
}

static int decode(const heif_api *api, heif_picture *p, const void *handle) {
	heif_options *o = api->options_alloc();
	if (o == NULL) {
		snprintf(p->message, sizeof p->message, "no memory");
		return -2;
	}
	if (o->version >= 2)
		o->convert_hdr_to_8bit = 1;
	if (o->version >= 3)
		o->strict_decoding = 1;
	void *image = NULL;
	int status = failed(p, api->decode(handle, &image, heif_color_rgb, heif_chroma_rgb, o));
	api->options_free(o);
	if (status == 0)
		status = copy(api, p, image);
	if (image != NULL)
		api->image_release(image);
	return status;
}

int heif_run(const heif_api *api, heif_picture *p) {
	void *context = api->context_alloc(), *handle = NULL;
	if (context == NULL) {
		snprintf(p->message, sizeof p->message, "no memory");
		return -2;
	}
	int status = failed(p, api->read(context, p->data, p->size, NULL));
	if (status == 0)
		status = failed(p, api->primary(context, &handle));
	if (status == 0 && p->bgr == NULL) {
		p->width = api->handle_width(handle);
		p->height = api->handle_height(handle);
	} else if (status == 0)
		status = decode(api, p, handle);
	if (handle != NULL)
		api->handle_release(handle);
	api->context_free(context);
	return status;
}

void heif_start(const heif_api *api) {
	if (api->init != NULL)
		api->init(NULL);
}

int heif_has_decoder(const heif_api *api, int compression) { return api->have_decoder(compression); }
