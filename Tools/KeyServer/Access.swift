import Hummingbird
import NIOCore
import OpenSSLCrypto
package import ViewerTokens

/// Who gets an answer.
///
/// Keys are never public by chance: what nothing guards is for this machine alone, unless `serves` says otherwise.
package struct Access: Sendable {
    /// Whom the doors without a guard are open to.
    package enum Openness: Sendable {
        case loopback
        /// Whoever reaches the server: closed networks only.
        case everybody
    }

    /// Under which viewers' tokens are signed; none: keys and licences are not guarded.
    package var tokenSecrets: [TokenSecret]
    /// `USER:PASSWORD` of the encryptors, for basic authentication; the same as a bearer token. Nil: not guarded.
    package var spekeCredentials: Credentials?
    package var openness: Openness

    package init(
        tokenSecrets: [TokenSecret] = [], spekeCredentials: Credentials? = nil, openness: Openness = .loopback
    ) {
        self.tokenSecrets = tokenSecrets
        self.spekeCredentials = spekeCredentials
        self.openness = openness
    }

    /// What a viewer may have.
    enum Leave: Equatable {
        /// The keys of one content, by its token.
        case content(String)
        /// Any key: nothing guards them.
        case everything
    }

    func viewer(_ request: Request, _ context: KeyRequestContext, now: Int64) throws(Refusal) -> Leave {
        guard !tokenSecrets.isEmpty else {
            try checkOpen(request, context, "keys and licences", "a token secret")
            return .everything
        }
        let bearer = request.headers[.authorization].flatMap { text -> String? in
            let parts = text.split(separator: " ")
            return parts.count == 2 && parts[0].lowercased() == "bearer" ? String(parts[1]) : nil
        }
        guard let text = bearer ?? request.uri.queryParameters["token"].map(String.init) else {
            throw Refusal(status: .forbidden, text: "a token is missing")
        }
        do throws(TokenRefusal) {
            return .content(try ViewerToken(verifying: text, by: tokenSecrets, now: now).content)
        } catch {
            throw Refusal(status: .forbidden, text: "\(error)")
        }
    }

    func checkEncryptor(_ request: Request, _ context: KeyRequestContext) throws(Refusal) {
        guard let spekeCredentials else { return try checkOpen(request, context, "SPEKE", "SPEKE credentials") }
        guard let given = request.headers[.authorization], spekeCredentials.match(given) else {
            throw Refusal(status: .unauthorized, text: "the credentials are missing or wrong")
        }
    }

    private func checkOpen(
        _ request: Request, _ context: KeyRequestContext, _ what: String, _ guarding: String
    ) throws(Refusal) {
        if openness == .everybody || context.isLocal(request) { return }
        throw Refusal(status: .forbidden, text: "\(what) are for this machine alone until \(guarding) is configured")
    }
}

/// What encryptors show. Never prints.
package struct Credentials: Sendable {
    private let expected: [SecretBytes]

    /// - Parameter text: `USER:PASSWORD`; nil where it is not that.
    package init?(_ text: String) {
        guard text.contains(":"), !text.hasPrefix(":"), !text.hasSuffix(":") else { return nil }
        let basic = Array("Basic \(Array(text.utf8).base64)".utf8)
        expected = [SecretBytes(copying: basic.span), SecretBytes(copying: Array("Bearer \(text)".utf8).span)]
    }

    /// The first line of a file that nobody but its owner may read.
    package static func file(_ path: String) throws(SecretFileError) -> Credentials {
        var bytes = try SecretFile(path).read()
        defer { cleanse(&bytes) }
        let line = String(decoding: bytes.prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
        guard let credentials = Credentials(line) else {
            throw SecretFileError(path: path, reason: "does not hold USER:PASSWORD")
        }
        return credentials
    }

    func match(_ header: String) -> Bool {
        let given = Array(header.utf8)
        return expected.contains { constantTimeEqual($0.span, given.span) }
    }
}

extension Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "Credentials(redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
