import CLinux
import CMaxMindDB
package import Files
import Glibc
import Synchronization

/// A MaxMind DB file that tells in which country an address is: GeoLite2-Country, GeoIP2-City and others like them.
///
/// What is read is a copy in memory, by any thread: whoever writes into the file, or cuts it off, changes nothing. All who
/// want the same version of a file share one.
package final class CountryDatabase: @unchecked Sendable {  // why: read only after init
    private struct Key: Hashable {
        let path, version: String
    }

    private struct Weak {
        weak var database: CountryDatabase?
    }

    private static let shared = Mutex<[Key: Weak]>([:])
    /// Ten times the largest that there is.
    private static let maximumBytes = 1 << 30

    private let database: UnsafeMutableRawPointer

    private init(_ database: UnsafeMutableRawPointer) { self.database = database }

    /// - Parameter version: changes when another file is put in its place.
    /// - Throws: where the file cannot be read, or is none, or is larger than 1 GiB.
    package static func open(path: String, version: String) throws(CountryDatabaseError) -> CountryDatabase {
        let key = Key(path: path, version: version)
        if let database = shared.withLock({ $0[key]?.database }) { return database }
        let database = try CountryDatabase(copying: path)
        shared.withLock { shared in
            shared = shared.filter { $0.value.database != nil }
            shared[key] = Weak(database: database)
        }
        return database
    }

    private convenience init(copying path: String) throws(CountryDatabaseError) {
        let memory = memfd_create("countries", 1)  // why: 1 is close on exec
        guard memory >= 0 else {
            throw CountryDatabaseError(
                cause: .file(FileError(operation: "memfd_create", path: path, code: errno)), path: path)
        }
        defer { close(memory) }
        let copy = "/proc/self/fd/\(memory)"
        do throws(FileError) {
            try PlainFile.write(try PlainFile.read(path, atMost: Self.maximumBytes), to: copy)
        } catch { throw CountryDatabaseError(cause: .file(error), path: path) }
        var code: Int32 = 0
        guard let database = sluice_country_database_open(copy, &code) else {
            throw CountryDatabaseError(cause: .library(code), path: path)
        }
        self.init(database)
    }

    deinit { sluice_country_database_close(database) }

    /// ISO 3166-1 alpha-2 as it is there; nil where the database says nothing of the address.
    ///
    /// - Parameter address: 4 or 16 bytes, in network order; others are nowhere.
    package func country(of address: [UInt8]) -> (UInt8, UInt8)? {
        guard address.count == 4 || address.count == 16 else { return nil }
        var letters: (UInt8, UInt8) = (0, 0)
        let isFound = withUnsafeMutableBytes(of: &letters) { letters in
            sluice_country_database_find(
                database, address, Int32(address.count), letters.assumingMemoryBound(to: UInt8.self).baseAddress)
        }
        return isFound ? letters : nil
    }
}

/// A file that cannot be read, or is no MaxMind DB.
package struct CountryDatabaseError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Cause: Sendable, Equatable {
        case file(FileError)
        /// libmaxminddb's own code.
        case library(Int32)
    }

    package let cause: Cause
    package let path: String

    package var description: String {
        switch cause {
        case .file(let error): "\(error)"
        case .library(let code):
            "\(path): " + (sluice_country_database_reason(code).map { String(cString: $0) } ?? "cannot be read")
        }
    }
}
