#ifndef SLUICE_CRTMP_SHIM_H
#define SLUICE_CRTMP_SHIM_H

#include <librtmp/rtmp.h>
#include <librtmp/log.h>

// struct RTMP holds a 16 KiB buffer by value, which Swift would see as a tuple of 16,384 members: its fields are
// reached by functions.

static inline void sluice_rtmp_ignore_log(int level, const char *format, va_list arguments) {
    (void)level;
    (void)format;
    (void)arguments;
}

// Process-global. librtmp's own callback writes peer bytes, stream keys among them, to stderr.
static inline void sluice_rtmp_silence(void) {
    RTMP_LogSetCallback(sluice_rtmp_ignore_log);
    RTMP_LogSetLevel(RTMP_LOGCRIT);
}

static inline void sluice_rtmp_set_socket(RTMP *rtmp, int socket) { rtmp->m_sb.sb_socket = socket; }

static inline void sluice_rtmp_set_in_chunk_size(RTMP *rtmp, int size) { rtmp->m_inChunkSize = size; }

static inline void sluice_rtmp_set_out_chunk_size(RTMP *rtmp, int size) { rtmp->m_outChunkSize = size; }

// The bytes read since the last call. librtmp counts in an int, which would overflow after 2 GiB.
static inline int sluice_rtmp_take_bytes_in(RTMP *rtmp) {
    int count = rtmp->m_nBytesIn;
    rtmp->m_nBytesIn = 0;
    return count;
}

// Abort Message (RTMP 1.0, clause 5.4.2), which RTMP_ReadPacket leaves to its caller: drops what was received of
// an unfinished message, and keeps the header for the chunks that refer to it.
static inline void sluice_rtmp_abort(RTMP *rtmp, int channel) {
    if (channel < 0 || channel >= rtmp->m_channelsAllocatedIn || !rtmp->m_vecChannelsIn[channel]) return;
    RTMPPacket *packet = rtmp->m_vecChannelsIn[channel];
    RTMPPacket_Free(packet);
    packet->m_nBytesRead = 0;
    packet->m_hasAbsTimestamp = 0;
}

#endif
