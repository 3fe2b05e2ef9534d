package import Files
package import Keys
package import Logging
import Media
import OpenSSLCrypto
package import Packager
package import PublishGuard
package import Settings
import Slate
import Synchronization
package import Timeline

/// One channel on air: its window, its keys, and what each of its endpoints shows of them.
///
/// The publisher's side calls `timeline`; the CDN's side reads `window(of:)`, which never waits.
package final class LiveChannel: Sendable {
    /// What the origin sees of an endpoint at one moment.
    package struct EndpointState: Sendable {
        package var window: EndpointWindow
        /// A key is missing past the grace: manifests answer 503.
        package var isWithheld: Bool
        /// Of the newest segment.
        package var step: KeyStep
        /// Changes with everything above but the segment under way.
        package var version: UInt64
        /// Changes with all of it.
        package var partVersion: UInt64
        /// Of this state: whether it still is the endpoint's.
        package var stamp: ContentStamp
    }

    /// Calls back at a time, in milliseconds from the epoch, or a little after it.
    package typealias Alarm = @Sendable (_ at: Int64, _ action: @escaping @Sendable () -> Void) -> Void

    struct State {
        var endpoints: [String: EndpointState] = [:]
        /// Of each endpoint.
        var revisions: [String: ContentRevision] = [:]
        var isEnded = false
        var isLeaving = false
        /// Key bindings cannot be written down.
        var isUnwritten = false
        var isRetired = false
        /// The next time that the alarm is set for.
        var alarm: Int64?
        var waiting = WaitingList()
    }

    package let profile: ChannelProfile
    package let timeline: ChannelTimeline
    let parts: PartPlan
    /// The schedules of all key groups, in no order.
    package let schedules: [KeySchedule]
    let groups: [String: KeyGroup]
    private let bindings: BindingFiles?
    let slates: SlateShelf
    /// Of its manifests' revisions.
    package let revisionGuard = RevisionGuard()
    package let mpdHistory = MPDHistory()
    private let revisions: [String: String]
    /// Over all that is stored, too: while the channel is open playlists say one target duration.
    private let longestSegment: Ticks
    /// By endpoint. Each segment asks, and to make one prints and hashes a whole contract.
    private let groupNames: [String: String]
    let clock: @Sendable () -> Int64
    let steady: @Sendable () -> Int64
    let setAlarm: Alarm
    private let onAlarm: @Sendable () -> Void
    let logger: Logger
    let state = Mutex(State())
    let filling: Mutex<FillState>
    /// One publisher at a time takes the channel.
    private let taking = Mutex(())
    /// One refresh at a time: what is shown later was looked at later.
    let refreshing = Mutex(())
    /// Of all channels together: one that is opened anew after a reload does not repeat the versions of the one before,
    /// by which manifests are cached.
    static let lastVersion = Atomic<UInt64>(0)

    /// - Parameters:
    ///   - directory: of this channel; nil: memory only.
    ///   - seal: how media is sealed on the disk; nil: it is not.
    ///   - makeSchedule: a schedule for a contract and the provider that the profile names for it, which keeps its
    ///     keys in the file named.
    ///   - disk: what writes to the directory.
    ///   - clock: milliseconds from the epoch.
    ///   - steady: milliseconds of a clock that only runs forward; nil: the same.
    ///   - alarm: by which keys are announced in their time, and a lost input is filled in.
    package init(
        profile: ChannelProfile, directory: String?, budget: StorageBudget, seal: WindowSeal? = nil, logger: Logger,
        disk: DiskQueue = DiskQueue(), clock: @escaping @Sendable () -> Int64,
        steady: (@Sendable () -> Int64)? = nil, alarm: @escaping Alarm,
        makeSchedule: (KeyContract, SPEKEProfile, _ vaultPath: String?, _ onChange: @escaping @Sendable () -> Void)
            throws
            -> KeySchedule
    ) throws {
        self.profile = profile
        parts = profile.ladder.parts
        self.clock = clock
        let steady = steady ?? clock
        self.steady = steady
        filling = Mutex(FillState(hold: InputHold(Self.holdSettings(profile)), offset: clock() &- steady()))
        var logger = logger
        logger[metadataKey: "channel"] = "\(profile.channel)"
        self.logger = logger
        let refresh = Refresh()
        setAlarm = alarm
        onAlarm = { refresh() }
        let channelLogger = logger
        timeline = try ChannelTimeline(
            directory: directory,
            limits: ChannelTimeline.Limits(
                segmentDuration: profile.ladder.segmentDuration, longestSegment: profile.ladder.longestSegment,
                windowSeconds: profile.keptSeconds,
                // One that is being made, and what is late of the one before.
                openBytes: profile.ladder.bytesOfTwoSegments(inputBitrate: profile.ingest.maxBitrate),
                showsParts: profile.endpoints.contains(where: \.hasParts)),
            budget: budget, seal: seal, disk: disk,
            onEvent: { event in
                switch event {
                case .segment: refresh.listed()
                case .evictedEarly: refresh()
                case .part: refresh.parts()
                case .storageFailed, .storageRecovered, .unreadable, .journalDamaged: break
                }
                Self.log(event, channelLogger)
            })
        let snapshot = timeline.snapshot
        longestSegment = max(
            profile.ladder.longestSegment, Ticks(snapshot.longestSegmentSeconds, timescale: 1))
        let slates = SlateShelf(directory: directory, seal: seal)
        for error in slates.damaged {
            logger.error("a slate cannot be used: segments made of it are gone", metadata: ["error": "\(error)"])
        }
        let bindings = directory.map { BindingFiles(directory: $0) }
        var groups: [String: KeyGroup] = [:]
        var groupNames: [String: String] = [:]
        var revisions: [String: String] = [:]
        for endpoint in profile.endpoints {
            let contract = KeyContract(endpoint, profile)
            guard endpoint.encryption == nil || contract != nil else { throw UnknownKeyProvider(endpoint: endpoint.id) }
            let name = Self.groupName(endpoint, contract, profile)
            groupNames[endpoint.id] = name
            // Whatever changes the bytes behind a URL: the key, its provider and where it is said, the container and
            // what is muxed into it; and the duration, of which numbers count.
            let signalling = endpoint.encryption?.rotationSignalling ?? .manifest
            let bytes =
                "\(name) \(endpoint.container) \(endpoint.muxesAudio) \(profile.ladder.segmentDuration)"
                + (signalling == .manifest ? "" : " \(signalling)")
                + (endpoint.inbandProducerReferenceTime ? " prft" : "")
                + (endpoint.clearThumbnails ? " clear-thumbnails" : "")
                + (endpoint.clearSubtitles ? " clear-subtitles" : "")
            if let group = groups[name] {
                revisions[endpoint.id] = Self.hash(bytes + group.lossMark)
                continue
            }
            var protection: KeyGroup.Protection?
            if let contract, let speke = endpoint.encryption.flatMap({ profile.speke[$0.speke] }) {
                protection = KeyGroup.Protection(
                    contract: contract,
                    schedule: try makeSchedule(
                        contract, speke, directory.map { "\($0)/keys-\(name).sealed" }, { refresh() }),
                    graceSeconds: speke.onKeyFailure.graceSeconds,
                    clearLeadSeconds: endpoint.encryption?.clearLeadSeconds ?? 0, slates: slates,
                    showsSlate: speke.onKeyFailure.then == .slate)
            }
            // Numbers of another duration are of other times.
            let file = Self.hash("\(name) \(profile.ladder.segmentDuration)")
            let group = try KeyGroup(
                protection: protection, path: bindings?.path(file), disk: timeline.disk, snapshot: snapshot,
                now: clock()
            ) { () throws(FileError) in try bindings?.beginning(now: clock()) ?? KeyGroup.Decisions() }
            if let path = group.damagedPath {
                logger.error(
                    "which keys protect the window was lost: it is served anew, under other keys and other addresses",
                    metadata: ["endpoint": "\(endpoint.id)", "damaged": "\(path)"])
            }
            groups[name] = group
            revisions[endpoint.id] = Self.hash(bytes + group.lossMark)
        }
        self.groups = groups
        self.bindings = bindings
        self.groupNames = groupNames
        self.slates = slates
        self.revisions = revisions
        schedules = groups.values.compactMap { $0.protection?.schedule }
        refresh.connect(to: self)
        self.refresh()
    }

    private static func log(_ event: ChannelTimeline.Event, _ logger: Logger) {
        switch event {
        case .segment, .part: break
        case .storageFailed(let error):
            logger.error(
                "storage failed: until it is back, what the disk does not take is in memory only",
                metadata: ["error": "\(error)"])
        case .storageRecovered(let segments):
            logger.notice("storage is back", metadata: ["segmentsNotWhollyStored": "\(segments)"])
        case .evictedEarly(let number):
            logger.warning(
                "storage.maxBytes reached, or the disk full, or a bound of the window: a segment left before its time",
                metadata: ["segment": "\(number)"])
        case .unreadable(let error):
            logger.error("a stored segment cannot be used and is not served", metadata: ["error": "\(error)"])
        case .journalDamaged(let lines):
            logger.error(
                "the channel's journal was damaged: segments may be lost, a copy of it is beside it",
                metadata: ["lines": "\(lines)"])
        }
    }

    /// Nil where the profile has no such endpoint.
    package func state(of endpoint: String) -> EndpointState? { state.withLock { $0.endpoints[endpoint] } }

    /// The source is over, and manifests say so until something of an encoder is listed again.
    package func setEnded(_ isEnded: Bool) {
        state.withLock { $0.isEnded = isEnded }
        refresh()
    }

    /// Something of an encoder is listed: shown with the next look.
    func hasInputAgain() { state.withLock { $0.isEnded = false } }

    /// Decides who publishes, one decision at a time: of two that come at once, the one that has the channel has the
    /// timeline.
    package func whileTaking<Result>(_ body: () -> Result) -> Result { taking.withLock { _ in body() } }

    /// An emergency rotation: other keys for every protected endpoint, from the next segment on.
    /// - Throws: where it cannot be written down for some of them, after all others have other keys.
    package func rotateKeys() throws(FileError) {
        defer { refresh() }
        try refreshing.withLock { _ throws(FileError) in
            guard !state.withLock({ $0.isRetired }) else { return }
            let snapshot = timeline.snapshot
            var failure: FileError?
            for group in groups.values {
                do throws(FileError) {
                    guard let edition = try group.startEdition(snapshot) else { continue }
                    logger.notice("keys replaced from the next segment on", metadata: ["edition": "\(edition)"])
                } catch { failure = error }
            }
            // And where the profile becomes again what it was.
            try bindings?.startEdition(snapshot, besides: Set(groups.values.compactMap(\.path)), timeline.disk)
            if let failure { throw failure }
        }
    }

    /// Who takes the channel from here on shall end at once.
    package func announceRetirement() { state.withLock { $0.isLeaving = true } }

    /// Whether this channel is to be replaced or removed.
    package var isLeaving: Bool { state.withLock { $0.isLeaving } }

    /// The channel leaves the air: what is under way is listed, and from then on nothing is written any more.
    package func retire() {
        timeline.retire()
        // Who waits asks again, and finds who has taken its place.
        let waiting = state.withLock { state in
            state.isRetired = true
            state.outdate()
            return state.waiting.takeAll()
        }
        for call in waiting { call() }
        // Who looked at it until now may have had something to write down.
        refreshing.withLock { _ in }
        timeline.disk.finish()
    }

    /// Nothing that was made of this channel is to be served without another look.
    func outdate() { state.withLock { $0.outdate() } }

    func group(of endpoint: EndpointProfile) -> KeyGroup? { groupNames[endpoint.id].flatMap { groups[$0] } }

    /// Looks at the window and the keys anew and shows every endpoint what there is now.
    package func refresh() { refreshing.withLock { _ in show() } }

    private func show() {
        guard !state.withLock({ $0.isRetired }) else { return }
        let snapshot = timeline.snapshot
        let now = clock()
        let last = snapshot.segments.last?.number ?? 0
        let nominal = Dictionary(
            profile.ladder.video.map { ($0.name, $0.peakBitrate(over: profile.ladder.segmentDuration)) }
                + profile.ladder.audio.map { ($0.name, $0.bitrate) },
            uniquingKeysWith: { first, _ in first })
        let bitrates = Dictionary(
            (profile.ladder.video.filter { $0.codec != .copy }.map { ($0.name, $0.bitrate) }
                + profile.ladder.audio.filter { $0.codec != .copy }.map { ($0.name, $0.bitrate) }),
            uniquingKeysWith: { first, _ in first })
        var shown: [String: (EndpointWindow, Bool, KeyStep)] = [:]
        var dues: [Int64] = []
        var isWritten = true
        var unwritten: FileError?
        for endpoint in profile.endpoints {
            guard let group = group(of: endpoint) else { continue }
            let firstListed = endpoint.firstListed(
                newest: last, segmentDuration: profile.ladder.segmentDuration, longestSegment: longestSegment)
            let bound: KeyGroup.Bound
            do throws(FileError) {
                bound = try group.bind(snapshot, firstListed: firstListed) { timeline.keepToMemory(from: $0) }
            } catch {
                unwritten = error
                continue
            }
            isWritten = isWritten && group.isWritten
            log(bound.steps, of: group)
            // The time of the last change, not of the last look: caches reckon from it when the next one is due.
            let (previous, isEnded) = state.withLock { ($0.endpoints[endpoint.id]?.window, $0.isEnded) }
            let isSame = previous?.segments.last?.number == bound.segments.last?.number && previous?.isEnded == isEnded
            let changedAt = isSame ? previous?.changedAtMilliseconds ?? now : now
            let partTarget = endpoint.hasParts ? parts.target : nil
            let announcement = Self.announcement(
                bound.isWithheld ? nil : group.upcoming(snapshot), endpoint, snapshot, longestSegment,
                after: previous?.next, newest: last, listedAt: changedAt, partTarget: partTarget, now: now)
            if case .due(let time)? = announcement { dues.append(time) }
            var next: NextKeys?
            if case .now(let keys)? = announcement { next = keys }
            var window = EndpointWindow(
                endpoint: endpoint, revision: revisions[endpoint.id] ?? "",
                numbering: snapshot.numbering, longestSegment: longestSegment, segments: bound.segments,
                trackSets: snapshot.trackSets, changedAtMilliseconds: changedAt, isEnded: false,
                next: next, eventStart: snapshot.eventStart, bitrates: bitrates,
                nominalBitrates: nominal,
                partTarget: partTarget,
                underWay: underWay(of: endpoint, group, snapshot),
                // What is said of splices changes with what is listed, as publishTime does.
                adBreaks: isSame ? previous?.adBreaks ?? snapshot.adBreaks : snapshot.adBreaks,
                ledger: previous?.ledger)
            window.openedAtMilliseconds = Self.openedAt(window, after: previous, now: now)
            if previous?.segments.last?.segment.generation != window.segments.last?.segment.generation {
                for (track, reason) in window.leftOut {
                    logger.warning(
                        "the endpoint does without a rung: \(reason)",
                        metadata: ["endpoint": "\(endpoint.id)", "rung": "\(track.name)"])
                }
            }
            shown[endpoint.id] = (window, bound.isWithheld, bound.step)
        }
        publish(shown, newest: last)
        note(isWritten: isWritten && unwritten == nil, unwritten)
        if !timeline.isStorageFailing { for schedule in schedules { schedule.saveWhatFailed() } }
        if let due = dues.min() { wake(at: due, now: now) }
    }

    /// Says once when key bindings cannot be written down, and when they can again.
    private func note(isWritten: Bool, _ error: FileError?) {
        if isWritten { timeline.keepOnDisk() }
        let hasChanged = state.withLock { state in
            defer { state.isUnwritten = !isWritten }
            return state.isUnwritten == isWritten
        }
        guard hasChanged else { return }
        if isWritten {
            logger.notice("key bindings are written down again")
        } else if let error {
            logger.error("cannot write down key bindings: nothing new is listed", metadata: ["error": "\(error)"])
        } else {
            logger.error("cannot write down key bindings: new segments are in memory only")
        }
    }

    /// When the keys that come next are to be said.
    private enum Announcement {
        case now(NextKeys)
        case due(Int64)
    }

    /// - Parameter shown: what is said already, which is never taken back while it holds.
    private static func announcement(
        _ upcoming: KeyGroup.Upcoming?, _ endpoint: EndpointProfile, _ snapshot: Snapshot, _ longestSegment: Ticks,
        after shown: NextKeys?, newest: UInt64, listedAt: Int64, partTarget: Ticks?, now: Int64
    ) -> Announcement? {
        guard let upcoming, upcoming.firstNumber > newest else { return nil }
        if let shown, shown.keys.period == upcoming.keys.period, shown.firstNumber == upcoming.firstNumber {
            return .now(shown)
        }
        let length = snapshot.segmentDuration.milliseconds
        let lead = endpoint.announcementMilliseconds(longestSegment: longestSegment)
        let listed: Int64
        if endpoint.package == .dash, endpoint.segmentTemplate == .number {
            // Players reckon when it is there.
            listed =
                snapshot.nominalStart(of: upcoming.firstNumber).milliseconds
                + MPDPackager.availabilityDelay(segmentDuration: snapshot.segmentDuration, partTarget: partTarget)
        } else {
            // A segment is listed one duration after the one before it.
            let (time, overflow) = Int64(clamping: upcoming.firstNumber - newest).multipliedReportingOverflow(
                by: length)
            listed = overflow ? .max : listedAt.addingReportingOverflow(time).partialValue
        }
        let due = listed &- lead
        guard upcoming.isDue || now >= due else { return .due(due) }
        return .now(NextKeys(keys: upcoming.keys, firstNumber: upcoming.firstNumber, announcedAtMilliseconds: now))
    }

    private func wake(at time: Int64, now: Int64) {
        let isNew = state.withLock { state in
            if let alarm = state.alarm, alarm > now, alarm <= time { return false }
            state.alarm = time
            return true
        }
        guard isNew else { return }
        setAlarm(time) { [weak self] in
            // It may be early, by a clock that runs more slowly than the machine's: then it is set again.
            self?.state.withLock { if $0.alarm == time { $0.alarm = nil } }
            self?.onAlarm()
        }
    }

    private func publish(_ shown: [String: (EndpointWindow, Bool, KeyStep)], newest: UInt64) {
        typealias Change = (id: String, isWithheld: Bool, isFirst: Bool)
        let (changes, reached, leaving) = state.withLock {
            state -> ([Change], [@Sendable () -> Void], [EndpointState]) in
            let version = Self.lastVersion.add(1, ordering: .relaxed).newValue
            var changes: [Change] = []
            var leaving: [EndpointState] = []
            for (id, (window, isWithheld, step)) in shown {
                if state.endpoints[id]?.isWithheld ?? false != isWithheld {
                    changes.append((id, isWithheld, state.endpoints[id] == nil))
                }
                if let old = state.endpoints[id] { leaving.append(old) }
                state.endpoints[id] = EndpointState(
                    window: window.ended(state.isEnded), isWithheld: isWithheld, step: step, version: version,
                    partVersion: version, stamp: state.nextStamp(of: id))
            }
            return (changes, state.waiting.takeReached(state.endpoints), leaving)
        }
        // Not under the lock, which event loops take: with the parts of a segment that is whole megabytes are given back.
        withExtendedLifetime(leaving) {}
        for call in reached { call() }
        for (id, isWithheld, isFirst) in changes {
            if isFirst {
                // Just opened over an earlier window, whose keys are kept nowhere.
                logger.info("manifests answer 503 until the keys are fetched", metadata: ["endpoint": "\(id)"])
            } else if isWithheld {
                logger.error(
                    "no key past the grace: manifests answer 503 until the provider delivers",
                    metadata: ["endpoint": "\(id)", "segment": "\(newest)"])
            } else {
                logger.notice("keys are back: manifests are served again", metadata: ["endpoint": "\(id)"])
            }
        }
    }

    /// Endpoints share keys where they want the same ones from the same provider.
    private static func groupName(
        _ endpoint: EndpointProfile, _ contract: KeyContract?, _ profile: ChannelProfile
    ) -> String {
        guard let contract, let encryption = endpoint.encryption else { return hash("clear") }
        let lead = encryption.clearLeadSeconds > 0 ? " clear \(encryption.clearLeadSeconds)" : ""
        return hash("\(contract) \(profile.speke[encryption.speke]?.url ?? "")\(lead)")
    }

    /// 12 hexadecimal digits that change with the text.
    static func hash(_ text: String) -> String {
        let digits = Array("0123456789abcdef")
        return String(sha256(Array(text.utf8)).prefix(6).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}

/// Lets what a channel is made of call it back, without keeping it alive.
private final class Refresh: Sendable {
    private struct Target { weak var channel: LiveChannel? }
    private let target = Mutex(Target())

    func connect(to channel: LiveChannel) { target.withLock { $0.channel = channel } }
    func callAsFunction() { target.withLock { $0.channel }?.refresh() }
    func parts() { target.withLock { $0.channel }?.refreshParts() }

    func listed() {
        guard let channel = target.withLock({ $0.channel }) else { return }
        channel.segmentListed()
        channel.refresh()
    }
}

extension VideoRung {
    /// The most bits a second that a segment can have: the encoder's buffer, which holds a second, may empty into it
    /// on top of the rate. Announced from the first manifest on, whatever was measured so far.
    fileprivate func peakBitrate(over segment: Ticks) -> UInt32 {
        let peak = Int128(rateControl == .cbr ? bitrate : bitrate / 2 * 3)
        return UInt32(clamping: peak + peak * Int128(segment.timescale) / Int128(max(segment.value, 1)))
    }
}
