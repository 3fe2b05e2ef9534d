// What Swift does not import from FFmpeg's headers: macros, and setters for structures best filled in C.
#ifndef SLUICE_CFFMPEG_SHIM_H
#define SLUICE_CFFMPEG_SHIM_H

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libavutil/buffer.h>
#include <libavutil/channel_layout.h>
#include <libavutil/cpu.h>
#include <libavutil/error.h>
#include <libavutil/frame.h>
#include <libavutil/imgutils.h>
#include <libavutil/log.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libavutil/samplefmt.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>

static const int64_t sluice_no_pts = AV_NOPTS_VALUE;
static const int sluice_averror_eagain = AVERROR(EAGAIN);
static const int sluice_averror_eof = AVERROR_EOF;
static const int sluice_averror_enomem = AVERROR(ENOMEM);
static const int sluice_averror_invalid_data = AVERROR_INVALIDDATA;
static const int sluice_averror_encoder_not_found = AVERROR_ENCODER_NOT_FOUND;
static const int sluice_averror_decoder_not_found = AVERROR_DECODER_NOT_FOUND;
static const int sluice_averror_stream_not_found = AVERROR_STREAM_NOT_FOUND;
static const int sluice_averror_einval = AVERROR(EINVAL);
static const int sluice_input_padding = AV_INPUT_BUFFER_PADDING_SIZE;
static const int sluice_packet_is_key = AV_PKT_FLAG_KEY;
static const int sluice_log_quiet = AV_LOG_QUIET;
static const int sluice_log_error = AV_LOG_ERROR;
static const int sluice_log_warning = AV_LOG_WARNING;
static const int sluice_log_info = AV_LOG_INFO;
static const int sluice_log_debug = AV_LOG_DEBUG;
static const unsigned sluice_flag_global_header = AV_CODEC_FLAG_GLOBAL_HEADER;
static const unsigned sluice_flag_closed_gop = AV_CODEC_FLAG_CLOSED_GOP;

// A frame whose pixels or samples lie in one buffer taken from a pool; the frame owns the buffer afterwards.
static inline int sluice_frame_attach(AVFrame *frame, AVBufferRef *buffer, int alignment) {
    frame->buf[0] = buffer;
    return av_image_fill_arrays(frame->data, frame->linesize, buffer->data, (enum AVPixelFormat)frame->format,
                                frame->width, frame->height, alignment);
}

// Stereo, mono and so on, by the number of channels alone.
static inline void sluice_set_default_layout(AVCodecContext *context, int channels) {
    av_channel_layout_default(&context->ch_layout, channels);
}

static inline void sluice_frame_set_default_layout(AVFrame *frame, int channels) {
    av_channel_layout_default(&frame->ch_layout, channels);
}

// A file in memory names no others: what a demuxer asks to open beside it is refused.
static inline int sluice_refuse_open(AVFormatContext *context, AVIOContext **io, const char *url, int flags,
                                     AVDictionary **options) {
    (void)context;
    (void)io;
    (void)url;
    (void)flags;
    (void)options;
    return AVERROR(EPERM);
}

static inline void sluice_refuse_files(AVFormatContext *context) {
    context->flags |= AVFMT_FLAG_CUSTOM_IO;
    context->io_open = sluice_refuse_open;
}

// How encoders that take a quantiser count it.
static const int sluice_quality_unit = FF_QP2LAMBDA;
static const unsigned sluice_flag_quality = AV_CODEC_FLAG_QSCALE;
static const unsigned sluice_flag_exact = AV_CODEC_FLAG_BITEXACT;

static const int sluice_seek_size = AVSEEK_SIZE;
static const int sluice_stream_is_cover = AV_DISPOSITION_ATTACHED_PIC;
static const int sluice_packet_is_discarded = AV_PKT_FLAG_DISCARD;

// yuvj420p and its like are yuv420p with full range: one name for one layout.
static inline enum AVPixelFormat sluice_without_range(enum AVPixelFormat format) {
    switch (format) {
    case AV_PIX_FMT_YUVJ420P: return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P: return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ444P: return AV_PIX_FMT_YUV444P;
    case AV_PIX_FMT_YUVJ440P: return AV_PIX_FMT_YUV440P;
    default: return format;
    }
}

#endif
