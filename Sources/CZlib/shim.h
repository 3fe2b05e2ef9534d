#pragma once
#include <zlib.h>

// deflateInit2 is a macro that passes the header's version on.
static inline int sluice_deflate_init_gzip(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}
