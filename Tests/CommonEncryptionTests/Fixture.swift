import Foundation
import Media

/// One case of Fixtures/: clear samples, and what Shaka Packager made of them.
struct Fixture {
    struct Expectation {
        /// Empty for cbcs.
        var iv: String
        var subsamples: [Subsample]
        var sha256: String
    }

    static let videos = [
        "high-cabac-slices", "baseline-cavlc", "main-mbaff", "high422-cqm", "high444-refresh", "fade-weights",
        "tiny-skip",
    ]
    static let hevc = [
        "hevc-slices-wpp", "hevc-main10-hrd", "hevc-444-lossless", "hevc-fade", "hevc-refresh", "hevc-skip",
    ]
    static let av1 = [
        "av1-svt", "av1-svt-tiles", "av1-aom-tiles", "av1-aom-groups", "av1-aom-screen", "av1-aom-motion",
        "av1-aom-lossless",
        "av1-aom-10bit", "av1-aom-mono", "av1-rav1e", "av1-aomenc-sizes", "av1-aomenc-switch", "av1-aomenc-forward",
    ]
    static let audio = ["aac-lc", "ac3-stereo", "eac3-surround", "opus-stereo"]
    static let all = videos + hevc + av1 + audio
    static let key: [UInt8] = (0..<16).map { $0 * 0x11 }
    static let firstIV: UInt64 = 0x1122_3344_5566_7700
    static let constantIV: [UInt8] = (0..<16).map { 0xA0 + $0 }

    let codec: CodecConfiguration
    let samples: [[UInt8]]
    private let name: String

    init(_ name: String) throws {
        self.name = name
        let bytes = [UInt8](try Data(contentsOf: Self.directory.appending(path: "\(name).samples")))
        var reader = ByteReader(bytes.span)
        let record = try reader.readBytes(Int(try reader.read(UInt16.self)))
        codec =
            switch name.prefix(while: { $0 != "-" }) {
            case "hevc": .hevc(try HEVCDecoderConfigurationRecord(parsing: record), width: 192, height: 128)
            case "av1": .av1(try AV1CodecConfigurationRecord(parsing: record), width: 192, height: 128)
            case "ac3": .ac3(try AC3Configuration(parsing: record))
            case "eac3": .eac3(try EAC3Configuration(parsing: record))
            case "opus": .opus(try OpusConfiguration(parsing: record))
            case "aac": .aac(try AudioSpecificConfig(parsing: record))
            default: .avc(try AVCDecoderConfigurationRecord(parsing: record), width: 320, height: 180)
            }
        var samples: [[UInt8]] = []
        for _ in 0..<(try reader.read(UInt16.self)) {
            samples.append(try reader.readBytes(Int(try reader.read(UInt32.self))))
        }
        self.samples = samples
    }

    func expectations(_ scheme: ProtectionScheme) throws -> [Expectation] {
        let text = try String(
            contentsOf: Self.directory.appending(path: "\(name).\(scheme.rawValue).txt"), encoding: .utf8)
        return text.split(separator: "\n").map { line in
            let fields = line.split(separator: " ").map(String.init)
            let runs = fields[1] == "-" ? [] : fields[1].split(separator: ",").map { $0.split(separator: ":") }
            return Expectation(
                iv: fields[0] == "-" ? "" : fields[0],
                subsamples: runs.map { Subsample(clear: UInt16($0[0]) ?? 0, protected: UInt32($0[1]) ?? 0) },
                sha256: fields[2])
        }
    }

    private static let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
}

func hex(_ bytes: [UInt8]) -> String {
    bytes.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
}
