// swift-tools-version: 6.2
import PackageDescription

// The parsers of the main package, built once more for libFuzzer: with coverage and the address sanitizer, and without
// what they do not need. Its own package, because sanitizers are chosen for a whole build. Built by Tools/fuzz/run.

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableExperimentalFeature("Lifetimes"),
]

/// A target of the main package; of `files` only, where the others need what is not here.
func source(_ name: String, files: [String]? = nil, _ needs: Target.Dependency...) -> Target {
    .target(name: name, dependencies: needs, path: "Sources/\(name)", sources: files, swiftSettings: settings)
}

let package = Package(
    name: "fuzz",
    dependencies: [.package(url: "https://github.com/jpsim/Yams", from: "6.2.2")],
    targets: [
        .systemLibrary(name: "CFuzzer", path: "CFuzzer"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto"),
        .systemLibrary(name: "CIPSecMB"),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CXML2", pkgConfig: "libxml-2.0"),
        .systemLibrary(name: "CRTMP", pkgConfig: "librtmp"),
        source("Media"),
        source("OpenSSLCrypto", "COpenSSL"),
        source("IPSecMB", "CIPSecMB", "OpenSSLCrypto"),
        source("Files"),
        source("MediaMemory", "CLinux"),
        source("Sealing", "Files", "OpenSSLCrypto"),
        source("ChunkStream", "Media"),
        source("ISOBMFF", "Media"),
        source("CommonEncryption", "IPSecMB", "Media", "MediaMemory", "OpenSSLCrypto"),
        source("MPEGTS", "Media", "MediaMemory", "CommonEncryption"),
        source("CPIX", "Media", "CommonEncryption", "OpenSSLCrypto", "CXML2"),
        source("HLS", "Media"),
        source("DASH", "Media", "CXML2"),
        source("FLV", "Media"),
        source("Captions", "Media"),
        source("SCTE35", "Media"),
        source("RTMPServer", "Media", "FLV", "CRTMP"),
        source("ViewerTokens", "OpenSSLCrypto"),
        source("Settings", "Media", "OpenSSLCrypto", .product(name: "Yams", package: "Yams")),
        source(
            "Access",
            files: [
                "ForwardedAddresses.swift", "LoggedTarget.swift", "Network.swift", "RequestTarget.swift",
                "TrustedProxies.swift",
            ],
            "Settings"),
        source("Timeline", "Media", "MediaMemory", "Files", "ISOBMFF", "OpenSSLCrypto", "SCTE35", "Sealing"),
        source(
            "Packager",
            files: [
                "MediaPosition.swift", "Query/ManifestFilter.swift", "Query/ManifestQuery.swift",
                "Query/TimeShift.swift",
            ], "Media"),
        source(
            "Origin",
            files: [
                "CMCD.swift", "DeliveryDirectives.swift", "LoggedText.swift", "ProxyHeader.swift", "ResourcePath.swift",
            ], "Access", "Media", "Packager", "Settings"),
        source(
            "Probe",
            files: [
                "AVCPayload.swift", "CMAFSegment.swift", "Issue.swift", "Rule.swift", "SampleAESStreams.swift",
                "SampleUnprotector.swift", "SegmentFacts.swift", "TransportStreamCodecs.swift",
                "TransportStreamMedia.swift",
                "TransportStreamSegment.swift",
            ], "Media", "ISOBMFF", "CommonEncryption", "OpenSSLCrypto"),
        .executableTarget(
            name: "fuzz",
            dependencies: [
                "Access", "CFuzzer", "CRTMP", "Captions", "ChunkStream", "CommonEncryption", "CPIX", "DASH", "FLV",
                "HLS",
                "ISOBMFF",
                "MPEGTS",
                "Media", "OpenSSLCrypto", "Origin", "Packager", "Probe", "RTMPServer", "SCTE35", "Settings", "Timeline",
                "ViewerTokens",
            ],
            path: "Fuzz", swiftSettings: settings),
    ]
)
