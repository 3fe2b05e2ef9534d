import CommonEncryption
package import Keys
package import Media

/// Keys made from the number of their period, with the signalling that a key server would give.
package struct SyntheticKeys {
    package struct Unmade: Error {}

    /// - Parameter systems: those with signalling; `.aes128` as whole segments want it.
    package static func keys(of period: KeyPeriod, systems: [DRMSystemID] = [.aes128]) throws(Unmade) -> PeriodKeys {
        PeriodKeys(
            period,
            [
                (ContractEntry.video(preset: 1)[0], try key(0xA0, period, systems)),
                (ContractEntry.audio(preset: 1)[0], try key(0xB0, period, systems)),
            ])
    }

    private static func key(_ kind: UInt8, _ period: KeyPeriod, _ systems: [DRMSystemID]) throws(Unmade) -> TrackKey {
        let number = period.index | UInt64(period.edition) << 48
        let tail = (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) }
        let bytes = Array(repeating: kind, count: 8) + tail
        var secret = Array(bytes.reversed())
        guard let id = KeyID(bytes: bytes), let key = ContentKey(moving: &secret) else { throw Unmade() }
        var signalling: [DRMSystemID: SystemSignalling] = [:]
        for system in systems { signalling[system] = system.signalling(id) }
        return TrackKey(
            keyID: id, key: key, constantIV: InitializationVector.constantIV(keyID: id), signalling: signalling)
    }
}

extension DRMSystemID {
    fileprivate func signalling(_ id: KeyID) -> SystemSignalling {
        switch self {
        case .aes128:
            let line = "#EXT-X-KEY:METHOD=AES-128,URI=\"http://keys.example/\(id.hex)\""
            return SystemSignalling(hlsMedia: [line], keyURI: "http://keys.example/\(id.hex)")
        case .fairPlay:
            let attributes =
                "METHOD=SAMPLE-AES,URI=\"skd://\(id.hex)\",KEYFORMAT=\"com.apple.streamingkeydelivery\",KEYFORMATVERSIONS=\"1\""
            return SystemSignalling(
                hlsMedia: ["#EXT-X-KEY:" + attributes], hlsMultivariant: ["#EXT-X-SESSION-KEY:" + attributes],
                keyURI: "skd://\(id.hex)")
        default:
            return SystemSignalling(contentProtectionData: "<a:data xmlns:a=\"urn:a\">\(id.hex)</a:data>")
        }
    }
}

extension PeriodKeys {
    /// Of a contract of one key for video and one for audio, or one for both.
    package var video: TrackKey { entries[0].key }
    package var audio: TrackKey { entries[entries.count - 1].key }
    package var index: UInt64 { period.index }
}
