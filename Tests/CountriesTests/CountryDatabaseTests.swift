import Countries
import Foundation
import Testing

/// `Fixtures/countries.mmdb`, which `Fixtures/make.py` has made.
@Suite struct CountryDatabaseTests {
    private static let path = URL(filePath: #filePath).deletingLastPathComponent().path + "/Fixtures/countries.mmdb"

    private func country(_ address: [UInt8]) throws -> String? {
        try CountryDatabase.open(path: Self.path, version: "1").country(of: address).map {
            String(decoding: [$0.0, $0.1], as: UTF8.self)
        }
    }

    @Test(
        arguments: [
            ([192, 0, 2, 7], "CH"), ([192, 0, 2, 200], "NO"), ([198, 51, 100, 1], nil), ([203, 0, 113, 1], nil),
            ([10, 0, 0, 1], nil), ([0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], "DE"),
            ([0x20, 1, 0x0D, 0xB9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], nil), ([], nil), ([1, 2, 3], nil),
        ] as [([UInt8], String?)])
    func findsCountries(_ address: [UInt8], _ expected: String?) throws { #expect(try country(address) == expected) }

    @Test func whatIsNoDatabaseIsRefused() throws {
        for path in [#filePath, "/nowhere/countries.mmdb", "/"] {
            let error = #expect(throws: CountryDatabaseError.self) {
                try CountryDatabase.open(path: path, version: "1")
            }
            #expect(error?.description.contains("\(path): ") == true)
        }
    }

    /// Nothing that is cut off is read past its end.
    @Test func brokenDatabasesSayNothing() throws {
        let whole = try Data(contentsOf: URL(filePath: Self.path))
        let path = FileManager.default.temporaryDirectory.appending(path: "broken-\(UUID().uuidString).mmdb")
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: path) } }
        var refused = 0
        for count in stride(from: 1, to: whole.count, by: 97) {
            // The end, where the metadata is, and the beginning, where the tree is.
            for part in [whole.prefix(count), whole.suffix(count)] {
                try part.write(to: path)
                do throws(CountryDatabaseError) {
                    _ = try CountryDatabase.open(path: path.path, version: "\(part.startIndex) \(count)")
                        .country(of: [192, 0, 2, 7])
                } catch {
                    refused += 1
                    guard case .library = error.cause else { throw error }
                }
            }
        }
        #expect(refused > 10)
    }

    /// Whoever copies a new one over it, in place of renaming it, cuts the old one off first.
    @Test func whatIsWrittenIntoTheFileChangesNothing() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "in-place-\(UUID().uuidString).mmdb")
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: path) } }
        let whole = try Data(contentsOf: URL(filePath: Self.path))
        try whole.write(to: path)
        let database = try CountryDatabase.open(path: path.path, version: "1")
        #expect(try CountryDatabase.open(path: path.path, version: "1") === database)
        let file = try FileHandle(forWritingTo: path)
        try file.truncate(atOffset: 0)
        #expect(database.country(of: [192, 0, 2, 7]).map { [$0.0, $0.1] } == Array("CH".utf8))
        try file.write(contentsOf: whole)
        try file.close()
        #expect(try CountryDatabase.open(path: path.path, version: "2") !== database)
    }
}
