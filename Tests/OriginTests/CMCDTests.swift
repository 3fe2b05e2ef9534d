import NIOHTTP1
import Testing

@testable import Origin

/// CTA-5004, with its own examples, and what is none.
@Suite struct CMCDTests {
    private static func text(_ cmcd: CMCD) -> String {
        cmcd.pairs.map { key, value in
            switch value {
            case .flag(let isTrue): "\(key)=\(isTrue)"
            case .number(let number): "\(key)=\(number)"
            case .text(let text): "\(key)='\(text)'"
            }
        }.joined(separator: " ")
    }

    @Test(arguments: [
        ("sid%3D%226e2fb550-c457-11e9-bb97-0800200c9a66%22", "sid='6e2fb550-c457-11e9-bb97-0800200c9a66'"),
        (
            "br%3D3200%2Cbs%2Cd%3D4004%2Cmtp%3D25400%2Cot%3Dv%2Crtp%3D15000%2Csf%3Dh%2Cst%3Dv%2Ctb%3D6000",
            "br=3200 bs=true d=4004 mtp=25400 ot='v' rtp=15000 sf='h' st='v' tb=6000"
        ),
        ("pr=1.08,su,com.example-x=%22a%5C%22b%22", "pr=1.08 su=true com.example-x='a\"b'"),
        ("su=?0,bs=?1,bl=-1", "su=false bs=true bl=-1"),
        // Version 2: lists, and values with parameters.
        ("br=(3000;v 128;a),ltc=1200;x=1", "br='(3000;v 128;a)' ltc=1200"),
        ("a=\"1,2\",b=(1,2),c=3", "a='1,2' b='(1,2)' c=3"),
        ("nor=%22..%252F300kbps%252Fsegment35.m4v%22", "nor='../300kbps/segment35.m4v'"),
        ("nor=\"..%2F~exp=1~hmac=00%2F7.m4s%3Ftoken%3Dx\"", "nor='../(hidden)/7.m4s'"),
        ("sid=\"~exp=1~hmac=00\",sid=2", "sid='(hidden)'"),
        ("", ""), (",,,", ""), ("=1,a b=2,\u{301}=3,c=", ""), ("d=%zz,e=%", "d='(hidden)' e='(hidden)'"),
        ("n=007,o=1.,p=1.0000,q=1e5,r=0,s=0.5", "n='007' o='1.' p='1.0000' q='1e5' r=0 s=0.5"),
        ("x=\"never ends, y=1", "x='never ends, y=1'"),
    ])
    func queriesAreRead(_ query: String, _ expected: String) {
        #expect(Self.text(CMCD(query: query)) == expected)
    }

    @Test func headersAreRead() {
        let headers: HTTPHeaders = [
            "CMCD-Request": "bl=21300", "cmcd-object": "br=3200,ot=v", "CMCD-Status": "bs",
            "CMCD-Session": "sid=\"a%2Fb\"",
            "cmcd": "x=1", "CMCD-Other": "y=1",
        ]
        #expect(Self.text(CMCD(query: nil, headers: headers)) == "bl=21300 br=3200 ot='v' bs=true sid='(hidden)'")
        #expect(Self.text(CMCD(query: "bl=1", headers: headers)).hasPrefix("bl=1 br=3200"), "each key once")
    }

    @Test func itIsBounded() {
        let many = (0..<1000).map { "k\($0)=1" }.joined(separator: ",")
        #expect(CMCD(query: many).pairs.count == CMCD.maximumPairs)
        let long = CMCD(query: "a=\"\(String(repeating: "x", count: 60))/\(String(repeating: "y/", count: 2000))\"")
        guard case .text(let text)? = long.pairs.first?.value else {
            Issue.record("no text")
            return
        }
        #expect(text.utf8.count == CMCD.longestValue)
        #expect(CMCD(query: String(repeating: "%", count: 100_000)).pairs.isEmpty)
    }

    @Test(arguments: [
        ("/a/b/index.m3u8?CMCD=bl%3D1", "/a/b/index.m3u8", "bl%3D1"),
        ("/a?CMCD=x&_HLS_msn=5", "/a?_HLS_msn=5", "x"), ("/a?_HLS_msn=5&CMCD=x&y", "/a?_HLS_msn=5&y", "x"),
        ("/a?CMCD=x&CMCD=y", "/a", "x"), ("/a?CMCD=", "/a", ""), ("/CMCD=1?CMCD=2?CMCD=3", "/CMCD=1", "2?CMCD=3"),
    ])
    func itIsTakenFromTargets(_ target: String, _ rest: String, _ value: String) {
        let taken = CMCD.taken(from: target)
        #expect(taken?.target == rest && taken?.value == value)
    }

    @Test(arguments: ["/a", "/CMCD=x", "/a?", "/a?b=CMCD=x", "/a?cmcd=x", "/a?xCMCD=1", "/a?CMCD"])
    func otherTargetsStay(_ target: String) {
        #expect(CMCD.taken(from: target) == nil)
    }
}
