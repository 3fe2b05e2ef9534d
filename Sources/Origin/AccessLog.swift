package import Dispatch
package import Files
package import Settings
import Synchronization

/// The log of requests: event loops hand records over, and a thread of its own makes lines of them and writes these.
///
/// Nobody waits for the disk. Policy at the bound: what comes on top is left out and counted.
package final class AccessLog: Sendable {
    package struct Counters: Sendable {
        package var lines: UInt64 = 0
        /// Left out, as too many waited.
        package var droppedForRoom: UInt64 = 0
        /// Left out, as the disk did not take them.
        package var droppedByDisk: UInt64 = 0
    }

    private struct State {
        var waiting: [AccessRecord] = []
        /// Of all that wait, and of those that are being written.
        var bytes = 0
        var isScheduled = false
        var counters = Counters()
        var isFailing = false
    }

    /// Of records that wait.
    static let maximumBytes = 16 << 20
    /// Of lines, a write.
    private static let writeBytes = 256 << 10

    private let file: LogFile
    private let format: DaemonConfiguration.AccessLog.Format
    private let maximumBytes: Int
    private let delay: DispatchTimeInterval
    private let report: @Sendable (String) -> Void
    private let queue = DispatchQueue(label: "access-log")  // why: its thread may stand still in the kernel
    private let state = Mutex(State())

    /// - Parameters:
    ///   - delay: of a record until it is written at most, with all that came meanwhile.
    ///   - report: told when the file cannot be written any more, and when it can again.
    package init(
        path: String, format: DaemonConfiguration.AccessLog.Format, maximumBytes: Int = AccessLog.maximumBytes,
        delay: DispatchTimeInterval = .milliseconds(50), report: @escaping @Sendable (String) -> Void
    ) throws(FileError) {
        file = try LogFile(path: path)
        self.format = format
        self.maximumBytes = maximumBytes
        self.delay = delay
        self.report = report
    }

    package var counters: Counters { state.withLock { $0.counters } }

    func add(_ record: AccessRecord) {
        let size = record.byteCount
        let isFirst = state.withLock { state -> Bool in
            guard state.bytes + size <= maximumBytes else {
                state.counters.droppedForRoom += 1
                return false
            }
            state.bytes += size
            state.waiting.append(record)
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        guard isFirst else { return }
        queue.asyncAfter(deadline: .now() + delay) { self.writeWaiting() }
    }

    /// Begins the file of its name, after somebody has renamed the one that was.
    package func reopen() {
        queue.async { [self] in
            writeWaiting()
            do throws(FileError) { try file.reopen() } catch { report("the access log stays as it was: \(error)") }
        }
    }

    /// Returns when all that came before is written, or left out; after so long in any case: a disk that hangs is not to
    /// keep the program from its end.
    package func finish(atMost milliseconds: Int = 2000) {
        let isDone = DispatchSemaphore(value: 0)
        queue.async {
            self.writeWaiting()
            isDone.signal()
        }
        _ = isDone.wait(timeout: .now() + .milliseconds(milliseconds))
    }

    // MARK: On the queue

    private func writeWaiting() {
        let (records, bytes) = state.withLock { state in
            state.isScheduled = false
            defer { state.waiting = [] }
            return (state.waiting, state.bytes)
        }
        var lines: [UInt8] = []
        var count: UInt64 = 0
        for record in records {
            AccessLine.append(record, format, to: &lines)
            count += 1
            if lines.count >= Self.writeBytes {
                write(&lines, &count)
            }
        }
        write(&lines, &count)
        state.withLock { $0.bytes -= bytes }
    }

    private func write(_ lines: inout [UInt8], _ count: inout UInt64) {
        guard count > 0 else { return }
        defer {
            lines.removeAll(keepingCapacity: true)
            count = 0
        }
        do throws(FileError) {
            try file.append(lines)
            let lost = state.withLock { state -> UInt64? in
                state.counters.lines += count
                defer { state.isFailing = false }
                return state.isFailing ? state.counters.droppedByDisk : nil
            }
            if let lost { report("the access log is written again; \(lost) lines are lost since the start") }
        } catch {
            let isNew = state.withLock { state -> Bool in
                state.counters.droppedByDisk += count
                defer { state.isFailing = true }
                return !state.isFailing
            }
            if isNew { report("the access log cannot be written: \(error)") }
        }
    }
}
