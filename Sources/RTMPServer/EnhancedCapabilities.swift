import FLV

/// What we tell encoders of Enhanced RTMP that we take. Enhanced RTMP v2 (Veovera, 2024), "Enhancing NetConnection
/// connect Command".
enum EnhancedCapabilities {
    /// FourCcInfoMask.
    private static let canDecode = 1.0
    private static let canForward = 4.0
    /// CapsExMask: multitrack, ModEx, and its nanosecond offset of timestamps; not the request to reconnect.
    private static let extended = 2.0 + 4.0 + 8.0

    /// What is only decoded is made into the ladder, but no rung can copy it.
    private static let video: [(code: String, flags: Double)] = [
        ("avc1", canDecode + canForward), ("hvc1", canDecode + canForward), ("av01", canDecode + canForward),
        ("vp09", canDecode),
    ]
    private static let audio: [(code: String, flags: Double)] = [
        ("mp4a", canDecode + canForward), ("Opus", canDecode + canForward), ("ac-3", canDecode + canForward),
        ("ec-3", canDecode + canForward), ("fLaC", canDecode), (".mp3", canDecode),
    ]

    /// Whether the encoder said any of its own in the command object of `connect`.
    static func areAsked(by object: AMF0) -> Bool {
        ["fourCcList", "videoFourCcInfoMap", "audioFourCcInfoMap", "capsEx"].contains { object[$0] != nil }
    }

    /// For the properties of the answer: the list of version 1, the maps of version 2.
    static var properties: [AMF0.Property] {
        [
            .init("fourCcList", .strictArray((video + audio).map { .string($0.code) })),
            .init("videoFourCcInfoMap", .object(video.map { .init($0.code, .number($0.flags)) })),
            .init("audioFourCcInfoMap", .object(audio.map { .init($0.code, .number($0.flags)) })),
            .init("capsEx", .number(extended)),
        ]
    }
}
