import IPSecMB
package import Media
package import MediaMemory
import OpenSSLCrypto

/// Protects the samples of one track with one key. ISO/IEC 23001-7:2023, clauses 10.1 (cenc) and 10.4 (cbcs).
///
/// Parameter sets are parsed and the key is expanded once; a sample then costs its subsamples, 8 bytes each, and no
/// other memory. A track in which parameter sets change within samples needs a protector that sees
/// its samples from a sync sample on.
package struct SampleProtector: ~Copyable {
    private enum Cipher: ~Copyable {
        case cenc(SampleCounter)
        case cbcs(PatternCBC)
    }

    private let cipher: Cipher
    /// nil for audio, whose samples are protected whole.
    private var video: (any SubsampleMap)?
    /// Said once: to look at `video` is to copy it.
    private let isWhole: Bool
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
        isWhole = video == nil
        self.video = video
        // A sample's entry of at most 255 bytes: the IV, a 16-bit count and 6 bytes each.
        subsampleLimit = (255 - (scheme == .cenc ? 8 : 0) - 2) / 6
    }

    private static func cipher(
        _ scheme: ProtectionScheme, _ key: ContentKey, _ constantIV: [UInt8]?
    ) throws(ProtectionError) -> Cipher {
        do throws(OpenSSLError) {
            switch (scheme, constantIV) {
            case (.cenc, nil): return .cenc(try SampleCounter(key: key))
            case (.cbcs, let iv?) where iv.count == 16:
                return .cbcs(try PatternCBC(key: key, constantIV: iv, isForMany: true))
            default: break
            }
        } catch {
            throw .cipher(error)
        }
        throw .invalidIV
    }

    /// What is clear in a sample and what is to be encrypted, for `senc`, behind that of samples before; none where
    /// there are no subsamples because the sample is protected whole (audio). Samples come in order, each once.
    ///
    /// - Returns: the sample's places in `all`, of which nothing is left after a throw.
    package mutating func appendSubsamples(
        of sample: Span<UInt8>, to all: inout [Subsample]
    ) throws(ProtectionError) -> Range<Int> {
        let first = all.count
        guard !isWhole else { return first..<first }
        do throws(ParseError) {
            try video?.appendSubsamples(of: sample, to: &all)
        } catch {
            throw .malformed(error)
        }
        guard all.count - first <= subsampleLimit else {
            throw .tooManySubsamples(all.count - first, limit: subsampleLimit)
        }
        return first..<all.count
    }

    /// A clear sample: where it lies, and what `appendSubsamples` said of it.
    package struct ClearSample {
        package var range: Range<Int>
        /// cenc: the 8-byte IV, big-endian, never the same twice under one key. cbcs: not used.
        package var iv: UInt64
        /// Their places among those of all samples.
        package var subsamples: Range<Int>

        package init(range: Range<Int>, iv: UInt64, subsamples: Range<Int>) {
            self.range = range
            self.iv = iv
            self.subsamples = subsamples
        }
    }

    /// Encrypts samples into the memory that they are sent from, one behind the other: under cenc on the way there, under
    /// cbcs there, several in step.
    ///
    /// - Parameters:
    ///   - samples: within `clear`.
    ///   - subsamples: of all samples.
    ///   - draft: must not be sent after a throw.
    package func append(
        _ samples: ArraySlice<ClearSample>, subsamples: [Subsample], of clear: Span<UInt8>, to draft: inout MediaDraft
    ) throws(ProtectionError) {
        do throws(OpenSSLError) {
            switch cipher {
            case .cenc(let counter):
                for sample in samples { try append(sample, subsamples, of: clear, counter, to: &draft) }
            case .cbcs(let chain):
                var rest = samples
                // As many as are still in the processor's cache when they are encrypted.
                while !rest.isEmpty {
                    let some = rest.prefix(Self.samplesInStep)
                    rest = rest.dropFirst(Self.samplesInStep)
                    var chains: [Range<Int>] = []
                    for sample in some { appendClear(sample, subsamples, of: clear, chains: &chains, to: &draft) }
                    var bytes = draft.mutableSpan
                    try chain.encrypt(&bytes, chains: chains, hasPattern: !isWhole)
                }
            }
        } catch {
            throw .cipher(error)
        }
    }

    private static let samplesInStep = ChainsInStep.bestChains

    private func append(
        _ sample: ClearSample, _ subsamples: [Subsample], of clear: Span<UInt8>, _ counter: borrowing SampleCounter,
        to draft: inout MediaDraft
    ) throws(OpenSSLError) {
        guard !isWhole else {
            return try draft.append(clear.extracting(sample.range), under: counter, iv: sample.iv, at: 0)
        }
        var offset = sample.range.lowerBound
        var enciphered = 0
        for run in subsamples[sample.subsamples] {
            draft.append(clear.extracting(offset..<offset + Int(run.clear)))
            offset += Int(run.clear)
            let protected = clear.extracting(offset..<offset + Int(run.protected))
            try draft.append(protected, under: counter, iv: sample.iv, at: enciphered)
            offset += protected.count
            enciphered += protected.count
        }
        precondition(offset == sample.range.upperBound, "subsamples are all of their sample")
    }

    /// - Parameter chains: gets what is to be encrypted of it.
    private func appendClear(
        _ sample: ClearSample, _ subsamples: [Subsample], of clear: Span<UInt8>, chains: inout [Range<Int>],
        to draft: inout MediaDraft
    ) {
        var offset = draft.count
        draft.append(clear.extracting(sample.range))
        guard !isWhole else { return chains.append(offset..<draft.count) }
        for run in subsamples[sample.subsamples] {
            offset += Int(run.clear)
            chains.append(offset..<offset + Int(run.protected))
            offset += Int(run.protected)
        }
    }

    /// Protects one sample that is an array of its own.
    ///
    /// - Parameter iv: as of `ClearSample`.
    /// - Returns: its subsamples.
    package mutating func protect(_ sample: inout [UInt8], iv: UInt64) throws(ProtectionError) -> [Subsample] {
        var subsamples: [Subsample] = []
        let places = try appendSubsamples(of: sample.span, to: &subsamples)
        var draft = MediaDraft(capacity: sample.count)
        let whole = ClearSample(range: 0..<sample.count, iv: iv, subsamples: places)
        try append([whole], subsamples: subsamples, of: sample.span, to: &draft)
        sample = draft.finish().array
        return subsamples
    }
}

extension MediaDraft {
    /// Writes what follows enciphered.
    /// - Parameter position: bytes of the sample that were enciphered before.
    fileprivate mutating func append(
        _ clear: Span<UInt8>, under counter: borrowing SampleCounter, iv: UInt64, at position: Int
    ) throws(OpenSSLError) {
        guard !clear.isEmpty else { return }
        let place = count
        reserve(clear.count)
        let target = unsafe start + place
        try unsafe clear.withUnsafeBufferPointer { (source) throws(OpenSSLError) in
            guard let source = source.baseAddress else { return }
            try unsafe counter.encrypt(source, to: target, count: clear.count, iv: iv, at: position)
        }
    }
}
