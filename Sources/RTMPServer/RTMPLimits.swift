/// What one publisher may make this process do.
package struct RTMPLimits: Sendable {
    /// Bytes of an audio, video or aggregate message once publishing is accepted.
    package var maxMediaMessage: UInt32 = 8 << 20
    /// Bytes of every other message, and of any message before publishing is accepted.
    package var maxControlMessage: UInt32 = 64 << 10
    /// What the peer may announce with Set Chunk Size; by default all that the specification allows, because a
    /// message is never longer than 2^24 - 1 whatever the chunk size.
    package var maxChunkSize: UInt32 = 0x7FFF_FFFF
    /// Chunk stream ids in use over the whole connection.
    package var maxChunkStreams = 32
    /// Announced bytes of all messages that are not whole yet, once publishing is accepted.
    package var maxHalfReceived: UInt32 = 16 << 20
    /// The same before publishing is accepted.
    package var maxHalfReceivedBeforePublish: UInt32 = 256 << 10
    /// From the first byte to the acceptance of the publication, authorisation included.
    package var setupTimeout: Duration = .seconds(10)
    /// How long a publisher may send nothing, or read nothing of our answers.
    package var idleTimeout: Duration = .seconds(30)
    /// What a publisher must send in that time at least: less is as good as nothing. The quietest sound is above it.
    package var minimumProgress = 256

    package init() {}
}
