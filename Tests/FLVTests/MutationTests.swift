import FLV
import Media
import TestSupport
import Testing

/// Hostile bodies: whatever the bytes, the parsers return or throw, and what AMF0 takes it can write again.
@Suite struct MutationTests {
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func amf0(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let original = AMF0.serialize(Array(AMF0Tests.everything.prefix(3)))
        var accepted = 0
        for _ in 0..<12_500 {
            let bytes = random.mutate(original)
            guard let values = try? AMF0.parse(bytes) else { continue }
            accepted += 1
            let written = AMF0.serialize(values)
            #expect(AMF0.serialize(try AMF0.parse(written)) == written)
        }
        // The loop reaches both sides of the parser.
        #expect((100..<12_400).contains(accepted))
    }

    @Test(arguments: [5, 6, 7, 8] as [UInt64])
    func tags(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let avc1 = Array("avc1".utf8)
        let bodies: [(UInt8, [UInt8])] = [
            (9, TagBytes.configuration()), (9, TagBytes.configuration(lengthSize: 2)),
            (9, TagBytes.picture(TagBytes.unit(TagBytes.idr) + TagBytes.unit([0x41, 1]))),
            (9, [0x91] + avc1 + [0, 0, 1] + TagBytes.unit(TagBytes.idr)), (9, [0x90] + avc1 + TagBytes.record()),
            (9, [0x97, 2, 0, 0, 9, 0x03] + avc1 + TagBytes.unit(TagBytes.idr)),
            (9, [0x90] + Array("hvc1".utf8) + EnhancedBytes.hevcRecord),
            (9, [0x91] + Array("hvc1".utf8) + [0, 0, 1] + EnhancedBytes.hevcIDR),
            (9, [0x90] + Array("av01".utf8) + EnhancedBytes.av1Record),
            (9, [0x91] + Array("av01".utf8) + EnhancedBytes.av1KeyFrame),
            (9, [0x91] + Array("vp09".utf8) + [0x82, 0x49, 0x83, 0x42]),
            (9, EnhancedBytes.manyTracks(video: [(0, avc1, TagBytes.record()), (1, avc1, TagBytes.record())])),
            (8, [0x90] + Array("Opus".utf8) + EnhancedBytes.opusHead),
            (8, [0x91] + Array("ac-3".utf8) + EnhancedBytes.ac3), (8, [0x91] + Array("ec-3".utf8) + EnhancedBytes.eac3),
            (8, [0x90] + Array("fLaC".utf8) + EnhancedBytes.streamInfo),
            (8, [0xAF, 0] + TagBytes.audioConfig), (8, [0xAF, 1, 1, 2, 3, 4]),
            (8, [0x90] + Array("mp4a".utf8) + TagBytes.audioConfig),
            (18, AMF0.serialize([.string("onMetaData"), .ecmaArray([.init("width", .number(16))])])),
        ]
        var demuxer = Demuxer()
        var formats: [UInt8: String] = [:]
        var pictures = 0
        var failures = 0
        for _ in 0..<12_500 {
            guard let body = bodies.randomElement(using: &random) else { break }
            let timestamp = UInt32.random(in: 0...UInt32.max, using: &random)
            let payload = Bool.random(using: &random) ? body.1 : random.mutate(body.1)
            guard let events = try? demuxer.read(type: body.0, timestamp: timestamp, payload: payload) else {
                failures += 1
                continue
            }
            for event in events {
                switch event {
                case .videoConfiguration(let format, let track): formats[track] = format.name
                case .video(let track, _, let nanoseconds, _, _, let data):
                    pictures += 1
                    #expect(nanoseconds < 1_000_000)
                    if let name = formats[track], ["H.264", "HEVC"].contains(name) { #expect(isFramed(data)) }
                default: break
                }
            }
        }
        #expect(pictures > 500)
        #expect(failures > 500)
    }

    /// Whether 4-byte lengths lead exactly to the end.
    private func isFramed(_ data: [UInt8]) -> Bool {
        var offset = 0
        while offset + 4 <= data.count {
            offset += 4 + data[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
        }
        return offset == data.count
    }
}
