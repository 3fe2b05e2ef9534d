/// The size of a frame: frame_size(), frame_size_with_refs(), superres_params(). AV1 specification, clauses 5.9.5 to 5.9.8.
struct AV1FrameSize: Sendable {
    var upscaledWidth: Int
    /// Coded columns; fewer than shown under super-resolution.
    var width: Int
    var height: Int

    init(upscaledWidth: Int, width: Int, height: Int) {
        self.upscaledWidth = upscaledWidth
        self.width = width
        self.height = height
    }

    /// frame_size() and render_size()
    @_lifetime(bits: copy bits)
    init(reading bits: inout AV1BitReader, sequence: AV1SequenceHeader, isExplicit: Bool) throws(ParseError) {
        upscaledWidth = isExplicit ? 1 + Int(try bits.read(sequence.widthBits)) : sequence.maxWidth
        height = isExplicit ? 1 + Int(try bits.read(sequence.heightBits)) : sequence.maxHeight
        width = try Self.readWidth(&bits, sequence, upscaled: upscaledWidth)
        if try bits.readFlag() { _ = try bits.read(32) }  // render_and_frame_size_different
    }

    /// frame_size_with_refs()
    @_lifetime(bits: copy bits)
    init(
        reading bits: inout AV1BitReader, sequence: AV1SequenceHeader, references: AV1ReferenceFrames, _ indices: [Int]
    ) throws(ParseError) {
        for index in indices where try bits.readFlag() {  // found_ref
            let frame = try references.frame(index)
            let width = try Self.readWidth(&bits, sequence, upscaled: frame.upscaledWidth)
            self.init(upscaledWidth: frame.upscaledWidth, width: width, height: frame.height)
            return
        }
        try self.init(reading: &bits, sequence: sequence, isExplicit: true)
    }

    @_lifetime(bits: copy bits)
    private static func readWidth(
        _ bits: inout AV1BitReader, _ sequence: AV1SequenceHeader, upscaled: Int
    ) throws(ParseError) -> Int {
        guard sequence.enablesSuperResolution, try bits.readFlag() else { return upscaled }
        let denominator = 9 + Int(try bits.read(3))
        return (upscaled * 8 + denominator / 2) / denominator
    }
}
