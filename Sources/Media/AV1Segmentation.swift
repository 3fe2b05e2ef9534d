/// What segments of a frame change of its quantizer; of all features only this decides what a frame header has.
/// AV1 specification, clauses 5.9.14 and 7.12.2.
package struct AV1Segmentation: Sendable, Hashable {
    /// The difference of each of 8 segments, -255 to 255; nil where the feature is off.
    package private(set) var quantizer: [Int?]

    package static let off = AV1Segmentation()

    private init() { quantizer = Array(repeating: nil, count: 8) }

    /// - Parameter previous: of the primary reference frame; nil without one.
    @_lifetime(bits: copy bits)
    init(reading bits: inout AV1BitReader, previous: AV1Segmentation?) throws(ParseError) {
        self.init()
        guard try bits.readFlag() else { return }  // segmentation_enabled
        if let previous {
            if try bits.readFlag() { _ = try bits.readFlag() }  // update_map, temporal_update
            guard try bits.readFlag() else {  // segmentation_update_data
                self = previous
                return
            }
        }
        for segment in 0..<8 {
            for feature in Self.features where try bits.readFlag() {
                let value = feature.isSigned ? try bits.readSigned(1 + feature.bits) : Int(try bits.read(feature.bits))
                if feature.isQuantizer { quantizer[segment] = min(max(value, -255), 255) }
            }
        }
    }

    /// get_qindex( 1, segment )
    func quantizerIndex(_ segment: Int, base: Int) -> Int {
        quantizer[segment].map { min(max(base + $0, 0), 255) } ?? base
    }

    /// Quantizer, four loop filter levels, reference frame, skip, global motion.
    private static let features: [(bits: Int, isSigned: Bool, isQuantizer: Bool)] = [
        (8, true, true), (6, true, false), (6, true, false), (6, true, false), (6, true, false), (3, false, false),
        (0, false, false), (0, false, false),
    ]
}
