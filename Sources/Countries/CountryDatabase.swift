import CMaxMindDB

/// A MaxMind DB file that tells in which country an address is: GeoLite2-Country, GeoIP2-City and others like them.
///
/// The library maps the file and reads it from any thread. A new one is to be renamed over it, never written into it.
package final class CountryDatabase: @unchecked Sendable {  // why: read only after init
    private let database: UnsafeMutableRawPointer

    package init(path: String) throws(CountryDatabaseError) {
        var code: Int32 = 0
        guard let database = sluice_country_database_open(path, &code) else {
            throw CountryDatabaseError(code: code, path: path)
        }
        self.database = database
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

/// A file that is no MaxMind DB: libmaxminddb's own code and words.
package struct CountryDatabaseError: Error, Sendable, Equatable, CustomStringConvertible {
    package let code: Int32
    package let path: String

    package var description: String {
        "\(path): " + (sluice_country_database_reason(code).map { String(cString: $0) } ?? "cannot be read")
    }
}
