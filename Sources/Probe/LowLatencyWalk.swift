import CurlHTTP
import HLS
import Media

/// Asks a playlist with parts what a player of low latency asks, once for each playlist.
struct LowLatencyWalk {
    let url: String
    let place: String

    /// - Parameter playlist: as it was fetched just now; of a live stream.
    func check(_ playlist: MediaPlaylist, _ context: inout ProbeContext) async {
        guard playlist.partInformation != nil, !playlist.isEnded else { return }
        await checkHint(playlist, &context)
        await checkParts(playlist, &context)
        if playlist.serverControl?.canBlockReload == true { await checkReload(playlist, &context) }
        if playlist.serverControl?.canSkipUntil != nil { await checkDelta(playlist, &context) }
        let status = await context.status(of: query("_HLS_part=0"))
        if status != 400 {
            context.log.add(
                Issue(
                    .blockingReload, "\(status.map(String.init) ?? "nothing") for _HLS_part without _HLS_msn, not 400"),
                at: place)
        }
    }

    /// What is hinted comes, if only after a while.
    private func checkHint(_ playlist: MediaPlaylist, _ context: inout ProbeContext) async {
        guard let hint = playlist.preloadHints.first(where: { $0.kind == .part }),
            let address = Reference.resolve(hint.uri, against: url)
        else { return }
        if let status = await context.status(of: address), status != 200 {
            context.log.add(Issue(.hint, "\(status) for \(hint.uri)"), at: place)
        }
    }

    /// A segment is its parts, one after the other.
    private func checkParts(_ playlist: MediaPlaylist, _ context: inout ProbeContext) async {
        guard let segment = playlist.segments.last(where: { !$0.parts.isEmpty && !$0.parts.contains(where: \.isGap) }),
            segment.parts.allSatisfy({ $0.byteRange == nil }),
            let address = Reference.resolve(segment.uri, against: url)
        else { return }
        var joined: [UInt8] = []
        for part in segment.parts {
            guard let address = Reference.resolve(part.uri, against: url),
                let response = await context.fetch(address, .segment, place: place)
            else { return }
            joined += response.body
        }
        guard let whole = await context.fetch(address, .segment, place: place) else { return }
        if Array(whole.body) != joined {
            context.log.add(
                Issue(.partBytes, "\(joined.count) bytes of parts, \(whole.body.count) of \(segment.uri)"), at: place)
        }
    }

    private func checkReload(_ playlist: MediaPlaylist, _ context: inout ProbeContext) async {
        let segment = playlist.mediaSequence &+ UInt64(playlist.segments.count)
        let part = UInt64(playlist.segmentInProgress?.parts.count ?? 0)
        guard let later = await fetch("_HLS_msn=\(segment)&_HLS_part=\(part)", &context) else { return }
        // A part behind the last of its segment is the first of the next.
        if !LowLatencyRules.contains(later, segment: segment, part: part),
            !LowLatencyRules.contains(later, segment: segment, part: nil)
        {
            context.log.add(
                Issue(.blockingReload, "asked for part \(part) of \(segment), the answer does not have it"), at: place)
        }
    }

    private func checkDelta(_ playlist: MediaPlaylist, _ context: inout ProbeContext) async {
        guard let delta = await fetch("_HLS_skip=YES", &context), let whole = await fetch("", &context) else { return }
        do throws(PlaylistError) {
            context.log.add(
                LowLatencyRules.deltaIssues(try delta.completed(from: playlist), whole: whole), at: place)
        } catch {
            context.log.add(Issue(.deltaUpdate, "\(error)"), at: place)
        }
    }

    private func fetch(_ directives: String, _ context: inout ProbeContext) async -> MediaPlaylist? {
        guard let response = await context.fetch(query(directives), .playlist, place: place) else { return nil }
        do throws(PlaylistError) {
            return try MediaPlaylist(parsing: String(decoding: response.body, as: UTF8.self))
        } catch {
            context.log.add(Issue(.playlistSyntax, "\(error)"), at: place)
            return nil
        }
    }

    private func query(_ directives: String) -> String {
        directives.isEmpty ? url : url + (url.contains("?") ? "&" : "?") + directives
    }
}
