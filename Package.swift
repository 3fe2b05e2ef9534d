// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableExperimentalFeature("Lifetimes"),
    .treatAllWarnings(as: .error),
]

let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioHTTP2: Target.Dependency = .product(name: "NIOHTTP2", package: "swift-nio-http2")
let nioHPACK: Target.Dependency = .product(name: "NIOHPACK", package: "swift-nio-http2")
let nioExtras: Target.Dependency = .product(name: "NIOExtras", package: "swift-nio-extras")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let systemPackage: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let nioConcurrency: Target.Dependency = .product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

/// A target that only turns values into bytes or text and back: no I/O, no clock, raw loads marked one by one.
func format(_ name: String, _ needs: String...) -> Target {
    .target(
        name: name, dependencies: needs.map { .init(stringLiteral: $0) },
        swiftSettings: settings + [.strictMemorySafety()])
}

func tests(_ name: String, _ needs: Target.Dependency...) -> Target {
    .testTarget(name: name, dependencies: needs, swiftSettings: settings)
}

let package = Package(
    name: "sluice",
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    ],
    targets: [
        // 0 leaves
        format("Media"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(name: "OpenSSLCrypto", dependencies: ["COpenSSL"], swiftSettings: settings),
        .systemLibrary(name: "CIPSecMB", providers: [.apt(["libipsec-mb-dev"])]),
        .target(name: "IPSecMB", dependencies: ["CIPSecMB", "OpenSSLCrypto"], swiftSettings: settings),
        .target(name: "Files", swiftSettings: settings),
        .target(name: "MediaMemory", dependencies: ["CLinux"], swiftSettings: settings),

        .systemLibrary(name: "CLinux"),

        // 1 formats
        format("ChunkStream", "Media"),
        format("ISOBMFF", "Media"),
        format("MPEGTS", "Media", "MediaMemory", "CommonEncryption"),
        format("CommonEncryption", "IPSecMB", "Media", "MediaMemory", "OpenSSLCrypto"),
        .systemLibrary(name: "CXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
        format("CPIX", "Media", "CommonEncryption", "OpenSSLCrypto", "CXML2"),
        format("HLS", "Media"),
        format("DASH", "Media", "CXML2"),
        format("ProtectionSystems", "Media", "CommonEncryption", "DASH", "HLS", "ISOBMFF", "OpenSSLCrypto"),
        format("FLV", "Media"),
        format("Captions", "Media"),
        format("SCTE35", "Media"),

        // 2 adapters, each the only importer of one C library
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .target(name: "CurlHTTP", dependencies: ["CCurl"], swiftSettings: settings),
        .systemLibrary(name: "CRTMP", pkgConfig: "librtmp", providers: [.apt(["librtmp-dev"])]),
        .target(name: "RTMPServer", dependencies: ["Media", "FLV", "CRTMP"], swiftSettings: settings),
        .systemLibrary(
            name: "CFFmpeg", pkgConfig: "libavformat libavcodec libavutil libswscale libswresample",
            providers: [.apt(["libavformat-dev", "libavcodec-dev", "libswscale-dev", "libswresample-dev"])]),
        .target(name: "FFmpeg", dependencies: ["Media", "CFFmpeg"], swiftSettings: settings),

        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .target(name: "Confinement", dependencies: ["ChunkStream", "CLinux", "CSeccomp"], swiftSettings: settings),

        .target(name: "Sealing", dependencies: ["Files", "OpenSSLCrypto"], swiftSettings: settings),

        .target(name: "ViewerTokens", dependencies: ["OpenSSLCrypto"], swiftSettings: settings),

        .target(
            name: "EncryptionDesk", dependencies: ["IPSecMB", "CommonEncryption", "MediaMemory", "OpenSSLCrypto"],
            swiftSettings: settings),

        // 3 services
        .target(name: "Settings", dependencies: ["Media", "OpenSSLCrypto", yams], swiftSettings: settings),
        .systemLibrary(
            name: "CMaxMindDB", pkgConfig: "libmaxminddb", providers: [.apt(["libmaxminddb-dev"])]),
        .target(name: "Countries", dependencies: ["CLinux", "CMaxMindDB", "Files"], swiftSettings: settings),
        .target(
            name: "Access", dependencies: ["Countries", "Files", "OpenSSLCrypto", "Settings", "ViewerTokens"],
            swiftSettings: settings),
        .target(
            name: "Timeline",
            dependencies: ["Media", "MediaMemory", "Files", "ISOBMFF", "OpenSSLCrypto", "SCTE35", "Sealing"],
            swiftSettings: settings),
        .target(
            name: "Keys",
            dependencies: [
                "Media", "CommonEncryption", "CPIX", "CurlHTTP", "HLS", "ISOBMFF", "OpenSSLCrypto", "ProtectionSystems",
                "Sealing",
            ],
            swiftSettings: settings),
        .target(
            name: "Slate", dependencies: ["Media", "ChunkStream", "ISOBMFF", "OpenSSLCrypto", "Timeline"],
            swiftSettings: settings),
        .target(
            name: "Packager",
            dependencies: [
                "Media", "MediaMemory", "ISOBMFF", "MPEGTS", "HLS", "DASH", "CommonEncryption", "ProtectionSystems",
                "Keys",
                "SCTE35",
                "Settings",
                "Slate",
                "Timeline",
            ],
            swiftSettings: settings),

        .target(name: "Transcode", dependencies: ["Media", "Captions", "FFmpeg", "ISOBMFF"], swiftSettings: settings),
        .target(
            name: "Ingest",
            dependencies: [
                "Media", "CLinux", "FFmpeg", "FLV", "ISOBMFF", "ChunkStream", "RTMPServer", "SCTE35", "Transcode",
            ],
            swiftSettings: settings),

        .target(name: "ServerTLS", dependencies: ["Settings", logging, nioSSL], swiftSettings: settings),

        // 4 live
        .target(
            name: "PublishGuard", dependencies: ["DASH", "HLS", "Media"], swiftSettings: settings),
        .target(
            name: "Live",
            dependencies: [
                "Media", "CPIX", "CurlHTTP", "Files", "Keys", "OpenSSLCrypto", "Packager", "PublishGuard", "Sealing",
                "Settings", "Slate", "Timeline", "ViewerTokens", logging,
            ],
            swiftSettings: settings),
        .target(
            name: "Supervisor",
            dependencies: [
                "Media", "ChunkStream", "CLinux", "CurlHTTP", "FLV", "Live", "OpenSSLCrypto", "ServerTLS", "Settings",
                "Slate", "Timeline",
                subprocess, systemPackage, logging, nio, nioPosix, nioSSL, nioTLS,
            ],
            swiftSettings: settings),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(
            name: "Origin",
            dependencies: [
                "Access", "DASH", "EncryptionDesk", "Files", "Media", "MediaMemory", "Live", "Keys", "Packager",
                "PublishGuard", "ServerTLS", "Settings",
                "Slate", "Timeline", "ViewerTokens",
                "OpenSSLCrypto", "CZlib", nio, nioPosix, nioHTTP1, nioHTTP2, nioSSL, nioConcurrency, nioExtras,
            ],
            swiftSettings: settings),

        .target(
            name: "Harvest",
            dependencies: [
                "Media", "CurlHTTP", "Files", "Live", "OpenSSLCrypto", "Packager", "Settings", "Timeline", logging,
                nioPosix,
            ],
            swiftSettings: settings),

        .target(
            name: "Admin",
            dependencies: [
                "Access", "Media", "ChunkStream", "Harvest", "Keys", "Live", "Origin", "Packager", "PublishGuard",
                "SCTE35",
                "Settings",
                "Supervisor",
                "Timeline",
                hummingbird,
                httpTypes,
                logging,
                nio,
                nioPosix,
            ],
            swiftSettings: settings),

        .target(
            name: "Probe",
            dependencies: [
                "Media", "ISOBMFF", "HLS", "DASH", "CommonEncryption", "OpenSSLCrypto", "SCTE35", "CurlHTTP",
            ],
            swiftSettings: settings),

        // 5 programs
        .executableTarget(
            name: "sluice-ingest", dependencies: ["ChunkStream", "Confinement", "FFmpeg", "Ingest", "RTMPServer"],
            swiftSettings: settings),
        .executableTarget(
            name: "sluice",
            dependencies: [
                "Access", "Admin", "ChunkStream", "CLinux", "CurlHTTP", "Files", "Harvest", "Keys", "Live",
                "OpenSSLCrypto",
                "Origin",
                "Probe", "Sealing", "ServerTLS",
                "Settings",
                "Slate", "Supervisor", "Timeline", "ViewerTokens",
                argumentParser, lifecycle, unixSignals, logging, nio, nioPosix, subprocess, systemPackage,
            ],
            swiftSettings: settings),
        .target(
            name: "KeyServer",
            dependencies: [
                "Media", "CommonEncryption", "CPIX", "DASH", "HLS", "ISOBMFF", "OpenSSLCrypto", "ProtectionSystems",
                "Settings", "ViewerTokens", hummingbird, lifecycle, logging, nio, httpTypes, unixSignals,
            ],
            path: "Tools/KeyServer", swiftSettings: settings),
        .executableTarget(
            name: "sluice-keyserver", dependencies: ["KeyServer", "Settings", argumentParser, logging, nio],
            path: "Tools/sluice-keyserver",
            swiftSettings: settings),
        .executableTarget(name: "boxdump", dependencies: ["ISOBMFF"], path: "Tools/boxdump", swiftSettings: settings),
        .executableTarget(
            name: "ladder-bench", dependencies: ["Media", "FLV", "FFmpeg", "Transcode"], path: "Tools/ladder-bench",
            swiftSettings: settings),
        .executableTarget(
            name: "package-bench",
            dependencies: [
                "Media", "MediaMemory", "CommonEncryption", "Files", "ISOBMFF", "Keys", "MPEGTS", "OpenSSLCrypto",
                "Packager", "PublishGuard", "Sealing", "Settings", "TestSupport", "Timeline",
            ],
            path: "Tools/package-bench", swiftSettings: settings),
        .target(name: "LoopbackSocket", path: "Tools/loopback-socket", swiftSettings: settings),
        .executableTarget(
            name: "hot-path", dependencies: ["LoopbackSocket", "Origin", "Access", "Live", nio, nioPosix, nioHTTP1],
            path: "Tools/hot-path", swiftSettings: settings),
        .executableTarget(
            name: "low-latency-clients", dependencies: ["CLinux", "LoopbackSocket"], path: "Tools/low-latency-clients",
            swiftSettings: settings),
        .executableTarget(
            name: "fill-window", dependencies: ["Media", "Sealing", "TestSupport", "Timeline"],
            path: "Tools/fill-window", swiftSettings: settings),
        .executableTarget(
            name: "package-clips",
            dependencies: [
                "CommonEncryption", "ISOBMFF", "Keys", "Live", "Media", "OpenSSLCrypto", "Origin", "Packager",
                "Settings",
                "TestSupport", "Timeline", logging, nio, nioHTTP1, nioPosix,
            ],
            path: "Tools/package-clips", swiftSettings: settings),
        .executableTarget(
            name: "nio-floor", dependencies: [nio, nioPosix, nioHTTP1, nioHTTP2, nioHPACK, nioSSL, nioTLS],
            path: "Tools/nio-floor", swiftSettings: settings),

        // tests
        .systemLibrary(
            name: "CTestTLS", path: "Tests/CTestTLS", pkgConfig: "libssl", providers: [.apt(["libssl-dev"])]),
        .target(
            name: "LoopbackServer", dependencies: ["CTestTLS"], path: "Tests/LoopbackServer", swiftSettings: settings),
        .target(name: "TestClips", path: "Tests/TestClips", swiftSettings: settings),
        tests("MediaTests", "Media"),
        tests("MediaMemoryTests", "MediaMemory", "LoopbackSocket"),
        tests("ChunkStreamTests", "ChunkStream", "Media"),
        tests("OpenSSLCryptoTests", "OpenSSLCrypto"),
        .testTarget(
            name: "CommonEncryptionTests",
            dependencies: ["CommonEncryption", "ISOBMFF", "Media", "MediaMemory", "OpenSSLCrypto"],
            exclude: ["Fixtures"], swiftSettings: settings),
        tests("IPSecMBTests", "IPSecMB", "OpenSSLCrypto"),
        tests("EncryptionDeskTests", "EncryptionDesk", "CommonEncryption", "IPSecMB", "MediaMemory", "OpenSSLCrypto"),
        tests("ISOBMFFTests", "ISOBMFF", "Media"),
        tests("SCTE35Tests", "SCTE35", "Media"),
        tests("MPEGTSTests", "MPEGTS", "CommonEncryption", "Media", "MediaMemory"),
        tests("HLSTests", "HLS", "Media"),
        tests("DASHTests", "DASH", "Media"),
        tests("ProtectionSystemsTests", "ProtectionSystems", "CommonEncryption", "DASH", "HLS", "ISOBMFF", "Media"),
        tests("ViewerTokensTests", "ViewerTokens", "OpenSSLCrypto"),
        .testTarget(
            name: "CountriesTests", dependencies: ["Countries"], exclude: ["Fixtures"], swiftSettings: settings),
        tests("AccessTests", "Access", "OpenSSLCrypto", "Settings", "TestSupport", "ViewerTokens"),
        .testTarget(
            name: "FLVTests", dependencies: ["FLV", "Media", "TestSupport"], exclude: ["Fixtures"],
            swiftSettings: settings),
        tests("RTMPServerTests", "RTMPServer", "FLV", "Media", "CRTMP", "TestSupport"),
        tests("ConfinementTests", "Confinement", "ChunkStream"),
        tests("FFmpegTests", "FFmpeg", "Media", "TestClips"),
        tests("CaptionsTests", "Captions", "Media"),
        tests("TranscodeTests", "Transcode", "Captions", "FFmpeg", "ISOBMFF", "Media", "TestClips"),
        tests("SettingsTests", "Settings", "Media"),
        .target(name: "MemoryScan", path: "Tests/MemoryScan", swiftSettings: settings),
        tests("CurlHTTPTests", "CurlHTTP", "LoopbackServer", "MemoryScan", "OpenSSLCrypto"),
        tests(
            "ProbeTests", "Probe", "Media", "ISOBMFF", "MPEGTS", "HLS", "DASH", "CommonEncryption", "CurlHTTP",
            "MediaMemory",
            "LoopbackServer"),
        tests("CPIXTests", "CPIX", "CommonEncryption", "Media", "MemoryScan", "OpenSSLCrypto"),
        tests(
            "KeysTests", "Keys", "KeyServer", "CPIX", "CurlHTTP", "CommonEncryption", "Media", "OpenSSLCrypto",
            "Sealing",
            "LoopbackServer", "TestKeyServer", "TestSupport", logging),
        .target(
            name: "TestKeyServer", dependencies: ["KeyServer", logging], path: "Tests/TestKeyServer",
            swiftSettings: settings),
        tests(
            "KeyServerTests", "KeyServer", "CPIX", "CommonEncryption", "CurlHTTP", "HLS", "ISOBMFF", "Media",
            "OpenSSLCrypto", "ProtectionSystems", "TestKeyServer", "TestSupport", "ViewerTokens", logging),
        .target(
            name: "TestSupport",
            dependencies: [
                "ChunkStream", "CommonEncryption", "Files", "ISOBMFF", "Keys", "Media", "MediaMemory", "Slate",
                "Timeline",
            ],
            path: "Tests/TestSupport", swiftSettings: settings),
        tests("SlateTests", "Slate", "ChunkStream", "ISOBMFF", "Media", "TestSupport", "Timeline"),
        tests("FilesTests", "Files", "TestSupport"),
        tests("SealingTests", "Sealing", "Files", "OpenSSLCrypto", "TestSupport"),
        tests(
            "TimelineTests", "Timeline", "Files", "OpenSSLCrypto", "SCTE35", "Sealing", "ISOBMFF", "Media",
            "MediaMemory",
            "TestSupport"),
        tests(
            "PackagerTests", "Packager", "CommonEncryption", "DASH", "HLS", "ISOBMFF", "Keys", "Media", "MediaMemory",
            "PublishGuard",
            "SCTE35", "Settings", "Slate", "TestSupport", "Timeline"),
        tests(
            "LiveTests", "Live", "CPIX", "CurlHTTP", "Files", "ISOBMFF", "Keys", "Media", "Packager", "Settings",
            "Slate", "TestSupport",
            "Timeline", logging),
        tests(
            "OriginTests", "Origin", "Access", "DASH", "HLS", "Keys", "Live", "Media", "MediaMemory", "Packager",
            "Settings",
            "TestSupport",
            "Timeline", "LoopbackServer", "LoopbackSocket", "ServerTLS", logging, nio, nioConcurrency, nioEmbedded,
            nioHTTP1, nioHTTP2,
            nioHPACK, nioPosix, nioSSL, nioTLS, "ViewerTokens"),
        tests(
            "HarvestTests", "Harvest", "CurlHTTP", "DASH", "HLS", "Keys", "Live", "LoopbackServer", "Media", "Packager",
            "Settings", "TestSupport", "Timeline", logging, nioPosix),
        tests(
            "SupervisorTests", "Supervisor", "CLinux", "ChunkStream", "Live", "LoopbackServer", "Media",
            "OpenSSLCrypto",
            "Packager",
            "Settings", "Slate", "TestSupport", "Timeline", logging),
        tests(
            "IngestTests", "Ingest", "ChunkStream", "FFmpeg", "FLV", "ISOBMFF", "Media", "RTMPServer", "SCTE35",
            "Slate",
            "TestClips", "TestSupport", "Timeline", "Transcode"),
    ]
)
