/// A stretch of the channel that a splice parts from the programme, or a moment that a section speaks of.
package struct AdBreak: Sendable, Equatable, Codable {
    package enum Kind: String, Sendable, Codable {
        /// Out, and in again.
        case avail
        /// Anything else that SCTE 35 has a command for.
        case command
    }

    /// The first segment behind a splice.
    package struct Place: Sendable, Equatable, Codable {
        package let number: UInt64
        /// Of its first picture, in 90 kHz ticks since the epoch.
        package let start: Int64

        package init(number: UInt64, start: Int64) {
            self.number = number
            self.start = start
        }
    }

    /// The same for ever, and in every node that is told the same: of event and time.
    package let id: String
    package let kind: Kind
    /// As SCTE 35 has it: 0 for splice_insert, else the segmentation type.
    package let family: UInt8
    package let eventID: UInt32
    /// In 90 kHz ticks since the epoch.
    package let start: Int64
    /// How long it is to be, in 90 kHz ticks; nil where nobody says.
    package let plannedDuration: Int64?
    /// It is over after that, whether or not anybody says so.
    package let returnsByItself: Bool
    /// The section that began it.
    package let section: [UInt8]
    /// segmentation_upid_type and segmentation_upid of what began it.
    package let identifierType: UInt8
    package let identifier: [UInt8]
    /// The section that ended it, and when that is.
    package internal(set) var returnSection: [UInt8]?
    package internal(set) var returnTime: Int64?
    /// Where manifests show it to begin and to end; nil until that is listed.
    package internal(set) var begin: Place?
    package internal(set) var end: Place?
    /// It will not be.
    package internal(set) var isCancelled = false

    package init(
        id: String, kind: Kind, family: UInt8, eventID: UInt32, start: Int64, plannedDuration: Int64?,
        returnsByItself: Bool, section: [UInt8], identifierType: UInt8 = 0, identifier: [UInt8] = []
    ) {
        self.id = id
        self.kind = kind
        self.family = family
        self.eventID = eventID
        self.start = start
        self.plannedDuration = plannedDuration
        self.returnsByItself = returnsByItself
        self.section = section
        self.identifierType = identifierType
        self.identifier = identifier
    }

    /// Who never says that a break is over does so by silence: a minute after its planned end, or after a day.
    private static let patience: Int64 = 60 * 90_000
    private static let longest: Int64 = 86_400 * 90_000

    /// When it is over: as it was said, or else at the latest. Saturates.
    package var endTime: Int64 {
        let limit = plannedDuration.map { returnsByItself ? $0 : $0 + Self.patience } ?? Self.longest
        let (latest, overflow) = start.addingReportingOverflow(kind == .command ? plannedDuration ?? 0 : limit)
        return min(returnTime ?? .max, overflow ? .max : latest)
    }

    /// When it was or will be over, where that is known: by a word, or by itself.
    package var knownEnd: Int64? {
        if let returnTime { return min(returnTime, endTime) }
        return returnsByItself && plannedDuration != nil || end != nil ? endTime : nil
    }

    /// Whether a segment belongs to it, as manifests show it.
    package func contains(_ number: UInt64) -> Bool {
        guard kind == .avail, let begin, begin.number <= number else { return false }
        return end.map { number < $0.number } ?? true
    }
}
