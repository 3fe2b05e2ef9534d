package import Media

/// Turns RTMP message bodies, which are those of FLV tags, into configurations and samples.
///
/// A message that does not parse throws and changes nothing but the clocks: the caller may count it and go on.
package struct Demuxer: Sendable {
    /// Message types as RTMP numbers them. Adobe RTMP specification 1.0 (2012), clause 7.1.
    private enum MessageType {
        static let audio: UInt8 = 8
        static let video: UInt8 = 9
        static let amf3Data: UInt8 = 15
        static let amf0Data: UInt8 = 18
    }

    private static let reportLimit = 16

    private var videoFormats: [UInt8: VideoFormat] = [:]
    private var audioFormats: [UInt8: AudioFormat] = [:]
    private var videoClock = TimestampUnwrapper()
    private var audioClock = TimestampUnwrapper()
    private var reported: Set<Report> = []

    private struct Report: Hashable {
        var text: String
        var kind: Track.Kind
        var track: UInt8
    }

    package init() {}

    /// The events of one message; usually one, none for what carries nothing to show, one for each track in a message of
    /// many.
    ///
    /// - Parameters:
    ///   - type: 8 audio, 9 video, 18 and 15 data; others give no event.
    ///   - timestamp: the message's, in milliseconds, wrapping at 2^32.
    ///   - payload: the whole body.
    /// - Throws: `ParseError` for a body that does not follow its format, and for media before its configuration; a
    ///   track that is right among others is not lost by that.
    package mutating func read(
        type: UInt8, timestamp: UInt32, payload: [UInt8]
    ) throws(ParseError) -> [Event] {
        // Encoders send empty audio and video messages to keep the connection alive.
        guard !payload.isEmpty else { return [] }
        switch type {
        case MessageType.video: return try readVideo(timestamp, payload)
        case MessageType.audio: return try readAudio(timestamp, payload)
        case MessageType.amf0Data: return try readData(timestamp, payload)
        case MessageType.amf3Data:
            // An AMF3 data message starts with a format byte; 0 says that AMF0 follows.
            return try readData(timestamp, payload[0] == 0 ? Array(payload.dropFirst()) : payload)
        default: return []
        }
    }

    private mutating func readVideo(_ timestamp: UInt32, _ payload: [UInt8]) throws(ParseError) -> [Event] {
        let time = videoClock.unwrap(timestamp, near: audioClock.last)
        return try gather(try VideoTag.parse(payload)) { demuxer, packet throws(ParseError) in
            try demuxer.events(packet, time)
        }
    }

    private mutating func readAudio(_ timestamp: UInt32, _ payload: [UInt8]) throws(ParseError) -> [Event] {
        let time = audioClock.unwrap(timestamp, near: videoClock.last)
        return try gather(try AudioTag.parse(payload)) { demuxer, packet throws(ParseError) in
            try demuxer.events(packet, time)
        }
    }

    /// The events of all packets; the first error only where nothing else is to be had.
    private mutating func gather<Packet>(
        _ packets: [Packet], _ read: (inout Demuxer, Packet) throws(ParseError) -> [Event]
    ) throws(ParseError) -> [Event] {
        var events: [Event] = []
        var failure: ParseError?
        for packet in packets {
            do throws(ParseError) { events += try read(&self, packet) } catch { failure = failure ?? error }
        }
        if events.isEmpty, let failure { throw failure }
        return events
    }

    private mutating func events(_ packet: VideoPacket, _ time: Int64) throws(ParseError) -> [Event] {
        switch packet.content {
        case .configuration(let codec, let bytes):
            return newFormat(try VideoFormat(codec, configuration: bytes), packet.track)
        case .picture(let codec, let offset, let data):
            var events: [Event] = []
            let picture = try picture(codec, data, packet.track, &events)
            guard !picture.data.isEmpty else { return events }
            events.append(
                .video(
                    track: packet.track, dts: time, nanoseconds: packet.nanoseconds, compositionOffset: offset,
                    isSync: picture.isSync, data: picture.data))
            return events
        case .endOfSequence: return [.endOfSequence]
        case .unsupported(let text): return report(text, .video, packet.track)
        }
    }

    /// The picture as samples hold it. Where the pictures themselves say how they are coded, that comes before it.
    private mutating func picture(
        _ codec: VideoCodec, _ data: [UInt8], _ track: UInt8, _ events: inout [Event]
    ) throws(ParseError) -> (data: [UInt8], isSync: Bool) {
        switch (codec, videoFormats[track]) {
        case (.avc, .avc(let record)):
            let unit = try NALAccessUnit(reading: data, .avc, lengthSize: record.nalUnitLengthSize)
            return (unit.data, unit.isSync)
        case (.hevc, .hevc(let record)):
            let unit = try NALAccessUnit(reading: data, .hevc, lengthSize: record.nalUnitLengthSize)
            return (unit.data, unit.isSync)
        case (.av1, .av1(let record)):
            let unit = try AV1TemporalUnit(parsing: data)
            if record.sequenceHeader == nil, unit.isSync, let header = unit.sequenceHeader {
                events += newFormat(.av1(record.adding(sequenceHeader: header)), track)
            }
            return (unit.data, unit.isSync)
        case (.vp9, _):
            guard !data.isEmpty else { return ([], false) }
            guard let isSync = VP9Frame.isKey(data) else { throw ParseError(.invalid, at: 0, "no VP9 frame") }
            events += newFormat(.vp9, track)
            return (data, isSync)
        case (.avc, _), (.hevc, _), (.av1, _):
            throw ParseError(.invalid, at: 0, "a picture before its sequence header")
        }
    }

    private mutating func newFormat(_ format: VideoFormat, _ track: UInt8) -> [Event] {
        // Until a picture brings the sequence header that the record lacks, nothing is new.
        if case .av1(let record) = format, record.sequenceHeader == nil, case .av1(let old)? = videoFormats[track],
            old.bytes.starts(with: record.bytes)
        {
            return []
        }
        guard format != videoFormats[track] else { return [] }
        videoFormats[track] = format
        return [.videoConfiguration(format, track: track)]
    }

    private mutating func events(_ packet: AudioPacket, _ time: Int64) throws(ParseError) -> [Event] {
        switch packet.content {
        case .configuration(let codec, let bytes):
            // AC-3, E-AC-3 and MP3 have nothing to say ahead of their frames.
            guard let format = try AudioFormat(codec, configuration: bytes) else { return [] }
            return newFormat(format, packet.track)
        case .block(let codec, let data):
            guard !data.isEmpty else { return [] }
            let events = newFormat(try format(codec, data, packet.track), packet.track)
            return events + [
                .audio(track: packet.track, pts: time, nanoseconds: packet.nanoseconds, data: data)
            ]
        case .endOfSequence: return [.endOfSequence]
        case .unsupported(let text): return report(text, .audio, packet.track)
        }
    }

    /// How a block is coded: as announced, or as it says itself.
    private func format(_ codec: AudioCodec, _ data: [UInt8], _ track: UInt8) throws(ParseError) -> AudioFormat {
        let known = audioFormats[track]
        switch (codec, known) {
        case (.aac, .aac?), (.opus, .opus?), (.flac, .flac?), (.mp3, .mp3?): return known ?? .mp3
        case (.mp3, _): return .mp3
        case (.ac3, _): return .ac3(try AC3Configuration(syncFrame: data))
        case (.eac3, _):
            let configuration = try EAC3Configuration(accessUnit: data)
            if case .eac3(let old)? = known, configuration.isLike(old) { return .eac3(old) }
            return .eac3(configuration)
        case (.aac, _), (.opus, _), (.flac, _):
            throw ParseError(.invalid, at: 0, "sound before its sequence header")
        }
    }

    private mutating func newFormat(_ format: AudioFormat, _ track: UInt8) -> [Event] {
        guard format != audioFormats[track] else { return [] }
        audioFormats[track] = format
        return [.audioConfiguration(format, track: track)]
    }

    private func readData(_ timestamp: UInt32, _ payload: [UInt8]) throws(ParseError) -> [Event] {
        var values = try AMF0.parse(payload)[...]
        // `@setDataFrame` asks the server to keep what follows for late viewers: an envelope.
        if values.first?.string == "@setDataFrame" { values = values.dropFirst() }
        guard let name = values.first?.string else {
            throw ParseError(.invalid, at: 0, "a data message without a name")
        }
        let arguments = Array(values.dropFirst())
        if name == "onMetaData" {
            return arguments.first { $0.properties != nil }.map { [.metadata($0)] } ?? []
        }
        if name == "@clearDataFrame" { return [] }
        var clock = TimestampUnwrapper()
        let time = clock.unwrap(timestamp, near: videoClock.last ?? audioClock.last)
        return [.message(name: name, arguments: arguments, time: time)]
    }

    private mutating func report(_ text: String, _ kind: Track.Kind, _ track: UInt8) -> [Event] {
        guard reported.count < Self.reportLimit,
            reported.insert(Report(text: text, kind: kind, track: track)).inserted
        else { return [] }
        return [.unsupported(text, kind, track: track)]
    }
}

extension VideoFormat {
    fileprivate init(_ codec: VideoCodec, configuration bytes: [UInt8]) throws(ParseError) {
        switch codec {
        case .avc: self = .avc(try AVCDecoderConfigurationRecord(parsing: bytes))
        case .hevc: self = .hevc(try HEVCDecoderConfigurationRecord(parsing: bytes))
        case .av1: self = .av1(try AV1CodecConfigurationRecord(parsing: bytes))
        case .vp9: self = .vp9
        }
    }
}

extension AudioFormat {
    /// Nil where only the blocks say it.
    fileprivate init?(_ codec: AudioCodec, configuration bytes: [UInt8]) throws(ParseError) {
        switch codec {
        case .aac: self = .aac(try AudioSpecificConfig(parsing: bytes))
        case .opus:
            // Without a header it is mono or stereo, which each packet says.
            self = .opus(
                bytes.isEmpty
                    ? try OpusConfiguration(channels: 2) : try OpusConfiguration(identificationHeader: bytes))
        case .flac: self = .flac(try FLACStreamInfo(parsing: bytes))
        case .ac3, .eac3, .mp3: return nil
        }
    }
}
