import CommonEncryption
import CurlHTTP
import LoopbackServer
import Media
import Probe
import Synchronization

/// A whole presentation as files of a web server, made right, for tests to break one thing in it.
struct Presentation: Sendable {
    struct File: Sendable {
        var type: String
        var bytes: [UInt8]
        var status = 200
        /// Nil: nothing is said.
        var cache: String? = "public, max-age=31536000, immutable"
        /// What is answered when it is asked for again.
        var next: [UInt8]?

        var text: String {
            get { String(decoding: bytes, as: UTF8.self) }
            set { bytes = Array(newValue.utf8) }
        }
    }

    enum Kind: String, CaseIterable {
        case clear, transportStream, sampleAES, aes128, cbcs, lowLatency, dash, earlyDASH

        var isMPD: Bool { self == .dash || self == .earlyDASH }
    }

    /// Of the segments that are listed at first. There is one more file, which comes with the reload.
    static let numbers: ClosedRange<UInt64> = 1000...1005
    static let keyPath = "/keys/\(RecordedMedia.keyID.uuid)"
    static let playlistType = "application/vnd.apple.mpegurl"
    static let manifestCache = "public, max-age=1"

    /// By target, or by path.
    var files: [String: File] = [:]
    /// What is there in their place once the probe has paused.
    var later: [String: File] = [:]
    let kind: Kind
    /// Of the manifest that the walk starts with.
    var path: String { kind.isMPD ? "/index.mpd" : "/index.m3u8" }

    /// Seconds after which a walk has reloaded once.
    var secondsOfReload: Int { kind.isMPD ? 3 : 1 }

    private static let healthy: [Kind: Result<Presentation, any Error>] = Dictionary(
        uniqueKeysWithValues: Kind.allCases.map { kind in (kind, Result { try Presentation(making: kind) }) })

    init(_ kind: Kind) throws {
        guard let healthy = Self.healthy[kind] else { throw RecordedMedia.Missing(what: kind.rawValue) }
        self = try healthy.get()
    }

    private init(making kind: Kind) throws {
        self.kind = kind
        files[Self.keyPath] = File(
            type: "application/octet-stream", bytes: RecordedMedia.keyBytes, cache: "private, no-store")
        files["/time"] = File(type: "text/plain", bytes: Array("1970-01-01T00:17:09Z".utf8), cache: "no-store")
        let media = [try RecordedMedia.video(), try RecordedMedia.audio()]
        let key = try RecordedMedia.key()
        switch kind {
        case .clear: try addClear(media)
        case .transportStream: try addTransportStream(media, key)
        case .sampleAES: try addSampleAES(media)
        case .aes128: try addWholeFiles(media, key)
        case .cbcs: try addSamples(media, key)
        case .lowLatency: try addLowLatency(media)
        case .dash: try addPeriods(media, key)
        case .earlyDASH: addEarly(media)
        }
    }

    /// Changes the text of every file whose name ends so, before the reload, after it, or both.
    mutating func edit(_ suffix: String, now: Bool = true, later isLater: Bool = true, _ change: (String) -> String) {
        for (name, file) in files where now && name.hasSuffix(suffix) { files[name]?.text = change(file.text) }
        for (name, file) in later where isLater && name.hasSuffix(suffix) { later[name]?.text = change(file.text) }
    }

    /// Serves the files and walks them, at a time when the newest segment has just ended.
    ///
    /// - Parameters:
    ///   - token: the probe's own.
    ///   - guarding: what `Authorization` must say for keys whose URLs have no query.
    ///   - gate: what everything but keys and the clock is behind.
    func probe(
        seconds: Int = 0, token: String? = nil, guarding: String? = nil, gate: Gate? = nil
    ) async throws -> ProbeReport {
        let scene = Scene(self, guarding: guarding, gate: gate)
        let server = try CannedServer { scene.answer($0) }
        defer { server.stop() }
        let probe = StreamProbe(
            .init(url: server.url + path, keyServer: server.url, token: token.map { HTTPSecret($0) }, seconds: seconds),
            client: try HTTPClient(), now: { scene.now }, pause: { scene.pass($0) })
        return await probe.run()
    }
}

extension Presentation {
    /// Lets in who has the token.
    enum Gate: Sendable {
        /// In the path, where a manifest with it in the query is redirected to.
        case inPath(token: String)
        /// In the query of each request.
        case inQuery(token: String)

        /// What is asked for behind it, or the gate's own answer.
        func pass(_ target: String) -> Result<String, Refusal> {
            let path = String(target.prefix { $0 != "?" })
            if path == Presentation.keyPath || path == "/time" { return .success(target) }
            switch self {
            case .inPath(let token):
                let folder = "/~\(token)/"
                if target.hasPrefix(folder) { return .success("/" + target.dropFirst(folder.count)) }
                let isManifest = target == "\(path)?token=\(token)"
                return .failure(
                    Refusal(answer: isManifest ? .http(302, [("Location", "~\(token)\(path)")]) : .http(403)))
            case .inQuery(let token):
                guard target.hasSuffix("token=\(token)") else { return .failure(Refusal(answer: .http(403))) }
                return .success(String(target.dropLast("?token=\(token)".count)))
            }
        }

        struct Refusal: Error { let answer: CannedServer.Answer }
    }
}

/// A presentation while it is served: its clock goes when the probe pauses, and only then.
private final class Scene: Sendable {
    private struct State {
        var now = Int64(Presentation.numbers.upperBound + 1) * 1024 + 600
        var isLater = false
        var asked: Set<String> = []
    }

    private let presentation: Presentation
    private let guarding: String?
    private let gate: Presentation.Gate?
    private let state = Mutex(State())

    init(_ presentation: Presentation, guarding: String?, gate: Presentation.Gate?) {
        self.presentation = presentation
        self.guarding = guarding
        self.gate = gate
    }

    var now: Int64 { state.withLock { $0.now } }

    func pass(_ milliseconds: Int64) {
        state.withLock { state in
            state.now += milliseconds
            state.isLater = true
        }
    }

    func answer(_ request: CannedServer.Request) -> CannedServer.Answer {
        var target = String(request.line.split(separator: " ")[1])
        switch gate?.pass(target) {
        case .success(let behind)?: target = behind
        case .failure(let refusal)?: return refusal.answer
        case nil: break
        }
        let path = String(target.prefix { $0 != "?" })
        if let guarding, path == Presentation.keyPath, request.headers["authorization"] != guarding, path == target {
            return .http(403)
        }
        let (isLater, isAgain) = state.withLock { state in (state.isLater, !state.asked.insert(target).inserted) }
        let later = isLater ? presentation.later[target] ?? presentation.later[path] : nil
        guard let file = later ?? presentation.files[target] ?? presentation.files[path] else { return .http(404) }
        var headers = [("Content-Type", file.type)]
        if let cache = file.cache { headers.append(("Cache-Control", cache)) }
        let bytes = isAgain ? file.next ?? file.bytes : file.bytes
        guard let range = request.headers["range"]?.dropFirst("bytes=".count).split(separator: "-") else {
            return .http(file.status, headers, bytes)
        }
        let bounds = range.compactMap { Int($0) }
        guard bounds.count == 2, bounds[0] <= bounds[1], bounds[1] < bytes.count else { return .http(416) }
        return .http(206, headers, Array(bytes[bounds[0]...bounds[1]]))
    }
}
