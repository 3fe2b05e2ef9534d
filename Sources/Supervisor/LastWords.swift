import CLinux
import Glibc
import Logging
import SystemPackage

/// A pipe in place of a worker's standard error: what it wrote is read once, when it is gone, as one line of bounded
/// length. A worker in an encoder's hands could otherwise write the daemon's log.
final class LastWords: Sendable {
    /// The worker's; whoever starts it closes it. A worker that fills it has its writes fail.
    let workersEnd: FileDescriptor
    private let ours: CInt

    /// Nil where the system has no descriptors left.
    init?() {
        var ends: [CInt] = [-1, -1]
        guard sluice_pipe(&ends) == 0 else { return nil }
        ours = ends[0]
        workersEnd = FileDescriptor(rawValue: ends[1])
    }

    deinit { close(ours) }

    /// No worker is started.
    func closeWorkersEnd() { close(workersEnd.rawValue) }

    func log(to budget: LogBudget, of peer: String) {
        guard let said = take() else { return }
        budget.log(
            .warning, "sluice-ingest: \(said)", metadata: ["peer": "\(peer)"], kind: "worker", now: steadyMilliseconds()
        )
    }

    private static let most = 1000

    /// Nil where there are none.
    func take() -> String? {
        var bytes = [UInt8](repeating: 0, count: Self.most)
        let count = bytes.withUnsafeMutableBytes { read(ours, $0.baseAddress, $0.count) }
        guard count > 0 else { return nil }
        let text = String(decoding: bytes[..<count], as: UTF8.self).onOneLine
        return text.hasSuffix(" ") ? String(text.dropLast()) : text
    }
}
