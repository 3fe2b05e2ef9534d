import CPIX
import CommonEncryption
import CurlHTTP
import Keys
import LoopbackServer
import Media
import Testing

/// A key provider whose answers a test chooses, on a real socket.
enum CannedProvider {
    /// A good answer to a request: a key for each KID, and one line for each system that may have one.
    ///
    /// - Parameter salt: other keys for other salts.
    static func answer(to body: [UInt8], salt: UInt8 = 1) throws -> CPIXDocument {
        var document = try CPIXDocument(parsing: body)
        for index in document.contentKeys.indices {
            let bytes = document.contentKeys[index].keyID.bytes.map { $0 ^ salt }
            document.contentKeys[index].key = ContentKey(copying: bytes.span)
        }
        for index in document.drmSystems.indices where document.drmSystems[index].hlsMedia == .requested {
            document.drmSystems[index].hlsMedia = .filled(["#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"data:,x\""])
            document.drmSystems[index].pssh = .absent
        }
        return document
    }

    /// The answer as HTTP has it.
    static func http(
        _ request: CannedServer.Request, version: String? = "2.0", salt: UInt8 = 1,
        _ change: (inout CPIXDocument) throws -> Void = { _ in }
    ) -> CannedServer.Answer {
        do {
            var document = try answer(to: request.body, salt: salt)
            try change(&document)
            return .http(
                200,
                [("Content-Type", "application/xml; charset=utf-8")]
                    + (version.map { [("X-Speke-Version", $0)] } ?? []), document.xml)
        } catch {
            return .http(599, text: "the test itself failed: \(error)")
        }
    }
}

/// Bytes of a key, to compare.
func bytes(_ key: ContentKey) -> [UInt8] { (0..<key.bytes.count).map { key.bytes[$0] } }

extension PeriodKeys {
    /// The key of an entry.
    subscript(type: String) -> TrackKey? { entries.first { $0.entry.intendedTrackType == type }?.key }
}
