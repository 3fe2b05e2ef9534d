import CommonEncryption
import ISOBMFF
import Media
import Probe
import Testing

@Suite struct CMAFSegmentTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var scheme: ProtectionScheme
        var kind: Track.Kind
        var testDescription: String { "\(kind) \(scheme)" }

        func media() throws -> RecordedMedia { try kind == .video ? .video() : .audio() }
    }

    static let cases = [ProtectionScheme.cenc, .cbcs].flatMap { scheme in
        [Track.Kind.video, .audio].map { Case(scheme: scheme, kind: $0) }
    }

    private func segment(_ one: Case, _ bytes: [UInt8]) throws -> CMAFSegment {
        let header = try CMAFHeader(parsing: one.media().header(one.scheme).span)
        return try CMAFSegment(parsing: bytes, header: header)
    }

    @Test(arguments: cases) func opens(_ one: Case) throws {
        let bytes = try one.media().protected(7, one.scheme, key: RecordedMedia.key())
        let segment = try segment(one, bytes)
        var evidence = PictureEvidence()
        #expect(segment.keyIDs == [RecordedMedia.keyID])
        #expect(try segment.issues(keys: [RecordedMedia.keyID: RecordedMedia.key()], evidence: &evidence).isEmpty)
        #expect(evidence.violationsAfter == 0)
        #expect(segment.facts.start.microseconds == 7 * 1_024_000)
        #expect(segment.facts.duration.microseconds == 1_024_000)
    }

    /// Sound tells a wrong key at once, pictures over some segments.
    @Test(arguments: cases) func tellsAWrongKey(_ one: Case) throws {
        var evidence = PictureEvidence()
        var found: Set<String> = []
        for number in 1...30 as ClosedRange<UInt64> {
            let key = try RecordedMedia.key(Array(repeating: UInt8(number), count: 16))
            let segment = try segment(one, one.media().protected(number, one.scheme, key: key))
            let issues = try segment.issues(keys: [RecordedMedia.keyID: RecordedMedia.key()], evidence: &evidence)
            found.formUnion(issues.map(\.rule.id))
            if one.kind == .audio { #expect(issues.map(\.rule.id) == ["media.payload"]) }
        }
        #expect(found == ["media.payload"])
        #expect(!evidence.showsClearPictures)
    }

    /// Bytes that only claim to be protected.
    @Test(arguments: cases) func tellsClearBytes(_ one: Case) throws {
        var evidence = PictureEvidence()
        var found: [String] = []
        for number in 1...60 as ClosedRange<UInt64> {
            let key = try RecordedMedia.key(Array(repeating: UInt8(number), count: 16))
            let bytes = try one.media().protected(number, one.scheme, key: key, onlySaysSo: true)
            found += try segment(one, bytes).issues(keys: [RecordedMedia.keyID: key], evidence: &evidence).map(
                \.rule.id)
            if one.kind == .audio { #expect(found == ["media.clear"]) }
            if found.contains("media.clear") { return }
        }
        Issue.record("nothing was found: \(evidence)")
    }

    @Test func wrongSubsamples() throws {
        let parameters = try parameters(.cenc)
        let unprotector = try SampleUnprotector(parameters, key: RecordedMedia.key())
        var sample = [UInt8](repeating: 1, count: 40)
        #expect(throws: UnprotectError.subsamples(covered: 41, size: 40)) {
            try unprotector.unprotect(
                &sample, iv: Array(repeating: 0, count: 8)[...], subsamples: [Subsample(clear: 9, protected: 32)])
        }
        #expect(throws: UnprotectError.subsamples(covered: 8, size: 40)) {
            try unprotector.unprotect(
                &sample, iv: Array(repeating: 0, count: 8)[...], subsamples: [Subsample(clear: 8, protected: 0)])
        }
        #expect(throws: UnprotectError.noIV) { try unprotector.unprotect(&sample, iv: [], subsamples: []) }
        #expect(sample == [UInt8](repeating: 1, count: 40))
    }

    /// NIST SP 800-38A, F.5.1 (CTR-AES128) and F.2.1 (CBC-AES128), as samples.
    @Test func publishedVectors() throws {
        let key = try RecordedMedia.key(bytes("2b7e151628aed2a6abf7158809cf4f3c"))
        var parameters = try parameters(.cenc)
        var sample = bytes("874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff")
        let plain = bytes("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
        try SampleUnprotector(parameters, key: key).unprotect(
            &sample, iv: bytes("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")[...], subsamples: [])
        #expect(sample == plain)

        parameters = try self.parameters(.cbcs)
        parameters.constantIV = bytes("000102030405060708090a0b0c0d0e0f")
        parameters.pattern = .init(crypt: 0, skip: 0)
        let first = bytes("7649abac8119b246cee98e9b12e9197d")
        let second = bytes("5086cb9b507219ee95db113a917678b2")
        // The last 3 bytes are no whole block and stay clear.
        sample = first + second + [1, 2, 3]
        try SampleUnprotector(parameters, key: key).unprotect(&sample, iv: [], subsamples: [])
        #expect(sample == plain + [1, 2, 3])

        // Pattern 1:2: the chain runs from one encrypted block to the next over the clear ones between them.
        parameters.pattern = .init(crypt: 1, skip: 2)
        let skipped = [UInt8](repeating: 0xAA, count: 32)
        sample = [9] + first + skipped + second
        try SampleUnprotector(parameters, key: key).unprotect(
            &sample, iv: [], subsamples: [Subsample(clear: 1, protected: 64)])
        #expect(sample == [9] + plain[..<16] + skipped + plain[16...])
    }

    private func parameters(_ scheme: ProtectionScheme) throws -> ProtectionParameters {
        let header = try CMAFHeader(parsing: RecordedMedia.audio().header(scheme).span)
        return ProtectionParameters(try #require(header.protection))
    }

    private func bytes(_ hex: String) -> [UInt8] {
        stride(from: 0, to: hex.utf8.count, by: 2).compactMap { UInt8(hex.dropFirst($0).prefix(2), radix: 16) }
    }
}
