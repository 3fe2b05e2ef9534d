package import Media

/// Another time than now, asked for by a manifest's URL.
package struct TimeShift: Sendable, Hashable {
    /// Manifests begin with the segment that this time lies in, and stay at that beginning.
    package var start: CivilTime?
    /// Manifests end before this time; when it has come they are complete.
    package var end: CivilTime?
    /// Everything comes so much later.
    package var delaySeconds: UInt32 = 0
    /// How far back manifests reach, in place of the profile's window.
    package var windowSeconds: UInt32?

    /// No manifest lists more.
    package static let longestRangeSeconds: Int64 = 24 * 3600

    package var isNone: Bool { self == TimeShift() }

    /// - Returns: whether the parameter is one of a time shift.
    mutating func take(
        _ name: String, _ value: String, _ words: inout ManifestQuery.Words
    ) throws(ManifestQueryError) -> Bool {
        switch name {
        case "start":
            try words.note("start")
            start = try Self.time(value, name)
        case "end":
            try words.note("end")
            end = try Self.time(value, name)
        case "timedelay", "time_delay":
            try words.note("timedelay")
            delaySeconds = try Self.seconds(value, name)
        case "window", "manifest_window_seconds":
            try words.note("window")
            windowSeconds = try Self.seconds(value, name)
            guard windowSeconds != 0 else { throw ManifestQueryError("'\(name)' is 0") }
        default: return false
        }
        return true
    }

    func validate() throws(ManifestQueryError) {
        if let start, let end {
            let (length, overflow) = end.epochMilliseconds.subtractingReportingOverflow(start.epochMilliseconds)
            guard length > 0, !overflow else { throw ManifestQueryError("'end' is not after 'start'") }
            // Two segments of 30 s more: what a playlist hands on goes from the beginning of one to the end of another.
            guard length <= (Self.longestRangeSeconds + 60) * 1000 else {
                throw ManifestQueryError("from 'start' to 'end' are more than 24 hours")
            }
        }
        guard delaySeconds == 0 || (start == nil && end == nil) else {
            throw ManifestQueryError("'timedelay' goes with neither 'start' nor 'end'")
        }
        guard windowSeconds == nil || start == nil else {
            throw ManifestQueryError("'window' does not go with 'start', which says where the window begins")
        }
    }

    /// ISO 8601, or seconds from the epoch with decimals or none.
    private static func time(_ text: String, _ name: String) throws(ManifestQueryError) -> CivilTime {
        if let time = CivilTime(parsing: text) { return time }
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let isNumber = parts.allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        }
        guard isNumber, parts.count <= 2, let seconds = Int64(parts[0]) else {
            throw ManifestQueryError(
                "'\(name)' is neither seconds from the epoch nor ISO 8601, such as 2026-11-21T20:15:00Z: "
                    + "'\(ManifestQuery.Words.shown(text))'")
        }
        // The year 9999 is the last that ISO 8601 can write.
        guard seconds < 253_402_300_800 else {
            throw ManifestQueryError("'\(name)' is after the year 9999: give seconds from the epoch, not milliseconds")
        }
        let digits = parts.count == 2 ? parts[1].prefix(3) : ""
        let milliseconds = Int64(digits + String(repeating: "0", count: 3 - digits.count)) ?? 0
        return CivilTime(epochMilliseconds: seconds * 1000 + milliseconds)
    }

    private static func seconds(_ text: String, _ name: String) throws(ManifestQueryError) -> UInt32 {
        // 14 days, as far as MediaPackage's go.
        guard let seconds = UInt32(text), String(seconds) == text, seconds <= 1_209_600 else {
            throw ManifestQueryError(
                "'\(name)' is not a number of seconds up to 1209600: '\(ManifestQuery.Words.shown(text))'")
        }
        return seconds
    }
}
