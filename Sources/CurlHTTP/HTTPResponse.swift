/// The answer to an `HTTPRequest`, whatever its status.
package struct HTTPResponse: Sendable {
    package var status: Int
    package var headers: [HTTPHeader]
    /// The body where it came to lie, overwritten when the last owner lets go.
    package let content: HTTPBody

    /// A copy of the body, which nobody wipes: not for answers with keys.
    package var body: [UInt8] { content.copy }

    package init(status: Int, headers: [HTTPHeader] = [], body: [UInt8] = []) {
        let content = HTTPBody()
        body.withUnsafeBytes { content.append($0) }
        self.init(status: status, headers: headers, content: content)
    }

    init(status: Int, headers: [HTTPHeader], content: HTTPBody) {
        self.status = status
        self.headers = headers
        self.content = content
    }

    /// The value of the last field of this name, in any case.
    package subscript(header name: String) -> String? {
        headers.last { $0.name.lowercased() == name.lowercased() }?.value
    }
}
