import CommonEncryption
import IPSecMB
import MediaMemory
import OpenSSLCrypto
import Synchronization
import Testing

@testable import EncryptionDesk

@Suite struct EncryptionDeskTests {
    /// What was submitted, to be run when the test says so.
    private final class Threads: Sendable {
        private let waiting = Mutex<[@Sendable () -> Void]>([])

        var count: Int { waiting.withLock { $0.count } }

        func submit(_ run: @escaping @Sendable () -> Void) { waiting.withLock { $0.append(run) } }

        func runAll() {
            while true {
                guard let run = waiting.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else { return }
                run()
            }
        }
    }

    private final class Results: Sendable {
        private let outcomes = Mutex<[Int: EncryptionDesk.Outcome]>([:])

        func put(_ index: Int, _ outcome: EncryptionDesk.Outcome) { outcomes.withLock { $0[index] = outcome } }
        var count: Int { outcomes.withLock { $0.count } }
        func bytes(_ index: Int) throws -> [UInt8]? { try outcomes.withLock { $0[index] }?.get().array }
    }

    struct Message {
        let clear: [UInt8]
        let key: ContentKey
        let iv: [UInt8]
        let isInPlace: Bool

        init(_ count: Int, isInPlace: Bool) throws {
            clear = try randomBytes(count)
            key = try #require(ContentKey(try randomBytes(16)))
            iv = try randomBytes(16)
            self.isInPlace = isInPlace
        }

        func job() throws -> AES128Job {
            guard isInPlace else { return try AES128Job(of: MediaBytes(copying: clear.span), key: key, iv: iv) }
            var draft = MediaDraft(capacity: clear.count + 16)
            draft.append(clear.span)
            return try AES128Job(inPlace: draft, key: key, iv: iv)
        }

        var encrypted: [UInt8] { get throws { try AES128Segment.protect(clear.span, key: key, iv: iv) } }
    }

    private static let sizes = [
        0, 1, 15, 16, 17, 65_519, 65_520, 65_521, 131_040, 131_041, 200_000, 400_003, 70_000, 1 << 20, 65_504, 65_536,
        100_000,
    ]

    @Test(arguments: [true, false]) func manyAtATimeAreAsOneByOne(_ isInStep: Bool) throws {
        let (threads, results) = (Threads(), Results())
        let desk = EncryptionDesk(maximumRuns: 2, inStep: isInStep, submit: threads.submit)
        let messages = try Self.sizes.enumerated().map { try Message($1, isInPlace: $0 % 2 == 0) }
        for (index, message) in messages.enumerated() {
            desk.encrypt(try message.job()) { results.put(index, $0) }
        }
        #expect(results.count == 0 && threads.count <= 2)
        threads.runAll()
        for (index, message) in messages.enumerated() {
            #expect(try results.bytes(index) == message.encrypted, "\(message.clear.count) bytes")
            #expect(try message.job().encrypted().array == message.encrypted)
        }
        let counters = desk.counters
        #expect(counters.segments == UInt64(messages.count))
        #expect((counters.inStep > 8) == (isInStep && ChainsInStep.isPossible))
    }

    /// A single one is begun at once, and what comes while it is under way joins it.
    @Test func whatComesMeanwhileJoins() throws {
        let (threads, results) = (Threads(), Results())
        let desk = EncryptionDesk(maximumRuns: 1, submit: threads.submit)
        let (short, long, late) = (
            try Message(10, isInPlace: true), try Message(500_000, isInPlace: true),
            try Message(90_000, isInPlace: false)
        )
        let lateJob = try late.job()
        // Told of the short one, which is done first, somebody asks for another.
        desk.encrypt(try short.job()) { outcome in
            results.put(0, outcome)
            desk.encrypt(lateJob) { results.put(2, $0) }
        }
        #expect(threads.count == 1)
        desk.encrypt(try long.job()) { results.put(1, $0) }
        #expect(threads.count == 1 && desk.waiting == 2)
        threads.runAll()
        #expect(desk.waiting == 0)
        for (index, message) in [short, long, late].enumerated() {
            #expect(try results.bytes(index) == message.encrypted)
        }
        if ChainsInStep.isPossible { #expect(desk.counters == .init(segments: 3, inStep: 3)) }
        desk.encrypt(try short.job()) { results.put(3, $0) }
        #expect(threads.count == 1)
        threads.runAll()
        #expect(try results.bytes(3) == short.encrypted)
        #expect(desk.counters.segments == 4)
    }

    @Test func oneAloneIsNotInStep() throws {
        let (threads, results) = (Threads(), Results())
        let desk = EncryptionDesk(maximumRuns: 4, submit: threads.submit)
        let message = try Message(300_000, isInPlace: false)
        desk.encrypt(try message.job()) { results.put(0, $0) }
        threads.runAll()
        #expect(try results.bytes(0) == message.encrypted)
        #expect(desk.counters == .init(segments: 1, inStep: 0))
    }

    /// From many threads at once, with real ones beneath.
    @Test func threadsMayAskAsTheyLike() async throws {
        let desk = EncryptionDesk(maximumRuns: 2) { run in Task { run() } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<64 {
                let message = try Message(1000 + index * 4099, isInPlace: index % 3 == 0)
                group.addTask {
                    let job = try message.job()
                    let bytes = await withCheckedContinuation { continuation in
                        desk.encrypt(job) { continuation.resume(returning: try? $0.get().array) }
                    }
                    #expect(try bytes == message.encrypted)
                }
            }
            try await group.waitForAll()
        }
        #expect(desk.counters.segments == 64)
    }
}
