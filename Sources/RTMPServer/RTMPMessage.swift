/// A media or data message of the publication, whole.
package struct RTMPMessage: Sendable, Equatable {
    /// 8 audio, 9 video, 15 data in AMF3 framing, 18 data.
    package var type: UInt8
    /// Milliseconds of the encoder's clock, wrapping at 2^32.
    package var timestamp: UInt32
    package var payload: [UInt8]

    package init(type: UInt8, timestamp: UInt32, payload: [UInt8]) {
        self.type = type
        self.timestamp = timestamp
        self.payload = payload
    }
}

/// Message type ids. Adobe RTMP specification 1.0 (2012), clauses 5.4, 6.2 and 7.1.
enum MessageType {
    static let setChunkSize: UInt8 = 1
    static let abort: UInt8 = 2
    static let acknowledgement: UInt8 = 3
    static let userControl: UInt8 = 4
    static let windowAcknowledgementSize: UInt8 = 5
    static let setPeerBandwidth: UInt8 = 6
    static let audio: UInt8 = 8
    static let video: UInt8 = 9
    static let amf3Data: UInt8 = 15
    static let amf3Command: UInt8 = 17
    static let amf0Data: UInt8 = 18
    static let amf0Command: UInt8 = 20
    static let aggregate: UInt8 = 22
}
