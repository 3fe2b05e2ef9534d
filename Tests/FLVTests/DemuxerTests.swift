import FLV
import Media
import Testing

/// Tag bodies made by hand.
enum TagBytes {
    static let sps: [UInt8] = [0x67, 0x64, 0x00, 0x1F, 0xAC]
    static let pps: [UInt8] = [0x68, 0xEB, 0xE3]
    static let audioConfig: [UInt8] = [0x11, 0x90]
    static let idr: [UInt8] = [0x65, 0x88, 0x84]

    static func record(lengthSize: UInt8 = 4, sps: [UInt8] = sps) -> [UInt8] {
        [1, sps[1], sps[2], sps[3], 0xFC | (lengthSize - 1), 0xE1, 0, UInt8(sps.count)] + sps
            + [1, 0, UInt8(pps.count)] + pps + [0xFD, 0xF8, 0xF8, 0]
    }

    static func configuration(lengthSize: UInt8 = 4, sps: [UInt8] = sps) -> [UInt8] {
        [0x17, 0, 0, 0, 0] + record(lengthSize: lengthSize, sps: sps)
    }

    static func picture(type frameType: UInt8 = 1, offset: [UInt8] = [0, 0, 0], _ units: [UInt8]) -> [UInt8] {
        [frameType << 4 | 7, 1] + offset + units
    }

    static func unit(_ unit: [UInt8]) -> [UInt8] { [0, 0, 0, UInt8(unit.count)] + unit }
}

@Suite struct DemuxerTests {
    @Test func legacyPictures() throws {
        var demuxer = Demuxer()
        let events = try demuxer.read(type: 9, timestamp: 0, payload: TagBytes.configuration())
        #expect(events == [.videoConfiguration(.avc(try AVCDecoderConfigurationRecord(parsing: TagBytes.record())))])
        let data = TagBytes.unit([0x09, 0x10]) + TagBytes.unit(TagBytes.idr)
        #expect(
            try demuxer.read(type: 9, timestamp: 40, payload: TagBytes.picture(offset: [0, 0, 80], data))
                == [.video(dts: 40, compositionOffset: 80, isSync: true, data: data)])
        let other = TagBytes.unit([0x41, 0x9A])
        #expect(
            try demuxer.read(
                type: 9, timestamp: 80, payload: TagBytes.picture(type: 2, offset: [0xFF, 0xFF, 0xD8], other))
                == [.video(dts: 80, compositionOffset: -40, isSync: false, data: other)])
        // A key frame by its tag, an I slice of an open GOP by its bytes.
        #expect(
            try demuxer.read(type: 9, timestamp: 120, payload: TagBytes.picture(type: 1, other))
                == [.video(dts: 120, compositionOffset: 0, isSync: false, data: other)])
        #expect(try demuxer.read(type: 9, timestamp: 160, payload: [0x17, 2, 0, 0, 0]) == [.endOfSequence])
    }

    @Test func repeatedConfigurationIsGivenOnce() throws {
        var demuxer = Demuxer()
        #expect(try demuxer.read(type: 9, timestamp: 0, payload: TagBytes.configuration()).count == 1)
        #expect(try demuxer.read(type: 9, timestamp: 0, payload: TagBytes.configuration()).isEmpty)
        let other = TagBytes.configuration(sps: [0x67, 0x4D, 0x40, 0x28, 0xAC])
        #expect(try demuxer.read(type: 9, timestamp: 0, payload: other).count == 1)
        #expect(try demuxer.read(type: 8, timestamp: 0, payload: [0xAF, 0] + TagBytes.audioConfig).count == 1)
        #expect(try demuxer.read(type: 8, timestamp: 0, payload: [0xAF, 0] + TagBytes.audioConfig).isEmpty)
    }

    @Test(arguments: [1, 2] as [UInt8])
    func lengthFieldsBecomeFourBytes(size: UInt8) throws {
        var demuxer = Demuxer()
        _ = try demuxer.read(type: 9, timestamp: 0, payload: TagBytes.configuration(lengthSize: size))
        let length = [UInt8](repeating: 0, count: Int(size) - 1) + [3]
        // An empty unit between two is left out.
        let empty = [UInt8](repeating: 0, count: Int(size))
        let payload = TagBytes.picture(length + TagBytes.idr + empty + length + TagBytes.idr)
        let expected = TagBytes.unit(TagBytes.idr) + TagBytes.unit(TagBytes.idr)
        #expect(
            try demuxer.read(type: 9, timestamp: 0, payload: payload)
                == [.video(dts: 0, compositionOffset: 0, isSync: true, data: expected)])
    }

    @Test func legacyAudio() throws {
        var demuxer = Demuxer()
        #expect(throws: ParseError.self) { try demuxer.read(type: 8, timestamp: 0, payload: [0xAF, 1, 0x21]) }
        #expect(
            try demuxer.read(type: 8, timestamp: 0, payload: [0xAF, 0] + TagBytes.audioConfig)
                == [.audioConfiguration(.aac(try AudioSpecificConfig(parsing: TagBytes.audioConfig)))])
        #expect(
            try demuxer.read(type: 8, timestamp: 21, payload: [0xAF, 1, 0x21, 0x10])
                == [.audio(pts: 21, data: [0x21, 0x10])])
        #expect(try demuxer.read(type: 8, timestamp: 42, payload: [0xAF, 1]).isEmpty)
        #expect(try demuxer.read(type: 8, timestamp: 42, payload: []).isEmpty)
    }

    @Test func enhancedTagsWithKnownCodecs() throws {
        var demuxer = Demuxer()
        let avc1 = Array("avc1".utf8)
        let mp4a = Array("mp4a".utf8)
        let data = TagBytes.unit(TagBytes.idr)
        #expect(try demuxer.read(type: 9, timestamp: 0, payload: [0x90] + avc1 + TagBytes.record()).count == 1)
        #expect(
            try demuxer.read(type: 9, timestamp: 1, payload: [0x91] + avc1 + [0xFF, 0xFF, 0xFF] + data)
                == [.video(dts: 1, compositionOffset: -1, isSync: true, data: data)])
        #expect(
            try demuxer.read(type: 9, timestamp: 2, payload: [0x93] + avc1 + data)
                == [.video(dts: 2, compositionOffset: 0, isSync: true, data: data)])
        // ModEx: three bytes of nanosecond offset, then the packet type proper; and one with a long size.
        #expect(
            try demuxer.read(type: 9, timestamp: 3, payload: [0x97, 2, 0, 0, 9, 0x03] + avc1 + data)
                == [.video(dts: 3, nanoseconds: 9, compositionOffset: 0, isSync: true, data: data)])
        let long = [0x97, 255, 1, 0x2B] + [UInt8](repeating: 7, count: 300) + [0x03] + avc1 + data
        #expect(try demuxer.read(type: 9, timestamp: 4, payload: long).count == 1)
        #expect(try demuxer.read(type: 9, timestamp: 5, payload: [0x92] + avc1) == [.endOfSequence])
        #expect(try demuxer.read(type: 9, timestamp: 5, payload: [0x94] + avc1 + [1, 2, 3]).isEmpty)
        #expect(try demuxer.read(type: 9, timestamp: 5, payload: [0xD1, 0]).isEmpty)
        #expect(try demuxer.read(type: 8, timestamp: 0, payload: [0x90] + mp4a + TagBytes.audioConfig).count == 1)
        #expect(
            try demuxer.read(type: 8, timestamp: 6, payload: [0x91] + mp4a + [0x21])
                == [.audio(pts: 6, data: [0x21])])
    }

    @Test func unsupportedIsSaidOnceAndClearly() throws {
        var demuxer = Demuxer()
        let vp8 = [0x90] + Array("vp08".utf8) + [1, 2, 3]
        #expect(
            try demuxer.read(type: 9, timestamp: 0, payload: vp8)
                == [.unsupported("VP8 video (Enhanced RTMP vp08); send H.264, HEVC, AV1 or VP9", .video)])
        #expect(try demuxer.read(type: 9, timestamp: 0, payload: vp8).isEmpty)
        #expect(
            try demuxer.read(type: 9, timestamp: 0, payload: [0x14, 0, 0, 0, 0])
                == [.unsupported("VP6 video; send H.264, HEVC, AV1 or VP9", .video)])
        #expect(
            try demuxer.read(type: 8, timestamp: 0, payload: [0xB2, 0xFF])
                == [.unsupported("Speex audio; send AAC, Opus, FLAC, AC-3, E-AC-3 or MP3", .audio)])
        #expect(
            try demuxer.read(type: 8, timestamp: 0, payload: [0x95, 0x01] + Array("abcd".utf8) + [7, 1])
                == [
                    .unsupported(
                        "unknown audio (Enhanced RTMP abcd); send AAC, Opus, FLAC, AC-3, E-AC-3 or MP3", .audio,
                        track: 7)
                ])
        // However many codecs a peer invents, the list of what was said stays short.
        let count = try (0..<1000).map { number in
            try demuxer.read(
                type: 9, timestamp: 0, payload: [0x90, 0x61, 0x61, UInt8(number >> 8), UInt8(number & 255)]
            )
            .count
        }.reduce(0, +)
        #expect(count == 12)
    }

    @Test func brokenPicturesThrowAndLeaveTheDemuxerUsable() throws {
        var demuxer = Demuxer()
        let good = TagBytes.picture(TagBytes.unit(TagBytes.idr))
        #expect(throws: ParseError.self) { try demuxer.read(type: 9, timestamp: 0, payload: good) }
        _ = try demuxer.read(type: 9, timestamp: 0, payload: TagBytes.configuration())
        for count in [1, 3, 4, 6, 8, 10, 11] {
            #expect(throws: ParseError.self, "\(count) bytes") {
                try demuxer.read(type: 9, timestamp: 0, payload: Array(good[..<count]))
            }
        }
        let tooLong = TagBytes.picture([0xFF, 0xFF, 0xFF, 0xFF] + TagBytes.idr)
        #expect(throws: ParseError.self) { try demuxer.read(type: 9, timestamp: 0, payload: tooLong) }
        #expect(try demuxer.read(type: 9, timestamp: 0, payload: good).count == 1)
    }

    @Test func dataMessages() throws {
        var demuxer = Demuxer()
        let metadata = AMF0.ecmaArray([.init("width", .number(1280)), .init("framerate", .number(29.97))])
        let envelope = AMF0.serialize([.string("@setDataFrame"), .string("onMetaData"), metadata])
        #expect(try demuxer.read(type: 18, timestamp: 0, payload: envelope) == [.metadata(metadata)])
        let bare = AMF0.serialize([.string("onMetaData"), metadata])
        #expect(try demuxer.read(type: 18, timestamp: 0, payload: bare) == [.metadata(metadata)])
        #expect(try demuxer.read(type: 15, timestamp: 0, payload: [0] + bare) == [.metadata(metadata)])
        let cue = AMF0.object([.init("name", .string("scte35")), .init("data", .string("/DAlAAAA"))])
        #expect(
            try demuxer.read(type: 18, timestamp: 9, payload: AMF0.serialize([.string("onCuePoint"), cue]))
                == [.message(name: "onCuePoint", arguments: [cue], time: 9)])
        #expect(throws: ParseError.self) { try demuxer.read(type: 18, timestamp: 9, payload: [0x05]) }
        #expect(try demuxer.read(type: 3, timestamp: 9, payload: [1]).isEmpty)
    }
}
