import CommonEncryption
import Foundation
import ISOBMFF
import MPEGTS
import Media
import MediaMemory

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

    /// The same as another track.
    func named(_ name: String) -> RecordedMedia {
        RecordedMedia(
            ticks: ticks, track: Track(name: name, timescale: track.timescale, codec: track.codec), samples: samples,
            sampleDuration: sampleDuration)
    }

    /// A clear CMAF segment of two chunks.
    ///
    /// - Parameters:
    ///   - hole: ticks between the two.
    ///   - shift: ticks by which all of it is late.
    func clear(_ number: UInt64, hole: Int64 = 0, shift: Int64 = 0) -> [UInt8] {
        var samples = timed(number)
        for index in samples.indices { samples[index].decodeTime += shift + (index < 20 ? 0 : hole) }
        return CMAFChunk.serialize(sequenceNumber: 1, samples: Array(samples[..<20]))
            + CMAFChunk.serialize(sequenceNumber: 2, samples: Array(samples[20...]))
    }

    /// A clear CMAF segment in three parts of the same duration.
    func parts(_ number: UInt64) -> [[UInt8]] {
        let samples = timed(number)
        let third = samples.count / 3
        return (0..<3).map { part in
            CMAFChunk.serialize(
                sequenceNumber: UInt32(part + 1), samples: Array(samples[part * third..<(part + 1) * third]))
        }
    }

    /// The first pictures of a segment by themselves, shown until its end.
    func firstPictures(_ number: UInt64, count: Int = 1) -> [UInt8] {
        var samples = Array(timed(number).prefix(count))
        for index in samples.indices {
            samples[index].duration = UInt32(ticks) / UInt32(count)
            samples[index].decodeTime = Int64(number) * ticks + Int64(index) * ticks / Int64(count)
        }
        return CMAFChunk.serialize(sequenceNumber: 1, samples: samples)
    }

    /// A segment protected by the packager's own means, or one that only says so.
    ///
    /// - Parameters:
    ///   - clearSample: one that is left as it is, and said to be.
    ///   - ivShift: what the IVs that are said differ by from those that were used.
    func protected(
        _ number: UInt64, _ scheme: ProtectionScheme, key: ContentKey, onlySaysSo: Bool = false,
        clearSample: Int? = nil, ivShift: Int64 = 0
    ) throws -> [UInt8] {
        let iv = InitializationVector.constantIV(keyID: Self.keyID)
        var protector = try SampleProtector(
            scheme: scheme, key: key, codec: track.codec, constantIV: scheme == .cbcs ? iv : nil)
        var encryption = SampleEncryption(
            perSampleIVSize: scheme == .cenc ? 8 : 0, hasSubsamples: track.kind == .video)
        var media: [UInt8] = []
        var locations: [SampleLocation] = []
        for (index, sample) in timed(number).enumerated() {
            var data = sample.data
            let iv = InitializationVector.cencIV(trackIndex: 1, decodeTime: sample.decodeTime)
            var subsamples = try protector.protect(&data, iv: iv)
            if index == clearSample {
                data = sample.data
                subsamples = [Subsample(clear: UInt16(clamping: data.count), protected: 0)]
            }
            if scheme == .cenc {
                let said = InitializationVector.cencIV(trackIndex: 1, decodeTime: sample.decodeTime + ivShift)
                encryption.append(iv: said, subsamples: subsamples[...])
            } else {
                encryption.append(subsamples: subsamples[...])
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
                return TrackSegment(samples: samples, source: MediaBytes(copying: source.span))
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
