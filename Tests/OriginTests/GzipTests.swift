import Foundation
import Testing

@testable import Origin

@Suite struct GzipTests {
    @Test func shortAndRandomBytesStayAsTheyAre() {
        #expect(Gzip.compress(Array(repeating: 1, count: 255)) == nil)
        #expect(Gzip.compress([]) == nil)
        var state: UInt64 = 1
        let noise = (0..<1000).map { _ -> UInt8 in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(state >> 56)
        }
        #expect(Gzip.compress(noise) == nil)
    }

    @Test func manifestsShrink() throws {
        let text = String(repeating: "#EXTINF:6.000000,\n", count: 100)
        let packed = try #require(Gzip.compress(Array(text.utf8)))
        #expect(packed.count < text.utf8.count / 5)
        #expect(packed.starts(with: [0x1F, 0x8B, 8]))
        #expect(packed == Gzip.compress(Array(text.utf8)))
    }
}
