package import ChunkStream
package import Settings

/// One publication as operators see it.
package struct PublicationStatus: Sendable {
    package let channel: String
    package let role: EncoderRole
    /// Else it waits for the other one to fail.
    package let isOnAir: Bool
    package let peer: String
    package let encoder: String
    /// Milliseconds from the epoch.
    package let startedAt: Int64
    package let worker: Int32
    package let statistics: IngestStatistics
    /// Over the last second or so.
    package let bitsPerSecond: Int
    /// What is played, where files are.
    package let file: String?
}

extension IngestStatistics {
    /// What viewers may have seen of it.
    var faults: UInt64 { framesRepeated &+ framesDropped &+ decodeErrors }
}
