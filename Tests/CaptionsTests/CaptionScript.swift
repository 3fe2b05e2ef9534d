import Captions

/// Bytes of CEA-608 as an encoder writes them: with odd parity, control codes twice.
enum CaptionScript {
    static func parity(_ byte: UInt8) -> UInt8 { byte.nonzeroBitCount % 2 == 0 ? byte | 0x80 : byte }

    static func pair(_ first: UInt8, _ second: UInt8, field: Int = 0) -> CaptionPair {
        CaptionPair(field: field, first: parity(first), second: parity(second))
    }

    static func control(_ first: UInt8, _ second: UInt8, field: Int = 0) -> [CaptionPair] {
        [CaptionPair](repeating: pair(first, second, field: field), count: 2)
    }

    static func text(_ text: String, field: Int = 0) -> [CaptionPair] {
        var bytes = Array(text.utf8)
        if bytes.count % 2 == 1 { bytes.append(0) }
        return stride(from: 0, to: bytes.count, by: 2).map { pair(bytes[$0], bytes[$0 + 1], field: field) }
    }

    /// Prepared and then shown at once, in rows 14 and 15.
    static func popOn(_ lines: [String], channel: UInt8 = 0, field: Int = 0) -> [CaptionPair] {
        let code = 0x14 | channel << 3
        var pairs = control(code, 0x20, field: field) + control(code, 0x2E, field: field)
        for (index, line) in lines.enumerated() {
            pairs += control(code, index == 0 ? 0x40 : 0x60, field: field) + text(line, field: field)
        }
        return pairs + control(code, 0x2F, field: field)
    }

    static let erase = control(0x14, 0x2C)
}
