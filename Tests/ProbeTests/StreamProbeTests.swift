import Media
import Probe
import Testing

/// Right presentations over a real socket, and what is said of them.
@Suite(.timeLimit(.minutes(5))) struct StreamProbeTests {
    @Test(arguments: Presentation.Kind.allCases) func passes(_ kind: Presentation.Kind) async throws {
        let report = try await Presentation(kind).probe()
        #expect(report.findings.isEmpty, "\(report.text)")
        #expect(report.isGood)
        let hasSubtitles = [.clear, .aes128].contains(kind)
        let count = [.transportStream, .sampleAES].contains(kind) ? 1 : kind == .clear ? 4 : 2
        #expect(report.renditions.map(\.segments) == Array(repeating: 3, count: count + (hasSubtitles ? 1 : 0)))
        #expect(report.renditions.allSatisfy { $0.lastNumber == 1005 })
        // Text has no samples to be measured.
        #expect(report.renditions.map(\.mediaMilliseconds).filter { $0 != 0 } == Array(repeating: 3072, count: count))
        let protection: [Presentation.Kind: [String]] = [
            .transportStream: ["AES-128"], .sampleAES: ["SAMPLE-AES"], .aes128: ["AES-128"], .cbcs: ["cbcs"],
            .dash: ["cenc"],
        ]
        #expect(report.renditions.allSatisfy { $0.protections == protection[kind] ?? [] })
        let key = protection[kind] == nil ? [] : [RecordedMedia.keyID.uuid]
        #expect(report.renditions.allSatisfy { $0.keys == key })
        #expect(!report.text.contains("00112233445566") && !report.json.contains("00112233445566"))
    }

    @Test func nobodyThere() async throws {
        var presentation = try Presentation(.clear)
        presentation.files = [:]
        let report = try await presentation.probe()
        #expect(report.findings.map(\.rule.id) == ["http.status"] && !report.isGood)
    }

    @Test func rulesHaveNamesOfTheirOwn() {
        #expect(Set(Rule.all.map(\.id)).count == Rule.all.count)
        #expect(Rule.all.allSatisfy { !$0.clause.isEmpty && !$0.text.isEmpty })
    }
}
