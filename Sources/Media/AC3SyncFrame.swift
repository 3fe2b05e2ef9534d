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
}
