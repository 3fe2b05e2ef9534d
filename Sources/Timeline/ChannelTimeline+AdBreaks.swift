package import Media
import SCTE35
import Synchronization

/// Splices: what is said of them, and which segments they come to lie at.
extension ChannelTimeline {
    /// Takes the word of an encoder, a redundant one too: what is said twice is one.
    ///
    /// - Parameters:
    ///   - time: of the splice, in 90 kHz ticks since the epoch.
    /// - Returns: whether anything is new.
    /// - Throws: what is wrong with the section.
    @discardableResult package func mark(_ section: [UInt8], at time: Int64) throws(ParseError) -> Bool {
        let parsed = try SpliceInfoSection(parsing: section)
        return writer.withLock { writer in
            guard !writer.isRetired else { return false }
            let changed = writer.adBreaks.take(parsed, section, at: max(time, 0))
            guard !changed.isEmpty else { return false }
            // Where the disk refuses, a restart does not know of it.
            _ = write(changed.map { .adBreak($0) }, &writer)
            showBreaks(&writer)
            return true
        }
    }

    /// A segment is about to be shown.
    /// - Returns: what begins or ends with it, for the journal.
    func reach(_ segment: WindowSegment, _ set: TrackSet, _ writer: inout Writer) -> [Journal.Record] {
        // The first track is the picture, whose key frame lies at the splice.
        guard let share = segment.tracks.first, let stored = set.tracks.first else { return [] }
        let start = Ticks(share.decodeTime, timescale: stored.track.timescale).rescaled(to: 90_000).value
        return writer.adBreaks.reach(segment.number, start: start).map { .adBreak($0) }
    }

    /// Shows what there is, without what left the window.
    func showBreaks(_ writer: inout Writer) {
        current.withLock { snapshot in
            if let first = snapshot.segments.first {
                let start = snapshot.nominalStart(of: first.number).rescaled(to: 90_000).value
                writer.adBreaks.forget(before: first.number, start: start)
            }
            snapshot.adBreaks = writer.adBreaks.breaks
        }
    }
}
