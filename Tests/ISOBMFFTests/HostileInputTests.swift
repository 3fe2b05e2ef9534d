import ISOBMFF
import Media
import Testing

/// Whatever comes in, the answer is a value or a `ParseError`; a trap would end the test process.
@Suite struct HostileInputTests {
    private static func inputs() throws -> [[UInt8]] {
        let cenc = TrackProtection.cenc(
            keyID: Fixtures.keyID,
            systemBoxes: [ProtectionSystemSpecificHeader.common(keyIDs: [Fixtures.keyID]).serialize()])
        let cbcs = TrackProtection.cbcs(
            keyID: Fixtures.keyID, constantIV: Fixtures.constantIV, kind: .audio)
        let others = try Fixtures.allTracks().dropFirst(2).map { CMAFHeader(track: $0, protection: cenc).serialize() }
        return others + [
            CMAFHeader(track: try Fixtures.videoTrack(), protection: cenc).serialize(),
            CMAFHeader(track: try Fixtures.audioTrack(language: "pt-BR"), protection: cbcs).serialize(),
            Fixtures.videoSegment(),
            try Fixtures.protectedSegment(cenc),
        ]
    }

    /// Everything that reads, over anything; whether something was accepted.
    private static func accepts(_ bytes: Span<UInt8>) -> Bool {
        let size = bytes.count
        var accepted = false
        if let header = try? CMAFHeader(parsing: bytes) {
            accepted = true
            #expect(!header.serialize().isEmpty)
        }
        if let table = try? MovieFragmentTable(parsing: bytes, perSampleIVSize: 8) {
            accepted = true
            for fragment in table.fragments {
                #expect(fragment.samples.allSatisfy { $0.offset >= 0 && $0.offset + $0.size <= size })
                let samples = try? fragment.mediaSamples(in: bytes)
                #expect(samples?.count == fragment.samples.count)
            }
        }
        let text = BoxDump(listsEntries: true).text(of: bytes)
        #expect(text.isEmpty == (size == 0))
        return accepted
    }

    @Test func truncationAtEveryByte() throws {
        for bytes in try Self.inputs() {
            let whole = Self.accepts(bytes.span)
            #expect(whole)
            var accepted = 0
            for length in 0..<bytes.count where Self.accepts(bytes.span.extracting(0..<length)) { accepted += 1 }
            // A segment cut between two chunks is a segment; nothing else is anything.
            #expect(accepted <= 2)
        }
    }

    @Test(.timeLimit(.minutes(5))) func mutations() throws {
        var generator = SeededGenerator(state: 0x51_1CE)
        let extremes: [UInt8] = [0, 1, 7, 8, 0x7F, 0x80, 0xFE, 0xFF]
        for bytes in try Self.inputs() {
            var refused = 0
            for _ in 0..<700 {
                var mutated = bytes
                for _ in 0..<Int.random(in: 1...6, using: &generator) {
                    let index = Int.random(in: 0..<mutated.count, using: &generator)
                    switch Int.random(in: 0..<4, using: &generator) {
                    case 0: mutated[index] = UInt8.random(in: 0...255, using: &generator)
                    case 1: mutated[index] = extremes.randomElement(using: &generator) ?? 0
                    case 2: mutated.remove(at: index)
                    default:
                        let end = min(index + 4, mutated.count)
                        mutated.replaceSubrange(index..<end, with: [0xFF, 0xFF, 0xFF, 0xFF].prefix(end - index))
                    }
                }
                if !Self.accepts(mutated.span) { refused += 1 }
            }
            #expect(refused > 0)
        }
    }

    @Test func nestingBeyondAllBoundsIsNotFollowed() {
        var bytes: [UInt8] = []
        for _ in 0..<2000 {
            var writer = ByteWriter()
            writer.writeBox("moov") { $0.write(bytes: bytes) }
            bytes = writer.bytes
        }
        let text = BoxDump().text(of: bytes.span)
        #expect(text.split(separator: "\n").count == 17)
        #expect(throws: ParseError.self) { try CMAFHeader(parsing: bytes.span) }
    }

    @Test func countsAreCheckedBeforeAnythingIsAllocated() {
        var bytes = SampleToChunk().serialized()
        bytes.replaceSubrange(12..<16, with: [0xFF, 0xFF, 0xFF, 0xFF])
        let error = #expect(throws: ParseError.self) { try SampleToChunk(parsingBox: bytes.span) }
        #expect(error?.code == .truncated)
    }
}
