import Media

/// What is to be harvested, as `POST /v1/channels/CHANNEL/harvests` says it.
package struct HarvestRequest: Sendable, Codable, Hashable {
    /// The endpoint whose container and protection the files have.
    package var endpoint: String
    /// ISO 8601; the first segment is the one it lies in.
    package var start: String
    /// ISO 8601; the segment it lies in is the last, unless it begins there.
    package var end: String
    /// A name under `harvest.destinations` of the configuration.
    package var destination: String
    /// A folder there: names of letters, digits, `.`, `_` and `-`, with `/` between them; nil: made of channel,
    /// endpoint and start.
    package var path: String?
    /// Without protection, where the destination may have that.
    package var clear: Bool?

    package init(
        endpoint: String, start: String, end: String, destination: String, path: String? = nil, clear: Bool? = nil
    ) {
        self.endpoint = endpoint
        self.start = start
        self.end = end
        self.destination = destination
        self.path = path
        self.clear = clear
    }

    /// - Throws: which of the two is no time.
    func times() throws(HarvestRefusal) -> (start: CivilTime, end: CivilTime) {
        guard let start = CivilTime(parsing: start) else { throw .invalid(Self.noTime("start")) }
        guard let end = CivilTime(parsing: end) else { throw .invalid(Self.noTime("end")) }
        return (start, end)
    }

    private static func noTime(_ name: String) -> String {
        "'\(name)' is not ISO 8601, such as 2026-11-21T20:15:00Z"
    }

    /// Where the files go, below the destination.
    func folder(channel: String, start: CivilTime) throws(HarvestRefusal) -> String {
        guard let path else {
            return "\(channel)/\(endpoint)-\(start.iso8601.filter { $0.isLetter || $0.isNumber })"
        }
        let names = path.split(separator: "/", omittingEmptySubsequences: false)
        let isPath =
            path.utf8.count <= 512
            && names.allSatisfy { name in
                !name.isEmpty && name != "." && name != ".."
                    && name.utf8.allSatisfy { byte in
                        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF)
                            || "._-".utf8.contains(byte)
                    }
            }
        guard isPath else {
            throw .invalid(
                "'path' is names of letters, digits, '.', '_' and '-' with '/' between them, up to 512 bytes")
        }
        return path
    }
}

/// Why a harvest is not begun, in a line for whoever asked for it.
package enum HarvestRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was asked for can never be.
    case invalid(String)
    /// What was asked for is not allowed by the configuration.
    case forbidden(String)
    /// Not now.
    case busy(String)

    package var description: String {
        switch self {
        case .invalid(let reason), .forbidden(let reason), .busy(let reason): reason
        }
    }
}
