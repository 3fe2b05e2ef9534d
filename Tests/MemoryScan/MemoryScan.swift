import Glibc
import Synchronization

/// Looks for secrets in this process's own memory.
package enum MemoryScan {
    package struct Failed: Error {}

    /// What is looked for, kept as its complement so that it does not find itself.
    package struct Needle: Sendable {
        private let complement: [UInt8]

        /// - Parameter bytes: at least 8; the caller's to wipe.
        package init(_ bytes: Span<UInt8>) {
            precondition(bytes.count >= 8, "shorter ones are found by chance")
            complement = (0..<bytes.count).map { ~bytes[$0] }
        }

        fileprivate var count: Int { complement.count }
        fileprivate var first: UInt8 { ~complement[0] }

        fileprivate func matches(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Bool {
            guard start + complement.count <= bytes.count else { return false }
            for place in complement.indices where bytes[start + place] != ~complement[place] { return false }
            return true
        }
    }

    /// What a scan reads is a copy, in which another would find what it looks for.
    private static let scanning = Mutex(())

    /// How often the needle lies in memory that this process can write to.
    package static func count(of needle: Needle) throws -> Int { try scanning.withLock { _ in try scan(for: needle) } }

    private static func scan(for needle: Needle) throws -> Int {
        let window = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer {
            explicit_bzero(window.baseAddress!, window.count)
            window.deallocate()
        }
        let memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC)
        guard memory >= 0 else { throw Failed() }
        defer { close(memory) }
        let own = UInt(bitPattern: window.baseAddress)..<UInt(bitPattern: window.baseAddress) + UInt(window.count)
        var found = 0
        for region in try writableRegions() {
            var start = region.lowerBound
            while start < region.upperBound {
                if own.contains(start) {
                    start = own.upperBound
                    continue
                }
                let limit = start < own.lowerBound ? min(region.upperBound, own.lowerBound) : region.upperBound
                let got = pread(memory, window.baseAddress, min(window.count, Int(limit - start)), off_t(start))
                // Gone since the list was made, or never readable.
                guard got > 0 else { break }
                found += occurrences(of: needle, in: UnsafeRawBufferPointer(rebasing: window[..<got]))
                // One that lies across two windows is found in the next.
                let step = start + UInt(got) < limit ? max(1, got - needle.count + 1) : got
                start += UInt(step)
            }
        }
        return found
    }

    private static func occurrences(of needle: Needle, in bytes: UnsafeRawBufferPointer) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        var found = 0
        var start = 0
        while start < bytes.count, let hit = memchr(base + start, Int32(needle.first), bytes.count - start) {
            let place = UnsafeRawPointer(hit) - base
            if needle.matches(bytes, at: place) { found += 1 }
            start = place + 1
        }
        return found
    }

    private static func writableRegions() throws -> [Range<UInt>] {
        guard let file = fopen("/proc/self/maps", "r") else { throw Failed() }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 4096)
        var regions: [Range<UInt>] = []
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let fields = text.split(separator: " ", maxSplits: 2)
            guard fields.count == 3, fields[1].hasPrefix("rw") else { continue }
            let bounds = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard bounds.count == 2, bounds[0] < bounds[1] else { continue }
            regions.append(bounds[0]..<bounds[1])
        }
        return regions
    }
}
