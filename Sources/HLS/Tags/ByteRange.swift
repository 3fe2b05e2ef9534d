/// A part of a resource: `n` bytes, from `o` or from where the range before it ended. RFC 8216, clause 4.3.2.2.
package struct ByteRange: Sendable, Hashable {
    package static let tag = "#EXT-X-BYTERANGE"

    package var length: UInt64
    package var offset: UInt64?

    package init(length: UInt64, offset: UInt64? = nil) {
        self.length = length
        self.offset = offset
    }

    init(parsing text: some StringProtocol) throws(PlaylistError) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard let length = UInt64(decimal: parts[0]) else {
            throw PlaylistError("no byte range: \(text.prefix(40))")
        }
        self.length = length
        guard parts.count > 1 else { return }
        guard let offset = UInt64(decimal: parts[1]), !length.addingReportingOverflow(offset).overflow else {
            throw PlaylistError("no byte range: \(text.prefix(40))")
        }
        self.offset = offset
    }

    var text: String { offset.map { "\(length)@\($0)" } ?? "\(length)" }
}
