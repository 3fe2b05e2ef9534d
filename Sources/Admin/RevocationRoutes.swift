package import Access
import Foundation
import HTTPTypes
import Hummingbird
import NIOPosix

/// `/v1/revocations`: whose tokens open nothing any more.
package struct RevocationRoutes: Sendable {
    private let store: RevocationStore
    private let clock: @Sendable () -> Int64

    /// - Parameter clock: milliseconds from the epoch.
    package init(store: RevocationStore, clock: @escaping @Sendable () -> Int64) {
        self.store = store
        self.clock = clock
    }

    func add(to routes: RouterGroup<AdminRequestContext>) {
        routes.get("v1/revocations") { [store] _, _ in
            RevocationAnswer(revocations: store.entries.map(RevocationAnswer.Entry.init))
        }
        routes.post("v1/revocations") { [store, clock] request, context throws -> HTTPResponse.Status in
            try AdminApplication.refuseWebPages(request)
            let wanted: RevocationAnswer.Entry
            do { wanted = try await request.decode(as: RevocationAnswer.Entry.self, context: context) } catch {
                throw HTTPError(
                    .badRequest,
                    message: #"a JSON object is wanted, as { "kind": "session", "id": "abc", "until": 1800000000 }"#)
            }
            guard let entry = wanted.entry else {
                throw HTTPError(.badRequest, message: "'id' must be 1 to 128 bytes without blanks and #")
            }
            try await Self.perform { try store.revoke(entry, now: clock() / 1000) }
            return .created
        }
        routes.delete("v1/revocations/:kind/:id") { [store, clock] request, context throws -> HTTPResponse.Status in
            try AdminApplication.refuseWebPages(request)
            let id = try context.parameters.require("id").removingPercentEncoding ?? ""
            guard let kind = RevocationList.Kind(rawValue: try context.parameters.require("kind")) else {
                throw HTTPError(.notFound, message: "kinds are session, token and subject")
            }
            let wasRevoked = try await Self.perform { try store.restore(kind, id, now: clock() / 1000) }
            guard wasRevoked else { throw HTTPError(.notFound, message: "no such revocation") }
            return .noContent
        }
    }

    /// On a thread that may wait for the disk.
    private static func perform<Result: Sendable>(
        _ work: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        do { return try await NIOThreadPool.singleton.runIfActive(work) } catch let failure as RevocationStore.Failure {
            switch failure {
            case .full: throw HTTPError(.init(code: 507), message: "\(failure)")
            case .notWritten, .unreadable, .malformed: throw HTTPError(.internalServerError, message: "\(failure)")
            }
        }
    }
}

/// `GET /v1/revocations`.
package struct RevocationAnswer: ResponseEncodable, Codable, Sendable {
    /// One of them, as it is posted too.
    package struct Entry: Codable, Sendable {
        package var kind: RevocationList.Kind
        package var id: String
        /// Seconds since the Unix epoch.
        package var until: Int64?

        init(_ entry: RevocationList.Entry) {
            kind = entry.kind
            id = entry.id
            until = entry.until
        }

        /// Nil for what cannot be one.
        var entry: RevocationList.Entry? {
            let entry = RevocationList.Entry(kind: kind, id: id, until: until)
            return entry.isValid ? entry : nil
        }
    }

    package var revocations: [Entry]
}
