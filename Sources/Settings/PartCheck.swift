import Media

/// Whether the whole frames that fit into a part come near enough to its duration: at least 85 %, but for the last of a
/// segment. RFC 8216bis (draft 16), clause 4.4.4.9.
struct PartCheck {
    let log: DiagnosticLog

    func check(_ ladder: Ladder, at place: Place) {
        let part = UInt64(ladder.partDurationMilliseconds)
        for rate in Set(ladder.video.compactMap(\.frameRate)) {
            check(part, frame: UInt64(rate.denominator), every: UInt64(rate.numerator), "\(rate) frames/s", place)
        }
        for rate in Set(ladder.audio.filter { $0.codec == .aac }.map(\.sampleRate)) {
            check(part, frame: 1024, every: UInt64(rate), "AAC at \(rate) Hz", place)
        }
    }

    /// - Parameters:
    ///   - part: in milliseconds.
    ///   - frame: its duration, in ticks of which there are `timescale` a second.
    private func check(_ part: UInt64, frame: UInt64, every timescale: UInt64, _ what: String, _ place: Place) {
        guard frame > 0, timescale > 0 else { return }
        let count = part * timescale / (frame * 1000)
        guard count * frame * 100_000 < part * timescale * 85 else { return }
        func milliseconds(_ count: UInt64) -> UInt64 { (count * frame * 1000 + timescale - 1) / timescale }
        let fitting = [count, count + 1].map(milliseconds).filter { $0 >= 100 }.map { Self.seconds($0) }
        log.error(
            "'partDurationSeconds' is \(Self.seconds(part)), which whole frames (\(what)) do not fill to 85 %, as players "
                + "of low latency need it; take \(fitting.joined(separator: " or "))",
            at: place)
    }

    private static func seconds(_ milliseconds: UInt64) -> String {
        let text = String(milliseconds % 1000 + 1000).dropFirst()
        let decimals = text.reversed().drop { $0 == "0" }.reversed()
        return "\(milliseconds / 1000)" + (decimals.isEmpty ? "" : "." + String(decimals))
    }
}
