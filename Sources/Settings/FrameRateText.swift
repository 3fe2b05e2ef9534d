package import Media

extension FrameRate {
    /// `30`, `30000/1001`, or one of the usual decimals for it: 23.976, 29.97, 59.94, 119.88. 1 to 120 frames a second.
    package init?(parsing text: String) {
        let usual: [String: UInt32] = [
            "23.976": 24000, "23.98": 24000, "29.97": 30000, "59.94": 60000, "119.88": 120_000,
        ]
        if let numerator = usual[text] {
            self.init(numerator, 1001)
            return
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count),
            parts.allSatisfy({ (1...6).contains($0.utf8.count) && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let numerator = UInt32(parts[0]), let denominator = UInt32(parts.count == 2 ? parts[1] : "1"),
            (1...10000).contains(denominator), numerator >= denominator, numerator <= 120 * denominator
        else { return nil }
        let divisor = Self.greatestCommonDivisor(numerator, denominator)
        self.init(numerator / divisor, denominator / divisor)
    }

    /// The rates of NTSC, a thousandth below a whole number: their segments are not whole seconds.
    package var isNTSC: Bool { denominator == 1001 && numerator % 1000 == 0 }

    /// The frames of a segment, by the nearest number for NTSC; nil where they are not whole.
    package func framesPerSegment(seconds: UInt32) -> UInt32? {
        let product = UInt64(numerator) * UInt64(seconds)
        let divisor = UInt64(denominator)
        if product % divisor == 0 { return UInt32(clamping: product / divisor) }
        return isNTSC ? UInt32(clamping: (product + divisor / 2) / divisor) : nil
    }

    private static func greatestCommonDivisor(_ left: UInt32, _ right: UInt32) -> UInt32 {
        right == 0 ? left : greatestCommonDivisor(right, left % right)
    }
}
