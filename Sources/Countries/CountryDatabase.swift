import CMaxMindDB
import Glibc
import Synchronization

/// A MaxMind DB file that tells in which country an address is: GeoLite2-Country, GeoIP2-City and others like them.
///
/// What is read is a copy in memory, by any thread: whoever writes into the file, or cuts it off, changes nothing. As long
/// as the file stays what it is, all share one copy.
package final class CountryDatabase: @unchecked Sendable {  // why: read only after init
    private struct Weak {
        weak var database: CountryDatabase?
    }

    private static let shared = Mutex<[CountryFile.State: Weak]>([:])

    private let database: UnsafeMutableRawPointer

    private init(_ database: UnsafeMutableRawPointer) { self.database = database }

    /// - Throws: where the file cannot be read, or is none, or is larger than 1 GiB.
    package static func open(path: String) throws(CountryDatabaseError) -> CountryDatabase {
        let file = try CountryFile(path: path)
        if let database = shared.withLock({ $0[file.state]?.database }) { return database }
        let copy = try file.copy()
        var code: Int32 = 0
        let opened = sluice_country_database_open(copy.descriptor, &code)
        _ = consume copy
        guard let opened else {
            throw CountryDatabaseError(cause: .library(code), path: path)
        }
        let database = CountryDatabase(opened)
        shared.withLock { shared in
            shared = shared.filter { $0.value.database != nil }
            shared[file.state] = Weak(database: database)
        }
        return database
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
        /// `errno`.
        case system(Int32)
        /// libmaxminddb's own code.
        case library(Int32)
    }

    package let cause: Cause
    package let path: String

    package var description: String {
        switch cause {
        case .system(let code): "\(path): " + String(cString: strerror(code))
        case .library(let code):
            "\(path): " + (sluice_country_database_reason(code).map { String(cString: $0) } ?? "cannot be read")
        }
    }
}
