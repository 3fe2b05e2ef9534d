/// The HEVC parameter sets in force: those of the configuration record, then any that come within samples.
package struct HEVCParameterSets: Sendable {
    // One of each is the rule, so a search beats a table.
    private var sequence: [HEVCSequenceParameterSet] = []
    private var picture: [HEVCPictureParameterSet] = []

    package init() {}

    /// Throws where any of the record's sets of the base layer cannot be parsed.
    package init(_ record: HEVCDecoderConfigurationRecord) throws(ParseError) {
        for set in record.units(.sequenceParameterSet) { try update(with: set.span) }
        for set in record.units(.pictureParameterSet) { try update(with: set.span) }
    }

    /// Takes a set up, in place of one with the same id. NAL units of other types, or of other layers, throw.
    package mutating func update(with nal: Span<UInt8>) throws(ParseError) {
        guard nal.count >= HEVCNALUnitHeader.size else { throw ParseError(.truncated, at: 0, "empty NAL unit") }
        if HEVCNALUnitHeader(nal[0], nal[1]).type == .sequenceParameterSet {
            let set = try HEVCSequenceParameterSet(parsing: nal)
            if let index = sequence.firstIndex(where: { $0.id == set.id }) {
                sequence[index] = set
            } else {
                sequence.append(set)
            }
        } else {
            let set = try HEVCPictureParameterSet(parsing: nal)
            if let index = picture.firstIndex(where: { $0.id == set.id }) {
                picture[index] = set
            } else {
                picture.append(set)
            }
        }
    }

    /// The sets that a slice with this slice_pic_parameter_set_id refers to; nil where one is missing.
    package func sets(for id: UInt8) -> (HEVCSequenceParameterSet, HEVCPictureParameterSet)? {
        guard let picture = picture.first(where: { $0.id == id }),
            let sequence = sequence.first(where: { $0.id == picture.sequenceParameterSetID })
        else { return nil }
        return (sequence, picture)
    }
}
