import Foundation
import Live
import Media
import NIOCore
import NIOHTTP1
import NIOPosix
import Origin
import Packager
import Settings
import Synchronization
import Timeline

/// Everything that an origin answers for a channel, in files by their URLs.
struct OriginFiles {
    let directory: String

    func write(_ channel: LiveChannel) async throws {
        let channels = ChannelDirectory()
        channels.add(channel)
        let threads = NIOThreadPool(numberOfThreads: 1)
        threads.start()
        let faults = Mutex<[String]>([])
        let content = LiveContent(
            channels: channels, cache: ResponseCache(maximumBytes: 1 << 20), threads: threads, others: threads,
            readers: threads,
            clock: { 0 },
            logFailure: { path, reason in faults.withLock { $0.append("\(path): \(reason)") } })
        let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        for endpoint in channel.profile.endpoints {
            guard let state = channel.state(of: endpoint.id), !state.isWithheld else {
                throw PackageClips.Mistake(description: "\(endpoint.id) is withheld")
            }
            for path in paths(state.window, channel: channel.profile.channel) {
                guard let parsed = ResourcePath(parsing: path) else {
                    throw PackageClips.Mistake(description: "\(path) is no path of ours")
                }
                let response =
                    switch content.response(for: parsed, to: Asker(on: eventLoop)) {
                    case .ready(let response): response
                    case .later(let future): try await future.get()
                    }
                guard response.status == .ok else {
                    throw PackageClips.Mistake(
                        description: "\(response.status.code) of \(path) \(faults.withLock { $0 })")
                }
                try write(response.body, to: path)
            }
        }
        try await threads.shutdownGracefully()
    }

    private func write(_ body: ByteBuffer, to path: String) throws {
        let file = URL(fileURLWithPath: directory + path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(body.readableBytesView).write(to: file)
    }

    /// Manifests, headers and segments. A header is asked for by every name that a manifest may give it.
    private func paths(_ window: EndpointWindow, channel: String) -> [String] {
        let endpoint = window.endpoint
        let root = "/\(channel)/\(endpoint.id)"
        let isHLS = endpoint.package == .hls
        var paths = [isHLS ? "\(root)/index.m3u8" : "\(root)/index.mpd"]
        for stored in window.playlistTracks {
            let folder = "\(root)/\(stored.track.name)"
            if isHLS { paths.append("\(folder)/playlist.m3u8") }
            var headers: Set<String> = []
            for segment in window.segments {
                let isStream = endpoint.container == .ts
                paths.append("\(folder)/\(window.revision)/\(segment.number).\(isStream ? "ts" : "m4s")")
                guard !isStream else { continue }
                let period = endpoint.hasKeyInHeader ? "-\(segment.run.keyPeriod)" : ""
                headers.insert("\(folder)/\(window.revision)/init-\(segment.run.generation)\(period).mp4")
            }
            paths += headers.sorted()
        }
        return paths
    }
}
