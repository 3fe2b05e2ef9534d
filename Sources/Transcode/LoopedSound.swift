import FFmpeg

/// Sound that goes round and round in whole frames, though its length is none: a round has as many frames as begin in it,
/// n or n + 1. There is one piece of sound for either, both with the same beginning and the same end, where the one goes
/// ahead by less than a frame and the other back: nothing is missing in the picture's time, and nothing clicks.
struct LoopedSound {
    /// A round of n frames.
    let short: PCMBlock
    /// One of n + 1 frames; nil where every round has n.
    let long: PCMBlock?
    /// Of the frames that both have in common, when they are coded.
    let commonFrames: Int

    private let sound: PCMBlock
    private let frameSize: Int
    /// Frames in which the one differs from the other, and those around them whose code the difference may change.
    private static let tail = 8
    /// Shorter loops have no place for both.
    static let fewestFrames = 10
    /// How many frames may be made up for.
    static let tolerance = 2

    /// - Parameters:
    ///   - sound: as long as the loop, or shorter by not more than `tolerance` frames.
    ///   - count: samples in the loop, rounded down.
    ///   - isWholeFrames: it is a whole number of frames, exactly: all rounds are alike.
    init?(_ sound: PCMBlock, count: Int, isWholeFrames: Bool, frameSize: Int) {
        let frames = count / frameSize
        guard frames >= Self.fewestFrames, sound.count <= count, sound.count > count - Self.tolerance * frameSize else {
            return nil
        }
        self.frameSize = frameSize
        var smooth = sound
        smooth.smoothLoopPoint()
        self.sound = smooth
        // From these places on, for a frame, one sound becomes the other.
        short = smooth.spliced(at: (frames - 5) * frameSize, ahead: sound.count - frames * frameSize, over: frameSize)
        guard !isWholeFrames else {
            (long, commonFrames) = (nil, frames)
            return
        }
        long = smooth.spliced(
            at: (frames - 4) * frameSize, ahead: sound.count - (frames + 1) * frameSize, over: frameSize)
        commonFrames = frames - Self.tail
    }

    /// A round as it is to be coded: before it stands the end of the sound, and after it the beginning, so that its frames
    /// fit to each other over the loop point. Both rounds are coded alike up to where they differ.
    func coded(_ round: PCMBlock) -> (sound: PCMBlock, lead: Int) {
        let lead = 4 * frameSize
        var made = PCMBlock(channels: round.channels.count)
        for channel in round.channels.indices {
            made.channels[channel] =
                sound.channels[channel].suffix(lead) + round.channels[channel] + sound.channels[channel].prefix(lead)
        }
        return (made, lead)
    }
}

extension PCMBlock {
    /// The sound, that from a place on, over a length, becomes the sound of `ahead` samples later (earlier: negative).
    fileprivate func spliced(at place: Int, ahead: Int, over length: Int) -> PCMBlock {
        var made = PCMBlock(channels: channels.count)
        for channel in channels.indices {
            let sound = channels[channel]
            guard ahead != 0 else {
                made.channels[channel] = sound
                continue
            }
            var result = Array(sound[..<place])
            result.reserveCapacity(sound.count - ahead)
            for index in place..<sound.count - ahead {
                let weight = min(Float(index - place) / Float(length), 1)
                let later = sound[index + ahead]
                result.append(weight < 1 ? sound[index] * (1 - weight) + later * weight : later)
            }
            made.channels[channel] = result
        }
        return made
    }

    /// Where the beginning does not follow from the end as one sample does from another, both are faded: it would click.
    fileprivate mutating func smoothLoopPoint() {
        let (near, fade) = (64, 240)
        guard count > 2 * fade else { return }
        let isSmooth = channels.allSatisfy { sound in
            let slopes =
                zip(sound[..<near], sound[1...]).map { abs($0 - $1) }
                + zip(sound[(count - near)...], sound[(count - near + 1)...]).map { abs($0 - $1) }
            return abs(sound[0] - sound[count - 1]) <= 2 * (slopes.max() ?? 0) + 0.002
        }
        guard !isSmooth else { return }
        for channel in channels.indices {
            for index in 0..<fade {
                let weight = Float(index) / Float(fade)
                channels[channel][index] *= weight
                channels[channel][count - 1 - index] *= weight
            }
        }
    }
}
