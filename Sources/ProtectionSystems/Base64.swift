import Foundation

// RFC 4648, clause 4. The one file of this target that knows Foundation.

extension Sequence where Element == UInt8 {
    var base64: String { Data(self).base64EncodedString() }
}

extension String {
    /// The bytes that this text stands for, white space aside; nil where it is no base64.
    var base64Bytes: [UInt8]? {
        let text = utf8.filter { ![9, 10, 13, 32].contains($0) }
        return Data(base64Encoded: Data(text)).map(Array.init)
    }
}
