import Foundation

/// What a walk found: the findings, and what was fetched of each rendition.
package struct ProbeReport: Sendable {
    /// One rendition's share of the walk.
    package struct Rendition: Sendable, Equatable {
        package var name: String
        package var codecs: [String] = []
        /// AES-128, cenc, cbcs; empty in the clear.
        package var protections: [String] = []
        package var segments = 0
        package var firstNumber: UInt64?
        package var lastNumber: UInt64?
        package var bytes = 0
        package var mediaMilliseconds: Int64 = 0
        /// KIDs, or for AES-128 the last part of the keys' URLs: no secrets.
        package var keys: [String] = []
    }

    package var url: String
    package var findings: [Finding]
    package var renditions: [Rendition]
    package var seconds: Int

    package var isGood: Bool { !findings.contains { $0.severity > .warning } }

    /// Lines for people: one for each finding, one for each rendition, and the sum.
    package var text: String {
        var lines = findings.sorted { $0.severity > $1.severity }.map { finding in
            let times = finding.count > 1 ? " (\(finding.count) times)" : ""
            return "\(finding.severity.rawValue): \(finding.rule.id) [\(finding.rule.clause)] \(finding.place): "
                + "\(finding.detail)\(times); the rule: \(finding.rule.text)"
        }
        for rendition in renditions {
            let numbers = rendition.firstNumber.map { " \($0)..\(rendition.lastNumber ?? $0)" } ?? ""
            let seconds = "\(rendition.mediaMilliseconds / 1000).\(rendition.mediaMilliseconds % 1000 / 100)"
            let keys = rendition.keys.isEmpty ? "" : " (\(rendition.keys.joined(separator: " ")))"
            lines.append(
                "\(rendition.name): \(rendition.segments) segments\(numbers), \(rendition.bytes) bytes, "
                    + "\(seconds) s of \(rendition.codecs.joined(separator: "+")), "
                    + (rendition.protections.isEmpty ? "in the clear" : rendition.protections.joined(separator: "+"))
                    + ", \(rendition.keys.count) keys\(keys)")
        }
        let errors = findings.filter { $0.severity > .warning }.count
        let segments = renditions.reduce(0) { $0 + $1.segments }
        lines.append(
            "\(isGood ? "good" : "bad"): \(url): \(errors) errors, \(findings.count - errors) warnings, "
                + "\(segments) segments in \(seconds) s")
        return lines.joined(separator: "\n")
    }

    /// One JSON object, for programs; its keys stay.
    package var json: String {
        let document = Document(
            url: url, good: isGood, seconds: seconds,
            findings: findings.map {
                .init(
                    rule: $0.rule.id, severity: $0.severity.rawValue, clause: $0.rule.clause, text: $0.rule.text,
                    place: $0.place, detail: $0.detail, count: $0.count)
            },
            renditions: renditions.map {
                .init(
                    name: $0.name, codecs: $0.codecs, protection: $0.protections, segments: $0.segments,
                    firstNumber: $0.firstNumber, lastNumber: $0.lastNumber, bytes: $0.bytes,
                    mediaMilliseconds: $0.mediaMilliseconds, keys: $0.keys)
            })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(document)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    private struct Document: Encodable {
        struct Finding: Encodable {
            var rule, severity, clause, text, place, detail: String
            var count: Int
        }

        struct Rendition: Encodable {
            var name: String
            var codecs, protection: [String]
            var segments: Int
            var firstNumber, lastNumber: UInt64?
            var bytes: Int
            var mediaMilliseconds: Int64
            var keys: [String]
        }

        var url: String
        var good: Bool
        var seconds: Int
        var findings: [Finding]
        var renditions: [Rendition]
    }
}
