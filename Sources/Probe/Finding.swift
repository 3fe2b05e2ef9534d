/// A rule that was broken somewhere: one line of the report.
package struct Finding: Sendable, Equatable {
    package var rule: Rule
    package var severity: Severity
    /// A rendition's name, or that of the manifest.
    package var place: String
    /// Of the first time.
    package var detail: String
    /// How often it came there.
    package var count = 1
}

/// The findings so far: of one rule at one place there is one, however often it comes.
package struct FindingLog: Sendable {
    package private(set) var findings: [Finding] = []

    package mutating func add(_ issue: Issue, at place: String) {
        let same = findings.firstIndex {
            $0.rule == issue.rule && $0.place == place && $0.severity == issue.severity
        }
        if let same {
            findings[same].count += 1
        } else {
            findings.append(
                Finding(
                    rule: issue.rule, severity: issue.severity, place: place,
                    detail: Reference.withoutSecrets(issue.detail)))
        }
    }

    package mutating func add(_ issues: [Issue], at place: String) {
        for issue in issues { add(issue, at: place) }
    }
}
