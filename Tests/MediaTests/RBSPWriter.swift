/// Writes the bits of a NAL unit's payload, for tests that parse them again.
struct RBSPWriter {
    private(set) var bits: [Bool] = []

    mutating func write(_ value: UInt32, _ count: Int) {
        for index in 0..<count { bits.append(value >> UInt32(count - 1 - index) & 1 == 1) }
    }

    mutating func flag(_ value: Bool) { bits.append(value) }

    /// ue(v)
    mutating func unsigned(_ value: UInt32) {
        let code = UInt64(value) + 1
        let length = 64 - code.leadingZeroBitCount
        bits.append(contentsOf: repeatElement(false, count: length - 1))
        for index in 0..<length { bits.append(code >> UInt64(length - 1 - index) & 1 == 1) }
    }

    /// se(v)
    mutating func signed(_ value: Int32) {
        unsigned(value > 0 ? UInt32(value) * 2 - 1 : UInt32(-Int64(value)) * 2)
    }

    /// The payload in whole bytes, filled up with ones as cabac_alignment_one_bit does.
    var bytes: [UInt8] {
        var padded = bits
        while padded.count % 8 != 0 { padded.append(true) }
        return stride(from: 0, to: padded.count, by: 8).map { start in
            padded[start..<start + 8].reduce(0) { $0 << 1 | ($1 ? 1 : 0) }
        }
    }

    /// The NAL unit: `header`, the payload and `data` after it, with emulation prevention bytes. Also the
    /// offset in it of the payload's last byte, plus one.
    func nalUnit(header: UInt8, data: [UInt8] = []) -> (bytes: [UInt8], payloadEnd: Int) {
        nalUnit(header: [header], data: data)
    }

    func nalUnit(header: [UInt8], data: [UInt8] = []) -> (bytes: [UInt8], payloadEnd: Int) {
        let payload = bytes
        var nal = header
        var zeros = 0
        var end = header.count
        for (index, byte) in (payload + data).enumerated() {
            if zeros == 2, byte <= 3 {
                nal.append(3)
                zeros = 0
            }
            nal.append(byte)
            zeros = byte == 0 ? zeros + 1 : 0
            if index == payload.count - 1 { end = nal.count }
        }
        return (nal, end)
    }
}

/// A small generator with a fixed seed (Steele, Lea, Flood 2014).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
