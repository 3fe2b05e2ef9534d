import CPIX
import CurlHTTP
import Foundation
import Media
import Testing

/// Talks to a key server as encryptors and players do.
struct Exchange {
    let http: HTTPClient

    init() throws { http = try HTTPClient() }

    /// - Parameter version: of the `X-Speke-Version` header; nil leaves it out.
    func speke(
        _ url: String, _ document: CPIXDocument, version: String? = "2.0", path: String = "v2.0",
        headers: [HTTPHeader] = []
    ) async throws -> HTTPResponse {
        try await speke(url, document.xml, version: version, path: path, headers: headers)
    }

    func speke(
        _ url: String, _ body: [UInt8], version: String? = "2.0", path: String = "v2.0", headers: [HTTPHeader] = [],
        deadlineMilliseconds: UInt32 = 60_000
    ) async throws -> HTTPResponse {
        let version = version.map { [HTTPHeader("X-Speke-Version", $0)] } ?? []
        return try await http.send(
            HTTPRequest(
                .post, "\(url)/speke/\(path)/copyProtection", headers: version + headers, body: body,
                deadlineMilliseconds: deadlineMilliseconds))
    }

    /// The document of an answer, which must be one.
    func answer(
        _ url: String, _ document: CPIXDocument, version: String? = "2.0", path: String = "v2.0"
    ) async throws -> CPIXDocument {
        let response = try await speke(url, document, version: version, path: path)
        try #require(response.status == 200, "\(response.text)")
        return try CPIXDocument(parsing: response.body)
    }

    func get(_ url: String, headers: [HTTPHeader] = []) async throws -> HTTPResponse {
        try await http.send(HTTPRequest(.get, url, headers: headers))
    }

    func post(_ url: String, _ text: String, headers: [HTTPHeader] = []) async throws -> HTTPResponse {
        try await http.send(HTTPRequest(.post, url, headers: headers, body: Array(text.utf8)))
    }
}

extension HTTPResponse {
    /// The body without the line's end after it.
    var text: String { String(decoding: body, as: UTF8.self).trimmingCharacters(in: .newlines) }
}

/// A request as encryptors make it.
enum Example {
    static let video = "00112233-4455-6677-8899-aabbccddeeff"
    static let audio = "ffeeddcc-bbaa-9988-7766-554433221100"

    /// Two keys for one period, with everything asked for of each system.
    static func request(
        _ systems: [DRMSystemID] = [.widevine], scheme: String = "cbcs", version: SPEKEVersion = .v2,
        content: String = "news", period: UInt32? = 7
    ) throws -> CPIXDocument {
        var document = CPIXDocument(contentID: content, version: version.cpixVersion)
        if let period { document.periods = [ContentKeyPeriodElement(id: "p", index: period)] }
        for (text, type, filter) in [
            (video, "VIDEO", ContentKeyUsageRuleElement.Filter(.video)), (audio, "AUDIO", .init(.audio)),
        ] {
            let id = try #require(KeyID(parsing: text))
            document.contentKeys.append(ContentKeyElement(keyID: id, commonEncryptionScheme: scheme))
            for system in systems { document.drmSystems.append(everything(id, system)) }
            document.usageRules.append(
                ContentKeyUsageRuleElement(
                    keyID: id, intendedTrackType: type, periodIDs: period == nil ? [] : ["p"], filters: [filter]))
        }
        return document
    }

    private static func everything(_ id: KeyID, _ system: DRMSystemID) -> DRMSystemElement {
        var element = DRMSystemElement(keyID: id, systemID: system)
        element.pssh = .requested
        element.contentProtectionData = .requested
        element.hlsMedia = .requested
        element.hlsMultivariant = .requested
        return element
    }

    /// One key, as SPEKE 1.0 has it.
    static func first(_ systems: [DRMSystemID]) throws -> CPIXDocument {
        let id = try #require(KeyID(parsing: video))
        var document = CPIXDocument(contentID: nil, id: "news", version: nil)
        document.contentKeys = [ContentKeyElement(keyID: id, commonEncryptionScheme: nil)]
        for system in systems {
            var element = DRMSystemElement(keyID: id, systemID: system)
            element.uriExtXKey = .requested
            element.keyFormat = .requested
            element.keyFormatVersions = .requested
            if system == .playReady { element.protectionHeader = .requested }
            document.drmSystems.append(element)
        }
        document.periods = [ContentKeyPeriodElement(id: "p", index: 7)]
        document.usageRules = [ContentKeyUsageRuleElement(keyID: id, intendedTrackType: nil, periodIDs: ["p"])]
        return document
    }
}
