import FFmpeg
import Media

/// A file with a clip, or with sound, found fit to be a slate.
package struct SlateClip: Sendable {
    /// Why it is not, in words for whoever chose the file.
    package struct Unfit: Error, CustomStringConvertible {
        package let description: String

        package init(description: String) { self.description = description }
    }

    /// How long it may be: a loop shorter than that is none that anybody wants, a longer one takes too much memory.
    package static let seconds: ClosedRange<Int64> = 2...60

    let file: [UInt8]
    let measure: MediaFileMeasure
    /// Of its picture, or without one of its sound; in ticks of 90 kHz.
    let duration: Int64
    package var milliseconds: Int64 { duration / 90 }
    var hasSound: Bool { measure.audio != nil }

    /// - Parameters:
    ///   - file: the whole of it.
    ///   - isSound: only its sound is wanted.
    package init(_ file: [UInt8], isSound: Bool) throws(Unfit) {
        self.file = file
        do throws(FFmpegError) { measure = try MediaFileMeasure(file) } catch {
            throw Unfit(
                description:
                    "it is no media file that can be read (\(error.reason)); write MP4, MOV, MKV, WebM, TS or FLV"
                    + (isSound ? ", or WAV, MP3, FLAC, Ogg or AAC" : ""))
        }
        if isSound {
            guard let span = measure.audio else { throw Unfit(description: "it has no sound") }
            duration = span.duration
        } else {
            guard let span = measure.video, let picture = measure.picture else {
                throw Unfit(description: "it has no picture that moves; write image and audio instead")
            }
            guard picture.width > 0, picture.height > 0,
                Int64(picture.width) * Int64(picture.height) <= Decoder.maximumPixels
            else {
                throw Unfit(
                    description: "its picture has \(picture.width)x\(picture.height) elements; "
                        + "at most 4096x2304 are possible")
            }
            duration = span.duration
        }
        let (least, most) = (Self.seconds.lowerBound * 90_000, Self.seconds.upperBound * 90_000)
        guard duration >= least - 3600, duration <= most + 45_000 else {
            let tenths = (duration / 9000).quotientAndRemainder(dividingBy: 10)
            throw Unfit(
                description: "it lasts \(tenths.quotient).\(tenths.remainder) s; "
                    + "\(Self.seconds.lowerBound) to \(Self.seconds.upperBound) s are possible: cut it")
        }
    }

    /// Whether it can be decoded too: the first picture, or the first sound.
    package func requireDecodable() throws(Unfit) {
        if measure.video != nil { try requireFrame(.video, measure.video?.codec ?? "") }
        if measure.audio != nil { try requireFrame(.audio, measure.audio?.codec ?? "") }
    }

    private func requireFrame(_ kind: MediaFileReader.Kind, _ codec: String) throws(Unfit) {
        do throws(FFmpegError) {
            var reader = try MediaFileReader(file, kind)
            if try reader.next() != nil { return }
        } catch {
            throw Unfit(description: "its \(kind == .video ? "picture" : "sound") (\(codec)): \(error)")
        }
        throw Unfit(description: "its \(kind == .video ? "picture" : "sound") (\(codec)) cannot be decoded")
    }

    /// The sound from a time on, with silence where there is none; but where less than a frame of it is missing, without.
    ///
    /// - Parameters:
    ///   - start: in ticks of 90 kHz by the file's own clock.
    ///   - count: samples in each channel; nil: to the end of it.
    func sound(from start: Int64, count: Int?, sampleRate: Int, channels: Int) throws(FFmpegError) -> PCMBlock {
        var reader = try MediaFileReader(file, .audio)
        var resampler = Resampler(sampleRate: sampleRate, channels: channels)
        var sound = PCMBlock(channels: channels)
        // Samples that lie before the start, and are dropped.
        var dropped = 0
        let most = count ?? Int(Self.seconds.upperBound + 1) * sampleRate
        var isFirst = true
        while sound.count < most, let (frame, time) = try reader.next() {
            if isFirst {
                isFirst = false
                let place = Self.samples((time ?? start) - start, sampleRate)
                if place > 0 { sound.appendSilence(min(place, most)) } else { dropped = -place }
            }
            var block = try resampler.convert(frame)
            let cut = min(dropped, block.count)
            dropped -= cut
            block.removeFirst(cut)
            sound.append(block)
        }
        if dropped == 0 { sound.append(try resampler.drain()) }
        if let count {
            if sound.count <= count - AudioEncoder.frameSize { sound.appendSilence(count - sound.count) }
            for channel in 0..<channels {
                sound.channels[channel].removeLast(max(sound.channels[channel].count - count, 0))
            }
        }
        return sound
    }

    private static func samples(_ ticks: Int64, _ sampleRate: Int) -> Int {
        Int(clamping: (Int128(ticks) * Int128(sampleRate) + 45_000) / 90_000)
    }
}
