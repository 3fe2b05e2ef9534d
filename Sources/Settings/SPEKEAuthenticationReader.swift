/// Reads `authentication` of a key provider: exactly one of its forms.
struct SPEKEAuthenticationReader {
    let secrets: SecretReader
    private var log: DiagnosticLog { secrets.log }

    private static let forms = ["none", "basic", "digest", "header", "bearer", "sigV4", "clientCertificate"]

    /// Nil, with the reason logged, where it is wrong.
    func read(_ node: SettingsNode) -> SPEKEAuthentication? {
        if case .scalar("none", _) = node.value { return SPEKEAuthentication.none }
        guard case .mapping(let entries) = node.value, entries.count == 1, let form = entries.first else {
            log.error(
                "'authentication' must be one of \(Suggestion.list(Self.forms)), such as { none: {} }", at: node.place)
            return nil
        }
        switch form.key {
        case "none": return readNone(form)
        case "basic": return readUser(form).map { .basic(user: $0.name, password: $0.password) }
        case "digest": return readUser(form).map { .digest(user: $0.name, password: $0.password) }
        case "header": return readHeader(form)
        case "bearer": return readBearer(form)
        case "sigV4": return readSigV4(form)
        case "clientCertificate": return readCertificate(form)
        default:
            let suggestion = Suggestion.text(for: form.key, among: Self.forms)
            log.error("unknown authentication '\(form.key)'\(suggestion)", at: form.keyPlace)
            return nil
        }
    }

    private func readNone(_ form: SettingsNode.Entry) -> SPEKEAuthentication? {
        if case .mapping(let entries) = form.node.value, entries.isEmpty { return SPEKEAuthentication.none }
        if form.node.isNull { return SPEKEAuthentication.none }
        log.error("'none' has nothing in it; write { none: {} }", at: form.node.place)
        return nil
    }

    private func readUser(_ form: SettingsNode.Entry) -> (name: String, password: Secret)? {
        guard let section = Section(form.node, form.key, keys: ["user", "password"], log) else { return nil }
        let user = section.required("user", "who asks for keys")?.text("user", log)
        let password = secret("password", section)
        if let user, user.utf8.contains(0x3A) {
            log.error("'user' has a ':' in it, which ends the name in HTTP", at: section.place(of: "user"))
        }
        guard let user, let password else { return nil }
        return (user, password)
    }

    private func readHeader(_ form: SettingsNode.Entry) -> SPEKEAuthentication? {
        guard let section = Section(form.node, "header", keys: ["name", "value"], log) else { return nil }
        let name = section.required("name", "such as X-Api-Key")?.text("name", log)
        let value = secret("value", section)
        if let name, !SPEKEHeaderReader.isName(name) {
            log.error("'\(name)' is no name of an HTTP header", at: section.place(of: "name"))
            return nil
        }
        guard let name, let value else { return nil }
        return .header(name: name, value: value)
    }

    private func readBearer(_ form: SettingsNode.Entry) -> SPEKEAuthentication? {
        guard let section = Section(form.node, "bearer", keys: ["token"], log) else { return nil }
        return secret("token", section).map { .bearer(token: $0) }
    }

    private func readSigV4(_ form: SettingsNode.Entry) -> SPEKEAuthentication? {
        let keys = ["region", "service", "accessKeyId", "secretAccessKey", "sessionToken"]
        guard let section = Section(form.node, "sigV4", keys: keys, log) else { return nil }
        let region = section.required("region", "such as eu-central-1")?.text("region", log)
        let access = section.required("accessKeyId", "the public half of the access key")?.text("accessKeyId", log)
        let key = secret("secretAccessKey", section)
        var token: Secret?
        if let node = section["sessionToken"] { token = secrets.secret(node, "sessionToken") }
        guard let region, let access, let key else { return nil }
        return .sigV4(
            region: region, service: section.text("service") ?? "execute-api", accessKeyID: access,
            secretAccessKey: key,
            sessionToken: token)
    }

    private func readCertificate(_ form: SettingsNode.Entry) -> SPEKEAuthentication? {
        let keys = ["certificate", "privateKey"]
        guard let section = Section(form.node, "clientCertificate", keys: keys, log) else { return nil }
        let certificate = section.required("certificate", "the path of a PEM file")
            .flatMap { secrets.existingFile($0, "certificate", isSecret: false) }
        let key = section.required("privateKey", "the path of a PEM file")
            .flatMap { secrets.existingFile($0, "privateKey", isSecret: true) }
        guard let certificate, let key else { return nil }
        return .clientCertificate(certificate: certificate, privateKey: key)
    }

    private func secret(_ key: String, _ section: Section) -> Secret? {
        section.required(key, "write { env: NAME } or { file: PATH }").flatMap { secrets.secret($0, key) }
    }
}
