// The functions of the system's ffmpeg libraries, found when the first movie is opened. Their structs are laid out as
// the headers say only in libraries of the headers' major version, which is in the name that is loaded.
#ifndef CORALLITE_LIBAV_LOAD_H
#define CORALLITE_LIBAV_LOAD_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/hwcontext.h>
#include <libavutil/log.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libavutil/time.h>
#include <libswscale/swscale.h>

// The functions that are called, by the library that has them.
#define LIBAV_FUNCTIONS(FORMAT, CODEC, UTIL) \
  FORMAT(avformat_alloc_context) FORMAT(av_guess_format) FORMAT(avformat_new_stream) FORMAT(avformat_write_header) \
  FORMAT(av_write_frame) FORMAT(av_write_trailer) FORMAT(avformat_free_context) FORMAT(avio_alloc_context) \
  FORMAT(avio_context_free) FORMAT(avio_flush) FORMAT(avformat_open_input) FORMAT(avformat_close_input) \
  FORMAT(avformat_find_stream_info) FORMAT(av_find_best_stream) FORMAT(av_find_input_format) FORMAT(av_read_frame) \
  FORMAT(av_guess_frame_rate) FORMAT(av_guess_sample_aspect_ratio) FORMAT(avformat_network_init) FORMAT(avformat_query_codec) \
  CODEC(avcodec_find_encoder_by_name) CODEC(avcodec_find_decoder) CODEC(avcodec_find_decoder_by_name) CODEC(avcodec_get_hw_config) CODEC(avcodec_get_name) CODEC(avcodec_alloc_context3) \
  CODEC(avcodec_open2) CODEC(avcodec_free_context) CODEC(avcodec_parameters_from_context) \
  CODEC(avcodec_parameters_to_context) CODEC(avcodec_send_frame) CODEC(avcodec_receive_packet) \
  CODEC(avcodec_send_packet) CODEC(avcodec_receive_frame) CODEC(av_packet_alloc) CODEC(av_packet_free) \
  CODEC(av_packet_unref) CODEC(av_new_packet) CODEC(av_packet_rescale_ts) LIBAV_SIDE_DATA(FORMAT, CODEC) \
  UTIL(av_frame_alloc) UTIL(av_frame_free) UTIL(av_frame_ref) UTIL(av_frame_unref) UTIL(av_frame_move_ref) \
  UTIL(av_frame_get_buffer) UTIL(av_frame_copy_props) UTIL(av_hwdevice_find_type_by_name) UTIL(av_hwdevice_ctx_create) \
  UTIL(av_hwframe_transfer_data) UTIL(av_frame_make_writable) UTIL(av_frame_is_writable) UTIL(av_frame_get_side_data) \
  UTIL(av_opt_set) UTIL(av_dict_set) UTIL(av_dict_get) UTIL(av_dict_free) UTIL(av_malloc) UTIL(av_freep) UTIL(av_strerror) \
  UTIL(av_log_set_level) UTIL(av_log_set_callback) UTIL(av_log_default_callback) UTIL(av_rescale_q) \
  UTIL(av_gettime_relative) UTIL(av_pix_fmt_desc_get) UTIL(av_get_pix_fmt_name) UTIL(av_color_space_name) \
  UTIL(av_color_range_name) UTIL(av_color_transfer_name) UTIL(av_color_primaries_name)

// ffmpeg 6.1 calls av_stream_get_side_data deprecated, and 5.1 has nothing else.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

// Where the display matrix of a stream is found, which changed between ffmpeg 6 and 7.
#if LIBAVFORMAT_VERSION_MAJOR >= 61
#define LIBAV_SIDE_DATA(FORMAT, CODEC) CODEC(av_packet_side_data_get) CODEC(av_packet_side_data_new)
#else
#define LIBAV_SIDE_DATA(FORMAT, CODEC) FORMAT(av_stream_get_side_data) FORMAT(av_stream_new_side_data)
#endif

#define LIBAV_DECLARE(name) extern __typeof__(name) *p_##name;
LIBAV_FUNCTIONS(LIBAV_DECLARE, LIBAV_DECLARE, LIBAV_DECLARE)

// libav_load loads libavformat, libavcodec and libavutil. NULL, or words that stay valid.
const char *libav_load(void);

// The functions of libswscale, which few videos need; libav_load_scale loads it.
#define LIBAV_SCALE_FUNCTIONS(SCALE) \
  SCALE(sws_getCachedContext) SCALE(sws_freeContext) SCALE(sws_scale) SCALE(sws_setColorspaceDetails) \
  SCALE(sws_getCoefficients) SCALE(sws_isSupportedInput)
LIBAV_SCALE_FUNCTIONS(LIBAV_DECLARE)

const char *libav_load_scale(void);

#endif
