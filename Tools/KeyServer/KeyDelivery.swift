import CommonEncryption
import HTTPTypes
import Hummingbird
import Logging
import Media
import NIOCore
import OpenSSLCrypto

/// `GET /keys/KID` and `POST /clearkey`: what players ask for.
extension KeyService {
    func key(_ request: Request, _ context: KeyRequestContext) async -> Response {
        await answer(request, context) { log throws(Refusal) in
            let leave = try access.viewer(request, context, now: Self.now())
            guard let id = context.parameters.get("kid").flatMap({ KeyID(parsing: $0) }) else {
                throw Refusal(status: .notFound, text: "no such key")
            }
            log["kids"] = "\(id)"
            var key = try key(id, leave)
            let fault = faults?.take(.keys)
            log["fault"] = fault.map { "\($0.fault.rawValue)" }
            if let instead = await fault?.answer(context) { return instead }
            if fault?.fault == .changedKey || fault?.fault == .staleKey { key = .drawn() ?? key }
            var bytes = fault?.fault == .missingKey ? [] : (0..<key.bytes.count).map { key.bytes[$0] }
            defer { cleanse(&bytes) }
            var response = Response(
                status: .ok, headers: [.contentType: "application/octet-stream"],
                body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
            fault?.spoil(&response, bytes)
            return response
        }
    }

    func licence(_ request: Request, _ context: KeyRequestContext) async -> Response {
        await answer(request, context) { log throws(Refusal) in
            let leave = try access.viewer(request, context, now: Self.now())
            let body = try await Self.body(of: request, atMost: 64 << 10)
            let licence = try ClearKeyLicence(answering: body)
            log["kids"] = "\(licence.keyIDs.map(\.uuid).joined(separator: " "))"
            var keys: [KeyID: ContentKey] = [:]
            for id in licence.keyIDs { keys[id] = try key(id, leave) }
            let fault = faults?.take(.clearkey)
            log["fault"] = fault.map { "\($0.fault.rawValue)" }
            if let instead = await fault?.answer(context) { return instead }
            if fault?.fault == .changedKey || fault?.fault == .staleKey { keys = keys.mapValues { .drawn() ?? $0 } }
            if fault?.fault == .missingKey { keys = [:] }
            var bytes = licence.json(keys)
            defer { cleanse(&bytes) }
            var response = Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
            fault?.spoil(&response, bytes)
            return response
        }
    }

    private func key(_ id: KeyID, _ leave: Access.Leave) throws(Refusal) -> ContentKey {
        switch leave {
        case .everything: return secret.key(for: id, of: nil)
        case .content(let content):
            guard !issued.isForeign(id, to: content) else {
                throw Refusal(status: .forbidden, text: "the token is for other content")
            }
            return secret.key(for: id, of: content)
        }
    }
}
