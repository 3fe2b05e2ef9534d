import CommonEncryption
import Media
import MediaMemory

/// Encrypts the samples of one elementary stream before they are measured and cut into packets.
struct SampleAESStream {
    /// Of the length fields of encrypted H.264 samples, whatever it was before: NAL units may grow.
    static let lengthSize = 4

    private enum Coding {
        case avc(lengthSize: Int)
        case aac
        case ac3
        case eac3
    }

    /// nil for AC-3, where it depends on the segment.
    private let signalling: StreamSignalling?
    private let coding: Coding
    private let key: SampleAESKey

    init(_ codec: CodecConfiguration, key: SampleAESKey) throws(TransportStreamError) {
        self.key = key
        switch codec {
        case .avc(let record, _, _):
            coding = .avc(lengthSize: record.nalUnitLengthSize)
            signalling = .protectedAVC
        case .aac(let configuration):
            coding = .aac
            signalling = try .protectedAAC(configuration)
        case .ac3:
            coding = .ac3
            signalling = nil
        case .eac3(let configuration):
            coding = .eac3
            signalling = try .protectedEAC3(configuration)
        case .hevc, .av1, .opus, .jpeg, .webVTT:
            throw TransportStreamError(.unsupported, "\(codec.rfc6381) under SAMPLE-AES")
        }
    }

    /// - Parameter segment: the clear samples.
    func signalling(for segment: TrackSegment) throws(TransportStreamError) -> StreamSignalling? {
        if let signalling { return signalling }
        guard let first = segment.samples.first else { return nil }
        return try .protectedAC3(segment.source.span.extracting(try segment.range(of: first)))
    }

    /// The same samples, encrypted, in a source of their own.
    func protect(_ segment: TrackSegment) throws(TransportStreamError) -> TrackSegment {
        let cipher: SampleAESCipher
        do throws(ProtectionError) {
            cipher = try SampleAESCipher(key)
        } catch {
            throw TransportStreamError(.unprotected, "\(error)")
        }
        switch coding {
        case .avc(let lengthSize): return try Self.protectVideo(segment, lengthSize, cipher)
        case .aac, .ac3, .eac3: return try protectAudio(segment, cipher)
        }
    }

    private static func protectVideo(
        _ segment: TrackSegment, _ lengthSize: Int, _ cipher: borrowing SampleAESCipher
    ) throws(TransportStreamError) -> TrackSegment {
        var samples = segment.samples
        let capacity = SampleAESCipher.largestAVCSize(of: try segment.checkedSize(), lengthSize: lengthSize)
        var draft = MediaDraft(capacity: capacity)
        try draft.append { output throws(TransportStreamError) in
            for index in samples.indices {
                let start = output.count
                let bytes = segment.source.span.extracting(try segment.range(of: samples[index]))
                do throws(ProtectionError) {
                    try cipher.protectAVC(bytes, lengthSize: lengthSize, to: &output)
                } catch {
                    throw TransportStreamError(.unprotected, "sample \(index): \(error)")
                }
                samples[index].offset = start
                samples[index].size = output.count - start
            }
        }
        return TrackSegment(samples: samples, source: draft.finish())
    }

    private func protectAudio(
        _ segment: TrackSegment, _ cipher: borrowing SampleAESCipher
    ) throws(TransportStreamError) -> TrackSegment {
        var samples = segment.samples
        var draft = MediaDraft(capacity: try segment.checkedSize())
        for index in samples.indices {
            let start = draft.count
            draft.append(segment.source.span.extracting(try segment.range(of: samples[index])))
            samples[index].offset = start
        }
        var bytes = draft.mutableSpan
        for (index, sample) in samples.enumerated() {
            do throws(ProtectionError) {
                let range = sample.offset..<sample.offset + sample.size
                switch coding {
                case .ac3: try cipher.protectAC3(&bytes, in: range)
                case .eac3: try cipher.protectEnhancedAC3(&bytes, in: range)
                case .avc, .aac: try cipher.protectAAC(&bytes, in: range)
                }
            } catch {
                throw TransportStreamError(.unprotected, "sample \(index): \(error)")
            }
        }
        return TrackSegment(samples: samples, source: draft.finish())
    }
}
