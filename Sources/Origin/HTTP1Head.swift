import NIOCore
import NIOHTTP1

extension ByteBuffer {
    /// Status line and fields, but for `connection` and the empty line at the end. RFC 9112, clauses 4 and 5.
    /// - Parameter isChunked: the body's length is not known.
    mutating func writeHead(_ head: HTTPResponseHead, isChunked: Bool) {
        writeString("HTTP/1.1 \(head.status.code) \(head.status.reasonPhrase)\r\n")
        for (name, value) in head.headers {
            writeString(name)
            writeStaticString(": ")
            writeString(value)
            writeStaticString("\r\n")
        }
        if isChunked { writeStaticString("transfer-encoding: chunked\r\n") }
    }
}
