/// What an Opus packet's first bytes say. RFC 6716, clause 3.1.
package enum OpusPacket {
    /// Samples at 48 kHz, 120 to 5760; nil for what is no packet.
    package static func sampleCount(of packet: [UInt8]) -> UInt32? {
        guard let first = packet.first else { return nil }
        let configuration = first >> 3
        let frame: UInt32 =
            switch configuration {
            // SILK: 10, 20, 40, 60 ms.
            case 0...11: [480, 960, 1920, 2880][Int(configuration & 3)]
            // Hybrid: 10, 20 ms.
            case 12...15: [480, 960][Int(configuration & 1)]
            // CELT: 2.5, 5, 10, 20 ms.
            default: [120, 240, 480, 960][Int(configuration & 3)]
            }
        let count: UInt32
        switch first & 3 {
        case 0: count = 1
        case 1, 2: count = 2
        default:
            guard packet.count >= 2 else { return nil }
            count = UInt32(packet[1] & 0x3F)
        }
        let samples = frame * count
        return (120...5760).contains(samples) ? samples : nil
    }
}

extension OpusConfiguration {
    /// - Parameter header: an identification header, `OpusHead`, whose numbers are little-endian. RFC 7845, clause 5.1.
    package init(identificationHeader header: [UInt8]) throws(ParseError) {
        guard header.starts(with: Array("OpusHead".utf8)), header.count >= 19 else {
            throw ParseError(.invalid, at: 0, "an Opus identification header of \(header.count) bytes")
        }
        // 1 to 15 are compatible with 1; the box's version is 0.
        guard header[8] < 16 else { throw ParseError(.unsupported, at: 8, "OpusHead version \(header[8])") }
        var box: [UInt8] = [0, header[9], header[11], header[10]]
        box += [header[15], header[14], header[13], header[12], header[17], header[16]]
        try self.init(parsing: box + header[18...])
    }

    /// One or two channels without mapping: what is sent where nothing else is said.
    package init(channels: UInt8) throws(ParseError) {
        try self.init(parsing: [0, channels, 0, 0, 0, 0, 0xBB, 0x80, 0, 0, 0])
    }

    /// The identification header that says the same. RFC 7845, clause 5.1.
    package var identificationHeader: [UInt8] {
        var header = Array("OpusHead".utf8) + [1, channels]
        header += [UInt8(truncatingIfNeeded: preSkip), UInt8(truncatingIfNeeded: preSkip >> 8)]
        for shift in [0, 8, 16, 24] as [UInt32] { header.append(UInt8(truncatingIfNeeded: inputSampleRate >> shift)) }
        let gain = UInt16(bitPattern: outputGain)
        return header + [UInt8(truncatingIfNeeded: gain), UInt8(truncatingIfNeeded: gain >> 8)] + bytes[10...]
    }
}
