/// A short-term reference picture set: pictures by their distance in picture order.
/// ITU-T H.265 (08/2021), clauses 7.3.7 and 7.4.8.
package struct HEVCShortTermPictureSet: Sendable, Hashable {
    package struct Picture: Sendable, Hashable {
        /// Never 0.
        package let difference: Int
        package let isUsed: Bool
    }

    /// Before the current picture, nearest first.
    package let negative: [Picture]
    /// After it, nearest first.
    package let positive: [Picture]

    /// Pictures that the current one may refer to.
    package var usedCount: Int { negative.count { $0.isUsed } + positive.count { $0.isUsed } }

    /// sps_max_dec_pic_buffering_minus1 is 15 at most, and with it the pictures of a set.
    private static let limit = 16

    /// - Parameters:
    ///   - index: of this set; `count` for one in a slice header.
    ///   - count: sets in the sequence parameter set.
    ///   - earlier: those, as far as they were read.
    @_lifetime(bits: copy bits)
    init(
        reading bits: inout RBSPReader, index: Int, of count: Int, earlier: [HEVCShortTermPictureSet]
    ) throws(ParseError) {
        let isPredicted = index > 0 ? try bits.readFlag() : false
        guard isPredicted else {
            let before = try bits.readUnsignedExpGolomb(upTo: 16, "num_negative_pics")
            let after = try bits.readUnsignedExpGolomb(upTo: 16, "num_positive_pics")
            guard before + after <= Self.limit else {
                throw ParseError(.invalid, at: bits.rawByteCount, "\(before + after) short-term reference pictures")
            }
            negative = try Self.readPictures(&bits, count: before, sign: -1)
            positive = try Self.readPictures(&bits, count: after, sign: 1)
            return
        }
        let distance = index == count ? 1 + Int(try bits.readUnsignedExpGolomb(upTo: 63, "delta_idx_minus1")) : 1
        guard distance <= index, index - distance < earlier.count else {
            throw ParseError(.invalid, at: bits.rawByteCount, "delta_idx_minus1 \(distance - 1) in set \(index)")
        }
        let reference = earlier[index - distance]
        let isNegative = try bits.readFlag()
        let size = 1 + Int(try bits.readUnsignedExpGolomb(upTo: 32767, "abs_delta_rps_minus1"))
        (negative, positive) = try Self.readPrediction(&bits, of: reference, by: isNegative ? -size : size)
    }

    @_lifetime(bits: copy bits)
    private static func readPictures(
        _ bits: inout RBSPReader, count: UInt32, sign: Int
    ) throws(ParseError) -> [Picture] {
        var pictures: [Picture] = []
        var difference = 0
        for _ in 0..<count {
            difference += sign * (1 + Int(try bits.readUnsignedExpGolomb(upTo: 32767, "delta_poc_minus1")))
            pictures.append(Picture(difference: difference, isUsed: try bits.readFlag()))
        }
        return pictures
    }

    /// A set that is another one moved by `delta`, with pictures left out: equations 7-61 and 7-62.
    @_lifetime(bits: copy bits)
    private static func readPrediction(
        _ bits: inout RBSPReader, of reference: HEVCShortTermPictureSet, by delta: Int
    ) throws(ParseError) -> ([Picture], [Picture]) {
        // What is kept, by index into the pictures before, those after, and the reference's own picture last.
        let total = reference.negative.count + reference.positive.count + 1
        var used: [Bool] = []
        var kept: [Bool] = []
        for _ in 0..<total {
            let isUsed = try bits.readFlag()
            used.append(isUsed)
            kept.append(isUsed ? true : try bits.readFlag())  // use_delta_flag
        }
        let before = reference.negative.enumerated().map { ($0.element.difference + delta, $0.offset) }
        let after = reference.positive.enumerated().map {
            ($0.element.difference + delta, $0.offset + reference.negative.count)
        }
        let own = [(delta, total - 1)]
        func pictures(_ candidates: [(Int, Int)], _ isWanted: (Int) -> Bool) -> [Picture] {
            candidates.filter { isWanted($0.0) && kept[$0.1] }.map { Picture(difference: $0.0, isUsed: used[$0.1]) }
        }
        let negative = pictures(after.reversed() + own + before) { $0 < 0 }
        let positive = pictures(before.reversed() + own + after) { $0 > 0 }
        guard negative.count + positive.count <= limit else {
            throw ParseError(.invalid, at: bits.rawByteCount, "more than \(limit) short-term reference pictures")
        }
        return (negative, positive)
    }
}
