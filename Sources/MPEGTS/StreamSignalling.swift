/// What a program map says of an elementary stream.
struct StreamSignalling: Equatable {
    /// ISO/IEC 13818-1:2022, table 2-34; 0x81 and 0x87 by ATSC A/52:2018, annexes A and G.
    var streamType: UInt8
    var descriptors: [UInt8] = []

    static let avc = StreamSignalling(streamType: 0x1B)
    static let hevc = StreamSignalling(streamType: 0x24, descriptors: registration("HEVC"))
    static let aac = StreamSignalling(streamType: 0x0F)
    static let ac3 = StreamSignalling(streamType: 0x81, descriptors: registration("AC-3"))
    static let eac3 = StreamSignalling(streamType: 0x87, descriptors: registration("EAC3"))

    /// registration_descriptor. ISO/IEC 13818-1:2022, clause 2.6.8.
    ///
    /// - Parameters:
    ///   - identifier: four characters.
    ///   - info: at most 251 bytes.
    static func registration(_ identifier: StaticString, _ info: [UInt8] = []) -> [UInt8] {
        [0x05, UInt8(4 + info.count)] + identifier.bytes + info
    }

    /// private_data_indicator_descriptor. ISO/IEC 13818-1:2022, clause 2.6.28.
    ///
    /// - Parameter indicator: four characters.
    static func privateData(_ indicator: StaticString) -> [UInt8] { [0x0F, 4] + indicator.bytes }
}

extension StaticString {
    var bytes: [UInt8] { Array(description.utf8) }
}
