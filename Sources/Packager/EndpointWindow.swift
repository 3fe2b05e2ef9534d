package import Keys
package import Media
package import Settings
package import Slate
package import Timeline

/// Everything a manifest or a segment of one endpoint is made from, at one moment: an immutable value.
package struct EndpointWindow: Sendable {
    package internal(set) var endpoint: EndpointProfile
    /// Of the endpoint's settings that change bytes: part of every media URL, so that a URL names the same
    /// bytes for ever, over changed profiles too.
    package internal(set) var revision: String
    package var segmentDuration: Ticks { numbering.duration }
    /// No segment is longer, or will be.
    package let longestSegment: Ticks
    /// When each segment is.
    package let numbering: SegmentNumbering
    /// Every segment that can be served, by rising number. Without a key a segment is not in here.
    package internal(set) var segments: BoundSegments
    package private(set) var trackSets: [UInt64: TrackSet]
    /// When the newest segment was listed, in milliseconds from the epoch.
    package internal(set) var changedAtMilliseconds: Int64
    /// The encoder is gone for good: the playlist ends.
    package internal(set) var isEnded: Bool
    /// The keys that come next, where manifests already announce them.
    package internal(set) var next: NextKeys?
    /// The segment that the present event began with.
    package internal(set) var eventStart: UInt64?
    /// The segments that a viewer asked for, and no others are in here; nil: live.
    package internal(set) var shift: ShiftedRange?
    /// Manifests are files beside the media, and stay as they are.
    package internal(set) var isRecorded = false
    /// The renditions that manifests name.
    package var filter = ManifestFilter()
    /// Bits a second of each rung, as the profile says; none for copied ones.
    package let bitrates: [String: UInt32]
    /// Bits a second that a segment of each rung may have by the profile; no lower rate is ever announced.
    package let nominalBitrates: [String: UInt32]
    /// The longest that a part may be; nil where the endpoint has none.
    package internal(set) var partTarget: Ticks?
    /// When a run of segments was first shown by the one under way, in milliseconds from the epoch.
    package var openedAtMilliseconds: Int64?
    /// What is known of splices.
    package internal(set) var adBreaks: [AdBreak]
    /// The segment right after the last, as far as it is there and has its key; nil where the endpoint has no parts.
    package internal(set) var underWay: BoundUnderWay?
    /// What is known of the segments that windows of this endpoint listed before.
    package internal(set) var ledger: ManifestLedger

    /// - Parameters:
    ///   - longestSegment: nil: the duration of one.
    ///   - ledger: of the window before; it finds out by itself what does not hold any more.
    package init(
        endpoint: EndpointProfile, revision: String, numbering: SegmentNumbering, longestSegment: Ticks? = nil,
        segments: BoundSegments, trackSets: [UInt64: TrackSet], changedAtMilliseconds: Int64, isEnded: Bool,
        next: NextKeys? = nil, eventStart: UInt64? = nil, bitrates: [String: UInt32] = [:],
        nominalBitrates: [String: UInt32], partTarget: Ticks? = nil, underWay: BoundUnderWay? = nil,
        adBreaks: [AdBreak] = [], ledger: ManifestLedger? = nil
    ) {
        self.ledger = ledger ?? ManifestLedger()
        self.endpoint = endpoint
        self.revision = revision
        self.numbering = numbering
        self.longestSegment = longestSegment ?? numbering.duration
        self.segments = segments
        self.trackSets = trackSets
        self.changedAtMilliseconds = changedAtMilliseconds
        self.isEnded = isEnded
        self.next = isEnded ? nil : next
        self.eventStart = eventStart
        self.bitrates = bitrates
        self.nominalBitrates = nominalBitrates
        self.partTarget = partTarget
        self.adBreaks = adBreaks
        show(underWay, with: trackSets, adBreaks)
    }

    /// Takes the place of what was shown of the segment under way. Where segments are missing before it, or it is not
    /// the endpoint's own media, it is shown when it is whole.
    package mutating func show(
        _ underWay: BoundUnderWay?, with trackSets: [UInt64: TrackSet], _ adBreaks: [AdBreak]
    ) {
        self.adBreaks = adBreaks
        let isNext = underWay.map { $0.bound.number > 0 && $0.bound.number - 1 == segments.last?.number } ?? false
        self.underWay = partTarget != nil && isNext && underWay?.bound.run.slate == nil ? underWay : nil
        self.trackSets = trackSets
    }

    /// EXT-X-TARGETDURATION, which must not change (RFC 8216, 4.3.3.1), and what is reckoned from it, in seconds.
    package var targetDuration: Int64 { max(longestSegment.rescaled(to: 1, rounding: .up).value, 1) }

    /// The segments that manifests list: the newest, as far back as the profile's window reaches.
    package var listed: BoundSegments.SubSequence {
        guard shift == nil, let last = segments.last else { return segments[...] }
        let end = holdsBack(last) && segments.count > 1 ? segments.endIndex - 1 : segments.endIndex
        let first = endpoint.firstListed(
            newest: segments.number(at: end - 1), segmentDuration: segmentDuration, longestSegment: longestSegment)
        return segments[place(of: first)..<end]
    }

    /// Whether a playlist is to list a segment together with the one after it: what an encoder left that broke off, or
    /// began with, in less than a second.
    ///
    /// Chromium's own HLS player (156) goes on with the segment whose date is within a second of the end of the one it
    /// has played, and so takes such a one again and again while it is the last.
    private func holdsBack(_ last: BoundSegment) -> Bool {
        guard endpoint.package == .hls, partTarget == nil, !isEnded, !isRecorded,
            let track = trackSets[last.segment.generation]?.tracks.first, let share = last.segment.tracks.first
        else { return false }
        let duration = Ticks(share.duration, timescale: track.track.timescale)
        // Whole segments of about a second are as they should be.
        return duration.milliseconds < min(1000, segmentDuration.milliseconds / 4 * 3)
    }

    /// What segments of those that manifests list cost, measured.
    var measured: ListedMeasures { ledger.measure(self) }

    /// Whether manifests list everything since the event began; from then on that something had to go, they do not.
    package var listsWholeEvent: Bool { eventStart != nil && listed.first?.number == eventStart }

    /// The tracks that the endpoint has: those of the newest segment that the container can hold.
    package var tracks: [StoredTrack] { newestTracks.filter { endpoint.refusal(of: $0.track) == nil } }

    /// Whether manifests name a track.
    package func names(_ track: Track) -> Bool {
        // What is muxed into the picture's segments cannot be taken out of them.
        guard !filter.isNone, track.kind != .audio || !endpoint.muxesAudio else { return true }
        let bitrate = bitrates[track.name] ?? UInt32(clamping: MeasuredBandwidth(of: track.name, in: self).average)
        return filter.admits(track, bitrate: bitrate)
    }

    /// What the endpoint does without, and why.
    package var leftOut: [(track: Track, reason: String)] {
        newestTracks.filter { $0.track.kind.isPlayed }.compactMap { stored in
            endpoint.refusal(of: stored.track).map { (stored.track, $0) }
        }
    }

    private var newestTracks: [StoredTrack] {
        segments.last.flatMap { trackSets[$0.segment.generation] }?.tracks ?? []
    }

    package func segment(_ number: UInt64) -> BoundSegment? {
        let place = place(of: number)
        return place < segments.count && segments[place].number == number ? segments[place] : nil
    }

    /// Where the first segment is that is not before `number`; the end where there is none.
    func place(of number: UInt64) -> Int {
        var low = 0
        var high = segments.count
        while low < high {
            let middle = (low + high) / 2
            if segments.number(at: middle) < number { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The nominal start of a segment from the epoch. Saturates.
    package func nominalStart(of number: UInt64) -> Ticks { numbering.nominalStart(of: number) }

    /// The key of a media playlist's segment: of the track, or of what is muxed with it where that alone has one.
    package func key(for stored: StoredTrack, in segment: BoundSegment) -> TrackKey? {
        muxed(with: stored, in: segment).lazy.compactMap { segment.keys?.key(for: $0.track) }.first
    }

    /// A segment's share of a track: nil where its track set does not have it, or the container cannot hold it.
    ///
    /// Nil too where a segment has no thumbnails, as at the end of a publication.
    package func share(of track: String, in segment: BoundSegment) -> (StoredTrack, TrackSegment)? {
        if segment.run.slate != nil { return slateShare(of: track, in: segment) }
        guard let set = trackSets[segment.segment.generation], let index = set.index(of: track),
            index < segment.segment.tracks.count, endpoint.refusal(of: set.tracks[index].track) == nil,
            segment.segment.tracks[index].byteCount > 0
        else { return nil }
        return (set.tracks[index], segment.segment.tracks[index])
    }
}

/// A segment with the key it is protected by, for ever.
package struct BoundSegment: Sendable {
    package let segment: WindowSegment
    /// Nil for an endpoint in the clear.
    package let keys: PeriodKeys?
    /// The run of segments it belongs to.
    package let run: SegmentRun
    /// What is shown instead of the segment's own media; where its run says so, and only there.
    package let slate: Slate?

    package init(segment: WindowSegment, keys: PeriodKeys?, run: SegmentRun, slate: Slate? = nil) {
        self.segment = segment
        self.keys = keys
        self.run = run
        self.slate = slate
    }

    package var number: UInt64 { segment.number }
}

/// The segment under way with the key it is protected by, for ever.
package struct BoundUnderWay: Sendable {
    package let bound: BoundSegment
    /// The clear parts of each track.
    package let parts: [[ClearMedia]]
    /// Of each track, whether all parts are there.
    package let isEnded: [Bool]

    package init(bound: BoundSegment, parts: [[ClearMedia]], isEnded: [Bool]) {
        self.bound = bound
        self.parts = parts
        self.isEnded = isEnded
    }
}

/// A stretch of consecutive segments with one key and one track set: a Period of the MPD.
package struct SegmentRun: Sendable, Hashable, Codable {
    package let firstNumber: UInt64
    package let generation: UInt64
    /// 0 for an endpoint in the clear.
    package let keyPeriod: KeyPeriod
    /// Presentation time of its first sample.
    package let start: Ticks
    /// Where the unbroken stretch with this track set began, over all its keys: a Period of an MPD that does not say
    /// keys.
    package let origin: Origin
    /// The id of the slate that stands for its media; nil: its own.
    package let slate: String?
    /// Changes from media to slate and back, up to the beginning of this run, where the timeline has no discontinuity
    /// of its own.
    private let switches: UInt64?

    package struct Origin: Sendable, Hashable, Codable {
        package let firstNumber: UInt64
        package let start: Ticks
    }

    /// - Parameter previous: the run that this one goes on, under another key.
    package init(
        firstNumber: UInt64, generation: UInt64, keyPeriod: KeyPeriod, start: Ticks, slate: String? = nil,
        slateSwitches: UInt64 = 0, continuing previous: SegmentRun? = nil
    ) {
        origin = previous?.origin ?? Origin(firstNumber: firstNumber, start: start)
        self.slate = slate
        switches = slateSwitches == 0 ? nil : slateSwitches
        self.firstNumber = firstNumber
        self.generation = generation
        self.keyPeriod = keyPeriod
        self.start = start
    }
}

extension SegmentRun {
    package var slateSwitches: UInt64 { switches ?? 0 }

    /// The whole stretch, where keys are not said.
    var withoutKey: SegmentRun {
        SegmentRun(
            firstNumber: origin.firstNumber, generation: generation, keyPeriod: 0, start: origin.start, slate: slate,
            slateSwitches: slateSwitches)
    }
}

/// Why a response cannot be made.
package enum PackagingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A clear segment that the store should hold is not there, or not what it was.
    case missingMedia(segment: UInt64, track: String)
    /// The clear media cannot be parsed or protected: it is not served.
    case media(segment: UInt64, track: String, reason: String)
    /// A protected endpoint's track has no key: it is not served.
    case noKey(track: String)
    /// No system of a protected endpoint can be named in its playlist: it is not served, nobody could decrypt it.
    case noSignalling(track: String)

    package var description: String {
        switch self {
        case .missingMedia(let segment, let track): "segment \(segment) of \(track) is not in the store"
        case .media(let segment, let track, let reason): "segment \(segment) of \(track): \(reason)"
        case .noSignalling(let track):
            "the provider gave nothing by which a player could ask for the key of \(track)"
        case .noKey(let track): "\(track) is protected and no key is for it"
        }
    }
}

extension EndpointProfile {
    /// The oldest number that manifests list when `newest` is the newest: the profile's window, three segments at least,
    /// and in HLS three target durations (RFC 8216, clause 6.2.2). For events too, whose window is all that is stored: a
    /// hole in it, listed as gaps, is not to be longer.
    /// - Parameter longestSegment: that can be, which the target duration is made of.
    package func firstListed(newest: UInt64, segmentDuration: Ticks, longestSegment: Ticks) -> UInt64 {
        let duration = max(segmentDuration.value, 1)
        let window = Ticks(Int64(windowSeconds), timescale: 1).rescaled(to: segmentDuration.timescale)
        let target = Ticks(longestSegment.rescaled(to: 1, rounding: .up).value, timescale: 1)
            .rescaled(to: segmentDuration.timescale).value
        let least = package == .hls ? (Int128(target) * 3 + Int128(duration) - 1) / Int128(duration) : 0
        let count = max(UInt64(clamping: window.value / duration), UInt64(clamping: least), 3)
        return newest >= count ? newest - count + 1 : 0
    }

    /// Whether each key has a CMAF header of its own, with its KID.
    package var hasKeyInHeader: Bool {
        guard container == .cmaf, case .commonEncryption? = encryption?.method else { return false }
        return encryption?.rotationSignalling != .inband
    }

    /// Whether audio travels inside each video variant's segments (TS only; CMAF has one track in a file).
    package var muxesAudio: Bool { package == .hls && container == .ts && !useAudioRenditionGroup }
}

extension EndpointWindow {
    /// The window of a channel whose encoder is gone for good.
    package func ended(_ isEnded: Bool) -> EndpointWindow {
        var window = self
        window.isEnded = isEnded
        if isEnded { window.next = nil }
        return window
    }

    /// When the manifest is due to change: a segment duration after the newest was listed.
    package var nextChangeMilliseconds: Int64 { changedAtMilliseconds &+ segmentDuration.milliseconds }

    /// When what manifests say last changed.
    package var publishedAtMilliseconds: Int64 {
        max(changedAtMilliseconds, next?.announcedAtMilliseconds ?? .min, openedAtMilliseconds ?? .min)
    }

    /// Whether the segment under way begins a run, which an MPD names.
    package var opensRun: Bool {
        guard let open = underWay?.bound, endpoint.package == .dash else { return false }
        return open.run != segments.last?.run
    }

    /// The keys of a period that segments have, or that is announced.
    package func keys(of period: KeyPeriod) -> PeriodKeys? {
        if let next, next.keys.period == period { return next.keys }
        return segments.lastOfRuns.first { $0.run.keyPeriod == period }?.keys
    }

    /// Whether the endpoint has a media playlist of that name.
    package func hasPlaylist(track: String) -> Bool {
        guard !endpoint.muxesAudio else { return playlistTracks.contains { $0.track.name == track } }
        return newestTracks.contains {
            $0.track.name == track && $0.track.kind.isPlayed && endpoint.refusal(of: $0.track) == nil
        }
    }

    /// Whether the container can hold nothing of what the encoder sends.
    package var holdsNothing: Bool { !newestTracks.contains { endpoint.refusal(of: $0.track) == nil } }

    /// The tracks that have a media playlist (HLS): all of them, or those with video where audio travels inside.
    package var playlistTracks: [StoredTrack] {
        let tracks = tracks.filter { $0.track.kind.isPlayed }
        guard endpoint.muxesAudio, tracks.contains(where: { $0.track.kind == .video }) else { return tracks }
        return tracks.filter { $0.track.kind == .video }
    }

    /// What a transport stream segment of `track` holds: with the first audio where the endpoint muxes it.
    package func muxed(with track: StoredTrack, in segment: BoundSegment) -> [StoredTrack] {
        guard endpoint.muxesAudio, track.track.kind == .video else { return [track] }
        let audio = tracks(in: segment).first { $0.track.kind == .audio && endpoint.refusal(of: $0.track) == nil }
        return [track] + (audio.map { [$0] } ?? [])
    }
}
