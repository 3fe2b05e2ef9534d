import CommonEncryption
import Foundation
import ISOBMFF
import Media
import Testing

/// Files of every codec as we protect them, opened by FFmpeg: each sample must come out as it went in. Skipped where it
/// is not installed.
@Suite(.enabled(if: FFmpegProgram.isInstalled), .timeLimit(.minutes(5))) struct ForeignDecryptionTests {
    private static let names = [
        "high-cabac-slices", "hevc-slices-wpp", "av1-svt-tiles", "aac-lc", "ac3-stereo", "eac3-surround", "opus-stereo",
    ]
    private let keyID = KeyID(parsing: "01234567-89ab-cdef-0123-456789abcdef")

    /// A whole file: header and one fragment.
    private func file(_ fixture: Fixture, _ scheme: ProtectionScheme?) throws -> [UInt8] {
        let keyID = try #require(keyID)
        let isVideo = fixture.codec.kind == .video
        let track = Track(name: "t", timescale: isVideo ? 90000 : 48000, codec: fixture.codec)
        let duration: UInt32 = isVideo ? 3600 : 1024
        var samples: [Sample] = []
        for (index, data) in fixture.samples.enumerated() {
            samples.append(
                Sample(
                    decodeTime: Int64(index) * Int64(duration), compositionOffset: 0, duration: duration,
                    isSync: index == 0 || !isVideo, data: data))
        }
        let chunk = CMAFChunk.serialize(sequenceNumber: 1, samples: samples)
        guard let scheme else { return CMAFHeader(track: track).serialize() + chunk }

        let iv = Fixture.constantIV
        let protection: TrackProtection =
            scheme == .cenc ? .cenc(keyID: keyID) : .cbcs(keyID: keyID, constantIV: iv, kind: track.kind)
        let key = try #require(ContentKey(Fixture.key))
        var protector = try SampleProtector(
            scheme: scheme, key: key, codec: fixture.codec, constantIV: scheme == .cbcs ? iv : nil)
        var encryption = SampleEncryption(perSampleIVSize: scheme == .cenc ? 8 : 0, hasSubsamples: isVideo)
        var payload: [UInt8] = []
        for sample in samples {
            var data = sample.data
            let iv = InitializationVector.cencIV(trackIndex: 9, decodeTime: sample.decodeTime)
            let subsamples = try protector.protect(&data, iv: iv)
            var bytes = ByteWriter()
            if scheme == .cenc { bytes.write(iv) }
            encryption.append(iv: bytes.bytes, subsamples: subsamples[...])
            payload += data
        }
        var writer = ByteWriter()
        writer.write(bytes: CMAFHeader(track: track, protection: protection).serialize())
        let locations = try MovieFragmentTable(parsing: chunk.span).fragments[0].samples
        let isSaidInHeader = scheme == .cbcs && !isVideo
        FragmentWriter().write(
            sequenceNumber: 1, samples: locations, encryption: isSaidInHeader ? nil : encryption, to: &writer)
        writer.write(bytes: payload)
        return writer.bytes
    }

    @Test(arguments: names)
    func eachSampleComesOutAsItWentIn(name: String) throws {
        let fixture = try Fixture(name)
        let clear = try FFmpegProgram.packets(of: try file(fixture, nil))
        #expect(clear.count == fixture.samples.count)
        for scheme in [ProtectionScheme.cenc, .cbcs] {
            let protected = try file(fixture, scheme)
            #expect(try FFmpegProgram.packets(of: protected, key: hex(Fixture.key)) == clear, "\(scheme)")
            // A fragment in the clear would pass the line above.
            let raw = try file(fixture, nil)
            #expect(protected.suffix(raw.count / 2) != raw.suffix(raw.count / 2))
        }
    }
}

private enum FFmpegProgram {
    static let path = "/usr/bin/ffmpeg"
    static let isInstalled = FileManager.default.isExecutableFile(atPath: path)

    struct Failure: Error { let status: Int32 }

    /// Size and MD5 of every packet.
    static func packets(of file: [UInt8], key: String? = nil) throws -> [String] {
        let input = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString).mp4")
        try Data(file).write(to: input)
        defer { try? FileManager.default.removeItem(at: input) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments =
            ["-v", "error", "-nostdin"] + (key.map { ["-decryption_key", $0] } ?? [])
            + ["-i", input.path, "-map", "0:0", "-c", "copy", "-f", "framemd5", "-"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(status: process.terminationStatus) }
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            line.split(separator: ",").dropFirst(4).prefix(2).joined()
        }
    }
}
