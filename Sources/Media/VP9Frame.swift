/// What a VP9 frame's first byte says. VP9 Bitstream and Decoding Process Specification 0.7, clause 6.2.
package enum VP9Frame {
    /// Whether decoding can begin with the frame; nil for what is none.
    package static func isKey(_ bytes: [UInt8]) -> Bool? {
        guard let first = bytes.first, first >> 6 == 2 else { return nil }
        // Profile 3 has a reserved bit more.
        let head = first & 0x30 == 0x30 ? first << 5 : first << 4
        let showsExisting = head & 0x80 != 0
        return !showsExisting && head & 0x40 == 0
    }
}
