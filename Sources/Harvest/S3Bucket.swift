package import CurlHTTP
import OpenSSLCrypto

/// A bucket that takes objects by PUT, signed with AWS Signature Version 4.
package struct S3Bucket: Sendable {
    /// What objects are below, without a slash at its end: `https://BUCKET.s3.REGION.amazonaws.com/FOLDER`, or
    /// `https://HOST/BUCKET`.
    package let url: String
    private let authentication: HTTPAuthentication
    private let http: HTTPClient
    private let pause: @Sendable (Duration) async throws -> Void

    /// Tries of an object, each twice as long after the one before as that after its own: 15 s in all.
    static let tries = 5
    private static let deadlineMilliseconds: UInt32 = 60_000

    /// - Parameters:
    ///   - authentication: SigV4 for the service `s3`.
    ///   - pause: returns after that time.
    package init(
        url: String, authentication: HTTPAuthentication, http: HTTPClient,
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.authentication = authentication
        self.http = http
        self.pause = pause
    }

    /// Puts an object; tried again where the bucket or the way to it is at fault, not where the request is.
    func put(
        _ bytes: [UInt8], at path: String, contentType: String, cacheControl: String
    ) async throws(HarvestFailure) {
        let digest = sha256(bytes).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        // S3 wants the body's digest by name, and signed.
        let request = HTTPRequest(
            .put, "\(url)/\(path)",
            headers: [
                HTTPHeader("Content-Type", contentType), HTTPHeader("Cache-Control", cacheControl),
                HTTPHeader("X-Amz-Content-Sha256", digest),
            ],
            body: bytes, authentication: authentication, deadlineMilliseconds: Self.deadlineMilliseconds)
        var failure = HarvestFailure("")
        for attempt in 0..<Self.tries {
            if attempt > 0 {
                do { try await pause(.seconds(1 << (attempt - 1))) } catch { throw HarvestFailure("cancelled") }
            }
            do throws(HTTPError) {
                let response = try await http.send(request)
                if (200..<300).contains(response.status) { return }
                let answer = String(decoding: response.body.prefix(300), as: UTF8.self)
                    .map { $0.isNewline ? " " : $0 }
                failure = HarvestFailure("\(url)/\(path): \(response.status) \(request.redacting(String(answer)))")
                guard response.status >= 500 || response.status == 429 || response.status == 408 else { break }
            } catch {
                failure = HarvestFailure("\(error)")
                guard error.code != .invalidRequest else { break }
            }
        }
        throw failure
    }
}
