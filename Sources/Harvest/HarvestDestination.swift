import Files
import NIOPosix

import class Foundation.FileManager

/// Where harvests are written to.
package struct HarvestDestination: Sendable {
    package enum Place: Sendable {
        /// The path of a folder, which is made where it is missing.
        case directory(String)
        /// An S3-compatible bucket.
        case bucket(S3Bucket)
    }

    package let place: Place
    /// Whether what a profile protects may be written here without protection.
    package let takesClear: Bool

    package init(_ place: Place, takesClear: Bool) {
        self.place = place
        self.takesClear = takesClear
    }

    /// Writes a file whole, or not at all; one that is there is replaced.
    ///
    /// - Parameters:
    ///   - path: relative, of names without `..`.
    ///   - cacheControl: what caches are told, where the destination says it by itself.
    ///   - threads: those that may wait for disks.
    func write(
        _ bytes: [UInt8], to path: String, contentType: String, cacheControl: String, threads: NIOThreadPool
    ) async throws(HarvestFailure) {
        switch place {
        case .directory(let directory):
            let file = "\(directory)/\(path)"
            let folder = file.prefix(upTo: file.lastIndex(of: "/") ?? file.endIndex)
            do {
                try await threads.runIfActive {
                    try Self.write(bytes, to: file, in: String(folder))
                }
            } catch {
                throw HarvestFailure("cannot write \(file): \(error)")
            }
        case .bucket(let bucket):
            try await bucket.put(bytes, at: path, contentType: contentType, cacheControl: cacheControl)
        }
    }

    private static func write(_ bytes: [UInt8], to file: String, in folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Others are to read it, such as a web server: the folder says who may come here at all.
        try PlainFile.replace(bytes, at: file, isForOthers: true)
    }

    /// A file's whole address.
    func address(of path: String) -> String {
        switch place {
        case .directory(let directory): "\(directory)/\(path)"
        case .bucket(let bucket): "\(bucket.url)/\(path)"
        }
    }
}

/// Why a harvest ended before its time, in a line for an operator.
package struct HarvestFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
