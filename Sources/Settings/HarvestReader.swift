import Foundation

/// Reads `harvest.destinations` of the daemon's configuration: where operators may have the past copied to.
struct HarvestReader {
    let secrets: SecretReader
    private var log: DiagnosticLog { secrets.log }

    private static let bucketKeys = ["url", "region", "accessKeyId", "secretAccessKey", "sessionToken"]

    func read(_ node: SettingsNode) -> [String: DaemonConfiguration.HarvestDestination] {
        guard case .mapping(let entries) = node.value else {
            log.error(
                "'destinations' is \(node.kind); it must be a mapping, such as { archive: { directory: ./archive } }",
                at: node.place)
            return [:]
        }
        var destinations: [String: DaemonConfiguration.HarvestDestination] = [:]
        for entry in entries {
            guard Names.isValid(entry.key, limit: 64) else {
                log.error("a destination cannot be called '\(entry.key)': \(Names.advice)", at: entry.keyPlace)
                continue
            }
            destinations[entry.key] = destination(entry)
        }
        return destinations
    }

    private func destination(_ entry: SettingsNode.Entry) -> DaemonConfiguration.HarvestDestination? {
        guard let section = Section(entry.node, "'\(entry.key)'", keys: ["directory", "s3", "allowClear"], log) else {
            return nil
        }
        let takesClear = section.bool("allowClear", default: false)
        if takesClear {
            log.warning(
                "'allowClear' lets operators write what profiles protect without protection to '\(entry.key)'",
                at: section.place(of: "allowClear"))
        }
        switch (section["directory"], section["s3"]) {
        case (let directory?, nil):
            guard let path = directory.text("directory", log) else { return nil }
            return .init(place: .directory(secrets.resolve(path)), takesClear: takesClear)
        case (nil, let bucket?):
            guard let bucket = self.bucket(bucket) else { return nil }
            return .init(place: .bucket(bucket), takesClear: takesClear)
        case (nil, nil), (.some, .some):
            log.error("'\(entry.key)' needs either directory or s3", at: entry.node.place)
            return nil
        }
    }

    private func bucket(_ node: SettingsNode) -> DaemonConfiguration.S3Bucket? {
        guard let section = Section(node, "'s3'", keys: Self.bucketKeys, log) else { return nil }
        let url = section.required("url", "such as https://BUCKET.s3.REGION.amazonaws.com/FOLDER").flatMap(self.url)
        let region = section.required("region", "such as eu-central-1; us-east-1 where the store has none")?
            .text("region", log)
        let access = section.required("accessKeyId", "the public half of the access key")?.text("accessKeyId", log)
        let key = section.required("secretAccessKey", "write { env: NAME } or { file: PATH }")
            .flatMap { secrets.secret($0, "secretAccessKey") }
        let token = section["sessionToken"].map { secrets.secret($0, "sessionToken") }
        guard let url, let region, let access, let key, token != .some(nil) else { return nil }
        return .init(
            url: url, region: region, accessKeyID: access, secretAccessKey: key, sessionToken: token.flatMap { $0 })
    }

    private func url(_ node: SettingsNode) -> String? {
        guard let text = node.text("url", log) else { return nil }
        guard let components = URLComponents(string: text), let scheme = components.scheme?.lowercased(),
            ["http", "https"].contains(scheme), let host = components.host, !host.isEmpty, components.query == nil,
            components.fragment == nil, components.user == nil, components.password == nil
        else {
            log.error(
                "'url' must be the http or https address of a bucket or of a folder in it, without a query",
                at: node.place)
            return nil
        }
        if scheme == "http", !ListenAddress(host: host, port: 0).isLoopback {
            log.warning("harvests would cross the network to \(host) unencrypted; use https", at: node.place)
        }
        return text
    }
}
