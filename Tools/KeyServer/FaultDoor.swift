import HTTPTypes
import Hummingbird
import NIOCore

/// `/faults`: tests choose what fails while the server runs. For this machine alone.
extension KeyService {
    func faultReport(
        _ request: Request, _ context: KeyRequestContext, clearing: Bool = false
    ) throws -> Response {
        guard let faults, context.isLocal(request) else { return Self.text(.notFound, "not here") }
        if clearing { faults.clear() }
        return Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: faults.json)))
    }

    func armFaults(_ request: Request, _ context: KeyRequestContext) async throws -> Response {
        guard let faults, context.isLocal(request) else { return Self.text(.notFound, "not here") }
        let body = String(decoding: try await Self.body(of: request, atMost: 4096), as: UTF8.self)
        guard let fault = Fault(json: body) else {
            let kinds = Fault.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            return Self.text(.badRequest, "no fault; {\"fault\": one of \(kinds)}")
        }
        guard faults.arm(fault) else { return Self.text(.badRequest, "too many faults") }
        return try faultReport(request, context)
    }
}
