/// Which of a channel's two encoders an encoder is: its stream key says so.
package enum EncoderRole: String, Sendable, Hashable, CaseIterable {
    case primary, backup

    package var other: EncoderRole { self == .primary ? .backup : .primary }
}

/// What happens when one of two encoders fails.
package struct RedundancySettings: Sendable, Hashable {
    package enum FailBack: String, Sendable, Hashable, CaseIterable {
        /// The primary goes on air again when it has been healthy for a while.
        case automatic
        /// The encoder that is on air stays there until it fails.
        case manual
    }

    package enum Standby: String, Sendable, Hashable, CaseIterable {
        /// The encoder that waits is made into the ladder too.
        case hot
        /// The encoder that waits is read, and made into the ladder when it goes on air.
        case cold
    }

    package var standby: Standby
    package var failBack: FailBack
    package var failBackSeconds: UInt32
    /// The encoder on air is given up when nothing has come over its connection for so long. More than a quarter of a
    /// second between bursts and one retransmission on top of it (from 200 ms on); with what the change takes, less than
    /// a second.
    package var silenceMilliseconds: Int64
    /// ... or when its picture has been black for so long while the other one's is not; 0: never.
    package var videoBlackSeconds: UInt32
    /// ... or when its sound has been silent or missing for so long while the other one's is not; 0: never.
    package var audioSilenceSeconds: UInt32

    package init(
        standby: Standby = .hot, failBack: FailBack = .automatic, failBackSeconds: UInt32 = 30,
        silenceMilliseconds: Int64 = 600, videoBlackSeconds: UInt32 = 0, audioSilenceSeconds: UInt32 = 0
    ) {
        self.standby = standby
        self.videoBlackSeconds = videoBlackSeconds
        self.audioSilenceSeconds = audioSilenceSeconds
        self.failBack = failBack
        self.failBackSeconds = failBackSeconds
        self.silenceMilliseconds = silenceMilliseconds
    }
}
