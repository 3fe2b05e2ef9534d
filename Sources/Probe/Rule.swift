/// One thing that the probe checks: its name for programs, where it is written, and what it asks for.
package struct Rule: Sendable, Hashable {
    /// Stable, so that reports can be compared: FAMILY.SUBJECT.
    package let id: String
    /// Standard and clause.
    package let clause: String
    package let text: String
    package let severity: Severity

    private init(_ id: String, _ severity: Severity, _ clause: String, _ text: String) {
        self.id = id
        self.severity = severity
        self.clause = clause
        self.text = text
    }
}

/// How bad it is that a rule is broken.
package enum Severity: String, Sendable, Codable, Comparable {
    /// Players cope; the probe still ends with 0.
    case warning
    case error
    /// Protected content is served in the clear.
    case fatal

    private var rank: Int {
        switch self {
        case .warning: 0
        case .error: 1
        case .fatal: 2
        }
    }

    package static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }
}

// MARK: HTTP

extension Rule {
    static let status = Rule("http.status", .error, "RFC 9110, 15.3.1", "what a manifest lists can be fetched")
    static let contentType = Rule("http.content-type", .error, "RFC 9110, 8.3", "the media type is that of the content")
    static let cacheControl = Rule(
        "http.cache-control", .error, "RFC 9111, 5.2.2", "caches are told how long an answer holds")
    static let cacheManifest = Rule(
        "http.cache-manifest", .error, "RFC 9111, 5.2.2.1", "a live manifest is not cached beyond its next change")
    static let cacheMedia = Rule(
        "http.cache-media", .warning, "RFC 9111, 5.2.2.1",
        "media, which never changes, is cached as long as it is listed")
    static let relative = Rule("http.relative", .error, "RFC 3986, 4.2", "manifests name media by relative URLs")

    // MARK: HLS

    static let extM3U = Rule("hls.extm3u", .error, "RFC 8216, 4.3.1.1", "the first line is #EXTM3U")
    static let playlistSyntax = Rule("hls.syntax", .error, "RFC 8216, 4.1", "the playlist can be parsed")
    static let version = Rule(
        "hls.version", .error, "RFC 8216, 7", "EXT-X-VERSION is as high as the playlist's features need")
    static let targetDuration = Rule(
        "hls.target-duration", .error, "RFC 8216, 4.3.3.1", "no EXTINF, rounded, is above EXT-X-TARGETDURATION")
    static let targetFixed = Rule(
        "hls.target-duration-fixed", .error, "RFC 8216, 6.2.1", "EXT-X-TARGETDURATION does not change")
    static let mediaSequence = Rule(
        "hls.media-sequence", .error, "RFC 8216, 6.2.2", "EXT-X-MEDIA-SEQUENCE never falls")
    static let segmentIdentity = Rule(
        "hls.segment-identity", .error, "RFC 8216, 6.2.1", "a media sequence number names the same segment for ever")
    static let removal = Rule(
        "hls.removal", .error, "RFC 8216, 6.2.2", "what has left the playlist can be fetched for as long as it lasted")
    static let playlistType = Rule(
        "hls.playlist-type", .error, "RFC 8216, 4.3.3.5; 6.2.1",
        "an EVENT playlist keeps all segments, and one that has ended does not change")
    static let discontinuitySequence = Rule(
        "hls.discontinuity-sequence", .error, "RFC 8216, 6.2.2",
        "a segment's discontinuity sequence number is the same in every reload")
    static let iFrame = Rule(
        "media.i-frame", .error, "RFC 8216, 4.3.3.6", "what is for trick modes alone has one picture in a segment")
    static let keyBeforeMap = Rule(
        "hls.key-before-map", .error, "RFC 8216, 4.3.2.4", "where both change, EXT-X-KEY stands before EXT-X-MAP")
    static let keyIV = Rule(
        "hls.iv", .error, "RFC 8216, 4.3.2.4", "AES-128 states an IV, one of its own for each segment of a key")
    static let mapEncryption = Rule(
        "hls.map-encryption", .error, "RFC 8216, 4.3.2.5", "an AES-128 key in force encrypts EXT-X-MAP too")
    static let alignment = Rule(
        "hls.alignment", .error, "RFC 8216, 6.2.4", "all renditions have the same segments at the same numbers")
    static let alignedTimes = Rule(
        "hls.aligned-times", .error, "RFC 8216, 6.2.4", "segments of one number start within a frame of each other")
    static let matchingTimes = Rule(
        "hls.matching-times", .error, "RFC 8216, 6.2.4", "the same content has the same media time in all renditions")
    static let dateTime = Rule(
        "hls.date-time", .error, "RFC 8216, 4.3.2.6", "EXT-X-PROGRAM-DATE-TIME goes on as EXTINF says")
    static let noDateTime = Rule(
        "hls.no-date-time", .warning, "RFC 8216, 6.2.1", "a live playlist has EXT-X-PROGRAM-DATE-TIME")
    static let window = Rule(
        "hls.window", .warning, "RFC 8216, 6.2.2", "a live playlist lists at least three target durations")
    static let gap = Rule("hls.gap", .warning, "RFC 8216bis, 4.4.4.7", "no segment is missing")
    static let bandwidth = Rule(
        "hls.bandwidth", .error, "RFC 8216, 4.3.4.2", "BANDWIDTH is at least the measured peak bit rate")
    static let codecs = Rule("hls.codecs", .error, "RFC 8216, 4.3.4.2", "CODECS are those of the media")
    static let resolution = Rule("hls.resolution", .error, "RFC 8216, 4.3.4.2", "RESOLUTION is that of the media")
    static let subtitles = Rule(
        "hls.subtitles", .error, "RFC 8216, 3.5", "a segment of subtitles is a WebVTT file that says X-TIMESTAMP-MAP")
    static let group = Rule("hls.group", .error, "RFC 8216, 4.3.4.2.1", "a named rendition group is there")
    static let reload = Rule(
        "hls.reload", .error, "RFC 8216, 6.2.2", "a live playlist gets a new segment in time")

    static let dateRange = Rule(
        "hls.date-range", .error, "RFC 8216, 4.3.2.7", "EXT-X-DATERANGE of one ID agree, in every reload")
    static let spliceSection = Rule(
        "hls.scte35", .error, "RFC 8216, 4.3.2.7.1; SCTE 35, 9.6", "SCTE-35 sections are whole, and their CRC is right")
    static let cue = Rule(
        "hls.cue", .error, "RFC 8216, 6.2.1", "EXT-X-CUE-OUT and EXT-X-CUE-IN alternate, and stay where they were")

    // MARK: HLS of low latency

    static let partTarget = Rule(
        "hls.part-target", .error, "RFC 8216bis, 4.4.3.7; 4.4.4.9",
        "no part is longer than PART-TARGET, the same everywhere")
    static let partDuration = Rule(
        "hls.part-duration", .error, "RFC 8216bis, 4.4.4.9",
        "a part lasts 85 % of PART-TARGET at least, but for the last of a segment")
    static let partSum = Rule(
        "hls.part-sum", .error, "RFC 8216bis, 4.4.4.9", "the parts of a segment last as long as it does")
    static let partBytes = Rule(
        "hls.part-bytes", .error, "RFC 8216bis, 3.1", "the parts of a segment are its bytes")
    static let serverControl = Rule(
        "hls.server-control", .error, "RFC 8216bis, 4.4.3.8; 6.2.4",
        "hold-backs and skip boundary are as long as they must be, in all playlists the same")
    static let hint = Rule(
        "hls.preload-hint", .error, "RFC 8216bis, 4.4.5.3; 6.2.6", "the next part is hinted, and can be asked for")
    static let renditionReport = Rule(
        "hls.rendition-report", .error, "RFC 8216bis, 4.4.5.4; B.1", "every other rendition is reported, and is there")
    static let blockingReload = Rule(
        "hls.blocking-reload", .error, "RFC 8216bis, 6.2.5.2", "a reload waits for what it asks for, and only for that")
    static let deltaUpdate = Rule(
        "hls.delta-update", .error, "RFC 8216bis, 6.2.5.1",
        "a delta update put onto an earlier playlist is the whole one")

    // MARK: DASH

    static let mpdSyntax = Rule("dash.syntax", .error, "ISO/IEC 23009-1, 5.3.1", "the MPD can be parsed")
    static let availability = Rule(
        "dash.availability-start", .error, "ISO/IEC 23009-1, 5.3.1.2",
        "a dynamic MPD has an availabilityStartTime that never changes")
    static let publishTime = Rule(
        "dash.publish-time", .error, "ISO/IEC 23009-1, 5.3.1.2",
        "publishTime is there, never falls and rises where the MPD changes")
    static let updatePeriod = Rule(
        "dash.minimum-update-period", .error, "ISO/IEC 23009-1, 5.3.1.2",
        "a live MPD has a minimumUpdatePeriod, and lists new segments in time")
    static let periods = Rule(
        "dash.periods", .error, "ISO/IEC 23009-1, 5.3.2.1", "periods have ids of their own and rising starts that stay")
    static let periodGap = Rule(
        "dash.period-gap", .warning, "ISO/IEC 23009-1, 5.3.2.1", "a period ends where the next one starts")
    static let periodContinuity = Rule(
        "dash.period-continuity", .error, "ISO/IEC 23009-1, 5.3.2.4",
        "a period that continues another starts within a frame of its end")
    static let timelineHole = Rule(
        "dash.timeline", .error, "ISO/IEC 23009-1, 5.3.9.6", "the segments of a period have no hole and no overlap")
    static let timelineIdentity = Rule(
        "dash.segment-identity", .error, "ISO/IEC 23009-1, 5.3.9.4", "a URL names the same segment in every MPD")
    static let defaultKeyID = Rule(
        "dash.default-kid", .error, "ISO/IEC 23001-7, 11.2", "cenc:default_KID and the scheme are those of tenc")
    static let systems = Rule(
        "dash.systems", .error, "ISO/IEC 23009-1, 5.8.4.1", "protected content names a system with pssh, pro or laurl")
    static let dashBandwidth = Rule(
        "dash.bandwidth", .error, "ISO/IEC 23009-1, 5.3.5.2", "bandwidth covers the measured bit rate")
    static let dashCodecs = Rule("dash.codecs", .error, "ISO/IEC 23009-1, 5.3.7.2", "codecs are those of the media")
    static let mediaTime = Rule(
        "dash.media-time", .error, "ISO/IEC 23009-1, 5.3.9.6", "a segment starts at the time its S element says")
    static let earlySegment = Rule(
        "dash.low-latency", .error, "ISO/IEC 23009-1, 5.3.9.5.3; 5.12; annex K",
        "of segments that can be asked for early it is said how early, and the latency and its reference fit")
    static let segmentUnderWay = Rule(
        "dash.segment-under-way", .error, "ISO/IEC 23009-1, 5.3.9.5.3; RFC 9112, 7.1",
        "a segment that is sent while it is made is the one that its URL has later")
    static let eventStream = Rule(
        "dash.event-stream", .error, "ISO/IEC 23009-1, 5.10.2; SCTE 214-1, 6.7.3",
        "events have ids of their own, and what is said to be SCTE-35 is, with a right CRC")
    static let patch = Rule(
        "dash.patch", .error, "ISO/IEC 23009-1, 5.15", "the MPD with its patch is the MPD of then")
    static let timeShift = Rule(
        "dash.time-shift", .error, "ISO/IEC 23009-1, 5.3.1.2",
        "a segment stays in the MPD for timeShiftBufferDepth")
    static let timing = Rule("dash.utc-timing", .warning, "ISO/IEC 23009-1, 5.8.4.11", "players are told the time")

    // MARK: Keys and media

    static let key = Rule("key.fetch", .error, "RFC 8216, 5", "every key can be had, and has 16 bytes")
    static let keyID = Rule("key.kid", .error, "ISO/IEC 23001-7, 8.2", "the key ID announced is that of the media")
    static let decryption = Rule("key.decrypt", .error, "RFC 8216, 4.3.2.4", "key and IV open the segment")
    static let clear = Rule(
        "media.clear", .fatal, "ISO/IEC 23001-7, 10; RFC 8216, 4.3.2.4", "what is announced as protected is protected")
    static let header = Rule("media.header", .error, "ISO/IEC 23000-19, 7.3.1", "the initialization can be parsed")
    static let segment = Rule("media.segment", .error, "ISO/IEC 23000-19, 7.3.2", "the segment can be parsed")
    static let payload = Rule(
        "media.payload", .error, "ITU-T H.264, 7.3; ISO/IEC 14496-3, 4.4.2",
        "the opened samples are what the codec writes")
    static let sync = Rule("media.sync", .error, "ISO/IEC 23000-19, 7.3.2.3", "a segment starts with a sync sample")
    static let continuity = Rule(
        "media.continuity", .error, "ISO/IEC 14496-12, 8.8.12", "a segment's times go on where the one before ended")
    static let duration = Rule(
        "media.duration", .error, "RFC 8216, 4.3.2.1", "the media lasts as long as announced, within a frame")
    static let transportStream = Rule(
        "ts.packets", .error, "ISO/IEC 13818-1, 2.4.3.2", "188-byte packets with sync bytes, PAT and PMT first")
    static let continuityCounter = Rule(
        "ts.continuity", .error, "ISO/IEC 13818-1, 2.4.3.3", "continuity counters count on")
    static let sampleAES = Rule(
        "ts.sample-aes", .error, "Apple, MPEG-2 Stream Encryption, 3", "the program map says what SAMPLE-AES protects")
    static let edge = Rule("live.edge", .error, "RFC 8216, 6.2.2", "the newest segment is recent")

    /// Every rule, by family.
    package static let all: [Rule] = [
        status, contentType, cacheControl, cacheManifest, cacheMedia, relative,
        extM3U, playlistSyntax, version, targetDuration, targetFixed, mediaSequence, segmentIdentity, removal,
        playlistType, discontinuitySequence, iFrame, keyBeforeMap, keyIV, mapEncryption, alignment, alignedTimes,
        matchingTimes, dateTime, noDateTime, window, gap, bandwidth, codecs, resolution, subtitles, group, reload,
        dateRange,
        spliceSection, cue, partTarget, partDuration, partSum, partBytes, serverControl, hint, renditionReport,
        blockingReload, deltaUpdate,
        mpdSyntax, availability, publishTime, updatePeriod, periods, periodGap, periodContinuity, timelineHole,
        timelineIdentity, defaultKeyID, systems, dashBandwidth, dashCodecs, mediaTime, earlySegment, segmentUnderWay,
        eventStream, patch, timeShift, timing,
        key, keyID, decryption, clear, header, segment, payload, sync, continuity, duration, transportStream,
        continuityCounter, sampleAES, edge,
    ]
}
