import FLV
import Foundation
import Media
import Testing

/// Recordings of FFmpeg 8 (Fixtures/make.py), taken apart here and by its FFprobe.
@Suite struct RecordedStreamTests {
    @Test(arguments: [
        ("hevc-opus", ["HEVC", "Opus"]), ("av1-flac", ["AV1", "FLAC"]), ("vp9-ac3", ["VP9", "AC-3"]),
        ("avc-eac3", ["H.264", "E-AC-3"]), ("avc-mp3", ["H.264", "MP3"]),
        ("tracks", ["H.264", "HEVC", "AAC", "Opus"]),
    ])
    func eventsAgreeWithFFprobe(name: String, formats: [String]) throws {
        let fixtures = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
        let listing = try String(contentsOf: fixtures.appending(path: "\(name).txt"), encoding: .utf8)
        let file = [UInt8](try Data(contentsOf: fixtures.appending(path: "\(name).flv")))
        var demuxer = Demuxer()
        var packets: [String] = []
        var found: [Track.Kind: [UInt8: String]] = [:]
        for tag in RecordedTag.all(of: file) {
            for event in try demuxer.read(type: tag.type, timestamp: tag.timestamp, payload: tag.body) {
                switch event {
                case .videoConfiguration(let format, let track):
                    found[.video, default: [:]][track] = format.name
                    if format != .vp9 {
                        let size = try #require(try format.codecConfiguration().pictureSize)
                        #expect(size == (64, 36))
                    }
                case .audioConfiguration(let format, let track):
                    found[.audio, default: [:]][track] = format.name
                    #expect(format == .mp3 || format.sampleRate == 48000)
                case .video(let track, let dts, _, let offset, let isSync, let data):
                    // FFprobe counts the temporal delimiter of two bytes.
                    let size = data.count + (name.hasPrefix("av1") ? 2 : 0)
                    packets.append("video \(track) \(dts + Int64(offset)) \(dts) \(size) \(isSync ? 1 : 0)")
                case .audio(let track, let pts, _, let data):
                    packets.append("audio \(track) \(pts) \(pts) \(data.count) 1")
                case .endOfSequence, .metadata: break
                case .message, .unsupported: Issue.record("\(event)")
                }
            }
        }
        #expect(packets == listing.split(separator: "\n").map(String.init))
        let names = [Track.Kind.video, .audio].flatMap { kind in
            (found[kind] ?? [:]).sorted { $0.key < $1.key }.map(\.value)
        }
        #expect(names == formats)
    }
}
