import DASH
import HLS
import Media
import MediaMemory
import Packager
import Settings
import TestSupport
import Testing
import Timeline

/// Segments of 2 s from 1,600,000,000 s on; a key for every five of them.
@Suite struct RecordingTests {
    private static let epoch: Int64 = 1_600_000_000

    private func recording(
        _ endpoint: EndpointProfile, _ seconds: ClosedRange<Int64> = 8...24,
        _ protection: Recording.Protection = .asServed,
        stage: Stage? = nil, storage: UInt32 = 3600, now: Int64 = 1_600_000_070_000
    ) throws -> Recording {
        let window = try (stage ?? Stage([Array(0..<30)])).window(endpoint)
        func time(_ seconds: Int64) -> CivilTime { CivilTime(epochMilliseconds: (Self.epoch + seconds) * 1000) }
        return try Recording(
            of: window, from: time(seconds.lowerBound), to: time(seconds.upperBound), protection: protection,
            storageSeconds: storage, now: now)
    }

    private func text(_ path: String, _ recording: Recording) throws -> String {
        try #require(try recording.manifests().first { $0.path == path }).text
    }

    @Test(arguments: [false, true]) func allThatManifestsNameIsAFile(withIFrames: Bool) throws {
        let stage = try Stage(
            [Array(0..<30)], tracks: [.video("720p"), .video("360p"), .audio("stereo"), .thumbnails()])
        for var endpoint in [
            EndpointProfile.clearHLS, .fairPlay, .transportStream(), .transportStream(group: true), .dash(),
        ] {
            endpoint.includeIframeOnlyStream = withIFrames
            endpoint.includeThumbnails = withIFrames
            let recording = try recording(endpoint, stage: stage)
            let files = recording.media.map(\.path)
            #expect(Set(files).count == files.count)
            let manifests = try recording.manifests()
            let master = try text("index.m3u8", recording)
            var named: Set<String> = []
            for manifest in manifests where manifest.path.contains("/") {
                #expect(master.contains(manifest.path + "\n") || master.contains("URI=\"\(manifest.path)\""))
                let playlist = try MediaPlaylist(parsing: manifest.text)
                #expect(playlist.playlistType == .vod && playlist.isEnded && playlist.segments.count == 8)
                let folder = manifest.path.split(separator: "/")[0]
                for segment in playlist.segments {
                    named.insert("\(folder)/\(segment.uri)")
                    if let map = segment.map { named.insert("\(folder)/\(map.uri)") }
                }
            }
            #expect(Set(files) == named, "\(endpoint.id)")
        }
    }

    @Test func theStaticMPDNamesTheSameFiles() throws {
        let recording = try recording(.fairPlay)
        let mpd = try MPD(parsing: Array(text("index.mpd", recording).utf8))
        #expect(mpd.type == .static)
        #expect(mpd.minimumUpdatePeriod == nil && mpd.utcTimings.isEmpty)
        #expect(mpd.mediaPresentationDuration?.milliseconds == 16000)
        // Segments 4 to 11 lie in three key periods.
        #expect(mpd.periods.count == 3)
        #expect(mpd.periods.first?.start?.milliseconds == 0)
        let paths = Set(recording.media.map(\.path))
        for period in mpd.periods {
            for set in period.adaptationSets {
                #expect(!set.contentProtections.isEmpty)
                for representation in set.representations {
                    let template = try #require(representation.segmentTemplate ?? set.segmentTemplate)
                    func name(_ text: String?, _ number: UInt64) -> String {
                        (text ?? "").replacing("$RepresentationID$", with: representation.id)
                            .replacing("$Number$", with: "\(number)")
                    }
                    #expect(paths.contains(name(template.initialization, 0)))
                    guard case .timeline(let timeline) = template.addressing else {
                        Issue.record("no timeline")
                        continue
                    }
                    for offset in timeline.segments(limit: 100).indices {
                        let number = template.startNumber + UInt64(offset)
                        #expect(paths.contains(name(template.media, number)), "\(number)")
                    }
                }
            }
        }
    }

    @Test func onlyWhatDASHCanHaveHasAnMPD() throws {
        #expect(try recording(.clearHLS).manifests().contains { $0.path == "index.mpd" })
        #expect(try recording(.dash()).manifests().contains { $0.path == "index.m3u8" })
        #expect(try !recording(.transportStream()).manifests().contains { $0.path == "index.mpd" })
    }

    @Test func filesAreWhatTheOriginServes() throws {
        let stage = try Stage([Array(0..<30)])
        let recording = try recording(.fairPlay, stage: stage)
        let live = try stage.window(.fairPlay)
        let read = { (number: UInt64, track: String) in stage.timeline.media(segment: number, track: track) }
        for file in recording.media {
            let bytes = try recording.bytes(of: file, read: read)
            switch file.content {
            case .header(let stored, let keys):
                #expect(try bytes == SegmentPackager.header(of: stored, endpoint: .fairPlay, keys: keys))
                #expect(bytes != stored.header)
            case .segment(let stored, let bound):
                let clear = try #require(read(bound.number, stored.track.name))
                #expect(bytes != clear.bytes.array)
                #expect(
                    try bytes
                        == SegmentPackager.cmaf(
                            clear, number: bound.number, track: stored, endpoint: live.endpoint, keys: bound.keys
                        ).array)
            case .iFrame, .aside: Issue.record("none was asked for")
            }
        }
    }

    @Test func withoutProtectionItIsTheStoredMediaAndNoKeyIsNamed() throws {
        let stage = try Stage([Array(0..<30)])
        let recording = try recording(.fairPlay, 8...24, .clear, stage: stage)
        for file in recording.media {
            let bytes = try recording.bytes(of: file) { stage.timeline.media(segment: $0, track: $1) }
            switch file.content {
            case .header(let stored, _): #expect(bytes == stored.header)
            case .segment(let stored, let bound):
                #expect(bytes == stage.timeline.bytes(segment: bound.number, track: stored.track.name))
            case .iFrame, .aside: Issue.record("none was asked for")
            }
            #expect(file.path.split(separator: "/")[1].hasPrefix("clear-"))
        }
        for manifest in try recording.manifests() {
            #expect(!manifest.text.contains("KEY") && !manifest.text.contains("ContentProtection"))
        }
        // One Period: nothing changes within it.
        #expect(try MPD(parsing: Array(text("index.mpd", recording).utf8)).periods.count == 1)
        #expect(try MediaPlaylist(parsing: try text("720p/playlist.m3u8", recording)).segments.count == 8)
    }

    @Test func aHoleIsAGapWithoutAFile() throws {
        let stage = try Stage([[0, 1, 2, 3, 4, 5], [8, 9, 10, 11, 12]])
        let recording = try recording(.clearHLS, 8...22, stage: stage)
        let playlist = try MediaPlaylist(parsing: try text("720p/playlist.m3u8", recording))
        #expect(playlist.segments.map(\.isGap) == [false, false, true, true, false, false, false])
        #expect(!recording.media.contains { $0.path.hasSuffix("/\(Stage.number + 6).m4s") })
    }

    @Test func onlyWhatIsOverAndStoredIsRecorded() throws {
        #expect(throws: RecordingError.self) { try recording(.clearHLS, 50...70, now: 1_600_000_061_000) }
        #expect(throws: RecordingError.self) { try recording(.clearHLS, 8...24, storage: 60, now: 1_600_000_070_000) }
        #expect(throws: RecordingError.self) { try recording(.clearHLS, -100 ... -50) }
        #expect(throws: RecordingError.self) { try recording(.clearHLS, 900...1000) }
        #expect(throws: RecordingError.self) { try recording(.clearHLS, 8...100_000) }
    }
}
