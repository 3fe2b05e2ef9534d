import Foundation

extension [UInt8] {
    /// RFC 4648, clause 4.
    var base64: String { Data(self).base64EncodedString() }
}
