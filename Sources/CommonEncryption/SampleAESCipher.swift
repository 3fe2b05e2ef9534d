import Media
import OpenSSLCrypto

/// Which bytes of elementary streams SAMPLE-AES encrypts, and how.
///
/// Apple, MPEG-2 Stream Encryption Format for HTTP Live Streaming, clauses 2.2 and 2.3. This is not `cbcs`:
/// a NAL unit's first 32 bytes are clear whatever its slice header is, a block that is the last of its NAL
/// unit stays clear, and start codes are prevented once more over what was encrypted.
///
/// Who gets an error must not send what was written until then.
package struct SampleAESCipher: ~Copyable {
    /// The NAL unit's header byte and 31 more.
    private static let clearNALUnitBytes = 32
    /// Of each audio frame, not counting an ADTS header.
    private static let clearFrameBytes = 16

    private let chain: PatternCBC

    package init(_ key: SampleAESKey) throws(ProtectionError) {
        do throws(OpenSSLError) {
            chain = try PatternCBC(key: key.key, constantIV: key.iv)
        } catch {
            throw .cipher(error)
        }
    }

    /// Bytes that `protectAVC` may need for samples of `size` bytes in all.
    ///
    /// Start code prevention adds at most one byte to two, and a length field grows by up to three bytes,
    /// of which one with its NAL unit has at least `lengthSize` + 1.
    package static func largestAVCSize(of size: Int, lengthSize: Int) -> Int {
        lengthSize == 4 ? size + size / 2 : size * 3
    }

    /// Protects an H.264 access unit: NAL unit types 1 and 5 of more than 48 bytes. Clause 2.2.
    ///
    /// NAL units that hold picture data of extensions (data partitioning, auxiliary pictures, SVC, MVC) throw:
    /// nothing is left clear by mistake.
    ///
    /// - Parameters:
    ///   - sample: NAL units, each behind a length field of `lengthSize` bytes.
    ///   - output: gets the NAL units, each behind a length field of 4 bytes; has room for `largestAVCSize`.
    package func protectAVC(
        _ sample: Span<UInt8>, lengthSize: Int, to output: inout OutputSpan<UInt8>
    ) throws(ProtectionError) {
        var cursor = NALUnitCursor(lengthSize: lengthSize)
        while let range = try Self.next(&cursor, in: sample) {
            let nal = sample.extracting(range)
            guard !nal.isEmpty else {
                throw .malformed(ParseError(.invalid, at: range.lowerBound, "a NAL unit of 0 bytes"))
            }
            let type = NALUnitHeader(nal[0]).type
            switch type {
            case .slice, .idrSlice:
                try append(nal, to: &output, encrypted: nal.count > Self.clearNALUnitBytes + AESCBC.blockSize)
            default:
                guard !type.holdsPictureData else {
                    throw .malformed(
                        ParseError(
                            .unsupported, at: range.lowerBound, "picture data in NAL unit type \(type.rawValue)"))
                }
                try append(nal, to: &output, encrypted: false)
            }
        }
    }

    /// Protects one AAC frame (a raw_data_block, without its ADTS header) in place. Clause 2.3.1.1.
    ///
    /// - Parameter range: the frame, within `bytes`.
    package func protectAAC(_ bytes: inout MutableSpan<UInt8>, in range: Range<Int>) throws(ProtectionError) {
        guard range.count > Self.clearFrameBytes else { return }
        do throws(OpenSSLError) {
            try chain.encryptWhole(&bytes, in: range.lowerBound + Self.clearFrameBytes..<range.upperBound)
        } catch {
            throw .cipher(error)
        }
    }

    /// Protects the AC-3 frames of a sample in place, each from its 17th byte on. Clause 2.3.1.2.
    ///
    /// - Parameter range: one or more whole syncframes, within `bytes`; anything else throws.
    package func protectAC3(_ bytes: inout MutableSpan<UInt8>, in range: Range<Int>) throws(ProtectionError) {
        try protectSyncFrames(&bytes, in: range, .ac3)
    }

    /// Protects an Enhanced AC-3 frame in place: each of its syncframes from the 17th byte on, all in one chain.
    /// Clause 2.3.1.3.
    ///
    /// - Parameter range: one or more whole syncframes, within `bytes`; anything else throws.
    package func protectEnhancedAC3(_ bytes: inout MutableSpan<UInt8>, in range: Range<Int>) throws(ProtectionError) {
        try protectSyncFrames(&bytes, in: range, .enhancedAC3)
    }

    private func protectSyncFrames(
        _ bytes: inout MutableSpan<UInt8>, in range: Range<Int>, _ coding: SyncFrame.Coding
    ) throws(ProtectionError) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "a range within the bytes")
        var offset = range.lowerBound
        while offset < range.upperBound {
            let size: Int
            do throws(ParseError) {
                size = try SyncFrame.size(bytes.span.extracting(offset..<range.upperBound), coding)
            } catch {
                throw .malformed(error)
            }
            do throws(OpenSSLError) {
                if coding == .ac3 || offset == range.lowerBound { try chain.restart() }
                if size > Self.clearFrameBytes {
                    try chain.continueWhole(&bytes, in: offset + Self.clearFrameBytes..<offset + size)
                }
            } catch {
                throw .cipher(error)
            }
            offset += size
        }
    }

    private static func next(
        _ cursor: inout NALUnitCursor, in sample: Span<UInt8>
    ) throws(ProtectionError) -> Range<Int>? {
        do throws(ParseError) {
            return try cursor.next(in: sample)
        } catch {
            throw .malformed(error)
        }
    }

    /// Copies a NAL unit, encrypts it where it lies and prevents start codes in it again.
    private func append(
        _ nal: Span<UInt8>, to output: inout OutputSpan<UInt8>, encrypted: Bool
    ) throws(ProtectionError) {
        let slack = encrypted ? nal.count / 2 : 0
        precondition(output.freeCapacity >= 4 + nal.count + slack, "room for what start code prevention may add")
        var failure: OpenSSLError?
        unsafe output.withUnsafeMutableBufferPointer { buffer, count in
            // Its first `nal.count` bytes are written before anything is read.
            let place = unsafe UnsafeMutableBufferPointer(
                rebasing: buffer[(count + 4)..<(count + 4 + nal.count + slack)])
            unsafe nal.withUnsafeBufferPointer { _ = unsafe place.update(fromContentsOf: $0) }
            var size = nal.count
            if encrypted {
                var bytes = unsafe MutableSpan(_unsafeElements: place)
                do throws(OpenSSLError) {
                    // A block that would be the last of the NAL unit stays clear: "while more than 16 bytes remain".
                    try chain.encryptPattern(&bytes, in: Self.clearNALUnitBytes..<nal.count - 1)
                    size = StartCodePrevention.apply(to: &bytes, count: nal.count)
                } catch {
                    failure = error
                    return
                }
            }
            for index in 0..<4 { unsafe buffer[count + index] = UInt8(truncatingIfNeeded: size >> (24 - 8 * index)) }
            count += 4 + size
        }
        if let failure { throw .cipher(failure) }
    }
}
