/// The start of a PES packet with its times. ISO/IEC 13818-1:2022, clause 2.4.3.6.
struct PESHeader {
    var streamID: UInt8
    /// 90 kHz, not yet wrapped.
    var presentationTime: Int64
    /// 90 kHz, not yet wrapped; written only where it differs from the presentation time.
    var decodeTime: Int64
    /// Bytes of the elementary stream in this packet.
    var payloadSize: Int

    /// The largest payload whose length the 16-bit field can say with any header written here.
    static let largestBoundedPayload = 65_535 - 13

    static func size(hasDecodeTime: Bool) -> Int { hasDecodeTime ? 19 : 14 }

    var hasDecodeTime: Bool { presentationTime & TransportTime.mask != decodeTime & TransportTime.mask }

    var bytes: [UInt8] {
        // 0 says "until the next start", which only video may use.
        let length = payloadSize > Self.largestBoundedPayload ? 0 : payloadSize + (hasDecodeTime ? 13 : 8)
        // '10', data_alignment_indicator: an access unit or an ADTS frame follows the header at once.
        let fixed: [UInt8] = [
            0, 0, 1, streamID, UInt8(length >> 8), UInt8(length & 0xFF), 0x84,
            hasDecodeTime ? 0xC0 : 0x80, hasDecodeTime ? 10 : 5,
        ]
        if hasDecodeTime {
            return fixed + TransportTime.timestamp(presentationTime, prefix: 3)
                + TransportTime.timestamp(decodeTime, prefix: 1)
        }
        return fixed + TransportTime.timestamp(presentationTime, prefix: 2)
    }
}
