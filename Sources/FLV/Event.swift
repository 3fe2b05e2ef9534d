package import Media

/// What a publisher's message means.
package enum Event: Sendable, Equatable {
    /// The decoder configuration of the pictures that follow; given only when it differs from the last one.
    case videoConfiguration(AVCDecoderConfigurationRecord)
    /// The decoder configuration of the sound that follows; given only when it differs from the last one.
    case audioConfiguration(AudioSpecificConfig)
    /// One picture. `dts` in milliseconds of the publisher's clock, unwrapped to 64 bits; `compositionOffset` in
    /// milliseconds, -2^23 to 2^23 - 1; `isSync` where it has an IDR slice; `data` is NAL units behind 4-byte
    /// lengths, never empty.
    case video(dts: Int64, compositionOffset: Int32, isSync: Bool, data: [UInt8])
    /// One AAC frame (raw_data_block), never empty. `pts` in milliseconds of the publisher's clock, unwrapped.
    case audio(pts: Int64, data: [UInt8])
    /// The publisher says that the pictures or the sound are over; more may follow all the same.
    case endOfSequence
    /// The object or ECMA array of `onMetaData`: width, height, framerate, encoder, ...
    case metadata(AMF0)
    /// Any other data message (`onCuePoint`, `onAdCue`, `onTextData`, ...) with its arguments; `time` in
    /// milliseconds of the publisher's clock, near the times of the media around it.
    case message(name: String, arguments: [AMF0], time: Int64)
    /// Media that Sluice does not take, in words for the operator; each text is given once.
    case unsupported(String)
}
