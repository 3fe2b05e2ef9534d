package import CommonEncryption
package import ISOBMFF
package import Media
package import OpenSSLCrypto

/// Takes the protection off samples of one fragment. ISO/IEC 23001-7:2023, clauses 9.4 to 9.7, 10.1 and 10.4.
///
/// Written from the standard and not from the packager's own protection, so that a mistake there does not cancel
/// out here: any pattern, IVs of 8 or 16 bytes, and samples with or without subsamples.
package struct SampleUnprotector: ~Copyable {
    private enum Cipher: ~Copyable {
        case counter(AESCTR)
        case chain(AESCBC)
    }

    private let cipher: Cipher
    private let constantIV: [UInt8]?
    /// Blocks of 16 bytes; both 0: all are protected.
    private let pattern: (crypt: Int, skip: Int)

    package init(_ parameters: ProtectionParameters, key: ContentKey) throws(UnprotectError) {
        constantIV = parameters.constantIV
        pattern = (Int(parameters.pattern.crypt), Int(parameters.pattern.skip))
        do throws(OpenSSLError) {
            switch parameters.scheme {
            case .cenc: cipher = .counter(try AESCTR(key: key.bytes))
            case .cbcs: cipher = .chain(try AESCBC(key: key.bytes, .decrypt))
            }
        } catch {
            throw .cipher(error)
        }
    }

    /// - Parameters:
    ///   - sample: one whole sample, opened in place.
    ///   - iv: the sample's own; empty where the constant one counts.
    ///   - subsamples: exactly as long as the sample, or none for a sample protected whole.
    package func unprotect(
        _ sample: inout [UInt8], iv: ArraySlice<UInt8>, subsamples: ArraySlice<Subsample>
    ) throws(UnprotectError) {
        let iv = try initialBlock(iv)
        var ranges: [Range<Int>] = []
        if subsamples.isEmpty {
            ranges = [0..<sample.count]
        } else {
            var offset = 0
            for run in subsamples {
                let start = offset + Int(run.clear)
                // 32 and 16 bits: sums of at most 65,535 of them are far from 63 bits.
                offset = start + Int(run.protected)
                guard offset <= sample.count else { throw .subsamples(covered: offset, size: sample.count) }
                ranges.append(start..<offset)
            }
            guard offset == sample.count else { throw .subsamples(covered: offset, size: sample.count) }
        }
        var bytes = sample.mutableSpan
        do throws(OpenSSLError) {
            switch cipher {
            case .counter(let counter):
                // One key stream runs through all of the sample's protected bytes.
                try counter.restart(high: Self.number(iv[0..<8]), low: Self.number(iv[8..<16]))
                for range in ranges { try counter.apply(to: &bytes, in: range) }
            case .chain(let chain):
                for range in ranges {
                    try chain.restart(iv: iv)
                    for part in blocks(of: range) { try chain.apply(to: &bytes, in: part) }
                }
            }
        } catch {
            throw .cipher(error)
        }
    }

    /// The whole blocks that the pattern protects; what is left at the end is clear.
    private func blocks(of range: Range<Int>) -> [Range<Int>] {
        let size = AESCBC.blockSize
        guard pattern.crypt > 0, pattern.skip > 0 else {
            return [range.lowerBound..<range.upperBound - range.count % size]
        }
        var parts: [Range<Int>] = []
        var start = range.lowerBound
        while range.upperBound - start >= size {
            let count = min(pattern.crypt, (range.upperBound - start) / size)
            parts.append(start..<start + count * size)
            start += (pattern.crypt + pattern.skip) * size
        }
        return parts
    }

    /// 16 bytes: a shorter IV is the high half, with zeros after it. Clause 9.4.
    private func initialBlock(_ iv: ArraySlice<UInt8>) throws(UnprotectError) -> [UInt8] {
        let iv = iv.isEmpty ? constantIV ?? [] : Array(iv)
        guard iv.count == 8 || iv.count == 16 else { throw .noIV }
        return iv + Array(repeating: 0, count: 16 - iv.count)
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}

/// What a `tenc`, or a `seig` in its place, says of how samples are protected.
package struct ProtectionParameters: Sendable, Equatable {
    package var scheme: ProtectionScheme
    package var keyID: KeyID
    package var perSampleIVSize: UInt8
    package var constantIV: [UInt8]?
    package var pattern: TrackEncryption.Pattern

    /// - Parameter group: the fragment's own `seig`, which counts before the track's defaults.
    package init(_ track: TrackProtection, group: SampleEncryptionGroupEntry? = nil) {
        scheme = track.scheme
        keyID = group?.keyID ?? track.defaultKeyID
        perSampleIVSize = group?.perSampleIVSize ?? track.perSampleIVSize
        constantIV = group == nil ? track.constantIV : group?.constantIV
        pattern = group?.pattern ?? TrackEncryption.Pattern(crypt: track.cryptByteBlock, skip: track.skipByteBlock)
    }
}

package enum UnprotectError: Error, Sendable, Equatable, CustomStringConvertible {
    case noIV
    case subsamples(covered: Int, size: Int)
    case cipher(OpenSSLError)

    package var description: String {
        switch self {
        case .noIV: "a sample has no initialisation vector"
        case .subsamples(let covered, let size): "subsamples of \(covered) bytes for a sample of \(size)"
        case .cipher(let error): "\(error)"
        }
    }
}
