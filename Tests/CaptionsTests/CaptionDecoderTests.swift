import Captions
import Testing

@Suite struct CaptionDecoderTests {
    private func lines(_ pairs: [CaptionPair], channel: UInt8 = 1) -> [String] {
        var decoder = CaptionDecoder(channel: channel)
        for pair in pairs { decoder.take(pair) }
        return decoder.lines
    }

    @Test func popOnIsShownAtOnce() {
        let script = CaptionScript.popOn(["HELLO", "WORLD!"])
        #expect(lines(script.dropLast(2)) == [], "not before its end")
        #expect(lines(script) == ["HELLO", "WORLD!"])
        #expect(lines(script + CaptionScript.erase) == [])
        #expect(lines(script + CaptionScript.popOn(["NEXT"])) == ["NEXT"])
    }

    @Test func rollUpScrolls() {
        var script = CaptionScript.control(0x14, 0x25) + CaptionScript.control(0x14, 0x60)
        script += CaptionScript.text("ONE") + CaptionScript.control(0x14, 0x2D) + CaptionScript.text("TWO")
        #expect(lines(script) == ["ONE", "TWO"])
        script += CaptionScript.control(0x14, 0x2D) + CaptionScript.text("THREE")
        #expect(lines(script) == ["TWO", "THREE"], "two rows")
    }

    @Test func paintOnGrowsWhereItStands() {
        let script = CaptionScript.control(0x14, 0x29) + CaptionScript.control(0x11, 0x54) + CaptionScript.text("AB")
        #expect(lines(script) == ["AB"])
        var decoder = CaptionDecoder(channel: 1)
        for pair in script { decoder.take(pair) }
        #expect(decoder.grows)
        #expect(lines(script + CaptionScript.control(0x14, 0x21)) == ["A"], "a backspace")
    }

    /// CC1 to CC4: two fields with two channels each, and nothing of one in another.
    @Test func channelsDoNotMix() {
        var script = CaptionScript.popOn(["ONE"]) + CaptionScript.popOn(["TWO"], channel: 1)
        script += CaptionScript.popOn(["THREE"], field: 1) + CaptionScript.popOn(["FOUR"], channel: 1, field: 1)
        for (channel, text) in zip(1...4 as ClosedRange<UInt8>, ["ONE", "TWO", "THREE", "FOUR"]) {
            #expect(lines(script, channel: channel) == [text])
        }
    }

    /// Field 2 may use a code of its own, and has data of other kinds in between.
    @Test func theSecondFieldAsItIs() {
        var script = CaptionScript.control(0x15, 0x20, field: 1) + CaptionScript.control(0x14, 0x40, field: 1)
        script += CaptionScript.text("AB", field: 1)
        script += [CaptionScript.pair(0x01, 0x03, field: 1)] + CaptionScript.text("XDS", field: 1)
        script += CaptionScript.control(0x15, 0x2F, field: 1)
        #expect(lines(script, channel: 3) == ["AB"])
    }

    @Test func charactersBeyondASCII() {
        var script = CaptionScript.control(0x14, 0x20) + CaptionScript.control(0x14, 0x40)
        script += CaptionScript.text("A*") + CaptionScript.control(0x11, 0x37)
        // A letter that every decoder knows, and the better one that takes its place.
        script += CaptionScript.text("U") + CaptionScript.control(0x12, 0x24)
        script += CaptionScript.control(0x13, 0x34) + CaptionScript.control(0x14, 0x2F)
        #expect(lines(script) == ["Aá♪ß"])
    }

    /// Said twice, done once; said twice again, done once more.
    @Test func controlCodesComeTwice() {
        var script = CaptionScript.control(0x14, 0x25) + CaptionScript.text("A")
        script += CaptionScript.control(0x14, 0x2D) + CaptionScript.control(0x14, 0x2D) + CaptionScript.text("B")
        #expect(lines(script) == ["B"], "two new lines, not four and not one")
        let single = [CaptionScript.pair(0x14, 0x20), CaptionScript.pair(0x14, 0x40)] + CaptionScript.text("ONCE")
        #expect(lines(single + [CaptionScript.pair(0x14, 0x2F)]) == ["ONCE"], "and once is enough")
    }

    @Test func damagedBytes() {
        let code = CaptionPair(field: 0, first: 0x14, second: CaptionScript.parity(0x2C))
        #expect(code.first.nonzeroBitCount % 2 == 0)
        #expect(lines(CaptionScript.popOn(["STAYS"]) + [code]) == ["STAYS"], "a broken control code is none")
        var script = CaptionScript.control(0x14, 0x29) + CaptionScript.control(0x14, 0x40)
        script.append(
            CaptionPair(field: 0, first: CaptionScript.parity(0x41) ^ 0x80, second: CaptionScript.parity(0x42)))
        #expect(lines(script) == ["█B"])
    }

    /// Whatever comes, there is a screen of at most 15 rows of 32 characters.
    @Test func anyBytesAtAll() {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        func next() -> UInt8 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
        var decoders = (1...4).map { CaptionDecoder(channel: UInt8($0)) }
        for _ in 0..<50_000 {
            let byte = next()
            // Many control codes, of good parity.
            let first = byte & 1 == 0 ? CaptionScript.parity(0x10 | byte >> 4) : next()
            let pair = CaptionPair(field: Int(byte & 1), first: first, second: CaptionScript.parity(next() & 0x7F))
            for index in decoders.indices { decoders[index].take(pair) }
        }
        for decoder in decoders {
            #expect(decoder.lines.count <= 15 && decoder.lines.allSatisfy { $0.count <= 32 && !$0.isEmpty })
        }
    }
}
