import ISOBMFF
import Media
import Testing

@Suite struct CodecHeaderTests {
    @Test func everyCodecComesBack() throws {
        for track in try Fixtures.allTracks() {
            let cbcs = TrackProtection.cbcs(
                keyID: Fixtures.keyID, constantIV: Fixtures.constantIV, kind: track.kind)
            for protection in [nil, .cenc(keyID: Fixtures.keyID), cbcs] {
                let header = CMAFHeader(track: track, protection: protection)
                let bytes = header.serialize()
                #expect(
                    try CMAFHeader(
                        parsing: bytes.span, name: track.name, reorderDelay: track.reorderDelay,
                        frameRate: track.frameRate) == header)
            }
        }
    }

    @Test func codecStringsAndSampleEntries() throws {
        let expected = [
            ("avc1.64000d", "avc1"), ("mp4a.40.2", "mp4a"), ("hvc1.1.6.L60.90", "hvc1"),
            ("av01.0.00M.10.0.110.09.16.09.0", "av01"), ("ac-3", "ac-3"), ("ec-3", "ec-3"), ("opus", "Opus"),
        ]
        for (track, (codec, entry)) in zip(try Fixtures.allTracks(), expected) {
            #expect(track.codec.rfc6381 == codec)
            let clear = CMAFHeader(track: track).serialize()
            #expect(clear.contains(Array(entry.utf8)))
            let hidden = CMAFHeader(track: track, protection: .cenc(keyID: Fixtures.keyID)).serialize()
            #expect(hidden.contains(Array((track.kind == .video ? "encv" : "enca").utf8)))
            #expect(hidden.contains(Array("frma\(entry)".utf8)))
        }
    }

    /// The sample descriptions, box by box.
    @Test func dumps() throws {
        let tracks = try Fixtures.allTracks()
        var lines: [String] = []
        for track in tracks.dropFirst(2) {
            let bytes = CMAFHeader(track: track).serialize()
            let text = BoxDump().text(of: bytes.span).split(separator: "\n")
            let start = try #require(text.firstIndex { $0.contains("stsd ") })
            for line in text[(start + 1)...(start + 2)] {
                let fields = line.split(separator: " ").filter { !$0.hasPrefix("at=") }
                lines.append(fields.joined(separator: " "))
            }
        }
        #expect(
            lines == [
                "hvc1 size=214 width=192 height=128",
                "hvcC size=128 codec=hvc1.1.6.L60.90 type32=1 type33=1 type34=1 nalLength=4",
                "av01 size=113 width=192 height=128",
                "av1C size=27 codec=av01.0.00M.10.0.110.09.16.09.0 hasSequenceHeader=true",
                "ac-3 size=47 channels=2 sampleRate=48000",
                "dac3 size=11 sampleRate=48000 channels=2",
                "ec-3 size=49 channels=6 sampleRate=48000",
                "dec3 size=13 sampleRate=48000 channels=6 dataRate=192 substreams=1",
                "Opus size=55 channels=2 sampleRate=48000",
                "dOps size=19 channels=2 preSkip=312 inputSampleRate=48000 family=0",
            ])
    }

    /// Parameter sets may come in samples as well under this name; the record has them anyway.
    @Test func hev1IsRead() throws {
        let track = try Fixtures.allTracks()[2]
        var bytes = CMAFHeader(track: track).serialize()
        let type = try #require(bytes.firstRange(of: Array("hvc1".utf8)))
        bytes.replaceSubrange(type, with: Array("hev1".utf8))
        #expect(try CMAFHeader(parsing: bytes.span).track.codec == track.codec)
    }

    @Test func aSecondConfigurationIsRefused() throws {
        let tracks = try Fixtures.allTracks()
        guard case .hevc(let hevc, _, _) = tracks[2].codec, case .ac3(let ac3) = tracks[4].codec,
            case .opus(let opus) = tracks[6].codec
        else { throw ParseError(.invalid, at: 0, "other tracks") }
        let video = VisualSampleEntry(width: 16, height: 16, configuration: .hevc(hevc)).serialized()
        let audio = AudioSampleEntry(channels: 2, sampleRate: 48000, configuration: .ac3(ac3)).serialized()
        for (entry, more) in [(video, hevc.serialized()), (audio, opus.serialized())] {
            let bytes = entry[8...] + more
            let array = Array(bytes)
            let error = #expect(throws: ParseError.self) {
                var reader = ByteReader(array.span)
                if entry == video {
                    _ = try VisualSampleEntry(reading: &reader)
                } else {
                    _ = try AudioSampleEntry(reading: &reader)
                }
            }
            #expect(error?.reason == "a second decoder configuration")
        }
    }
}
