/// One HTTP request, sent as it is: no redirect is followed and no proxy of the environment is used.
package struct HTTPRequest: Sendable {
    package enum Method: String, Sendable { case get = "GET", post = "POST", put = "PUT", head = "HEAD" }

    package var method: Method
    /// An absolute `http` or `https` URL.
    package var url: String
    /// Sent in this order, beside those that HTTP itself needs.
    package var headers: [HTTPHeader]
    /// Sent with POST and PUT.
    package var body: [UInt8]
    package var authentication: HTTPAuthentication
    /// Milliseconds for the whole exchange, the wait for a free connection included.
    package var deadlineMilliseconds: UInt32
    package var connectTimeoutMilliseconds: UInt32
    /// Bytes of body accepted; a longer answer is an error.
    package var maximumBodySize: Int

    package init(
        _ method: Method, _ url: String, headers: [HTTPHeader] = [], body: [UInt8] = [],
        authentication: HTTPAuthentication = .none, deadlineMilliseconds: UInt32 = 10_000,
        connectTimeoutMilliseconds: UInt32 = 3_000, maximumBodySize: Int = 1 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.authentication = authentication
        self.deadlineMilliseconds = deadlineMilliseconds
        self.connectTimeoutMilliseconds = connectTimeoutMilliseconds
        self.maximumBodySize = maximumBodySize
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
