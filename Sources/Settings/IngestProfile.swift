/// Who may publish a channel, how much, and what happens when the source goes away.
package struct IngestProfile: Sendable, Hashable {
    package struct StreamKeys: Sendable, Hashable {
        /// One key, or two while one takes the other's place: both are good.
        package var primary: [Secret]
        /// The same of a second encoder; empty where there is none.
        package var backup: [Secret]

        package init(primary: [Secret], backup: [Secret] = []) {
            self.primary = primary
            self.backup = backup
        }

        package init(primary: Secret, backup: Secret? = nil) {
            self.init(primary: [primary], backup: backup.map { [$0] } ?? [])
        }

        /// The key that the candidate is, and whose. All are compared, whatever the first gives: the time taken says
        /// nothing.
        package func match(_ candidate: String) -> (key: Secret, role: EncoderRole)? {
            var found: (Secret, EncoderRole)?
            for key in primary where key.matches(candidate) { found = (key, .primary) }
            for key in backup where key.matches(candidate) { found = (key, .backup) }
            return found
        }
    }

    package enum SourceEndBehavior: String, Sendable, Hashable, CaseIterable {
        /// The playlist stays open for the next publication.
        case `continue` = "CONTINUE"
        /// The end of the publication finishes the playlist.
        case end = "END"
    }

    package var streamKeys: StreamKeys
    /// Networks that may publish; loopback only unless the profile says otherwise.
    package var allow: [CIDR]
    /// Bits a second of the whole publication, above which it is ended.
    package var maxBitrate: UInt32
    package var inputLoss: InputLoss
    package var sourceEndBehavior: SourceEndBehavior
    /// Nil: nobody else is asked.
    package var webHook: WebHookProfile?
    package var redundancy: RedundancySettings
    /// Files that are played; where there are stream keys too, as the second encoder. Without any, no encoder may publish.
    package var input: FileInputProfile?

    package init(
        streamKeys: StreamKeys, allow: [CIDR] = CIDR.loopback, maxBitrate: UInt32 = 20_000_000,
        inputLoss: InputLoss = InputLoss(), sourceEndBehavior: SourceEndBehavior = .continue,
        webHook: WebHookProfile? = nil, redundancy: RedundancySettings = RedundancySettings(),
        input: FileInputProfile? = nil
    ) {
        self.streamKeys = streamKeys
        self.allow = allow
        self.maxBitrate = maxBitrate
        self.inputLoss = inputLoss
        self.sourceEndBehavior = sourceEndBehavior
        self.webHook = webHook
        self.redundancy = redundancy
        self.input = input
    }

    /// Whether two may publish at a time.
    package var hasBackup: Bool { !streamKeys.backup.isEmpty || input != nil && !streamKeys.primary.isEmpty }

    /// What the files are, among those that may publish.
    package var inputRole: EncoderRole { streamKeys.primary.isEmpty ? .primary : .backup }

    /// The same but for who may publish and how much: what can change under a publication on air.
    package func admitting(as other: IngestProfile) -> IngestProfile {
        var copy = self
        // Whether there is a second encoder is more than who it is.
        if streamKeys.backup.isEmpty == other.streamKeys.backup.isEmpty,
            streamKeys.primary.isEmpty == other.streamKeys.primary.isEmpty
        {
            copy.streamKeys = other.streamKeys
        }
        copy.allow = other.allow
        copy.maxBitrate = other.maxBitrate
        copy.webHook = other.webHook
        return copy
    }

    /// The same but for who may publish, where the rest of `other` has to wait: its keys, in the places that there are.
    package func refusing(as other: IngestProfile) -> IngestProfile {
        var copy = admitting(as: other)
        if !streamKeys.primary.isEmpty { copy.streamKeys.primary = other.streamKeys.primary }
        if !streamKeys.backup.isEmpty { copy.streamKeys.backup = other.streamKeys.backup }
        return copy
    }
}

/// What viewers get while nothing arrives from the encoder.
package struct InputLoss: Sendable, Hashable {
    package enum Fill: String, Sendable, Hashable, CaseIterable {
        /// Gap and discontinuity.
        case none
        /// The last picture, with silence.
        case `repeat`
        case black, slate
    }

    package enum End: String, Sendable, Hashable, CaseIterable { case stop }

    /// How long to fill before `end`, from the loss on.
    package var holdSeconds: UInt32
    package var fill: Fill
    package var end: End
    /// What `fill: slate` shows; where nothing is said here, the profile's `slate`.
    package var slate: SlateProfile

    package init(
        holdSeconds: UInt32 = 60, fill: Fill = .none, end: End = .stop, slate: SlateProfile = SlateProfile()
    ) {
        self.holdSeconds = holdSeconds
        self.fill = fill
        self.end = end
        self.slate = slate
    }
}
