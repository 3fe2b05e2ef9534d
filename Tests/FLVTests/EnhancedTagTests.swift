import FLV
import Media
import Testing

/// Parts of Enhanced RTMP messages made by hand.
enum EnhancedBytes {
    /// Parameter sets of two bytes of payload, which nobody parses here.
    static let hevcRecord: [UInt8] = hevcRecord()

    static func hevcRecord(lengthSize: UInt8 = 4, level: UInt8 = 93) -> [UInt8] {
        let head: [UInt8] = [1, 1, 0x60, 0, 0, 0, 0xB0, 0, 0, 0, 0, 0, level, 0xF0, 0, 0xFC, 0xFD, 0xF8, 0xF8, 0, 0]
        let sets = [32, 33, 34].flatMap { (type: UInt8) -> [UInt8] in
            [0x80 | type, 0, 1, 0, 4, type << 1, 1, 0xAA, 0xBB]
        }
        return head + [0x0C | (lengthSize - 1), 3] + sets
    }

    /// NAL unit types 19 (IDR_W_RADL), 21 (CRA) and 1 (TRAIL_R).
    static let hevcIDR: [UInt8] = [0, 0, 0, 4, 0x26, 1, 0xAF, 0x08]
    static let hevcCRA: [UInt8] = [0, 0, 0, 4, 0x2A, 1, 0xAF, 0x08]
    static let hevcTrailing: [UInt8] = [0, 0, 0, 4, 0x02, 1, 0xD0, 0x08]
    /// What SVT-AV1 wrote for 64x36.
    static let av1Sequence: [UInt8] = [0x0A, 0x0A, 0, 0, 0, 0x02, 0xAF, 0xF1, 0x80, 0x5F, 0x00, 0x08]
    static let av1Record: [UInt8] = [0x81, 0, 0x0C, 0] + av1Sequence
    /// A temporal delimiter, the sequence header, and the beginning of a frame: shown, of type KEY_FRAME.
    static let av1KeyFrame: [UInt8] = [0x12, 0] + av1Sequence + [0x32, 2, 0x10, 0]
    static let opusHead: [UInt8] = Array("OpusHead".utf8) + [1, 2, 0x38, 1, 0x80, 0xBB, 0, 0, 0, 0, 0]
    static let streamInfo: [UInt8] =
        [0x12, 0, 0x12, 0, 0, 0, 0, 0, 0x24, 0x15, 0x0B, 0xB8, 0, 0xF0] + [UInt8](repeating: 0, count: 20)
    /// Stereo at 48 kHz, 128 kbit/s; as FFmpeg wrote it.
    static let ac3: [UInt8] = [0x0B, 0x77, 0xFE, 0x95, 0x14, 0x40, 0x43, 0xE1, 6, 0xF4]
    /// A frame of 8 bytes: six blocks, stereo at 48 kHz.
    static let eac3: [UInt8] = [0x0B, 0x77, 0, 3, 0x34, 0x87, 0xC0, 0]

    static func tag(_ first: UInt8, _ fourCC: String, _ body: [UInt8] = []) -> [UInt8] {
        [first] + Array(fourCC.utf8) + body
    }

    /// A message of sequence starts, ManyTracksManyCodecs.
    static func manyTracks(video tracks: [(track: UInt8, fourCC: [UInt8], body: [UInt8])]) -> [UInt8] {
        [0x96, 0x20] + tracks.flatMap { $0.fourCC + [$0.track, 0, 0, UInt8($0.body.count)] + $0.body }
    }
}

/// Enhanced RTMP v2 (Veovera, 2024), "Enhanced Audio" and "Enhanced Video".
@Suite struct EnhancedTagTests {
    private typealias Bytes = EnhancedBytes
    private var demuxer = Demuxer()

    private mutating func video(_ payload: [UInt8], at time: UInt32 = 0) throws -> [Event] {
        try demuxer.read(type: 9, timestamp: time, payload: payload)
    }

    private mutating func audio(_ payload: [UInt8], at time: UInt32 = 0) throws -> [Event] {
        try demuxer.read(type: 8, timestamp: time, payload: payload)
    }

    @Test mutating func hevc() throws {
        let record = try HEVCDecoderConfigurationRecord(parsing: Bytes.hevcRecord)
        #expect(throws: ParseError.self) { try video(Bytes.tag(0x93, "hvc1", Bytes.hevcIDR)) }
        #expect(try video(Bytes.tag(0x90, "hvc1", Bytes.hevcRecord)) == [.videoConfiguration(.hevc(record))])
        #expect(try video(Bytes.tag(0x90, "hvc1", Bytes.hevcRecord)).isEmpty)
        #expect(
            try video(Bytes.tag(0x91, "hvc1", [0, 0, 80] + Bytes.hevcIDR), at: 7)
                == [.video(dts: 7, compositionOffset: 80, isSync: true, data: Bytes.hevcIDR)])
        #expect(
            try video(Bytes.tag(0xA3, "hvc1", Bytes.hevcTrailing), at: 8)
                == [.video(dts: 8, compositionOffset: 0, isSync: false, data: Bytes.hevcTrailing)])
        #expect(
            try video(Bytes.tag(0x93, "hvc1", Bytes.hevcCRA), at: 9)
                == [.video(dts: 9, compositionOffset: 0, isSync: true, data: Bytes.hevcCRA)])
        // Another record in mid-stream, with shorter lengths.
        #expect(try video(Bytes.tag(0x90, "hvc1", Bytes.hevcRecord(lengthSize: 2))).count == 1)
        #expect(
            try video(Bytes.tag(0x93, "hvc1", Array(Bytes.hevcIDR[2...])), at: 10)
                == [.video(dts: 10, compositionOffset: 0, isSync: true, data: Bytes.hevcIDR)])
        #expect(throws: ParseError.self) { try video(Bytes.tag(0x91, "hvc1", [0, 0])) }
    }

    /// What encoders sent for HEVC before there was Enhanced RTMP.
    @Test mutating func hevcByCodecID() throws {
        #expect(try video([0x1C, 0, 0, 0, 0] + Bytes.hevcRecord).count == 1)
        #expect(
            try video([0x1C, 1, 0xFF, 0xFF, 0xFE] + Bytes.hevcIDR)
                == [.video(dts: 0, compositionOffset: -2, isSync: true, data: Bytes.hevcIDR)])
    }

    @Test mutating func av1() throws {
        let record = try AV1CodecConfigurationRecord(parsing: Bytes.av1Record)
        #expect(try video(Bytes.tag(0x90, "av01", Bytes.av1Record)) == [.videoConfiguration(.av1(record))])
        // The temporal delimiter is left out; AV1 has no composition offset.
        #expect(
            try video(Bytes.tag(0x91, "av01", Bytes.av1KeyFrame), at: 5)
                == [.video(dts: 5, compositionOffset: 0, isSync: true, data: Array(Bytes.av1KeyFrame[2...]))])
        let inter: [UInt8] = [0x32, 2, 0x30, 0]
        #expect(
            try video(Bytes.tag(0xA1, "av01", inter), at: 6)
                == [.video(dts: 6, compositionOffset: 0, isSync: false, data: inter)])
        #expect(throws: ParseError.self) { try video(Bytes.tag(0xA1, "av01", [0x32, 9, 0])) }
    }

    /// Where the record has no sequence header, the first key frame brings it.
    @Test mutating func av1WithoutConfigurationOBUs() throws {
        let bare = Array(Bytes.av1Record[..<4])
        #expect(try video(Bytes.tag(0x90, "av01", bare)).count == 1)
        let events = try video(Bytes.tag(0x91, "av01", Bytes.av1KeyFrame))
        #expect(events.count == 2)
        guard case .videoConfiguration(.av1(let record), 0) = events.first else {
            Issue.record("no record: \(events)")
            return
        }
        #expect(record.bytes == Bytes.av1Record && record.sequenceHeader?.maxWidth == 64)
        #expect(try video(Bytes.tag(0x90, "av01", bare)).isEmpty)
        #expect(try video(Bytes.tag(0x91, "av01", Bytes.av1KeyFrame)).count == 1)
    }

    @Test mutating func vp9() throws {
        let key: [UInt8] = [0x82, 0x49, 0x83, 0x42]
        #expect(try video(Bytes.tag(0x90, "vp09", [1, 0, 0, 0, 0, 0x0A])) == [.videoConfiguration(.vp9)])
        #expect(
            try video(Bytes.tag(0x91, "vp09", key))
                == [.video(dts: 0, compositionOffset: 0, isSync: true, data: key)])
        // An inter frame, and one that shows another again.
        for inter in [[0x86, 0], [0x88, 0]] as [[UInt8]] {
            #expect(
                try video(Bytes.tag(0xA1, "vp09", inter))
                    == [.video(dts: 0, compositionOffset: 0, isSync: false, data: inter)])
        }
        #expect(throws: ParseError.self) { try video(Bytes.tag(0xA1, "vp09", [0x42])) }
        var other = Demuxer()
        let events = try other.read(type: 9, timestamp: 0, payload: Bytes.tag(0x91, "vp09", key))
        #expect(events.count == 2 && events.first == .videoConfiguration(.vp9))
    }

    @Test mutating func sound() throws {
        let opus = try OpusConfiguration(identificationHeader: Bytes.opusHead)
        #expect(opus.preSkip == 312 && opus.inputSampleRate == 48000 && opus.identificationHeader == Bytes.opusHead)
        #expect(throws: ParseError.self) { try audio(Bytes.tag(0x91, "Opus", [0xFC, 1])) }
        #expect(try audio(Bytes.tag(0x90, "Opus", Bytes.opusHead)) == [.audioConfiguration(.opus(opus))])
        #expect(try audio(Bytes.tag(0x90, "Opus", Bytes.opusHead)).isEmpty)
        #expect(try audio(Bytes.tag(0x91, "Opus", [0xFC, 1]), at: 3) == [.audio(pts: 3, data: [0xFC, 1])])
        // The order of the channels, of which the header has told already.
        #expect(try audio(Bytes.tag(0x94, "Opus", [1, 2, 0, 0, 0, 3])).isEmpty)
        #expect(try audio(Bytes.tag(0x92, "Opus")) == [.endOfSequence])

        let flac = try FLACStreamInfo(parsing: Bytes.streamInfo)
        #expect(flac.sampleRate == 48000 && flac.channels == 1)
        #expect(try audio(Bytes.tag(0x90, "fLaC", Bytes.streamInfo)) == [.audioConfiguration(.flac(flac))])
        // As the specification has it: behind the signature.
        #expect(try audio(Bytes.tag(0x90, "fLaC", Array("fLaC".utf8) + [0x80, 0, 0, 34] + Bytes.streamInfo)).isEmpty)
        #expect(throws: ParseError.self) { try audio(Bytes.tag(0x90, "fLaC", Array("fLaC".utf8) + [1, 0, 0, 34])) }

        #expect(try audio(Bytes.tag(0x90, "ac-3")).isEmpty)
        let ac3 = try AC3Configuration(syncFrame: Bytes.ac3)
        #expect(ac3.bytes == [0x10, 0x11, 0x40] && ac3.channels == 2)
        #expect(
            try audio(Bytes.tag(0x91, "ac-3", Bytes.ac3))
                == [.audioConfiguration(.ac3(ac3)), .audio(pts: 0, data: Bytes.ac3)])
        #expect(try audio(Bytes.tag(0x91, "ac-3", Bytes.ac3)).count == 1)
        #expect(throws: ParseError.self) { try audio(Bytes.tag(0x91, "ac-3", Bytes.eac3)) }

        let eac3 = try EAC3Configuration(accessUnit: Bytes.eac3)
        #expect(eac3.channels == 2 && eac3.sampleRate == 48000)
        #expect(
            try audio(Bytes.tag(0x91, "ec-3", Bytes.eac3)).first == .audioConfiguration(.eac3(eac3)))
        // More bits a second are no other stream.
        let longer = [0x0B, 0x77, 0, 4, 0x34, 0x87, 0xC0, 0, 0, 0] as [UInt8]
        #expect(try audio(Bytes.tag(0x91, "ec-3", longer)) == [.audio(pts: 0, data: longer)])

        #expect(
            try audio(Bytes.tag(0x91, ".mp3", [0xFF, 0xFB]))
                == [.audioConfiguration(.mp3), .audio(pts: 0, data: [0xFF, 0xFB])])
        #expect(try audio([0x2F, 0xFF, 0xFA]) == [.audio(pts: 0, data: [0xFF, 0xFA])])
    }

    /// An independent substream of 5.1 and a dependent one that adds the pair Lrs/Rrs: 7.1.
    @Test func dependentSubstreamsOfEAC3() throws {
        let main: [UInt8] = [0x0B, 0x77, 0, 7, 0x3F, 0x87, 0xC0] + [UInt8](repeating: 0, count: 9)
        // strmtyp 1; dialnorm 5 bits, compre 0, chanmape 1, chanmap with bit 6 from the top.
        let added: [UInt8] = [0x0B, 0x77, 0x40, 7, 0x34, 0x87, 0xD0, 0x20, 0] + [UInt8](repeating: 0, count: 7)
        let configuration = try EAC3Configuration(accessUnit: main + added)
        #expect(configuration.substreams.count == 1)
        #expect(configuration.substreams.first?.dependentSubstreams == 1)
        #expect(configuration.substreams.first?.addedLocations == 2)
        #expect(configuration.channels == 8)
        #expect(AudioFormat.eac3(configuration).sampleCount(of: main + added) == 1536)
        #expect(throws: ParseError.self) { try EAC3Configuration(accessUnit: added) }
        #expect(throws: ParseError.self) { try EAC3Configuration(accessUnit: Array(main.dropLast())) }
    }

    @Test(
        arguments: [
            ([0xFC], 960), ([0x08], 960), ([0x18], 2880), ([0xE1], 240), ([0x83, 3], 360), ([0x1B, 2], 5760),
            ([0x1B, 3], nil), ([0x83], nil), ([0x83, 0], nil), ([], nil),
        ] as [([UInt8], UInt32?)])
    func durationsOfOpusPackets(packet: [UInt8], samples: UInt32?) {
        #expect(OpusPacket.sampleCount(of: packet) == samples)
    }

    @Test mutating func oneTrackOfMany() throws {
        let avc = try AVCDecoderConfigurationRecord(parsing: TagBytes.record())
        #expect(try video(TagBytes.configuration()) == [.videoConfiguration(.avc(avc))])
        // OneTrack: the FourCC, the track, then everything.
        let record = try HEVCDecoderConfigurationRecord(parsing: Bytes.hevcRecord)
        #expect(
            try video([0x96, 0x00] + Array("hvc1".utf8) + [3] + Bytes.hevcRecord)
                == [.videoConfiguration(.hevc(record), track: 3)])
        #expect(
            try video([0xA6, 0x01] + Array("hvc1".utf8) + [3, 0, 0, 40] + Bytes.hevcTrailing, at: 4)
                == [.video(track: 3, dts: 4, compositionOffset: 40, isSync: false, data: Bytes.hevcTrailing)])
        // The first track is as it was.
        let data = TagBytes.unit(TagBytes.idr)
        #expect(
            try video(TagBytes.picture(data), at: 5)
                == [.video(dts: 5, compositionOffset: 0, isSync: true, data: data)])
        #expect(try audio([0x95, 0x00] + Array("Opus".utf8) + [1] + Bytes.opusHead).count == 1)
        #expect(
            try audio([0x95, 0x01] + Array("Opus".utf8) + [1, 0xFC, 9], at: 6)
                == [.audio(track: 1, pts: 6, data: [0xFC, 9])])
        #expect(throws: ParseError.self) { try audio([0x95, 0x01] + Array("Opus".utf8) + [2, 0xFC, 9]) }
    }

    @Test mutating func manyTracksInOneMessage() throws {
        let configurations = Bytes.manyTracks(video: [
            (0, Array("avc1".utf8), TagBytes.record()), (1, Array("hvc1".utf8), Bytes.hevcRecord),
        ])
        #expect(try video(configurations).count == 2)
        // ManyTracks: one FourCC for all; each track has its size.
        let unit = TagBytes.unit(TagBytes.idr)
        let frame = [0, 0, 0] + unit
        let share = [0, 0, UInt8(frame.count)] + frame
        #expect(try video([0x96, 0x10] + Array("avc1".utf8) + [2, 0, 0, 23] + TagBytes.record()).count == 1)
        #expect(
            try video([0x96, 0x11] + Array("avc1".utf8) + [0] + share + [2] + share, at: 9)
                == [
                    .video(track: 0, dts: 9, compositionOffset: 0, isSync: true, data: unit),
                    .video(track: 2, dts: 9, compositionOffset: 0, isSync: true, data: unit),
                ])
        // A track that is broken, or unknown, does not take the others with it.
        #expect(try video([0x96, 0x11] + Array("avc1".utf8) + [5] + share + [2] + share, at: 9).count == 1)
        #expect(
            try video([0x96, 0x21] + Array("vp08".utf8) + [4, 0, 0, 1, 7] + Array("avc1".utf8) + [2] + share).count == 2
        )
        // A size beyond the message, a multitrack message or ModEx inside one, a kind of the future.
        let size = [0, 0, UInt8(frame.count) + 1] + frame
        #expect(throws: ParseError.self) { try video([0x96, 0x11] + Array("avc1".utf8) + [2] + size) }
        #expect(throws: ParseError.self) { try video([0x96, 0x06] + Array("avc1".utf8) + [2] + frame) }
        #expect(throws: ParseError.self) { try video([0x96, 0x07] + Array("avc1".utf8) + [2] + frame) }
        #expect(throws: ParseError.self) { try video([0x96, 0x31] + Array("avc1".utf8) + [2] + frame) }
        let flood = (0..<100).flatMap { _ in [2, 0, 0, 0] as [UInt8] }
        #expect(throws: ParseError.self) { try video([0x96, 0x11] + Array("avc1".utf8) + flood) }
    }

    @Test mutating func modifiers() throws {
        _ = try video(TagBytes.configuration())
        let data = TagBytes.unit(TagBytes.idr)
        // Two in a row: one of the future, then the offset, here before a multitrack message.
        let modifiers: [UInt8] = [0x97, 0, 9, 0xF7, 2, 0x0F, 0x42, 0x3F, 0x06]
        #expect(
            try video(modifiers + [0x01] + Array("avc1".utf8) + [0, 0, 0, 0] + data, at: 5)
                == [.video(dts: 5, nanoseconds: 999_999, compositionOffset: 0, isSync: true, data: data)])
        // More than a millisecond is none; too short is nothing.
        for (size, bytes, expected) in [(2, [0xFF, 0xFF, 0xFF], 999_999), (1, [0xFF, 0xFF], 0)]
            as [(UInt8, [UInt8], UInt32)]
        {
            #expect(
                try video([0x97, size] + bytes + Bytes.tag(0x03, "avc1", data), at: 5)
                    == [.video(dts: 5, nanoseconds: expected, compositionOffset: 0, isSync: true, data: data)])
        }
        _ = try audio([0xAF, 0] + TagBytes.audioConfig)
        #expect(
            try audio([0x97, 2, 0, 0x27, 0x10, 0x01] + Array("mp4a".utf8) + [0x21], at: 5)
                == [.audio(pts: 5, nanoseconds: 10_000, data: [0x21])])
        // A command frame has no body behind its modifiers; metadata has one whatever the frame type.
        #expect(try video([0xD7, 0, 9, 0x01, 0]).isEmpty)
        #expect(try video(Bytes.tag(0xD4, "hvc1", [2, 0, 9])).isEmpty)
        #expect(throws: ParseError.self) { try video([0x97, 255, 0xFF, 0xFF, 1]) }
    }

    /// Every message, cut short at every byte.
    @Test(
        arguments: [
            (9, [0x90] + Array("hvc1".utf8) + EnhancedBytes.hevcRecord),
            (9, [0x90] + Array("av01".utf8) + EnhancedBytes.av1Record),
            (9, [0x91] + Array("av01".utf8) + EnhancedBytes.av1KeyFrame),
            (9, EnhancedBytes.manyTracks(video: [(1, Array("hvc1".utf8), EnhancedBytes.hevcRecord)])),
            (8, [0x90] + Array("Opus".utf8) + EnhancedBytes.opusHead),
            (8, [0x90] + Array("fLaC".utf8) + EnhancedBytes.streamInfo),
            (8, [0x91] + Array("ec-3".utf8) + EnhancedBytes.eac3),
            (8, [0x97, 2, 0, 0, 9, 0x05, 0x01] + Array("ec-3".utf8) + [1] + EnhancedBytes.eac3),
        ] as [(UInt8, [UInt8])])
    func cutMessagesNeverTrap(type: UInt8, payload: [UInt8]) {
        var whole = 0
        for count in 1...payload.count {
            var demuxer = Demuxer()
            if case .audio? = (try? demuxer.read(type: type, timestamp: 0, payload: Array(payload[..<count])))?.last {
                whole += 1
            }
        }
        #expect(whole <= 1)
    }
}
