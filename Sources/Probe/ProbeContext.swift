import CommonEncryption
import CurlHTTP
import Foundation
import Media

/// What all parts of a walk share: the connection, the keys got so far, and the findings.
struct ProbeContext {
    let client: HTTPClient
    let keyServer: String
    private let access: ViewerAccess?
    var log = FindingLog()
    private var keysByID: [KeyID: ContentKey] = [:]
    private var keysByURL: [String: ContentKey] = [:]

    /// What kind of thing an answer must be.
    enum Kind {
        case playlist, mpd, patch, initialization, segment, subtitles, key, time

        var contentTypes: [String] {
            switch self {
            case .playlist: ["application/vnd.apple.mpegurl", "audio/mpegurl", "application/x-mpegurl"]
            case .mpd: ["application/dash+xml"]
            case .patch: ["application/dash-patch+xml"]
            case .initialization: ["video/mp4", "audio/mp4", "application/mp4", "video/mp2t"]
            case .segment:
                ["video/mp4", "audio/mp4", "application/mp4", "video/iso.segment", "audio/iso.segment", "video/mp2t"]
            case .subtitles: ["text/vtt"]
            case .key, .time: []
            }
        }
    }

    init(client: HTTPClient, keyServer: String, access: ViewerAccess?) {
        self.client = client
        self.keyServer = keyServer
        self.access = access
    }

    /// The body of an answer of 200 (or 206 for a range); nil with a finding otherwise.
    mutating func fetch(
        _ url: String, _ kind: Kind, range: ByteRangeOfResource? = nil, place: String
    ) async -> HTTPResponse? {
        var request = HTTPRequest(
            .get, access?.url(url) ?? url, deadlineMilliseconds: 30_000, maximumBodySize: 256 << 20)
        if let access { request.authentication = access.authentication(for: url) }
        if let range { request.headers.append(HTTPHeader("Range", range.header)) }
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await client.send(request)
        } catch {
            log.add(Issue(kind == .key ? .key : .status, "\(error)"), at: place)
            return nil
        }
        guard response.status == (range == nil ? 200 : 206) else {
            log.add(Issue(kind == .key ? .key : .status, "\(response.status) for \(url)"), at: place)
            return nil
        }
        log.add(Self.headerIssues(response, kind, url), at: place)
        return response
    }

    /// The status of an answer, whatever it is; nil where there is none, with a finding.
    mutating func status(of url: String) async -> Int? {
        var request = HTTPRequest(
            .get, access?.url(url) ?? url, deadlineMilliseconds: 60_000, maximumBodySize: 256 << 20)
        if let access { request.authentication = access.authentication(for: url) }
        do throws(HTTPError) {
            return try await client.send(request).status
        } catch {
            log.add(Issue(.status, "\(error)"), at: Reference.fileName(url))
            return nil
        }
    }

    private static func headerIssues(_ response: HTTPResponse, _ kind: Kind, _ url: String) -> [Issue] {
        guard !kind.contentTypes.isEmpty else { return [] }
        var issues: [Issue] = []
        let type = (response[header: "Content-Type"] ?? "").split(separator: ";").first.map {
            $0.trimmingCharacters(in: .whitespaces).lowercased()
        }
        if !kind.contentTypes.contains(type ?? "") {
            issues.append(Issue(.contentType, "\(type ?? "none") for \(url)"))
        }
        if response[header: "Cache-Control"] == nil { issues.append(Issue(.cacheControl, "none for \(url)")) }
        return issues
    }

    /// Checks `max-age` of what has been fetched, once it is known how long it may be.
    static func ageIssues(_ response: HTTPResponse, manifestLimit: Int64) -> [Issue] {
        guard let age = maximumAge(response), age > manifestLimit else { return [] }
        return [Issue(.cacheManifest, "max-age=\(age), but it changes every \(manifestLimit) s")]
    }

    static func ageIssues(_ response: HTTPResponse, mediaMinimum: Int64, url: String) -> [Issue] {
        guard response[header: "Cache-Control"] != nil else { return [] }
        let age = maximumAge(response) ?? 0
        return age >= mediaMinimum
            ? [] : [Issue(.cacheMedia, "max-age=\(age) for \(url), listed for \(mediaMinimum) s")]
    }

    /// Judges how long ago the newest segment ended. A little late is no mistake of the packager's; but where players, who
    /// stay `heldBack` behind the end, have nothing left either, nobody sees anything new.
    ///
    /// - Parameters: all of them in milliseconds.
    static func edgeIssues(age: Int64, segment: Int64, heldBack: Int64?) -> [Issue] {
        guard age > segment * 10 else { return [] }
        let isDead = age > segment * 10 + min(heldBack ?? segment * 3, 3_600_000)
        return [Issue(.edge, "the newest segment ended \(age / 1000) s ago", severity: isDead ? .error : .warning)]
    }

    private static func maximumAge(_ response: HTTPResponse) -> Int64? {
        for directive in (response[header: "Cache-Control"] ?? "").lowercased().split(separator: ",") {
            let parts = directive.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            if parts.count == 2, parts[0] == "max-age" { return Int64(parts[1]) }
        }
        return nil
    }

    // MARK: Keys

    /// The key of a KID, from the key server.
    mutating func key(_ id: KeyID, place: String) async -> ContentKey? {
        if let key = keysByID[id] { return key }
        guard let key = await fetchKey("\(keyServer)/keys/\(id.uuid)", place: place) else { return nil }
        keysByID[id] = key
        return key
    }

    /// The key that a playlist names by its URL.
    mutating func key(url: String, place: String) async -> ContentKey? {
        if let key = keysByURL[url] { return key }
        guard let key = await fetchKey(url, place: place) else { return nil }
        keysByURL[url] = key
        return key
    }

    /// By whichever a playlist says.
    mutating func key(url: String?, or id: KeyID?, place: String) async -> ContentKey? {
        if let url { return await key(url: url, place: place) }
        if let id { return await key(id, place: place) }
        log.add(Issue(.key, "no line names a key that can be asked for"), at: place)
        return nil
    }

    private mutating func fetchKey(_ url: String, place: String) async -> ContentKey? {
        guard var body = await fetch(url, .key, place: place)?.body else { return nil }
        let size = body.count
        guard let key = ContentKey(moving: &body) else {
            log.add(Issue(.key, "\(size) bytes for \(url)"), at: place)
            return nil
        }
        return key
    }
}

/// A part of a resource.
struct ByteRangeOfResource: Sendable, Hashable {
    var offset: UInt64
    /// Above 0.
    var length: UInt64

    /// The value of a Range header.
    var header: String { "bytes=\(offset)-\(offset &+ length &- 1)" }
}

/// References in manifests. RFC 3986, clauses 4.2 and 5.2.
enum Reference {
    static func resolve(_ reference: String, against base: String) -> String? {
        guard let base = URL(string: base), let url = URL(string: reference, relativeTo: base) else { return nil }
        return url.absoluteString
    }

    /// Without scheme and authority: such a manifest can be moved to another host.
    static func isRelative(_ reference: String) -> Bool {
        guard !reference.hasPrefix("//") else { return false }
        guard let colon = reference.firstIndex(of: ":") else { return true }
        return reference[..<colon].contains { $0 == "/" || $0 == "?" }
    }

    /// A short name for a reference: its first folder, or else its file name.
    static func name(_ reference: String) -> String {
        let path = reference.prefix { $0 != "?" && $0 != "#" }
        let parts = path.split(separator: "/")
        return String(parts.count > 1 ? parts[parts.count - 2] : parts.first ?? "playlist")
    }
}

extension Reference {
    /// A text without what may be secret in the URLs that it quotes: queries, where tokens and signatures are, users, and tokens
    /// that are parts of paths.
    static func withoutSecrets(_ text: String) -> String {
        text.replacing(/:\/\/[^\/\s@?#"]*@/, with: "://").replacing(/\?[^\s"'<>()]+/, with: "?…")
            .replacing(/\/~[^\/\s"'<>]+/, with: "/~…")
    }

    /// The last part of a URL's path.
    static func fileName(_ url: String) -> String {
        String(url.prefix { $0 != "?" && $0 != "#" }.split(separator: "/").last ?? "")
    }
}
