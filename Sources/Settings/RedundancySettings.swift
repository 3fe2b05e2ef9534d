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

    package var failBack: FailBack
    package var failBackSeconds: UInt32
    /// The encoder on air is given up when nothing has come over its connection for so long.
    package var silenceMilliseconds: Int64

    package init(failBack: FailBack = .automatic, failBackSeconds: UInt32 = 30, silenceMilliseconds: Int64 = 800) {
        self.failBack = failBack
        self.failBackSeconds = failBackSeconds
        self.silenceMilliseconds = silenceMilliseconds
    }
}
