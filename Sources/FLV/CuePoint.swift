/// What an encoder says of a splice in a data message, in any of the shapes in use.
///
/// Adobe Primetime, RTMP signalling: `onAdCue` with `cue` "SpliceOut" (simple mode) or a section in base64 and `type`
/// "scte35"; AWS Elemental: `onCuePoint` named "scte35" with `parameters`; Wowza and others: a section in a member of
/// `onCuePoint`, `onAdData` or `onSCTE35`; YouTube: `onCuePoint` of type "com.youtube.cuepoint".
package struct CuePoint: Sendable, Equatable {
    package enum Direction: Sendable, Equatable { case out, `in` }

    /// Texts that may be a splice_info_section in base64 or hexadecimal.
    package var sections: [String]
    /// Nil: only a section can say it.
    package var direction: Direction?
    package var id: String?
    /// In milliseconds; nil where it is not known.
    package var duration: Int64?
    /// When, in milliseconds of the publisher's clock.
    package var time: Int64
    /// The message says when; else it is the message's own time.
    package var saysTime: Bool

    /// A text longer than a section in hexadecimal is none.
    private static let longestText = 8194
    /// How far ahead a message may say a splice, and how long ago one began that it repeats: ten minutes.
    private static let farthest: Int64 = 600_000

    /// - Parameters:
    ///   - time: of the message, in milliseconds of the publisher's clock.
    /// - Returns: nil where the message is no word about a splice.
    package init?(name: String, arguments: [AMF0], time messageTime: Int64) {
        guard let members = Self.members(arguments), Self.isKnown(name) else { return nil }
        sections = Self.sectionKeys.compactMap { members[$0]?.string }
            .filter { (16...Self.longestText).contains($0.utf8.count) }
        id = Self.idKeys.lazy.compactMap { members[$0].flatMap(Self.text) }.first { !$0.isEmpty }
        duration = Self.milliseconds(members, Self.durationKeys).flatMap { $0 > 0 ? $0 : nil }
        direction = Self.direction(members, isAdvertising: Self.isAdvertising(name, members), duration: duration)
        let elapsed = Self.milliseconds(members, ["elapsed"]) ?? 0
        let preroll = Self.milliseconds(members, Self.prerollKeys) ?? 0
        let bound: ClosedRange<Int64> = 0...Self.farthest
        let said = Self.milliseconds(members, ["time"]) ?? .min
        let (distance, overflow) = said.subtractingReportingOverflow(messageTime)
        saysTime = true
        if !overflow, distance > 0, distance <= Self.farthest / 10 {
            time = said
        } else if preroll > 0, bound.contains(preroll) {
            time = messageTime.addingReportingOverflow(preroll).partialValue
        } else if elapsed > 0, bound.contains(elapsed) {
            time = messageTime.subtractingReportingOverflow(elapsed).partialValue
        } else {
            time = messageTime
            saysTime = false
        }
        guard !sections.isEmpty || direction != nil else { return nil }
    }

    // MARK: Names in use, without case, hyphens and underscores

    private static let sectionKeys = [
        "cue", "scte35", "data", "message", "payload", "section", "spliceinfo", "spliceinfosection", "base64", "binary",
    ]
    private static let idKeys = ["spliceeventid", "eventid", "id", "messageid"]
    private static let durationKeys = ["breakdurationsec", "breakduration", "duration", "durationms", "durationsec"]
    private static let prerollKeys = ["prerolltimesec", "preroll", "prerolltime", "prerollduration", "prerollms"]
    private static let directionKeys = ["cue", "direction", "action", "command", "event", "type", "name", "cuetype"]
    private static let outWords: Set<String> = [
        "spliceout", "cueout", "out", "adstart", "adbreakstart", "breakstart", "splicestart",
    ]
    private static let inWords: Set<String> = [
        "splicein", "cuein", "in", "adend", "adbreakend", "breakend", "spliceend", "return",
    ]
    private static let adWords: Set<String> = ["scte35", "ad", "adbreak", "admarker", "adcue", "com.youtube.cuepoint"]
    private static let names: Set<String> = [
        "oncuepoint", "onadcue", "onaddata", "onscte35", "onadmarker", "onadbreak", "scte35",
    ]

    private static func isKnown(_ name: String) -> Bool { names.contains(normalised(name)) }

    /// Whether a duration alone means a break.
    private static func isAdvertising(_ name: String, _ members: [String: AMF0]) -> Bool {
        normalised(name) != "oncuepoint"
            || ["name", "type"].contains { members[$0]?.string.map { adWords.contains(normalised($0)) } ?? false }
    }

    private static func direction(
        _ members: [String: AMF0], isAdvertising: Bool, duration: Int64?
    ) -> Direction? {
        for key in ["outofnetworkindicator", "outofnetwork", "cuepointstart"] {
            if let value = members[key], let isOut = truth(value) { return isOut ? .out : .in }
        }
        for key in directionKeys {
            guard let word = members[key]?.string.map(normalised) else { continue }
            if outWords.contains(word) { return .out }
            if inWords.contains(word) { return .in }
        }
        return isAdvertising && duration != nil ? .out : nil
    }

    // MARK: Values

    /// The members of the message's object and of its `parameters`, by their name without case, hyphens and underscores.
    private static func members(_ arguments: [AMF0]) -> [String: AMF0]? {
        var members: [String: AMF0] = [:]
        func take(_ value: AMF0) {
            for property in value.properties ?? [] where members[normalised(property.name)] == nil {
                members[normalised(property.name)] = property.value
            }
        }
        for argument in arguments {
            if case .string(let text) = argument, members["data"] == nil { members["data"] = .string(text) }
            take(argument)
            for key in ["parameters", "params", "scte35"] { argument[key].map(take) }
        }
        return members.isEmpty ? nil : members
    }

    private static func normalised(_ text: String) -> String {
        String(text.prefix(64).lowercased().filter { $0 != "_" && $0 != "-" && $0 != " " })
    }

    private static func text(_ value: AMF0) -> String? {
        switch value {
        case .string(let text): String(text.prefix(256))
        case .number(let number): Int64(exactly: number).map { String($0) }
        default: nil
        }
    }

    private static func truth(_ value: AMF0) -> Bool? {
        switch value {
        case .boolean(let value): value
        case .number(let number): number != 0
        case .string(let text): ["1", "true", "yes"].contains(text.lowercased())
        default: nil
        }
    }

    /// Seconds, with a fraction, as all of them are; where the name ends in "ms", or it would be more than two hours,
    /// milliseconds.
    private static func milliseconds(_ members: [String: AMF0], _ keys: [String]) -> Int64? {
        for key in keys {
            let seconds: Double?
            switch members[key] {
            case .number(let number): seconds = number
            case .string(let text): seconds = Double(text.prefix(32))
            default: seconds = nil
            }
            guard let seconds, seconds.isFinite, abs(seconds) < 1e12 else { continue }
            let isMilliseconds = key.hasSuffix("ms") || (key != "time" && abs(seconds) > 7200)
            return Int64((isMilliseconds ? seconds : seconds * 1000).rounded())
        }
        return nil
    }
}
