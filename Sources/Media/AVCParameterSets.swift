/// The H.264 parameter sets in force: those of the configuration record, then any that come within samples.
package struct AVCParameterSets: Sendable {
    // One of each is the rule, so a search beats a table.
    private var sequence: [SequenceParameterSet] = []
    private var picture: [PictureParameterSet] = []

    package init() {}

    /// Throws where any of the record's sets cannot be parsed.
    package init(_ record: AVCDecoderConfigurationRecord) throws(ParseError) {
        for set in record.sequenceParameterSets { try update(with: set.span) }
        for set in record.pictureParameterSets { try update(with: set.span) }
    }

    /// Takes a set up, in place of one with the same id. NAL units of other types throw.
    package mutating func update(with nal: Span<UInt8>) throws(ParseError) {
        guard nal.count > 0 else { throw ParseError(.truncated, at: 0, "empty NAL unit") }
        if NALUnitHeader(nal[0]).type == .sequenceParameterSet {
            let set = try SequenceParameterSet(parsing: nal)
            if let index = sequence.firstIndex(where: { $0.id == set.id }) {
                sequence[index] = set
            } else {
                sequence.append(set)
            }
        } else {
            let set = try PictureParameterSet(parsing: nal)
            if let index = picture.firstIndex(where: { $0.id == set.id }) {
                picture[index] = set
            } else {
                picture.append(set)
            }
        }
    }

    /// The sets that a slice with this pic_parameter_set_id refers to; nil where one is missing.
    package func sets(for id: UInt8) -> (SequenceParameterSet, PictureParameterSet)? {
        guard let picture = picture.first(where: { $0.id == id }),
            let sequence = sequence.first(where: { $0.id == picture.sequenceParameterSetID })
        else { return nil }
        return (sequence, picture)
    }
}
