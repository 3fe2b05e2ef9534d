import ChunkStream
import Hummingbird
package import Live
import Media
import SCTE35
package import Supervisor

/// `POST /v1/channels/CHANNEL/markers`: a splice, for encoders that cannot say one.
package struct MarkerRequest: Codable, Sendable {
    package enum Kind: String, Codable, Sendable { case out, `in`, cancel }

    /// Without `scte35`.
    package var type: Kind?
    package var durationSeconds: Double?
    package var eventId: UInt32?
    /// ISO 8601, or seconds from the epoch; absent: now.
    package var time: String?
    /// A splice_info_section in base64 or hexadecimal, passed on as it is.
    package var scte35: String?

    private enum CodingKeys: String, CodingKey { case type, durationSeconds, eventId, time, scte35 }

    /// The time may be a number, too.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        type = try container.decodeIfPresent(Kind.self, forKey: .type)
        durationSeconds = try container.decodeIfPresent(Double.self, forKey: .durationSeconds)
        eventId = try container.decodeIfPresent(UInt32.self, forKey: .eventId)
        scte35 = try container.decodeIfPresent(String.self, forKey: .scte35)
        if let number = try? container.decodeIfPresent(Double.self, forKey: .time) {
            time = "\(number)"
        } else {
            time = try container.decodeIfPresent(String.self, forKey: .time)
        }
    }
}

/// What is done: in manifests the splice lies on the next frame.
package struct MarkerAnswer: Codable, Sendable, ResponseEncodable {
    package var time: String
    package var scte35: String
}

/// Why a marker cannot be.
package struct MarkerError: Error, Sendable {
    package var reason: String
    /// It could be at another time.
    package var isConflict = false
}

extension MarkerRequest {
    /// How far from now a marker may be, in milliseconds: back, where frames are not made yet, and ahead.
    private static let past: Int64 = 1000
    private static let future: Int64 = 600_000
    /// What a frame of now takes to come, in milliseconds: an encoder's input is a little behind the clock.
    private static let lead: Int64 = 200
    private static let longestSeconds = 86_400.0

    /// - Parameter now: milliseconds since the epoch.
    package func perform(
        on channel: LiveChannel, by supervisor: Supervisor, now: Int64
    ) throws(MarkerError) -> MarkerAnswer {
        guard channel.showsAdMarkers else {
            throw MarkerError(reason: "no endpoint of the channel shows ad markers: adMarkers in the profile")
        }
        let milliseconds = try placedTime(now: now)
        let (time, overflow) = milliseconds.multipliedReportingOverflow(by: 90)
        guard !overflow, (now - Self.past...now + Self.future).contains(milliseconds) else {
            throw MarkerError(reason: "'time' must lie between now and ten minutes from now")
        }
        let section = try section(at: time)
        guard supervisor.splice(channel, SpliceMarker(time: time, section: section)) else {
            throw MarkerError(reason: "nobody publishes to the channel", isConflict: true)
        }
        return MarkerAnswer(
            time: CivilTime(epochMilliseconds: milliseconds).iso8601, scte35: SpliceText.base64(section))
    }

    private func placedTime(now: Int64) throws(MarkerError) -> Int64 {
        guard let time else { return now + Self.lead }
        if let civil = CivilTime(parsing: time) { return civil.epochMilliseconds }
        guard let seconds = Double(time), seconds.isFinite, abs(seconds) < 1e12 else {
            throw MarkerError(reason: "'time' is neither ISO 8601 nor seconds from the epoch")
        }
        return Int64((seconds * 1000).rounded())
    }

    private func section(at time: Int64) throws(MarkerError) -> [UInt8] {
        if let scte35 {
            guard type == nil, durationSeconds == nil, eventId == nil else {
                throw MarkerError(reason: "'scte35' says everything; leave out type, durationSeconds and eventId")
            }
            guard let bytes = SpliceText.bytes(of: scte35) else {
                throw MarkerError(reason: "'scte35' is neither base64 nor hexadecimal")
            }
            do throws(ParseError) { _ = try SpliceInfoSection(parsing: bytes) } catch {
                throw MarkerError(reason: "'scte35' cannot be read: \(error)")
            }
            return bytes
        }
        guard let type else { throw MarkerError(reason: "'type' is wanted: out, in or cancel; or 'scte35'") }
        var duration: BreakDuration?
        if let durationSeconds {
            guard type == .out, durationSeconds > 0, durationSeconds <= Self.longestSeconds else {
                throw MarkerError(reason: "'durationSeconds' is of an out, above 0 and at most a day")
            }
            duration = BreakDuration(ticks: UInt64((durationSeconds * 90_000).rounded()), returnsByItself: true)
        }
        // Events of one operator, told apart by when they are; a return without a number is of the last.
        let event = eventId ?? UInt32(truncatingIfNeeded: time / 90_000)
        var insert = SpliceInsert(
            eventID: event, leavesNetwork: type == .out, time: PresentationTime(ticks: time), duration: duration)
        if type == .cancel {
            guard eventId != nil else { throw MarkerError(reason: "'eventId' says what is cancelled") }
            insert.splice = nil
        }
        return SpliceInfoSection(.insert(insert)).serialize()
    }
}
