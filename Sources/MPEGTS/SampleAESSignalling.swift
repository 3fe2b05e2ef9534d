import Media

/// What a program map says of an elementary stream under SAMPLE-AES.
///
/// Apple, MPEG-2 Stream Encryption Format for HTTP Live Streaming, clauses 2.3.2 and 3.0.
struct SampleAESSignalling {
    var streamType: UInt8
    var descriptors: [UInt8]

    /// Video, named by its stream type and a private data indicator alone.
    static let avc = SampleAESSignalling(streamType: 0xDB, descriptors: indicator("zavc"))

    /// - Throws: where the format has no name for the object type, or the configuration has no room in its descriptor.
    static func aac(_ configuration: AudioSpecificConfig) throws(TransportStreamError) -> SampleAESSignalling {
        let type: StaticString =
            switch configuration.audioObjectType {
            case 2: "zaac"
            case 5: "zach"
            case 29: "zacp"
            default:
                throw TransportStreamError(
                    .unsupported, "AAC object type \(configuration.audioObjectType) under SAMPLE-AES")
            }
        return SampleAESSignalling(
            streamType: 0xCF, descriptors: indicator("aacd") + (try audioSetup(type, configuration.bytes)))
    }

    /// private_data_indicator_descriptor. ISO/IEC 13818-1:2022, clause 2.6.28.
    private static func indicator(_ name: StaticString) -> [UInt8] { [0x0F, 4] + name.bytes }

    /// The audio setup information: what a decoder has to know and cannot read from encrypted frames, in a
    /// registration_descriptor (ISO/IEC 13818-1:2022, clause 2.6.8) of the identifier `apad`.
    private static func audioSetup(_ type: StaticString, _ setup: [UInt8]) throws(TransportStreamError) -> [UInt8] {
        guard setup.count <= 100 else {
            throw TransportStreamError(.unsupported, "audio setup data of \(setup.count) bytes")
        }
        // Priming 0: unknown to whoever packages. Version 1.
        let body = StaticString("apad").bytes + type.bytes + [0, 0, 1, UInt8(setup.count)] + setup
        return [0x05, UInt8(body.count)] + body
    }
}

extension StaticString {
    fileprivate var bytes: [UInt8] { Array(description.utf8) }
}
