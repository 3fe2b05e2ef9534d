/// One HTTP request, sent as it is: no redirect is followed and no proxy of the environment is used.
package struct HTTPRequest: Sendable {
    package enum Method: String, Sendable { case get = "GET", post = "POST", put = "PUT", head = "HEAD" }

    package var method: Method
    /// An absolute `http` or `https` URL.
    package var url: String
    /// Sent in this order, beside those that HTTP itself needs.
    package var headers: [HTTPHeader]
    /// Sent after `headers`; their values never print.
    package var secretHeaders: [HTTPSecretHeader]
    /// Sent with POST and PUT.
    package var body: [UInt8]
    package var authentication: HTTPAuthentication
    /// PEM file of the authorities to trust for this request instead of the client's.
    package var certificateAuthorityFile: String?
    /// Milliseconds for the whole exchange, the wait for a free connection included.
    package var deadlineMilliseconds: UInt32
    package var connectTimeoutMilliseconds: UInt32
    /// Bytes of body accepted; a longer answer is an error.
    package var maximumBodySize: Int

    package init(
        _ method: Method, _ url: String, headers: [HTTPHeader] = [],
        secretHeaders: [HTTPSecretHeader] = [], body: [UInt8] = [], authentication: HTTPAuthentication = .none,
        certificateAuthorityFile: String? = nil, deadlineMilliseconds: UInt32 = 10_000,
        connectTimeoutMilliseconds: UInt32 = 3_000, maximumBodySize: Int = 1 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.secretHeaders = secretHeaders
        self.body = body
        self.authentication = authentication
        self.certificateAuthorityFile = certificateAuthorityFile
        self.deadlineMilliseconds = deadlineMilliseconds
        self.connectTimeoutMilliseconds = connectTimeoutMilliseconds
        self.maximumBodySize = maximumBodySize
    }
}

/// Shows where to, without the query: tokens are in it.
extension HTTPRequest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "\(method.rawValue) \(Curl.display(url))" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [("request", description)]) }

    /// A text, as a server wrote it, without what of this request is secret.
    package func redacting(_ text: String) -> String {
        var secrets = secretHeaders.map(\.value.text) + authentication.secrets
        if let query = url.split(separator: "?", maxSplits: 1).dropFirst().first {
            secrets += query.split(whereSeparator: { "&#".contains($0) }).flatMap { parameter -> [String] in
                let value = parameter.split(separator: "=", maxSplits: 1).last ?? parameter
                return [String(value), String(value).removingPercentEncoding]
            }
        }
        var text = text
        // The longest first: one may be part of another.
        for secret in Set(secrets).sorted(by: { $0.utf8.count > $1.utf8.count }) where secret.utf8.count >= 4 {
            text = text.replacing(secret, with: "(redacted)")
        }
        return text
    }
}

extension String {
    /// With `%41` as `A`; as it is where that is not UTF-8.
    fileprivate var removingPercentEncoding: String {
        var bytes: [UInt8] = []
        var rest = utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            if byte == UInt8(ascii: "%"), digits.count == 2, let value = UInt8(String(Substring(digits)), radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self) ?? self
    }
}

/// One header field.
package struct HTTPHeader: Sendable, Hashable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// A token and a field value. RFC 9110, clauses 5.1 and 5.5: nothing that could start another line.
    var isValid: Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !"\"(),/:;<=>?@[\\]{}".utf8.contains($0) }
            && value.utf8.allSatisfy { $0 == 9 || ($0 >= 0x20 && $0 != 0x7f) }
    }
}

/// One header field whose value never prints.
package struct HTTPSecretHeader: Sendable {
    package var name: String
    package var value: HTTPSecret

    package init(_ name: String, _ value: HTTPSecret) {
        self.name = name
        self.value = value
    }
}
