import CFuzzer
import Glibc

/// Runs libFuzzer on the target that `SLUICE_FUZZ_TARGET` names, with libFuzzer's own arguments; `list` prints the names.
///
/// By the environment, because libFuzzer starts itself anew with its arguments for some jobs. Not `main`, which
/// libFuzzer's runtime has too: this is the name by which SwiftPM links a program's entry.
@_cdecl("fuzz_main")
public func start(
    _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
    let name = getenv("SLUICE_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    if name == "list" {
        for target in FuzzTarget.all { puts(target.name) }
        return 0
    }
    guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
        complain("SLUICE_FUZZ_TARGET names no target")
        return 2
    }
    chosen = target.run
    var count = count
    var arguments = arguments
    return LLVMFuzzerRunDriver(&count, &arguments, test)
}

@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    chosen([UInt8](UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}

nonisolated(unsafe) private var chosen: @Sendable ([UInt8]) -> Void = { _ in }  // why: written once, before all reads

/// One parser that bytes of strangers reach.
struct FuzzTarget: Sendable {
    let name: String
    /// Returns for every input; a trap, a report of the address sanitizer or a time-out is a finding.
    let run: @Sendable ([UInt8]) -> Void

    static let all = [
        chunkGuard, rtmpRead, amf, conversation, flv, chunkStream, cmafHeader, cmafChunk, sheet, avcSamples,
        hevcSamples,
        av1Samples, codecRecords, transportMuxer, profile, daemonConfiguration, cpix, hls, dash, transportStream,
        resourcePath, viewerToken, splice, cuePoint, captions, proxyHeader, forwarded, logged,
    ]
}

/// Says what does not hold, and crashes.
func require(_ condition: Bool, _ text: @autoclosure () -> String) {
    guard !condition else { return }
    complain("does not hold: \(text())")
    abort()
}

private func complain(_ text: String) {
    _ = Array("\(text)\n".utf8).withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
}
