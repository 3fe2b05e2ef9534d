package import Media
import OpenSSLCrypto

/// Protects the samples of one track with one key, in place. ISO/IEC 23001-7:2023, clauses 10.1 (cenc) and 10.4 (cbcs).
///
/// Parameter sets are parsed and the key is expanded once; a sample then costs its subsample list and no
/// other memory. A track in which parameter sets change within samples needs a protector that sees
/// its samples from a sync sample on.
package struct SampleProtector: ~Copyable {
    private enum Cipher: ~Copyable {
        case cenc(AESCTR)
        case cbcs(PatternCBC)
    }

    private let cipher: Cipher
    /// nil for audio, whose samples are protected whole.
    private var video: (any SubsampleMap)?
    private let subsampleLimit: Int

    /// - Parameters:
    ///   - constantIV: 16 bytes for cbcs, nil for cenc.
    package init(
        scheme: ProtectionScheme, key: ContentKey, codec: CodecConfiguration, constantIV: [UInt8]? = nil
    ) throws(ProtectionError) {
        let video: (any SubsampleMap)?
        do throws(ParseError) {
            switch codec {
            case .avc(let record, _, _): video = try AVCSubsamples(record, scheme: scheme)
            case .hevc(let record, _, _): video = try HEVCSubsamples(record, scheme: scheme)
            case .av1(let record, _, _): video = AV1Subsamples(record, scheme: scheme)
            case .aac, .ac3, .eac3, .opus: video = nil
            case .jpeg, .webVTT:
                throw ParseError(.unsupported, at: 0, "\(codec.rfc6381) has no form under Common Encryption")
            }
        } catch {
            throw .malformed(error)
        }
        cipher = try Self.cipher(scheme, key, constantIV)
        self.video = video
        // A sample's entry of at most 255 bytes: the IV, a 16-bit count and 6 bytes each.
        subsampleLimit = (255 - (scheme == .cenc ? 8 : 0) - 2) / 6
    }

    private static func cipher(
        _ scheme: ProtectionScheme, _ key: ContentKey, _ constantIV: [UInt8]?
    ) throws(ProtectionError) -> Cipher {
        do throws(OpenSSLError) {
            switch (scheme, constantIV) {
            case (.cenc, nil): return .cenc(try AESCTR(key: key.bytes))
            case (.cbcs, let iv?) where iv.count == 16: return .cbcs(try PatternCBC(key: key, constantIV: iv))
            default: break
            }
        } catch {
            throw .cipher(error)
        }
        throw .invalidIV
    }

    /// Protects one sample and says what is clear in it.
    ///
    /// - Parameters:
    ///   - sample: the clear bytes, replaced by the protected ones. After a throw they are in no
    ///     defined state and must not be sent.
    ///   - iv: cenc: the 8-byte IV, big-endian, never the same twice under one key. cbcs: not used.
    /// - Returns: for `senc`; empty where there are no subsamples because the sample is protected whole (audio).
    package mutating func protect(
        _ sample: inout MutableSpan<UInt8>, iv: UInt64
    ) throws(ProtectionError) -> [Subsample] {
        let subsamples = try subsamples(of: sample.span)
        try encrypt(&sample, iv: iv, subsamples: subsamples)
        return subsamples
    }

    /// What `protect` would say of a clear sample. Samples come in order, each once, by this or by `protect`.
    package mutating func subsamples(of sample: Span<UInt8>) throws(ProtectionError) -> [Subsample] {
        guard video != nil else { return [] }
        let subsamples: [Subsample]
        do throws(ParseError) {
            subsamples = try video?.subsamples(of: sample) ?? []
        } catch {
            throw .malformed(error)
        }
        guard subsamples.count <= subsampleLimit else {
            throw .tooManySubsamples(subsamples.count, limit: subsampleLimit)
        }
        return subsamples
    }

    /// Encrypts one sample as `subsamples(of:)` said; the rest is as for `protect`.
    package func encrypt(
        _ sample: inout MutableSpan<UInt8>, iv: UInt64, subsamples: [Subsample]
    ) throws(ProtectionError) {
        do throws(OpenSSLError) {
            switch cipher {
            case .cenc(let counter):
                try counter.restart(high: iv)
                if video == nil { try counter.apply(to: &sample) }
                var offset = 0
                for run in subsamples {
                    offset += Int(run.clear)
                    try counter.apply(to: &sample, in: offset..<offset + Int(run.protected))
                    offset += Int(run.protected)
                }
            case .cbcs(let chain):
                if video == nil { try chain.encryptWhole(&sample, in: 0..<sample.count) }
                var offset = 0
                for run in subsamples {
                    offset += Int(run.clear)
                    try chain.encryptPattern(&sample, in: offset..<offset + Int(run.protected))
                    offset += Int(run.protected)
                }
            }
        } catch {
            throw .cipher(error)
        }
    }

    /// Protects a sample that is an array of its own.
    package mutating func protect(_ sample: inout [UInt8], iv: UInt64) throws(ProtectionError) -> [Subsample] {
        var bytes = sample.mutableSpan
        return try protect(&bytes, iv: iv)
    }
}
