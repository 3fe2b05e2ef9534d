/// The syncframes that an E-AC-3 publisher puts into one message: an independent substream's, and those that depend
/// on it. ETSI TS 102 366 V1.4.1, annex E.1.
package enum EAC3AccessUnit {
    struct SyncFrame {
        var type: UInt32
        var substream: UInt32
        var size: Int
        var rateCode: UInt32
        var blocks: Int
        var coding: UInt32
        var lfe: UInt32
        var bitStreamID: UInt32
        /// Of a dependent substream; 0 where it has none.
        var channelMap: UInt32 = 0
    }

    /// A message holds no more than this many frames: eight programmes of one block each, six times.
    private static let mostFrames = 48

    /// Audio blocks of 256 samples in the first programme; nil for what is no row of whole syncframes.
    package static func blockCount(in bytes: [UInt8]) -> Int? {
        do throws(ParseError) {
            return try frames(in: bytes).reduce(0) { $0 + ($1.type != 1 && $1.substream == 0 ? $1.blocks : 0) }
        } catch { return nil }
    }

    static func frames(in bytes: [UInt8]) throws(ParseError) -> [SyncFrame] {
        var frames: [SyncFrame] = []
        var offset = 0
        while offset < bytes.count {
            guard frames.count < mostFrames else {
                throw ParseError(.tooLarge, at: offset, "more than \(mostFrames) E-AC-3 frames")
            }
            let frame = try frame(bytes, at: offset)
            guard frame.size <= bytes.count - offset else {
                throw ParseError(.truncated, at: offset, "E-AC-3 frame of \(frame.size) bytes")
            }
            frames.append(frame)
            offset += frame.size
        }
        return frames
    }

    /// syncinfo() and the beginning of bsi(), annexes E.1.2.1 and E.1.2.2.
    private static func frame(_ bytes: [UInt8], at offset: Int) throws(ParseError) -> SyncFrame {
        var bits = BitReader(Array(bytes[offset..<min(offset + 16, bytes.count)]))
        guard try bits.read(16) == 0x0B77 else { throw ParseError(.invalid, at: offset, "no E-AC-3 syncword") }
        let type = try bits.read(2)
        let substream = try bits.read(3)
        let size = (Int(try bits.read(11)) + 1) * 2
        let rate = try bits.read(2)
        let second = try bits.read(2)
        let blocks = rate == 3 ? 6 : [1, 2, 3, 6][Int(second)]
        let coding = try bits.read(3)
        let lfe = try bits.read(1)
        let id = try bits.read(5)
        guard (11...16).contains(id), type < 3 else {
            throw ParseError(.invalid, at: offset, "E-AC-3 with bsid \(id), strmtyp \(type)")
        }
        var frame = SyncFrame(
            type: type, substream: substream, size: size, rateCode: rate, blocks: blocks, coding: coding, lfe: lfe,
            bitStreamID: id)
        guard type == 1 else { return frame }
        for _ in 0..<(coding == 0 ? 2 : 1) {
            try bits.skip(5)  // dialnorm
            if try bits.readFlag() { try bits.skip(8) }  // compr
        }
        if try bits.readFlag() { frame.channelMap = try bits.read(16) }
        return frame
    }
}

extension EAC3Configuration {
    /// What the syncframes of one access unit say of the stream.
    ///
    /// The service type is taken to be the main one, which is what encoders send.
    package init(accessUnit bytes: [UInt8]) throws(ParseError) {
        let frames = try EAC3AccessUnit.frames(in: bytes)
        guard let first = frames.first, first.type != 1 else {
            throw ParseError(.invalid, at: 0, "E-AC-3 without an independent substream")
        }
        guard first.rateCode < 3 else { throw ParseError(.unsupported, at: 0, "E-AC-3 at a halved sample rate") }
        var added: [UInt32: (count: UInt8, locations: UInt32)] = [:]
        var independent: [EAC3AccessUnit.SyncFrame] = []
        var current: UInt32 = 0
        for frame in frames {
            if frame.type != 1 {
                current = frame.substream
                if !independent.contains(where: { $0.substream == current }) { independent.append(frame) }
            } else {
                let known = added[current] ?? (0, 0)
                added[current] = (
                    max(known.count, UInt8(frame.substream) + 1), known.locations | Self.locations(frame.channelMap)
                )
            }
        }
        let rate = [48000, 44100, 32000][Int(first.rateCode)]
        let samples = max(frames.reduce(0) { $0 + ($1.type != 1 && $1.substream == 0 ? $1.blocks : 0) }, 1) * 256
        let kilobits = min(bytes.count * 8 * rate / samples / 1000, 0x1FFF)
        var writer = ByteWriter()
        writer.write(UInt16(kilobits) << 3 | UInt16(independent.count - 1))
        for frame in independent {
            let dependent = added[frame.substream] ?? (0, 0)
            writer.write(UInt8(frame.rateCode << 6 | frame.bitStreamID << 1))
            writer.write(UInt8(frame.coding << 1 | frame.lfe))
            writer.write(dependent.count << 1 | UInt8(dependent.locations >> 8 & 1))
            if dependent.count > 0 { writer.write(UInt8(truncatingIfNeeded: dependent.locations)) }
        }
        try self.init(parsing: writer.bytes)
    }

    /// chan_loc of a chanmap: Lc/Rc, the map's bit 5 from the top, is the lowest bit of the one, LFE2 the highest.
    /// Annexes E.1.3.1.8 and F.6.2.13.
    private static func locations(_ channelMap: UInt32) -> UInt32 {
        var locations = (channelMap >> 1 & 1) << 8
        for place in 5...12 as ClosedRange<UInt32> { locations |= (channelMap >> (15 - place) & 1) << (place - 5) }
        return locations
    }

    /// Whether it is the same stream, whatever its data rate at the moment.
    package func isLike(_ other: EAC3Configuration) -> Bool {
        substreams == other.substreams && trailer == other.trailer
    }
}
