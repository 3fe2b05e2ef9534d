import Media

/// How long the frames of AC-3 and Enhanced AC-3 are. ETSI TS 102 366 V1.4.1, clauses 4.4.1 and E.1.3.1.
enum SyncFrame {
    enum Coding { case ac3, enhancedAC3 }

    /// Bytes of the frame that `bytes` begin with.
    ///
    /// - Throws: where there is no such frame, or not all of it.
    static func size(_ bytes: Span<UInt8>, _ coding: Coding) throws(ParseError) -> Int {
        guard bytes.count >= 6 else { throw ParseError(.truncated, at: 0, "a syncframe of \(bytes.count) bytes") }
        guard bytes[0] == 0x0B, bytes[1] == 0x77 else { throw ParseError(.invalid, at: 0, "no syncword") }
        let bitStreamID = bytes[5] >> 3
        let size: Int
        switch coding {
        case .ac3:
            guard bitStreamID <= 10 else { throw ParseError(.unsupported, at: 5, "bsid \(bitStreamID) in AC-3") }
            size = try ac3Size(bytes[4])
        case .enhancedAC3:
            guard (11...16).contains(bitStreamID) else {
                throw ParseError(.unsupported, at: 5, "bsid \(bitStreamID) in Enhanced AC-3")
            }
            // frmsiz: 16-bit words, less one.
            size = (Int(bytes[2] & 7) << 8 | Int(bytes[3])) * 2 + 2
        }
        // The head is what is told apart here; a frame that ends within it is none.
        guard (6...bytes.count).contains(size) else {
            throw ParseError(.truncated, at: 0, "a syncframe of \(size) bytes where \(bytes.count) are left")
        }
        return size
    }

    /// By fscod and frmsizecod. Table 4.13: a frame is 1,536 samples, in whole 16-bit words.
    private static func ac3Size(_ codes: UInt8) throws(ParseError) -> Int {
        let frameSizeCode = Int(codes & 0x3F)
        guard frameSizeCode / 2 < bitRates.count else {
            throw ParseError(.invalid, at: 4, "frmsizecod \(frameSizeCode)")
        }
        let bitRate = bitRates[frameSizeCode / 2]
        switch codes >> 6 {
        case 0: return bitRate * 4
        // 44.1 kHz: words do not come out even, and the code's low bit says which frames have one more.
        case 1: return (bitRate * 320 / 147 + frameSizeCode % 2) * 2
        case 2: return bitRate * 6
        default: throw ParseError(.invalid, at: 4, "fscod 3")
        }
    }

    /// kbit/s.
    private static let bitRates = [
        32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640,
    ]
}
