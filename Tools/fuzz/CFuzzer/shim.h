#ifndef SLUICE_CFUZZER_SHIM_H
#define SLUICE_CFUZZER_SHIM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <librtmp/rtmp.h>

// libFuzzer as a library; the runtime comes with -sanitize=fuzzer.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));

// Bytes as if read from the socket, of which there is none: after them librtmp sees a closed connection.
static inline size_t sluice_fuzz_rtmp_feed(RTMP *rtmp, const uint8_t *bytes, size_t count) {
    size_t room = sizeof(rtmp->m_sb.sb_buf) - 1;
    if (count > room) count = room;
    memcpy(rtmp->m_sb.sb_buf, bytes, count);
    rtmp->m_sb.sb_start = rtmp->m_sb.sb_buf;
    rtmp->m_sb.sb_size = (int)count;
    rtmp->m_sb.sb_socket = -1;
    return count;
}

#endif
