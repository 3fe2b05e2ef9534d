/// One way in which a channel is offered to players.
package struct EndpointProfile: Sendable, Hashable {
    package enum Package: String, Sendable, Hashable, CaseIterable { case hls, dash }
    package enum Container: String, Sendable, Hashable, CaseIterable { case ts, cmaf }
    package enum PlaylistType: String, Sendable, Hashable, CaseIterable { case live, event }
    package enum SegmentTemplate: String, Sendable, Hashable, CaseIterable { case timeline, number }
    /// Whose constraints an MPD is held to, beside those of ISO/IEC 23009-1's live profile.
    package enum DASHProfile: String, Sendable, Hashable, CaseIterable {
        case none = "NONE"
        case hbbTV15 = "HBBTV_1_5"
    }
    package enum PeriodTrigger: String, Sendable, Hashable, CaseIterable { case keyRotation, ads, sourceChange }

    /// How manifests say what is known of splices.
    package enum AdMarkers: String, Sendable, Hashable, CaseIterable {
        /// HLS: EXT-X-DATERANGE with SCTE35-OUT, SCTE35-IN and SCTE35-CMD.
        case daterange = "DATERANGE"
        /// HLS: EXT-X-CUE-OUT, EXT-X-CUE-OUT-CONT and EXT-X-CUE-IN.
        case cueOutIn = "CUE_OUT_IN"
        /// HLS: those, with EXT-OATCLS-SCTE35 and EXT-X-ASSET.
        case enhanced = "SCTE35_ENHANCED"
        /// DASH: an EventStream with sections in base64.
        case binary = "BINARY"
    }

    /// What media is answered that is asked for before it is listed.
    package enum TooEarlyStatus: String, Sendable, Hashable, CaseIterable {
        case notFound = "404"
        /// RFC 8470.
        case tooEarly = "425"
    }

    /// What media is answered that is not stored any more.
    package enum ExpiredStatus: String, Sendable, Hashable, CaseIterable {
        case notFound = "404"
        case gone = "410"
    }

    /// [a-z0-9][a-z0-9-]{0,63}; the second part of the endpoint's URLs.
    package var id: String
    package var package: Package
    /// Always `cmaf` for DASH.
    package var container: Container
    package var playlistType: PlaylistType
    /// `playlistWindowSeconds` or `manifestWindowSeconds`; at least three segments.
    /// An event playlist keeps what is stored: here it is the storage window.
    package var windowSeconds: UInt32
    /// HLS: seconds from one EXT-X-PROGRAM-DATE-TIME to the next; 0 for none.
    package var programDateTimeIntervalSeconds: UInt32
    /// HLS: audio in a playlist of its own. Always so for CMAF.
    package var useAudioRenditionGroup: Bool
    /// The first picture of each segment by itself too: I-frame playlists (HLS), trick mode sets (DASH).
    package var includeIframeOnlyStream: Bool
    /// Small pictures of each segment for players to show while they seek: image playlists (HLS), thumbnail tiles (DASH).
    package var includeThumbnails = false
    /// They go out in the clear although the endpoint is protected.
    package var clearThumbnails = false
    /// Closed captions as subtitles: a rendition group of WebVTT (HLS), adaptation sets of `wvtt` (DASH).
    package var includeSubtitles = false
    /// They go out in the clear although the endpoint is protected.
    package var clearSubtitles = false
    package var lowLatency: Bool
    package var tooEarlyStatus = TooEarlyStatus.notFound
    package var expiredStatus = ExpiredStatus.notFound
    /// DASH, as are the eight below.
    package var minBufferTimeSeconds: UInt32
    package var minUpdatePeriodSeconds: UInt32
    /// Nil, in low latency alone: the target latency.
    package var suggestedPresentationDelaySeconds: UInt32?
    package var segmentTemplate: SegmentTemplate
    package var periodTriggers: Set<PeriodTrigger>
    /// Low latency: from what an encoder sends to what a viewer sees; nil: four parts, a second at least.
    package var targetLatencyMilliseconds: UInt32?
    /// Each chunk begins with a `prft`.
    package var inbandProducerReferenceTime: Bool
    /// Players get what has changed in the MPD instead of all of it; with timelines alone.
    package var mpdPatch: Bool
    package var dashProfile: DASHProfile
    /// What is inside the pictures: the channel's `captionLanguageMappings`.
    package var captions: [CaptionService] = []
    /// None: splices are not shown.
    package var adMarkers: Set<AdMarkers>
    /// Nil: served in the clear.
    package var encryption: EndpointEncryption?

    package init(
        id: String, package: Package, container: Container = .cmaf, playlistType: PlaylistType = .live,
        windowSeconds: UInt32 = 60, programDateTimeIntervalSeconds: UInt32 = 6, useAudioRenditionGroup: Bool = true,
        includeIframeOnlyStream: Bool = false, lowLatency: Bool = false, minBufferTimeSeconds: UInt32 = 6,
        minUpdatePeriodSeconds: UInt32 = 3, suggestedPresentationDelaySeconds: UInt32? = 18,
        segmentTemplate: SegmentTemplate = .timeline, periodTriggers: Set<PeriodTrigger> = [.keyRotation],
        targetLatencyMilliseconds: UInt32? = nil, inbandProducerReferenceTime: Bool = false, mpdPatch: Bool = false,
        dashProfile: DASHProfile = .none,
        adMarkers: Set<AdMarkers> = [],
        encryption: EndpointEncryption? = nil
    ) {
        self.id = id
        self.package = package
        self.container = container
        self.playlistType = playlistType
        self.windowSeconds = windowSeconds
        self.programDateTimeIntervalSeconds = programDateTimeIntervalSeconds
        self.useAudioRenditionGroup = useAudioRenditionGroup
        self.includeIframeOnlyStream = includeIframeOnlyStream
        self.lowLatency = lowLatency
        self.minBufferTimeSeconds = minBufferTimeSeconds
        self.minUpdatePeriodSeconds = minUpdatePeriodSeconds
        self.suggestedPresentationDelaySeconds = suggestedPresentationDelaySeconds
        self.segmentTemplate = segmentTemplate
        self.periodTriggers = periodTriggers
        self.targetLatencyMilliseconds = targetLatencyMilliseconds
        self.inbandProducerReferenceTime = inbandProducerReferenceTime
        self.mpdPatch = mpdPatch
        self.dashProfile = dashProfile
        self.adMarkers = adMarkers
        self.encryption = encryption
    }

    /// How what goes with a presentation goes out.
    package enum SideForm: Sendable, Hashable { case clear, aes128 }

    /// How thumbnails go out; nil: not at all. No protection but AES-128 has a form for pictures.
    package var thumbnailForm: SideForm? {
        guard includeThumbnails else { return nil }
        guard let encryption, !clearThumbnails else { return .clear }
        return encryption.method == .aes128 && package == .hls ? .aes128 : nil
    }

    /// How subtitles go out; nil: not at all. As for thumbnails, protection is that of whole files.
    package var subtitleForm: SideForm? {
        guard includeSubtitles else { return nil }
        guard let encryption, !clearSubtitles else { return .clear }
        return encryption.method == .aes128 && package == .hls ? .aes128 : nil
    }

    package var showsAdMarkers: Bool { !adMarkers.isEmpty || periodTriggers.contains(.ads) }

    /// Whether the segment under way is served: where a part of a segment is a range of its bytes.
    package var hasParts: Bool {
        guard lowLatency, container == .cmaf else { return false }
        return encryption == nil || encryption?.scheme != nil
    }
}
