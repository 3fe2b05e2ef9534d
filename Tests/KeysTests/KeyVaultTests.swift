import CommonEncryption
import Foundation
import Keys
import Media
import OpenSSLCrypto
import Sealing
import Synchronization
import TestSupport
import Testing

/// Keys that outlive the process: what was kept comes back, and nothing of it shows on the disk.
@Suite(.timeLimit(.minutes(5))) struct KeyVaultTests {
    private let directory: TemporaryDirectory
    private let hostKey: HostKey
    private let contract = KeyContract(
        contentID: "a", scheme: .cbcs, rotationIntervalSeconds: 60, systems: [.fairPlay, .widevine])

    init() throws {
        directory = try TemporaryDirectory()
        var text = Array("00112233445566778899aabbccddeeff0f1e2d3c4b5a69788796a5b4c3d2e1f0".utf8)
        hostKey = try HostKey(parsing: &text)
    }

    private var path: String { directory.path + "/keys.sealed" }

    private func vault(_ contract: KeyContract? = nil) -> KeyVault {
        KeyVault(
            SealedFile(path: path, key: hostKey.key(for: .keys), context: ["content keys", "news"]),
            contract: contract ?? self.contract)
    }

    private func periods() throws -> [PeriodKeys] {
        try [KeyPeriod(7), KeyPeriod(7, edition: 2), .reserve(), KeyPeriod(.max)].map {
            try SyntheticKeys.keys(of: $0, systems: [.fairPlay, .widevine])
        }
    }

    @Test func whatIsKeptComesBack() throws {
        #expect(try vault().load().isEmpty)
        let kept = try periods()
        try vault().save(kept)
        let found = try vault().load()
        #expect(found.map(\.period) == kept.map(\.period))
        for (old, new) in zip(kept, found) {
            #expect(new.entries.map(\.entry) == old.entries.map(\.entry))
            for (a, b) in zip(old.entries.map(\.key), new.entries.map(\.key)) {
                #expect(a.keyID == b.keyID && a.key == b.key && a.constantIV == b.constantIV)
                #expect(a.signalling == b.signalling)
            }
        }
    }

    @Test func theDiskShowsNoKey() throws {
        try vault().save(try periods())
        let disk = try Data(contentsOf: URL(fileURLWithPath: path))
        for keys in try periods() {
            for (_, key) in keys.entries {
                let bytes = (0..<16).map { key.key.bytes[$0] }
                #expect(disk.range(of: Data(bytes)) == nil)
                #expect(disk.range(of: Data(key.keyID.bytes)) == nil)
            }
        }
    }

    @Test func anotherContractTakesNothing() throws {
        try vault().save(try periods())
        var other = contract
        other.entries = ContractEntry.video(preset: 2) + ContractEntry.audio(preset: 1)
        #expect(try vault(other).load().isEmpty)
    }

    /// With keys of minutes, many systems and a window of days a record would outgrow what is read back: the oldest go.
    @Test func whatDoesNotFitIsTheOldest() throws {
        let kept = try (1...5).map { index in
            try SyntheticKeys.keys(of: KeyPeriod(index)).mapKeys { key in
                var key = key
                key.signalling[.widevine] = SystemSignalling(
                    pssh: Array(repeating: UInt8(truncatingIfNeeded: index), count: 10 << 20))
                return key
            }
        }
        #expect(try vault().save(kept) == 2)
        #expect(try vault().load().map(\.period) == [3, 4, 5])
        #expect(try vault().save(Array(kept[..<3])) == 0)
        #expect(try vault().load().map(\.period) == [1, 2, 3])
    }

    /// A disk that fails at a start may be well later: the record stays where it is, is not written over, and counts.
    @Test func aRecordThatCannotBeReadNowIsReadLater() async throws {
        let clock = ManualClock(60 * 7 * 1000)
        let kept = try [KeyPeriod(6), KeyPeriod(7)].map {
            try SyntheticKeys.keys(of: $0, systems: [.fairPlay, .widevine])
        }
        try vault().save(kept)
        try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        let failures = Mutex(0)
        let schedule = KeySchedule(
            .init(rotationIntervalSeconds: 60, prefetchSeconds: 10, retentionSeconds: 600), clock: clock.keyClock,
            report: { if case .vaultFailed = $0 { failures.withLock { $0 += 1 } } }, vault: vault()
        ) { (period: KeyPeriod) async throws(KeyError) -> PeriodKeys in
            guard period == 8 else { throw KeyError(.unavailable, "away") }
            do { return try SyntheticKeys.keys(of: period) } catch { throw KeyError(.invalidAnswer, "\(error)") }
        }
        #expect(failures.withLock { $0 } == 1)
        let running = Task { await schedule.run() }
        let waiting = Task { await schedule.keys(for: 6, until: .max)?.period }
        _ = await schedule.keys(for: 8, until: .max)
        await schedule.saved()
        #expect(try directory.names(in: "") == ["keys.sealed", "keys.sealed.away"])
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: path + ".away", toPath: path)
        schedule.saveWhatFailed()
        await schedule.saved()
        try #require(schedule.held.map(\.period) == [6, 7, 8])
        #expect(await waiting.value == 6)
        #expect(try vault().load().map(\.period) == [6, 7, 8])
        running.cancel()
        await running.value
    }

    /// Another opening of the channel has the vault next: what was fetched is in it, and nothing comes after it.
    @Test func nothingIsKeptOnceTheVaultIsGivenUp() async throws {
        let schedule = KeySchedule(
            .init(rotationIntervalSeconds: 60, prefetchSeconds: 10, retentionSeconds: 600),
            clock: ManualClock(60 * 7 * 1000).keyClock, vault: vault()
        ) { (period: KeyPeriod) async throws(KeyError) -> PeriodKeys in
            do { return try SyntheticKeys.keys(of: period) } catch { throw KeyError(.invalidAnswer, "\(error)") }
        }
        let running = Task { await schedule.run() }
        for period in [7, 8] as [KeyPeriod] { _ = await schedule.keys(for: period, until: .max) }
        await schedule.giveUpVault()
        #expect(try vault().load().map(\.period) == [7, 8])
        _ = await schedule.keys(for: 6, until: .max)
        await schedule.saved()
        #expect(try vault().load().map(\.period) == [7, 8])
        running.cancel()
        await running.value
    }

    /// A viewer's token in a key's address is of the profile of now, not of when the key was fetched.
    @Test func whatIsSaidOfKeysIsNotKept() async throws {
        let clock = ManualClock(60 * 7 * 1000)
        func schedule(_ word: String) -> KeySchedule {
            KeySchedule(
                .init(rotationIntervalSeconds: 60, prefetchSeconds: 10, retentionSeconds: 600), clock: clock.keyClock,
                vault: vault(),
                present: { keys in
                    keys.mapKeys { key in
                        var key = key
                        key.signalling[.fairPlay]?.keyURI? += word
                        return key
                    }
                }
            ) { (period: KeyPeriod) async throws(KeyError) -> PeriodKeys in
                do { return try SyntheticKeys.keys(of: period, systems: [.fairPlay]) } catch {
                    throw KeyError(.invalidAnswer, "\(error)")
                }
            }
        }
        let first = schedule("?a")
        let running = Task { await first.run() }
        let before = try #require(await first.keys(for: 7, until: .max))
        let uri = try #require(before.video.signalling[.fairPlay]?.keyURI)
        #expect(uri.hasSuffix("?a"))
        await first.giveUpVault()
        running.cancel()
        await running.value
        #expect(schedule("?b").keys(for: 7)?.video.signalling[.fairPlay]?.keyURI == uri.dropLast() + "b")
    }

    /// The provider is away after a restart: what was held before is held again; a damaged record is put aside.
    @Test func aScheduleBeginsWithWhatWasKept() async throws {
        let clock = ManualClock(60 * 7 * 1000)
        let kept = Mutex(false)
        let (saved, continuation) = AsyncStream<Void>.makeStream()
        func schedule(_ isThere: Bool, _ report: @escaping @Sendable (KeySchedule.Event) -> Void) -> KeySchedule {
            KeySchedule(
                .init(rotationIntervalSeconds: 60, prefetchSeconds: 10, retentionSeconds: 600), clock: clock.keyClock,
                report: report, vault: vault()
            ) { (period: KeyPeriod) async throws(KeyError) -> PeriodKeys in
                guard isThere else { throw KeyError(.unavailable, "away") }
                do { return try SyntheticKeys.keys(of: period) } catch { throw KeyError(.invalidAnswer, "\(error)") }
            }
        }
        let first = schedule(true) { _ in }
        let running = Task { await first.run() }
        _ = await first.keys(for: 7, until: .max)
        _ = await first.keys(for: 8, until: .max)
        await first.saved()
        running.cancel()
        await running.value
        let second = schedule(false) { event in
            if case .restored(2) = event { kept.withLock { $0 = true } }
        }
        #expect(kept.withLock { $0 })
        #expect(second.keys(for: 7) != nil && second.keys(for: 8) != nil)
        try Data("broken".utf8).write(to: URL(fileURLWithPath: path))
        _ = schedule(false) { if case .vaultFailed = $0 { continuation.finish() } }
        for await _ in saved {}
        #expect(try directory.names(in: "").contains { $0 != "keys.sealed" })
    }
}
