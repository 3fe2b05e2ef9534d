import Media
import Settings
import Timeline

/// The measured rates of a track over the listed segments. RFC 8216, clause 4.3.4.2.
struct MeasuredBandwidth {
    /// Bits a second of the largest segment over its duration.
    var peak: Int = 0
    /// Bits a second over all of them.
    var average: Int = 0

    /// Segments much shorter than the target (the first after a start) say nothing about the peak: RFC 8216
    /// measures segments between half and one and a half target durations.
    init(of track: String, in window: EndpointWindow) {
        var bits: Int64 = 0
        var duration = Ticks(0, timescale: 1)
        for segment in window.listed {
            guard let (stored, share) = window.share(of: track, in: segment), share.duration > 0 else { continue }
            let timescale = Int64(stored.track.timescale)
            let size = Int64(window.endpoint.container == .ts ? share.transportStreamSize : share.byteCount) * 8
            bits += size
            if duration.timescale != stored.track.timescale { duration = duration.rescaled(to: stored.track.timescale) }
            duration.value += share.duration
            if Ticks(share.duration * 2, timescale: stored.track.timescale) >= window.segmentDuration {
                peak = max(peak, Int(size * timescale / share.duration))
            }
        }
        if duration.value > 0 { average = Int(bits * Int64(duration.timescale) / duration.value) }
        let nominal = Int(window.nominalBitrates[track] ?? 0)
        peak = max(peak, average, nominal)
        if average == 0 { average = nominal }
    }
}

extension TrackSegment {
    /// An upper estimate of the share in a transport stream: 4 bytes of header in 188, PES and table packets, and
    /// the packets that bring continuity counters round to 0.
    fileprivate var transportStreamSize: Int { byteCount * 188 / 184 + byteCount / 50 + 32 * 188 }
}
