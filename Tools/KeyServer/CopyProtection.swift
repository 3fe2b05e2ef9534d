import CPIX
import CommonEncryption
import HTTPTypes
import Hummingbird
import Logging
import Media
import NIOCore
import OpenSSLCrypto

/// `POST /speke/vN/copyProtection`: SPEKE over HTTP.
extension KeyService {
    /// Bytes of a request that are read.
    private static let maximumRequest = 1 << 20

    func copyProtection(_ request: Request, _ context: KeyRequestContext, isFirst: Bool) async -> Response {
        var version = isFirst ? SPEKEVersion.v1 : .v2
        var response = await answer(request, context) { log throws(Refusal) in
            try access.checkEncryptor(request, context)
            version = try Self.version(request, isFirst: isFirst)
            let document: CPIXDocument
            let body = try await Self.body(of: request, atMost: Self.maximumRequest)
            do throws(CPIXError) { document = try CPIXDocument(parsing: body) } catch {
                throw Refusal(text: error.reason)
            }
            log["speke"] = "\(version.rawValue)"
            log["contentId"] = "\((document.content ?? "").debugDescription)"
            log["kids"] = "\(document.contentKeys.map(\.keyID.uuid).joined(separator: " "))"
            log["period"] = document.periods.first?.index.map { "\($0)" }
            let fault = faults?.take(.speke, period: document.periods.first?.index)
            log["fault"] = fault.map { "\($0.fault.rawValue)" }
            if let instead = await fault?.answer(context) { return instead }
            var bytes = try filled(document, version, baseURL(request), fault)
            defer { cleanse(&bytes) }
            if fault?.fault == .wrongVersion { version = version == .v2 ? .v21 : .v2 }
            var response = Response(
                status: .ok, headers: [.contentType: "application/xml"],
                body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
            fault?.spoil(&response, bytes)
            return response
        }
        if version == .v1 {
            response.headers[Self.field("Speke-User-Agent")] = "sluice-keyserver"
        } else {
            response.headers[Self.field("X-Speke-User-Agent")] = "sluice-keyserver"
            response.headers[Self.field("X-Speke-Version")] = version.rawValue
        }
        if response.status == .unauthorized {
            response.headers[.wwwAuthenticate] = "Basic realm=\"sluice-keyserver\""
        }
        return response
    }

    private func filled(
        _ document: CPIXDocument, _ version: SPEKEVersion, _ baseURL: String, _ fault: Fault?
    ) throws(Refusal) -> [UInt8] {
        let bindsContent = !access.tokenSecrets.isEmpty
        var answer = try KeyAnswer(secret: secret, baseURL: baseURL, bindsContent: bindsContent)
            .filled(document, version)
        issued.note(answer.contentKeys.map(\.keyID), of: answer.content ?? "")
        if let faults {
            if let fault { fault.spoil(&answer, faults) }
            if fault?.fault != .staleKey {
                for index in answer.contentKeys.indices {
                    if let key = answer.contentKeys[index].key { faults.keep(key, of: answer.tracks(of: index)) }
                }
            }
        }
        if !answer.deliveryData.isEmpty, fault?.fault != .plainKey {
            do throws(CPIXError) { try answer.encryptKeys() } catch { throw Refusal(text: error.reason) }
        }
        return answer.xml
    }

    private static func version(_ request: Request, isFirst: Bool) throws(Refusal) -> SPEKEVersion {
        let said = request.headers[field("X-Speke-Version")]
        if isFirst {
            guard said == nil || said == SPEKEVersion.v1.rawValue else { throw .unsupportedSPEKEVersion }
            return .v1
        }
        guard let version = said.flatMap(SPEKEVersion.init), version != .v1 else { throw .unsupportedSPEKEVersion }
        return version
    }

    /// Where players reach this server. What a client says of it goes into answers, so it is taken only if it can be
    /// nothing but a host and a port.
    private func baseURL(_ request: Request) throws(Refusal) -> String {
        if let publicURL { return publicURL }
        guard let host = request.head.authority, !host.isEmpty, host.utf8.count <= 255,
            host.unicodeScalars.allSatisfy({
                $0.isASCII && ($0.properties.isAlphabetic || "0123456789.-_:[]".unicodeScalars.contains($0))
            })
        else { throw Refusal(text: "the Host header is not a host and a port") }
        return "http://\(host)"
    }
}
