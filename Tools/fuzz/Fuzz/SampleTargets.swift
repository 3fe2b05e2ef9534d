import CommonEncryption
import ISOBMFF
import MPEGTS
import Media
import MediaMemory

/// Inputs have the form of `Tests/CommonEncryptionTests/Fixtures/*.samples`: a 16-bit length and a codec's
/// configuration record, a 16-bit count, and that many samples behind their 32-bit lengths.
extension FuzzTarget {
    static let avcSamples = FuzzTarget(name: "avc-samples") { input in
        protect(input) { record throws(ParseError) in
            .avc(try AVCDecoderConfigurationRecord(parsing: record), width: 320, height: 180)
        }
    }

    static let hevcSamples = FuzzTarget(name: "hevc-samples") { input in
        protect(input) { record throws(ParseError) in
            .hevc(try HEVCDecoderConfigurationRecord(parsing: record), width: 320, height: 180)
        }
    }

    static let av1Samples = FuzzTarget(name: "av1-samples") { input in
        protect(input) { record throws(ParseError) in
            .av1(try AV1CodecConfigurationRecord(parsing: record), width: 320, height: 180)
        }
    }

    private static func protect(_ input: [UInt8], _ read: ([UInt8]) throws(ParseError) -> CodecConfiguration) {
        var input = Input(input)
        let record = input.bytes(input.number16())
        guard let codec = try? read(record), let key = ContentKey([UInt8](0..<16)) else { return }
        roundTrip(codec)
        let count = min(input.number16(), 64)
        var samples: [[UInt8]] = []
        while samples.count < count, !input.isEmpty { samples.append(input.bytes(input.number32())) }
        protect(samples, codec, key, .cenc)
        protect(samples, codec, key, .cbcs)
        if case .avc(let record, _, _) = codec { protect(samples, lengthSize: record.nalUnitLengthSize, key) }
    }

    private static func protect(
        _ samples: [[UInt8]], _ codec: CodecConfiguration, _ key: ContentKey, _ scheme: ProtectionScheme
    ) {
        let iv: [UInt8]? = scheme == .cbcs ? [UInt8](repeating: 7, count: 16) : nil
        do throws(ProtectionError) {
            var protector = try SampleProtector(scheme: scheme, key: key, codec: codec, constantIV: iv)
            for sample in samples {
                var protected = sample
                let runs = try protector.protect(&protected, iv: 1)
                let total = runs.reduce(0) { $0 + Int($1.clear) + Int($1.protected) }
                require(total == sample.count, "runs of \(total) bytes in a sample of \(sample.count)")
            }
        } catch {
            // why: a sample that cannot be protected is refused; that it is said without a trap is what is asked here.
            return
        }
    }

    private static func protect(_ samples: [[UInt8]], lengthSize: Int, _ key: ContentKey) {
        guard let sampleAES = try? SampleAESKey(key: key, iv: [UInt8](repeating: 7, count: 16)), let tracks,
            let muxer = try? TransportStreamMuxer(tracks: [tracks[0]], sampleAES: [sampleAES])
        else { return }
        let references = samples.enumerated().map { index, sample in
            SampleReference(
                decodeTime: Int64(index) * 3000, compositionOffset: 0, duration: 3000, isSync: index == 0,
                offset: samples[..<index].reduce(0) { $0 + $1.count }, size: sample.count)
        }
        let joined = Array(samples.joined())
        _ = try? muxer.mux([MPEGTS.TrackSegment(samples: references, source: MediaBytes(copying: joined.span))])
    }

    /// The first byte chooses the codec.
    static let codecRecords = FuzzTarget(name: "codec-records") { input in
        guard let first = input.first else { return }
        let record = Array(input.dropFirst())
        let codec: CodecConfiguration?
        switch first % 7 {
        case 0: codec = (try? AudioSpecificConfig(parsing: record)).map { .aac($0) }
        case 1: codec = (try? OpusConfiguration(parsing: record)).map { .opus($0) }
        case 2: codec = (try? AC3Configuration(parsing: record)).map { .ac3($0) }
        case 3: codec = (try? EAC3Configuration(parsing: record)).map { .eac3($0) }
        case 4: codec = (try? AVCDecoderConfigurationRecord(parsing: record)).map { .avc($0, width: 2, height: 2) }
        case 5: codec = (try? HEVCDecoderConfigurationRecord(parsing: record)).map { .hevc($0, width: 2, height: 2) }
        default: codec = (try? AV1CodecConfigurationRecord(parsing: record)).map { .av1($0, width: 2, height: 2) }
        }
        if let codec { roundTrip(codec) }
    }

    /// What was read is written into a header, and read from it as the same.
    private static func roundTrip(_ codec: CodecConfiguration) {
        _ = (codec.rfc6381, codec.channelCount, codec.pictureSize)
        let written = CMAFHeader(track: Track(name: "", timescale: 48000, codec: codec)).serialize()
        let again = try? CMAFHeader(parsing: written.span)
        require(again?.track.codec == codec, "\(codec) is not what it is after writing and reading")
    }

    /// A worker's chunks, video and audio, on their way into a transport stream: a 16-bit length and the video's, then
    /// the audio's; the first byte says whether SAMPLE-AES protects them.
    static let transportMuxer = FuzzTarget(name: "transport-muxer") { input in
        var input = Input(input)
        let isProtected = input.byte() & 1 == 1
        let video = input.bytes(input.number16())
        let audio = input.remainder()
        guard let tracks, let key = ContentKey([UInt8](0..<16)),
            let sampleAES = try? SampleAESKey(key: key, iv: [UInt8](repeating: 7, count: 16))
        else { return }
        for chosen in [[(tracks[0], video), (tracks[1], audio)], [(tracks[0], video)], [(tracks[1], audio)]] {
            let segments = chosen.compactMap { segment($0.1) }
            guard segments.count == chosen.count,
                let muxer = try? TransportStreamMuxer(
                    tracks: chosen.map(\.0), sampleAES: isProtected ? chosen.map { _ in sampleAES } : nil)
            else { continue }
            _ = try? muxer.mux(segments)
        }
    }

    private static func segment(_ bytes: [UInt8]) -> MPEGTS.TrackSegment? {
        guard let table = try? MovieFragmentTable(parsing: bytes.span) else { return nil }
        let samples = table.fragments.flatMap(\.samples).map {
            SampleReference(
                decodeTime: $0.decodeTime, compositionOffset: $0.compositionOffset, duration: $0.duration,
                isSync: $0.isSync, offset: $0.offset, size: $0.size)
        }
        return MPEGTS.TrackSegment(samples: samples, source: MediaBytes(copying: bytes.span))
    }
}
