import Keys
import Media
import Settings

extension KeyContract {
    /// Nil for an endpoint in the clear.
    init?(_ endpoint: EndpointProfile, _ profile: ChannelProfile) {
        guard let encryption = endpoint.encryption, let speke = profile.speke[encryption.speke] else { return nil }
        let scheme: Scheme =
            switch encryption.method {
            case .aes128: .aes128
            case .sampleAES: .sampleAES
            case .commonEncryption(.cenc): .cenc
            case .commonEncryption(.cbcs): .cbcs
            }
        let policy = speke.keyPolicy
        self.init(
            contentID: speke.resourceID, scheme: scheme, entries: policy.entries, unencrypted: policy.unencrypted,
            rotationIntervalSeconds: encryption.keyRotationIntervalSeconds, systems: encryption.systems)
    }
}

extension KeyPolicy {
    /// The keys of the contract.
    fileprivate var entries: [ContractEntry] {
        if video == .shared || audio == .shared { return ContractEntry.all }
        let videoPreset =
            switch video {
            case .preset1: 1
            case .preset2: 2
            case .preset3: 3
            case .preset4: 4
            case .preset5: 5
            case .preset6: 6
            case .preset7: 7
            case .preset8: 8
            case .shared, .unencrypted: 0
            }
        let audioPreset =
            switch audio {
            case .preset1: 1
            case .preset2: 2
            case .preset3: 3
            case .shared, .unencrypted: 0
            }
        return ContractEntry.video(preset: videoPreset) + ContractEntry.audio(preset: audioPreset)
    }

    fileprivate var unencrypted: Track.Kind? {
        if video == .unencrypted { return .video }
        return audio == .unencrypted ? .audio : nil
    }
}
