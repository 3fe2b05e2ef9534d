/// The `av1C` payload: profile, level and the sequence header. AV1 Codec ISO Media File Format Binding v1.2, clause 2.3.
package struct AV1CodecConfigurationRecord: Sendable, Equatable {
    /// The record as received.
    package let bytes: [UInt8]
    /// seq_profile: 0 Main, 1 High, 2 Professional.
    package let profile: UInt8
    /// seq_level_idx_0: 8 for 4.0.
    package let levelIndex: UInt8
    package let isHighTier: Bool
    /// 8, 10 or 12.
    package let bitDepth: UInt8
    package let isMonochrome: Bool
    package let subsamplingX: Bool
    package let subsamplingY: Bool
    package let chromaSamplePosition: UInt8
    /// From the record's OBUs; nil where only samples have one.
    package let sequenceHeader: AV1SequenceHeader?

    /// - Parameter bytes: the record, at most 64 KiB.
    package init(parsing bytes: [UInt8]) throws(ParseError) {
        guard bytes.count <= 65536 else { throw ParseError(.tooLarge, at: 0, "av1C of \(bytes.count) bytes") }
        guard bytes.count >= 4 else { throw ParseError(.truncated, at: 0, "av1C of \(bytes.count) bytes") }
        guard bytes[0] == 0x81 else { throw ParseError(.unsupported, at: 0, "av1C marker and version \(bytes[0])") }
        self.bytes = bytes
        profile = bytes[1] >> 5
        levelIndex = bytes[1] & 0x1F
        guard profile <= 2 else { throw ParseError(.unsupported, at: 1, "AV1 profile \(profile)") }
        isHighTier = bytes[2] & 0x80 != 0
        bitDepth = bytes[2] & 0x40 == 0 ? 8 : bytes[2] & 0x20 == 0 ? 10 : 12
        isMonochrome = bytes[2] & 0x10 != 0
        subsamplingX = bytes[2] & 8 != 0
        subsamplingY = bytes[2] & 4 != 0
        chromaSamplePosition = bytes[2] & 3
        sequenceHeader = try Self.sequenceHeader(in: bytes.span.extracting(4..<bytes.count))
    }

    /// A cursor's errors count from the record's start.
    private static func sequenceHeader(in units: Span<UInt8>) throws(ParseError) -> AV1SequenceHeader? {
        var cursor = AV1OBUCursor()
        var header: AV1SequenceHeader?
        do throws(ParseError) {
            while let unit = try cursor.next(in: units) {
                switch unit.type {
                case .sequenceHeader:
                    guard header == nil else { throw ParseError(.invalid, at: 0, "a second sequence header") }
                    header = try AV1SequenceHeader(parsing: units.extracting(unit.payload))
                case .metadata, .padding: break
                default: throw ParseError(.invalid, at: unit.payload.lowerBound, "OBU type \(unit.type.rawValue)")
                }
            }
        } catch {
            throw ParseError(error.code, at: 4 + error.offset, "configOBUs: \(error.reason)")
        }
        return header
    }

    package func write(to writer: inout ByteWriter) { writer.write(bytes: bytes) }

    /// `av01.0.08M.08`, with the colour after it where it is not the usual one. AV1 Codec ISO Media File Format
    /// Binding v1.2, clause 5.
    package var rfc6381: String {
        func two(_ value: UInt8) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let required = "av01.\(profile).\(two(levelIndex))\(isHighTier ? "H" : "M").\(two(bitDepth))"
        let position = subsamplingX && subsamplingY ? chromaSamplePosition : 0
        let chroma = "\(subsamplingX ? 1 : 0)\(subsamplingY ? 1 : 0)\(position)"
        let colour = sequenceHeader?.colour
        let description = (colour?.description ?? [1, 1, 1]).map(two).joined(separator: ".")
        let range = colour?.isFullRange == true ? 1 : 0
        let optional = ".\(isMonochrome ? 1 : 0).\(chroma).\(description).\(range)"
        return optional == ".0.110.01.01.01.0" ? required : required + optional
    }
}
