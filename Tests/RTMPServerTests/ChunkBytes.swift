import FLV

/// The encoder's side of RTMP, byte by byte: Adobe RTMP specification 1.0 (2012), clauses 5.2 and 5.3.
enum ChunkBytes {
    /// C0, C1 and C2.
    static let handshake: [UInt8] = [3] + [UInt8](repeating: 0, count: 1536) + [UInt8](repeating: 7, count: 1536)

    /// A basic header in its shortest form.
    static func basic(_ format: UInt8, _ stream: Int) -> [UInt8] {
        switch stream {
        case ..<64: [format << 6 | UInt8(stream)]
        case ..<320: [format << 6, UInt8(stream - 64)]
        default: [format << 6 | 1, UInt8((stream - 64) & 0xFF), UInt8((stream - 64) >> 8)]
        }
    }

    static func number(_ value: UInt32, bytes: Int) -> [UInt8] {
        (0..<bytes).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * (bytes - 1 - $0))) }
    }

    /// A whole header of `format`, with the fields that this format has.
    static func header(
        _ format: UInt8, stream: Int, timestamp: UInt32 = 0, length: Int = 0, type: UInt8 = 0, streamID: UInt8 = 0
    ) -> [UInt8] {
        var bytes = basic(format, stream)
        if format < 3 { bytes += number(min(timestamp, 0xFFFFFF), bytes: 3) }
        if format < 2 { bytes += number(UInt32(length), bytes: 3) + [type] }
        if format < 1 { bytes += [streamID, 0, 0, 0] }
        if format < 3, timestamp >= 0xFFFFFF { bytes += number(timestamp, bytes: 4) }
        return bytes
    }

    /// A message in chunks, its first header of `format`.
    static func message(
        _ type: UInt8, _ body: [UInt8], stream: Int = 3, format: UInt8 = 0, timestamp: UInt32 = 0, chunkSize: Int = 128
    ) -> [UInt8] {
        var bytes = header(
            format, stream: stream, timestamp: timestamp, length: body.count, type: type, streamID: type == 20 ? 0 : 1)
        var offset = 0
        repeat {
            let end = min(offset + chunkSize, body.count)
            bytes += body[offset..<end]
            offset = end
            if offset < body.count {
                bytes += basic(3, stream)
                if timestamp >= 0xFFFFFF { bytes += number(timestamp, bytes: 4) }
            }
        } while offset < body.count
        return bytes
    }

    static func command(_ values: [AMF0]) -> [UInt8] { message(20, AMF0.serialize(values)) }

    static func connect(app: String) -> [UInt8] {
        command([.string("connect"), .number(1), .object([.init("app", .string(app))])])
    }

    static func publish(_ name: String) -> [UInt8] {
        command([.string("publish"), .number(5), .null, .string(name), .string("live")])
    }

    /// What an encoder sends up to its first picture.
    static func opening(app: String = "news", key: String = "secret-key") -> [UInt8] {
        handshake + connect(app: app) + command([.string("createStream"), .number(4), .null]) + publish(key)
    }

    /// The start of a message of 200 bytes, then a type-1 header on its chunk stream that announces 16 MiB: what
    /// makes librtmp write past the end of the first message's block.
    static func overflow(total: Int) -> [UInt8] {
        var bytes = header(0, stream: 3, length: 200, type: 20) + [UInt8](repeating: 0x41, count: 128)
        bytes += message(1, number(0xFF_FFFF, bytes: 4), stream: 2)
        bytes += header(1, stream: 3, length: 0xFF_FFFF, type: 20)
        bytes += [UInt8](repeating: 0x42, count: total)
        return bytes
    }
}
