import CommonEncryption
import Foundation
import ISOBMFF
import MPEGTS
import Media

/// Segments of 1.024 s made of real pictures and sound: the samples that CommonEncryptionTests has.
struct RecordedMedia {
    static let duration = Ticks(1024, timescale: 1000)
    /// Ticks of one segment on the track's clock.
    let ticks: Int64
    let track: Track
    let samples: [[UInt8]]
    let sampleDuration: UInt32

    static func video() throws -> RecordedMedia {
        let (record, samples) = try recorded("high-cabac-slices")
        let codec = CodecConfiguration.avc(try AVCDecoderConfigurationRecord(parsing: record), width: 320, height: 180)
        return RecordedMedia(
            ticks: 92_160, track: Track(name: "video", timescale: 90_000, codec: codec), samples: samples,
            sampleDuration: 3840)
    }

    static func audio() throws -> RecordedMedia {
        let (record, samples) = try recorded("aac-lc")
        let codec = CodecConfiguration.aac(try AudioSpecificConfig(parsing: record))
        return RecordedMedia(
            ticks: 49_152, track: Track(name: "audio", timescale: 48_000, codec: codec),
            samples: (0..<48).map { samples[$0 % samples.count] }, sampleDuration: 1024)
    }

    static func hevc() throws -> RecordedMedia {
        let (record, samples) = try recorded("hevc-slices-wpp")
        let codec = try VideoFormat.hevc(HEVCDecoderConfigurationRecord(parsing: record)).codecConfiguration()
        return RecordedMedia(
            ticks: Int64(samples.count) * 3840, track: Track(name: "video", timescale: 90_000, codec: codec),
            samples: samples, sampleDuration: 3840)
    }

    /// `ac3-stereo` or `eac3-surround`.
    static func dolby(_ name: String) throws -> RecordedMedia {
        let (record, samples) = try recorded(name)
        let codec: CodecConfiguration =
            name.hasPrefix("ac3")
            ? .ac3(try AC3Configuration(parsing: record)) : .eac3(try EAC3Configuration(parsing: record))
        return RecordedMedia(
            ticks: 32 * 1536, track: Track(name: "audio", timescale: 48_000, codec: codec),
            samples: (0..<32).map { samples[$0 % samples.count] }, sampleDuration: 1536)
    }

    /// The samples of segment `number`, which starts `number` durations after the epoch.
    func timed(_ number: UInt64) -> [Sample] {
        samples.enumerated().map { index, data in
            Sample(
                decodeTime: Int64(number) * ticks + Int64(index) * Int64(sampleDuration), compositionOffset: 0,
                duration: sampleDuration, isSync: index == 0 || track.kind == .audio, data: data)
        }
    }

    var withoutFirstPicture: RecordedMedia {
        RecordedMedia(
            ticks: ticks, track: track, samples: Array(samples.dropFirst() + samples.suffix(1)),
            sampleDuration: sampleDuration)
    }

    /// A clear CMAF segment of two chunks.
    func clear(_ number: UInt64) -> [UInt8] {
        let samples = timed(number)
        return CMAFChunk.serialize(sequenceNumber: 1, samples: Array(samples[..<20]))
            + CMAFChunk.serialize(sequenceNumber: 2, samples: Array(samples[20...]))
    }

    /// A segment protected by the packager's own means, or one that only says so.
    func protected(
        _ number: UInt64, _ scheme: ProtectionScheme, key: ContentKey, onlySaysSo: Bool = false
    ) throws -> [UInt8] {
        let iv = InitializationVector.constantIV(keyID: Self.keyID)
        var protector = try SampleProtector(
            scheme: scheme, key: key, codec: track.codec, constantIV: scheme == .cbcs ? iv : nil)
        var encryption = SampleEncryption(
            perSampleIVSize: scheme == .cenc ? 8 : 0, hasSubsamples: track.kind == .video)
        var media: [UInt8] = []
        var locations: [SampleLocation] = []
        for sample in timed(number) {
            var data = sample.data
            let iv = InitializationVector.cencIV(trackIndex: 1, decodeTime: sample.decodeTime)
            let subsamples = try protector.protect(&data, iv: iv)
            if scheme == .cenc {
                encryption.append(iv: iv, subsamples: subsamples)
            } else {
                encryption.append(subsamples: subsamples)
            }
            locations.append(
                SampleLocation(
                    offset: media.count, size: data.count, decodeTime: sample.decodeTime, duration: sample.duration,
                    compositionOffset: 0, isSync: sample.isSync))
            media += onlySaysSo ? sample.data : data
        }
        var writer = ByteWriter()
        FragmentWriter().write(sequenceNumber: 1, samples: locations, encryption: encryption, to: &writer)
        writer.write(bytes: media)
        return writer.bytes
    }

    static func sampleAESKey(_ bytes: [UInt8] = keyBytes) throws -> SampleAESKey {
        try SampleAESKey(key: key(bytes), iv: Array(1...16))
    }

    static let keyID = keyID("00000000-0000-8000-8000-000000000001")
    static let keyBytes = (0..<16).map { UInt8($0 * 0x11) }

    static func key(_ bytes: [UInt8] = keyBytes) throws -> ContentKey {
        guard let key = ContentKey(bytes) else { throw Missing(what: "16 bytes") }
        return key
    }

    struct Missing: Error { var what: String }

    func header(_ scheme: ProtectionScheme?) -> [UInt8] {
        let iv = InitializationVector.constantIV(keyID: Self.keyID)
        let protection: TrackProtection? =
            switch scheme {
            case nil: nil
            case .cenc: .cenc(keyID: Self.keyID)
            case .cbcs: .cbcs(keyID: Self.keyID, constantIV: iv, kind: track.kind)
            }
        return CMAFHeader(track: track, protection: protection).serialize()
    }

    /// A transport stream segment, with a key or none for each track.
    static func transportStream(
        _ number: UInt64, _ media: [RecordedMedia], sampleAES keys: [SampleAESKey?]? = nil
    ) throws -> [UInt8] {
        let muxer = try TransportStreamMuxer(tracks: media.map(\.track), sampleAES: keys)
        return try muxer.mux(
            media.map { media in
                var source: [UInt8] = []
                let samples = media.timed(number).map { sample in
                    defer { source += sample.data }
                    return SampleReference(
                        decodeTime: sample.decodeTime, duration: sample.duration, isSync: sample.isSync,
                        offset: source.count, size: sample.data.count)
                }
                return TrackSegment(samples: samples, source: source)
            })
    }

    private static func keyID(_ text: String) -> KeyID {
        KeyID(parsing: text) ?? KeyID(bytes: Array(repeating: 0, count: 16))!
    }

    /// u16 size and codec record; u16 count; u32 size and bytes of each sample.
    private static func recorded(_ name: String) throws -> (record: [UInt8], samples: [[UInt8]]) {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = folder.appending(path: "CommonEncryptionTests/Fixtures/\(name).samples")
        let bytes = [UInt8](try Data(contentsOf: file))
        var reader = ByteReader(bytes.span)
        let record = try reader.readBytes(Int(try reader.read(UInt16.self)))
        var samples: [[UInt8]] = []
        for _ in 0..<(try reader.read(UInt16.self)) {
            samples.append(try reader.readBytes(Int(try reader.read(UInt32.self))))
        }
        return (record, samples)
    }
}
