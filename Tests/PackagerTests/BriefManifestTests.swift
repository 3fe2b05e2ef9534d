import Packager
import Settings
import Testing
import Timeline

/// Which windows an event loop may make a manifest of: by how much there is to be said.
@Suite struct BriefManifestTests {
    private func isBrief(_ endpoint: EndpointProfile, segments: UInt64, windowSeconds: UInt32 = 1000) throws -> Bool {
        var endpoint = endpoint
        endpoint.windowSeconds = windowSeconds
        return try Stage([Array(0..<segments)]).window(endpoint).hasBriefManifests
    }

    @Test func byTheLinesThatAreListed() throws {
        #expect(try isBrief(.clearHLS, segments: 60))
        #expect(try !isBrief(.clearHLS, segments: 140))
        #expect(try isBrief(.clearHLS, segments: 140, windowSeconds: 20), "what is stored does not count")
    }

    @Test func keysTakeWordsToo() throws {
        #expect(try isBrief(.transportStream(), segments: 30))
        #expect(try !isBrief(.transportStream(), segments: 60), "each segment has an IV of its own under AES-128")
        #expect(try isBrief(.fairPlay, segments: 30))
        #expect(try !isBrief(.fairPlay, segments: 90), "a key every ten seconds")
        #expect(try isBrief(.dash(), segments: 5))
        #expect(try !isBrief(.dash(), segments: 60))
    }
}
