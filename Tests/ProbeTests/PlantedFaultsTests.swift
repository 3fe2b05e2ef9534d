import Foundation
import Probe
import Testing

/// Each fault is found over a real socket, by its rule alone, and said as text and as JSON.
@Suite(.timeLimit(.minutes(5))) struct PlantedFaultsTests {
    private struct Document: Decodable {
        struct Finding: Decodable { var rule, severity, clause, place, detail: String }

        var good: Bool
        var findings: [Finding]
    }

    @Test(arguments: PlantedFault.all) func isFound(_ fault: PlantedFault) async throws {
        var presentation = try Presentation(fault.kind)
        try fault.plant(&presentation)
        let seconds =
            switch fault.time {
            case .atOnce: 0
            case .later: presentation.secondsOfReload
            case .after(let seconds): seconds
            }
        let report = try await presentation.probe(seconds: seconds)
        #expect(Set(report.findings.map(\.rule.id)) == [fault.rule], "\(report.text)")
        #expect(report.findings.map(\.severity).max() == fault.severity, "\(report.text)")
        #expect(report.isGood == (fault.severity == .warning))

        let line = "\(fault.severity): \(fault.rule) [\(fault.clause)] "
        #expect(report.text.split(separator: "\n").contains { $0.hasPrefix(line) }, "\(report.text)")
        let document = try JSONDecoder().decode(Document.self, from: Data(report.json.utf8))
        #expect(document.good == report.isGood)
        #expect(
            document.findings.contains {
                $0.rule == fault.rule && $0.clause == fault.clause && $0.severity == fault.severity.rawValue
                    && !$0.place.isEmpty && !$0.detail.isEmpty
            }, "\(report.json)")
    }

    /// With and without a reload.
    @Test(arguments: Presentation.Kind.allCases, [false, true])
    func nothingIsFoundWhereNothingIsWrong(_ kind: Presentation.Kind, _ reloads: Bool) async throws {
        let presentation = try Presentation(kind)
        let report = try await presentation.probe(seconds: reloads ? presentation.secondsOfReload : 0)
        #expect(report.findings.isEmpty && report.isGood, "\(report.text)")
        let new = !reloads || kind == .lowLatency ? 0 : kind == .earlyDASH ? 2 : 1
        #expect(report.renditions.allSatisfy { $0.segments == 3 + new }, "\(report.text)")
    }

    @Test func everyRuleHasAFault() {
        let planted = Set(PlantedFault.all.map(\.rule))
        #expect(Rule.all.map(\.id).filter { !planted.contains($0) } == [])
        #expect(Set(PlantedFault.all.map(\.testDescription)).count == PlantedFault.all.count)
        #expect(PlantedFault.all.count >= 30)
    }
}
