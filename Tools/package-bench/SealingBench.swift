import Files
import Foundation
import ISOBMFF
import Media
import MediaMemory
import OpenSSLCrypto
import Sealing
import Timeline

/// Times what lies between a segment and the disk: sealing, opening, files clear and sealed, and the flushed journal.
/// One thread. Files go to the temporary directory; what its disk does is in the figures.
enum SealingBench {
    static func main(rounds: Int) throws {
        let host = try hostKey()
        let key = host.key(for: .segments)
        print("medians of \(rounds)")
        for size in [4096, 65536, 1 << 20, 4 << 20] {
            let plain = try randomBytes(size)
            let context = ["segment", "bench", "720p", "800000000"]
            let sealed = try key.seal(plain.span, context: context)
            report("seal \(size) B", size, try median(rounds) { _ in _ = try key.seal(plain.span, context: context) })
            report("open \(size) B", size, median(rounds) { _ in _ = key.open(sealed.span, context: context) })
        }
        let directory = NSTemporaryDirectory() + "sealing-bench-\(ProcessInfo.processInfo.processIdentifier)"
        try PlainFile.makeDirectory(directory + "/v")
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let sample = Sample(
            decodeTime: 0, compositionOffset: 0, duration: 1, isSync: true, data: try randomBytes(2_500_000))
        let media = try ClearMedia(copying: CMAFChunk.serialize(sequenceNumber: 1, samples: [sample]))
        for (name, seal) in [("clear", nil), ("sealed", WindowSeal(key: key, channel: "bench"))]
            as [(String, WindowSeal?)]
        {
            // Memory for one segment: each read comes from the file.
            let store = SegmentStore(directory: directory, seal: seal, memoryBytes: 1, disk: DiskQueue())
            let put = median(rounds) {
                let key = SegmentStore.Key(segment: UInt64($0), track: "v")
                _ = store.keep(key, media)
                _ = store.save(key)
            }
            let get = try median(rounds - 1) { _ = try store.get(.init(segment: UInt64($0), track: "v"), store.form) }
            report("write 4 s at 5 Mb/s, \(name)", media.bytes.count, put)
            report("read it from the page cache, \(name)", media.bytes.count, get)
        }
        let line = [UInt8](repeating: 0x61, count: 600)
        try PlainFile.replace(line, at: directory + "/journal")
        for durability in [PlainFile.Durability.cached, .flushed] {
            let time = try median(rounds) { _ in
                _ = try PlainFile.append(line, to: directory + "/journal", durability)
            }
            report("journal line, \(durability)", line.count, time)
        }
    }

    private static func hostKey() throws -> HostKey {
        var text = try randomBytes(HostKey.size)
        return try HostKey(parsing: &text)
    }

    private static func median(_ rounds: Int, _ body: (Int) throws -> Void) rethrows -> Double {
        var times: [Double] = []
        for round in 0..<max(rounds, 1) {
            let start = ContinuousClock.now
            try body(round)
            let elapsed = ContinuousClock.now - start
            times.append(Double(elapsed.components.attoseconds) / 1e15 + Double(elapsed.components.seconds) * 1e3)
        }
        return times.sorted()[times.count / 2]
    }

    private static func report(_ name: String, _ bytes: Int, _ milliseconds: Double) {
        let rate = milliseconds > 0 ? Double(bytes) / milliseconds / 1e6 : 0
        print(
            name + String(repeating: " ", count: max(1, 40 - name.count))
                + String(format: "%9.4f ms %8.2f GB/s", milliseconds, rate))
    }
}
