import Media
import Testing

@testable import SCTE35

/// The sample messages of SCTE 35, clause 14, and what no stranger's bytes may do.
@Suite struct SpliceInfoSectionTests {
    static let samples = [
        "/DA0AAAAAAAA///wBQb+cr0AUAAeAhxDVUVJSAAAjn/PAAGlmbAICAAAAAAsoKGKNAIAmsnRfg==",
        "/DAvAAAAAAAA///wFAVIAACPf+/+c2nALv4AUsz1AAAAAAAKAAhDVUVJAAABNWLbowo=",
        "/DAvAAAAAAAA///wBQb+dGKQoAAZAhdDVUVJSAAAjn+fCAgAAAAALKChijUCAKnMZ1g=",
        "/DBIAAAAAAAA///wBQb+ek2ItgAyAhdDVUVJSAAAGH+fCAgAAAAALMvDRBEAAAIXQ1VFSUgAABl/nwgIAAAAACyk26AQAACZcuND",
        "/DAvAAAAAAAA///wBQb+rr//ZAAZAhdDVUVJSAAACH+fCAgAAAAALKVs9RcAAJUdsKg=",
        "/DBIAAAAAAAA///wBQb+ky44CwAyAhdDVUVJSAAACn+fCAgAAAAALKCh4xgAAAIXQ1VFSUgAAAl/nwgIAAAAACygoYoRAAC0IX6w",
        "/DAvAAAAAAAA///wBQb+rvF8TAAZAhdDVUVJSAAAB3+fCAgAAAAALKVslxEAAMSHai4=",
    ]

    static func bytes(_ text: String) throws -> [UInt8] { try #require(SpliceText.bytes(of: text)) }

    @Test(arguments: samples) func samplesComeBackAsTheyWere(text: String) throws {
        let bytes = try Self.bytes(text)
        let section = try SpliceInfoSection(parsing: bytes)
        #expect(section.serialize() == bytes)
        #expect(SpliceText.base64(bytes) == text)
        #expect(SpliceText.bytes(of: SpliceText.hexadecimal(bytes)) == bytes)
    }

    @Test func placementOpportunityStart() throws {
        let section = try SpliceInfoSection(parsing: try Self.bytes(Self.samples[0]))
        #expect(section.time == PresentationTime(0x0_72BD_0050))
        #expect(section.tier == 0xFFF)
        guard case .segmentation(let descriptor)? = section.descriptors.first else {
            Issue.record("no segmentation descriptor")
            return
        }
        #expect(descriptor.eventID == 0x4800_008E)
        let segment = try #require(descriptor.segment)
        #expect(segment.duration == 307 * 90_000)
        #expect(segment.identifierType == 8)
        #expect(segment.identifier == [0, 0, 0, 0, 0x2C, 0xA0, 0xA1, 0x8A])
        #expect(segment.type == 0x34)
        #expect(segment.restrictions?.hasNoRegionalBlackout == true)
        #expect(segment.restrictions?.deviceRestrictions == 3)
        let signal = try #require(section.signals.first)
        #expect(signal.kind == .out && signal.family == 0x34 && signal.returnsByItself)
        let end = try #require(try SpliceInfoSection(parsing: try Self.bytes(Self.samples[2])).signals.first)
        #expect(end.kind == .in && end.family == 0x34 && end.eventID == signal.eventID)
    }

    @Test func spliceInsert() throws {
        let section = try SpliceInfoSection(parsing: try Self.bytes(Self.samples[1]))
        guard case .insert(let insert) = section.command, let splice = insert.splice else {
            Issue.record("no splice_insert")
            return
        }
        #expect(insert.eventID == 0x4800_008F)
        #expect(splice.leavesNetwork && !splice.isImmediate)
        #expect(splice.time?.time == PresentationTime(0x0_7369_C02E))
        #expect(splice.duration == BreakDuration(ticks: 5_426_421, returnsByItself: true))
        #expect(section.descriptors == [.other(tag: 0, body: [0x43, 0x55, 0x45, 0x49, 0, 0, 1, 0x35])])
    }

    @Test func twoProgrammesInOneMessageAreCommands() throws {
        let signals = try SpliceInfoSection(parsing: try Self.bytes(Self.samples[3])).signals
        #expect(signals.map(\.kind) == [.command, .command])
        #expect(signals.map(\.family) == [0x11, 0x10])
    }

    @Test func whatIsMadeIsRead() throws {
        var section = SpliceInfoSection(
            .insert(
                SpliceInsert(
                    eventID: 7, leavesNetwork: true, time: PresentationTime(ticks: 157_000_000_000_123),
                    duration: BreakDuration(ticks: 30 * 90_000, returnsByItself: true))))
        section.adjustment = PresentationTime(PresentationTime.modulus - 1)
        #expect(try SpliceInfoSection(parsing: section.serialize()) == section)
        let signal = SpliceInfoSection(
            .timeSignal(SpliceTime(nil)),
            descriptors: [.segmentation(SegmentationDescriptor(eventID: 9, type: 0x22, duration: 1 << 39))])
        #expect(try SpliceInfoSection(parsing: signal.serialize()) == signal)
        var cancelled = SpliceInsert(eventID: 8, leavesNetwork: false, time: nil)
        cancelled.splice = nil
        let cancel = SpliceInfoSection(.insert(cancelled))
        #expect(try SpliceInfoSection(parsing: cancel.serialize()).signals.map(\.kind) == [.cancel])
        #expect(SpliceInfoSection(.null).signals.isEmpty)
    }

    @Test func timesWrapAt33Bits() {
        let late = PresentationTime(PresentationTime.modulus - 10)
        #expect((late + 25).value == 15)
        #expect((late + 25).distance(from: late) == 25)
        #expect(late.distance(from: late + 25) == -25)
        #expect(PresentationTime(ticks: -1).value == PresentationTime.modulus - 1)
        var section = SpliceInfoSection(.timeSignal(SpliceTime(late)))
        section.adjustment = PresentationTime(25)
        #expect(section.time == PresentationTime(15))
    }

    @Test func aCommandOfBeforeLengthsIsRead() throws {
        var bytes = try Self.bytes(Self.samples[1])
        (bytes[11], bytes[12]) = (0xFF, 0xFF)
        let section = try SpliceInfoSection(parsing: Self.sealed(bytes))
        #expect(section.signals.first?.eventID == 0x4800_008F)
    }

    @Test func whatIsWrongIsRefused() throws {
        let bytes = try Self.bytes(Self.samples[0])
        func code(_ change: (inout [UInt8]) -> Void, seals: Bool = true) -> ParseError.Code? {
            var changed = bytes
            change(&changed)
            do throws(ParseError) {
                _ = try SpliceInfoSection(parsing: seals ? Self.sealed(changed) : changed)
                return nil
            } catch { return error.code }
        }
        #expect(code({ $0[0] = 0 }) == .invalid)
        #expect(code({ $0[20] ^= 1 }, seals: false) == .invalid)
        #expect(code({ $0[1] |= 0x80 }) == .invalid)
        #expect(code({ $0.append(0) }) == .invalid)
        #expect(code({ $0[3] = 1 }) == .unsupported)
        #expect(code({ $0[4] |= 0x80 }) == .unsupported)
        #expect(code({ $0[12] = 4 }) == .invalid)
        #expect(code({ $0[13] = 0x42 }) == .unsupported)
        #expect(code({ $0 = Array(repeating: 0xFC, count: 5000) }, seals: false) == .tooLarge)
        // More descriptors than there are bytes; a descriptor longer than all.
        #expect(code({ $0[20] = 0x7F }) == .truncated)
        #expect(code({ $0[22] = 0x40 }) != nil)
    }

    /// Every cut and every changed bit: an error or a section, never a trap.
    @Test(arguments: samples) func noBytesTrap(text: String) throws {
        let bytes = try Self.bytes(text)
        for count in 0..<bytes.count {
            #expect(throws: ParseError.self) { try SpliceInfoSection(parsing: Array(bytes[..<count])) }
        }
        var read = 0
        for bit in 0..<(bytes.count - 4) * 8 {
            var changed = bytes
            changed[bit / 8] ^= 0x80 >> UInt8(bit % 8)
            if let section = try? SpliceInfoSection(parsing: Self.sealed(changed)) {
                read += 1
                #expect(try SpliceInfoSection(parsing: section.serialize()).signals == section.signals)
            }
        }
        #expect(read > 0)
    }

    @Test func textThatIsNoSectionIsRefused() {
        for text in ["", "=", "0xF", "FCG0", "/D A=0", "/DAx=A==", "ä", String(repeating: "A", count: 9000)] {
            #expect(SpliceText.bytes(of: text) == nil, "\(text.prefix(20))")
        }
        #expect(SpliceText.bytes(of: "/DA") == [0xFC, 0x30])
        #expect(SpliceText.bytes(of: " /D\nA=") == [0xFC, 0x30])
        #expect(SpliceText.bytes(of: "fc30") == [0xFC, 0x30])
    }

    /// With the CRC that its bytes have.
    static func sealed(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = Array(bytes.dropLast(4))
        let crc = CRC32.of(bytes)
        for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: crc >> UInt32(shift))) }
        return bytes
    }
}
