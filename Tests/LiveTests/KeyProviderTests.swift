import CPIX
import CurlHTTP
import Keys
import Live
import Media
import Settings
import Testing

/// From the words of a profile to what the client does.
@Suite struct KeyProviderTests {
    @Test func everyWordArrives() throws {
        var speke = SPEKEProfile(
            urls: ["https://a/", "https://b/"], version: .v21, resourceID: "news",
            authentication: .sigV4(
                region: "r", service: "s", accessKeyID: "k", secretAccessKey: Secret("geheim"),
                sessionToken: Secret("t")))
        speke.headers = [.init(name: "X-Tenant", value: Secret("one"))]
        speke.caFile = "/ca.pem"
        speke.allowKeyIDOverride = true
        speke.timeoutMilliseconds = 2500
        let plain = try SPEKEClient.Provider(speke)
        #expect(plain.quirks == SPEKEQuirks())
        #expect(plain.urls == speke.urls && plain.version == .v21 && plain.documentIdentity == nil)
        #expect(plain.secretHeaders.map(\.name) == ["X-Tenant"] && plain.secretHeaders[0].value.text == "one")
        #expect(plain.certificateAuthorityFile == "/ca.pem" && plain.allowsKeyIDOverride)
        #expect(plain.deadlineMilliseconds == 2500)
        guard case .sigV4("k", let secret, let token, "r", "s") = plain.authentication else {
            Issue.record("\(plain.authentication)")
            return
        }
        #expect(secret.text == "geheim" && token?.text == "t")
    }

    /// One word at a time, so that none stands for another.
    @Test func everyQuirkIsItsOwn() throws {
        typealias Here = WritableKeyPath<SPEKEProviderQuirks, Bool>
        typealias There = WritableKeyPath<SPEKEQuirks, Bool>
        let pairs: [(Here, There)] = [
            (\.acceptMissingVersionHeader, \.acceptMissingVersionHeader),
            (\.acceptOtherContentID, \.acceptOtherContentID), (\.acceptEmptySystems, \.acceptEmptySystems),
            (\.acceptOtherKeyIDsInSignalling, \.acceptOtherKeyIDsInSignalling),
            (\.acceptRepeatedKeys, \.acceptRepeatedKeys), (\.acceptExplicitIV, \.acceptExplicitIV),
            (\.sendExplicitIV, \.sendExplicitIV), (\.sendKeyPeriod, \.sendKeyPeriod),
            (\.rebuildSignalling, \.rebuildSignalling), (\.sendMethodAsScheme, \.sendMethodAsScheme),
        ]
        for (here, there) in pairs {
            var speke = SPEKEProfile(url: "https://a/", resourceID: "news")
            speke.quirks[keyPath: here].toggle()
            var expected = SPEKEQuirks()
            expected[keyPath: there].toggle()
            #expect(try SPEKEClient.Provider(speke).quirks == expected)
        }
        var speke = SPEKEProfile(url: "https://a/", resourceID: "news")
        speke.quirks.multivariantWord = .master
        speke.quirks.aes128SystemID = .common
        var expected = SPEKEQuirks()
        expected.multivariantWord = .master
        expected.aes128SystemID = .common
        #expect(try SPEKEClient.Provider(speke).quirks == expected)
    }

    @Test func aDocumentKeyThatIsNotThereIsNamed() throws {
        var speke = SPEKEProfile(url: "https://a/", resourceID: "news")
        speke.documentKey = .init(certificate: "/nowhere/c.pem", privateKey: "/nowhere/k.pem")
        let fault = #expect(throws: DocumentIdentity.Fault.self) { try SPEKEClient.Provider(speke) }
        #expect(fault?.description == "/nowhere/c.pem cannot be read: No such file or directory")
    }
}
