package import Media

/// Where a player gets what changed since the MPD it has. ISO/IEC 23009-1:2022, clause 5.15.
package struct PatchLocation: Sendable, Hashable {
    /// Relative to the MPD; which revision it has follows as a query.
    package var url: String
    /// The URL is another's, and says itself which revision it is for.
    package private(set) var isComplete = false
    /// So many seconds after an MPD was published it can be patched.
    package var lifetimeSeconds: UInt32

    package init(url: String, lifetimeSeconds: UInt32) {
        self.url = url
        self.lifetimeSeconds = lifetimeSeconds
    }

    static let parameter = "publishTime"

    /// - Parameter publishTime: of the MPD that it stands in.
    init(reading text: String, lifetimeSeconds: UInt32, publishTime: Ticks?) {
        self.init(url: text, lifetimeSeconds: lifetimeSeconds)
        guard let query = publishTime.map(Self.query), text.hasSuffix(query) else {
            isComplete = true
            return
        }
        url = String(text.dropLast(query.count))
    }

    private static func query(_ publishTime: Ticks) -> String {
        "?\(parameter)=\(XMLTime.dateTime(publishTime).replacing(":", with: "%3A"))"
    }

    /// What a player asks for, relative to the MPD.
    ///
    /// - Parameter publishTime: of the MPD that it stands in.
    package func reference(from publishTime: Ticks) -> String {
        isComplete ? url : url + Self.query(publishTime)
    }

    /// - Parameter publishTime: of the MPD that it stands in.
    func write(from publishTime: Ticks, to writer: inout XMLWriter, namespace: String? = nil) {
        writer.element(
            "PatchLocation", ["xmlns": namespace, "ttl": String(lifetimeSeconds)], text: reference(from: publishTime))
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
