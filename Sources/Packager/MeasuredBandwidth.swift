import CommonEncryption
import Media
import Settings
import Timeline

/// The measured rates of a track over the listed segments, as they are served: in their container and protected.
struct MeasuredBandwidth {
    /// The "peak segment bit rate" of RFC 8216, clause 4.3.4.2; at least what the profile promises.
    let peak: Int
    /// Bits a second over all of them.
    let average: Int

    /// Of a track's I-frames by themselves, which stand one for each segment.
    init(ofIFrames track: String, in window: EndpointWindow) {
        peak = window.measured.iFramePeaks[track] ?? 0
        average = peak
    }

    init(of track: String, in window: EndpointWindow) { self.init(of: track, window.measured, window) }

    /// - Parameter measured: the window's.
    init(of track: String, _ measured: ListedMeasures, _ window: EndpointWindow) {
        let measured = measured.rates[track]
        let nominal = Int(window.nominalBitrates[track] ?? 0)
        average = measured?.average ?? nominal
        peak = max(measured?.peak ?? 0, average, nominal)
    }
}

extension TrackSegment {
    /// Bytes of this share as the endpoint serves it; estimated upwards, as nothing is packaged for a manifest.
    func servedSize(of track: Track, by endpoint: EndpointProfile) -> Int {
        if !track.kind.isPlayed { return byteCount + 64 + (endpoint.sideForm(of: track.kind) == .aes128 ? 16 : 0) }
        let frames = frameCount(of: track)
        if endpoint.container == .ts {
            // 4 bytes of header in 188. A picture has a PES header of 19, a clock reference of 8, a delimiter of 6 and
            // half a packet of stuffing; an AAC frame 7 bytes and its part in a PES packet. Beside that: 16 packets
            // of each table, and up to 15 that bring a continuity counter round.
            return byteCount * 188 / 184 + frames * (track.kind == .video ? 130 : 16) + 48 * 188
        }
        guard let encryption = endpoint.encryption else { return byteCount }
        // AES-128 fills the last block.
        guard let scheme = encryption.scheme else { return byteCount + 16 }
        // senc: an IV of 8 for cenc, and for video a count of 2 and 6 for each of a few slices; saiz: 1. cbcs audio has
        // its constant IV in the header.
        let perFrame: Int
        switch (scheme, track.kind) {
        case (.cenc, .video): perFrame = 23
        case (.cbcs, .video): perFrame = 15
        case (.cenc, .audio): perFrame = 9
        case (.cbcs, .audio), (_, .image), (_, .text): perFrame = 0
        }
        return byteCount + frames * perFrame + chunks.count * 64
    }

    /// The same of its first picture by itself.
    func servedIFrameSize(by endpoint: EndpointProfile) -> Int {
        let picture = firstSampleByteCount ?? chunks.first?.byteCount ?? byteCount
        return endpoint.container == .ts
            ? picture * 188 / 184 + 130 + 48 * 188 + 16 : picture + IFrameFragment.overhead
    }

    /// Samples in this share, by its duration, rounded up.
    private func frameCount(of track: Track) -> Int {
        let numerator: Int64
        let denominator: Int64
        switch track.kind {
        case .image, .text: return 1
        case .audio: (numerator, denominator) = (Int64(track.timescale), 1024)
        case .video:
            numerator = Int64(track.frameRate?.numerator ?? 60)
            denominator = Int64(track.frameRate?.denominator ?? 1)
        }
        let ticks = Int128(denominator) * Int128(max(track.timescale, 1))
        return Int(clamping: (Int128(duration) * Int128(numerator) + ticks - 1) / ticks)
    }
}
