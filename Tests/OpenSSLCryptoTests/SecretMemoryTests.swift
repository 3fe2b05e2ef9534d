import Foundation
import Testing

@testable import OpenSSLCrypto

/// Where secrets lie, as the kernel tells it. One after the other: one of them fills the heap.
@Suite(.serialized) struct SecretMemoryTests {
    /// The flags and the locked size of the mapping that an address lies in.
    private func mapping(of address: UInt) throws -> (flags: Set<Substring>, lockedKilobytes: Int) {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/smaps"))
        let text = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
        var isInside = false
        var locked = 0
        for line in text.split(separator: "\n") {
            let range = line.prefix { $0 != " " }.split(separator: "-").map { UInt($0, radix: 16) }
            if range.count == 2, let start = range[0], let end = range[1] { isInside = (start..<end).contains(address) }
            guard isInside else { continue }
            if line.hasPrefix("Locked:") { locked = Int(line.split(separator: " ")[1]) ?? 0 }
            if line.hasPrefix("VmFlags:") { return (Set(line.split(separator: " ").dropFirst()), locked) }
        }
        return ([], 0)
    }

    @Test func secretsAreLockedAndInNoCoreFile() throws {
        let bytes: [UInt8] = [1, 2, 3]
        let secret = SecretBytes(copying: bytes.span)
        let address = secret.span.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
        let found = try mapping(of: address)
        switch SecretMemory.protection {
        case .locked:
            #expect(found.flags.contains("dd") && found.flags.contains("lo"))
            #expect(found.lockedKilobytes > 0)
        case .unlocked: #expect(found.flags.contains("dd"))
        case .ordinary: Issue.record("OpenSSL's secure heap could not be made here")
        }
        let count = secret.count
        #expect(count == 3)
    }

    /// The memory of a secret is zeros as soon as its last owner is gone.
    @Test func whatIsLetGoIsWiped() {
        var address: UnsafePointer<UInt8>?
        do {
            let bytes = [UInt8](repeating: 0xA7, count: 48)
            let secret = SecretBytes(copying: bytes.span)
            address = secret.span.withUnsafeBufferPointer { $0.baseAddress }
            #expect(address?[47] == 0xA7)
        }
        // The heap's own links lie in the first bytes of what is free.
        #expect((16..<48).allSatisfy { address?[$0] != 0xA7 })
    }

    @Test func aFullHeapGoesOnInOrdinaryMemory() {
        let large = (0..<3).map { index in
            let bytes = [UInt8](repeating: UInt8(index), count: SecretMemory.maximumBytes / 2 + 1)
            return SecretBytes(copying: bytes.span)
        }
        for (index, secret) in large.enumerated() {
            let (first, last) = (secret.span[0], secret.span[secret.count - 1])
            #expect(first == UInt8(index) && last == UInt8(index))
        }
    }

    @Test func theHeapKeepsWithinTheLimit() {
        #expect(SecretMemory.arenaSize(lockLimit: .max) == SecretMemory.maximumBytes)
        #expect(SecretMemory.arenaSize(lockLimit: 8 << 20) == SecretMemory.maximumBytes)
        #expect(SecretMemory.arenaSize(lockLimit: 100_000) == 65536)
        #expect(SecretMemory.arenaSize(lockLimit: 65536) == 65536)
        #expect(SecretMemory.arenaSize(lockLimit: 4096) == SecretMemory.maximumBytes)
        #expect(SecretMemory.arenaSize(lockLimit: 0) == SecretMemory.maximumBytes)
    }
}
