/// Paths of the origin, `*` for any run of characters, also of slashes: `/news/*`, `/news/hls/index.m3u8`.
package struct PathPattern: Sendable, Hashable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package func matches(_ path: Substring) -> Bool {
        let (pattern, path) = (text.utf8, path.utf8)
        var (at, place) = (pattern.startIndex, path.startIndex)
        // Where the last star was, and how much of the path it stands for.
        var star: (pattern: String.Index, place: String.Index)?
        while place < path.endIndex {
            if at < pattern.endIndex, pattern[at] == UInt8(ascii: "*") {
                at = pattern.index(after: at)
                star = (at, place)
            } else if at < pattern.endIndex, pattern[at] == path[place] {
                at = pattern.index(after: at)
                place = path.index(after: place)
            } else if let last = star {
                let next = path.index(after: last.place)
                star = (last.pattern, next)
                (at, place) = (last.pattern, next)
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
