/// Blocks of silence that stand in a copied track where the encoder's sound pauses, in the stream's own configuration.
extension AudioFormat {
    /// One block; nil where there is none to be had: AC-3 and E-AC-3, whose blocks hold a bit allocation and check words,
    /// FLAC and MP3, Opus of several streams, and AAC that is not made of plain channel elements.
    ///
    /// - Parameter samples: that it lasts.
    package func silentBlock(samples: UInt32) -> [UInt8]? {
        switch self {
        case .aac(let configuration): samples == 1024 ? configuration.silentBlock : nil
        case .opus(let configuration): configuration.silentPacket(samples: samples)
        case .flac, .ac3, .eac3, .mp3: nil
        }
    }
}

extension AudioSpecificConfig {
    /// A raw_data_block whose spectra are empty. ISO/IEC 14496-3:2019, clauses 4.4.2.1 (tables 4.3 to 4.16) and 4.5.2.1.
    ///
    /// Of HE-AAC it has no data for the upper band, which is silent then too.
    fileprivate var silentBlock: [UInt8]? {
        // Main, LC, LTP, and LC below SBR and PS: those with the same elements.
        guard [1, 2, 4, 5, 29].contains(audioObjectType) else { return nil }
        // Table 1.19: which elements a channel configuration has, in order.
        let elements: [Element]
        switch channelConfiguration {
        case 1: elements = [.single]
        case 2: elements = [.pair]
        case 3: elements = [.single, .pair]
        case 4: elements = [.single, .pair, .single]
        case 5: elements = [.single, .pair, .pair]
        case 6: elements = [.single, .pair, .pair, .lowFrequency]
        case 7: elements = [.single, .pair, .pair, .pair, .lowFrequency]
        default: return nil
        }
        var bits = BitRow()
        var tags: [Element: UInt32] = [:]
        for element in elements {
            bits.append(element.rawValue, count: 3)
            // element_instance_tag: among those of its kind.
            bits.append(tags[element, default: 0], count: 4)
            tags[element, default: 0] += 1
            if element == .pair {
                // common_window with one ics_info, and no ms_mask.
                bits.append(1, count: 1)
                bits.appendWindow()
                bits.append(0, count: 2)
                bits.appendGain()
                bits.appendNothing()
                bits.appendGain()
                bits.appendNothing()
            } else {
                bits.appendGain()
                bits.appendWindow()
                bits.appendNothing()
            }
        }
        bits.append(7, count: 3)  // why: ID_END
        return bits.bytes
    }

    /// Table 4.85.
    private enum Element: UInt32 { case single = 0, pair = 1, lowFrequency = 3 }
}

extension OpusConfiguration {
    /// Empty CELT frames at full band. RFC 6716, clauses 3.1, 3.2.5 and 4.3 (the silence flag).
    fileprivate func silentPacket(samples: UInt32) -> [UInt8]? {
        // One stream, of one or two channels.
        guard mappingFamily == 0 else { return nil }
        let stereo: UInt8 = channels == 2 ? 4 : 0
        let silence: [UInt8] = [0xFF, 0xFE]
        switch samples {
        case 120: return [28 << 3 | stereo] + silence
        case 240: return [29 << 3 | stereo] + silence
        case 480: return [30 << 3 | stereo] + silence
        case 960: return [31 << 3 | stereo] + silence
        case 1920, 2880, 3840, 4800, 5760:
            let count = Int(samples / 960)
            return [31 << 3 | stereo | 3, UInt8(count)] + (0..<count).flatMap { _ in silence }
        default: return nil
        }
    }
}

/// Bits, the most significant first.
private struct BitRow {
    private var row: [UInt8] = []
    private var count = 0

    /// With zeros up to a whole byte.
    var bytes: [UInt8] { row }

    mutating func append(_ value: UInt32, count bits: Int) {
        for bit in (0..<bits).reversed() {
            if count % 8 == 0 { row.append(0) }
            if value >> UInt32(bit) & 1 == 1 { row[count / 8] |= 0x80 >> UInt8(count % 8) }
            count += 1
        }
    }

    /// global_gain.
    mutating func appendGain() { append(100, count: 8) }

    /// ics_info: one long window of the sine's shape, and not one band.
    mutating func appendWindow() { append(0, count: 1 + 2 + 1 + 6 + 1) }

    /// Neither pulses, nor noise shaping, nor gain control; of no bands there are no sections, factors and spectra.
    mutating func appendNothing() { append(0, count: 3) }
}
