/// The first fields of a frame header: what kind of frame it is. AV1 specification, clause 5.9.2.
struct AV1FrameStart: Sendable {
    let existingFrame: Int?
    let type: AV1FrameHeader.FrameType
    let isShown: Bool
    let isShowable: Bool
    let isErrorResilient: Bool

    @_lifetime(bits: copy bits)
    init(reading bits: inout AV1BitReader, sequence: AV1SequenceHeader) throws(ParseError) {
        guard !sequence.isReducedStillPicture else {
            (existingFrame, type, isShown, isShowable, isErrorResilient) = (nil, .key, true, false, true)
            return
        }
        let times = sequence.decoderModel.flatMap { $0.hasPresentationTimes ? $0.framePresentationTimeBits : nil }
        if try bits.readFlag() {  // show_existing_frame
            existingFrame = Int(try bits.read(3))
            (type, isShown, isShowable, isErrorResilient) = (.inter, true, false, false)
            if let times { _ = try bits.read(times) }
            if let ids = sequence.frameIDs { _ = try bits.read(ids.bits) }
            return
        }
        existingFrame = nil
        let code = try bits.read(2)
        type = code == 0 ? .key : code == 1 ? .inter : code == 2 ? .intraOnly : .switch
        isShown = try bits.readFlag()
        if isShown, let times { _ = try bits.read(times) }
        isShowable = isShown ? type != .key : try bits.readFlag()
        isErrorResilient = type == .switch || type == .key && isShown ? true : try bits.readFlag()
    }
}
