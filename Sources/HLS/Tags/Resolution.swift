/// Width and height in pixels as `1280x720`. RFC 8216, clause 4.2.
package struct Resolution: Sendable, Hashable {
    package var width: UInt32
    package var height: UInt32

    package init(width: UInt32, height: UInt32) {
        self.width = width
        self.height = height
    }

    init(parsing text: String) throws(PlaylistError) {
        let parts = text.split(separator: "x", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let width = UInt64(decimal: parts[0]).flatMap({ UInt32(exactly: $0) }),
            let height = UInt64(decimal: parts[1]).flatMap({ UInt32(exactly: $0) })
        else { throw PlaylistError("no resolution: \(text.prefix(40))") }
        self.init(width: width, height: height)
    }

    var text: String { "\(width)x\(height)" }
}
