import ChunkStream
import Media
import Timeline

/// What a worker says, as the timeline takes it.
extension ChannelTimeline {
    func setTracks(_ tracks: [TrackDescription], publication: UInt64) throws(ParseError) {
        try setTracks(tracks.map { ($0.name, $0.reorderDelay, $0.frameRate, $0.header) }, publication: publication)
    }

    func append(_ chunk: ClearChunk, publication: UInt64) throws(ParseError) {
        try append(
            track: Int(chunk.track), segment: chunk.segment, endsSegment: chunk.endsSegment, bytes: chunk.bytes,
            publication: publication)
    }
}
