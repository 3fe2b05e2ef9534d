extension AC3Configuration {
    /// What the head of a syncframe says of the stream. ETSI TS 102 366 V1.4.1, clauses 4.3 and 4.4.2.
    ///
    /// - Throws: for what is no AC-3 syncframe; E-AC-3 has a bsid above 10.
    package init(syncFrame frame: [UInt8]) throws(ParseError) {
        var bits = BitReader(frame.count > 16 ? Array(frame[..<16]) : frame)
        guard try bits.read(16) == 0x0B77 else { throw ParseError(.invalid, at: 0, "no AC-3 syncword") }
        try bits.skip(16)
        let rate = try bits.read(2)
        let size = try bits.read(6)
        let id = try bits.read(5)
        guard id <= 8, size < 38 else { throw ParseError(.invalid, at: 4, "AC-3 with bsid \(id), frmsizecod \(size)") }
        let mode = try bits.read(3)
        let coding = try bits.read(3)
        if coding & 1 == 1, coding != 1 { try bits.skip(2) }
        if coding & 4 == 4 { try bits.skip(2) }
        if coding == 2 { try bits.skip(2) }
        let lfe = try bits.read(1)
        var writer = ByteWriter()
        writer.writeUInt24(rate << 22 | id << 17 | mode << 14 | coding << 11 | lfe << 10 | (size >> 1) << 5)
        try self.init(parsing: writer.bytes)
    }

    /// How many syncframes fill `bytes` exactly; nil for anything else. ETSI TS 102 366 V1.4.1, table 4.13.
    package static func frameCount(in bytes: [UInt8]) -> Int? {
        var offset = 0
        var count = 0
        while offset < bytes.count {
            guard bytes.count - offset >= 5, bytes[offset] == 0x0B, bytes[offset + 1] == 0x77 else { return nil }
            let code = Int(bytes[offset + 4] & 0x3F)
            guard code < 2 * bitRates.count else { return nil }
            let rate = bitRates[code / 2]
            let words: Int
            switch bytes[offset + 4] >> 6 {
            case 0: words = rate * 2
            case 1: words = rate * 320 / 147 + code % 2
            case 2: words = rate * 3
            default: return nil
            }
            offset += words * 2
            count += 1
        }
        return offset == bytes.count && count > 0 ? count : nil
    }

    /// kbit/s, by frmsizecod / 2.
    private static let bitRates = [
        32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640,
    ]
}
