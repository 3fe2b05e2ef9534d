package import Media

/// Two bytes of CEA-608, as a frame of one of its fields carries them.
package struct CaptionPair: Sendable, Hashable {
    /// 0 or 1.
    package let field: Int
    /// With their parity bits.
    package let first: UInt8
    package let second: UInt8

    package init(field: Int, first: UInt8, second: UInt8) {
        self.field = field
        self.first = first
        self.second = second
    }
}

/// Where captions lie in a picture: ATSC A/53 part 4 (2009), clause 6.2.3, in SEI messages of registered user data.
package enum CaptionData {
    /// The CEA-608 pairs of a picture, in the order in which they are sent; none where it has none.
    ///
    /// - Parameters:
    ///   - sample: NAL units behind 4-byte lengths.
    ///   - isHEVC: H.265 in place of H.264.
    /// - Throws: for a sample that is broken; a message that is says nothing.
    package static func pairs(in sample: [UInt8], isHEVC: Bool) throws(ParseError) -> [CaptionPair] {
        var pairs: [CaptionPair] = []
        var cursor = NALUnitCursor(lengthSize: 4)
        let bytes = sample.span
        while let range = try cursor.next(in: bytes) {
            guard !range.isEmpty else { continue }
            let first = bytes[range.lowerBound]
            // Prefix SEI. ITU-T H.264, table 7-1; ITU-T H.265, table 7-1.
            guard isHEVC ? first >> 1 & 0x3F == 39 : first & 0x1F == 6 else { continue }
            var message = RBSPReader(bytes.extracting(range), headerSize: isHEVC ? 2 : 1)
            readMessages(&message, into: &pairs)
        }
        return pairs
    }

    /// No picture has more: 31 triplets in a message, and as many as anybody sends.
    private static let mostPairs = 128

    /// ITU-T H.264, clause 7.3.2.3.1: types and sizes are sums of bytes.
    @_lifetime(reader: copy reader)
    private static func readMessages(_ reader: inout RBSPReader, into pairs: inout [CaptionPair]) {
        do throws(ParseError) {
            // The last byte has the stop bit alone; a message has two bytes at least.
            while pairs.count < mostPairs {
                let type = try readSum(&reader)
                let size = try readSum(&reader)
                guard size > 0 else { continue }
                // Type 4: registered by ITU-T T.35.
                guard type == 4 else {
                    for _ in 0..<size { _ = try reader.read(8) }
                    continue
                }
                var body: [UInt8] = []
                for _ in 0..<size { body.append(UInt8(truncatingIfNeeded: try reader.read(8))) }
                pairs += captions(in: body)
            }
        } catch {
            // Behind the last message, or inside one that is cut off: what came before it stays.
            return
        }
    }

    @_lifetime(reader: copy reader)
    private static func readSum(_ reader: inout RBSPReader) throws(ParseError) -> Int {
        var sum = 0
        while sum < 1 << 16 {
            let byte = Int(try reader.read(8))
            sum += byte
            if byte < 255 { return sum }
        }
        throw ParseError(.tooLarge, at: 0, "an SEI message of \(sum) bytes or more")
    }

    /// cc_data: country, provider, "GA94", type 3, flags with a count, and that many triplets.
    private static func captions(in body: [UInt8]) -> [CaptionPair] {
        let head: [UInt8] = [0xB5, 0x00, 0x31, 0x47, 0x41, 0x39, 0x34, 0x03]
        guard body.starts(with: head), body.count >= 10, body[8] & 0x40 != 0 else { return [] }
        var pairs: [CaptionPair] = []
        var place = 10
        for _ in 0..<Int(body[8] & 0x1F) {
            guard place + 3 <= body.count else { break }
            let (marker, first, second) = (body[place], body[place + 1], body[place + 2])
            place += 3
            // Types 0 and 1 are the fields of CEA-608; 2 and 3 are CEA-708.
            guard marker & 0x04 != 0, marker & 0x03 < 2 else { continue }
            pairs.append(CaptionPair(field: Int(marker & 0x03), first: first, second: second))
        }
        return pairs
    }
}
