package import CurlHTTP
package import Settings

extension HarvestDestination {
    /// The place that the configuration describes.
    package init(_ settings: DaemonConfiguration.HarvestDestination, http: HTTPClient) {
        switch settings.place {
        case .directory(let path): self.init(.directory(path), takesClear: settings.takesClear)
        case .bucket(let bucket):
            let authentication = HTTPAuthentication.sigV4(
                accessKey: bucket.accessKeyID, secretKey: HTTPSecret(bucket.secretAccessKey.reveal()),
                token: bucket.sessionToken.map { HTTPSecret($0.reveal()) }, region: bucket.region, service: "s3")
            self.init(
                .bucket(S3Bucket(url: bucket.url, authentication: authentication, http: http)),
                takesClear: settings.takesClear)
        }
    }
}
