/// One AV1 sample as a container of fragments wants it. AV1 Codec ISO Media File Format Binding v1.2, clause 2.4.
package struct AV1TemporalUnit: Sendable, Equatable {
    /// Without temporal delimiters.
    package let data: [UInt8]
    /// Whether decoding can begin here: a sequence header, then a key frame that is shown.
    package let isSync: Bool
    /// The bytes of the sequence header's OBU, header and size included.
    package let sequenceHeader: [UInt8]?

    /// - Throws: for OBUs that do not follow each other to the end.
    package init(parsing bytes: [UInt8]) throws(ParseError) {
        let span = bytes.span
        var cursor = AV1OBUCursor()
        var kept: [Range<Int>] = []
        var sequence: (header: AV1SequenceHeader, place: Range<Int>)?
        var isSync: Bool?
        var start = 0
        while let unit = try cursor.next(in: span) {
            let place = start..<cursor.offset
            start = cursor.offset
            switch unit.type {
            case .temporalDelimiter: continue
            case .sequenceHeader:
                sequence = (try AV1SequenceHeader(parsing: span.extracting(unit.payload)), place)
            case .frame, .frameHeader:
                // The first frame decides; without a sequence header nothing can begin.
                guard isSync == nil else { break }
                if let header = sequence?.header {
                    var bits = AV1BitReader(span.extracting(unit.payload))
                    let frame = try AV1FrameStart(reading: &bits, sequence: header)
                    isSync = frame.existingFrame == nil && frame.type == .key && frame.isShown
                } else {
                    isSync = false
                }
            default: break
            }
            kept.append(place)
        }
        self.isSync = isSync ?? false
        sequenceHeader = sequence.map { Array(bytes[$0.place]) }
        data =
            kept.first?.lowerBound == 0 && kept.last?.upperBound == bytes.count && Self.adjoin(kept)
            ? bytes : kept.flatMap { bytes[$0] }
    }

    private static func adjoin(_ ranges: [Range<Int>]) -> Bool {
        zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound }
    }
}

extension AV1CodecConfigurationRecord {
    /// The same record with a sequence header of the stream, where it came without one.
    package func adding(sequenceHeader unit: [UInt8]) -> AV1CodecConfigurationRecord {
        guard sequenceHeader == nil else { return self }
        do throws(ParseError) { return try AV1CodecConfigurationRecord(parsing: bytes + unit) } catch { return self }
    }
}
