import Media

/// Whether parts of whole frames are alike enough: each at least 85 % of the longest there can be, but for the last of a
/// segment. RFC 8216bis (draft 16), clause 4.4.4.9.
struct PartCheck {
    let log: DiagnosticLog

    func check(_ ladder: Ladder, at place: Place) {
        guard let uneven = Self.uneven(ladder) else { return }
        let part = Int(ladder.partDurationMilliseconds)
        func isEven(_ milliseconds: Int) -> Bool {
            var other = ladder
            other.partDurationMilliseconds = UInt32(clamping: milliseconds)
            return Self.uneven(other) == nil
        }
        let fitting = [(100..<max(part, 100)).last(where: isEven), (part + 1..<part + 1000).first(where: isEven)]
        log.error(
            "'partDurationSeconds' is \(Self.seconds(part)): of whole frames (\(uneven)) some parts would not be 85 % of the "
                + "longest, as players of low latency need it; take "
                + fitting.compactMap { $0 }.map(Self.seconds).joined(separator: " or "),
            at: place)
    }

    /// Of what frames parts are not alike; of what is copied nobody knows.
    private static func uneven(_ ladder: Ladder) -> String? {
        let parts = ladder.parts
        let target = parts.target.rescaled(to: 1_000_000).value
        func isUneven(_ frame: Ticks) -> Bool {
            parts.durations(of: frame).shortest.rescaled(to: 1_000_000).value * 100 < target * 85
        }
        let rate = ladder.video.compactMap(\.frameRate).first {
            isUneven(Ticks(Int64($0.denominator), timescale: $0.numerator))
        }
        if let rate { return "\(rate) frames/s" }
        return ladder.audio.first { $0.codec == .aac && isUneven(Ticks(1024, timescale: max($0.sampleRate, 1))) }
            .map { "AAC at \($0.sampleRate) Hz" }
    }

    private static func seconds(_ milliseconds: Int) -> String {
        let text = String(milliseconds % 1000 + 1000).dropFirst()
        let decimals = text.reversed().drop { $0 == "0" }.reversed()
        return "\(milliseconds / 1000)" + (decimals.isEmpty ? "" : "." + String(decimals))
    }
}
