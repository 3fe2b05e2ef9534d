import ChunkStream
import FLV
import Media
import SCTE35

/// Makes a section and a time of what an encoder says of a splice.
struct SpliceReader: Sendable {
    /// What to do about a message.
    enum Reading: Equatable {
        /// `section` may be nil: it is to be made of the cue point, when its time in the channel is known.
        case splice(time: Int64, section: [UInt8]?)
        case unusable(String)
    }

    /// How far a section's time may lie from its message's for the two to be of one clock, in 90 kHz ticks.
    private static let nearest: Int64 = -90_000
    private static let farthest: Int64 = 60 * 90_000

    /// - Parameter messageTime: in milliseconds of the publisher's clock.
    static func read(_ cue: CuePoint, messageTime: Int64) -> Reading {
        var failure: String?
        for text in cue.sections {
            guard let bytes = SpliceText.bytes(of: text) else { continue }
            do throws(ParseError) {
                let section = try SpliceInfoSection(parsing: bytes)
                return .splice(time: time(of: section, cue, messageTime), section: bytes)
            } catch { failure = failure ?? "its SCTE-35 cannot be read: \(error)" }
        }
        if let failure { return .unusable(failure) }
        return cue.direction == nil ? .unusable("it says neither out nor in") : .splice(time: cue.time, section: nil)
    }

    /// RTMP has no transport stream's clock; encoders that came from one often count on with it. Where the section's time
    /// lies within a minute after its message's, it is taken to be of the same clock.
    private static func time(of section: SpliceInfoSection, _ cue: CuePoint, _ messageTime: Int64) -> Int64 {
        guard !cue.saysTime, let time = section.time else { return cue.time }
        let (ticks, overflow) = messageTime.multipliedReportingOverflow(by: 90)
        let distance = time.distance(from: PresentationTime(ticks: ticks))
        guard !overflow, (nearest...farthest).contains(distance) else { return cue.time }
        return messageTime + max(distance, 0) / 90
    }

    /// What says the same as a cue point.
    /// - Parameter time: in 90 kHz ticks since the epoch, as transport streams count it.
    static func section(for cue: CuePoint, at time: Int64) -> [UInt8] {
        let duration = cue.duration.map { UInt64(clamping: min($0, 86_400_000)) * 90 }
        let isOut = cue.direction != .in
        return SpliceInfoSection(
            .insert(
                SpliceInsert(
                    eventID: eventID(cue.id), leavesNetwork: isOut, time: PresentationTime(ticks: time),
                    // Whoever says how long a break is need not say that it is over.
                    duration: isOut ? duration.map { BreakDuration(ticks: $0, returnsByItself: true) } : nil))
        ).serialize()
    }

    /// A number, or for other names one that is the same for the same name (FNV-1a).
    private static func eventID(_ id: String?) -> UInt32 {
        guard let id else { return 1 }
        if let number = UInt32(id) { return number }
        return id.utf8.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
    }
}
