import ArgumentParser
import CurlHTTP
import Foundation

/// The admin server of a daemon, as the commands ask it.
struct AdminServer {
    let url: String
    let token: HTTPSecret?

    /// The token that a file holds.
    static func token(in file: String?) throws -> HTTPSecret? {
        try file.map {
            HTTPSecret(try String(contentsOfFile: $0, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }

    /// Asks, and reads the answer. What is refused is said, and ends the program with 1.
    func send<Answer: Decodable>(
        _ method: HTTPRequest.Method, _ path: String, body: [UInt8] = [], deadline: UInt32 = 10_000
    ) async throws -> Answer {
        try JSONDecoder().decode(Answer.self, from: Data(try await send(method, path, body: body, deadline: deadline)))
    }

    /// The same as it came.
    func send(
        _ method: HTTPRequest.Method, _ path: String, body: [UInt8] = [], deadline: UInt32 = 10_000
    ) async throws -> [UInt8] {
        let response = try await HTTPClient().send(
            HTTPRequest(
                method, url + path, headers: body.isEmpty ? [] : [HTTPHeader("Content-Type", "application/json")],
                body: body, authentication: token.map { .bearer($0) } ?? .none, deadlineMilliseconds: deadline))
        guard (200..<300).contains(response.status) else {
            struct Refusal: Decodable {
                struct Message: Decodable { let message: String }
                let error: Message
            }
            let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(response.body))
            let reason = refusal.map { ": \($0.error.message)" } ?? ""
            SluiceCommand.complain("sluice: the admin server answers \(response.status)\(reason)")
            throw ExitCode(1)
        }
        return response.body
    }
}
