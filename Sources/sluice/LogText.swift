import Files

/// What swift-log's own handler has to say to people, one line at a time.
struct LogText: TextOutputStream, Sendable {
    let output: LineOutput

    func write(_ line: String) { output.add(Array(line.utf8)) { Array("sluice: \(Self.loss($0))\n".utf8) } }

    static func loss(_ count: UInt64) -> String { "\(count) lines of the log are lost: they could not be written" }
}
