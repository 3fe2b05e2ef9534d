import Media

/// Elementary streams under SAMPLE-AES, as program maps name them.
///
/// Apple, MPEG-2 Stream Encryption Format for HTTP Live Streaming, clauses 2.3.2 and 3.0.
extension StreamSignalling {
    static let protectedAVC = StreamSignalling(streamType: 0xDB, descriptors: privateData("zavc"))

    /// The setup data is the configuration.
    ///
    /// - Throws: where the format has no name for the object type, or the configuration has no room in its descriptor.
    static func protectedAAC(_ configuration: AudioSpecificConfig) throws(TransportStreamError) -> StreamSignalling {
        let type: StaticString =
            switch configuration.audioObjectType {
            case 2: "zaac"
            case 5: "zach"
            case 29: "zacp"
            default:
                throw TransportStreamError(
                    .unsupported, "AAC object type \(configuration.audioObjectType) under SAMPLE-AES")
            }
        return StreamSignalling(
            streamType: 0xCF, descriptors: privateData("aacd") + (try audioSetup(type, configuration.bytes)))
    }

    /// The setup data is the head of a frame.
    ///
    /// - Parameter frame: the first syncframe of the segment; at least 10 bytes, else this throws.
    static func protectedAC3(_ frame: Span<UInt8>) throws(TransportStreamError) -> StreamSignalling {
        guard frame.count >= 10 else {
            throw TransportStreamError(.malformedSample, "an AC-3 frame of \(frame.count) bytes")
        }
        let head = (0..<10).map { frame[$0] }
        return StreamSignalling(
            streamType: 0xC1, descriptors: privateData("ac3d") + (try audioSetup("zac3", head)))
    }

    /// The setup data is the payload of the `dec3` box.
    static func protectedEAC3(_ configuration: EAC3Configuration) throws(TransportStreamError) -> StreamSignalling {
        StreamSignalling(
            streamType: 0xC2, descriptors: privateData("ec3d") + (try audioSetup("zec3", configuration.bytes)))
    }

    /// The audio setup information: what a decoder has to know and cannot read from encrypted frames.
    private static func audioSetup(_ type: StaticString, _ setup: [UInt8]) throws(TransportStreamError) -> [UInt8] {
        // With everything else that can be in it, the map then still fits one packet, as the format demands.
        guard setup.count <= 64 else {
            throw TransportStreamError(.unsupported, "audio setup data of \(setup.count) bytes")
        }
        // Priming 0: unknown to whoever packages. Version 1.
        return registration("apad", type.bytes + [0, 0, 1, UInt8(setup.count)] + setup)
    }
}
