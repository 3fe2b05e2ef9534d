import Captions

extension FuzzTarget {
    /// The first byte: 0, pairs of bytes of both fields in turn; else a whole SEI NAL unit behind it, of H.264 (1) or
    /// H.265. Whatever an encoder sends, there is a screen of 15 rows of 32 characters at most.
    static let captions = FuzzTarget(name: "captions") { input in
        var input = Input(input)
        let form = input.byte()
        var pairs: [CaptionPair] = []
        if form == 0 {
            while !input.isEmpty {
                pairs.append(CaptionPair(field: pairs.count % 2, first: input.byte(), second: input.byte()))
            }
        } else {
            let unit = (form == 1 ? [6] : [39 << 1, 1]) + input.bytes(65_000)
            let length = [0, 0, UInt8(unit.count >> 8), UInt8(unit.count & 255)]
            pairs = (try? CaptionData.pairs(in: length + unit, isHEVC: form != 1)) ?? []
            require(pairs.count <= 128 + 31, "\(pairs.count) pairs in a picture")
        }
        var decoders = (1...4).map { CaptionDecoder(channel: UInt8($0)) }
        for pair in pairs {
            for index in decoders.indices { decoders[index].take(pair) }
        }
        for decoder in decoders {
            let lines = decoder.lines
            require(lines.count <= 15 && lines.allSatisfy { $0.count <= 32 && !$0.isEmpty }, "\(lines)")
        }
    }
}
