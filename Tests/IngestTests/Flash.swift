import Media
import RTMPServer
import TestSupport

/// An encoder's messages, made from synthetic tracks: H.264 at 30 pictures a second with a key frame each second, and
/// AAC at 48 kHz. Adobe Flash Video File Format 10.1, annex E.4.
struct Flash {
    let video: SyntheticTrack
    let audio: SyntheticTrack

    init() throws {
        video = try .video()
        audio = try .audio()
    }

    /// The sequence headers. `level` makes the video's another one.
    func configurations(at milliseconds: UInt32, level: UInt8 = 13) -> [RTMPMessage] {
        var messages: [RTMPMessage] = []
        if case .avc(let record, _, _) = video.track.codec {
            var bytes = record.bytes
            // AVCLevelIndication of the record, and of the set within it.
            bytes[3] = level
            bytes[11] = level
            messages.append(RTMPMessage(type: 9, timestamp: milliseconds, payload: [0x17, 0, 0, 0, 0] + bytes))
        }
        messages.append(RTMPMessage(type: 8, timestamp: milliseconds, payload: [0xAF, 0, 0x11, 0x90]))
        return messages
    }

    /// Pictures and sound of `seconds`, from a time of the encoder's clock on.
    func media(from start: Int64, seconds: Int64) -> [RTMPMessage] {
        var timed: [(Int64, RTMPMessage)] = []
        for index in 0..<seconds * 30 {
            let time = start + (index * 1000 + 15) / 30
            let isSync = index % 30 == 0
            let sample = video.sample(at: index * 3000, isSync: isSync)
            timed.append(
                (
                    time,
                    RTMPMessage(
                        type: 9, timestamp: UInt32(truncatingIfNeeded: time),
                        payload: [isSync ? 0x17 : 0x27, 1, 0, 0, 0] + sample.data)
                ))
        }
        for index in 0..<seconds * 48000 / 1024 {
            let time = start + index * 1024 * 1000 / 48000
            let sample = audio.sample(at: index * 1024, isSync: true)
            timed.append(
                (
                    time,
                    RTMPMessage(type: 8, timestamp: UInt32(truncatingIfNeeded: time), payload: [0xAF, 1] + sample.data)
                ))
        }
        return timed.sorted { $0.0 < $1.0 }.map(\.1)
    }
}
