import CommonEncryption
import Foundation
import Keys
import Media
import MediaMemory
import OpenSSLCrypto
import Packager
import Sealing
import Settings
import Timeline

/// Times the making of one segment of each kind from a channel's window on disk:
/// `package-bench DIRECTORY SEGMENT_SECONDS [ROUNDS [HOST_KEY_FILE]]`, DIRECTORY being a channel's below
/// storage.directory, and the host key the one it is sealed under. One thread; the clear bytes are in memory.
@main
enum PackageBench {
    struct Kind {
        let name: String
        let endpoint: EndpointProfile
    }

    static func main() throws {
        let arguments = CommandLine.arguments
        if arguments.count > 1, arguments[1] == "--transport-stream" {
            return try TransportStreamBench.main(rounds: max(1, arguments.count > 2 ? Int(arguments[2]) ?? 300 : 300))
        }
        if arguments.count > 1, arguments[1] == "--sealing" {
            return try SealingBench.main(rounds: max(2, arguments.count > 2 ? Int(arguments[2]) ?? 200 : 200))
        }
        if arguments.count > 1, arguments[1] == "--manifests" {
            return try ManifestBench.main(
                rounds: max(1, arguments.count > 2 ? Int(arguments[2]) ?? 50 : 50),
                window: arguments.count > 3 ? arguments[3] : nil, only: arguments.count > 4 ? arguments[4] : nil)
        }
        if arguments.count > 3, arguments[1] == "--protect" {
            return try ProtectBench.main(rounds: max(1, Int(arguments[2]) ?? 20), clips: Array(arguments[3...]))
        }
        guard arguments.count >= 3, let seconds = Int64(arguments[2]), seconds > 0 else {
            return complain(
                "usage: package-bench DIRECTORY SEGMENT_SECONDS [ROUNDS [HOST_KEY_FILE]]\n"
                    + "       package-bench --transport-stream [ROUNDS]\n       package-bench --sealing [ROUNDS]\n"
                    + "       package-bench --manifests [ROUNDS [WINDOW [MANIFEST]]]\n"
                    + "       package-bench --protect ROUNDS CLIP..."
            )
        }
        let rounds = arguments.count > 3 ? Int(arguments[3]) ?? 20 : 20
        // Opened on a copy: the journal is rewritten by opening, and the daemon may be using it.
        let copy = NSTemporaryDirectory() + "package-bench-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.copyItem(atPath: arguments[1], toPath: copy)
        defer { try? FileManager.default.removeItem(atPath: copy) }
        let hostKey = arguments.count > 4 ? try HostKeyFile(path: arguments[4]).read() : nil
        let channel = URL(fileURLWithPath: arguments[1]).lastPathComponent
        let timeline = try ChannelTimeline(
            directory: copy, limits: .init(segmentDuration: Ticks(seconds, timescale: 1), windowSeconds: .max),
            budget: StorageBudget(maximumBytes: .max),
            seal: hostKey.map { WindowSeal(key: $0.key(for: .segments), channel: channel) }, onEvent: { _ in })
        let snapshot = timeline.snapshot
        guard let longest = snapshot.segments.max(by: { $0.byteCount < $1.byteCount }),
            let set = snapshot.trackSet(of: longest), let audio = set.tracks.first(where: { $0.track.kind == .audio })
        else { return complain("no whole segment in \(arguments[1])") }
        let keys = try syntheticKeys()
        print("segment \(longest.number), medians of \(rounds); MB/s of clear input")
        for video in set.tracks where video.track.kind == .video {
            guard let picture = timeline.media(segment: longest.number, track: video.track.name),
                let sound = timeline.media(segment: longest.number, track: audio.track.name)
            else { continue }
            for kind in kinds {
                let isProtected = kind.endpoint.encryption != nil
                var times: [Double] = []
                var size = 0
                for _ in 0..<rounds {
                    let start = ContinuousClock.now
                    if kind.endpoint.container == .ts {
                        size = try SegmentPackager.transportStream(
                            [(picture, video), (sound, audio)], number: longest.number, endpoint: kind.endpoint,
                            keys: isProtected ? keys : nil
                        ).count
                    } else {
                        size = try SegmentPackager.cmaf(
                            picture, number: longest.number, track: video, endpoint: kind.endpoint,
                            keys: isProtected ? keys : nil
                        ).count
                    }
                    let elapsed = ContinuousClock.now - start
                    times.append(
                        Double(elapsed.components.attoseconds) / 1e15 + Double(elapsed.components.seconds) * 1e3)
                }
                let median = times.sorted()[times.count / 2]
                let input = picture.bytes.count + (kind.endpoint.container == .ts ? sound.bytes.count : 0)
                let rate = median > 0 ? Double(input) / median / 1000 : 0
                print(
                    pad(video.track.name, 8), pad(kind.name, 14), pad("\(input) B in", 14), pad("\(size) B out", 15),
                    String(format: "%8.3f ms %8.0f MB/s", median, rate))
            }
        }
    }

    private static let kinds: [Kind] = [
        Kind(name: "TS clear", endpoint: EndpointProfile(id: "t", package: .hls, container: .ts)),
        Kind(name: "TS AES-128", endpoint: endpoint(.ts, .aes128)),
        Kind(name: "CMAF clear", endpoint: EndpointProfile(id: "c", package: .hls)),
        Kind(name: "CMAF cbcs", endpoint: endpoint(.cmaf, .commonEncryption(.cbcs))),
        Kind(name: "CMAF cenc", endpoint: endpoint(.cmaf, .commonEncryption(.cenc))),
    ]

    static func endpoint(
        _ container: EndpointProfile.Container, _ method: EndpointEncryption.Method
    ) -> EndpointProfile {
        EndpointProfile(
            id: "p", package: .hls, container: container,
            encryption: EndpointEncryption(method: method, keyRotationIntervalSeconds: 300, speke: "-", systems: []))
    }

    static func syntheticKeys() throws -> PeriodKeys {
        let keyID = KeyID.derived(
            contentID: "bench", scheme: "cbcs", entry: "VIDEO", rotationIntervalSeconds: 300, period: 0)
        let track = TrackKey(
            keyID: keyID, key: try randomKey(), constantIV: InitializationVector.constantIV(keyID: keyID))
        return PeriodKeys(0, [(ContractEntry.all[0], track)])
    }

    static func randomKey() throws -> ContentKey {
        guard let key = ContentKey(try randomBytes(16)) else { throw CocoaError(.coderInvalidValue) }
        return key
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func complain(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
