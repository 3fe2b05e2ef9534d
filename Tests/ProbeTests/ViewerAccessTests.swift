import CurlHTTP
import LoopbackServer
import Media
import Probe
import Testing

/// Keys behind a viewer's token.
@Suite(.timeLimit(.minutes(5))) struct ViewerAccessTests {
    private static let token = "eyJhbGciOiJIUzI1NiJ9.c29tZWJvZHk.c2lnbmF0dXJl"
    private static let guarding = "Bearer \(token)"

    @Test(arguments: [Presentation.Kind.transportStream, .sampleAES, .cbcs, .dash])
    func keysAreHadWithTheToken(_ kind: Presentation.Kind) async throws {
        let presentation = try Presentation(kind)
        let report = try await presentation.probe(token: Self.token, guarding: Self.guarding)
        #expect(report.isGood && report.findings.isEmpty, "\(report.text)")
        let without = try await presentation.probe(guarding: Self.guarding)
        #expect(without.findings.map(\.rule.id).contains("key.fetch") && !without.isGood)
        let wrong = try await presentation.probe(token: "a.b.c", guarding: Self.guarding)
        #expect(!wrong.isGood)
        for report in [report, without, wrong] {
            #expect(!(report.text + report.json).contains(Self.token) && !report.json.contains("a.b.c"))
        }
    }

    /// What the playlist gives its players is used as it is, and printed nowhere.
    @Test func theURLsOwnTokenComesFirst() async throws {
        var presentation = try Presentation(.transportStream)
        presentation.files["/video/playlist.m3u8"]?.text.replace(
            "\(Presentation.keyPath)\"", with: "\(Presentation.keyPath)?a=b&token=\(Self.token)\"")
        let report = try await presentation.probe(token: "a.b.c", guarding: "Bearer a.b.c")
        #expect(report.isGood, "\(report.text)")
        #expect(report.renditions[0].keys == [RecordedMedia.keyID.uuid])
        presentation.files[Presentation.keyPath] = nil
        let missing = try await presentation.probe()
        #expect(missing.findings.map(\.rule.id).contains("key.fetch"))
        #expect(!(missing.text + missing.json).contains(Self.token), "\(missing.text)")
    }

    /// Where the profile's `access` wants a token, in its path or in the query of each request.
    @Test(arguments: [Presentation.Kind.clear, .cbcs, .lowLatency, .dash])
    func manifestsAndMediaAreHadWithTheToken(_ kind: Presentation.Kind) async throws {
        let presentation = try Presentation(kind)
        let mac = "exp=1800000000~acl=%2fvideo%2f*~id=me~hmac=00ff"
        let gates: [(String, Presentation.Gate)] = [Self.token, mac].flatMap { token in
            [(token, .inPath(token: token)), (token, .inQuery(token: token))]
        }
        for (token, gate) in gates {
            let report = try await presentation.probe(token: token, gate: gate)
            #expect(report.isGood && report.findings.isEmpty, "\(report.text)")
            #expect(report.renditions.contains { $0.segments > 0 })
            for other in [nil, "a.b.c", "%zz"] {
                let refused = try await presentation.probe(token: other, gate: gate)
                #expect(!refused.isGood && refused.text.contains("403"), "\(refused.text)")
            }
            #expect(!(report.text + report.json).contains(token))
        }
    }

    @Test func othersDoNotSeeTheToken() async throws {
        let other = try CannedServer { _ in .http(200, [("Content-Type", "x")], RecordedMedia.keyBytes) }
        defer { other.stop() }
        var presentation = try Presentation(.transportStream)
        presentation.files["/video/playlist.m3u8"]?.text.replace(
            "\"\(Presentation.keyPath)\"", with: "\"\(other.url)/key\"")
        let report = try await presentation.probe(token: Self.token)
        #expect(report.isGood, "\(report.text)")
        #expect(!other.requests.isEmpty && other.requests.allSatisfy { $0.headers["authorization"] == nil })
    }
}
