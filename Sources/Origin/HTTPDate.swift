import Media

/// The Date header's text, made once a second.
struct HTTPDate {
    private var second: Int64?
    private var cached = ""

    mutating func text(epochSeconds: Int64) -> String {
        if epochSeconds != second {
            second = epochSeconds
            cached = CivilTime(epochMilliseconds: epochSeconds * 1000).imfFixdate
        }
        return cached
    }
}
