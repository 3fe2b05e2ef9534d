import CPIX
import Testing

@Suite struct CPIXHostileTests {
    private func code(_ text: String) -> CPIXError.Code? {
        do throws(CPIXError) {
            _ = try CPIXDocument(parsing: Array(text.utf8))
            return nil
        } catch {
            return error.code
        }
    }

    private func key(_ text: String) -> String {
        """
        <c:CPIX xmlns:c="urn:dashif:org:cpix" xmlns:p="urn:ietf:params:xml:ns:keyprov:pskc">
        <c:ContentKeyList>\(text)</c:ContentKeyList></c:CPIX>
        """
    }

    @Test func whatIsNotCPIXIsRefused() {
        for text in ["", " ", "hello", "{}", "<a>", "<a></b>", "<a/><b/>", "<a b='1' b='2'/>", "\0"] {
            #expect(code(text) == .malformed, "\(text)")
        }
        for text in ["<CPIX/>", "<a/>", "<c:CPIX xmlns:c='urn:other'/>", "<html><body>502 Bad Gateway</body></html>"] {
            #expect(code(text) == .notCPIX, "\(text)")
        }
    }

    @Test func wrongValuesAreRefused() {
        let id = "00112233-4455-6677-8899-aabbccddeeff"
        #expect(code(key("<c:ContentKey/>")) == .missing)
        for bad in [
            "<c:ContentKey kid='x'/>", "<c:ContentKey kid='\(id)00'/>",
            "<c:ContentKey kid='\(id)' explicitIV='AAAA'/>", "<c:ContentKey kid='\(id)' explicitIV='%%%'/>",
            "<c:ContentKey kid='\(id)'><c:Data><p:Secret><p:PlainValue>AAAA</p:PlainValue></p:Secret></c:Data></c:ContentKey>",
            "<c:ContentKey kid='\(id)'><c:Data><p:Secret><p:PlainValue>!</p:PlainValue></p:Secret></c:Data></c:ContentKey>",
        ] {
            #expect(code(key(bad)) == .invalid, "\(bad)")
        }
        for bad in ["-1", "4294967296", "x", ""] {
            let list = "<c:ContentKeyPeriodList><c:ContentKeyPeriod index='\(bad)'/></c:ContentKeyPeriodList>"
            #expect(code("<c:CPIX xmlns:c='urn:dashif:org:cpix'>\(list)</c:CPIX>") == .invalid, "\(bad)")
        }
        for bad in ["<c:PSSH>*</c:PSSH>", "<c:ContentProtectionData>/w==</c:ContentProtectionData>"] {
            let system = "<c:DRMSystem kid='\(id)' systemId='\(id)'>\(bad)</c:DRMSystem>"
            let list = "<c:DRMSystemList>\(system)</c:DRMSystemList>"
            #expect(code("<c:CPIX xmlns:c='urn:dashif:org:cpix'>\(list)</c:CPIX>") == .invalid, "\(bad)")
        }
    }

    /// An error text may reach a log: it must not quote what could be a key.
    @Test func errorsDoNotQuoteValues() throws {
        let secret = "R0VIRUlN"
        let text = key(
            "<c:ContentKey kid='00112233-4455-6677-8899-aabbccddeeff'><c:Data><p:Secret>"
                + "<p:PlainValue>\(secret)</p:PlainValue></p:Secret></c:Data></c:ContentKey>")
        let error = try #require(throws: CPIXError.self) { try CPIXDocument(parsing: Array(text.utf8)) }
        #expect(!"\(error)".contains(secret))
    }

    @Test func everyTruncationIsRefused() throws {
        let xml = try example().xml
        // The line end after the root is the one byte that may go.
        for count in 0..<xml.count - 1 {
            #expect(throws: CPIXError.self, "\(count) bytes") { try CPIXDocument(parsing: Array(xml[..<count])) }
        }
    }

    private static let tokens = [
        "<!DOCTYPE a [<!ENTITY x \"y\"><!ATTLIST a b CDATA \"c\" d ID #IMPLIED><!NOTATION n SYSTEM \"s\">]>",
        "<!DOCTYPE a SYSTEM \"http://127.0.0.1:1/\" [<!ELEMENT a (b,c)*><!ENTITY u SYSTEM \"u\" NDATA n>%p;]>",
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?>", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>",
        "<?xml version=\"1.1\" encoding=\"UTF-7\" standalone=\"yes\"?>", "<?xml encoding=\"EBCDIC-US\"?>", "\u{feff}",
        "&x;", "&u;", "%p;", "&#0;", "&#xD800;", "&#x10FFFF;", "<?p i?>", "<?p?>", "<![CDATA[", "]]>", "<!--", "-->",
        "--",
        " xmlns=\"\"", " xmlns:cpix=\"urn:x\"", " xml:lang=\"de\"", " é:ü=\"ß\"", "<é:ü/>", "<:/>", "<a:b:c/>", "\0",
    ]

    @Test func mutationsNeverTrap() throws {
        let xml = try example().xml
        var random = Xorshift(state: 0x9E37_79B9_7F4A_7C15)
        var refused = 0
        for _ in 0..<5000 {
            var mutant = xml
            for _ in 0...random.next() % 4 {
                let index = Int(random.next() % UInt64(mutant.count))
                switch random.next() % 4 {
                case 0: mutant[index] = UInt8(truncatingIfNeeded: random.next())
                case 1: mutant.remove(at: index)
                case 2: mutant.insert(UInt8(truncatingIfNeeded: random.next()), at: index)
                default:
                    let token = Self.tokens[Int(random.next() % UInt64(Self.tokens.count))]
                    // In place of the XML declaration as often as anywhere else: what a document starts with matters.
                    mutant.replaceSubrange(
                        random.next() % 2 == 0 ? 0..<min(38, mutant.count) : index..<index, with: token.utf8)
                }
            }
            do throws(CPIXError) { _ = try CPIXDocument(parsing: mutant) } catch { refused += 1 }
        }
        #expect(refused > 500)
    }

    @Test func depthCountAndSizeAreBounded() {
        #expect(code(String(repeating: "<a>", count: 40) + String(repeating: "</a>", count: 40)) == .tooLarge)
        #expect(code(String(repeating: "<a>", count: 100_000)) == .malformed)
        let id = "kid='00112233-4455-6677-8899-aabbccddeeff'"
        #expect(code(key(String(repeating: "<c:ContentKey \(id)/>", count: 1025))) == .tooLarge)
        #expect(code(key(String(repeating: "<c:ContentKey \(id)/>", count: 1024))) == nil)
        #expect(code("<a>" + String(repeating: " ", count: 1 << 20) + "</a>") == .tooLarge)
    }

    /// Without declarations there are no entities to grow or to reach out.
    @Test func documentTypeDeclarationsAreRefused() {
        var bomb = "<!DOCTYPE a [<!ENTITY e0 \"0123456789\">"
        for level in 1...9 {
            bomb += "<!ENTITY e\(level) \"" + String(repeating: "&e\(level - 1);", count: 10) + "\">"
        }
        for text in [
            "<!DOCTYPE a><a/>", "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
            "<!DOCTYPE a [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><a>&f;</a>",
            bomb + "]><c:CPIX xmlns:c='urn:dashif:org:cpix'>&e9;</c:CPIX>",
            bomb + "]><c:CPIX xmlns:c='urn:dashif:org:cpix' contentId='&e9;'/>",
        ] {
            #expect(code(text) == .malformed)
        }
    }
}

private struct Xorshift {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
