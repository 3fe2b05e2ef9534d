import Foundation
package import ViewerTokens

/// Looks at each request of one event loop before anything is done for it. For that loop alone.
///
/// What it knows is copied from the desk when something has changed there; tokens whose signatures were found to be right
/// and opened something are remembered, so that a viewer's next request costs a look-up. Bounds: `maximumTokens` for each
/// set of rules and `maximumTokenBytes` in all; at these all go, for they come back by being asked for.
package final class AccessGate {
    package enum Passage: Equatable {
        /// Nobody keeps this, or no token is wanted: the target as it came.
        case open
        /// - Parameter target: without the token, so that caches hold one thing once.
        case admitted(target: String, viewer: TokenClaims)
        /// To where the token is in the path, which relative URLs keep.
        case redirected(location: String)
        case refused

        /// Whether what was asked for is to be given.
        package var isFree: Bool {
            switch self {
            case .open, .admitted: true
            case .redirected, .refused: false
            }
        }
    }

    private final class Door {
        let rules: AccessRules
        var tokens: [Substring: VerifiedToken] = [:]

        init(_ rules: AccessRules) { self.rules = rules }
    }

    private struct Doors {
        var standard: Door?
        var endpoints: [Substring: Door?]
    }

    private static let maximumTokenBytes = 16 << 20
    private let desk: AccessDesk
    private let maximumTokens: Int
    /// Of all tokens that are remembered, with what they say.
    private var tokenBytes = 0
    private var rulesVersion: UInt64?
    private var revocationsVersion: UInt64?
    private var channels: [Substring: Doors] = [:]
    private var revocations = RevocationList()

    package init(_ desk: AccessDesk, maximumTokens: Int = 8192) {
        self.desk = desk
        self.maximumTokens = maximumTokens
    }

    /// Tokens that are remembered.
    var tokenCount: Int {
        channels.values.flatMap { [$0.standard] + $0.endpoints.values }.reduce(0) { $0 + ($1?.tokens.count ?? 0) }
    }

    /// Whether there is any rule, of any channel.
    package var hasRules: Bool {
        update()
        return !channels.isEmpty
    }

    /// - Parameters:
    ///   - target: of the request.
    ///   - now: seconds since the Unix epoch.
    ///   - address: the viewer's, as far as it is known.
    ///   - field: the header of this name.
    package func passage(
        to target: String, now: Int64, address: () -> PeerAddress?, field: (_ name: String) -> AccessField
    ) -> Passage {
        update()
        guard !channels.isEmpty else { return .open }
        let target = RequestTarget(target)
        guard let doors = channels[target.channel] else { return .open }
        guard let door = doors.endpoints[target.endpoint] ?? doors.standard else { return .open }
        let address = address()
        if let refusal = door.rules.refusal(address: address, field: field) {
            return refuse(refusal, target, address, nil, now)
        }
        guard let tokens = door.rules.tokens else { return .open }
        let path = target.barePath
        let inQuery = target.parameters(named: tokens.parameter)
        guard let text = target.pathToken ?? inQuery.first else {
            return refuse(.tokenMissing, target, address, nil, now)
        }
        // Of several, somebody else may have meant another one.
        guard inQuery.count <= 1 else { return refuse(.tokenMalformed, target, address, nil, now) }
        let plain = Self.unescaped(text)
        let known = door.tokens[plain]
        let token: VerifiedToken
        if let known {
            token = known
        } else {
            do throws(AccessRefusal) { token = try verified(plain, tokens) } catch {
                return refuse(error, target, address, nil, now)
            }
        }
        let refusal = door.rules.refusal(
            token, channel: target.channel, path: path, address: address, now: now, revocations: revocations)
        if let refusal { return refuse(refusal, target, address, token.claims, now) }
        // Not before: who has one that opens nothing could spell it in many ways.
        if known == nil { remember(token, plain, at: door) }
        if tokens.redirects, let location = target.manifestLocation(token: text, without: tokens.parameter) {
            return .redirected(location: location)
        }
        return .admitted(target: target.bare(path, without: tokens.parameter), viewer: token.claims)
    }

    private func refuse(
        _ refusal: AccessRefusal, _ target: RequestTarget, _ address: PeerAddress?, _ claims: TokenClaims?, _ now: Int64
    ) -> Passage {
        desk.note(refusal, target, address: address, claims: claims, now: now)
        return .refused
    }

    private func verified(_ text: Substring, _ tokens: AccessRules.Tokens) throws(AccessRefusal) -> VerifiedToken {
        let claims: TokenClaims
        do throws(TokenRefusal) { claims = try tokens.verifier.claims(of: text) } catch {
            throw AccessRefusal(error)
        }
        return try VerifiedToken(claims)
    }

    private func remember(_ token: VerifiedToken, _ text: Substring, at door: Door) {
        if tokenBytes > Self.maximumTokenBytes || door.tokens.count >= maximumTokens {
            for doors in channels.values {
                doors.standard?.tokens.removeAll()
                for door in doors.endpoints.values { door?.tokens.removeAll() }
            }
            tokenBytes = 0
        }
        // A copy: the request's whole target is not to be kept for it.
        door.tokens[Substring(String(text))] = token
        tokenBytes += 2 * text.utf8.count + 256
    }

    /// Some clients escape a parameter's `=` and `~`, of which every HMAC token has some.
    private static func unescaped(_ text: Substring) -> Substring {
        guard text.utf8.count <= TokenVerifier.maximumSize, !text.utf8.contains(UInt8(ascii: "=")),
            text.utf8.contains(UInt8(ascii: "%")), let plain = text.removingPercentEncoding
        else { return text }
        return plain[...]
    }

    private func update() {
        let rules = desk.currentRules
        if rules != rulesVersion {
            rulesVersion = rules
            tokenBytes = 0
            channels = desk.channels.mapValues { channel in
                Doors(
                    standard: channel.standard.map(Door.init),
                    endpoints: channel.endpoints.mapValues { $0.map(Door.init) })
            }
        }
        let revoked = desk.currentRevocations
        if revoked != revocationsVersion {
            revocationsVersion = revoked
            revocations = desk.revocations
        }
    }
}
