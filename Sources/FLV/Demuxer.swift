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

    private var videoConfiguration: AVCDecoderConfigurationRecord?
    private var audioConfiguration: AudioSpecificConfig?
    private var videoClock = TimestampUnwrapper()
    private var audioClock = TimestampUnwrapper()
    private var reported: Set<String> = []

    package init() {}

    /// The events of one message; usually one, none for what carries nothing to show.
    ///
    /// - Parameters:
    ///   - type: 8 audio, 9 video, 18 and 15 data; others give no event.
    ///   - timestamp: the message's, in milliseconds, wrapping at 2^32.
    ///   - payload: the whole body.
    /// - Throws: `ParseError` for a body that does not follow its format, and for media before its configuration.
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
        switch try VideoTag(parsing: payload) {
        case .configuration(let bytes):
            let configuration = try AVCDecoderConfigurationRecord(parsing: bytes)
            guard configuration != videoConfiguration else { return [] }
            videoConfiguration = configuration
            return [.videoConfiguration(configuration)]
        case .picture(let compositionOffset, let data):
            guard let videoConfiguration else {
                throw ParseError(.invalid, at: 0, "a picture before the AVC sequence header")
            }
            let unit = try AVCAccessUnit(reading: data, lengthSize: videoConfiguration.nalUnitLengthSize)
            guard !unit.data.isEmpty else { return [] }
            return [.video(dts: time, compositionOffset: compositionOffset, isSync: unit.isIDR, data: unit.data)]
        case .endOfSequence: return [.endOfSequence]
        case .ignored: return []
        case .unsupported(let text): return report(text)
        }
    }

    private mutating func readAudio(_ timestamp: UInt32, _ payload: [UInt8]) throws(ParseError) -> [Event] {
        let time = audioClock.unwrap(timestamp, near: videoClock.last)
        switch try AudioTag(parsing: payload) {
        case .configuration(let bytes):
            let configuration = try AudioSpecificConfig(parsing: bytes)
            guard configuration != audioConfiguration else { return [] }
            audioConfiguration = configuration
            return [.audioConfiguration(configuration)]
        case .frame(let data):
            guard audioConfiguration != nil else {
                throw ParseError(.invalid, at: 0, "an AAC frame before the AAC sequence header")
            }
            return data.isEmpty ? [] : [.audio(pts: time, data: data)]
        case .endOfSequence: return [.endOfSequence]
        case .ignored: return []
        case .unsupported(let text): return report(text)
        }
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

    private mutating func report(_ text: String) -> [Event] {
        guard reported.count < Self.reportLimit, reported.insert(text).inserted else { return [] }
        return [.unsupported(text)]
    }
}
