/// Reads `headers` of a key provider: names with values, which may be secrets.
struct SPEKEHeaderReader {
    let secrets: SecretReader
    private var log: DiagnosticLog { secrets.log }

    /// Those that the request itself needs, in lower case.
    private static let own: Set = [
        "accept", "connection", "content-length", "content-type", "expect", "host", "te", "trailer",
        "transfer-encoding", "upgrade", "user-agent", "x-amz-date", "x-amz-security-token", "x-speke-version",
    ]

    func read(_ section: Section, _ authentication: SPEKEAuthentication) -> [SPEKEProfile.Header] {
        var headers: [SPEKEProfile.Header] = []
        for entry in section.names("headers", "X-Tenant: { env: NAME }") {
            let name = entry.key.lowercased()
            guard Self.isName(entry.key) else {
                log.error("'\(entry.key)' is no name of an HTTP header", at: entry.keyPlace)
                continue
            }
            guard !Self.own.contains(name) else {
                log.error("the header '\(entry.key)' is set by Sluice itself; delete it", at: entry.keyPlace)
                continue
            }
            guard name != authentication.headerName else {
                log.error("the header '\(entry.key)' is set by 'authentication'; keep one of them", at: entry.keyPlace)
                continue
            }
            guard !headers.contains(where: { $0.name.lowercased() == name }) else {
                log.error("the header '\(entry.key)' stands twice; keep one of them", at: entry.keyPlace)
                continue
            }
            guard let value = secrets.secret(entry.node, entry.key, allowingBlanks: true) else { continue }
            headers.append(SPEKEProfile.Header(name: entry.key, value: value))
        }
        return headers
    }

    /// A token. RFC 9110, clause 5.6.2.
    static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}
