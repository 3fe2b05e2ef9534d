/// The `dec3` payload: what an Enhanced AC-3 stream is. ETSI TS 102 366 V1.4.1, annex F.6; the extension of type A
/// (joint object coding) by ETSI TS 103 420 V1.2.1, annex C.3.2.
package struct EAC3Configuration: Sendable, Equatable {
    package struct Substream: Sendable, Equatable {
        /// fscod: 0 48 kHz, 1 44.1 kHz, 2 32 kHz; 3 half of one of them.
        package let sampleRateCode: UInt8
        /// bsid, 16 by rule.
        package let bitStreamID: UInt8
        package let isAssociatedService: Bool
        package let bitStreamMode: UInt8
        /// acmod: 0 two programmes, 1 mono, 2 stereo, to 7 for 3/2.
        package let codingMode: UInt8
        package let hasLFE: Bool
        /// 0 to 15.
        package let dependentSubstreams: UInt8
        /// chan_loc, 9 bits: what the dependent substreams add; bit 0 Lc/Rc.
        package let addedLocations: UInt16
    }

    /// kbit/s, 13 bits.
    package let dataRate: UInt16
    /// The independent ones, 1 to 8.
    package let substreams: [Substream]
    /// What follows the substreams, as received: the extension type and its complexity.
    package let trailer: [UInt8]

    /// - Parameter bytes: the payload of the box, at most 64 bytes.
    package init(parsing bytes: [UInt8]) throws(ParseError) {
        guard bytes.count <= 64 else { throw ParseError(.tooLarge, at: 0, "dec3 of \(bytes.count) bytes") }
        var bits = BitReader(bytes)
        dataRate = UInt16(try bits.read(13))
        var substreams: [Substream] = []
        for _ in 0...(try bits.read(3)) {
            let rate = UInt8(try bits.read(2))
            let id = UInt8(try bits.read(5))
            try bits.skip(1)
            let isAssociated = try bits.readFlag()
            let mode = UInt8(try bits.read(3))
            let coding = UInt8(try bits.read(3))
            let hasLFE = try bits.readFlag()
            try bits.skip(3)
            let dependent = UInt8(try bits.read(4))
            let added = UInt16(try bits.read(dependent > 0 ? 9 : 1))
            substreams.append(
                Substream(
                    sampleRateCode: rate, bitStreamID: id, isAssociatedService: isAssociated, bitStreamMode: mode,
                    codingMode: coding, hasLFE: hasLFE, dependentSubstreams: dependent,
                    addedLocations: dependent > 0 ? added : 0))
        }
        self.substreams = substreams
        trailer = Array(bytes[(bits.position / 8)...])  // substreams take 3 or 4 bytes
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.write(dataRate << 3 | UInt16(substreams.count - 1))
        for stream in substreams {
            writer.write(stream.sampleRateCode << 6 | stream.bitStreamID << 1)
            let service: UInt8 = stream.isAssociatedService ? 0x80 : 0
            let lfe: UInt8 = stream.hasLFE ? 1 : 0
            writer.write(service | stream.bitStreamMode << 4 | stream.codingMode << 1 | lfe)
            let locations = UInt8(stream.addedLocations >> 8 & 1)
            writer.write(stream.dependentSubstreams << 1 | locations)
            if stream.dependentSubstreams > 0 { writer.write(UInt8(truncatingIfNeeded: stream.addedLocations)) }
        }
        writer.write(bytes: trailer)
        return writer.bytes
    }

    /// nil where the rate is one of the halved ones, which the box does not tell apart.
    package var sampleRate: UInt32? {
        let code = Int(substreams[0].sampleRateCode)
        return code < 3 ? AC3Configuration.sampleRates[code] : nil
    }

    /// Of the first programme: its own and those that dependent substreams add.
    package var channels: UInt8 {
        let stream = substreams[0]
        let pairs: UInt16 = 0b0_0111_0011  // Lc/Rc, Lrs/Rrs, Lsd/Rsd, Lw/Rw, Lvh/Rvh
        let added = stream.addedLocations.nonzeroBitCount + (stream.addedLocations & pairs).nonzeroBitCount
        return AC3Configuration.fullChannels[Int(stream.codingMode)] + (stream.hasLFE ? 1 : 0) + UInt8(added)
    }

    /// Whether objects are coded jointly (Atmos): flag_ec3_extension_type_a.
    package var hasObjects: Bool { trailer.count >= 2 && trailer[0] & 1 == 1 }

    package var rfc6381: String { "ec-3" }
}
