import Access
import OpenSSLCrypto
import Settings
import Synchronization
import Testing
import ViewerTokens

/// Profiles as the daemon reads them, and what a gate says of requests.
enum Profiles {
    static let secret = "0123456789abcdef0123456789abcdef"
    static let other = "fedcba9876543210fedcba9876543210"

    static func access(_ access: String, endpoint: String = "") throws -> ChannelAccess {
        let text = """
            channel: news
            ingest: { streamKeys: { primary: key } }
            video: [{ name: high, codec: copy }]
            audio: []
            access: \(access)
            endpoints:
              - { id: hls, package: hls }
              - { id: dash, package: dash\(endpoint) }
            """
        let (profile, diagnostics) = ChannelProfile.load(text: text, file: "news.yaml", environment: [:])
        return try #require(profile, "\(diagnostics)").access
    }

    static let tokens = "{ tokens: { keys: [{ id: k1, secret: \(secret) }] } }"
}

/// One gate before `/news`.
final class Watched {
    let desk: AccessDesk
    let gate: AccessGate
    let reports = Reports()
    var now: Int64 = 1000
    var address: String? = "192.0.2.7"
    var fields: [(String, String)] = []

    init(_ access: ChannelAccess, maximumTokens: Int = 100) throws {
        let reports = reports
        desk = AccessDesk { reports.add($0) }
        #expect(try desk.set(access, of: "news"))
        gate = AccessGate(desk, maximumTokens: maximumTokens)
    }

    func passage(_ target: String) -> AccessGate.Passage {
        gate.passage(
            to: target, now: now, address: { address.flatMap { IPAddress(parsing: $0) }.map { PeerAddress($0) } },
            field: { name in
                let found = fields.filter { $0.0.lowercased() == name.lowercased() }
                return found.isEmpty ? .absent : found.count > 1 ? .several : .one(found[0].1)
            })
    }

    /// The reason of a refusal; nil: none.
    func refusal(_ target: String) -> AccessRefusal? {
        let before = desk.refusals
        guard passage(target) == .refused else { return nil }
        return desk.refusals.first { $0.value != before[$0.key] }?.key
    }

    /// The target that is served.
    func admitted(_ target: String) -> String? {
        switch passage(target) {
        case .admitted(let bare, _): bare
        case .open: target
        case .redirected, .refused: nil
        }
    }

    static func token(
        _ secret: String = Profiles.secret, content: String? = "news", paths: [String] = [], expires: Int64 = 2000,
        keyID: String? = nil, _ change: (inout TokenClaims) -> Void = { _ in }
    ) throws -> String {
        var claims = TokenClaims(content: content, paths: paths.map(PathPattern.init), expires: expires)
        change(&claims)
        return claims.webToken(signedBy: try #require(TokenSecret(Array(secret.utf8))), keyID: keyID)
    }
}

final class Reports: Sendable {
    private let state = Mutex<[AccessDesk.Report]>([])
    func add(_ report: AccessDesk.Report) { state.withLock { $0.append(report) } }
    var all: [AccessDesk.Report] { state.withLock { $0 } }
}
