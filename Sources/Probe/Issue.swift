/// A rule that was broken, and how; not yet where.
package struct Issue: Sendable, Equatable {
    package var rule: Rule
    package var detail: String
    /// The rule's own, unless this case is milder.
    package var severity: Severity

    package init(_ rule: Rule, _ detail: String, severity: Severity? = nil) {
        self.rule = rule
        self.detail = detail
        self.severity = severity ?? rule.severity
    }
}
