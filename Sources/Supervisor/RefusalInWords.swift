import FLV

/// An answer to the first part of RTMP's handshake that needs to know nothing more of the encoder: the rest of the
/// handshake, and the refusal of the connect command that comes next, whose transaction is always the first.
/// Adobe RTMP specification 1.0 (2012), clauses 5.2 and 7.2.1.1.
enum RefusalInWords {
    /// C0 and C1.
    static let firstPart = 1537

    /// - Parameters:
    ///   - opening: C0 and C1 as they came.
    ///   - description: what encoders show their user; no secrets.
    static func answer(to opening: [UInt8], description: String) -> [UInt8] {
        let challenge = opening.dropFirst()
        // S0 and S1 (time 0, zero, anything), S2 as the echo of C1.
        var bytes: [UInt8] = [3] + [UInt8](repeating: 0, count: 8)
        bytes += (0..<1528).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ 7) }
        bytes += challenge
        let body = AMF0.serialize([
            .string("_error"), .number(1), .null,
            .object([
                .init("level", .string("error")), .init("code", .string("NetConnection.Connect.Rejected")),
                .init("description", .string(description)),
            ]),
        ])
        return bytes + command(body)
    }

    /// A command message on chunk stream 3, in chunks of 128 bytes.
    private static func command(_ body: [UInt8]) -> [UInt8] {
        let length = UInt32(clamping: body.count)
        var bytes: [UInt8] = [3, 0, 0, 0]
        bytes += [UInt8(truncatingIfNeeded: length >> 16), UInt8(truncatingIfNeeded: length >> 8)]
        bytes += [UInt8(truncatingIfNeeded: length), 20, 0, 0, 0, 0]
        for start in stride(from: 0, to: body.count, by: 128) {
            if start > 0 { bytes.append(0xC3) }
            bytes += body[start..<min(start + 128, body.count)]
        }
        return bytes
    }
}
