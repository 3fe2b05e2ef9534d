import MediaMemory
package import Timeline

extension ChannelTimeline {
    /// The clear bytes of a track's segment; nil as for `media`.
    package func bytes(segment number: UInt64, track: String) -> [UInt8]? {
        media(segment: number, track: track)?.bytes.array
    }
}
