import ArgumentParser
import Foundation
import OpenSSLCrypto
import Settings
import ViewerTokens

/// Mints a viewer's token.
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Mint a viewer's token: for the keys of a channel, for an endpoint whose profile wants one, or both.",
        discussion: """
            It opens the channel (--channel), or paths of the origin (--path), or those of both. Watch with it as a part of \
            the path, http://HOST/CHANNEL/ENDPOINT/~TOKEN/index.m3u8, or as ?token=TOKEN.
            """)

    enum Form: String, ExpressibleByArgument, CaseIterable { case jwt, hmac }
    enum Encoding: String, ExpressibleByArgument, CaseIterable { case text, hex, base64 }

    @Option(help: "The content the token is for: the channel; for keys what its profile's speke.resourceId says.")
    var channel: String?

    @Option(
        help: ArgumentHelp(
            "Paths that it opens, * for anything: /news/hls/*. May be given again.", valueName: "pattern"))
    var path: [String] = []

    @Option(help: "How long it is good: 90s, 30m, 12h or 7d.")
    var expires = "30m"

    @Option(help: "In how long it begins to be good.")
    var notBefore: String?

    @Option(help: ArgumentHelp("Address or network that the viewer must be in. May be given again.", valueName: "cidr"))
    var address: [String] = []

    @Option(help: "A name of this viewing, by which it can be revoked.")
    var session: String?

    @Option(help: "Who watches.")
    var subject: String?

    @Option(help: ArgumentHelp("The token's own name, by which it can be revoked.", valueName: "id"))
    var tokenId: String?

    @Option(help: "Who mints it, where the profile wants that said.")
    var issuer: String?

    @Option(help: "For whom it is, where the profile wants that said.")
    var audience: String?

    @Option(help: "The secret that is checked with: a file that only its owner may read.")
    var secretFile: String

    @Option(help: "How the file says the secret: \(Encoding.allValueStrings.joined(separator: ", ")).")
    var encoding = Encoding.text

    @Option(help: ArgumentHelp("What the profile calls the key.", valueName: "id"))
    var keyId: String?

    @Option(help: "jwt (RFC 7519, HS256), or hmac: the CDNs' form, exp=~acl=~hmac=.")
    var format = Form.jwt

    func validate() throws {
        for (name, text) in [("--expires", expires), ("--not-before", notBefore ?? "1s")]
        where Self.seconds(text) == nil {
            throw ValidationError("\(name) is '\(text)'; write a number with s, m, h or d, such as 30m")
        }
        guard channel != "" else { throw ValidationError("--channel is empty") }
        guard channel != nil || !path.isEmpty else {
            throw ValidationError("a token opens something: give --channel, or --path")
        }
        guard path.count <= 16, address.count <= 16 else {
            throw ValidationError("at most 16 of --path and of --address")
        }
        guard format == .hmac else { return }
        let jwtOnly = [
            ("--subject", subject), ("--token-id", tokenId), ("--issuer", issuer), ("--audience", audience),
        ]
        for (name, value) in jwtOnly where value != nil {
            throw ValidationError("\(name) has no place in an hmac token; leave it out, or take --format jwt")
        }
        guard channel == nil || path.isEmpty else {
            throw ValidationError("an hmac token has paths alone: leave out --channel, or --path")
        }
        guard address.count <= 1 else { throw ValidationError("an hmac token has one --address at most") }
    }

    func run() throws {
        let now = Int64(Date().timeIntervalSince1970)
        var claims = TokenClaims(
            content: channel, paths: path.map(PathPattern.init), expires: now + (Self.seconds(expires) ?? 0))
        claims.notBefore = notBefore.flatMap(Self.seconds).map { now + $0 }
        claims.addresses = address
        (claims.session, claims.subject, claims.id, claims.issuer) = (session, subject, tokenId, issuer)
        claims.audience = audience.map { [$0] } ?? []
        let secret = try secret()
        switch format {
        case .jwt: SluiceCommand.say(claims.webToken(signedBy: secret, keyID: keyId))
        case .hmac:
            if let channel, path.isEmpty { claims.paths = [PathPattern("/\(channel)/*")] }
            SluiceCommand.say(claims.hmacToken(signedBy: secret, keyID: keyId))
        }
    }

    private func secret() throws -> TokenSecret {
        guard let form = SecretEncoding(rawValue: encoding.rawValue), form != .text else {
            return try TokenSecret.file(secretFile)
        }
        var text = try SecretFile(secretFile).read()
        defer { cleanse(&text) }
        guard var bytes = form.bytes(of: String(decoding: text, as: UTF8.self)) else {
            throw SecretFileError(path: secretFile, reason: "is not \(encoding.rawValue)")
        }
        defer { cleanse(&bytes) }
        guard let secret = TokenSecret(bytes) else {
            throw SecretFileError(
                path: secretFile,
                reason: "has \(bytes.count) bytes; a token secret has \(TokenSecret.minimumSize) or more")
        }
        return secret
    }

    /// At most a year; nil for what is no duration.
    private static func seconds(_ text: String) -> Int64? {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()), count > 0,
            count <= 31_536_000 / unit
        else { return nil }
        return count * unit
    }
}
