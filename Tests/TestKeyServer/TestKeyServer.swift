package import KeyServer
package import Logging

/// Runs the key server on a free loopback port for as long as `body` takes.
package func withKeyServer<Result: Sendable>(
    secret: MasterSecret? = nil, publicURL: String? = nil, access: Access = Access(), faults: FaultDesk? = nil,
    logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
    _ body: @Sendable (_ url: String) async throws -> Result
) async throws -> Result {
    let service = KeyService(
        secret: try secret ?? .random(), publicURL: publicURL, access: access, faults: faults, logger: logger)
    let (ports, continuation) = AsyncStream<Int>.makeStream()
    let running = Task {
        defer { continuation.finish() }
        try await service.run(host: "127.0.0.1", port: 0) { continuation.yield($0) }
    }
    var iterator = ports.makeAsyncIterator()
    guard let port = await iterator.next() else {
        try await running.value
        throw KeyServerDidNotStart()
    }
    do {
        let result = try await body("http://127.0.0.1:\(port)")
        running.cancel()
        _ = await running.result
        return result
    } catch {
        running.cancel()
        _ = await running.result
        throw error
    }
}

package struct KeyServerDidNotStart: Error {}
