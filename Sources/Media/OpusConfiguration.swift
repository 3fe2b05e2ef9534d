/// The `dOps` payload: what an Opus stream is. Encapsulation of Opus in ISO Base Media File Format, version 0.8.1,
/// clause 4.3.2; RFC 7845, clause 5.1.
package struct OpusConfiguration: Sendable, Equatable {
    /// How streams become channels, where the family is not 0.
    package struct Mapping: Sendable, Equatable {
        package let streams: UInt8
        package let coupledStreams: UInt8
        /// One for each output channel.
        package let channels: [UInt8]
    }

    /// 1 to 255.
    package let channels: UInt8
    /// Samples at 48 kHz to throw away at the start.
    package let preSkip: UInt16
    /// Of the source, for information: decoding is at 48 kHz.
    package let inputSampleRate: UInt32
    /// Q7.8 dB.
    package let outputGain: Int16
    package let mappingFamily: UInt8
    package let mapping: Mapping?

    /// - Parameter bytes: the payload of the box.
    package init(parsing bytes: [UInt8]) throws(ParseError) {
        var reader = ByteReader(bytes.span)
        let version = try reader.read(UInt8.self)
        guard version == 0 else { throw ParseError(.unsupported, at: 0, "dOps version \(version)") }
        channels = try reader.read(UInt8.self)
        preSkip = try reader.read(UInt16.self)
        inputSampleRate = try reader.read(UInt32.self)
        outputGain = Int16(bitPattern: try reader.read(UInt16.self))
        mappingFamily = try reader.read(UInt8.self)
        guard channels > 0, mappingFamily != 0 || channels <= 2 else {
            throw ParseError(.invalid, at: 1, "\(channels) channels in mapping family \(mappingFamily)")
        }
        if mappingFamily == 0 {
            mapping = nil
        } else {
            mapping = Mapping(
                streams: try reader.read(UInt8.self), coupledStreams: try reader.read(UInt8.self),
                channels: try reader.readBytes(Int(channels)))
        }
        guard reader.isAtEnd else { throw ParseError(.invalid, at: reader.offset, "bytes after the channel mapping") }
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.write(UInt8(0))
        writer.write(channels)
        writer.write(preSkip)
        writer.write(inputSampleRate)
        writer.write(outputGain)
        writer.write(mappingFamily)
        if let mapping {
            writer.write(mapping.streams)
            writer.write(mapping.coupledStreams)
            writer.write(bytes: mapping.channels)
        }
        return writer.bytes
    }

    package static let sampleRate: UInt32 = 48000
    /// In lower case, as browsers and players spell it.
    package var rfc6381: String { "opus" }
}
