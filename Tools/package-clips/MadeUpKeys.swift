import CommonEncryption
import Foundation
import Keys
import Media
import OpenSSLCrypto
import Synchronization
import TestSupport

/// A provider that answers at once with keys made of their KIDs: for tests alone, anybody can reckon them.
final class MadeUpKeys: Sendable {
    private struct State {
        var schedules: [(contract: KeyContract, schedule: KeySchedule)] = []
        var running: [Task<Void, Never>] = []
        var keys: [KeyID: [UInt8]] = [:]
    }

    let clock: ManualClock
    private let state = Mutex(State())

    init(clock: ManualClock) { self.clock = clock }

    func schedule(_ contract: KeyContract, onChange: @escaping @Sendable () -> Void) -> KeySchedule {
        let schedule = KeySchedule(
            KeyPlan.Settings(
                rotationIntervalSeconds: contract.rotationIntervalSeconds, prefetchSeconds: 5,
                retentionSeconds: 86_400),
            clock: clock.keyClock, random: { 0 }, report: { if case .fetched = $0 { onChange() } }
        ) { period throws(KeyError) in try self.keys(contract, period) }
        state.withLock { state in
            state.schedules.append((contract, schedule))
            state.running.append(Task { await schedule.run() })
        }
        return schedule
    }

    func stop() { for task in state.withLock({ $0.running }) { task.cancel() } }

    /// Sets the clock to `start`, and waits for every key of that time.
    func arrive(for start: Ticks) async {
        clock.advance(milliseconds: max(0, start.milliseconds - clock.now))
        for (contract, schedule) in state.withLock({ $0.schedules }) {
            _ = await schedule.keys(for: KeyPeriod(contract.index(at: start)), until: .max)
        }
    }

    /// `keys.json`, and a file of 16 bytes for each key that players fetch by its URI.
    func write(below directory: String) throws {
        let keys = state.withLock { $0.keys }
        let folder = directory + "/keys"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (id, key) in keys { try Data(key).write(to: URL(fileURLWithPath: "\(folder)/\(id.hex)")) }
        let hex = Dictionary(uniqueKeysWithValues: keys.map { ($0.key.hex, KeyID(bytes: $0.value)?.hex ?? "") })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        try encoder.encode(hex).write(to: URL(fileURLWithPath: directory + "/keys.json"))
    }

    private func keys(_ contract: KeyContract, _ period: KeyPeriod) throws(KeyError) -> PeriodKeys {
        var entries: [(ContractEntry, TrackKey)] = []
        for entry in contract.entries {
            let id = KeyID.derived(
                contentID: contract.contentID, scheme: contract.scheme.rawValue, entry: entry.intendedTrackType,
                rotationIntervalSeconds: contract.rotationIntervalSeconds, period: period)
            let bytes = Array(sha256(Array("a key for tests ".utf8) + id.bytes).prefix(ContentKey.size))
            guard let key = ContentKey(bytes) else { throw KeyError(.invalidAnswer, "not a key") }
            state.withLock { $0.keys[id] = bytes }
            var signalling: [DRMSystemID: SystemSignalling] = [:]
            // From CHANNEL/ENDPOINT/TRACK/playlist.m3u8. What others need is for the packager to complete.
            if contract.systems.contains(.aes128) {
                signalling[.aes128] = SystemSignalling(keyURI: "../../../keys/\(id.hex)")
            }
            entries.append(
                (
                    entry,
                    TrackKey(
                        keyID: id, key: key, constantIV: InitializationVector.constantIV(keyID: id),
                        signalling: signalling)
                ))
        }
        return PeriodKeys(period, entries, unencrypted: contract.unencrypted)
    }
}
