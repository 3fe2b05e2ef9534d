import ChunkStream
import FLV
import Media
import SCTE35
import Transcode

/// Splices: an IDR in every rung, where it can be the beginning of a segment, and a word to the daemon.
extension IngestLine {
    /// Before there is a ladder nothing can be spliced.
    mutating func take(
        _ cue: CuePoint, of name: String, _ messageTime: Int64, _ now: Int64
    ) throws(Ended) -> [WorkerMessage] {
        guard let session else { return [] }
        switch splices.take(now: now) {
        case .leftOut(let isFirst):
            let text = "more than \(WorkerLimits.markersPerSecond) ad markers in a second: the rest is left out"
            return isFirst ? [warning(text)] : []
        case .taken: break
        }
        switch SpliceReader.read(cue, messageTime: messageTime) {
        case .unusable(let reason): return [warning("an ad marker (\(name)) is left out: \(reason)")]
        case .splice(let milliseconds, let section):
            return try splice(section, cue) { () throws(TranscodeError) in
                try session.splice(atMilliseconds: milliseconds)
            }
        }
    }

    /// What the daemon's operator says.
    mutating func splice(_ marker: SpliceMarker) throws(Ended) -> [WorkerMessage] {
        guard let session else { return [] }
        return try splice(marker.section, nil) { () throws(TranscodeError) in try session.splice(at: marker.time) }
    }

    /// Splices where a break is over by itself, as soon as that is near.
    /// - Parameter time: in milliseconds of the publisher's clock.
    mutating func returnInTime(_ time: Int64) throws(Ended) -> [WorkerMessage] {
        guard let session, let here = session.time(ofMilliseconds: time) else { return [] }
        let ahead = 2 * ladder.segmentDuration.milliseconds * 90
        var messages: [WorkerMessage] = []
        for time in splices.takeReturns(before: here + ahead) {
            messages += try splice(nil, nil) { () throws(TranscodeError) in try session.splice(at: time) }
        }
        return messages
    }

    private mutating func splice(
        _ section: [UInt8]?, _ cue: CuePoint?,
        _ place: () throws(TranscodeError) -> (time: Int64, outputs: [TranscodeOutput])
    ) throws(Ended) -> [WorkerMessage] {
        do throws(TranscodeError) {
            let (time, outputs) = try place()
            var messages: [WorkerMessage] = []
            if let section = section ?? cue.map({ SpliceReader.section(for: $0, at: time) }) {
                messages.append(.marker(SpliceMarker(time: time, section: section)))
                splices.note(section, at: time)
            }
            for output in outputs { messages += try cutTranslating(output) }
            return messages
        } catch {
            guard case .invalidTime = error else { throw Ended(reason: "\(error)") }
            return [warning("an ad marker is left out: \(error)")]
        }
    }
}
