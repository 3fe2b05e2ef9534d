import Foundation

extension String {
    /// The bytes that this base64 text stands for (RFC 4648, clause 4), white space aside; nil where it is none.
    var base64Bytes: [UInt8]? {
        let text = utf8.filter { ![9, 10, 13, 32].contains($0) }
        return Data(base64Encoded: Data(text)).map(Array.init)
    }
}

extension Sequence where Element == UInt8 {
    var base64: String { Data(self).base64EncodedString() }
}
