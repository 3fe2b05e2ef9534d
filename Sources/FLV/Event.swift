package import Media

/// What a publisher's message means. Tracks are counted from 0, which is the only one of an encoder that does not speak
/// of tracks.
package enum Event: Sendable, Equatable {
    /// How the pictures that follow are coded; given only when it differs from the last one of the track.
    case videoConfiguration(VideoFormat, track: UInt8 = 0)
    /// How the sound that follows is coded; given only when it differs from the last one of the track.
    case audioConfiguration(AudioFormat, track: UInt8 = 0)
    /// One picture. `dts` in milliseconds of the publisher's clock, unwrapped to 64 bits, with `nanoseconds` (0 to
    /// 999,999) to be added; `compositionOffset` in milliseconds, -2^23 to 2^23 - 1; `isSync` where decoding can begin
    /// with it; `data` is never empty: H.264 and HEVC, NAL units behind 4-byte lengths; AV1, a temporal unit without
    /// delimiter; VP9, a frame or superframe.
    case video(
        track: UInt8 = 0, dts: Int64, nanoseconds: UInt32 = 0, compositionOffset: Int32, isSync: Bool, data: [UInt8])
    /// One block of sound as its codec writes it, never empty. `pts` in milliseconds of the publisher's clock,
    /// unwrapped, with `nanoseconds` to be added.
    case audio(track: UInt8 = 0, pts: Int64, nanoseconds: UInt32 = 0, data: [UInt8])
    /// The publisher says that the pictures or the sound are over; more may follow all the same.
    case endOfSequence
    /// The object or ECMA array of `onMetaData`: width, height, framerate, encoder, ...
    case metadata(AMF0)
    /// Any other data message (`onCuePoint`, `onAdCue`, `onTextData`, ...) with its arguments; `time` in
    /// milliseconds of the publisher's clock, near the times of the media around it.
    case message(name: String, arguments: [AMF0], time: Int64)
    /// Media that Sluice does not take, in words for the operator; each text is given once for a track.
    case unsupported(String, Track.Kind, track: UInt8 = 0)
}
