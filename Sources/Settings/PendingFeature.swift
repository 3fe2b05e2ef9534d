/// Words of the profile that Sluice understands but does not yet act on: the one table of them.
///
/// What becomes true leaves this table, and the compiler shows where it was used.
enum PendingFeature: CaseIterable {
    case lowLatency

    /// A warning, except where going on would mean to serve something other than what was asked to be protected.
    var severity: Diagnostic.Severity {
        switch self {
        case .lowLatency: .warning
        }
    }

    var text: String {
        switch self {
        case .lowLatency:
            "lowLatency is in effect in cmaf without AES-128 alone: the endpoint is served without parts"
        }
    }

    func report(at place: Place, _ log: DiagnosticLog) { log.append(severity, text, place) }
}
