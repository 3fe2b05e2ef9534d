import Foundation

/// Certificates by the `openssl` program, in a folder of their own, which `remove` deletes.
package struct TestCertificates: Sendable {
    package struct Pair: Sendable {
        package let certificate: String
        package let key: String
    }

    package struct ProgramFailed: Error {}

    package static let program = "/usr/bin/openssl"
    /// For `.enabled(if:)`.
    package static var arePossible: Bool { FileManager.default.isExecutableFile(atPath: program) }

    private let folder: URL

    package init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "certificates-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// Where a file of this name would lie.
    package func path(_ name: String) -> String { folder.appending(path: name).path }

    package func remove() throws { try FileManager.default.removeItem(at: folder) }

    /// A self-signed RSA certificate for 127.0.0.1.
    package func make(_ name: String, bits: Int = 2048) throws -> Pair {
        let pair = Pair(
            certificate: path("\(name).crt"), key: path("\(name).key"))
        try Self.run([
            "req", "-x509", "-newkey", "rsa:\(bits)", "-nodes", "-days", "2", "-subj", "/CN=\(name)", "-addext",
            "subjectAltName=IP:127.0.0.1", "-keyout", pair.key, "-out", pair.certificate,
        ])
        return pair
    }

    package static func run(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw ProgramFailed() }
    }
}
