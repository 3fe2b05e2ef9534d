package import Media

/// One channel as its profile file describes it, checked: every value is in range and fits the others.
package struct ChannelProfile: Sendable, Hashable {
    /// [a-z0-9][a-z0-9-]{0,63}; the RTMP application and the first part of every URL.
    package var channel: String
    package var ingest: IngestProfile
    package var ladder: Ladder
    /// How far back start-over can reach; at least every endpoint's window.
    package var storageWindowSeconds: UInt32
    /// At least one, with ids unique in the channel.
    package var endpoints: [EndpointProfile]
    /// Key providers by the name that `encryption.speke` refers to.
    package var speke: [String: SPEKEProfile]
    package var slate = SlateProfile()
    /// Who may watch.
    package var access = ChannelAccess()
    /// How often one address may ask; nil: as often as it likes.
    package var requestRate: AddressRate?

    package init(
        channel: String, ingest: IngestProfile, ladder: Ladder, storageWindowSeconds: UInt32,
        endpoints: [EndpointProfile], speke: [String: SPEKEProfile] = [:], slate: SlateProfile = SlateProfile(),
        access: ChannelAccess = ChannelAccess()
    ) {
        self.channel = channel
        self.ingest = ingest
        self.ladder = ladder
        self.storageWindowSeconds = storageWindowSeconds
        self.endpoints = endpoints
        self.speke = speke
        self.slate = slate
        self.access = access
    }

    /// What fills in for a lost input: black, unless the profile says something else.
    package var fillSlate: SlateProfile {
        guard ingest.inputLoss.fill == .slate else { return SlateProfile() }
        return ingest.inputLoss.slate.isBlack ? slate : ingest.inputLoss.slate
    }

    /// The same but for who may publish, who may watch and how often: what can change under a publication on air.
    package func admitting(as other: ChannelProfile) -> ChannelProfile {
        var copy = self
        copy.ingest = ingest.admitting(as: other.ingest)
        copy.access = other.access
        copy.requestRate = other.requestRate
        return copy
    }
}
