package import Media

/// Where a player gets what changed since the MPD it has. ISO/IEC 23009-1:2022, clause 5.15.
package struct PatchLocation: Sendable, Hashable {
    /// Relative to the MPD; which revision it has follows as a query.
    package var url: String
    /// So many seconds after an MPD was published it can be patched.
    package var lifetimeSeconds: UInt32

    package init(url: String, lifetimeSeconds: UInt32) {
        self.url = url
        self.lifetimeSeconds = lifetimeSeconds
    }

    static let parameter = "publishTime"

    /// - Parameter publishTime: of the MPD that it stands in.
    func write(from publishTime: Ticks, to writer: inout XMLWriter, namespace: String? = nil) {
        let time = XMLTime.dateTime(publishTime).replacing(":", with: "%3A")
        writer.element(
            "PatchLocation", ["xmlns": namespace, "ttl": String(lifetimeSeconds)],
            text: "\(url)?\(Self.parameter)=\(time)")
    }

    /// The revision that a request for a patch starts from; nil where it names none.
    package static func publishTime(query: String?) -> Ticks? {
        for field in (query ?? "").split(separator: "&") {
            let sides = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2, sides[0] == parameter else { continue }
            let text = sides[1].replacing("%3A", with: ":").replacing("%3a", with: ":")
            return XMLTime.parseDateTime(String(text))
        }
        return nil
    }
}
