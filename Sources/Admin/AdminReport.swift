package import Access
import ChunkStream
import Keys
package import Live
import Media
package import Origin
import Packager
import PublishGuard
import Settings
package import Supervisor
package import Timeline

/// What the daemon says of itself: the state of every channel, as values for JSON, metrics and tables.
package struct AdminReport: Sendable {
    /// One channel. Times in milliseconds from the epoch.
    package struct Channel: Codable, Sendable {
        package var channel: String
        /// Who is on air.
        package var publisher: Publisher?
        /// Another encoder, which waits for that one to fail.
        package var standby: Publisher?
        /// none, live, lost, filling or ended.
        package var input: String
        package var inputLostSinceMilliseconds: Int64?
        /// Files played to their end, and not, since the channel was opened; nil where it has none.
        package var filesPlayed: UInt64?
        package var filesRefused: UInt64?
        package var segments: Int
        package var firstSegment: UInt64?
        package var lastSegment: UInt64?
        package var lastSegmentAgeMilliseconds: Int64?
        package var discontinuitySequence: UInt64
        package var storedBytes: Int
        package var memoryBytes: Int
        /// Revisions of manifests that would have broken a rule: the one before stayed, or (adopted) nothing else came.
        package var manifestsWithheld: UInt64
        package var manifestsAdopted: UInt64
        /// The disk refused what was to go there last: it is in memory only.
        package var isStorageFailing: Bool
        package var endpoints: [Endpoint]
        package var keys: [KeyState]
    }

    package struct Publisher: Codable, Sendable {
        /// primary or backup.
        package var role: String
        package var peer: String
        package var encoder: String
        /// What is played now, where files are.
        package var file: String?
        package var sinceMilliseconds: Int64
        package var worker: Int32
        package var bitsPerSecond: Int
        package var videoSamples: UInt64
        package var audioSamples: UInt64
        package var framesRepeated: UInt64
        package var framesDropped: UInt64
        package var decodeErrors: UInt64
        package var bytesReceived: UInt64
        /// For how long the picture has been black, and the sound silent, by now; of one that is not decoded, 0.
        package var blackMilliseconds: UInt64
        package var silentMilliseconds: UInt64
        /// Media milliseconds made for each millisecond of work, in thousandths; nil before there is any.
        package var encodeSpeedPermille: UInt64?
    }

    package struct Endpoint: Codable, Sendable {
        package var id: String
        package var manifest: String
        package var isWithheld: Bool
        /// own, grace, waiting or slate: of the newest segment.
        package var keyStep: String
        package var listedSegments: Int
        package var currentKeyPeriod: UInt64?
    }

    package struct KeyState: Codable, Sendable {
        package var currentPeriod: UInt64
        /// Emergency rotations so far.
        package var edition: UInt32
        package var secondsToNextPeriod: Int64?
        package var isCurrentHeld: Bool
        package var isNextHeld: Bool?
        package var heldPeriods: Int
        /// Nil where the profile wants no reserve key.
        package var isReserveHeld: Bool?
        package var calls: UInt64
        package var failures: UInt64
        package var lastError: String?
    }

    private let channels: ChannelDirectory
    private let supervisor: Supervisor
    let origin: OriginMetrics
    let access: AccessDesk
    let accessLog: AccessLog?
    let cache: ResponseCache
    let content: LiveContent
    let sendingFileBytes: @Sendable () -> Int
    let budget: StorageBudget
    private let clock: @Sendable () -> Int64
    let clockError: @Sendable () -> Int64

    /// - Parameters:
    ///   - sendingFileBytes: of copies of media that is sent again and again.
    ///   - clockError: milliseconds that the system's clock is ahead of `clock`.
    package init(
        channels: ChannelDirectory, supervisor: Supervisor, origin: OriginMetrics, access: AccessDesk,
        accessLog: AccessLog?, cache: ResponseCache, content: LiveContent,
        sendingFileBytes: @escaping @Sendable () -> Int = { 0 },
        budget: StorageBudget, clock: @escaping @Sendable () -> Int64,
        clockError: @escaping @Sendable () -> Int64 = { 0 }
    ) {
        self.channels = channels
        self.supervisor = supervisor
        self.origin = origin
        self.access = access
        self.accessLog = accessLog
        self.cache = cache
        self.content = content
        self.sendingFileBytes = sendingFileBytes
        self.budget = budget
        self.clock = clock
        self.clockError = clockError
    }

    package var supervisorCounters: Supervisor.Counters { supervisor.counters }
    package var supervisorConnections: (all: Int, waiting: Int, handshakes: Int) { supervisor.connections }

    package func all() -> [Channel] {
        let publishers = Dictionary(grouping: supervisor.statuses, by: \.channel)
        return channels.all.map { report($0, publishers[$0.profile.channel] ?? []) }
    }

    package func channel(_ name: String) -> Channel? { all().first { $0.channel == name } }

    private func report(_ channel: LiveChannel, _ statuses: [PublicationStatus]) -> Channel {
        let snapshot = channel.timeline.snapshot
        let name = channel.profile.channel
        let states = channel.profile.endpoints.compactMap { endpoint in
            channel.state(of: endpoint.id).map { (endpoint, $0) }
        }
        let files = supervisor.fileCounts(of: name)
        let listedAt = states.map(\.1.window.changedAtMilliseconds).max()
        return Channel(
            channel: name, publisher: statuses.first.map(Publisher.init),
            standby: statuses.dropFirst().first.map(Publisher.init), input: channel.inputState.rawValue,
            inputLostSinceMilliseconds: channel.inputLostSince, filesPlayed: files?.played,
            filesRefused: files?.refused, segments: snapshot.segments.count,
            firstSegment: snapshot.segments.first?.number, lastSegment: snapshot.segments.last?.number,
            lastSegmentAgeMilliseconds: snapshot.segments.isEmpty ? nil : listedAt.map { clock() - $0 },
            discontinuitySequence: snapshot.segments.last?.discontinuitySequence ?? 0,
            storedBytes: snapshot.segments.byteCount, memoryBytes: channel.timeline.memoryBytes,
            manifestsWithheld: channel.revisionGuard.counters.withheld,
            manifestsAdopted: channel.revisionGuard.counters.adopted,
            isStorageFailing: channel.timeline.isStorageFailing,
            endpoints: states.map { endpoint, state in
                Endpoint(
                    id: endpoint.id,
                    manifest: "/\(name)/\(endpoint.id)/\(endpoint.package == .dash ? "index.mpd" : "index.m3u8")",
                    isWithheld: state.isWithheld, keyStep: state.step.rawValue,
                    listedSegments: state.window.listed.count,
                    currentKeyPeriod: state.window.segments.last?.keys?.period.index)
            },
            keys: channel.schedules.map { KeyState($0.status) })
    }
}

extension AdminReport.Publisher {
    fileprivate init(_ status: PublicationStatus) {
        let statistics = status.statistics
        self.init(
            role: status.role.rawValue, peer: status.peer, encoder: status.encoder, file: status.file,
            sinceMilliseconds: status.startedAt,
            worker: status.worker,
            bitsPerSecond: status.bitsPerSecond, videoSamples: statistics.videoSamplesReceived,
            audioSamples: statistics.audioSamplesReceived, framesRepeated: statistics.framesRepeated,
            framesDropped: statistics.framesDropped, decodeErrors: statistics.decodeErrors,
            bytesReceived: statistics.bytesReceived, blackMilliseconds: statistics.blackMilliseconds,
            silentMilliseconds: statistics.silentMilliseconds,
            encodeSpeedPermille: statistics.busyMilliseconds == 0
                // What a worker says is any number.
                ? nil
                : UInt64(
                    clamping: UInt128(statistics.mediaMilliseconds) * 1000 / UInt128(statistics.busyMilliseconds)))
    }
}

extension AdminReport.KeyState {
    fileprivate init(_ status: KeyScheduleStatus) {
        self.init(
            currentPeriod: status.currentPeriod.index, edition: status.currentPeriod.edition,
            secondsToNextPeriod: status.secondsToNextPeriod,
            isCurrentHeld: status.isCurrentHeld, isNextHeld: status.isNextHeld, heldPeriods: status.heldPeriods,
            isReserveHeld: status.isReserveHeld,
            calls: status.calls, failures: status.failures, lastError: status.lastError.map { "\($0)" })
    }
}
