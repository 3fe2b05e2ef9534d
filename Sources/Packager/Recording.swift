package import Keys
package import Media
import MediaMemory
import Settings
package import Timeline

/// A stretch of an endpoint's past as files that stay: VOD playlists, a static MPD, and the media that both name.
package struct Recording: Sendable {
    package enum Protection: Sendable { case asServed, clear }

    /// What a file holds.
    package enum Content: Sendable {
        case header(StoredTrack, PeriodKeys?)
        case segment(StoredTrack, BoundSegment)
        case iFrame(StoredTrack, BoundSegment)
        case aside(StoredTrack, BoundSegment)
    }

    /// A file of media, or the place where a segment should be.
    package struct File: Sendable {
        /// Below the folder that the manifests are in, as they name it.
        package let path: String
        package let contentType: String
        package let content: Content
    }

    package struct Manifest: Sendable {
        package let path: String
        package let contentType: String
        package let text: String
    }

    package let window: EndpointWindow

    /// - Parameters:
    ///   - live: the endpoint now.
    ///   - start: the first segment is the one that it lies in.
    ///   - end: the segment that it lies in is the last, unless it begins there.
    ///   - storageSeconds: how far back segments are kept.
    ///   - now: milliseconds from the epoch.
    /// - Throws: where not all of the stretch is over and stored.
    package init(
        of live: EndpointWindow, from start: CivilTime, to end: CivilTime, protection: Protection,
        storageSeconds: UInt32, now: Int64
    ) throws(RecordingError) {
        guard start.epochMilliseconds >= now - Int64(storageSeconds) * 1000 else {
            throw RecordingError("'start' is further back than the \(storageSeconds) s that are stored")
        }
        var range: ShiftedRange
        do {
            var shift = TimeShift()
            (shift.start, shift.end) = (start, end)
            try shift.validate()
            range = try live.range(of: shift, storageSeconds: storageSeconds, now: now)
        } catch let error as ManifestQueryError {
            throw RecordingError(error.description)
        } catch {
            throw RecordingError(
                error as? NothingThere == .notYet
                    ? "nothing of that time is there yet" : "nothing of that time is stored")
        }
        guard range.isComplete else { throw RecordingError("'end' is not over yet: ask again when it is") }
        range.query = ""
        var window = live.shifted(to: range)
        window.isRecorded = true
        // Whoever asks for the same stretch gets the same bytes.
        window.changedAtMilliseconds = window.nominalStart(of: range.lastNumber &+ 1).milliseconds
        // Its timeline says what there is, whatever live players are told to reckon with.
        window.endpoint.segmentTemplate = .timeline
        self.window = protection == .clear ? window.inTheClear : window
    }

    /// Every header and segment, each once, in the order of time.
    package var media: [File] {
        var files: [File] = []
        var headers: Set<String> = []
        let isTransportStream = window.endpoint.container == .ts
        for bound in window.listed {
            for track in window.playlistTracks {
                guard let (stored, _) = window.share(of: track.track.name, in: bound) else { continue }
                let folder = "\(stored.track.name)/\(window.revision(of: bound))"
                let type = isTransportStream ? "video/mp2t" : stored.track.kind == .video ? "video/mp4" : "audio/mp4"
                if !isTransportStream {
                    let period = window.endpoint.hasKeyInHeader ? bound.keys?.period : nil
                    let name = MediaLocation.headerName(generation: bound.segment.generation, period: period)
                    let path = "\(folder)/\(name)"
                    if headers.insert(path).inserted {
                        files.append(File(path: path, contentType: type, content: .header(stored, bound.keys)))
                    }
                }
                let container = window.endpoint.container
                let name = MediaLocation.segmentName(number: bound.number, container: container)
                files.append(File(path: "\(folder)/\(name)", contentType: type, content: .segment(stored, bound)))
                if stored.track.kind == .video, window.endpoint.includeIframeOnlyStream {
                    let name = MediaLocation.iFrameName(number: bound.number, container: container)
                    files.append(File(path: "\(folder)/\(name)", contentType: type, content: .iFrame(stored, bound)))
                }
            }
            for track in window.subtitleTracks {
                guard let (stored, _) = window.share(of: track.track.name, in: bound) else { continue }
                files += subtitles(of: stored, in: bound, &headers)
            }
            for track in window.imageTracks {
                guard let (stored, _) = window.share(of: track.track.name, in: bound) else { continue }
                let name = MediaLocation.imageName(number: bound.number)
                files.append(
                    File(
                        path: "\(stored.track.name)/\(window.revision(of: bound))/\(name)", contentType: "image/jpeg",
                        content: .aside(stored, bound)))
            }
        }
        return files
    }

    /// WebVTT files for HLS, and what the MPD has where it has any.
    private func subtitles(of stored: StoredTrack, in bound: BoundSegment, _ headers: inout Set<String>) -> [File] {
        let folder = "\(stored.track.name)/\(window.revision(of: bound))"
        var files = [
            File(
                path: "\(folder)/\(MediaLocation.subtitleName(number: bound.number))", contentType: "text/vtt",
                content: .aside(stored, bound))
        ]
        guard hasMPD, window.endpoint.isClear(.text) else { return files }
        let period = window.endpoint.hasKeyInHeader ? bound.keys?.period : nil
        let header = "\(folder)/" + MediaLocation.headerName(generation: bound.segment.generation, period: period)
        if headers.insert(header).inserted {
            files.append(File(path: header, contentType: "application/mp4", content: .header(stored, bound.keys)))
        }
        let segment = "\(folder)/" + MediaLocation.segmentName(number: bound.number, container: .cmaf)
        files.append(File(path: segment, contentType: "application/mp4", content: .segment(stored, bound)))
        return files
    }

    /// Whether DASH has the container and the encryption.
    private var hasMPD: Bool {
        window.endpoint.container == .cmaf && window.endpoint.encryption.map { $0.scheme != nil } ?? true
    }

    /// A file's bytes, made now.
    /// - Parameter read: the clear media that is stored of a segment's share of a track; nil where it is lost.
    package func bytes(
        of file: File, read: (_ number: UInt64, _ track: String) -> ClearMedia?
    ) throws(PackagingError) -> [UInt8] {
        switch file.content {
        case .header(let stored, let keys):
            try SegmentPackager.header(of: stored, endpoint: window.endpoint, keys: keys)
        case .segment(let stored, let bound): try window.media(of: stored, in: bound, read: read).array
        case .iFrame(let stored, let bound): try window.iFrame(of: stored, in: bound, read: read).array
        case .aside(let stored, let bound): try window.aside(of: stored, in: bound, read: read)
        }
    }

    /// The playlists, and the MPD where DASH has the container and the encryption.
    package func manifests() throws(PackagingError) -> [Manifest] {
        var playlists = window
        playlists.endpoint.package = .hls
        var manifests: [Manifest] = []
        func add(_ path: String, _ text: String) {
            manifests.append(Manifest(path: path, contentType: "application/vnd.apple.mpegurl", text: text))
        }
        for name in playlists.playlistTracks.map(\.track.name) {
            add(MediaLocation.playlist(track: name, playlists.shift), try PlaylistPackager.media(name, playlists))
        }
        for name in playlists.iFrameTracks.map(\.track.name) {
            add(
                MediaLocation.iFramePlaylist(track: name, playlists.shift),
                try PlaylistPackager.iFrames(name, playlists))
        }
        for name in playlists.imageTracks.map(\.track.name) {
            add(MediaLocation.imagePlaylist(track: name, playlists.shift), try PlaylistPackager.images(name, playlists))
        }
        for name in playlists.subtitleTracks.map(\.track.name) {
            add(
                MediaLocation.subtitlePlaylist(track: name, playlists.shift),
                try PlaylistPackager.subtitles(name, playlists))
        }
        add("index.m3u8", PlaylistPackager.multivariant(playlists))
        if hasMPD {
            var mpd = window
            mpd.endpoint.package = .dash
            manifests.append(
                Manifest(path: "index.mpd", contentType: "application/dash+xml", text: MPDPackager.mpd(mpd)))
        }
        return manifests
    }
}

/// Why there is no recording of a stretch, in a line for whoever asked for it.
package struct RecordingError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

extension EndpointWindow {
    /// The same segments without protection, for whom the profile's owner trusts with them.
    fileprivate var inTheClear: EndpointWindow {
        var window = self
        window.endpoint.encryption = nil
        window.ledger = ManifestLedger(shortestKept: 1024)
        window.revision = "clear-\(revision)"
        window.segments = BoundSegments(
            segments.map { bound in
                BoundSegment(segment: bound.segment, keys: nil, run: bound.run.withoutKey, slate: bound.slate)
            })
        return window
    }
}
