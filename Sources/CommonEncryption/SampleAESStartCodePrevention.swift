/// Keeps encrypted bytes from looking like start codes. ITU-T H.264 (08/2021), clause 7.4.1.1.
///
/// SAMPLE-AES does this over a whole NAL unit once more, and so also to the 0x000003 it had before: a
/// receiver takes one 3 away, decrypts, and has the NAL unit as its encoder made it.
enum StartCodePrevention {
    /// Puts a 3 between two bytes of 0 and one of 0 to 3, everywhere in the first `count` bytes.
    ///
    /// - Parameter bytes: at least half as long again as `count`; what is behind `count` is overwritten.
    /// - Returns: how many bytes there are now.
    static func apply(to bytes: inout MutableSpan<UInt8>, count: Int) -> Int {
        let slack = count / 2
        precondition(bytes.count >= count + slack, "room for one more byte in two")
        return unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            let bytes = unsafe buffer
            guard let first = unsafe zeros(in: bytes, from: 0, to: count) else { return count }
            // Rare: random bytes need a 3 once in four million. What follows the first place is moved as far behind
            // as all the 3s could push it, two bytes for each, so that reading stays ahead of writing.
            var write = first + 2
            var read = write + slack
            let end = count + slack
            unsafe move(bytes, from: write, to: read, count: count - write)
            while true {
                unsafe bytes[write] = 3
                write += 1
                let next = unsafe zeros(in: bytes, from: read, to: end)
                let piece = (next.map { $0 + 2 } ?? end) - read
                unsafe move(bytes, from: read, to: write, count: piece)
                write += piece
                read += piece
                if next == nil { return write }
            }
        }
    }

    /// Where two bytes of 0 come before one of 0 to 3, all three within the range.
    private static func zeros(in bytes: UnsafeMutableBufferPointer<UInt8>, from start: Int, to end: Int) -> Int? {
        let raw = UnsafeRawBufferPointer(bytes)
        var first = start
        // A byte of both is 0 where two bytes of 0 follow each other: 64 places at once, nearly always in vain.
        let ones = SIMD8<UInt64>(repeating: 0x0101_0101_0101_0101)
        let tops = SIMD8<UInt64>(repeating: 0x8080_8080_8080_8080)
        while first + 66 <= end {
            let both =
                unsafe raw.loadUnaligned(fromByteOffset: first, as: SIMD8<UInt64>.self)
                | raw.loadUnaligned(fromByteOffset: first + 1, as: SIMD8<UInt64>.self)
            let zeros = (both &- ones) & ~both & tops
            let folded = zeros.lowHalf | zeros.highHalf
            let foldedTwice = folded.lowHalf | folded.highHalf
            if foldedTwice[0] | foldedTwice[1] != 0,
                let found = unsafe zerosOneByOne(in: bytes, from: first, to: first + 66)
            {
                return found
            }
            first += 64
        }
        return unsafe zerosOneByOne(in: bytes, from: first, to: end)
    }

    private static func zerosOneByOne(
        in bytes: UnsafeMutableBufferPointer<UInt8>, from start: Int, to end: Int
    ) -> Int? {
        var third = start + 2
        while third < end {
            let byte = unsafe bytes[third]
            if byte <= 3, unsafe bytes[third - 1] == 0, unsafe bytes[third - 2] == 0 { return third - 2 }
            third += 1
        }
        return nil
    }

    private static func move(_ bytes: UnsafeMutableBufferPointer<UInt8>, from: Int, to: Int, count: Int) {
        guard count > 0, let base = bytes.baseAddress else { return }
        unsafe (base + to).update(from: base + from, count: count)
    }
}
