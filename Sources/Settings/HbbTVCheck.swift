import Media

/// Whether an endpoint keeps to HbbTV 1.5: ETSI TS 102 796 V1.2.1, annex E.
struct HbbTVCheck {
    let log: DiagnosticLog
    let ladder: Ladder
    let segmentSeconds: UInt32

    /// Periods of an MPD (E.2.1), of which a window has two more than whole keys.
    private static let mostPeriods: UInt32 = 64
    private static let mostRungs = 16

    /// - Parameter place: of the word.
    func check(_ endpoint: EndpointProfile, at place: Place) {
        guard endpoint.dashProfile == .hbbTV15 else { return }
        func refuse(_ reason: String) { log.error("'profile' is HBBTV_1_5, \(reason)", at: place) }
        if endpoint.encryption?.scheme == .cbcs { refuse("which knows no cbcs; write scheme: cenc, or NONE") }
        if endpoint.lowLatency { refuse("which knows no low latency; delete one of the two") }
        if segmentSeconds > 15 { refuse("whose segments have 15 s at most; shorten segmentDurationSeconds") }
        if ladder.video.isEmpty || ladder.video.count > Self.mostRungs || ladder.audio.count > Self.mostRungs {
            refuse("which has one to \(Self.mostRungs) rungs of video, and as many of audio at most")
        }
        if ladder.video.contains(where: { $0.width > 1920 || $0.height > 1080 }) {
            refuse("whose pictures have 1920x1080 at most")
        }
        let rotation = endpoint.encryption?.keyRotationIntervalSeconds ?? 0
        if rotation > 0, endpoint.windowSeconds / rotation + 2 > Self.mostPeriods {
            refuse(
                "whose manifests have \(Self.mostPeriods) Periods at most: shorten manifestWindowSeconds, or let keys stay "
                    + "for \(endpoint.windowSeconds / (Self.mostPeriods - 2) + 1) s")
        }
        if ladder.video.contains(where: { $0.codec == .copy }) || ladder.audio.contains(where: { $0.codec == .copy }) {
            log.warning(
                "'profile' is HBBTV_1_5, which knows H.264, AAC and E-AC-3 alone: see that the encoder sends nothing else",
                at: place)
        }
    }
}
