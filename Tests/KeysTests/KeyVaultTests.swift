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
@Suite(.timeLimit(.minutes(1))) struct KeyVaultTests {
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
