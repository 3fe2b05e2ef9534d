import NIOHTTP1

extension HTTPRequestHead {
    /// With no other fields than those by which an answer goes, `ResponsePlan` and `HotAnswers`: of thousands who wait, the
    /// rest would be held for nothing.
    var keptWhileWaiting: HTTPRequestHead {
        var head = self
        head.headers = HTTPHeaders(headers.filter { Self.decides($0.name) }.map { ($0.name, $0.value) })
        return head
    }

    private static func decides(_ name: String) -> Bool {
        switch name.utf8.count {
        case 4: name.isField("host")
        case 5: name.isField("range")
        case 7: name.isField("upgrade")
        case 8: name.isField("if-range")
        case 10: name.isField("connection")
        case 13: name.isField("if-none-match")
        case 15: name.isField("accept-encoding")
        case 17: name.isField("if-modified-since")
        default: false
        }
    }
}
