import Keys
import Media
package import Packager
package import PublishGuard
import Settings
import Timeline

extension LiveChannel {
    /// What the profile demands of an endpoint's manifests, whatever the window says.
    /// - Parameter track: of the media playlist; nil for an MPD.
    package func expectations(of window: EndpointWindow, track: String?) -> ManifestExpectations {
        let timeline = timeline
        let isReadable: @Sendable (UInt64) -> Bool = { number in timeline.holds(segment: number) }
        let contract = profile.endpoints.first { $0.id == window.endpoint.id }.flatMap { KeyContract($0, profile) }
        guard let contract else { return ManifestExpectations(protectedFrom: nil, isReadable: isReadable) }
        let kind = track.flatMap { name in window.tracks.first { $0.track.name == name }?.track.kind }
        if let kind, window.endpoint.isClear(kind) {
            return ManifestExpectations(protectedFrom: nil, isReadable: isReadable)
        }
        if let unencrypted = contract.unencrypted, kind?.protectedAs == unencrypted, !window.endpoint.muxesAudio {
            return ManifestExpectations(protectedFrom: nil, isReadable: isReadable)
        }
        let lead = window.segments.lastOfRuns.first { $0.run.keyPeriod == .clearLead }?.number
        return ManifestExpectations(
            protectedFrom: hasClearLead(window.endpoint.id) ? lead.map { $0 &+ 1 } ?? 0 : 0,
            unprotectedKinds: Set(
                [.image, .text].filter { window.endpoint.isClear($0) }.map(\.rawValue)
                    + [contract.unencrypted?.rawValue].compactMap(\.self)), isReadable: isReadable)
    }

    private func hasClearLead(_ endpoint: String) -> Bool {
        profile.endpoints.first { $0.id == endpoint }?.encryption?.clearLeadSeconds ?? 0 > 0
    }
}
