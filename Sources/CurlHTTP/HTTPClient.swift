import CCurl
import Synchronization

/// Sends HTTP requests by libcurl, on one thread of its own that serves all of them at once.
///
/// Connections are kept and reused. A request ends by its answer, its deadline or the cancellation of its task,
/// whichever comes first. Releasing the client ends its thread; requests still under way end as cancelled.
package final class HTTPClient: Sendable {
    /// What holds for every request of a client.
    package struct Settings: Sendable {
        /// PEM file of the authorities to trust instead of the system's, where a request names none of its own.
        package var certificateAuthorityFile: String?
        /// None is used, whatever the environment says, unless it is given here.
        package var proxy: String?
        package var userAgent: String
        /// Connections at a time; further requests wait, and their deadline counts.
        package var maximumConnections: Int

        package init(
            certificateAuthorityFile: String? = nil, proxy: String? = nil, userAgent: String = "sluice",
            maximumConnections: Int = 16
        ) {
            self.certificateAuthorityFile = certificateAuthorityFile
            self.proxy = proxy
            self.userAgent = userAgent
            self.maximumConnections = maximumConnections
        }
    }

    private let settings: Settings
    private let driver: TransferDriver

    package init(_ settings: Settings = Settings()) throws(HTTPError) {
        self.settings = settings
        guard Curl.initialised, let driver = TransferDriver(maximumConnections: settings.maximumConnections) else {
            throw HTTPError(code: .other, curlCode: 0, reason: "libcurl cannot be set up", url: "")
        }
        self.driver = driver
    }

    deinit { driver.stop() }

    package func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let transfer = try Transfer(request, settings)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { driver.submit(transfer, $0) }
        } onCancel: {
            transfer.isCancelled.store(true, ordering: .relaxed)
            driver.wakeUp()
        }
        return try result.get()
    }
}
